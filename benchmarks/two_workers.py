"""How fast two workers score a folder of parts, beside one process.

    python benchmarks/two_workers.py [--copies 10] [--rounds 1] [--kill]

Copies of the card transactions in `--folder`, a Parquet file each, are scored by
`aeanomaly score` with one process, with two, and by `aeanomaly.distributed.score` on a
local Dask cluster of two processes, every process on one thread. "start" is what passes
until a cluster can work; it is counted. Dask's workers give memory back to the system
whenever it is free, which costs time; "memory kept" switches that off, as docs/scale.md
says. With ``--kill``, one of the workers is killed in the middle of another run, whose
scores must be those of the first, bit for bit.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from streaming import apart, save_models, write_parts

_FOLDER = Path(__file__).parents[2] / "shared/data"
_NAME = "transactions_2018_q2.parquet"
_MODEL = "the default"
_KEPT = "the same, memory kept"
# Variables of the C library for the workers.
_KEEP_MEMORY = {
    "MALLOC_TRIM_THRESHOLD_": str(128 * 2**20),
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
}
_KILLED_AFTER = 15  # seconds
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--copies", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=_FOLDER)
    parser.add_argument("--kill", action="store_true", help="a worker, once more")
    parser.add_argument("--brief", action="store_true", help="one process, and Dask")
    options = parser.parse_args()
    source = options.folder / _NAME
    if not source.exists():
        raise SystemExit(f"There is no {source}: pass --folder.")
    os.environ.update(dict.fromkeys(_THREADS, "1"), TF_CPP_MIN_LOG_LEVEL="3")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts, model = folder / "parts", apart(save_models, source, folder)[_MODEL]
        n_rows = apart(write_parts, source, parts, options.copies, ".parquet")
        compare(parts, model, n_rows, folder, options.rounds, brief=options.brief)
        if options.kill:
            by_dask(parts, model, folder / "killed", _KEEP_MEMORY, kill=True)
            largest = difference(folder / _KEPT, folder / "killed")
            print(f"\nWith a worker killed, the largest difference is {largest:.2g}.")


def compare(
    parts: Path,
    model: Path,
    n_rows: int,
    folder: Path,
    n_rounds: int,
    *,
    brief: bool = False,
) -> None:
    """Print a table of the contestants, which take turns."""
    contestants: dict[str, Callable[[Path], tuple[float, float, str]]] = {
        "one process": lambda output: by_command(parts, model, output, 1),
        "aeanomaly score --workers 2": lambda output: by_command(
            parts, model, output, 2
        ),
        "Dask, two workers": lambda output: by_dask(parts, model, output),
        _KEPT: lambda output: by_dask(parts, model, output, _KEEP_MEMORY),
    }
    if brief:
        contestants = {name: contestants[name] for name in ("one process", _KEPT)}
    took: dict[str, list[tuple[float, float, str]]] = {name: [] for name in contestants}
    for _ in range(n_rounds):
        for name, run in contestants.items():
            shutil.rmtree(folder / name, ignore_errors=True)
            took[name].append(run(folder / name))
    print(f"{n_rows:,} rows in {len(list(parts.iterdir()))} files of Parquet\n")
    print(
        "| by | seconds | of which start | times as fast | peak MB of a process | "
        "largest difference of a score |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    one = statistics.median(seconds for seconds, _, _ in took["one process"])
    for name, each in took.items():
        seconds = statistics.median(run[0] for run in each)
        start = statistics.median(run[1] for run in each)
        print(
            f"| {name} | {seconds:.1f} | {start:.1f} | {one / seconds:.2f} | "
            f"{each[-1][2]} | {difference(folder / 'one process', folder / name):.2g} |"
        )


def by_command(
    parts: Path, model: Path, output: Path, n_workers: int
) -> tuple[float, float, str]:
    """Return the seconds of `aeanomaly score`, those of its start, and its peaks."""
    command = [sys.executable, "-m", "aeanomaly", "score", str(parts)]
    command += ["--model", str(model), "--output", f"{output}/"]
    command += ["--workers", str(n_workers), "--quiet"]
    start = time.perf_counter()
    process = subprocess.Popen(command)
    watch = Peaks(process.pid)
    if process.wait():
        raise SystemExit("aeanomaly score failed.")
    return time.perf_counter() - start, 0.0, watch.end()


def by_dask(
    parts: Path,
    model: Path,
    output: Path,
    variables: Mapping[str, str] = MappingProxyType({}),
    *,
    kill: bool = False,
) -> tuple[float, float, str]:
    """Return the seconds of a Dask cluster of two, those of its start, and peaks."""
    import dask.dataframe as dd
    from dask.distributed import Client, LocalCluster

    from aeanomaly import distributed, scoring

    begin = time.perf_counter()
    for name in _KEEP_MEMORY:
        os.environ.pop(name, None)
    os.environ.update(variables)
    with (
        LocalCluster(2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        start = time.perf_counter() - begin
        watch = Peaks(os.getpid())
        detector = scoring.load(model)
        frame = dd.read_parquet(parts)
        scored = distributed.score(frame[[*detector.feature_names_in_]], detector)
        if kill:
            victim = next(iter(client.run(os.getpid).values()))
            threading.Timer(_KILLED_AFTER, os.kill, (victim, signal.SIGKILL)).start()
        # As the command writes it: with all columns.
        frame.assign(**{name: scored[name] for name in scored}).to_parquet(output)
    return time.perf_counter() - begin, start, watch.end()


class Peaks:
    """Looks at the memory of a process's children, and theirs, while they run.

    Parameters
    ----------
    parent : int
    """

    def __init__(self, parent: int) -> None:
        self.parent = parent
        self.greatest: dict[int, int] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> str:
        """Return the peaks in megabytes, as text."""
        self._over.set()
        self._thread.join()
        large = sorted(self.greatest.values())[-2:]
        return " and ".join(f"{kilobytes / 1e3:,.0f}" for kilobytes in large)

    def _look(self) -> None:
        import psutil

        while not self._over.wait(0.2):
            family = psutil.Process(self.parent)
            for process in [family, *family.children(recursive=True)]:
                if process.pid != os.getpid():
                    self._note(process.pid)

    def _note(self, pid: int) -> None:
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return
        for line in status.splitlines():
            if line.startswith("VmHWM"):
                self.greatest[pid] = int(line.split()[1])


def difference(expected: Path, found: Path) -> float:
    """Return the largest difference between the scores in two folders."""
    return float(np.abs(scores_in(expected) - scores_in(found)).max())


def scores_in(folder: Path) -> Any:
    """Return the scores of all parts, in order."""
    import pandas as pd

    files = sorted(folder.glob("[!._]*.parquet"), key=lambda path: order_of(path.stem))
    return np.concatenate([pd.read_parquet(path)["score"].to_numpy() for path in files])


def order_of(name: str) -> int:
    """Return the number in a part's name."""
    return int("".join(letter for letter in name if letter.isdigit()))


if __name__ == "__main__":
    main()
