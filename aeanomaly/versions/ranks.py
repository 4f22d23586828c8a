"""How far two rankings of the same rows agree; with NumPy alone."""

from __future__ import annotations

import numpy as np

# Of so many of the most abnormal rows it is asked whether they are the same.
_TOPS = (10, 100, 1_000, 10_000)
_LEAST_ROWS = 2


def spearman(x: np.ndarray, y: np.ndarray) -> float | None:
    """Return Spearman's correlation of ranks, equal values having equal ranks.

    Parameters
    ----------
    x, y : ndarray of shape (n_samples,)

    Returns
    -------
    float or None
        In [-1, 1]; None where all values of either are equal, as one value is.

    Examples
    --------
    >>> import numpy as np
    >>> round(spearman(np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])), 3)
    0.5
    """
    if len(x) < _LEAST_ROWS:
        return None
    a, b = _mean_ranks(x), _mean_ranks(y)
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt((a @ a) * (b @ b))
    return float(np.clip(a @ b / scale, -1.0, 1.0)) if scale else None


def kendall(x: np.ndarray, y: np.ndarray) -> float | None:
    """Return Kendall's tau-b: by how much agreeing pairs exceed others.

    Parameters
    ----------
    x, y : ndarray of shape (n_samples,)

    Returns
    -------
    float or None
        In [-1, 1]; None where all values of either are equal, as one value is.

    Examples
    --------
    >>> import numpy as np
    >>> round(kendall(np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])), 3)
    0.333
    """
    if len(x) < _LEAST_ROWS:
        return None
    a, b = _dense_ranks(x), _dense_ranks(y)
    order = np.lexsort((b, a))
    n_pairs = len(a) * (len(a) - 1) / 2
    both = _n_pairs_tied(a * (b.max(initial=0) + 1) + b)
    untied_x = n_pairs - _n_pairs_tied(a)
    untied_y = n_pairs - _n_pairs_tied(b)
    if not untied_x or not untied_y:
        return None
    agreeing = untied_x + untied_y - n_pairs + both - 2.0 * _inversions(b[order])
    return float(np.clip(agreeing / np.sqrt(untied_x * untied_y), -1.0, 1.0))


def overlaps(x: np.ndarray, y: np.ndarray, also: int = 0) -> dict[int, float]:
    """Return which share of the lowest rows of one ranking are so in the other.

    Parameters
    ----------
    x, y : ndarray of shape (n_samples,)
    also : int, default=0
        A number of rows to look at, beside 10, 100, 1,000 and 10,000.

    Returns
    -------
    dict of int to float
        By numbers of rows, of at most half of them.

    Examples
    --------
    >>> import numpy as np
    >>> overlaps(np.arange(40.0), np.arange(40.0) % 20, also=4)
    {4: 0.5, 10: 0.5}
    """
    a, b = np.argsort(x, kind="stable"), np.argsort(y, kind="stable")
    sizes = sorted({k for k in (*_TOPS, also) if 0 < k <= len(x) / 2})
    return {k: len(np.intersect1d(a[:k], b[:k])) / k for k in sizes}


def _dense_ranks(values: np.ndarray) -> np.ndarray:
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _mean_ranks(values: np.ndarray) -> np.ndarray:
    ranks = _dense_ranks(values)
    counts = np.bincount(ranks)
    return (np.cumsum(counts) - (counts - 1) / 2)[ranks]


def _n_pairs_tied(values: np.ndarray) -> float:
    counts = np.unique(values, return_counts=True)[1].astype(np.float64)
    return float((counts * (counts - 1) / 2).sum())


def _inversions(ranks: np.ndarray) -> float:
    """Return how many pairs stand in descending order.

    Bit by bit from the highest: values that are equal in all higher bits stand together
    in their first order, and a one before a zero is a pair.
    """
    total, places = 0.0, np.arange(len(ranks))
    for bit in reversed(range(int(ranks.max(initial=0)).bit_length())):
        is_one = (ranks >> bit) & 1
        group = ranks >> (bit + 1)
        starts = np.r_[True, group[1:] != group[:-1]]
        start = np.maximum.accumulate(np.where(starts, places, 0))
        ones_before = np.cumsum(is_one) - is_one
        total += float((ones_before - ones_before[start])[is_one == 0].sum())
        ranks = ranks[np.argsort(ranks >> bit, kind="stable")]
    return total
