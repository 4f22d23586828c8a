"""Cost of training and scoring against rows and against columns.

    python benchmarks/scaling.py [--threads 2] [--picture scaling.png]

Fits ``time = c * size ** exponent`` to medians of interleaved rounds; an exponent of
one is linear. Training is one epoch of a program that is compiled; the time is that of
the processor, so that other work on the machine matters little.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from peers import ours
from speed import correlated
from timing import pin_threads

_ROWS = (12_500, 25_000, 50_000, 100_000, 200_000, 400_000)
_COLUMNS = (8, 16, 32, 64, 128, 256)
_FIXED_COLUMNS, _FIXED_ROWS = 15, 20_000


def epoch(X: np.ndarray) -> Callable[[], object]:
    """Return a function that trains one epoch, its program compiled before."""
    from aeanomaly.fitting.plan import program_plan, training_options
    from aeanomaly.training.programs import get_program
    from aeanomaly.training.trainer import TrainingRows, train

    estimator = ours("transformer", batch_size=256, max_iter=1).fit(X[:2_000])
    Z = estimator.model_.encoding.encode(X).Z
    encoding = estimator.model_.encoding
    plan = program_plan(estimator, estimator.architecture_, encoding, Z, 1)
    options = training_options(estimator, len(Z), (1, 1))
    rows = TrainingRows(Z, np.ones(len(Z)), len(Z))
    get_program(plan)
    return lambda: train(plan, rows, options, np.random.default_rng(0))


def scoring(X: np.ndarray) -> Callable[[], object]:
    """Return a function that scores every row."""
    detector = ours(batch_size=256, max_iter=1).fit(X[:2_000])
    return lambda: detector.score_samples(X)


def seconds(runs: list[Callable[[], object]], n_rounds: int = 5) -> list[float]:
    """Return each run's median processor time over interleaved rounds."""
    times: list[list[float]] = [[] for _ in runs]
    for run in runs:
        run()
    for _ in range(n_rounds):
        for run, taken in zip(runs, times, strict=True):
            start = time.process_time()
            run()
            taken.append(time.process_time() - start)
    return [statistics.median(taken) for taken in times]


def exponent(sizes: tuple[int, ...], taken: list[float]) -> float:
    """Return the slope of log time over log size, from the larger half of the sizes."""
    half = len(sizes) // 2
    slope, _ = np.polyfit(np.log(sizes[half:]), np.log(taken[half:]), 1)
    return float(slope)


def measure() -> dict[tuple[str, str], tuple[tuple[int, ...], list[float]]]:
    tables = {
        "rows": [correlated(n, _FIXED_COLUMNS) for n in _ROWS],
        "columns": [correlated(_FIXED_ROWS, n) for n in _COLUMNS],
    }
    return {
        (work, axis): (
            _ROWS if axis == "rows" else _COLUMNS,
            seconds([make(X) for X in tables[axis]]),
        )
        for work, make in {"one epoch of training": epoch, "scoring": scoring}.items()
        for axis in tables
    }


def draw(measured: dict, path: Path) -> None:
    """Draw times against sizes on logarithmic scales."""
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for (work, axis), (sizes, taken) in measured.items():
        panel = panels[0 if axis == "rows" else 1]
        label = f"{work}, exponent {exponent(sizes, taken):.2f}"
        panel.loglog(sizes, taken, "o-", label=label)
        panel.set_xlabel(f"number of {axis}")
    panels[0].set_ylabel("processor time in seconds")
    panels[0].set_title(f"{_FIXED_COLUMNS} columns, 64-32-8", fontsize=10)
    panels[1].set_title(f"{_FIXED_ROWS:,} rows, 64-32-8", fontsize=10)
    for panel, sizes in zip(panels, (_ROWS, _COLUMNS), strict=True):
        panel.set_xticks(sizes, [f"{size:,}" for size in sizes], fontsize=8)
        panel.set_xticks([], minor=True)
        panel.legend(fontsize=8)
        panel.grid(alpha=0.3)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--picture", type=Path)
    arguments = parser.parse_args()
    pin_threads(arguments.threads)
    measured = measure()
    sys.stdout.write("| work | against | exponent | sizes | seconds |\n")
    sys.stdout.write("| --- | --- | --- | --- | --- |\n")
    for (work, axis), (sizes, taken) in measured.items():
        cells = [work, axis, f"{exponent(sizes, taken):.2f}"]
        cells += [", ".join(f"{size:,}" for size in sizes)]
        cells += [", ".join(f"{t:.3g}" for t in taken)]
        sys.stdout.write(f"| {' | '.join(cells)} |\n")
    if arguments.picture:
        draw(measured, arguments.picture)


if __name__ == "__main__":
    main()
