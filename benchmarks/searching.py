"""How fast a grid search with two workers is, beside one with one.

    python benchmarks/searching.py [--candidates 40] [--rows 5000] [--columns 20]

`GridSearchCV` fits each candidate on three folds, all with one thread a process. First
alone, then in two processes of joblib, each of which imports TensorFlow once. "busiest
process" is the processor time of the one that worked most: what the search takes on a
machine that does nothing else. "seconds" are those of the clock.
"""

from __future__ import annotations

import argparse
import os
import time

# Before TensorFlow and NumPy are imported, here and in the workers.
os.environ.update(
    OMP_NUM_THREADS="1",
    OPENBLAS_NUM_THREADS="1",
    TF_NUM_INTRAOP_THREADS="1",
    TF_NUM_INTEROP_THREADS="1",
    TF_CPP_MIN_LOG_LEVEL="3",
)

import numpy as np
import psutil
from sklearn.model_selection import GridSearchCV

from aeanomaly import AutoencoderOutlierDetector

_MOST_ALPHA = 0.5


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--candidates", type=int, default=40)
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--max-iter", type=int, default=0, help="0 is auto")
    options = parser.parse_args()
    X, y = made(options.rows, options.columns)
    print(
        f"{options.candidates} candidates on 3 folds of {options.rows:,} rows and "
        f"{options.columns} columns\n"
    )
    print("| workers | seconds | busiest process, s | all, s | best alpha |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    busiest = {}
    for n_workers in (1, 2):
        start, before = time.perf_counter(), cpu_seconds()
        search = searched(X, y, n_workers, options)
        clock, used = time.perf_counter() - start, cpu_seconds()
        spent = [used[pid] - before.get(pid, 0.0) for pid in used]
        busiest[n_workers] = max(spent)
        print(
            f"| {n_workers} | {clock:.1f} | {max(spent):.1f} | {sum(spent):.1f} | "
            f"{search.best_params_['alpha']:.4g} |",
            flush=True,
        )
    print(f"\nTwo workers: {busiest[1] / busiest[2]:.2f} times as fast.")


def made(n_rows: int, n_columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Return correlated columns, and labels of one row in twenty that breaks them."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 5)) @ rng.normal(size=(5, n_columns))
    X += 0.1 * rng.normal(size=X.shape)
    is_anomaly = np.arange(n_rows) % 20 == 0
    X[is_anomaly] += rng.normal(size=(is_anomaly.sum(), n_columns))
    return X, np.where(is_anomaly, -1, 1)


def searched(
    X: np.ndarray, y: np.ndarray, n_workers: int, options: argparse.Namespace
) -> GridSearchCV:
    """Return a fitted search over penalties of weights."""
    max_iter = options.max_iter or "auto"
    detector = AutoencoderOutlierDetector(max_iter=max_iter, random_state=0)
    grid = {"alpha": np.linspace(0.0, _MOST_ALPHA, options.candidates)}
    search = GridSearchCV(detector, grid, cv=3, n_jobs=n_workers, refit=False)
    return search.fit(X, y)


def cpu_seconds() -> dict[int, float]:
    """Return the processor time of this process and each that it started."""
    own = psutil.Process()
    family = [own, *own.children(recursive=True)]
    return {p.pid: sum(p.cpu_times()[:2]) for p in family}


if __name__ == "__main__":
    main()
