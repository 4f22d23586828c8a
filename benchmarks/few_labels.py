"""Detection quality where a few anomalies are known.

    python benchmarks/few_labels.py --seeds 0 1 2     # measure, and show
    python benchmarks/few_labels.py --detectors       # only show what the file holds

ADBench's protocol: up to 10,000 rows, 70 % of either kind train and 30 % test. Of the
training anomalies a share is known; all other training rows have no label. Peers are
gradient boosting and a random forest on the encoded rows, with and without the
surprises of our parts, and, where they are installed, PyOD's XGBOD and DeepOD's DevNet,
DeepSAD and PReNet; all with their defaults. Rows without a label are normal to them.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import results_file
from peers import installed
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import train_test_split

from aeanomaly import AutoencoderOutlierDetector

SHARED = Path(__file__).resolve().parents[2] / "shared" / "detection_quality"
RESULTS = Path(__file__).parent / "results" / "few_labels.csv"
RATES = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0)
_KEY = ["detector", "dataset", "seed", "rate", "wrong"]
_MOST_ROWS = 10_000
_LEAST_ANOMALIES = 10


class Split(NamedTuple):
    """Rows to train on and to test on, and which of them are anomalies."""

    train: Any
    y_train: np.ndarray
    test: Any
    y_test: np.ndarray


def dataset_paths() -> list[Path]:
    """Return the labelled tables at hand."""
    return sorted([*SHARED.glob("datasets/*.npz"), *SHARED.glob("tables/*.parquet")])


def load_split(path: Path, seed: int) -> Split | None:
    """Return seven tenths of the rows of a table, and the others.

    None where fewer than ten of the rows are anomalies.
    """
    if path.suffix == ".parquet":
        table = pd.read_parquet(path)
        y = table.pop("anomaly").to_numpy().astype(int)
    else:
        with np.load(path) as data:
            table, y = pd.DataFrame(data["X"]), data["y"].astype(int)
        table.columns = [f"x{i}" for i in range(table.shape[1])]
    chosen = np.random.default_rng(seed).permutation(len(y))[:_MOST_ROWS]
    if y[chosen].sum() < _LEAST_ANOMALIES:
        return None
    train, test = train_test_split(
        chosen, test_size=0.3, stratify=y[chosen], random_state=seed
    )
    rows = [table.iloc[rows].reset_index(drop=True) for rows in (train, test)]
    return Split(rows[0], y[train], rows[1], y[test])


def known_anomalies(
    y: np.ndarray, rate: float, seed: int, wrong: float = 0.0
) -> np.ndarray:
    """Return the positions of the rows that are labelled as anomalies, at least one.

    Of so many labels as `wrong` says, each is on a normal row instead.
    """
    rng = np.random.default_rng([seed, 7])
    anomalies, normal = (rng.permutation(np.flatnonzero(y == k)) for k in (1, 0))
    known = anomalies[: max(1, round(rate * len(anomalies)))]
    n_wrong = round(wrong * len(known))
    return np.concatenate([known[n_wrong:], normal[:n_wrong]])


class Encoded:
    """A table as peers take it: encoded by our detector, with our parts on request."""

    def __init__(self, split: Split, seed: int) -> None:
        self.detector = AutoencoderOutlierDetector(random_state=seed).fit(split.train)
        self.train, self.train_parts = self._encode(split.train)
        self.test, self.test_parts = self._encode(split.test)
        self.scores = -self.detector.score_samples(split.test)

    def _encode(self, table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        scorer = self.detector.scorer_
        encoded, parts = [], []
        for _, evaluation in scorer.model.iter_evaluations(table):
            surprises = scorer.reduction.surprises(evaluation, scorer.encoding)
            encoded.append(evaluation.Z)
            parts.append(np.column_stack([evaluation.Z, *surprises]))
        return np.concatenate(encoded), np.concatenate(parts)


def learnt(split: Split, encoded: Encoded, known: np.ndarray, seed: int) -> np.ndarray:
    """Return the surprise of test rows by our detector, which learns from labels."""
    y = np.zeros(len(split.train))
    y[known] = -1
    detector = AutoencoderOutlierDetector(labels="learn", random_state=seed)
    return -detector.fit(split.train, y).score_samples(split.test)


def unlabelled(split: Split, encoded: Encoded, known: Any, seed: int) -> np.ndarray:
    """Return the surprise of test rows by our detector without labels."""
    return encoded.scores


def _classifier(make: Callable[[int], Any], parts: bool) -> Callable[..., np.ndarray]:
    def scores(
        split: Split, encoded: Encoded, known: np.ndarray, seed: int
    ) -> np.ndarray:
        train = encoded.train_parts if parts else encoded.train
        test = encoded.test_parts if parts else encoded.test
        y = np.zeros(len(train), dtype=int)
        y[known] = 1
        found = np.asarray(make(seed).fit(train, y).predict_proba(test))
        # PyOD returns the probability of an anomaly alone.
        return found if found.ndim == 1 else found[:, 1]

    return scores


def _boosting(seed: int) -> Any:
    return HistGradientBoostingClassifier(random_state=seed)


def _forest(seed: int) -> Any:
    return RandomForestClassifier(random_state=seed)


def _xgbod(seed: int) -> Any:
    from pyod.models.xgbod import XGBOD

    return XGBOD(random_state=seed)


def _deep(name: str) -> Callable[..., np.ndarray]:
    def scores(
        split: Split, encoded: Encoded, known: np.ndarray, seed: int
    ) -> np.ndarray:
        from deepod import models

        y = np.zeros(len(encoded.train), dtype=int)
        y[known] = 1
        model = getattr(models, name)(random_state=seed, device="cpu", verbose=0)
        with contextlib.redirect_stdout(None):
            model.fit(encoded.train.astype(np.float32), y)
            return np.asarray(model.decision_function(encoded.test.astype(np.float32)))

    return scores


DETECTORS: dict[str, Callable[..., np.ndarray]] = {
    "aeanomaly": learnt,
    "aeanomaly, no labels": unlabelled,
    "boosting": _classifier(_boosting, parts=False),
    "boosting with parts": _classifier(_boosting, parts=True),
    "forest": _classifier(_forest, parts=False),
    "forest with parts": _classifier(_forest, parts=True),
    "xgbod": _classifier(_xgbod, parts=False),
    "devnet": _deep("DevNet"),
    "deepsad": _deep("DeepSAD"),
    "prenet": _deep("PReNet"),
}
_NEEDS = {"xgbod": "xgboost", "devnet": "deepod", "deepsad": "deepod"}
_NEEDS |= {"prenet": "deepod"}


def measure(arguments: argparse.Namespace) -> Iterator[list[dict[str, Any]]]:
    """Yield the lines of each table and seed."""
    for path in dataset_paths():
        if arguments.datasets and path.stem not in arguments.datasets:
            continue
        for seed in arguments.seeds:
            split = load_split(path, seed)
            if split is None:
                sys.stderr.write(f"{path.stem}: too few anomalies in the sample\n")
                continue
            encoded = Encoded(split, seed)
            yield [
                _line(name, path, split, encoded, seed, rate, arguments.wrong)
                for rate in arguments.rates
                for name in arguments.detectors
            ]


def _line(
    name: str,
    path: Path,
    split: Split,
    encoded: Encoded,
    seed: int,
    rate: float,
    wrong: float,
) -> dict[str, Any]:
    known = known_anomalies(split.y_train, rate, seed, wrong)
    start = time.perf_counter()
    try:
        found = DETECTORS[name](split, encoded, known, seed)
        error = ""
    except Exception as problem:  # A peer that fails counts as chance.
        found, error = np.zeros(len(split.y_test)), repr(problem)[:80]
    return {
        "detector": name,
        "dataset": path.stem,
        "seed": seed,
        "rate": rate,
        "wrong": wrong,
        "known": len(known),
        "auroc": 100 * roc_auc_score(split.y_test, found),
        "ap": 100 * average_precision_score(split.y_test, found),
        "seconds": time.perf_counter() - start,
        "error": error,
    }


def show(lines: pd.DataFrame) -> None:
    """Print means over tables: of all, and of those at odd and at even places."""
    places = {name: i % 2 for i, name in enumerate(sorted(lines["dataset"].unique()))}
    lines = lines.assign(even=lines["dataset"].map(places) == 1)
    for wrong, of_wrong in lines.groupby("wrong"):
        print(f"\n{wrong:.0%} of the labels wrong; AUROC / AP (AP odd, even)\n")
        rates = sorted(of_wrong["rate"].unique())
        print("| detector | " + " | ".join(f"{rate:.0%}" for rate in rates) + " |")
        print("|---|" + "---:|" * len(rates))
        for name, of_name in of_wrong.groupby("detector", sort=False):
            cells = [_cell(of_name[of_name["rate"] == rate]) for rate in rates]
            print(f"| {name} | " + " | ".join(cells) + " |")
    n = lines["dataset"].nunique()
    print(f"\n{n} tables, seeds {sorted(lines['seed'].unique().tolist())}")


def _cell(lines: pd.DataFrame) -> str:
    if lines.empty:
        return ""
    means = lines.groupby("dataset")[["auroc", "ap", "even"]].mean()
    whole, even = means.mean(), means["even"] == 1
    halves = [means["ap"][which].mean() for which in (~even, even) if which.any()]
    shown = ", ".join(f"{half:.1f}" for half in halves)
    return f"{whole['auroc']:.1f} / {whole['ap']:.1f} ({shown})"


def main(argv: list[str] | None = None) -> None:
    """Measure what is asked for, and show all that was measured."""
    arguments = _parse(argv)
    for name in [name for name in arguments.detectors if name in _NEEDS]:
        if not installed(_NEEDS[name]):
            sys.stderr.write(f"{name} is skipped: {_NEEDS[name]} is not installed\n")
            arguments.detectors.remove(name)
    if arguments.detectors:
        start = time.perf_counter()
        with warnings.catch_warnings(action="ignore"):
            for lines in measure(arguments):
                results_file.add(arguments.output, lines, _KEY)
                seconds = time.perf_counter() - start
                sys.stderr.write(f"{lines[0]['dataset']}: {seconds:.0f} s\n")
    show(results_file.read(arguments.output))


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--detectors", nargs="*", default=list(DETECTORS))
    parser.add_argument("--datasets", nargs="+", default=[])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--rates", nargs="+", type=float, default=list(RATES))
    parser.add_argument("--wrong", type=float, default=0.0, help="share of the labels")
    parser.add_argument("--output", type=Path, default=RESULTS)
    return parser.parse_args(argv)


if __name__ == "__main__":
    main()
