"""A detector and a transformer behind scikit-learn's own preprocessing.

Both take raw tables by themselves; a pipeline is for preprocessing of your own. Run it
with: python examples/pipeline.py
"""

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from aeanomaly import AutoencoderOutlierDetector, AutoencoderTransformer
from aeanomaly.datasets import make_transactions


def make_preprocessing():
    """Return logarithms of amounts, scaled counts and one column for each level."""
    return make_column_transformer(
        (
            make_pipeline(
                FunctionTransformer(np.log1p, feature_names_out="one-to-one"),
                StandardScaler(),
            ),
            ["amount", "mean_amount_30d", "distance_from_home_km"],
        ),
        (StandardScaler(), ["n_transactions_24h", "n_transactions_7d"]),
        (
            OneHotEncoder(sparse_output=False, handle_unknown="ignore"),
            ["channel", "country"],
        ),
        verbose_feature_names_out=False,
    )


def main():
    transactions = make_transactions(6_000, fraud_rate=0.01, random_state=0)

    detector = make_pipeline(
        make_preprocessing(),
        AutoencoderOutlierDetector(contamination=0.02, random_state=0),
    )
    labels = detector.fit_predict(transactions)
    flagged = transactions[labels == -1]
    print(f"{len(flagged)} of {len(transactions):,} transactions are flagged:")
    print(flagged["fraud_kind"].value_counts().to_string())

    transformer = make_pipeline(
        make_preprocessing(),
        AutoencoderTransformer(latent_dim=2, max_iter=20, random_state=0),
    ).set_output(transform="pandas")
    codes = transformer.fit_transform(transactions)
    print("\nMean code of each channel:")
    print(codes.groupby(transactions["channel"]).mean().round(2).to_string())


if __name__ == "__main__":
    main()
