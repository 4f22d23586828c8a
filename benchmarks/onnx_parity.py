"""How near an exported model's scores are to ours, and how fast it is.

    python benchmarks/onnx_parity.py                          # all that is there
    python benchmarks/onnx_parity.py --datasets FOLDER --rows 1000
    python benchmarks/onnx_parity.py --speed                  # one core

Fits the default detector on rows of each table, writes it with ``to_onnx``, and scores
other rows with onnxruntime, all at once. Ours are scored 256 at a time and all at once.
Tables that are not there are left out, with a word.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from quality_report import markdown
from timing import pin_threads

from aeanomaly import AutoencoderOutlierDetector
from aeanomaly.onnx import graph_inputs

_SHARED = Path(__file__).parents[2] / "shared"
_FEW_ROWS = 256
_MOST_SCORED = 2_000
_TRUTHS = ["anomaly", "attack", "difficulty"]
_SPEEDS = (1, 256, 4_096)
_ROUNDS = 5


def tables(arguments: argparse.Namespace) -> Iterator[tuple[str, str, Any]]:
    """Yield the kind, the name and the rows of each table that is there."""
    folders = {
        "ADBench": arguments.datasets,
        "mixed": arguments.tables,
        "NSL-KDD": arguments.kdd,
    }
    for kind, path in folders.items():
        if not path.exists():
            print(f"{kind}: {path} is not there", file=sys.stderr)
            continue
        found = sorted(path.iterdir()) if path.is_dir() else [path]
        for file in found:
            if file.suffix in (".npz", ".parquet", ".gz"):
                yield kind, file.name.split(".")[0], read(file)


def read(path: Path) -> Any:
    """Return the rows of a file in random order, without what is known of them."""
    rng = np.random.default_rng(0)
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as arrays:
            X = arrays["X"]
        return X[rng.permutation(len(X))]
    frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
    frame = frame.drop(columns=_TRUTHS, errors="ignore")
    return frame.iloc[rng.permutation(len(frame))]


def session_of(detector: AutoencoderOutlierDetector, folder: str) -> Any:
    """Return onnxruntime's session of a detector, on one thread."""
    import onnxruntime

    path = Path(folder, "model.onnx")
    detector.to_onnx(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    providers = ["CPUExecutionProvider"]
    return onnxruntime.InferenceSession(str(path), options, providers=providers)


def in_blocks(detector: AutoencoderOutlierDetector, rows: Any) -> np.ndarray:
    """Return our scores of a few rows at a time."""
    starts = range(0, len(rows), _FEW_ROWS)
    blocks = [rows[start : start + _FEW_ROWS] for start in starts]
    return np.concatenate([detector.score_samples(block) for block in blocks])


def compare(rows: Any, n_rows: int, folder: str) -> dict[str, Any]:
    """Fit on the first rows, and return the largest differences on others."""
    n_fitted = min(n_rows, len(rows) // 2)
    detector = AutoencoderOutlierDetector(random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        detector.fit(rows[:n_fitted])
        others = rows[n_fitted : n_fitted + _MOST_SCORED]
        session, inputs = session_of(detector, folder), graph_inputs(detector, others)
        scores, labels, p_values = session.run(None, inputs)
        ours, at_once = in_blocks(detector, others), detector.score_samples(others)
        ours_p = detector.calibration_.p_values(ours)
    return {
        "rows": len(others),
        "columns": others.shape[1],
        "difference": np.abs(scores - ours).max(),
        "at once": np.abs(scores - at_once).max(),
        "labels": int((labels != np.where(ours < detector.offset_, -1, 1)).sum()),
        "p-values": np.abs(p_values - ours_p).max(),
    }


def speed(rows: Any, n_rows: int, folder: str) -> dict[str, Any]:
    """Return processor milliseconds for some rows, ours and onnxruntime's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        detector = AutoencoderOutlierDetector(random_state=0).fit(rows[:n_rows])
        session = session_of(detector, folder)
        line: dict[str, Any] = {}
        for n in _SPEEDS:
            some = (
                rows[np.arange(n) % len(rows)]
                if isinstance(rows, np.ndarray)
                else (rows.iloc[np.arange(n) % len(rows)])
            )
            inputs = graph_inputs(detector, some)
            contestants = {
                "ours": lambda some=some: detector.score_samples(some),
                "onnxruntime": lambda inputs=inputs: session.run(["score"], inputs),
            }
            for name, work in contestants.items():
                line[f"{name}, {n:,}"] = milliseconds(work)
    return line


def milliseconds(work: Any) -> float:
    """Return the least processor time of a few rounds."""
    work()
    times = []
    for _ in range(_ROUNDS):
        start = time.process_time()
        work()
        times.append(1e3 * (time.process_time() - start))
    return min(times)


def main(arguments: list[str] | None = None) -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    quality = _SHARED / "detection_quality"
    parser.add_argument("--datasets", type=Path, default=quality / "datasets")
    parser.add_argument("--tables", type=Path, default=quality / "tables")
    parser.add_argument(
        "--kdd", type=Path, default=_SHARED / "data/nsl_kdd_train_20percent.csv.gz"
    )
    parser.add_argument("--rows", type=int, default=1_000, help="to fit on")
    parser.add_argument("--only", nargs="+", help="names of tables")
    parser.add_argument("--speed", action="store_true", help="times, not differences")
    options = parser.parse_args(arguments)
    pin_threads(1)
    measure, lines = (speed if options.speed else compare), {}
    with tempfile.TemporaryDirectory() as folder:
        for kind, name, rows in tables(options):
            if options.only and name not in options.only:
                continue
            lines[f"{kind} {name}"] = measure(rows, options.rows, folder)
            print(name, lines[f"{kind} {name}"], file=sys.stderr, flush=True)
    if options.speed:
        print(markdown(pd.DataFrame(lines).T))
        return
    results = pd.DataFrame(lines).T
    print(results.to_string(float_format=lambda value: f"{value:.1e}"))
    print("\nLargest:")
    print(results.max().to_string())


if __name__ == "__main__":
    main()
