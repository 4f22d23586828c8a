"""A budget of alerts a day on the card transactions, beside a fixed threshold.

    python benchmarks/budget.py

The default detector is fitted to 100,000 transactions of April and May 2018 and scores
all of June: 30 days. The budget takes the 100 most abnormal transactions of each day;
the fixed threshold is the one that flags as many on average in May.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from detection import _FOLDER

from aeanomaly import AutoencoderOutlierDetector

_N_TRAIN = 100_000


def main() -> None:
    """Fit, score June, and print both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=_FOLDER)
    parser.add_argument("--budget", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    frame = pd.read_parquet(arguments.folder / "transactions_2018_q2.parquet")
    ways = ("TX_AMOUNT", "TX_DURING_", "CUSTOMER_ID_", "TERMINAL_ID_")
    features = [name for name in frame.columns if name.startswith(ways)]
    month = frame["TX_DATETIME"].dt.month
    past, may, june = frame[month < 6], frame[month == 5], frame[month == 6]
    rng = np.random.default_rng(arguments.seed)
    chosen = np.sort(rng.choice(len(past), _N_TRAIN, replace=False))
    detector = AutoencoderOutlierDetector(random_state=arguments.seed)
    detector.fit(past[features].iloc[chosen])
    scores = detector.score_samples(may[features])
    days = may["TX_DATETIME"].dt.date.nunique()
    fixed = np.partition(scores, arguments.budget * days)[arguments.budget * days]
    later = detector.score_samples(june[features])
    of_day = detector.select(
        june[features],
        budget=arguments.budget,
        times=june["TX_DATETIME"],
    )
    print(
        pd.DataFrame(
            [
                _line(f"select(budget={arguments.budget})", june, of_day),
                _line("fixed threshold", june, later < fixed),
            ]
        ).to_string(index=False)
    )


def _line(name: str, rows: pd.DataFrame, flagged: np.ndarray) -> dict[str, object]:
    """Return alerts a day, and how many of the flagged cards are compromised."""
    day = rows["TX_DATETIME"].dt.date.to_numpy()
    alerts = pd.Series(flagged).groupby(day).sum()
    each = pd.DataFrame(
        {"day": day, "card": rows["CUSTOMER_ID"], "fraud": rows["TX_FRAUD"]}
    )
    compromised = each.groupby(["day", "card"])["fraud"].transform("max")
    cards = each.assign(bad=compromised)[flagged].drop_duplicates(["day", "card"])
    return {
        "rule": name,
        "days": len(alerts),
        "fewest alerts": alerts.min(),
        "most": alerts.max(),
        "mean": round(alerts.mean(), 1),
        "precision": round(rows["TX_FRAUD"].to_numpy()[flagged].mean(), 3),
        "card precision": round(cards.groupby("day")["bad"].mean().mean(), 3),
    }


if __name__ == "__main__":
    main()
