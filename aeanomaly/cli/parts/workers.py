"""Processes that score parts, none of which outlives the run."""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from types import FrameType
from typing import Any

from ..threads import one_thread_in_children
from .inputs import Part
from .scoring import Job, Outcome, attempt

# How often the run looks whether it was told to end.
_POLL_SECONDS = 0.1
# How often a worker says how far it is.
_TELL_SECONDS = 0.2
# How long a worker that was told to end may take to remove what it was writing.
_GRACE_SECONDS = 5.0
# A worker that is killed takes its part with it; it may have been the worker's fault.
_MOST_ATTEMPTS = 2

_ENDING_SIGNALS = [
    getattr(signal, name)
    for name in ("SIGTERM", "SIGINT", "SIGHUP")
    if hasattr(signal, name)
]


class SignalReceived(BaseException):
    """A signal is to end this process, and all is ready for that.

    Parameters
    ----------
    number : int
    """

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(number)


def score_here(
    parts: Iterable[Part], job: Job, tell: Callable[[Part, int], None]
) -> Iterator[Outcome]:
    """Score parts in this process, one after another."""
    for part in parts:
        yield attempt(part, job, functools.partial(tell, part))


def score_in_workers(
    parts: Iterable[Part], job: Job, tell: Callable[[Part, int], None], n_workers: int
) -> Iterator[Outcome]:
    """Score parts in processes, and yield what has become of each as it ends.

    Parameters
    ----------
    parts : iterable of Part
    job : Job
    tell : callable
        Told of a part and the number of its rows so far.
    n_workers : int

    Raises
    ------
    SignalReceived
        If a signal is to end this process; the workers have ended then.
    """
    waiting = deque((part, 1) for part in parts)
    workers: list[_Worker] = []
    with _signals_as_numbers() as received:
        try:
            while not received and (waiting or any(w.part for w in workers)):
                _give_work(waiting, workers, job, n_workers)
                yield from _heard(waiting, workers, tell)
        finally:
            _end(workers)
    if received:
        raise SignalReceived(received[0])


def _give_work(
    waiting: deque[tuple[Part, int]], workers: list[_Worker], job: Job, n_workers: int
) -> None:
    while waiting:
        idle = next((worker for worker in workers if worker.part is None), None)
        if idle is None:
            if len(workers) == n_workers:
                return
            idle = _Worker(job)
            workers.append(idle)
        idle.take(*waiting.popleft())


def _heard(
    waiting: deque[tuple[Part, int]],
    workers: list[_Worker],
    tell: Callable[[Part, int], None],
) -> Iterator[Outcome]:
    """Wait a moment, and yield what has ended."""
    by_connection: dict[Any, _Worker] = {w.connection: w for w in workers if w.part}
    for connection in wait(list(by_connection), _POLL_SECONDS):
        worker = by_connection[connection]
        assert worker.part is not None
        try:
            message = worker.connection.recv()
        except (EOFError, OSError):
            workers.remove(worker)
            code = worker.await_end()
            if worker.n_attempts < _MOST_ATTEMPTS:
                waiting.appendleft((worker.part, worker.n_attempts + 1))
            else:
                yield Outcome(worker.part, worker.seconds(), error=_died(code))
            continue
        if isinstance(message, Outcome):
            worker.part = None
            yield message
        else:
            tell(worker.part, message)


def _died(code: int | None) -> str:
    how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
    return (
        f"The process that scored it ended twice ({how}), as it does where memory is "
        f"short. Pass fewer --workers, or divide the part."
    )


class _Worker:
    """A process, and the part that it is scoring.

    Parameters
    ----------
    job : Job
    """

    def __init__(self, job: Job) -> None:
        self.part: Part | None = None
        self.n_attempts = 0
        self._start = 0.0
        context = multiprocessing.get_context("spawn")
        self.connection, other = context.Pipe()
        self._process = context.Process(target=_work, args=(other, job), daemon=True)
        with _no_interrupts(), one_thread_in_children():
            self._process.start()
        # Or the end of the process would not be the end of the pipe.
        other.close()

    def take(self, part: Part, n_attempts: int) -> None:
        """Score a part."""
        self.part, self.n_attempts = part, n_attempts
        self._start = time.perf_counter()
        # If it has ended, reading says so.
        with contextlib.suppress(OSError):
            self.connection.send(part)

    def seconds(self) -> float:
        """Return how long it has been at its part."""
        return time.perf_counter() - self._start

    def await_end(self) -> int | None:
        """Wait for the process to end; return its exit code, or minus a signal."""
        self._process.join(_GRACE_SECONDS)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
        self.connection.close()
        return self._process.exitcode

    def terminate(self) -> None:
        """Tell the process to end."""
        if self.part is None:
            # It waits for work, and sees that none will come.
            self.connection.close()
        else:
            self._process.terminate()


def _end(workers: list[_Worker]) -> None:
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.await_end()


def _work(connection: Connection, job: Job) -> None:
    """Score the parts that come through a pipe, as long as the run lives."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    while True:
        try:
            part = connection.recv()
        except EOFError:
            return
        connection.send(attempt(part, job, _sender(connection)))


def _sender(connection: Connection) -> Callable[[int], None]:
    sent = 0.0

    def tell(n_rows: int) -> None:
        nonlocal sent
        if time.monotonic() - sent > _TELL_SECONDS:
            sent = time.monotonic()
            connection.send(n_rows)

    return tell


def _end_with_parent() -> None:
    """End this process when the one that started it has ended, however that was."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    # The handler of this signal removes what is half written.
    os.kill(os.getpid(), signal.SIGTERM)


@contextlib.contextmanager
def _no_interrupts() -> Iterator[None]:
    """Start processes that do not hear Ctrl+C, which a terminal sends to all."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    older = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, older)


@contextlib.contextmanager
def _signals_as_numbers() -> Iterator[list[int]]:
    """Collect the signals that would end this process; do no more about them.

    So none of them comes between the start of a worker and the knowledge of it. What
    the program ignores, or handles itself, stays as it is.
    """
    received: list[int] = []

    def take(number: int, frame: FrameType | None) -> None:
        received.append(number)

    older = {}
    if threading.current_thread() is threading.main_thread():
        for number in _ENDING_SIGNALS:
            handler = signal.getsignal(number)
            if handler in (signal.SIG_DFL, signal.default_int_handler):
                older[number] = handler
                signal.signal(number, take)
    try:
        yield received
    finally:
        for number, handler in older.items():
            signal.signal(number, handler)


def end_by(number: int) -> None:
    """End this process as a signal does by default."""
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    # Process 1, as in a container, survives the default effect.
    raise SystemExit(128 + number)
