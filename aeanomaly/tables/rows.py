"""The rows of a text file, without what is not a row of the table."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from ..exceptions import TableError
from .dialect import Dialect
from .text_rows import TextRows

# What is dropped, and how it is counted in words.
EMPTY, REPEATED, COMMENT = "empty row", "repeated header", "comment line"
TOTAL = "row of totals at the end"
# Rows at the end that may hold totals, and what begins such a row.
_MOST_TOTALS = 3
_TOTAL_WORDS = re.compile(
    r"(?:grand |sub-?|general )?(?:totals?|sums?)|summen?|gesamt(?:summe|betrag)?"
    r"|zwischensumme|insgesamt|somme|total g[eé]n[eé]ral|suma|totale|totaal|razem",
    re.IGNORECASE,
)


class RowReader:
    """Reads rows; drops empty ones, comments, repeated headers and totals at the end.

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
        self._altered = False
        self.dropped: Counter[str] = Counter()
        self._lines = itertools.islice(lines, dialect.skipped, None)
        # A line that was read to see whether there is one.
        self._ahead: list[str] = []
        self._line = self._n_read = 0
        if dialect.header:
            # A row, not a line: names may hold line breaks.
            reader = csv_reader(self._lines, dialect.sep)
            next(reader, None)
            self._n_read = reader.line_num

    def take(self, n_rows: int) -> tuple[TextRows, str]:
        """Return the next rows, and text of them that pandas reads alike.

        Parameters
        ----------
        n_rows : int

        Returns
        -------
        rows : TextRows
            Fewer where the file ends.
        text : str
            As the file has it, if all its lines are rows as they stand.
        """
        while True:
            lines = self._next_lines(n_rows)
            if not lines:
                return TextRows([]), ""
            text = "".join(lines)
            if self._are_rows(lines, text):
                self._n_read += len(lines)
                rows = TextRows(lines, self._dialect.sep)
            else:
                fields, text = self._take_divided(lines, n_rows)
                rows = TextRows(fields)
            if self._at_end():
                rows, text = self._without_totals(rows, text)
            # A batch of which nothing stays is not the end.
            if len(rows):
                return rows, text

    def _next_lines(self, n_lines: int) -> list[str]:
        n_more = n_lines - len(self._ahead)
        lines = self._ahead + list(itertools.islice(self._lines, n_more))
        self._ahead = []
        return lines

    def _at_end(self) -> bool:
        self._ahead = list(itertools.islice(self._lines, 1))
        return not self._ahead

    def _without_totals(self, rows: TextRows, text: str) -> tuple[TextRows, str]:
        """Return the last rows without those of totals."""
        self._line = self._n_read
        kept, last = len(rows), rows.last(_MOST_TOTALS)
        while last and _is_total(last.pop()):
            kept -= 1
            self._drop(TOTAL)
        if kept == len(rows):
            return rows, text
        fields = rows.fields[:kept]
        return TextRows(fields), self._text_of(fields, []) if fields else ""

    def _are_rows(self, lines: list[str], text: str) -> bool:
        """Return whether each line is a row that its separators divide.

        Most files have no quotes, and lines divide into fields several times faster
        than the standard library's reader finds out.
        """
        sep, width = self._dialect.sep, self._dialect.width
        if sep == " " or width < 2 or '"' in text or "\0" in text:
            return False
        starts = {line[0] for line in lines}
        repeated = f"{self._dialect.header[0]}{sep}" if self._dialect.header else "\n"
        return (
            sep not in starts
            and not any(map(str.isspace, starts))
            and {line.count(sep) for line in lines} == {width - 1}
            and not any(line.startswith(repeated) for line in lines)
        )

    def _take_divided(
        self, lines: list[str], n_rows: int
    ) -> tuple[list[list[str]], str]:
        """Return rows of some lines and those after them, divided with their quotes."""
        more: list[str] = []
        # Lines and rows are as many, or rows are fewer: all of the lines are used.
        following = _remembered(self._lines, more)
        reader = csv_reader(itertools.chain(lines, following), self._dialect.sep)
        rows = list(itertools.islice(reader, n_rows))
        lines += more
        self._altered = self._dialect.sep == " "
        if not self._are_plain(rows):
            again = csv_reader(lines, self._dialect.sep)
            rows = list(self._iter_rows(again))
        self._n_read += len(lines)
        return rows, self._text_of(rows, lines) if rows else ""

    def _text_of(self, rows: list[list[str]], lines: list[str]) -> str:
        if not self._altered:
            return "".join(lines)
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
        for row in reader:
            self._line = self._n_read + reader.line_num
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


class GivenRows:
    """Rows that were taken before, to be taken once more.

    Parameters
    ----------
    blocks : iterable of TextRows
    dialect : Dialect
    """

    def __init__(self, blocks: Iterable[TextRows], dialect: Dialect) -> None:
        self._blocks = iter(blocks)
        self._dialect = dialect

    def take(self, n_rows: int) -> tuple[TextRows, str]:
        """Return the next block, and its text, as `RowReader.take` does."""
        rows = next(self._blocks, TextRows([]))
        if rows.sep is not None:
            return rows, "".join(f"{line}\n" for line in rows.lines)
        buffer = io.StringIO()
        writer = csv.writer(buffer, delimiter=self._dialect.sep, lineterminator="\n")
        writer.writerows(rows.fields)
        return rows, buffer.getvalue()


def _is_total(row: list[str]) -> bool:
    """Return whether a row begins with a word for a total, and is half empty."""
    filled = [cell.strip() for cell in row if cell.strip()]
    if len(row) < 3 or not filled or 2 * len(filled) > len(row) + 1:
        return False
    return bool(_TOTAL_WORDS.fullmatch(filled[0].rstrip(": ")))


def _remembered(lines: Iterable[str], memory: list[str]) -> Iterator[str]:
    for line in lines:
        memory.append(line)
        yield line


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
    words = {kind: kind.replace("row", "rows", 1) for kind in (EMPTY, TOTAL)}
    parts = [
        f"{n:,} {kind if n == 1 else words.get(kind, f'{kind}s')}"
        for kind, n in sorted(dropped.items())
    ]
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
