"""What the commands write for people: results, and progress on a terminal."""

from __future__ import annotations

import sys
import time

_PROGRESS_SECONDS = 0.2


def say(text: str) -> None:
    """Write a line to standard output."""
    sys.stdout.write(f"{text}\n")


def note(text: str) -> None:
    """Write a line that is not a result to standard error."""
    sys.stderr.write(f"note: {text}\n")


def shows_progress(quiet: bool) -> bool:
    """Return whether somebody watches: standard error is a terminal."""
    return not quiet and sys.stderr.isatty()


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
            sys.stderr.write(f"\r{n_rows:,}{self._of} rows scored\x1b[K")
            sys.stderr.flush()

    def close(self) -> None:
        """Remove the line."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
