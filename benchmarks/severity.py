"""How many normal rows have a severity of at least 99, 99.9 and so on.

    python benchmarks/severity.py

Detectors are fitted on normal card transactions of ``../shared/data``, at their
defaults but for the score, and 200,000 other normal ones are counted: means over draws
of the training rows. The right numbers are 10,000 of a million, 1,000, and so on.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from aeanomaly import AutoencoderOutlierDetector

DATA = Path(__file__).resolve().parents[2] / "shared/data/transactions_2018_q2.parquet"
LEVELS = (99.0, 99.9, 99.99, 99.999, 99.9999)
NEW_ROWS = 200_000
DRAWS = {1_000: 8, 20_000: 4}


def normal_rows() -> pd.DataFrame:
    """Return the features of the normal transactions, in random order."""
    table = pd.read_parquet(DATA)
    names = ["TX_FRAUD", "TX_FRAUD_SCENARIO"]
    names += [name for name in table.columns if name.endswith("_ID")]
    rows = table[table["TX_FRAUD"] == 0].drop(columns=names)
    return rows.sample(frac=1.0, random_state=0)


def counted(rows: pd.DataFrame, n: int, draw: int, score_type: str) -> np.ndarray:
    """Return how many of a million new rows have each of `LEVELS` or more."""
    training, new = rows.iloc[draw * n : (draw + 1) * n], rows.iloc[-NEW_ROWS:]
    detector = AutoencoderOutlierDetector(score_type=score_type, random_state=draw)
    severity = detector.fit(training).severity(new)
    return np.array([1e6 * np.mean(severity >= level) for level in LEVELS])


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    rows = normal_rows()
    print("trained on, score      ", *(f"{level:>9}" for level in LEVELS))
    for n, draws in DRAWS.items():
        for score_type in ("hybrid", "reconstruction"):
            each = [counted(rows, n, draw, score_type) for draw in range(draws)]
            means = " ".join(f"{mean:9,.0f}" for mean in np.mean(each, axis=0))
            print(f"{n:>7,}, {score_type:14} {means}", flush=True)


if __name__ == "__main__":
    main()
