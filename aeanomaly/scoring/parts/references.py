"""Reference rows: distances of rows to distinct training rows, copies left out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

# Rows at a time: their distances to 2,000 references fit a second-level cache.
_BLOCK_ROWS = 256
# A neighbour nearer than this share of the median distance between neighbours, or than
# so many deviations of an encoded column, is the less evidence the nearer it is.
_NEAR_SHARE = 0.25
_LEAST_NEAR = 0.02
# Where "near", squared, is less than this share of the references' squared norms, many
# lie so close to each other that products in single precision cannot tell which is
# nearest.
_DENSE = 1e-3


def near_squared(squared: np.ndarray) -> float:
    """Return the squared distance below which a reference gives way to the next.

    Parameters
    ----------
    squared : ndarray of shape (n_references,)
        Squared distance of references from the nearest other one.
    """
    return max(_LEAST_NEAR**2, _NEAR_SHARE**2 * float(np.median(squared)))


def share_of_first(first: np.ndarray, near: float) -> np.ndarray:
    """Return how much the nearest reference counts, the rest being the second's.

    The closer it is, the less: a copy, whether exact or rounded, gives way to the
    second nearest, continuously.

    Parameters
    ----------
    first : ndarray
        Squared distances to the nearest reference.
    near : float
        What `near_squared` returned.
    """
    return np.minimum(first / near, 1.0)


def log_distance(first: np.ndarray, second: np.ndarray, near: float) -> np.ndarray:
    """Return the log distance to the nearest reference that is evidence.

    Parameters
    ----------
    first, second : ndarray
        Squared distances to the nearest and the second nearest reference.
    near : float
        What `near_squared` returned.
    """
    share = share_of_first(first, near)
    first, second = np.log(first + near), np.log(second + near)
    return np.asarray(0.5 * (share * first + (1.0 - share) * second))


class Factors:
    """References as rows are multiplied by them, made once for each precision.

    Parameters
    ----------
    references : ndarray of shape (n_references, n_columns), float32
    near : float, default=0.0
        Squared distance between references that is small; see `near_squared`. Zero
        where rows are multiplied in their own precision.
    """

    def __init__(self, references: np.ndarray, near: float = 0.0) -> None:
        self._references = references
        self._near = near
        self._by_type: dict[str, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self._references)

    def precision(self, rows: np.ndarray) -> np.dtype:
        """Return the type in which the references nearest to rows are looked for.

        Single precision finds them among many rows in half the time, where they are
        not so close to each other that it takes one for another.
        """
        if len(rows) <= _BLOCK_ROWS or self._is_dense:
            return rows.dtype
        return np.dtype(np.float32)

    @cached_property
    def _is_dense(self) -> bool:
        norms = np.square(self._references).sum(axis=1, dtype=np.float64)
        return bool(self._near < _DENSE * norms.mean())

    def of(self, dtype: np.dtype) -> np.ndarray:
        """Return the factors of rows of a type, (n_columns + 1, n_references)."""
        # Two threads that come first may both make them: the same, and only once.
        factors = self._by_type.get(dtype.char)
        if factors is None:
            references = self._references.astype(dtype, copy=False)
            norms = np.square(references).sum(axis=1, keepdims=True)
            factors = np.ascontiguousarray(np.hstack([-2.0 * references, norms]).T)
            self._by_type[dtype.char] = factors
        return factors


def iter_squared_distances(
    rows: np.ndarray, references: np.ndarray
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield squared distances to all references.

    Parameters
    ----------
    rows : ndarray of shape (n_samples, n_columns)
    references : ndarray of shape (n_references, n_columns), float32

    Yields
    ------
    block : slice
    distances : ndarray of shape (n_block, n_references)
        Small ones carry the rounding error of a difference of norms.
    """
    for block, distances in iter_comparable(rows, Factors(references)):
        distances += np.square(rows[block]).sum(axis=1, keepdims=True)
        yield block, distances


def iter_comparable(
    rows: np.ndarray, factors: Factors
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield squared distances to all references, less the row's own squared norm.

    All that a row is compared by needs no more; and one product gives it, in which the
    references' norms are one more column.

    Parameters
    ----------
    rows : ndarray of shape (n_samples, n_columns)
    factors : Factors
        Of the references.

    Yields
    ------
    block : slice
    distances : ndarray of shape (n_block, n_references)
        Of the iterator: the next block overwrites them.
    """
    dtype = factors.precision(rows)
    factor = factors.of(dtype)
    products = np.empty(min(_BLOCK_ROWS, len(rows)) * len(factors), dtype=dtype)
    for block, extended in _extended(rows, dtype):
        out = products[: len(extended) * len(factors)].reshape(len(extended), -1)
        yield block, np.matmul(extended, factor, out=out)


def iter_turned(
    rows: np.ndarray, factors: Factors
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield what `iter_comparable` does with a row for each reference.

    What is taken over references goes through long rows then, several times as fast.

    Yields
    ------
    block : slice
    distances : ndarray of shape (n_references, n_block)
        Of the iterator: the next block overwrites them.
    """
    dtype = factors.precision(rows)
    factor = factors.of(dtype)
    products = np.empty(min(_BLOCK_ROWS, len(rows)) * len(factors), dtype=dtype)
    for block, extended in _extended(rows, dtype):
        out = products[: len(extended) * len(factors)].reshape(len(factors), -1)
        yield block, np.matmul(factor.T, extended.T, out=out)


def _extended(rows: np.ndarray, dtype: np.dtype) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield blocks of rows with a one behind each, which the norms are added by."""
    size = min(_BLOCK_ROWS, len(rows))
    extended = np.ones((size, rows.shape[1] + 1), dtype=dtype)
    for start in range(0, len(rows), _BLOCK_ROWS):
        block = slice(start, min(start + _BLOCK_ROWS, len(rows)))
        part = extended[: block.stop - start]
        part[:, :-1] = rows[block]
        yield block, part


def check_near(part: object, near: float) -> None:
    """Raise a `ValueError` unless a part's ``near_squared`` is a distance."""
    if not 0 < near < np.inf:
        raise ValueError(f"{type(part).__name__} has no positive near_squared")
