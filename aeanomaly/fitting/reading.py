"""Finds how the texts of a column are to be read: as numbers, times, or levels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ..exceptions import ColumnError
from ..printable import quoted
from ..scoring.encoding.reading import (
    ClockReading,
    DurationReading,
    Reading,
    TimeReading,
    Values,
    is_typed,
    plain_values,
)
from ..scoring.encoding.reading.apply import typed
from ..scoring.encoding.reading.times import NAMED
from ..scoring.encoding.tabular import is_frame, with_columns
from ..scoring.encoding.values import hold_numbers
from .number_reading import (
    MIN_ROWS_A_CODE,
    are_codes,
    may_hold_numbers,
    number_readings,
)

# A column is of numbers or times if so few of its cells are not; one may be in any
# column of some rows.
_MOST_UNREAD = 0.05
_MIN_ROWS_FOR_ONE = 10
# Or if what is not are so few different words, in so few cells, among so many numbers.
_MOST_WORDS, _MOST_WORD_CELLS, _MIN_NUMBERS = 3, 0.3, 20
# Where `column_kinds` says what a column holds, most cells are enough.
_MOST_UNREAD_NAMED = 0.5
# Distinct values that tell whether a way of reading is worth trying on all.
_N_TRIED = 300
_DAY_ORDERS = ("day first", "month first")
# Categories of pandas with so few levels are levels, whatever their texts.
_MAX_DECLARED_LEVELS = 64


class ReadOptions(NamedTuple):
    """What a user says about texts that can be read in more than one way.

    Parameters
    ----------
    day_first : bool or None
        Whether 02/03/2026 is in March; None where the column decides.
    decimal : {".", ","} or None
        The decimal mark of numbers in texts; None where the column decides.
    """

    day_first: bool | None = None
    decimal: str | None = None


BY_ITSELF = ReadOptions()


class ReadTable(NamedTuple):
    """A table whose texts are numbers and times where they stand for such.

    Parameters
    ----------
    table : DataFrame or ndarray of shape (n_samples, n_features)
    readings : dict of int to Reading
        How columns were read, by their positions.
    """

    table: Any
    readings: dict[int, Reading]


def read_table(
    table: Any,
    named: Mapping[Any, Any] | None = None,
    options: ReadOptions = BY_ITSELF,
) -> ReadTable:
    """Read the texts and objects of a table's columns.

    Parameters
    ----------
    table : DataFrame or ndarray of shape (n_samples, n_features)
    named : mapping of column to str or type, default=None
        Kinds that were named: "category", "ignored" and classes are left as they are.
    options : ReadOptions

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"vat": ["7%", "19%", "7%"], "code": ["007", "010", "7"]})
    >>> read = read_table(table)
    >>> read.table["vat"].tolist(), read.table["code"].tolist()
    ([7.0, 19.0, 7.0], ['007', '010', '7'])
    """
    if not is_frame(table):
        return ReadTable(table, {})
    named = named or {}
    columns, readings = {}, {}
    for i, name in enumerate(table.columns):
        values, kind = table.iloc[:, i], named.get(name)
        if kind not in (None, "number", "datetime", "clock"):
            continue
        reading, changed = _read_column(plain_values(values), name, kind, options)
        if reading is not None:
            readings[i] = reading
        if changed is not values:
            columns[i] = changed
    if columns:
        table = with_columns(table, columns)
    return ReadTable(table, readings)


def _read_column(
    values: Any, name: Any, kind: str | None, options: ReadOptions
) -> tuple[Reading | None, Any]:
    """Return the reading of a column, None where there is none, and its values."""
    if getattr(values.dtype, "kind", "O") == "m":
        return DurationReading(), values.dt.total_seconds()
    if is_typed(values) or hold_numbers(values):
        return None, values
    try:
        known = Values(values)
    except TypeError:
        return None, values
    found = find_reading(known, kind, options, declared=_is_declared(values))
    if found is None:
        if kind is not None:
            raise ColumnError(
                f"Column {name!r} cannot be read as {kind}, which column_kinds says it "
                f"is: most of its cells are others, such as "
                f"{quoted(known.uniques[0])}. Convert it, or name another kind."
            )
        return None, values
    return found, _parsed(found, known, values)


def _parsed(reading: Reading, known: Values, values: Any) -> Any:
    numbers = known.spread(reading.parse(known))
    types = {TimeReading: "datetime64[us]", ClockReading: "timedelta64[us]"}
    return typed(numbers, values, types.get(type(reading), "float64"))


def read_again(table: Any, readings: Mapping[int, Reading]) -> Any:
    """Return other rows of a table, read as `read_table` read some.

    Parameters
    ----------
    table : DataFrame of shape (n_samples, n_features)
    readings : mapping of int to Reading
        By the columns' positions.
    """
    columns = {}
    for i, reading in readings.items():
        values = plain_values(table.iloc[:, i])
        if getattr(values.dtype, "kind", "O") == "m":
            columns[i] = values.dt.total_seconds()
        elif not is_typed(values):
            columns[i] = _parsed(reading, Values(values), values)
    return with_columns(table, columns) if columns else table


def _is_declared(values: Any) -> bool:
    """Return whether values are declared categories, and few of them."""
    categories = getattr(values.dtype, "categories", None)
    if categories is None or len(categories) > _MAX_DECLARED_LEVELS:
        return False
    return len(values) >= MIN_ROWS_A_CODE * len(categories)


def find_reading(
    values: Values,
    kind: str | None = None,
    options: ReadOptions = BY_ITSELF,
    *,
    declared: bool = False,
) -> Reading | None:
    """Return how values are to be read, None where they are levels.

    Parameters
    ----------
    values : Values
    kind : {"number", "datetime", "clock"} or None
        What the column is said to hold.
    options : ReadOptions
    declared : bool
        Whether the values are said to be levels.
    """
    if declared and kind is None or not values.counts.sum():
        return None
    number = None
    if kind in (None, "number"):
        number = _find_number(values, kind, options)
    if number is not None or kind == "number":
        return number
    return _find_time(values, kind, options)


def _find_number(
    values: Values, kind: str | None, options: ReadOptions
) -> Reading | None:
    if not values.is_text.any():
        return None
    if not may_hold_numbers(values.texts.iloc[:_N_TRIED]) or (
        kind is None and are_codes(values)
    ):
        return None
    best, remark = None, ""
    for reading in number_readings(values, options.decimal):
        fit = _Fit.of(reading, values)
        if not (fit.is_enough(kind) or fit.lacks_few_words(values)):
            continue
        if best is None or fit.n_unread < best.n_unread:
            best, remark = fit, ""
        elif fit.n_unread == best.n_unread and not remark:
            remark = _ambiguous_number(best, fit, values)
    return None if best is None else best.learnt(values, remark)


def _ambiguous_number(best: _Fit, other: _Fit, values: Values) -> str:
    """Return a remark if two readings that fit alike differ, else nothing."""
    differ = (best.numbers != other.numbers) & ~np.isnan(best.numbers)
    if not differ.any() or best.reading.decimal == other.reading.decimal:
        return ""
    i = int(differ.argmax())
    return (
        f"{quoted(values.texts[i])} is read as {best.numbers[i]:.10g}; if it is "
        f"{other.numbers[i]:.10g}, pass decimal={other.reading.decimal!r}"
    )


def _find_time(
    values: Values, kind: str | None, options: ReadOptions
) -> Reading | None:
    if values.is_text.any():
        head = values.texts.iloc[:_N_TRIED]
        if head.str.contains(r"\d", regex=True).mean() <= _MOST_UNREAD_NAMED:
            return None
    fits = []
    for reading in _time_readings(values, kind, options):
        fit = _Fit.of(reading, values)
        if fit.is_enough(kind):
            fits.append(fit)
            if not fit.n_unread and _form(reading) not in _DAY_ORDERS:
                break
    if not fits:
        return None
    best = min(fits, key=lambda fit: fit.n_unread)
    return best.learnt(values, _ambiguous_day(best, fits, values, options))


def _time_readings(
    values: Values, kind: str | None, options: ReadOptions
) -> Iterator[Any]:
    """Yield readings of times, those of unlike texts first."""
    if kind == "clock":
        yield ClockReading()
        return
    if not values.is_text.any():
        yield from (TimeReading(form=""), ClockReading(), DurationReading())
        return
    yield TimeReading()
    yield TimeReading(form="year first")
    texts = values.texts[values.is_text].iloc[:_N_TRIED]
    day_first = options.day_first
    if day_first is None:
        # Slashes are rather American; dots and hyphens are not.
        day_first = bool(texts.str.contains("/", regex=False).mean() < 0.5)
    yield TimeReading(form="day first" if day_first else "month first")
    if options.day_first is None:
        yield TimeReading(form="month first" if day_first else "day first")
    yield ClockReading()
    yield DurationReading()
    if texts.str.fullmatch(r"\d{8}").mean() > _MOST_UNREAD_NAMED:
        yield TimeReading(form="digits only")
    if texts.str.contains(r"[^\W\d_]{3}", regex=True).mean() > _MOST_UNREAD_NAMED:
        yield from (TimeReading(form=form) for form in NAMED)


def _form(reading: Any) -> str:
    return str(getattr(reading, "form", ""))


def _ambiguous_day(
    best: _Fit, fits: list[_Fit], values: Values, options: ReadOptions
) -> str:
    """Return a remark if days and months could change places in every cell."""
    form = _form(best.reading)
    if form not in _DAY_ORDERS or options.day_first is not None:
        return ""
    others = [f for f in fits if f is not best and f.n_unread == best.n_unread]
    others = [f for f in others if _form(f.reading) in _DAY_ORDERS]
    if not others or np.array_equal(others[0].numbers, best.numbers, equal_nan=True):
        return ""
    text = values.texts[values.is_text].iloc[0]
    return (
        f"{quoted(text)} is read {form}; if it is not, pass day_first={form[0] != 'd'}"
    )


class _Fit(NamedTuple):
    """A reading, and how well it fits a column."""

    reading: Any
    numbers: np.ndarray
    n_unread: int
    n_cells: int

    @classmethod
    def of(cls, reading: Any, values: Values) -> _Fit:
        n_cells = int(values.counts.sum())
        if len(values.uniques) > 2 * _N_TRIED:
            head = _head(values)
            tried = np.isnan(reading.parse(head)) & (head.counts > 0)
            if head.counts[tried].sum() > _MOST_UNREAD_NAMED * head.counts.sum():
                nothing = np.full(len(values.uniques), np.nan)
                return cls(reading, nothing, n_cells, n_cells)
        numbers = reading.parse(values)
        n_unread = int(values.counts[np.isnan(numbers)].sum())
        return cls(reading, numbers, n_unread, n_cells)

    def is_enough(self, kind: str | None) -> bool:
        """Return whether nearly all cells can be read."""
        if kind is not None:
            return self.n_unread <= _MOST_UNREAD_NAMED * self.n_cells
        one = self.n_unread == 1 and self.n_cells >= _MIN_ROWS_FOR_ONE
        return one or self.n_unread <= _MOST_UNREAD * self.n_cells

    def lacks_few_words(self, values: Values) -> bool:
        """Return whether what cannot be read is a few words among many numbers.

        Such as "N/D" and "<0.5" in a column of results.
        """
        unread = np.isnan(self.numbers) & (values.counts > 0)
        n_numbers = int((~unread & (values.counts > 0)).sum())
        if unread.sum() > _MOST_WORDS or n_numbers < _MIN_NUMBERS:
            return False
        few = self.n_unread <= _MOST_WORD_CELLS * self.n_cells
        return bool(few and not are_codes(values, ~unread))

    def learnt(self, values: Values, remark: str) -> Reading:
        """Return the reading with what it met in the training rows."""
        unread = np.isnan(self.numbers) & (values.counts > 0)
        first = values.uniques[unread][0] if unread.any() else ""
        return replace(
            self.reading,
            n_unread=self.n_unread,
            n_words=values.n_words,
            example=str(first)[:40],
            remark=remark,
        )


def _head(values: Values) -> Values:
    """Return the first distinct values as a column of their own."""
    return Values(np.array(values.uniques[:_N_TRIED], dtype=object))
