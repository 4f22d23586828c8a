"""Write transactions.csv, the table of this folder, or measure how hard it is.

From the root of a clone, with the package installed or not::

    python datasets/generate_transactions.py             # writes the table
    python datasets/generate_transactions.py --measure   # AUROC of an IsolationForest

The first command gives the same file each time; the second needs scikit-learn.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))  # for a clone that is not installed

from aeanomaly.datasets import load_transactions, make_transactions  # noqa: E402

SEED = 20250101
PARAMETERS = {"n_samples": 20_000, "fraud_rate": 0.01, "random_state": SEED}
LEVELS = ["category", "channel", "country", "device"]
N_FORESTS = 5


def write_table(path):
    """Generate the table and write it as CSV to ``path``."""
    table = make_transactions(**PARAMETERS)
    # The generator has rounded already (cents, 0.1 km), so nothing is lost here. Fixed
    # line ends: the file is the same on every platform.
    table.to_csv(path, index=False, lineterminator="\n")


def encode(transactions):
    """Turn transactions into the numbers that a forest can use.

    Parameters
    ----------
    transactions : DataFrame of shape (n_samples, 19)
        As ``make_transactions`` gives it. Identifiers and labels are not used.

    Returns
    -------
    Z : DataFrame of shape (n_samples, n_encoded)
        Logarithms of what is heavy-tailed, the hour, the amount relative to the
        customer's mean, and for each level the logarithm of its share. Missing numbers
        become the median, as in most baselines; a missing text is a level.
    """
    import pandas as pd

    amount, usual = transactions["amount"], transactions["mean_amount_30d"]
    numbers = pd.DataFrame(
        {
            "amount": np.log(amount),
            "relative_amount": np.log(amount / usual),
            "hour": transactions["timestamp"].dt.hour,
            "distance": np.log1p(transactions["distance_from_home_km"]),
            "merchant_age": transactions["merchant_age_days"],
            "account_age": transactions["account_age_days"],
            "n_24h": transactions["n_transactions_24h"],
            "n_7d": transactions["n_transactions_7d"],
            "since_last": np.log(transactions["days_since_last"] + 1e-3),
        }
    )
    levels = transactions[LEVELS].fillna("missing").apply(_log_share)
    return pd.concat([numbers.fillna(numbers.median()), levels], axis=1)


def _log_share(column):
    return np.log(column.map(column.value_counts(normalize=True)))


def measure_auroc(transactions, n_forests=N_FORESTS):
    """Measure the AUROC of IsolationForest for all frauds and for each kind.

    The forests are fitted on all rows, without labels, and score the same rows.

    Parameters
    ----------
    transactions : DataFrame of shape (n_samples, 19)
        As ``make_transactions`` gives it.
    n_forests : int, default=5
        Forests with the seeds 0, 1, ...; the result is their mean AUROC.

    Returns
    -------
    auroc : dict of str to float
        Under ``"all"`` and under each kind's name, that kind against the genuine rows.
    """
    from sklearn.ensemble import IsolationForest
    from sklearn.metrics import roc_auc_score

    Z, kinds = encode(transactions), transactions["fraud_kind"]
    names = sorted(set(kinds) - {"none"})
    rows = {"all": kinds.notna()}
    rows |= {name: kinds.isin(["none", name]) for name in names}
    totals = dict.fromkeys(rows, 0.0)
    for seed in range(n_forests):
        scores = IsolationForest(random_state=seed).fit(Z).score_samples(Z)
        for name, chosen in rows.items():
            is_fraud = kinds[chosen] != "none"
            totals[name] += roc_auc_score(is_fraud, -scores[chosen]) / n_forests
    return totals


def main(arguments=None):
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=HERE / "transactions.csv")
    parser.add_argument(
        "--measure",
        action="store_true",
        help="read the table at --output and print AUROC instead of writing it",
    )
    chosen = parser.parse_args(arguments)
    if not chosen.measure:
        write_table(chosen.output)
        return
    auroc = measure_auroc(load_transactions(chosen.output))
    for name, value in sorted(auroc.items(), key=lambda item: -item[1]):
        print(f"{name:<22}{value:.3f}")


if __name__ == "__main__":
    main()
