"""What all rows of a table showed, counted while they pass by.

A network learns from a sample; ranges, levels and how often each is there are those of
all rows. Counts of parts of a table add up to those of the whole, whatever the parts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..exceptions import ColumnError
from ..scoring.encoding.columns.levels import factorize_levels
from ..scoring.encoding.reading import is_typed, plain_values
from ..scoring.encoding.values import as_float, as_seconds, hold_numbers
from ..scoring.usual.times import places_in_cycles

# Levels of a column that are counted one by one, and characters of them all: a few tens
# of megabytes. What the sample shows stands in for columns of more.
MAX_LEVELS, _MAX_CHARACTERS = 100_000, 2**24
# Values of a number that are counted one by one: as many as reasons speak of.
MAX_VALUES = 64
_FEW = 1_000
_CYCLES = {"hours": 24, "weekdays": 7, "months": 12}


class ColumnCensus:
    """What all rows showed of one column.

    Attributes
    ----------
    kind : {"number", "time", "levels", "mixed"} or None
        None where all values were missing, "mixed" where nothing is known but how many
        rows there were.
    n_rows, n_missing : int
    low, high : float
        Least and greatest number, or time in seconds since 1970; infinite where there
        was none.
    counts : Counter or None
        Rows of each level or number; None where there are too many.
    cycles : dict of str to ndarray
        Rows of each hour, weekday and month of times.
    """

    def __init__(self) -> None:
        self.kind: str | None = None
        self.n_rows = self.n_missing = 0
        self.low, self.high = np.inf, -np.inf
        self.counts: Counter[Any] | None = Counter()
        self.cycles = {name: np.zeros(size) for name, size in _CYCLES.items()}

    def add(self, values: Any, name: Any) -> None:
        """Count the values of some rows."""
        values = plain_values(values)
        self.n_rows += len(values)
        n_missing = int(values.isna().sum())
        self.n_missing += n_missing
        if n_missing == len(values):
            return
        try:
            self._become(_kind_of(values))
            getattr(self, f"_add_{self.kind}")(values, name)
        except (ColumnError, TypeError):
            # Lists, for example: whoever is asked to encode them says so.
            self._become("mixed")

    def _become(self, kind: str) -> None:
        if self.kind is not None and kind != self.kind:
            self.kind, self.counts = "mixed", None
        else:
            self.kind = kind

    def _add_mixed(self, values: Any, name: Any) -> None:
        """Count nothing."""

    def _add_number(self, values: Any, name: Any) -> None:
        numbers = as_float(values, name)
        self._widen(numbers)
        if self.counts is None:
            return
        # Most columns of more values show it at once.
        few = np.unique(numbers[:_FEW])
        if len(few) <= MAX_VALUES:
            few, counts = np.unique(numbers[~np.isnan(numbers)], return_counts=True)
            self._count(few.tolist(), counts.tolist())
        else:
            self.counts = None

    def _add_time(self, values: Any, name: Any) -> None:
        seconds = as_seconds(values, name)
        self._widen(seconds)
        places = places_in_cycles(seconds[~np.isnan(seconds)])
        for cycle, size in _CYCLES.items():
            self.cycles[cycle] += np.bincount(places[cycle], minlength=size)

    def _add_levels(self, values: Any, name: Any) -> None:
        if self.counts is None:
            return
        codes, levels = factorize_levels(values, name)
        counts = np.bincount(codes[codes >= 0], minlength=len(levels))
        seen = np.flatnonzero(counts)
        self._count([levels[i] for i in seen], counts[seen].tolist())

    def _widen(self, numbers: np.ndarray) -> None:
        self.low = min(self.low, float(np.nanmin(numbers)))
        self.high = max(self.high, float(np.nanmax(numbers)))

    def _count(self, values: list[Any], counts: Iterable[int]) -> None:
        if self.counts is None:
            return
        for value, count in zip(values, counts, strict=True):
            self.counts[value] += count
        if self._are_too_many(self.counts):
            self.counts = None

    def _are_too_many(self, counts: Counter[Any]) -> bool:
        if self.kind == "number":
            return len(counts) > MAX_VALUES
        characters = (len(level) for level in counts if isinstance(level, str))
        return len(counts) > MAX_LEVELS or sum(characters) > _MAX_CHARACTERS

    def merge(self, other: ColumnCensus) -> None:
        """Add what other rows showed."""
        self.n_rows += other.n_rows
        self.n_missing += other.n_missing
        if other.kind is None:
            return
        self._become(other.kind)
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        for cycle in _CYCLES:
            self.cycles[cycle] = self.cycles[cycle] + other.cycles[cycle]
        if other.counts is None or self.kind == "mixed":
            self.counts = None
        else:
            self._count(list(other.counts), other.counts.values())


class Census:
    """What all rows of a table showed of each column.

    Attributes
    ----------
    n_rows : int
    columns : dict of str to ColumnCensus
        By the columns' names.

    Examples
    --------
    >>> import pandas as pd
    >>> census = Census()
    >>> census.add(pd.DataFrame({"amount": [3.0, None], "country": ["DE", "FR"]}))
    >>> census.add(pd.DataFrame({"amount": [70.0], "country": ["DE"]}))
    >>> amount, country = census.columns.values()
    >>> amount.low, amount.high, amount.n_missing, dict(country.counts)
    (3.0, 70.0, 1, {'DE': 2, 'FR': 1})
    """

    def __init__(self) -> None:
        self.n_rows = 0
        self.columns: dict[Any, ColumnCensus] = {}

    def add(self, frame: Any) -> None:
        """Count the rows of a DataFrame; all of them have the same columns."""
        self.n_rows += len(frame)
        for position, name in enumerate(frame.columns):
            column = self.columns.setdefault(name, ColumnCensus())
            column.add(frame.iloc[:, position], name)

    def merge(self, other: Census) -> None:
        """Add what other rows showed."""
        self.n_rows += other.n_rows
        for name, column in other.columns.items():
            self.columns.setdefault(name, ColumnCensus()).merge(column)


def _kind_of(values: Any) -> str:
    """Return what a column of values is counted as."""
    from pandas.api.types import is_datetime64_any_dtype

    if is_datetime64_any_dtype(values):
        return "time"
    if is_typed(values):
        return {"b": "levels", "m": "mixed", "c": "mixed"}.get(
            values.dtype.kind, "number"
        )
    is_object = values.dtype == object
    return "number" if is_object and _are_numbers(values) else "levels"


def _are_numbers(values: Any) -> bool:
    first = values[values.notna()].iloc[0]
    return not isinstance(first, str | bool) and hold_numbers(values)
