"""How far the columns of a table have shifted from those of the training rows."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..scoring.encoding.tabular import column_at
from ..scoring.kept_rows import kept_rows
from ..scoring.scorer import Scorer
from ..scoring.usual import UsualClock, UsualNumbers, UsualTimes
from ..scoring.usual.times import places_in_cycles

# 19 tables of 20 that have not changed stay below: the limit of Kolmogorov and
# Smirnov, and of a normal distribution.
_KS_LIMIT, _NORMAL_LIMIT = 1.358, 1.645


class ColumnShift(NamedTuple):
    """How far one column has shifted.

    Parameters
    ----------
    column : str or int
        Name, or position in an array.
    shift : float
        In [0, 1]. Of numbers the greatest difference between the shares of rows up to
        a value, missing ones being the least; of levels, and of hours of the day, half
        the sum of the differences of their shares, which is the share of rows that
        would have to change.
    by_chance : float
        What it stays below in 19 of 20 tables that have not changed.
    missing_before, missing_now : float
        Shares of missing values, in [0, 1].
    by : str
        What was compared: "values", "levels" or "hours".
    """

    column: Any
    shift: float
    by_chance: float
    missing_before: float
    missing_now: float
    by: str

    @property
    def has_shifted(self) -> bool:
        """Whether it is more than chance."""
        return self.shift > self.by_chance


def column_shifts(scorer: Scorer, table: Any) -> list[ColumnShift]:
    """Return how far columns have shifted: first those that did by more than chance.

    Parameters
    ----------
    scorer : Scorer
        Numbers are compared with the training rows that it keeps, or with the few
        quantiles of which it knows; columns of which it knows nothing are left out, as
        are dates without a time of day: that new rows are newer is no shift.
    table : DataFrame or ndarray of shape (n_samples, n_features)
        With the fitted columns in the fitted order.

    Returns
    -------
    list of ColumnShift
        Of either kind the greatest shift first.
    """
    kept = kept_rows(scorer)
    found = []
    for position, column in enumerate(scorer.encoding.columns):
        if column.ignored or not len(table):
            continue
        values, usual = column_at(table, position), scorer.usual_of(position)
        if column.categorical:
            shift = _of_levels(column, values)
        elif isinstance(usual, UsualNumbers) and usual.quantiles:
            shift = _of_numbers(scorer, position, values, usual, kept)
        elif isinstance(usual, UsualTimes | UsualClock):
            shift = _of_hours(column, values, usual)
        else:
            shift = None
        if shift is not None:
            found.append(shift)
    return sorted(found, key=lambda one: (not one.has_shifted, -one.shift))


def _of_levels(column: Any, values: Any) -> ColumnShift | None:
    counts = np.array(getattr(column, "counts", ()), dtype=np.float64)
    if not len(counts) or not column.n_known:
        return None
    import pandas as pd

    now = pd.Series(values).value_counts(dropna=True)
    n_now = len(values)
    missing = int(pd.isna(values).sum())
    index = {level: i for i, level in enumerate((*column.levels, *column.infrequent))}
    new = np.zeros(len(counts))
    unseen = 0.0
    for level, n in now.items():
        if level in index:
            new[index[level]] += n
        else:
            unseen += n
    before = column.n_known + column.n_missing
    # Levels that were not remembered, and those never seen, are one kind.
    shares = np.append(counts, [column.n_known - counts.sum(), column.n_missing])
    shares /= before
    shares_now = np.append(new, [unseen, missing]) / n_now
    return ColumnShift(
        column.name,
        0.5 * float(np.abs(shares - shares_now).sum()),
        _level_chance(shares, before, n_now),
        float(shares[-1]),
        missing / n_now,
        "levels",
    )


def _level_chance(shares: np.ndarray, n_before: float, n_now: float) -> float:
    """Return what half a sum of differences of shares stays below by chance."""
    each = 1.0 / n_before + 1.0 / n_now
    spread = np.sqrt(np.clip(shares * (1 - shares), 0.0, None) * each)
    # Mean of the size of a normal deviation, and how far the sum strays from it.
    return float(
        math.sqrt(2 / math.pi) * 0.5 * spread.sum()
        + _NORMAL_LIMIT * 0.5 * math.sqrt(each)
    )


def _of_numbers(
    scorer: Scorer,
    position: int,
    values: Any,
    usual: UsualNumbers,
    kept: np.ndarray | None,
) -> ColumnShift | None:
    column = scorer.encoding.columns[position]
    now = np.asarray(column.canonical(values, column.name), dtype=np.float64)
    n_now = len(now)
    known = np.isfinite(now) & ~np.isin(now, getattr(column, "missing_values", ()))
    now = np.sort(now[known])
    missing_now = 1.0 - len(now) / n_now
    missing_before = usual.n_missing / usual.n_rows if usual.n_rows else 0.0
    if usual.counts is not None:
        at, counts = usual.counts
        before, n_before = np.cumsum(counts) / counts.sum(), usual.n_rows
    elif kept is not None and column.n_linear:
        at = _kept_values(scorer, position, kept)
        if not len(at):
            return None
        before, n_before = np.arange(1, len(at) + 1) / len(at), len(kept)
    elif usual.quantiles:
        before, at = (np.array(part) for part in zip(*usual.quantiles, strict=True))
        n_before = usual.n_rows
    else:
        return None
    # As restored values carry the rounding of float32, steps are looked at from the
    # middle of what lies between them.
    at, last = np.unique(at, return_index=True)
    before = before[np.append(last[1:] - 1, len(before) - 1)]
    middles = np.append((at[1:] + at[:-1]) / 2, np.inf)
    reached = np.searchsorted(now, middles, side="right") / n_now + missing_now
    expected = missing_before + (1 - missing_before) * before
    shift = max(
        float(np.abs(reached - expected).max()), abs(missing_now - missing_before)
    )
    chance = _KS_LIMIT * math.sqrt(1.0 / n_now + 1.0 / n_before)
    return ColumnShift(
        column.name, shift, chance, missing_before, missing_now, "values"
    )


def _kept_values(scorer: Scorer, position: int, kept: np.ndarray) -> np.ndarray:
    """Return the values that kept rows have of a column, ascending, without missing."""
    encoding = scorer.encoding
    column = encoding.columns[position]
    values = encoding.restore(kept)[position]
    if column.has_indicator:
        encoded = np.flatnonzero(encoding.encoded_columns == position)
        values = values[kept[:, encoded[-1]] <= 0]
    return np.sort(values.astype(np.float64))


def _of_hours(
    column: Any, values: Any, usual: UsualTimes | UsualClock
) -> ColumnShift | None:
    if not len(usual.hours):
        return None
    seconds = np.asarray(column.canonical(values, column.name), dtype=np.float64)
    n_now = len(seconds)
    known = seconds[np.isfinite(seconds)]
    now = np.bincount(places_in_cycles(known)["hours"], minlength=24)
    shares = np.append(usual.hours, usual.n_missing) / usual.n_rows
    shares_now = np.append(now, n_now - len(known)) / n_now
    return ColumnShift(
        column.name,
        0.5 * float(np.abs(shares - shares_now).sum()),
        _level_chance(shares, usual.n_rows, n_now),
        float(shares[-1]),
        float(shares_now[-1]),
        "hours",
    )
