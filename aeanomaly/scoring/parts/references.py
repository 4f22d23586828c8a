"""Reference rows: distances of rows to distinct training rows, copies left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

# Rows at a time: their distances to 2,000 references fit a second-level cache.
_BLOCK_ROWS = 256
# Odd 64-bit constants that mix a row's bits into one number (splitmix64).
_MIX_ROW = np.uint64(0xBF58476D1CE4E5B9)
_MIX_COLUMN = np.uint64(0x9E3779B97F4A7C15)


def row_keys(Z: np.ndarray) -> np.ndarray:
    """Return a 64-bit hash of each row, equal for rows of equal float32 values."""
    # Adding zero makes negative zeros positive.
    values = np.ascontiguousarray(Z, dtype=np.float32) + np.float32(0)
    bits = values.view(np.uint32).astype(np.uint64)
    columns = np.arange(1, Z.shape[1] + 1, dtype=np.uint64) * _MIX_COLUMN
    bits = (bits + columns) * _MIX_ROW
    bits ^= bits >> np.uint64(29)
    bits *= columns | np.uint64(1)
    bits ^= bits >> np.uint64(32)
    return bits.sum(axis=1, dtype=np.uint64)


def copies(Z: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Return the reference of which each row is an exact copy, -1 for none.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_encoded)
    keys : ndarray of shape (n_references,), uint64
        Ascending keys of the references.
    """
    own = row_keys(Z)
    position = np.searchsorted(keys, own)
    position[position == len(keys)] = 0
    return np.where(keys[position] == own, position, -1)


def iter_squared_distances(
    rows: np.ndarray, references: np.ndarray, copied: np.ndarray
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield squared distances to all references, a row's copy at infinity.

    Parameters
    ----------
    rows : ndarray of shape (n_samples, n_columns)
    references : ndarray of shape (n_references, n_columns), float32
    copied : ndarray of shape (n_samples,)
        What `copies` returned.

    Yields
    ------
    block : slice
    distances : ndarray of shape (n_block, n_references)
        Small ones carry the rounding error of a difference of norms.
    """
    references = references.astype(rows.dtype, copy=False)
    squared_norms = np.square(references).sum(axis=1)
    for start in range(0, len(rows), _BLOCK_ROWS):
        block = slice(start, start + _BLOCK_ROWS)
        distances = (-2.0 * rows[block]) @ references.T
        distances += squared_norms
        distances += np.square(rows[block]).sum(axis=1, keepdims=True)
        hit = np.flatnonzero(copied[block] >= 0)
        distances[hit, copied[block][hit]] = np.inf
        yield block, distances


def check_references(part: Any) -> None:
    """Raise a `ValueError` unless a part has one key for each of its references."""
    # Whether a key is looked up in the references depends on the row.
    if part.keys.shape != (len(part.references),):
        raise ValueError(
            f"{type(part).__name__} has {len(part.references)} references, but keys of "
            f"shape {part.keys.shape}"
        )
    if not part.min_squared_distance > 0:
        raise ValueError(f"{type(part).__name__} has no positive min_squared_distance")
