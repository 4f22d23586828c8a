"""Fits the encoding of a table: what kind each column is, and how it is scaled."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..exceptions import ColumnError, InfiniteValueError
from ..scoring.encoding.columns import (
    MARGIN_SECONDS,
    CategoricalColumn,
    Column,
    ConstantColumn,
    DatetimeColumn,
    NumericColumn,
    plain_level,
    unseen_surprise,
)
from ..scoring.encoding.table import TableEncoding
from ..scoring.encoding.values import as_float, as_seconds, hold_numbers

# Tails of a thousandth on either side, and at least the outermost row, are clipped
# before mean and deviation are taken: a few wild values must not flatten all others.
_TAIL = 0.001
_OUTERMOST_ROWS = 1.5
# Rows that estimate those tails: their order is that of a hash, hence random.
_TAIL_ROWS = 10_000
# Relative range below which a column of numbers counts as constant.
_CONSTANT_RANGE = 1e-10
# Rare levels are remembered one by one up to this number, to tell them from unseen
# ones; beyond, unseen levels count as rare ones.
_MAX_INFREQUENT = 10_000
_DAY_SECONDS = 86_400.0
# Cycles need two turns in the training rows before they can be told from a trend.
_MIN_SECONDS = {"weekday": 14 * _DAY_SECONDS, "year": 2 * 365.2425 * _DAY_SECONDS}


def fit_encoding(
    table: Any, weights: np.ndarray, *, scaling: str, max_categories: int
) -> TableEncoding:
    """Return the encoding of a table, learnt from its rows.

    Parameters
    ----------
    table : DataFrame or ndarray of shape (n_samples, n_features)
    weights : ndarray of shape (n_samples,)
        How often each row counts.
    scaling : {"robust", "standard", "none"}
        How numbers are scaled.
    max_categories : int
        Levels of a category with an encoded column of their own.

    Raises
    ------
    ColumnError
        If a column is of a kind that cannot be encoded.
    InfiniteValueError
        If a column holds infinite values.
    """
    named = hasattr(table, "iloc")
    names = list(table.columns) if named else range(table.shape[1])
    columns = tuple(
        _fit_column(
            table.iloc[:, i] if named else table[:, i],
            name,
            weights,
            scaling,
            max_categories,
        )
        for i, name in enumerate(names)
    )
    encoding = TableEncoding(columns, named, squashed=scaling == "robust")
    if not encoding.n_encoded:
        raise ColumnError(
            "Every column of X is constant: there is nothing to learn. Pass at least "
            "one column whose values differ."
        )
    return encoding


def _fit_column(
    values: Any, name: Any, weights: np.ndarray, scaling: str, max_categories: int
) -> Column:
    kind = column_kind(values, name)
    if kind == "category":
        return _fit_category(values, name, weights, max_categories)
    if kind == "datetime":
        return _fit_datetime(values, name, weights)
    return _fit_number(as_float(values, name), name, weights, scaling)


def column_kind(values: Any, name: Any) -> str:
    """Return "number", "category" or "datetime".

    Raises
    ------
    ColumnError
        If a column is of a type that cannot be encoded.
    """
    import pandas as pd

    if isinstance(values, np.ndarray):
        return "number"
    types = pd.api.types
    if types.is_bool_dtype(values) or isinstance(values.dtype, pd.CategoricalDtype):
        return "category"
    if types.is_complex_dtype(values):
        raise ValueError(f"Complex data not supported: column {name!r}.")
    if types.is_numeric_dtype(values):
        return "number"
    if types.is_datetime64_any_dtype(values):
        return "datetime"
    if types.is_object_dtype(values) or types.is_string_dtype(values):
        inferred = types.infer_dtype(values, skipna=True)
        if inferred == "boolean" or not hold_numbers(values):
            return "category"
        return "number"
    raise ColumnError(
        f"Column {name!r} is of type {values.dtype}, which cannot be encoded. Allowed "
        f"are numbers, booleans, strings, categories and datetimes: convert it (a "
        f"duration for example with .dt.total_seconds()), or drop it."
    )


def _fit_number(
    values: np.ndarray, name: Any, weights: np.ndarray, scaling: str
) -> NumericColumn | ConstantColumn:
    n_rows = weights.sum()
    missing = np.isnan(values)
    if missing.all():
        return ConstantColumn(name, math.nan, unseen_surprise(n_rows))
    known, known_weights = values, weights
    if missing.any():
        known, known_weights = values[~missing], weights[~missing]
    low, high = known.min(), known.max()
    if math.isinf(low) or math.isinf(high):
        raise InfiniteValueError(
            f"Column {name!r} holds {int(np.isinf(known).sum())} infinite values. "
            f"Input X contains infinity: replace it, for example by NaN, which counts "
            f"as missing."
        )
    novelty = unseen_surprise(n_rows)
    missing_rate = float(weights[missing].sum() / n_rows)
    if high - low <= _CONSTANT_RANGE * max(abs(low), abs(high)):
        if not missing_rate:
            return ConstantColumn(name, float(low), novelty)
        # Whether the value is missing is then what varies.
        return NumericColumn(name, float(low), max(1.0, abs(low)), missing_rate)
    if scaling == "none":
        return NumericColumn(name, 0.0, 1.0, missing_rate, novelty)
    robust = scaling == "robust"
    center, scale = _center_and_scale(known, known_weights, clip=robust)
    if robust and np.isin(known, (low, high)).all():
        # Two values are levels: apart by one, as those of a category, however rare.
        center = float(np.average(known, weights=known_weights))
        scale = float(high) - float(low)
    return NumericColumn(name, center, scale, missing_rate, novelty)


def _center_and_scale(
    values: np.ndarray, weights: np.ndarray, *, clip: bool
) -> tuple[float, float]:
    """Return mean and standard deviation, of values with clipped tails on request."""
    clipped = np.clip(values, *_typical_range(values, weights)) if clip else values
    center = np.average(clipped, weights=weights)
    scale = math.sqrt(np.average((clipped - center) ** 2, weights=weights))
    if not math.isfinite(scale) or scale == 0.0:
        # Squares of the largest and smallest numbers overflow or vanish.
        scale = float(np.abs(clipped - center).max())
    return float(center), float(scale)


def _typical_range(values: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Return where the tails begin, or the whole range if all variation is in them."""
    seen, weights_seen = values[:_TAIL_ROWS], weights[:_TAIL_ROWS]
    n_rows = max(len(seen), weights_seen.sum())
    tail = min(0.25, max(_TAIL, _OUTERMOST_ROWS / n_rows))
    low, high = np.quantile(
        seen, [tail, 1 - tail], weights=weights_seen, method="inverted_cdf"
    )
    if low == high:
        low, high = values.min(), values.max()
    return float(low), float(high)


def _fit_category(
    values: Any, name: Any, weights: np.ndarray, max_categories: int
) -> CategoricalColumn:
    codes, levels = factorize_levels(values, name)
    known = codes >= 0
    counts = np.bincount(codes[known], weights=weights[known], minlength=len(levels))
    # Categories of a pandas dtype that no training row shows are unseen.
    order = sorted(np.flatnonzero(counts), key=lambda i: (-counts[i], str(levels[i])))
    frequent = sorted(order[:max_categories], key=lambda i: str(levels[i]))
    infrequent = order[max_categories:]
    n_rows = weights.sum()
    n_singletons = float((counts[order] <= 1).sum()) if order else 0.0
    novelty = unseen_surprise(n_rows, n_singletons)
    if len(infrequent) > _MAX_INFREQUENT:
        novelty, infrequent = 0.0, infrequent[:_MAX_INFREQUENT]
    return CategoricalColumn(
        name,
        tuple(levels[i] for i in frequent),
        tuple(levels[i] for i in infrequent),
        bool((~known).any()),
        novelty,
    )


def factorize_levels(values: Any, name: Any) -> tuple[np.ndarray, list[Any]]:
    """Return each row's position among the levels, -1 where missing, and the levels.

    Raises
    ------
    ColumnError
        If the values cannot be told apart, as lists cannot.
    """
    import pandas as pd

    try:
        codes, uniques = pd.factorize(values)
    except TypeError as error:
        raise ColumnError(
            f"Column {name!r} holds values that are neither numbers nor categories "
            f"({error}). Convert them to strings or numbers, or drop the column."
        ) from error
    return codes, [plain_level(level) for level in uniques]


def _fit_datetime(values: Any, name: Any, weights: np.ndarray) -> DatetimeColumn:
    seconds = as_seconds(values, name)
    missing = np.isnan(seconds)
    known, known_weights = seconds[~missing], weights[~missing]
    if missing.all():
        known, known_weights = np.zeros(1), np.ones(1)
    # One date of the year 9999 must not stretch what counts as ordinary.
    low, high = _typical_range(known, known_weights)
    first = float(known[known >= low - MARGIN_SECONDS].min())
    last = float(known[known <= high + MARGIN_SECONDS].max())
    center, scale = first, _DAY_SECONDS
    if last > first:
        center, scale = _center_and_scale(known, known_weights, clip=True)
    cycles = [c for c, needed in _MIN_SECONDS.items() if last - first >= needed]
    if (known % _DAY_SECONDS != 0).any():
        cycles.insert(0, "hour")
    return DatetimeColumn(
        name,
        first=first,
        last=last,
        center=center,
        scale=scale,
        cycles=tuple(cycles),
        missing_rate=float(weights[missing].sum() / weights.sum()),
        novelty=unseen_surprise(weights.sum()),
    )
