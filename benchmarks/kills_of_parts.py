"""What is left when a run of `aeanomaly score` over a folder is killed, and resumed.

    python benchmarks/kills_of_parts.py --kills 100

Scores a folder of 20 parts, ends the run at a random moment with SIGKILL, SIGTERM,
SIGINT or SIGHUP in turn, with one process and with two, and looks at the folder: every
part that is there must be whole. The next run goes on; its parts must equal those of a
run that nobody disturbed, byte by byte, and no file or process may be left.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from kills import SIGNALS, await_end, orphans

from aeanomaly import AutoencoderOutlierDetector

N_PARTS, N_ROWS = 20, 500
# Inherited by all processes of a run, so that none is overlooked.
MARK = "AEANOMALY_KILLED_RUN"
# A process that lost its parent ends within it, or is left.
MOST_SECONDS = 10
EXIT_CODES = {"SIGKILL": -9, "SIGTERM": -15, "SIGINT": 130, "SIGHUP": -1}


def main() -> None:
    """Kill runs, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100, help="of each signal")
    parser.add_argument("--signals", nargs="+", default=SIGNALS, choices=SIGNALS)
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2])
    arguments = parser.parse_args()
    for name in SIGNALS[1:]:
        # What a background job ignores, its children would ignore as well.
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(Path(folder))
        print(f"{'signal':9}{'workers':>8}{'kills':>6}  outcomes")
        for n_workers in arguments.workers:
            for name in arguments.signals:
                found = kill_often(Path(folder), name, arguments.kills, n_workers)
                said = ", ".join(f"{key} {n}" for key, n in sorted(found.items()))
                print(f"{name:9}{n_workers:8}{arguments.kills:6}  {said}", flush=True)


def make_inputs(folder: Path) -> None:
    """Write parts and a model."""
    rng = np.random.default_rng(0)
    (folder / "parts").mkdir()
    for i in range(N_PARTS):
        X = rng.standard_normal((N_ROWS, 4))
        frame = pd.DataFrame(X, columns=list("abcd"))
        frame.to_csv(folder / "parts" / f"part-{i:02d}.csv", index=False)
    small = pd.DataFrame(rng.standard_normal((300, 4)), columns=list("abcd"))
    detector = AutoencoderOutlierDetector(max_iter=1, random_state=0).fit(small)
    detector.save(folder / "model.aea")


def kill_often(folder: Path, name: str, n_kills: int, n_workers: int) -> Counter[str]:
    """Return how often what was found."""
    chance = random.Random(f"{name} {n_workers}")
    undisturbed, output = folder / "undisturbed", folder / "scored"
    begin = time.perf_counter()
    start(folder, undisturbed, n_workers, "").wait()
    seconds = time.perf_counter() - begin
    expected = parts_of(undisturbed)
    assert len(expected) == N_PARTS
    found: Counter[str] = Counter()
    for i in range(n_kills):
        shutil.rmtree(output, ignore_errors=True)
        mark = f"{name}-{n_workers}-{i}"
        with start(folder, output, n_workers, mark) as process:
            time.sleep(chance.uniform(0, 1.1 * seconds))
            process.send_signal(getattr(signal, name))
            await_end(process, name)
        look_at(output, expected, name, process.returncode, mark, found)
        resume(folder, output, expected, n_workers, mark, found)
    shutil.rmtree(undisturbed)
    shutil.rmtree(output)
    return found


def look_at(
    output: Path,
    expected: dict[str, bytes],
    name: str,
    code: int,
    mark: str,
    found: Counter[str],
) -> None:
    """Count what a killed run has left."""
    found["processes LEFT"] += processes_left(mark)
    there = parts_of(output)
    found["parts done before the kill"] += len(there)
    found["parts HALF"] += sum(there[part] != expected[part] for part in there)
    found["killed before the end"] += len(there) < len(expected)
    left = orphans(output) if output.is_dir() else set()
    found["runs that left a temporary file"] += bool(left)
    # A run that was over, or had not begun to look, ends as Python does.
    if code not in (0, EXIT_CODES[name], -int(getattr(signal, name))):
        found[f"exit code {code}"] += 1


def resume(
    folder: Path,
    output: Path,
    expected: dict[str, bytes],
    n_workers: int,
    mark: str,
    found: Counter[str],
) -> None:
    """Count what is wrong after the next run."""
    code = start(folder, output, n_workers, mark).wait()
    found["resumed runs that FAILED"] += code != 0
    found["resumed runs that DIFFER"] += parts_of(output) != expected
    found["files LEFT after the next run"] += len(orphans(output))
    found["processes LEFT"] += processes_left(mark)


def start(
    folder: Path, output: Path, n_workers: int, mark: str
) -> subprocess.Popen[bytes]:
    """Start a run."""
    command = [sys.executable, "-m", "aeanomaly", "score", folder / "parts"]
    command += ["--model", folder / "model.aea", "--output", f"{output}/"]
    command += ["--workers", n_workers, "--quiet"]
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(
        [*map(str, command)],
        env={**os.environ, MARK: mark},
        stdout=nowhere,
        stderr=nowhere,
    )


def parts_of(output: Path) -> dict[str, bytes]:
    """Return the bytes of the parts that are there."""
    return {path.name: path.read_bytes() for path in output.glob("[!._]*.csv")}


def processes_left(mark: str) -> int:
    """Return how many processes of a run do not end."""
    end = time.monotonic() + MOST_SECONDS
    while (alive := processes_of(mark)) and time.monotonic() < end:
        time.sleep(0.05)
    return len(alive)


def processes_of(mark: str) -> list[str]:
    """Return the processes that inherited a mark; Linux only."""
    wanted = f"{MARK}={mark}".encode()
    alive = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (process / "environ").read_bytes().split(b"\0"):
                alive.append(process.name)
        except OSError:
            continue
    return alive


if __name__ == "__main__":
    main()
