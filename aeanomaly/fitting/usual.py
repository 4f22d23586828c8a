"""What is usual in each column, learnt from the rows of a fit."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..scoring.encoding.columns import CategoricalColumn, ClockColumn
from ..scoring.encoding.images import ImageEncoding
from ..scoring.encoding.tabular import column_at
from ..scoring.model import Model
from ..scoring.parts import PartRows, Reduction, TailCombination
from ..scoring.usual import (
    ExpectedRange,
    Usual,
    UsualClock,
    UsualLevels,
    UsualNumbers,
    UsualTimes,
)
from ..scoring.usual.levels import as_probabilities
from ..scoring.usual.times import places_in_cycles
from .split import FitRows

# Rows that tell how far what was expected can be believed, and how values are spread.
_N_ROWS = 5_000
_N_QUANTILE_ROWS = 20_000
# With fewer rows than this a half of them tells nothing.
_MIN_CROSSED = 40
# Values of a number that are counted one by one.
_MAX_VALUES = 64
_MAX_DECIMALS = 6
_ALL_WHOLE = 2.0**53
# A few values with more digits, such as sums of others, do not change how a column is
# written.
_SHARE_WRITTEN = 0.98
_CYCLES = (("hours", "hour", 24), ("weekdays", "weekday", 7), ("months", "year", 12))
_SHARES = (0.0, 0.001, 0.01, 0.05, 0.95, 0.99, 0.999, 1.0)


def fit_usual(
    model: Model, reduction: Reduction, rows: FitRows
) -> tuple[Usual | None, ...] | None:
    """Return what is usual in each column; None for images.

    Parameters
    ----------
    model : Model
    reduction : Reduction
        Says what the columns of a row let expect of each other.
    rows : FitRows
    """
    encoding = model.encoding
    if isinstance(encoding, ImageEncoding):
        return None
    positions, expected = _unseen_expectations(model, reduction, rows)
    table, weights = rows.rows.table, rows.weights
    restored = encoding.restore(expected)
    groups = dict(encoding.groups)
    usual: list[Usual | None] = []
    for i, column in enumerate(encoding.columns):
        values = column_at(table, i)
        if column.categorical:
            group = groups.get(i, slice(0, 0))
            predicted, shown = expected[:, group], rows.Z[:, group]
            usual.append(_levels(values, column, weights, positions, predicted, shown))
        elif isinstance(column, ClockColumn):
            usual.append(_clock(values, column, weights))
        elif restored[i].dtype.kind in "fM":
            fit = _times if restored[i].dtype.kind == "M" else _numbers
            usual.append(fit(values, column, weights, positions, restored[i]))
        else:
            usual.append(None)
    return tuple(usual)


def _unseen_expectations(
    model: Model, reduction: Reduction, rows: FitRows
) -> tuple[np.ndarray, np.ndarray]:
    """Return some rows, and what was expected of them by what had not seen them.

    Rows have the order of a hash: the first are as good as random.

    Returns
    -------
    positions : ndarray of shape (n_rows,), int
    expected : ndarray of shape (n_rows, n_encoded)
    """
    if rows.are_many:
        positions = rows.held_out[:_N_ROWS]
    else:
        positions = np.flatnonzero(rows.weights > 0)[:_N_ROWS]
        part = _expecting_part(reduction)
        if part is not None and len(positions) >= _MIN_CROSSED:
            return positions, _crossed(model, part, rows, positions)
    evaluation = model.evaluate(rows.Z[positions])
    return positions, reduction.expected(evaluation, model.encoding)


def _expecting_part(reduction: Reduction) -> Any:
    if isinstance(reduction, TailCombination) and reduction.expecting is not None:
        return type(reduction.parts[reduction.expecting].part)
    return None


def _crossed(model: Model, part: Any, rows: FitRows, chosen: np.ndarray) -> np.ndarray:
    """Return what a part fitted to each half of the rows expects of the other."""
    Z, weights = rows.Z[chosen], rows.weights[chosen]
    expected = np.empty(Z.shape)
    first = np.arange(len(Z)) % 2 == 0
    for seen in (first, ~first):
        every = np.arange(int(seen.sum()))
        fitted = part.fit(
            PartRows(
                Z[seen], weights[seen], model.encoding, every, every, model.evaluate
            )
        )
        evaluation = model.evaluate(Z[~seen])
        expected[~seen] = fitted.expected(evaluation, model.encoding)
    return expected


def _numbers(
    values: Any,
    column: Any,
    weights: np.ndarray,
    positions: np.ndarray,
    predicted: np.ndarray,
) -> UsualNumbers | None:
    numbers = np.asarray(column.canonical(values, column.name))
    if numbers.dtype.kind not in "fiu":
        return None
    numbers = numbers.astype(np.float64)
    known = np.flatnonzero(np.isfinite(numbers))
    n_rows = float(weights.sum())
    n_missing = n_rows - float(weights[known].sum())
    if not len(known):
        return UsualNumbers(n_rows, n_rows, None, None, (), None)
    some = known[:_N_QUANTILE_ROWS]
    quantiles = np.quantile(
        numbers[some], _SHARES, weights=weights[some], method="inverted_cdf"
    )
    bounds = (float(numbers[known].min()), float(numbers[known].max()))
    quantiles[0], quantiles[-1] = bounds
    expected = None
    if column.n_linear:
        expected = ExpectedRange.fit(
            predicted, numbers[positions], weights[positions], bounds
        )
    return UsualNumbers(
        n_rows,
        max(0.0, n_missing),
        expected,
        decimals_of(numbers[some], getattr(values, "dtype", None)),
        tuple(zip(_SHARES, quantiles.tolist(), strict=True)),
        _counted(numbers[known], weights[known]),
    )


def _counted(numbers: np.ndarray, weights: np.ndarray) -> np.ndarray | None:
    """Return the values and how often each is there, or None if there are many."""
    if len(np.unique(numbers[:_N_ROWS])) > _MAX_VALUES:
        return None
    values, codes = np.unique(numbers, return_inverse=True)
    if len(values) > _MAX_VALUES:
        return None
    return np.array([values, np.bincount(codes, weights, minlength=len(values))])


def decimals_of(numbers: np.ndarray, dtype: Any = None) -> int | None:
    """Return the digits after the point that numbers are written with.

    Parameters
    ----------
    numbers : ndarray of shape (n_samples,)
        None missing.
    dtype : numpy.dtype, default=None
        What they were stored as: a float32 of 0.1 is written so, and is another float.

    Returns
    -------
    int or None
        None if there are more than six.

    Examples
    --------
    >>> import numpy as np
    >>> decimals_of(np.array([12.5, 3.25, 8.0]))
    2
    >>> decimals_of(np.array([7.0, 1e8])), decimals_of(np.array([2e-15, 0.0]))
    (0, None)
    """
    single = str(dtype).lower() in ("float32", "float16")
    # Floats from here on are whole, and times a power of ten some would overflow.
    numbers = np.where(np.abs(numbers) < _ALL_WHOLE, numbers, 0.0)
    sizes = np.abs(numbers)
    # Zeros have no digits of their own, and small columns no fixed ones.
    least = 1e-3 * min(1.0, sizes.max(initial=0.0))
    tolerance = (1e-6 if single else 1e-11) * np.maximum(sizes, least)
    for decimals in range(_MAX_DECIMALS + 1):
        written = np.abs(np.round(numbers, decimals) - numbers) <= tolerance
        if written.mean() >= _SHARE_WRITTEN:
            return decimals
    return None


def _times(
    values: Any,
    column: Any,
    weights: np.ndarray,
    positions: np.ndarray,
    predicted: np.ndarray,
) -> UsualTimes:
    seconds = np.asarray(column.canonical(values, column.name), dtype=np.float64)
    known = np.flatnonzero(np.isfinite(seconds))
    n_rows = float(weights.sum())
    n_missing = max(0.0, n_rows - float(weights[known].sum()))
    if not len(known):
        return UsualTimes(n_rows, n_rows, None, None, (), (), ())
    bounds = (float(seconds[known].min()), float(seconds[known].max()))
    moments = predicted.astype("datetime64[us]").astype(np.int64) / 1e6
    expected = ExpectedRange.fit(
        moments, seconds[positions], weights[positions], bounds
    )
    places = places_in_cycles(seconds[known])
    resolved = getattr(column, "cycles", ())
    counts = (
        tuple(np.bincount(places[name], weights[known], minlength=size).tolist())
        if cycle in resolved
        else ()
        for name, cycle, size in _CYCLES
    )
    return UsualTimes(n_rows, n_missing, expected, bounds, *counts)


def _clock(values: Any, column: Any, weights: np.ndarray) -> UsualClock:
    seconds = np.asarray(column.canonical(values, column.name), dtype=np.float64)
    known = np.flatnonzero(np.isfinite(seconds))
    n_rows = float(weights.sum())
    hours = places_in_cycles(seconds[known])["hours"]
    return UsualClock(
        n_rows,
        max(0.0, n_rows - float(weights[known].sum())),
        tuple(np.bincount(hours, weights[known], minlength=24).tolist()),
    )


def _levels(
    values: Any,
    column: Any,
    weights: np.ndarray,
    positions: np.ndarray,
    predicted: np.ndarray,
    shown: np.ndarray,
) -> UsualLevels:
    import pandas as pd

    missing = np.asarray(pd.isna(values))
    probabilities = as_probabilities(predicted)
    shares = weights @ shown / weights.sum()
    # Counts of levels are those of the first fit, as the column knows them.
    counted = isinstance(column, CategoricalColumn) and column.counts
    n_missing = column.n_missing if counted else float(weights[missing].sum())
    n_rows = column.n_known + n_missing if counted else float(weights.sum())
    return UsualLevels(
        n_rows,
        n_missing,
        np.array([shares, probabilities.min(axis=0), probabilities.max(axis=0)]),
        UsualLevels.fitted_shrinkage(
            probabilities, shown[positions], weights[positions], shares
        ),
    )
