"""Choose the size of the code by grid search, without labels and with them.

Without labels the transformer's own score decides: minus the reconstruction error of
held-out rows. With labels the detector's area under the ROC curve does. Run it with:
python examples/latent_size_search.py
"""

import numpy as np
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from aeanomaly import AutoencoderOutlierDetector, AutoencoderTransformer
from aeanomaly.datasets import make_transactions

NO_FEATURES = ["transaction_id", "customer_id", "merchant_id", "timestamp"]
LABELS = ["is_fraud", "fraud_kind"]
LATENT_SIZES = [2, 4, 8]


def show(search, caption):
    print(f"\n{caption}")
    results = search.cv_results_
    for size, mean, spread in zip(
        LATENT_SIZES, results["mean_test_score"], results["std_test_score"], strict=True
    ):
        mark = "  <- best" if size == search.best_params_["latent_dim"] else ""
        print(f"  latent_dim {size}: {mean:8.4f} +- {spread:.4f}{mark}")


def main():
    transactions = make_transactions(3_000, fraud_rate=0.02, random_state=0)
    rows = transactions.drop(columns=NO_FEATURES + LABELS)

    without_labels = GridSearchCV(
        AutoencoderTransformer(max_iter=20, random_state=0),
        {"latent_dim": LATENT_SIZES},
        cv=3,
    )
    show(without_labels.fit(rows), "Without labels, minus the reconstruction error:")

    # Labels as predict gives them: 1 for normal rows, -1 for outliers. Folds are
    # stratified, because one without any outlier has no ROC curve.
    labels = np.where(transactions["is_fraud"], -1, 1)
    with_labels = GridSearchCV(
        # The plain reconstruction error shows best what the size of the code does.
        AutoencoderOutlierDetector(
            architecture="undercomplete",
            score_type="reconstruction",
            n_estimators=1,
            max_iter=20,
            random_state=0,
        ),
        {"latent_dim": LATENT_SIZES},
        scoring="roc_auc",
        cv=StratifiedKFold(3, shuffle=True, random_state=0),
    )
    show(with_labels.fit(rows, labels), "With labels, area under the ROC curve:")


if __name__ == "__main__":
    main()
