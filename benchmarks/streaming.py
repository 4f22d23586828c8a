"""Time and peak memory of ``aeanomaly score`` over ever more rows, Parquet to Parquet.

    python benchmarks/streaming.py --threads 1 [--copies 1 10]

Each line is a process of its own that scores so many copies of the card transactions in
`--folder`; memory that does not grow with the rows is the point. Beside it pandas reads
and writes the same file and does nothing else.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from peers import ours
from timing import pin_threads

_FOLDER = Path(__file__).parents[2] / "shared/data"
_NAME = "transactions_2018_q2.parquet"
_TRAINING_ROWS = 100_000
_COPY = "import sys, pandas; pandas.read_parquet(sys.argv[1]).to_parquet(sys.argv[2])"


def save_models(source: Path, folder: Path) -> dict[str, Path]:
    """Fit detectors with either score, and return their files by name."""
    import pandas as pd

    from aeanomaly import AutoencoderOutlierDetector

    ways = ("TX_AMOUNT", "TX_DURING_", "CUSTOMER_ID_", "TERMINAL_ID_")
    frame = pd.read_parquet(source)
    features = frame[[name for name in frame.columns if name.startswith(ways)]]
    detectors = {
        "the default": AutoencoderOutlierDetector(random_state=0),
        "reconstruction, 64-32-8": ours(),
    }
    models = {}
    for i, (name, detector) in enumerate(detectors.items()):
        models[name] = folder / f"{i}.aea"
        detector.fit(features.iloc[:_TRAINING_ROWS]).save(models[name])
    return models


def write_copies(source: Path, target: Path, n_copies: int) -> int:
    """Write the rows of a file several times, and return their number."""
    import pyarrow.parquet as pq

    table = pq.read_table(source)
    with pq.ParquetWriter(target, table.schema) as writer:
        for _ in range(n_copies):
            writer.write_table(table)
    return n_copies * len(table)


def apart(work: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function returns in a process of its own.

    Linux counts the memory of a process as its children's peak: it must stay small.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def measure(command: list[str]) -> tuple[float, float]:
    """Return the seconds and the peak memory, in megabytes, of a Python process."""
    start = time.perf_counter()
    process = os.posix_spawn(sys.executable, [sys.executable, *command], os.environ)
    _, status, usage = os.wait4(process, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed.")
    # Linux counts kilobytes, macOS bytes.
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return time.perf_counter() - start, usage.ru_maxrss / unit


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--copies", nargs="+", type=int, default=[1, 10])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=_FOLDER)
    options = parser.parse_args(arguments)
    source = options.folder / _NAME
    if not source.exists():
        raise SystemExit(f"There is no {source}: pass --folder.")
    pin_threads(options.threads)
    sys.stdout.write("| rows | by | seconds | rows a second | peak MB |\n")
    sys.stdout.write("| ---: | --- | ---: | ---: | ---: |\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        models = apart(save_models, source, folder)
        for n_copies in options.copies:
            compare(source, folder, n_copies, models)


def compare(source: Path, folder: Path, n_copies: int, models: dict[str, Path]) -> None:
    """Write a line of the table for each model, and for pandas."""
    table, output = folder / "rows.parquet", folder / "scored.parquet"
    n_rows = apart(write_copies, source, table, n_copies)
    score = ["-m", "aeanomaly", "score", str(table), "--output", str(output), "--quiet"]
    commands = {
        f"aeanomaly score, {name}": [*score, "--model", str(model)]
        for name, model in models.items()
    }
    commands["pandas, read and write"] = ["-c", _COPY, str(table), str(output)]
    for name, command in commands.items():
        seconds, megabytes = measure(command)
        sys.stdout.write(
            f"| {n_rows:,} | {name} | {seconds:.1f} | {n_rows / seconds:,.0f} | "
            f"{megabytes:,.0f} |\n"
        )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
