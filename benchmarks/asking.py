"""What labels bring, by how the rows are chosen that somebody looks at.

    python benchmarks/asking.py                          # show what was measured
    python benchmarks/asking.py --seeds 0 --picture docs/pictures/asking.png

A detector is fitted without labels, to seven tenths of the rows of each table of
`few_labels`. Then ten of these rows at a time are looked at and go into the model with
``feedback``: those of ``suggest``, those that score lowest, or any. Average precision
is that of the other three tenths.
"""

from __future__ import annotations

import argparse
import copy
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import results_file
from few_labels import Split, dataset_paths, load_split
from sklearn.metrics import average_precision_score

from aeanomaly import AutoencoderOutlierDetector

RESULTS = Path(__file__).parent / "results" / "asking.csv"
LABELS = (0, 10, 20, 40, 80, 160)
_KEY = ["dataset", "seed", "way", "labels"]
_AT_ONCE = 10
# Least distance of two names in the picture, in points of average precision.
_APART = 4.0

# Of a model and rows that nobody has looked at: positions of those to look at next.
Way = Callable[[Any, Any, np.random.Generator], np.ndarray]


def _suggested(detector: Any, rows: Any, rng: np.random.Generator) -> np.ndarray:
    return detector.suggest(rows, _AT_ONCE)


def _lowest(detector: Any, rows: Any, rng: np.random.Generator) -> np.ndarray:
    return np.argsort(detector.score_samples(rows), kind="stable")[:_AT_ONCE]


def _any(detector: Any, rows: Any, rng: np.random.Generator) -> np.ndarray:
    return rng.permutation(len(rows))[:_AT_ONCE]


WAYS: dict[str, Way] = {"suggest": _suggested, "lowest": _lowest, "any": _any}


def curve(split: Split, fitted: Any, way: Way, seed: int) -> Iterator[dict[str, Any]]:
    """Yield average precision in percent after so many labels, and anomalies seen."""
    detector, rng = copy.deepcopy(fitted), np.random.default_rng(seed)
    is_open, n_seen = np.ones(len(split.y_train), dtype=bool), 0
    for n_labels in range(0, LABELS[-1] + 1, _AT_ONCE):
        if n_labels in LABELS:
            surprise = -detector.score_samples(split.test)
            ap = 100 * average_precision_score(split.y_test, surprise)
            yield {"labels": n_labels, "ap": ap, "anomalies": n_seen}
        rest = np.flatnonzero(is_open)
        if not len(rest):
            continue
        asked = rest[way(detector, split.train.iloc[rest], rng)]
        is_open[asked] = False
        n_seen += int(split.y_train[asked].sum())
        detector.feedback(split.train.iloc[asked], split.y_train[asked], normal=0)


def measure(seeds: list[int], datasets: list[str]) -> Iterator[list[dict[str, Any]]]:
    """Yield the lines of each table and seed."""
    for path in dataset_paths():
        if datasets and path.stem not in datasets:
            continue
        for seed in seeds:
            split = load_split(path, seed)
            if split is None:
                continue
            fitted = AutoencoderOutlierDetector(random_state=seed).fit(split.train)
            yield [
                {"dataset": path.stem, "seed": seed, "way": name, **line}
                for name, way in WAYS.items()
                for line in curve(split, fitted, way, seed)
            ]


def show(lines: pd.DataFrame) -> None:
    """Print average precision and anomalies seen, means over tables."""
    means = lines.groupby(["way", "labels", "dataset"])[["ap", "anomalies"]].mean()
    means = means.groupby(["way", "labels"]).mean().unstack()
    print("| labels | " + " | ".join(map(str, LABELS)) + " |")
    print("|---|" + "---:|" * len(LABELS))
    for way in WAYS:
        own = means.loc[way]
        cells = [f"{own['ap', n]:.1f} ({own['anomalies', n]:.0f})" for n in LABELS]
        print(f"| {way} | " + " | ".join(cells) + " |")
    seeds = sorted(lines["seed"].unique().tolist())
    print(f"\n{lines['dataset'].nunique()} tables, seeds {seeds}; AP (anomalies seen)")


def draw(lines: pd.DataFrame, path: Path) -> None:
    """Draw the means over tables against the number of labels, to a PNG file."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    means = lines.groupby(["way", "labels"])["ap"].mean().unstack(0)
    figure, axis = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
    colors = {"suggest": "tab:orange", "lowest": "tab:blue", "any": "0.55"}
    names = {"suggest": "suggest()", "lowest": "the lowest scores", "any": "any rows"}
    least = -np.inf
    for way in means.iloc[-1].sort_values().index:
        axis.plot(means.index, means[way], "o-", color=colors[way], markersize=4)
        last = means[way].iloc[-1]
        # Names of lines that end together stand above each other.
        least = max(last, least + _APART)
        place = (1.02 * means.index[-1], least)
        color = colors[way] if way != "any" else "0.35"
        axis.annotate(f"{names[way]} {last:.0f}", place, va="center", color=color)
    axis.set_xlim(0, 1.35 * means.index[-1])
    axis.set_xticks(LABELS)
    axis.set_ylim(0, least + _APART)
    axis.set_xlabel("rows looked at")
    axis.set_ylabel("average precision of other rows, %")
    n_tables = lines["dataset"].nunique()
    axis.set_title(f"What labels bring, mean of {n_tables} tables", fontsize=11)
    axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def main(argv: list[str] | None = None) -> None:
    """Measure what is asked for, and show all that was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", nargs="*", type=int, default=[], help="none: show")
    parser.add_argument("--datasets", nargs="+", default=[])
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--picture", type=Path, help="PNG file to draw")
    arguments = parser.parse_args(argv)
    start = time.perf_counter()
    with warnings.catch_warnings(action="ignore"):
        for lines in measure(arguments.seeds, arguments.datasets):
            results_file.add(arguments.output, lines, _KEY)
            seconds = time.perf_counter() - start
            sys.stderr.write(f"{lines[0]['dataset']}: {seconds:.0f} s\n")
    lines = results_file.read(arguments.output)
    show(lines)
    if arguments.picture is not None:
        draw(lines, arguments.picture)


if __name__ == "__main__":
    main()
