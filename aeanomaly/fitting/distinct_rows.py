"""Training rows in a canonical form: distinct, weighted, in an order of their own.

A model fitted on a table does not depend on the order of its rows, and a row that
stands k times counts exactly as one of weight k. Splitting distinct rows also keeps
copies of training rows out of the held-out ones.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.validation import _check_sample_weight

from ..scoring.encoding.columns import Column, IgnoredColumn
from ..scoring.encoding.tabular import column_at, column_names, take_rows
from .encoding import Kinds, find_identifiers, kinds_of

# Units in the least weight up to which weights that are not whole numbers are taken as
# counts: by chance, rounded weights have a common unit as well, but a smaller one.
_MAX_UNITS = 10
# Rows that an epoch visits, at most, for the sake of weights.
_MOST_WEIGHTED_VISITS = 2**22
# Times the least weight that one counts: beyond, a row is all there is anyway, and sums
# of squares would overflow.
_MOST_RATIO = 2.0**40


class DistinctRows(NamedTuple):
    """Distinct rows of a table.

    Parameters
    ----------
    table : DataFrame or ndarray of shape (n_distinct, n_features)
    weights : ndarray of shape (n_distinct,)
        Sum of the sample weights of each row's copies; see `relative_weights`.
    n_visits : int
        Rows that one epoch visits: the sum of the weights, of which no more count than
        there are rows, or 4,194,304.
    """

    table: Any
    weights: np.ndarray
    n_visits: int


def distinct_rows(
    table: Any, sample_weight: Any = None, kinds: Kinds | None = None
) -> DistinctRows:
    """Return the distinct rows of positive weight, ordered by a hash of the row.

    Parameters
    ----------
    table : DataFrame or ndarray of shape (n_samples, n_features)
    sample_weight : array-like of shape (n_samples,), default=None
    kinds : sequence of type, default=None
        What `kinds_of` returned for the columns.

    Raises
    ------
    ValueError
        If a weight is negative or not finite, or none is positive.
    """
    hashes = _row_hashes(table, kinds_of(table) if kinds is None else kinds)
    if sample_weight is None:
        _, first, counts = np.unique(hashes, return_index=True, return_counts=True)
        weights = relative_weights(counts.astype(float))
        return DistinctRows(take_rows(table, first), weights, round(weights.sum()))
    weights = _check_sample_weight(
        sample_weight, table, dtype=np.float64, ensure_non_negative=True
    )
    kept = np.flatnonzero(weights > 0)
    if not len(kept):
        raise ValueError(
            "No row has a positive sample_weight. Pass at least two rows of weight "
            "above zero."
        )
    _, first, inverse = np.unique(hashes[kept], return_index=True, return_inverse=True)
    merged = relative_weights(np.bincount(inverse, weights=weights[kept]))
    if (greatest := merged.max()) > _MOST_RATIO * merged.min():
        merged = np.maximum(merged, greatest / _MOST_RATIO)
        merged *= min(1.0, _MOST_RATIO / greatest)
    # Some rows may weigh a billion times what others do.
    most = max(len(kept), _MOST_WEIGHTED_VISITS)
    n_visits = max(1, round(min(merged.sum(), most)))
    return DistinctRows(take_rows(table, kept[first]), merged, n_visits)


class InformativeRows(NamedTuple):
    """Distinct rows, and what their columns are.

    Parameters
    ----------
    rows : DistinctRows
    kinds : list of type
        "ignored" for identifiers.
    reasons : dict of int to str
        Why columns are ignored, by position.
    """

    rows: DistinctRows
    kinds: list[type[Column]]
    reasons: dict[int, str]


def informative_rows(
    table: Any, sample_weight: Any, kinds: list[type[Column]], named: Any = None
) -> InformativeRows:
    """Return the distinct rows, and the kinds of columns: identifiers are ignored.

    Whether nearly all levels of a column differ is asked of distinct rows, so that
    copies of rows do not hide it; rows that differ in nothing else are then copies.

    Parameters
    ----------
    table : DataFrame or ndarray of shape (n_samples, n_features)
    sample_weight : array-like of shape (n_samples,) or None
    kinds : list of type
        What `kinds_of` returned for the columns.
    named : mapping, default=None
        Columns whose kinds were named, and which stay.
    """
    rows = distinct_rows(table, sample_weight, kinds)
    reasons = find_identifiers(rows.table, kinds, named)
    if not reasons:
        return InformativeRows(rows, kinds, reasons)
    kinds = [IgnoredColumn if i in reasons else kind for i, kind in enumerate(kinds)]
    return InformativeRows(distinct_rows(table, sample_weight, kinds), kinds, reasons)


def relative_weights(weights: np.ndarray) -> np.ndarray:
    """Return weights of which only the ratios matter.

    Multiples of one number, such as counts of rows or equal weights, become the least
    whole numbers in their ratios; others are scaled to a mean of one.

    Parameters
    ----------
    weights : ndarray of shape (n_samples,)
        Positive.
    """
    if (weights == np.floor(weights)).all() and weights.max() < 2**53:
        return weights / np.gcd.reduce(weights.astype(np.int64))
    unit, least = weights.max(), weights.min()
    for other in np.unique(weights):
        # Euclid's algorithm, up to rounding.
        while other > 1e-6 * least:
            unit, other = other, abs(unit - other * np.round(unit / other))
        if unit * _MAX_UNITS < least:
            return weights / weights.mean()
    return np.round(weights / unit)


def _row_hashes(table: Any, kinds: Kinds) -> np.ndarray:
    """Return a hash of each row's values, whatever kind of frame holds them."""
    import pandas as pd

    columns = {
        i: kind.canonical(column_at(table, i), name)
        for i, (name, kind) in enumerate(zip(column_names(table), kinds, strict=True))
        # What has no part in the score must not change the order of the rows either.
        if not kind.ignored
    }
    if not columns:
        return np.zeros(len(table), dtype=np.uint64)
    return np.asarray(
        pd.util.hash_pandas_object(pd.DataFrame(columns), index=False).to_numpy()
    )
