"""Columns, and what is usual in them, as all rows showed them where a sample trains.

Centres, scales and what columns let expect of each other are those of the sample. How
many rows there were, ranges, levels and their counts, and what is missing are those of
the whole table: what the sample lacks was seen, and is no news.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..scoring.encoding.columns import (
    CategoricalColumn,
    Column,
    ColumnOptions,
    DatetimeColumn,
    NumericColumn,
)
from ..scoring.encoding.columns.base import unseen_surprise
from ..scoring.encoding.columns.times import MARGIN_SECONDS
from ..scoring.encoding.reading import Values
from ..scoring.usual import Usual, UsualNumbers, UsualTimes
from .census import MAX_VALUES, Census, ColumnCensus


class _Numbers:
    """Range and counts of a column of numbers.

    Parameters
    ----------
    n_rows, n_missing : int
    low, high : float
    counts : dict of float to int, or None
        None where there are many values.
    """

    def __init__(
        self, census: ColumnCensus, low: float, high: float, n_missing: int, counts: Any
    ) -> None:
        self.n_rows, self.n_missing = census.n_rows, n_missing
        self.low, self.high = low, high
        few = counts is not None and len(counts) <= MAX_VALUES
        self.counts = counts if few else None


def counted_columns(
    columns: Sequence[Column], census: Census, options: ColumnOptions
) -> tuple[Column, ...]:
    """Return columns that were fitted to a sample, with what all rows showed.

    Parameters
    ----------
    columns : sequence of Column
    census : Census
    options : ColumnOptions
    """
    return tuple(
        _counted_column(column, census.columns[column.name], options)
        for column in columns
    )


def _counted_column(
    column: Column, census: ColumnCensus, options: ColumnOptions
) -> Column:
    # What a class of a user's makes of its values, nobody else knows.
    if type(column) is CategoricalColumn and census.kind == "levels":
        return _counted_levels(column, census, options)
    if type(column) is NumericColumn:
        numbers = _numbers_of(column, census)
        return column if numbers is None else _counted_number(column, numbers)
    if type(column) is DatetimeColumn and census.kind == "time":
        return _counted_time(column, census)
    return column


def _counted_levels(
    column: CategoricalColumn, census: ColumnCensus, options: ColumnOptions
) -> Column:
    if census.counts is None:
        return column
    levels = list(census.counts)
    counts = np.array([census.counts[level] for level in levels], dtype=np.float64)
    n_missing = float(census.n_missing) if census.n_missing else None
    return CategoricalColumn.of_counts(column.name, levels, counts, n_missing, options)


def _numbers_of(column: Any, census: ColumnCensus) -> _Numbers | None:
    """Return what all rows showed of a column of numbers, None if that is not known."""
    if getattr(column, "missing_values", None):
        return None
    if census.kind == "number":
        low, high, values = census.low, census.high, census.counts
        return _Numbers(census, low, high, census.n_missing, values)
    reading = getattr(column, "reading", None)
    if census.kind != "levels" or census.counts is None or reading is None:
        return None
    texts = Values(np.array(list(census.counts), dtype=object))
    parsed = texts.spread(reading.parse(texts))
    counts: dict[float, int] = {}
    for number, count in zip(parsed.tolist(), census.counts.values(), strict=True):
        if number == number:
            counts[number] = counts.get(number, 0) + count
    if not counts:
        return None
    n_missing = census.n_rows - sum(counts.values())
    return _Numbers(census, min(counts), max(counts), n_missing, counts)


def _counted_number(column: NumericColumn, numbers: _Numbers) -> Column:
    rate = numbers.n_missing / numbers.n_rows
    return replace(
        column,
        missing_rate=rate,
        # None of one number beside missing cells: another one is far off.
        novelty=unseen_surprise(numbers.n_rows) if column.novelty else 0.0,
        low=numbers.low,
        high=numbers.high,
    )


def _counted_time(column: DatetimeColumn, census: ColumnCensus) -> Column:
    first, last = census.low, census.high
    # One date of the year 9999 must not stretch what counts as ordinary.
    return replace(
        column,
        first=first if first >= column.first - MARGIN_SECONDS else column.first,
        last=last if last <= column.last + MARGIN_SECONDS else column.last,
        missing_rate=census.n_missing / census.n_rows,
        novelty=unseen_surprise(census.n_rows),
    )


def counted_usual(
    usual: Sequence[Usual | None] | None, columns: Sequence[Column], census: Census
) -> tuple[Usual | None, ...] | None:
    """Return what is usual in the columns of a sample, as all rows showed it.

    Parameters
    ----------
    usual : sequence of Usual or None
        Of the sample.
    columns : sequence of Column
    census : Census
    """
    if usual is None:
        return None
    return tuple(
        _counted_usual(one, column, census.columns[column.name])
        for one, column in zip(usual, columns, strict=True)
    )


def _counted_usual(one: Any, column: Column, census: ColumnCensus) -> Usual | None:
    # Levels are counted by their column already.
    if isinstance(one, UsualNumbers):
        numbers = _numbers_of(column, census)
        return one if numbers is None else _usual_numbers(one, numbers)
    if isinstance(one, UsualTimes) and census.kind == "time":
        return _usual_times(one, census)
    return one


def _usual_numbers(one: UsualNumbers, numbers: _Numbers) -> Usual:
    bounds = (numbers.low, numbers.high)
    # Those within are left out where the sample held nothing.
    within = tuple(pair for pair in one.quantiles if 0 < pair[0] < 1)
    quantiles = ((0.0, numbers.low), *within, (1.0, numbers.high))
    counts = None
    if numbers.counts is not None:
        pairs = sorted(numbers.counts.items())
        counts = np.array([list(pair) for pair in zip(*pairs, strict=True)], float)
    return replace(
        one,
        n_rows=float(numbers.n_rows),
        n_missing=float(numbers.n_missing),
        expected=one.expected and replace(one.expected, bounds=bounds),
        quantiles=quantiles,
        counts=counts,
    )


def _usual_times(one: UsualTimes, census: ColumnCensus) -> Usual:
    bounds = (census.low, census.high)
    cycles = {
        name: tuple(counts.tolist())
        for name, counts in census.cycles.items()
        if getattr(one, name)
    }
    return replace(
        one,
        n_rows=float(census.n_rows),
        n_missing=float(census.n_missing),
        expected=one.expected and replace(one.expected, bounds=bounds),
        bounds=bounds,
        **cycles,
    )
