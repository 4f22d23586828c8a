"""Columns in the type that a model knows them in; what cannot be read is said."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....exceptions import UnreadCellsWarning
from ....notices import warn
from ..values import too_large
from .base import Reading, Values, is_typed, plain_values, text_of
from .numbers import NumberReading
from .times import ClockReading, DurationReading, TimeReading

# Where more of the cells cannot be read, the column is another one; a single cell is
# no more than missing, so that a row is read alone as it is among others.
_MOST_UNREAD, _FEW_UNREAD = 0.5, 1
# Characters of a text that could not be read.
_EXAMPLE_LENGTH = 40


def read_numbers(values: Any, reading: Reading | None, name: Any) -> Any:
    """Return a column as numbers, as it is where most cells are something else.

    Parameters
    ----------
    values : Series or ndarray of shape (n_samples,)
    reading : Reading or None
        How the texts of the training rows were read; None where they were numbers.
    name : str or int
    """
    values = plain_values(values)
    if _kind(values) == "m":
        # Durations are numbers only where training rows had durations.
        fits = isinstance(reading, DurationReading) or _is_empty(values)
        return values.dt.total_seconds() if fits else values
    if is_typed(values) and not (_kind(values) == "M" and _is_empty(values)):
        return values
    return _read(values, reading or NumberReading(), name, "float64")


def read_times(values: Any, reading: Reading | None, name: Any) -> Any:
    """Return a column as datetimes, as it is where most cells are something else."""
    values = plain_values(values)
    if _kind(values) == "M" or (is_typed(values) and not _is_empty(values)):
        return values
    return _read(values, reading or TimeReading(), name, "datetime64[us]")


def read_clock(values: Any, reading: Reading | None, name: Any) -> Any:
    """Return a column of times of day as timedeltas, as it is where most are not."""
    values = plain_values(values)
    if _kind(values) == "m" or (is_typed(values) and not _is_empty(values)):
        return values
    return _read(values, reading or ClockReading(), name, "timedelta64[us]")


def _kind(values: Any) -> str:
    return str(getattr(values.dtype, "kind", "O"))


def _is_empty(values: Any) -> bool:
    import pandas as pd

    return bool(pd.isna(values).all())


def _read(values: Any, reading: Reading, name: Any, dtype: str) -> Any:
    try:
        known = Values(values)
    except TypeError:
        return values
    try:
        distinct = reading.parse(known)
    except OverflowError as error:
        raise too_large(name, error) from error
    unread = np.isnan(distinct) & (known.counts > 0)
    n_cells, n_unread = known.counts.sum(), known.counts[unread].sum()
    if n_unread > max(_FEW_UNREAD, _MOST_UNREAD * n_cells):
        return values
    if n_unread:
        first = known.uniques[unread][0]
        first = first if isinstance(first, bytes) else text_of(first)[:_EXAMPLE_LENGTH]
        warn(UnreadCellsWarning(name, int(n_unread), reading.noun, first))
    return typed(known.spread(distinct), values, dtype)


def typed(numbers: np.ndarray, values: Any, dtype: str) -> Any:
    """Return numbers, or seconds, as a Series of a type, with the index of values."""
    import pandas as pd

    index = getattr(values, "index", None)
    if dtype == "float64":
        return pd.Series(numbers, index)
    missing = np.isnan(numbers)
    microseconds = np.where(missing, 0.0, np.round(numbers * 1e6)).astype(np.int64)
    moments = microseconds.astype(dtype)
    moments[missing] = "NaT"
    return pd.Series(moments, index)
