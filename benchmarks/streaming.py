"""Time and peak memory of ``aeanomaly score`` and ``fit`` over ever more rows.

    python benchmarks/streaming.py --threads 1 [--copies 1 10]      # score
    python benchmarks/streaming.py --threads 1 --fit [--copies 1 10]
    python benchmarks/streaming.py --threads 1 --quality [--seeds 3]

Each line is a process of its own that scores, or fits, so many copies of the card
transactions in `--folder`; memory that does not grow with the rows is the point. Beside
scoring, pandas reads and writes the same file and does nothing else. "quality" compares
a detector that was fitted to a stream of ten copies with ones that were fitted to as
many rows in memory, on the last quarter of the time.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from peers import ours
from timing import pin_threads

_FOLDER = Path(__file__).parents[2] / "shared/data"
_NAME = "transactions_2018_q2.parquet"
_TRAINING_ROWS = 100_000
# Columns that are features.
_WAYS = ("TX_AMOUNT", "TX_DURING_", "CUSTOMER_ID_", "TERMINAL_ID_")
_STREAMED, _IN_MEMORY = "a stream of ten copies", "100,000 rows in memory"
_COPY = "import sys, pandas; pandas.read_parquet(sys.argv[1]).to_parquet(sys.argv[2])"


def save_models(source: Path, folder: Path) -> dict[str, Path]:
    """Fit detectors with either score, and return their files by name."""
    import pandas as pd

    from aeanomaly import AutoencoderOutlierDetector

    frame = pd.read_parquet(source)
    features = frame[[name for name in frame.columns if name.startswith(_WAYS)]]
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


class Measured(NamedTuple):
    """Seconds, those of processor time, and peak megabytes of a process."""

    seconds: float
    processor: float
    megabytes: float


def measure(command: list[str]) -> Measured:
    """Return what a Python process took."""
    start = time.perf_counter()
    process = os.posix_spawn(sys.executable, [sys.executable, *command], os.environ)
    _, status, usage = os.wait4(process, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed.")
    # Linux counts kilobytes, macOS bytes.
    unit = 1e6 if sys.platform == "darwin" else 1e3
    processor = usage.ru_utime + usage.ru_stime
    return Measured(time.perf_counter() - start, processor, usage.ru_maxrss / unit)


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--copies", nargs="+", type=int, default=[1, 10])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=_FOLDER)
    parser.add_argument("--fit", action="store_true", help="fit, and do not score")
    parser.add_argument("--quality", action="store_true", help="of streamed fits")
    parser.add_argument("--seeds", type=int, default=3, help="of --quality")
    options = parser.parse_args(arguments)
    source = options.folder / _NAME
    if not source.exists():
        raise SystemExit(f"There is no {source}: pass --folder.")
    pin_threads(options.threads)
    if options.fit or options.quality:
        with tempfile.TemporaryDirectory() as name:
            if options.fit:
                measure_fits(source, Path(name), options.copies)
            if options.quality:
                measure_quality(source, options.seeds)
        return
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
        seconds, _, megabytes = measure(command)
        sys.stdout.write(
            f"| {n_rows:,} | {name} | {seconds:.1f} | {n_rows / seconds:,.0f} | "
            f"{megabytes:,.0f} |\n"
        )
        sys.stdout.flush()


def write_parts(source: Path, folder: Path, n_copies: int, ending: str) -> int:
    """Write the rows of a file into several files, and return their number."""
    import pyarrow.csv
    import pyarrow.parquet as pq

    table = pq.read_table(source)
    folder.mkdir()
    for i in range(n_copies):
        path = folder / f"{i:03}{ending}"
        if ending == ".csv":
            pyarrow.csv.write_csv(table, path)
        else:
            pq.write_table(table, path)
    return n_copies * len(table)


def measure_fits(source: Path, folder: Path, copies: list[int]) -> None:
    """Write a line of a table for each number of copies and each format."""
    sys.stdout.write("| rows | of | seconds | processor seconds | peak MB |\n")
    sys.stdout.write("| ---: | --- | ---: | ---: | ---: |\n")
    keep = ["--keep", ",".join(f"{start}*" for start in _WAYS)]
    for n_copies in copies:
        for ending in (".parquet", ".csv"):
            parts = folder / f"{n_copies}{ending}"
            n_rows = apart(write_parts, source, parts, n_copies, ending)
            fit = ["-m", "aeanomaly", "fit", str(parts), *keep, "--quiet"]
            took = measure([*fit, "--model", str(folder / "model.aea")])
            shutil.rmtree(parts)
            sys.stdout.write(
                f"| {n_rows:,} | {ending[1:]} | {took.seconds:.0f} | "
                f"{took.processor:.0f} | {took.megabytes:,.0f} |\n"
            )
            sys.stdout.flush()


def measure_quality(source: Path, n_seeds: int) -> None:
    """Write how well detectors find fraud in the last quarter of the time."""
    import pandas as pd
    from sklearn.metrics import average_precision_score, roc_auc_score

    from aeanomaly import AutoencoderOutlierDetector

    frame = pd.read_parquet(source)
    names = [name for name in frame.columns if name.startswith(_WAYS)]
    cut = len(frame) * 3 // 4
    earlier, later = frame[names][:cut], frame[names][cut:]
    is_fraud = frame["TX_FRAUD"].iloc[cut:]
    sys.stdout.write("| fitted to | seed | AUROC | AP |\n")
    sys.stdout.write("| --- | ---: | ---: | ---: |\n")
    found: dict[str, list[tuple[float, float]]] = {_STREAMED: [], _IN_MEMORY: []}
    for seed in range(n_seeds):
        for how in found:
            detector = AutoencoderOutlierDetector(random_state=seed)
            if how == _STREAMED:
                detector.fit_stream(earlier for _ in range(10))
            else:
                detector.fit(earlier.sample(_TRAINING_ROWS, random_state=seed))
            scores = -detector.score_samples(later)
            auroc = 100 * roc_auc_score(is_fraud, scores)
            precision = 100 * average_precision_score(is_fraud, scores)
            found[how].append((auroc, precision))
            sys.stdout.write(f"| {how} | {seed} | {auroc:.2f} | {precision:.2f} |\n")
            sys.stdout.flush()
    for how, each in found.items():
        auroc, precision = np.mean(each, axis=0)
        sys.stdout.write(f"| {how} | mean | {auroc:.2f} | {precision:.2f} |\n")


if __name__ == "__main__":
    main()
