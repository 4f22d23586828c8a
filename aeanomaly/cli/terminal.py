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


def say(text: str) -> None:
    """Write lines to standard output, control characters escaped."""
    _write("stdout", f"{escape_controls(text, kept=_LINES)}\n")


def note(text: str) -> None:
    """Write a line that is not a result to standard error."""
    complain(f"note: {text}")


def complain(text: str, *, before: str = "") -> None:
    """Write a line to standard error, control characters escaped."""
    _write("stderr", f"{before}{printable(text, _LONGEST_LINE)}\n")


def _write(name: str, text: str) -> None:
    """Write to a standard stream; what it does not take does not end the work."""
    stream: Any = getattr(sys, name)
    try:
        try:
            stream.write(text)
        except UnicodeEncodeError:
            known = text.encode(stream.encoding, "backslashreplace")
            stream.write(known.decode(stream.encoding))
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
        self._enabled = enabled
        self._shown = 0.0

    def show(self, n_rows: int) -> None:
        """Show the number of rows so far, a few times a second."""
        now = time.monotonic()
        if self._enabled and now - self._shown > _PROGRESS_SECONDS:
            self._shown = now
            _write("stderr", f"\r{n_rows:,}{self._of} rows scored\x1b[K")
            sys.stderr.flush()

    def close(self) -> None:
        """Remove the line."""
        if self._shown:
            _write("stderr", "\r\x1b[K")
            sys.stderr.flush()
