"""What the commands write for people: results, and progress on a terminal."""

from __future__ import annotations

import shutil
import sys
import time
from typing import Any

_PROGRESS_SECONDS = 0.2
_MAX_CELL = 24


def say(text: str) -> None:
    """Write a line to standard output."""
    sys.stdout.write(f"{text}\n")


def note(text: str) -> None:
    """Write a line that is no result to standard error."""
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


def compact_table(frame: Any) -> str:
    """Return a frame as text, without the last columns that the terminal cannot show.

    Parameters
    ----------
    frame : DataFrame
        Of a few rows.
    """
    width = shutil.get_terminal_size().columns
    for n_columns in range(frame.shape[1], 0, -1):
        text = frame.iloc[:, :n_columns].to_string(
            index=False, max_colwidth=_MAX_CELL, float_format="{:.6g}".format
        )
        if n_columns == 1 or text.index("\n") <= width:
            break
    n_hidden = frame.shape[1] - n_columns
    return f"{text}\n(and {n_hidden} more columns)" if n_hidden else text
