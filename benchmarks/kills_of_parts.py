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
from kills import SIGNALS, orphans

from aeanomaly.cli import main as command_line
from aeanomaly.cli import score  # noqa: F401 - the runs need not import it

# A process that lost its parent ends within it, or is left.
MOST_SECONDS = 10
# Within which a run ends, or it does not.
MOST_SECONDS_OF_A_RUN = 300
EXIT_CODES = {"SIGKILL": -9, "SIGTERM": -15, "SIGINT": 130, "SIGHUP": -1}


def main() -> None:
    """Kill runs, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100, help="of each signal")
    parser.add_argument("--signals", nargs="+", default=SIGNALS, choices=SIGNALS)
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--parts", type=int, default=20)
    parser.add_argument("--rows", type=int, default=500, help="of each part")
    arguments = parser.parse_args()
    for name in SIGNALS[1:]:
        # What a background job ignores, its children would ignore as well.
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(Path(folder), arguments.parts, arguments.rows)
        print(f"{'signal':9}{'workers':>8}{'kills':>6}  outcomes")
        for n_workers in arguments.workers:
            for name in arguments.signals:
                found = kill_often(Path(folder), name, arguments.kills, n_workers)
                said = ", ".join(f"{key} {n}" for key, n in sorted(found.items()))
                print(f"{name:9}{n_workers:8}{arguments.kills:6}  {said}", flush=True)


def make_inputs(folder: Path, n_parts: int, n_rows: int) -> None:
    """Write parts and a model."""
    rng = np.random.default_rng(0)
    (folder / "parts").mkdir()
    for i in range(n_parts):
        frame = pd.DataFrame(rng.standard_normal((n_rows, 4)), columns=list("abcd"))
        frame.to_csv(folder / "parts" / f"part-{i:02d}.csv", index=False)
    small, model = folder / "small.csv", folder / "model.aea"
    frame = pd.DataFrame(rng.standard_normal((300, 4)), columns=list("abcd"))
    frame.to_csv(small, index=False)
    # Elsewhere: TensorFlow must not be in the process that is copied.
    command = [sys.executable, "-m", "aeanomaly", "fit", small, "--model", model]
    subprocess.run([*map(str, command), "--quiet"], check=True)


def kill_often(folder: Path, name: str, n_kills: int, n_workers: int) -> Counter[str]:
    """Return how often what was found."""
    chance = random.Random(f"{name} {n_workers}")
    undisturbed, output = folder / "undisturbed", folder / "scored"
    # The first imports what the others find.
    for _ in range(2):
        shutil.rmtree(undisturbed, ignore_errors=True)
        begin = time.perf_counter()
        assert Run(folder, undisturbed, n_workers).wait() == 0
        seconds = time.perf_counter() - begin
    expected = parts_of(undisturbed)
    assert len(expected) == len([*(folder / "parts").iterdir()])
    found: Counter[str] = Counter()
    for _ in range(n_kills):
        shutil.rmtree(output, ignore_errors=True)
        run = Run(folder, output, n_workers)
        time.sleep(chance.uniform(0, 1.1 * seconds))
        os.kill(run.pid, getattr(signal, name))
        look_at(output, expected, name, run, found)
        resume(folder, output, expected, n_workers, found)
    shutil.rmtree(undisturbed)
    shutil.rmtree(output)
    return found


def look_at(
    output: Path, expected: dict[str, bytes], name: str, run: Run, found: Counter[str]
) -> None:
    """Count what a killed run has left."""
    code = run.wait()
    found["processes LEFT"] += run.processes_left()
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
    found: Counter[str],
) -> None:
    """Count what is wrong after the next run."""
    run = Run(folder, output, n_workers)
    found["resumed runs that FAILED"] += run.wait() != 0
    found["resumed runs that DIFFER"] += parts_of(output) != expected
    found["files LEFT after the next run"] += len(orphans(output))
    found["processes LEFT"] += run.processes_left()


class Run:
    """A run in a copy of this process, which has imported what it needs.

    So the moments are those of the work, and few of the start.

    Parameters
    ----------
    folder, output : Path
    n_workers : int
    """

    def __init__(self, folder: Path, output: Path, n_workers: int) -> None:
        options = ["--model", folder / "model.aea", "--output", f"{output}/"]
        options += ["--workers", n_workers, "--quiet"]
        arguments = ["score", folder / "parts", *options]
        self.pid = os.fork()
        if not self.pid:
            # By its group all processes of a run are found.
            os.setpgid(0, 0)
            nowhere = os.open(os.devnull, os.O_RDWR)
            for stream in range(3):
                os.dup2(nowhere, stream)
            code = 1
            try:
                code = command_line([*map(str, arguments)])
            finally:
                os._exit(code)

    def wait(self) -> int:
        """Return the exit code, or minus the signal that ended it."""
        end = time.monotonic() + MOST_SECONDS_OF_A_RUN
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.005)
        os.killpg(self.pid, signal.SIGKILL)
        raise RuntimeError("A run did not end.")

    def processes_left(self) -> int:
        """Return how many of its processes do not end."""
        end = time.monotonic() + MOST_SECONDS
        while (alive := processes_of(self.pid)) and time.monotonic() < end:
            time.sleep(0.02)
        return len(alive)


def parts_of(output: Path) -> dict[str, bytes]:
    """Return the bytes of the parts that are there."""
    return {path.name: path.read_bytes() for path in output.glob("[!._]*.csv")}


def processes_of(group: int) -> list[str]:
    """Return the processes of a group that have not ended; Linux only."""
    alive = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            # The name, in brackets, may hold anything.
            facts = (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(facts[2]) == group and facts[0] != "Z":
            alive.append(process.name)
    return alive


if __name__ == "__main__":
    main()
