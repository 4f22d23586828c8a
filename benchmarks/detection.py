"""Every architecture on card transactions or network connections, in one table.

    python benchmarks/detection.py --data transactions
    python benchmarks/detection.py --data nsl-kdd --detectors aeanomaly iforest

Ours take the table as it is, strings and all; the others take it one-hot encoded and
standardised. The data lie in `--folder`; `transactions` and `nsl_kdd` say how they are
split. Lines are added to the CSV file of `--output`, in place of those of the same
detector and seed; the table shows all that it holds.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import results_file
from detectors import ARCHITECTURES, DETECTORS, available, make_detector
from quality_report import markdown
from sklearn.metrics import average_precision_score, roc_auc_score

from aeanomaly.metrics import card_precision_at_k

_FOLDER = Path(__file__).parents[2] / "shared/data"
_OUTPUT = Path(__file__).parent / "results"
_N_TRAIN = 100_000
_TRAIN_UNTIL, _TEST_FROM = "2018-06-01", "2018-06-08"
_CARDS_A_DAY = 100

OURS = [
    f"{name}-{kind}" for kind in ("hybrid", "reconstruction") for name in ARCHITECTURES
]
_PEERS = ["iforest", "knn", "pyod-ecod", "pyod-autoencoder-2-epochs"]


class Task(NamedTuple):
    """Rows to fit on, rows to find anomalies in, and what the answer is.

    Parameters
    ----------
    train, test : DataFrame
    y : ndarray of shape (n_test,)
        1 for anomalies, 0 for normal rows.
    cards : DataFrame or None
        "day" and "card" of each test row, where there are cards.
    """

    train: pd.DataFrame
    test: pd.DataFrame
    y: np.ndarray
    cards: pd.DataFrame | None


def transactions(folder: Path, n_train: int, seed: int) -> Task:
    """Return the field's split of the card transactions.

    Fitted on a random part of all days before June 2018; after a week, in which fraud
    comes to light, tested on the rest of the month. The columns are those of Le Borgne
    et al., *Reproducible Machine Learning for Credit Card Fraud Detection*.
    """
    frame = pd.read_parquet(folder / "transactions_2018_q2.parquet")
    ways = ("TX_AMOUNT", "TX_DURING_", "CUSTOMER_ID_", "TERMINAL_ID_")
    features = [name for name in frame.columns if name.startswith(ways)]
    when = frame["TX_DATETIME"]
    past = frame.loc[when < _TRAIN_UNTIL, features]
    chosen = np.random.default_rng(seed).choice(
        len(past), min(n_train, len(past)), replace=False
    )
    later = frame[when >= _TEST_FROM]
    cards = pd.DataFrame(
        {"day": later["TX_DATETIME"].dt.normalize(), "card": later["CUSTOMER_ID"]}
    )
    y = later["TX_FRAUD"].to_numpy(dtype=int)
    return Task(past.iloc[np.sort(chosen)], later[features], y, cards)


def nsl_kdd(folder: Path, n_train: int, seed: int) -> Task:
    """Return half of the normal connections, and the other half with all attacks.

    Three of the 41 columns are strings (Tavallaee et al., "A Detailed Analysis of the
    KDD CUP 99 Data Set", CISDA 2009).
    """
    frame = pd.read_csv(folder / "nsl_kdd_train_20percent.csv.gz")
    attack = (frame.pop("attack") != "normal").to_numpy()
    normal = np.random.default_rng(seed).permutation(np.flatnonzero(~attack))
    half = len(normal) // 2
    test = np.sort(np.append(normal[half:], np.flatnonzero(attack)))
    train = np.sort(normal[:half][:n_train])
    return Task(frame.iloc[train], frame.iloc[test], attack[test].astype(int), None)


_TASKS: dict[str, Callable[[Path, int, int], Task]] = {
    "transactions": transactions,
    "nsl-kdd": nsl_kdd,
}


def as_numbers(task: Task) -> Task:
    """Return the task one-hot encoded and standardised, for detectors of numbers."""
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    encoder = make_pipeline(
        make_column_transformer(
            (
                OneHotEncoder(handle_unknown="ignore", sparse_output=False),
                make_column_selector(dtype_exclude="number"),
            ),
            remainder="passthrough",
        ),
        StandardScaler(),
    )
    train = encoder.fit_transform(task.train)
    return task._replace(train=train, test=encoder.transform(task.test))


def measure(name: str, task: Task, seed: int) -> dict[str, Any]:
    """Return a line of the table: quality in percent, card precision, seconds."""
    if name not in OURS and not name.startswith("aeanomaly"):
        task = as_numbers(task)
    detector = make_detector(name, random_state=seed)
    start = time.perf_counter()
    detector.fit(task.train)
    fitted = time.perf_counter()
    abnormality = -np.asarray(detector.score_samples(task.test), dtype=np.float64)
    end = time.perf_counter()
    line = {
        "detector": name,
        "seed": seed,
        "auroc": 100 * float(roc_auc_score(task.y, abnormality)),
        "ap": 100 * float(average_precision_score(task.y, abnormality)),
    }
    if task.cards is not None:
        line["card precision@100"] = card_precision_at_k(
            task.y, -abnormality, task.cards["card"], task.cards["day"], _CARDS_A_DAY
        )
    return line | {"fit_s": fitted - start, "score_s": end - fitted}


def table(results: pd.DataFrame) -> str:
    """Return means over seeds as Markdown, the greatest AUROC first."""
    by_detector = results.groupby("detector")
    mean = by_detector.mean().drop(columns="seed").assign(fits=by_detector.size())
    if "card precision@100" in mean:
        mean["card precision@100"] = mean["card precision@100"].map("{:.3f}".format)
    return markdown(mean.sort_values("auroc", ascending=False))


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--data", choices=_TASKS, required=True)
    add("--detectors", nargs="+", choices=DETECTORS, default=[*OURS, *_PEERS])
    add("--seeds", nargs="+", type=int, default=[0])
    add("--n-train", type=int, default=_N_TRAIN, help="most rows to fit on")
    add("--folder", type=Path, default=_FOLDER, help="of the data files")
    add("--output", type=Path, help="CSV file")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark."""
    options = parse(arguments)
    if not options.folder.is_dir():
        raise SystemExit(f"There is no folder {options.folder}: pass --folder.")
    output = options.output or _OUTPUT / f"{options.data.replace('-', '_')}.csv"
    for seed in options.seeds:
        task = _TASKS[options.data](options.folder, options.n_train, seed)
        for name in available(options.detectors):
            line = measure(name, task, seed)
            sys.stderr.write(f"{line}\n")
            # Written each time: an interrupted run is not lost.
            results_file.add(output, [line], ["detector", "seed"])
    sys.stdout.write(
        f"{options.data}: {len(task.train):,} rows to fit on, {len(task.test):,} to "
        f"score, {100 * task.y.mean():.2f} % anomalies.\n\n"
        f"{table(results_file.read(output))}\n"
    )


if __name__ == "__main__":
    main()
