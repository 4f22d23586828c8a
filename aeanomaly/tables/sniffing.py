"""Recognises how a text file is written from its first lines."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from statistics import median
from typing import NamedTuple

from ..exceptions import TableError
from .dialect import Dialect
from .reading import ReadOptions
from .rows import csv_reader

# In the order of preference where two would do: what is rarer within texts comes first.
_SEPARATORS = ("\t", ";", "|", ",")
# Share of the lines that must have as many fields as most, and of the cells of a column
# that make it one of numbers.
_ENOUGH = 0.9
_TITLE_LINES = 40
_NUMBER = re.compile(
    r"[-+(]?\s*[$€£¥]?\s*[.,]?\d[\d.,'\s]*(?:[eE][-+]?\d+)?\s*[%€)]?-?"
)
_TIME = re.compile(
    r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}(?:[T ]\d{1,2}:\d\d.*)?|\d{1,2}:\d\d(?::\d\d.*)?"
)
_MISSING = re.compile(r"\s*|-|NA|N/A|n/a|nan|NaN|NULL|null|None|<NA>")
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,(?:\d{1,2}|\d{4,})|[-+]?\d{1,3}(?:\.\d{3})+,\d+")
_DECIMAL_POINT = re.compile(
    r"[-+]?\d*\.(?:\d{1,2}|\d{4,})|[-+]?\d{1,3}(?:,\d{3})+\.\d+"
)
_GROUPED = {
    ",": re.compile(r"[-+]?\d{1,3}(?:\.\d{3})+(?:,\d+)?"),
    ".": re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?"),
}
_THOUSANDS = {",": ".", ".": ","}


def sniff(
    lines: Sequence[str],
    encoding: str,
    options: ReadOptions,
    expected: Sequence[str] = (),
) -> Dialect:
    """Return how a text file is written.

    Parameters
    ----------
    lines : sequence of str
        The first lines of the file, with their ends.
    encoding : str
    options : ReadOptions
        What the user says goes before what the lines say.
    expected : sequence of str, default=()
        Names of columns that the table should have: a line with all of them is the
        header.

    Raises
    ------
    TableError
        If there is no line of a table.
    """
    if options.sep is not None:
        candidates = [_Candidate.of(options.sep, lines, options, expected)]
    else:
        separators = (*_SEPARATORS, " ")
        candidates = [_Candidate.of(s, lines, options, expected) for s in separators]
    best = max(candidates, key=_Candidate.quality)
    if options.sep is None and not best.quality()[0]:
        # Texts of one column: none of what they hold separates.
        best = _one_column(lines, options, expected)
    if not best.rows:
        raise TableError("is empty. Pass a table with a header line")
    header, skipped, n_comments = best.header(options, expected), 0, 0
    body = best.rows[best.n_before :][bool(header) :]
    if best.rows[best.n_before :]:
        skipped = best.rows[best.n_before].line
        body = [row for row in body if row.fields != header]
        n_comments = sum(line < skipped for line in best.comments)
    if not header and options.header is None:
        header = _commented_header(lines, best)
        skipped -= bool(header)
        n_comments -= bool(header)
    if 0 < len(header) == best.width - 1 and not _has_trailing(
        header, body, best.width
    ):
        # As R writes it: row names have no name.
        header = ["", *header]
    decimal, thousands = _marks(body, options)
    trailing = _has_trailing(header, body, best.width)
    return Dialect(
        sep=best.sep,
        decimal=decimal,
        thousands=thousands,
        encoding=encoding,
        skipped=skipped,
        n_comments=n_comments,
        header=tuple(header[: best.width - trailing]),
        width=best.width - trailing,
        trailing=trailing,
    )


class _Row(NamedTuple):
    """Fields, and how many lines there are before them."""

    fields: list[str]
    line: int

    @property
    def n_filled(self) -> int:
        return sum(bool(field.strip()) for field in self.fields)


class _Candidate(NamedTuple):
    """The lines as one separator divides them.

    Parameters
    ----------
    sep : str
    rows : list of _Row
        Without comments and blank lines.
    width : int
        Fields of most rows.
    n_before : int
        How many rows are before the header, or the first row.
    comments : list of int
        Lines of comment, and blank ones.
    """

    sep: str
    rows: list[_Row]
    width: int
    n_before: int
    comments: list[int]

    @classmethod
    def of(
        cls,
        sep: str,
        lines: Sequence[str],
        options: ReadOptions,
        expected: Sequence[str],
        width: int | None = None,
    ) -> _Candidate:
        skip = options.skip_rows or 0
        rows, comments = _split(lines[skip:], sep, skip)
        if rows and width is None:
            counts = Counter(len(row.fields) for row in rows)
            # The first of those that are as frequent.
            width = max(counts, key=lambda n: counts[n])
        width = width or 0
        # A comment may have as many fields as a row; a row may begin with "#".
        kept = [
            row
            for row in rows
            if row.fields[0][:1] != "#" or (len(row.fields) == width and sep != " ")
        ]
        comments += [row.line for row in rows if row not in kept]
        n_before = 0
        if options.skip_rows is None and kept:
            n_before = _count_titles(kept, width, comments, expected)
        return cls(sep, kept, width, n_before, sorted(comments))

    def quality(self) -> tuple[float, ...]:
        """Return what is greater for a likelier separator, first 0 for an unlikely."""
        if self.width < 2 or not self.rows:
            return (0.0,)
        rows = self.rows[self.n_before :]
        # Lines without the trailing separator of others have a field less.
        fitting = sum(self._fits(row) for row in rows) / len(rows)
        cells = [f for row in rows[1:] for f in row.fields]
        typed = sum(map(is_typed, cells)) / max(1, len(cells))
        # Sentences have blanks, too: a table has a column of numbers at least.
        least = 1 / self.width if self._fits(self.rows[0]) else 0.5
        if self.sep == " " and typed < least:
            return (0.0,)
        if fitting < _ENOUGH and len(rows) > 1 and not self._fits(rows[0]):
            return (0.0,)
        is_first = self.n_before == 0
        return (round(fitting, 2), self.sep != " ", is_first, typed, self.width)

    def _fits(self, row: _Row) -> bool:
        n = len(row.fields)
        is_header = row is self.rows[self.n_before] and self.width > 2
        may_lack_one = is_header or not self.rows[-1].fields[-1]
        return n == self.width or (n == self.width - 1 and may_lack_one)

    def header(self, options: ReadOptions, expected: Sequence[str]) -> list[str]:
        """Return the names in the first row, none if it holds values."""
        row, *body = self.rows[self.n_before :]
        if options.header is False:
            return []
        names = [field.strip() if self.sep == " " else field for field in row.fields]
        if options.header or not body or set(expected) & set(names):
            return names
        return names if _is_header(names, [r.fields for r in body]) else []


def _one_column(
    lines: Sequence[str], options: ReadOptions, expected: Sequence[str]
) -> _Candidate:
    """Return lines as texts that nothing divides."""
    found = _Candidate.of(",", lines, options, expected, width=1)
    if all(len(row.fields) == 1 for row in found.rows):
        return found
    # A character that texts do not hold, so that the commas in them stay.
    return _Candidate.of("\x1f", lines, options, expected, width=1)


def _commented_header(lines: Sequence[str], found: _Candidate) -> list[str]:
    """Return the names in the comment above the first row, none if it is a text."""
    line = found.rows[found.n_before].line - 1
    if line not in found.comments or not lines[line].startswith("#"):
        return []
    fields: list[str] = next(csv_reader([lines[line].lstrip("# ")], found.sep), [])
    names = [name.strip() for name in fields]
    is_names = len(names) == found.width and not any(map(is_typed, names))
    return names if is_names and all(names) else []


def _split(lines: Sequence[str], sep: str, skip: int) -> tuple[list[_Row], list[int]]:
    """Return the rows of some lines, and the numbers of those that hold nothing."""
    reader = csv_reader(lines, sep)
    rows, blank, line = [], [], skip
    try:
        for fields in reader:
            if fields and (len(fields) > 1 or fields[0].strip()):
                rows.append(_Row(fields, line))
            else:
                blank.append(line)
            line = skip + reader.line_num
    except csv.Error:
        pass
    return rows, blank


def _count_titles(
    rows: list[_Row], width: int, blank: list[int], expected: Sequence[str]
) -> int:
    """Return how many rows are before the header, or before the first row."""
    for i, row in enumerate(rows[:_TITLE_LINES]):
        if expected and set(expected) <= set(row.fields):
            return i
    if width < 2:
        return 0
    usual = median(row.n_filled for row in rows)
    full = (i for i, row in enumerate(rows) if _is_full(row, width, usual))
    start = next(full, 0)
    if (after := _header_after_blank(rows, start, width, usual, blank)) is not None:
        return after
    if start and width > 2 and len(rows[start - 1].fields) == width - 1:
        # The header lacks the separator that ends rows, or the name of row names.
        body = [row.fields for row in rows[start + 1 :]]
        return start - (not _is_header(rows[start].fields, body))
    return start


def _is_full(row: _Row, width: int, usual: float) -> bool:
    # Spreadsheets fill a title up with empty fields; an index has no name.
    has_index = not row.fields[0] and row.n_filled == width - 1
    return len(row.fields) == width and (2 * row.n_filled > usual or has_index)


def _header_after_blank(
    rows: list[_Row], start: int, width: int, usual: float, blank: list[int]
) -> int | None:
    """Return the position of a header that a blank line parts from what is above."""
    for i, row in enumerate(rows[start + 1 : _TITLE_LINES], start=start + 1):
        above = [r.fields for r in rows[start:i]]
        if any(map(is_typed, rows[i - 1].fields)) or row.fields in above:
            return None
        parted = row.line - 1 in blank or not rows[i - 1].n_filled
        if not (parted and _is_full(row, width, usual)):
            continue
        body = [r.fields for r in rows[i + 1 :]]
        if any(map(is_typed, row.fields)) or not _is_header(row.fields, body):
            return None
        return i
    return None


def _is_header(names: list[str], body: list[list[str]]) -> bool:
    """Return whether a first row holds names: other texts than its columns hold."""
    # Repeated headers are not values.
    body = [row for row in body if row != names]
    named = typed_columns = repeated = 0
    for position, name in enumerate(names):
        cells = [row[position] for row in body if position < len(row)]
        cells = [cell for cell in cells if not _MISSING.fullmatch(cell)]
        repeated += name in cells
        if cells and sum(map(is_typed, cells)) >= _ENOUGH * len(cells):
            typed_columns += 1
            named += not is_typed(name) and not _MISSING.fullmatch(name)
    values_count_on = body and _count_on(body[0]) and "".join(body[0]).isdigit()
    if _count_on(names) and not values_count_on:
        return True
    if typed_columns:
        return named * 2 >= typed_columns
    return repeated * 2 <= len(names)


def _count_on(names: list[str]) -> bool:
    """Return whether names are 0, 1, 2 and so on, or years, some texts apart."""
    numbers = [int(name) for name in names if re.fullmatch(r"\d{1,4}", name)]
    steps = [b - a for a, b in zip(numbers, numbers[1:], strict=False)]
    if not steps:
        return numbers == [0]
    return all(step == 1 for step in steps) and len(numbers) * 2 > len(names)


def is_typed(cell: str) -> bool:
    """Return whether a cell is a number or a time, however it is written.

    Examples
    --------
    >>> [is_typed(cell) for cell in ["1.234,50 €", "02.03.2026", "14:05", "x1", ""]]
    [True, True, True, False, False]
    """
    cell = cell.strip()
    return bool(_NUMBER.fullmatch(cell) or _TIME.fullmatch(cell))


def _marks(rows: list[_Row], options: ReadOptions) -> tuple[str, str | None]:
    """Return the decimal mark and what groups digits, told by whole columns."""
    columns = [
        [cell for field in column if (cell := field.strip())]
        for column in zip(*_equally_long(rows), strict=True)
    ]
    decimal = options.decimal
    if decimal is None:
        comma = any(_mostly(_DECIMAL_COMMA, column) for column in columns)
        point = any(_mostly(_DECIMAL_POINT, column) for column in columns)
        decimal = "," if comma and not point else "."
    if options.thousands is not None:
        return decimal, options.thousands or None
    grouped = _GROUPED.get(decimal)
    if grouped and any(_mostly(grouped, column, some=True) for column in columns):
        return decimal, _THOUSANDS[decimal]
    return decimal, None


def _equally_long(rows: list[_Row]) -> list[list[str]]:
    width = max((len(row.fields) for row in rows), default=0)
    return [row.fields + [""] * (width - len(row.fields)) for row in rows]


def _mostly(pattern: re.Pattern[str], cells: list[str], *, some: bool = False) -> bool:
    """Return whether a column of numbers is written so: half of it, or some."""
    if not cells or sum(map(is_typed, cells)) < _ENOUGH * len(cells):
        return False
    n_matching = sum(bool(pattern.fullmatch(cell)) for cell in cells)
    return n_matching > 0 if some else 2 * n_matching >= len(cells)


def _has_trailing(header: list[str], body: list[_Row], width: int) -> bool:
    """Return whether a separator after which nothing comes ends all lines."""
    if width < 2 or not header or (len(header) == width and header[-1].strip()):
        return False
    return not any(r.fields[-1].strip() for r in body if len(r.fields) == width)


def head_of(lines: Iterable[str], n_lines: int, n_chars: int) -> list[str]:
    """Return the first lines, up to a number of lines or of characters.

    At least three, so that wide tables have rows.

    Examples
    --------
    >>> head_of(["line"] * 9, 5, 4)
    ['line', 'line', 'line']
    """
    head: list[str] = []
    size = 0
    for line in islice(lines, n_lines):
        head.append(line)
        size += len(line)
        if size >= n_chars and len(head) > 2:
            break
    return head
