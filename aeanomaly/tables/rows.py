"""The rows of a text file, without what is not a row of the table."""

from __future__ import annotations

import csv
import io
import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from ..exceptions import TableError
from .dialect import Dialect

# What is dropped, and how it is counted in words.
EMPTY, REPEATED, COMMENT = "empty row", "repeated header", "comment line"


class RowReader:
    """Reads rows, and drops empty ones, comments and repeated headers.

    Parameters
    ----------
    lines : iterable of str
        All lines of the file, with their ends.
    dialect : Dialect
    name : str
        What errors call the file.
    strict : bool, default=False
        Whether what would be dropped is an error.

    Attributes
    ----------
    dropped : Counter
        How many lines were dropped, by what they are.
    """

    def __init__(
        self, lines: Iterable[str], dialect: Dialect, name: str, strict: bool = False
    ) -> None:
        self._strict = strict
        self._dialect = dialect
        self._name = name
        self._raw: list[str] = []
        self._altered = False
        self.dropped: Counter[str] = Counter()
        body = itertools.islice(lines, dialect.skipped, None)
        self._reader = csv_reader(self._remembered(body), dialect.sep)
        if dialect.header:
            # A row, not a line: names may hold line breaks.
            next(self._reader, None)
        self._line = 0

    def _remembered(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            self._raw.append(line)
            yield line

    def take(self, n_rows: int) -> tuple[list[list[str]], str]:
        """Return the next rows, and text of them that pandas reads alike.

        Parameters
        ----------
        n_rows : int

        Returns
        -------
        rows : list of list of str
            Fewer where the file ends.
        text : str
            As the file has it, if all its lines are rows as they stand.
        """
        while True:
            self._raw, self._line = [], self._reader.line_num
            rows = list(itertools.islice(self._reader, n_rows))
            if not rows:
                return [], ""
            self._altered = self._dialect.sep == " "
            if not self._are_plain(rows):
                # Again, row by row; a batch of which nothing stays is not the end.
                lines = csv_reader(self._raw, self._dialect.sep)
                rows = list(self._iter_rows(lines))
            if rows:
                return rows, self._text_of(rows)

    def _text_of(self, rows: list[list[str]]) -> str:
        if not self._altered:
            return "".join(self._raw)
        buffer = io.StringIO()
        csv.writer(buffer, delimiter=self._dialect.sep).writerows(rows)
        return buffer.getvalue()

    def _are_plain(self, rows: list[list[str]]) -> bool:
        """Return whether all rows are some, told without a look at each by itself."""
        firsts = [row[0] for row in rows if row]
        return (
            self._dialect.sep != " "
            and set(map(len, rows)) == {self._dialect.width}
            and all(firsts)
            and not any(map(str.isspace, firsts))
            and (not self._dialect.header or self._dialect.header[0] not in firsts)
        )

    def _iter_rows(self, reader: Any) -> Iterator[list[str]]:
        width = self._dialect.width
        header = list(self._dialect.header)
        first = header[0] if header else None
        blanks = self._dialect.sep == " "
        start = self._line
        for row in reader:
            self._line = start + reader.line_num
            if len(row) == width and not (blanks and row[0].startswith("#")):
                if row[0] == first and row == header:
                    self._drop(REPEATED)
                elif row[0].strip() or row == [""] or "".join(row).strip():
                    # One column: "" in quotes is a missing value, a blank line is not.
                    yield row
                else:
                    self._drop(EMPTY)
            elif not "".join(row).strip():
                self._drop(EMPTY)
            elif len(row) == width + 1 and not row[-1]:
                self._altered = True
                if row[:-1] == header:
                    self._drop(REPEATED)
                else:
                    yield row[:-1]
            elif row[0].startswith("#"):
                self._drop(COMMENT)
            else:
                raise self._wrong_width(len(row))

    def _drop(self, kind: str) -> None:
        if self._strict:
            line = self._dialect.skipped + self._line
            raise TableError(
                f"{self._name} holds one {kind} in line {line}, which would be "
                f"dropped. Remove it, or leave --strict out."
            )
        self._altered = True
        self.dropped[kind] += 1

    def _wrong_width(self, n_fields: int) -> TableError:
        line = self._dialect.skipped + self._line
        where = "its header" if self._dialect.header else "most lines"
        return TableError(
            f"{self._name} has {n_fields} fields in line {line}, but "
            f"{self._dialect.width} in {where}. Correct the line, or write the file "
            f"again if it is truncated; if the separator is wrong ({self._dialect}), "
            f"pass --sep."
        )


def csv_reader(lines: Iterable[str], sep: str) -> Any:
    """Return the standard library's reader of some lines."""
    if sep == " ":
        lines = (" ".join(_without_runs(line)) + "\n" for line in lines)
    return csv.reader(lines, delimiter=sep, skipinitialspace=sep == " ")


def _without_runs(line: str) -> list[str]:
    # Blanks within quotes are content: there the reader itself skips those outside.
    return [line.strip().replace("\t", " ")] if '"' in line else line.split()


def in_words(dropped: Counter[str]) -> str:
    """Return what was dropped, as in "8 empty rows and 1 repeated header".

    Examples
    --------
    >>> in_words(Counter({"empty row": 8, "repeated header": 1}))
    '8 empty rows and 1 repeated header'
    """
    parts = [f"{n:,} {kind}{'s'[: n != 1]}" for kind, n in sorted(dropped.items())]
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
