"""Rows of a text file, which are divided into fields when somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from itertools import compress
from typing import cast


class TextRows:
    r"""Rows of a text file.

    Parameters
    ----------
    rows : list of str or list of list of str
        Lines with their ends, or fields.
    sep : str or None, default=None
        What divides lines into fields, each occurrence of it; None for fields.

    Examples
    --------
    >>> rows = TextRows(["1,a\n", "2,b\n"], ",")
    >>> len(rows), rows.fields, rows.column(1)
    (2, [['1', 'a'], ['2', 'b']], ['a', 'b'])
    """

    def __init__(
        self, rows: list[str] | list[list[str]], sep: str | None = None
    ) -> None:
        self._rows = rows
        self.sep = sep

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def lines(self) -> Iterable[str]:
        """The rows as lines without their ends, where `sep` is not None."""
        return (line.rstrip("\r\n") for line in cast(list[str], self._rows))

    @cached_property
    def fields(self) -> list[list[str]]:
        """The fields of each row."""
        if self.sep is None:
            return cast(list[list[str]], self._rows)
        return [line.split(self.sep) for line in self.lines]

    def column(self, position: int) -> list[str]:
        """Return the fields of a column."""
        if self.sep is None or "fields" in self.__dict__:
            return [row[position] for row in self.fields]
        # Not those after it.
        return [line.split(self.sep, position + 1)[position] for line in self.lines]

    def last(self, n_rows: int) -> list[list[str]]:
        """Return the fields of the last rows."""
        return TextRows(cast(list[str], self._rows)[-n_rows:], self.sep).fields

    def select(self, chosen: Iterable[bool]) -> TextRows:
        """Return the rows where a mask holds."""
        rows = cast(list[str], self._rows)
        return TextRows(list(compress(rows, chosen)), self.sep)

    def in_order(self, positions: list[int]) -> TextRows:
        """Return the rows with their fields in another order."""
        return TextRows([[row[i] for i in positions] for row in self.fields])
