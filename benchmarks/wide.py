"""Cost of tables of many columns: seconds, and megabytes of file and memory.

    OMP_NUM_THREADS=1 python benchmarks/wide.py

Fits a detector with its defaults to correlated normal columns, saves it and scores the
same rows, each size in a process of its own. Times are those of the processor. Fits
``cost = c * columns ** exponent`` to each step of the sizes.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

COSTS = ("fit s", "score s", "file MB", "peak MB")


def main() -> None:
    """Measure each size, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--columns", type=int, nargs="+", default=[100, 1_000, 3_000, 10_000]
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[50, 1_000])
    parser.add_argument("--only", type=int, nargs=2, metavar=("ROWS", "COLUMNS"))
    arguments = parser.parse_args()
    if arguments.only:
        print(json.dumps(measure(*arguments.only)))
        return
    print(f"{'rows':>6}{'columns':>9}" + "".join(f"{name:>10}" for name in COSTS))
    for n_rows in arguments.rows:
        found = []
        for n_columns in arguments.columns:
            found.append(in_own_process(n_rows, n_columns))
            costs = "".join(f"{found[-1][name]:10.2f}" for name in COSTS)
            print(f"{n_rows:6}{n_columns:9}{costs}", flush=True)
        for name in COSTS:
            taken = np.array([costs[name] for costs in found])
            slopes = np.diff(np.log(taken)) / np.diff(np.log(arguments.columns))
            print(f"{n_rows:6} rows, exponents of {name}: {np.round(slopes, 2)}")


def in_own_process(n_rows: int, n_columns: int) -> dict[str, float]:
    """Return what `measure` does, free of what was measured before."""
    command = [sys.executable, "-W", "ignore", __file__, "--only"]
    run = subprocess.run(
        [*command, str(n_rows), str(n_columns)],
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return dict(json.loads(run.stdout))


def measure(n_rows: int, n_columns: int) -> dict[str, float]:
    """Return the costs of one table."""
    import resource

    import keras  # noqa: F401 - its import is no cost of a fit

    from aeanomaly import AutoencoderOutlierDetector

    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_rows, n_columns)) + rng.standard_normal((n_rows, 1))
    begin = time.process_time()
    detector = AutoencoderOutlierDetector(random_state=0).fit(X)
    fitted = time.process_time()
    detector.score_samples(X)
    scored = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.aea")
        detector.save(path)
        size = path.stat().st_size
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    costs = (fitted - begin, scored - fitted, size / 1e6, peak / 1e3)
    return dict(zip(COSTS, costs, strict=True))


if __name__ == "__main__":
    main()
