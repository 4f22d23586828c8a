"""What is left when runs are killed: a table of outcomes.

    python benchmarks/kills.py --kills 200

Starts ``aeanomaly score``, ``aeanomaly fit`` and a program that saves again and again,
ends each at a random moment with SIGKILL, SIGTERM, SIGINT or SIGHUP in turn, and says
what stands in the folder then: the older output, the newer one, half of one (never),
and temporary files, before and after the next run.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from aeanomaly import AutoencoderOutlierDetector, load
from aeanomaly.files import TEMPORARY_MARK

SIGNALS = ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP")
N_ROWS = 20_000
OLD = "old\n"
# Within which a signal ends a run, or it does not.
_MOST_SECONDS = 60
SAVING = """
import signal
import sys
import aeanomaly
# What a background job ignores, its children ignore as well.
for name in ("SIGTERM", "SIGINT", "SIGHUP"):
    signal.signal(getattr(signal, name), signal.SIG_DFL)
detector = aeanomaly.load(sys.argv[1])
print("saving", flush=True)
while True:
    detector.save(sys.argv[2])
"""


def main() -> None:
    """Kill runs of each command, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200, help="of each command")
    parser.add_argument(
        "--commands", nargs="+", default=["score", "fit", "save"], metavar="COMMAND"
    )
    arguments = parser.parse_args()
    for name in SIGNALS[1:]:
        # What a background job ignores, its children would ignore as well.
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(Path(folder))
        print(f"{'command':8}{'signal':9}{'kills':>6}  outcomes")
        for command in arguments.commands:
            for name, outcomes in kill_often(
                Path(folder), command, arguments.kills
            ).items():
                n = sum(v for k, v in outcomes.items() if not k.startswith("orphan"))
                said = ", ".join(f"{key} {n}" for key, n in sorted(outcomes.items()))
                print(f"{command:8}{name:9}{n:6}  {said}", flush=True)


def make_inputs(folder: Path) -> None:
    """Write a table and a model."""
    X = np.random.default_rng(0).standard_normal((N_ROWS, 4))
    pd.DataFrame(X, columns=list("abcd")).to_csv(folder / "in.csv", index=False)
    small = pd.DataFrame(X[:300], columns=list("abcd"))
    small.to_csv(folder / "small.csv", index=False)
    detector = AutoencoderOutlierDetector(max_iter=1, random_state=0).fit(small)
    detector.save(folder / "model.aea")


def kill_often(folder: Path, command: str, n_kills: int) -> dict[str, Counter[str]]:
    """Return how often what was left, for each signal."""
    chance = random.Random(0)
    output = folder / ("out.csv" if command == "score" else "out.aea")
    seconds = undisturbed_seconds(folder, command, output)
    found: dict[str, Counter[str]] = {name: Counter() for name in SIGNALS}
    for i in range(n_kills):
        name = SIGNALS[i % len(SIGNALS)]
        output.write_text(OLD)
        # What the last run left is there for this one to remove.
        left = orphans(folder)
        with start(folder, command, output) as process:
            if process.stdout:
                process.stdout.readline()
            time.sleep(chance.uniform(0, 1.1 * seconds))
            process.send_signal(getattr(signal, name))
            _await_end(process, name)
        found[name][state_of(output)] += 1
        new = orphans(folder) - left
        found[name]["orphan before the next run"] += bool(new)
    # To the end, so that what the last kill left goes as well.
    process = start(folder, "score" if command == "score" else "fit", output)
    process.wait()
    for name in SIGNALS:
        found[name]["orphan after the next run"] = len(orphans(folder))
    return found


def _await_end(process: subprocess.Popen[bytes], name: str) -> None:
    """Wait for a process to end, not for ever."""
    try:
        process.wait(timeout=_MOST_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise RuntimeError(f"{name} did not end {process.args!r}.") from None


def undisturbed_seconds(folder: Path, command: str, output: Path) -> float:
    """Return how long a run takes that nobody kills; of saving, how long it goes on."""
    if command == "save":
        return 1.0
    begin = time.perf_counter()
    start(folder, command, output).wait()
    return time.perf_counter() - begin


def start(folder: Path, command: str, output: Path) -> subprocess.Popen[bytes]:
    """Start a command."""
    table, model = folder / "in.csv", folder / "model.aea"
    module = [sys.executable, "-m", "aeanomaly"]
    arguments = {
        "score": [*module, "score", table, "--model", model, "--output", output],
        "fit": [*module, "fit", folder / "small.csv", "--model", output],
        "save": [sys.executable, "-c", SAVING, model, output],
    }[command]
    nowhere = subprocess.DEVNULL
    said = subprocess.PIPE if command == "save" else nowhere
    return subprocess.Popen(list(map(str, arguments)), stdout=said, stderr=nowhere)


def state_of(output: Path) -> str:
    """Return whether an output is the older one, a whole newer one, or half of one."""
    if not output.exists():
        return "none"
    if output.read_bytes() == OLD.encode():
        return "older"
    try:
        if output.suffix == ".aea":
            load(output)
        elif len(pd.read_csv(output)) != N_ROWS:
            return "HALF"
    except ValueError:
        return "HALF"
    return "newer"


def orphans(folder: Path) -> set[str]:
    """Return the temporary files in a folder."""
    return {path.name for path in folder.iterdir() if TEMPORARY_MARK in path.name}


if __name__ == "__main__":
    main()
