"""Values that a column can have: levels that are known, numbers as they are written."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..scoring.encoding.columns.category import INFREQUENT
from ..scoring.encoding.columns.hashed import HashedCategoricalColumn
from ..scoring.encoding.tabular import is_frame
from ..scoring.scorer import Scorer
from ..scoring.usual import UsualNumbers, UsualTimes

_DAY = 86_400.0
# Levels that are tried of any row, the most frequent.
_N_FREQUENT = 3


def possible_values(scorer: Scorer, position: int, values: Any) -> np.ndarray:
    """Return the nearest values that a column can have.

    Numbers lie within what training rows showed, with no more digits than those; times
    lie within the training range; levels are known ones.

    Parameters
    ----------
    scorer : Scorer
    position : int
        Of the column.
    values : array-like of shape (n_values,)
        In original units.

    Returns
    -------
    ndarray of shape (n_values,)
        Missing where there is no such value.
    """
    column, usual = scorer.encoding.columns[position], scorer.usual_of(position)
    if column.categorical:
        return _levels(column, values)
    values = np.asarray(values)
    if isinstance(usual, UsualNumbers):
        return _numbers(usual, values.astype(np.float64))
    if isinstance(usual, UsualTimes) and usual.bounds is not None:
        return _times(usual, values.astype("datetime64[us]"))
    low, high = getattr(column, "low", None), getattr(column, "high", None)
    if low is not None and high is not None:
        return np.asarray(np.clip(values.astype(np.float64), low, high))
    return values


def frequent_levels(column: Any) -> list[Any]:
    """Return the most frequent levels of a column, if it has any with a name."""
    if not column.categorical or isinstance(column, HashedCategoricalColumn):
        return []
    counts = np.array(column.counts[: len(column.levels)])
    if not len(counts):
        return list(column.levels[:_N_FREQUENT])
    return [column.levels[i] for i in np.argsort(-counts)[:_N_FREQUENT]]


def as_column(column: Any, values: Any, table: Any) -> Any:
    """Return values as the encoding takes them: a Series, or an array.

    Parameters
    ----------
    column : Column
    values : ndarray of shape (n_values,)
    table : DataFrame or ndarray
        Of the kind in which the values are to stand.
    """
    if not is_frame(table):
        return np.asarray(values, dtype=np.float64)
    import pandas as pd

    if getattr(column, "kind", "") == "clock":
        return pd.Series(pd.to_timedelta(values))
    if column.categorical or column.ignored:
        return pd.Series(list(values), dtype=object)
    return pd.Series(values)


def _levels(column: Any, values: Any) -> np.ndarray:
    """Return values that are known levels, others as missing."""
    known = set()
    if not isinstance(column, HashedCategoricalColumn):
        known = {*column.levels, *column.infrequent}
    found = np.empty(len(values), dtype=object)
    found[:] = [v if v != INFREQUENT and _is_in(v, known) else None for v in values]
    return found


def _is_in(value: Any, known: set[Any]) -> bool:
    try:
        return value in known
    except TypeError:
        return False


def _numbers(usual: UsualNumbers, values: np.ndarray) -> np.ndarray:
    if usual.counts is not None:
        held = usual.counts[0]
        places = np.searchsorted((held[1:] + held[:-1]) / 2, values)
        return np.where(np.isnan(values), np.nan, held[places])
    if usual.decimals is not None:
        values = np.round(values, usual.decimals)
    return np.asarray(np.clip(values, *usual.bounds))


def _times(usual: UsualTimes, values: np.ndarray) -> np.ndarray:
    assert usual.bounds is not None
    # Dates without a time of day stay such.
    unit = "s" if usual.hours else "D"
    low, high = (
        np.datetime64(round(seconds * 1e6), "us").astype(f"datetime64[{unit}]")
        for seconds in usual.bounds
    )
    # Encoded times are rounded: a second may lack its last millisecond.
    half = np.timedelta64(round(0.5e6 if usual.hours else 0.5e6 * _DAY), "us")
    moments = (values.astype("datetime64[us]") + half).astype(f"datetime64[{unit}]")
    return np.asarray(np.clip(moments, low, high).astype("datetime64[us]"))
