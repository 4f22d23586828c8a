"""What the commands write for people: results, and progress on a terminal."""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Any, NoReturn

from ..printable import escape_controls, printable

_PROGRESS_SECONDS = 0.2
# What a command exits with whose work is done, but of which standard output or error
# did not take all that was said.
UNHEARD = 3

# Streams that took no more, because nobody reads them or their disk is full.
_deaf: set[str] = set()
# What stays of what a terminal obeys: the end of a line.
_LINES = "\n"
# Characters of a line to standard error: it may repeat what a file holds.
_LONGEST_LINE = 10_000


class Parser(argparse.ArgumentParser):
    """A parser that shows no control characters, and tells whether it was heard."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and exit."""
        super().error(escape_controls(message))

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """Exit; after help or version that standard output did not take, with 3."""
        if message:
            self._print_message(message, sys.stderr)
        heard = everything_was_heard()
        super().exit(status if status or heard else UNHEARD)

    def _print_message(self, message: str, file: Any = None) -> None:
        # argparse does not tell when a stream takes nothing.
        _write("stderr" if file is sys.stderr else "stdout", message)


def say(text: str, *, flush: bool = False) -> None:
    """Write lines to standard output, control characters escaped."""
    _write("stdout", f"{escape_controls(text, kept=_LINES)}\n", flush)


def note(text: str) -> None:
    """Write a line that is not a result to standard error."""
    complain(f"note: {text}")


def complain(text: str, *, before: str = "") -> None:
    """Write a line to standard error, control characters escaped."""
    _write("stderr", f"{before}{printable(text, _LONGEST_LINE)}\n")


def _write(name: str, text: str, flush: bool = False) -> None:
    """Write to a standard stream; what it does not take does not end the work."""
    stream: Any = getattr(sys, name)
    try:
        try:
            stream.write(text)
        except UnicodeEncodeError:
            known = text.encode(stream.encoding, "backslashreplace")
            stream.write(known.decode(stream.encoding))
        if flush:
            stream.flush()
    except (OSError, ValueError, AttributeError):
        # A stream that was closed before the start is None.
        _deaf.add(name)


def everything_was_heard() -> bool:
    """Flush the standard streams; return whether they took all that was written."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            _deaf.add(name)
            # What is left in the buffer must not fail again when Python exits.
            _send_to_nowhere(stream)
    heard = not _deaf
    _deaf.clear()
    return heard


def _send_to_nowhere(stream: Any) -> None:
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        # A stream of a test, or closed by the program: it has no file.
        return


def shows_progress(quiet: bool) -> bool:
    """Return whether somebody watches: standard error is a terminal."""
    return not quiet and sys.stderr is not None and sys.stderr.isatty()


class LiveLine:
    """One line of a terminal that is written over, a few times a second.

    Parameters
    ----------
    enabled : bool
    """

    def __init__(self, enabled: bool) -> None:
        self._enabled = enabled
        self._shown = 0.0

    def is_due(self) -> bool:
        """Return whether somebody watches, and the line is old enough."""
        return self._enabled and time.monotonic() - self._shown > _PROGRESS_SECONDS

    def show(self, text: str) -> None:
        """Write the line."""
        self._shown = time.monotonic()
        _write("stderr", f"\r{text}\x1b[K")
        sys.stderr.flush()

    def close(self) -> None:
        """Remove the line."""
        if self._shown:
            _write("stderr", "\r\x1b[K")
            sys.stderr.flush()


class Pace:
    """How fast work goes, and when it will be done.

    Parameters
    ----------
    total : float or None
        All of the work, if it is known.
    """

    def __init__(self, total: float | None) -> None:
        self._total = total
        self._start = time.monotonic()

    def rate(self, n_rows: int) -> str:
        """Return how many rows a second there were, as the end of a line."""
        seconds = time.monotonic() - self._start
        return f", {n_rows / seconds:,.0f} a second" if seconds else ""

    def left(self, done: float) -> str:
        """Return how long the rest will take, as the end of a line."""
        if not self._total or not done:
            return ""
        seconds = time.monotonic() - self._start
        return f", {in_time(seconds * max(0.0, self._total / done - 1))} left"


def in_time(seconds: float) -> str:
    """Return a time in words.

    Examples
    --------
    >>> in_time(7.2), in_time(80), in_time(7_500)
    ('7 s', '1 min 20 s', '2 h 5 min')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, more = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {more} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


class RowProgress:
    """Counts rows on one line of a terminal.

    Parameters
    ----------
    total : int or None
        Number of rows, if it is known.
    enabled : bool
    """

    def __init__(self, total: int | None, enabled: bool) -> None:
        self._of = f" of {total:,}" if total else ""
        self._line = LiveLine(enabled)
        self._pace = Pace(total)

    def show(self, n_rows: int) -> None:
        """Show the number of rows so far, a few times a second."""
        if self._line.is_due():
            pace = self._pace.rate(n_rows) + self._pace.left(n_rows)
            self._line.show(f"{n_rows:,}{self._of} rows scored{pace}")

    def close(self) -> None:
        """Remove the line."""
        self._line.close()
