"""What a run over a folder says: a line of progress, and parts in words."""

from __future__ import annotations

from ..terminal import LiveLine, Pace
from .inputs import Part


class PartsProgress:
    """Counts parts and rows on one line of a terminal.

    Parameters
    ----------
    parts : list of Part
        Those that are scored.
    enabled : bool
    """

    def __init__(self, parts: list[Part], enabled: bool) -> None:
        self._line = LiveLine(enabled)
        self._sizes = {part.name: _size(part) for part in parts}
        self._pace = Pace(sum(self._sizes.values()))
        self._rows: dict[str, int] = {}
        self._n_done = self._done_bytes = self._done_rows = 0

    def rows(self, part: Part, n_rows: int) -> None:
        """Show the number of rows of a part so far, a few times a second."""
        self._rows[part.name] = n_rows
        if self._line.is_due():
            self._line.show(self._words())

    def done(self, part: Part) -> None:
        """Count a part that has ended."""
        self._n_done += 1
        self._done_bytes += self._sizes[part.name]
        self._done_rows += self._rows.pop(part.name, 0)

    def close(self) -> None:
        """Remove the line."""
        self._line.close()

    def _words(self) -> str:
        n_rows = self._done_rows + sum(self._rows.values())
        text = f"{self._n_done:,} of {len(self._sizes):,} parts, {n_rows:,} rows scored"
        text += self._pace.rate(n_rows)
        if not self._done_rows:
            # Before the first part has ended nobody knows how long rows are.
            return text
        row_bytes = self._done_bytes / self._done_rows
        under_way = sum(
            min(self._sizes[name], n * row_bytes) for name, n in self._rows.items()
        )
        return text + self._pace.left(self._done_bytes + under_way)


def _size(part: Part) -> int:
    try:
        return part.source.stat().st_size
    except OSError:
        return 0


def names_in_words(names: list[str], shown: int = 3) -> str:
    """Return some names, and how many more there are.

    Examples
    --------
    >>> names_in_words(["a.csv", "b.csv"]), names_in_words(["a", "b", "c", "d", "e"])
    ('a.csv, b.csv', 'a, b, c and 2 more')
    """
    more = len(names) - shown
    listed = ", ".join(names[:shown])
    return listed if more <= 0 else f"{listed} and {more:,} more"


def n_parts(n: int) -> str:
    """Return a number of parts in words."""
    return f"{n:,} part" if n == 1 else f"{n:,} parts"
