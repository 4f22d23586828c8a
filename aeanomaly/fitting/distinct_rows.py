"""Training rows in a canonical form: distinct, weighted, in an order of their own.

A model fitted on a table does not depend on the order of its rows, and a row that
stands k times counts exactly as one of weight k. Splitting distinct rows also keeps
copies of training rows out of the held-out ones.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.validation import _check_sample_weight

from ..scoring.encoding.values import as_float, as_seconds
from .encoding import column_kind, factorize_levels


class DistinctRows(NamedTuple):
    """Distinct rows of a table.

    Parameters
    ----------
    table : DataFrame or ndarray of shape (n_distinct, n_features)
    weights : ndarray of shape (n_distinct,)
        Sum of the sample weights of each row's copies.
    n_visits : int
        Rows that one epoch visits: the sum of whole-number weights, else the number
        of rows of positive weight.
    """

    table: Any
    weights: np.ndarray
    n_visits: int


def distinct_rows(table: Any, sample_weight: Any = None) -> DistinctRows:
    """Return the distinct rows of positive weight, ordered by a hash of the row.

    Raises
    ------
    ValueError
        If a weight is negative or not finite, or none is positive.
    """
    hashes = _row_hashes(table)
    if sample_weight is None:
        _, first, counts = np.unique(hashes, return_index=True, return_counts=True)
        return DistinctRows(take_rows(table, first), counts.astype(float), len(table))
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
    merged = np.bincount(inverse, weights=weights[kept])
    whole = (weights == np.floor(weights)).all()
    n_visits = round(weights.sum()) if whole else len(kept)
    return DistinctRows(take_rows(table, kept[first]), merged, n_visits)


def _row_hashes(table: Any) -> np.ndarray:
    """Return a hash of each row's values, whatever kind of frame holds them."""
    import pandas as pd

    frame = pd.DataFrame(table, copy=False)
    columns = {
        position: _canonical(column, name)
        for position, (name, column) in enumerate(frame.items())
    }
    return pd.util.hash_pandas_object(pd.DataFrame(columns), index=False).to_numpy()


def _canonical(values: Any, name: Any) -> np.ndarray:
    """Return a column as float64, or as hashes of its levels."""
    import pandas as pd

    kind = column_kind(values, name)
    if kind == "number":
        return as_float(values, name)
    if kind == "datetime":
        return as_seconds(values, name)
    codes, levels = factorize_levels(values, name)
    texts = np.array([*map(repr, levels), "missing"], dtype=object)
    return pd.util.hash_array(texts)[codes]


def take_rows(table: Any, rows: np.ndarray) -> Any:
    """Return some rows of a DataFrame or an array."""
    return table.iloc[rows] if hasattr(table, "iloc") else table[rows]
