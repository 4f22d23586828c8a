"""Thirty days of alerts that are looked at, on the card transactions.

    python benchmarks/feedback.py                  # measure, and show
    python benchmarks/feedback.py --picture docs/pictures/feedback.png

The default detector is fitted to 100,000 transactions of April and May 2018, without
labels. On each day of June the 100 most abnormal transactions are looked at; what they
were goes into the model at night (`feedback`), and the next day is scored by it. Beside
it, the same model that is told nothing. Card precision is the share of the cards among
the day's alerts that are compromised on that day.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from detection import _FOLDER

from aeanomaly import AutoencoderOutlierDetector

_RESULTS = Path(__file__).parent / "results" / "feedback.csv"
_N_TRAIN = 100_000
_WAYS = ("TX_AMOUNT", "TX_DURING_", "CUSTOMER_ID_", "TERMINAL_ID_")


def measure(frame: pd.DataFrame, budget: int, seed: int) -> pd.DataFrame:
    """Return a line for each day of June."""
    features = [name for name in frame.columns if name.startswith(_WAYS)]
    june = frame["TX_DATETIME"].dt.month == 6
    past = frame[~june]
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.choice(len(past), _N_TRAIN, replace=False))
    told, alone = (
        AutoencoderOutlierDetector(random_state=seed).fit(past[features].iloc[chosen])
        for _ in range(2)
    )
    lines = []
    for day, rows in frame[june].groupby(frame["TX_DATETIME"].dt.date):
        line: dict[str, Any] = {"day": day}
        for name, detector in (("told", told), ("alone", alone)):
            scores = detector.score_samples(rows[features])
            alerts = np.argsort(scores, kind="stable")[:budget]
            line |= _precision(rows, alerts, name)
            if detector is told:
                start = time.perf_counter()
                seen = rows.iloc[alerts]
                told.feedback(seen[features], seen["TX_FRAUD"].astype(bool), normal=0)
                line["seconds"] = time.perf_counter() - start
        lines.append(line)
    return pd.DataFrame(lines)


def _precision(rows: pd.DataFrame, alerts: np.ndarray, name: str) -> dict[str, float]:
    compromised = rows.groupby("CUSTOMER_ID")["TX_FRAUD"].max()
    cards = rows["CUSTOMER_ID"].iloc[alerts].unique()
    found = rows.loc[rows["TX_FRAUD"] == 1, "CUSTOMER_ID"].nunique()
    return {
        f"precision, {name}": 100 * rows["TX_FRAUD"].iloc[alerts].mean(),
        f"card precision, {name}": 100 * compromised[cards].mean(),
        f"cards found, {name}": 100 * compromised[cards].sum() / max(1, found),
    }


def draw(lines: pd.DataFrame, path: Path) -> None:
    """Draw card precision by day."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.6), layout="constrained")
    ax = figure.subplots()
    days = np.arange(1, len(lines) + 1)
    for name, label, colour in (
        ("told", "told in the evening what its alerts were", "#0072B2"),
        ("alone", "the same model, told nothing", "#999999"),
    ):
        ax.plot(days, lines[f"card precision, {name}"], color=colour, lw=2, label=label)
    ax.set(
        xlabel="day of June 2018",
        ylabel="compromised cards\namong 100 alerts (%)",
        xlim=(1, len(lines)),
        ylim=(0, 100),
    )
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", color="#e0e0e0")
    ax.legend(frameon=False, loc="lower right")
    figure.savefig(path, dpi=100)


def main() -> None:
    """Measure, and show means of weeks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=_FOLDER)
    parser.add_argument("--budget", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=_RESULTS)
    parser.add_argument("--picture", type=Path)
    arguments = parser.parse_args()
    frame = pd.read_parquet(arguments.folder / "transactions_2018_q2.parquet")
    lines = measure(frame, arguments.budget, arguments.seed)
    lines.to_csv(arguments.output, index=False, float_format="%.2f")
    days = np.arange(len(lines))
    weeks = np.select(
        [days == 0, days < 10, days < 20], ["1", "2-10", "11-20"], "21-30"
    )
    means = lines.drop(columns="day").groupby(weeks, sort=False).mean()
    print(means.round(1).T.to_string())
    if arguments.picture:
        draw(lines, arguments.picture)


if __name__ == "__main__":
    main()
