"""Interleaved timing of contestants, on pinned threads."""

from __future__ import annotations

import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
)


def _processor_seconds() -> float:
    """Return the processor time of this process and of those that it waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


# Processor time is what to compare on a machine that does other work as well.
CLOCKS = {"wall": time.perf_counter, "processor": _processor_seconds}
_chosen = [CLOCKS["wall"]]


def choose_clock(name: str) -> None:
    """Take times by one of `CLOCKS` from now on."""
    _chosen[:] = [CLOCKS[name]]


def now() -> float:
    """Return the seconds of the chosen clock."""
    return _chosen[0]()


# What the time of the matrix products alone is called among the contestants.
FLOOR = "sgemm"


@dataclass(frozen=True)
class Contest:
    """The same work done by several contestants; the first is aeanomaly.

    Parameters
    ----------
    work : str
    contestants : dict of str to callable
        Each does the work once, from scratch. What it returns counts as its seconds
        if it is a float, else all that passed count.
    goals : dict of str to float
        Least ratio of a contestant's time to the first one's.
    operations : float
        Floating point operations of the work's matrix products, if they are its floor.
    floor_goal : float
        Greatest ratio of the first one's time to that floor.
    n_rounds : int
    """

    work: str
    contestants: dict[str, Callable[[], object]]
    goals: dict[str, float] = field(default_factory=dict)
    operations: float = 0.0
    floor_goal: float = 0.0
    n_rounds: int = 3


def pin_threads(n_threads: int) -> None:
    """Start this process again with as many threads and cores for every library."""
    wanted = str(n_threads)
    if all(os.environ.get(name) == wanted for name in _THREAD_VARIABLES):
        return
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, wanted))
    os.environ.update(TF_NUM_INTEROP_THREADS=wanted, TF_CPP_MIN_LOG_LEVEL="3")
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))[:n_threads]
        os.sched_setaffinity(0, cores)
    os.execv(sys.executable, [sys.executable, *sys.argv])


def seconds(contest: Contest) -> dict[str, float]:
    """Return the median seconds of each contestant, over interleaved rounds.

    The floor, if there is one, is a contestant like the others.
    """
    contestants = dict(contest.contestants)
    if contest.operations:
        contestants[FLOOR] = lambda: contest.operations / sgemm_rate()
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(contest.n_rounds):
        for name, run in contestants.items():
            start = now()
            counted = run()
            elapsed = now() - start
            times[name].append(counted if isinstance(counted, float) else elapsed)
    return {name: statistics.median(each) for name, each in times.items()}


def repeated(run: Callable[[], object], n_calls: int) -> Callable[[], float]:
    """Return a contestant whose time is that of one of several calls in a row."""

    def contestant() -> float:
        start = now()
        for _ in range(n_calls):
            run()
        return (now() - start) / n_calls

    return contestant


def sgemm_rate(size: int = 1_536) -> float:
    """Return floating point operations a second of a large float32 product."""
    rng = np.random.default_rng(0)
    left, right = rng.standard_normal((2, size, size), dtype=np.float32)
    out = np.empty_like(left)
    return 2 * size**3 / repeated(lambda: np.matmul(left, right, out=out), 3)()
