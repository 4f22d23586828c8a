"""The one place that asks whether a table is a DataFrame or an array."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np


def is_frame(table: Any) -> bool:
    """Return whether a table is a pandas DataFrame, not an array."""
    return hasattr(table, "iloc")


class SparseRows:
    """Rows of a sparse matrix, dense when they are asked for: a block at a time.

    Parameters
    ----------
    matrix : sparse matrix or array of shape (n_samples, n_features)
        Of SciPy.
    """

    ndim = 2

    def __init__(self, matrix: Any) -> None:
        csr = matrix.tocsr()
        self._matrix = csr if csr.dtype.kind in "fiu" else csr.astype(np.float64)
        self.shape: tuple[int, int] = csr.shape
        self.dtype = self._matrix.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        return np.asarray(self._matrix[rows].toarray())


def is_sparse(table: Any) -> bool:
    """Return whether a table is a sparse matrix or array of SciPy."""
    return hasattr(table, "tocsr")


def take_rows(table: Any, rows: Any) -> Any:
    """Return the rows at some positions: a slice, or an array of int."""
    return table.iloc[rows] if is_frame(table) else table[rows]


def column_at(table: Any, position: int) -> Any:
    """Return the column at a position, as a Series or an array."""
    return table.iloc[:, position] if is_frame(table) else table[:, position]


def iter_columns(table: Any) -> Iterator[Any]:
    """Yield all columns, faster than one by one."""
    if is_frame(table):
        for _, column in table.items():
            yield column
    else:
        yield from table.T


def column_names(table: Any) -> list[Any]:
    """Return the names of the columns: positions where they have none."""
    return list(table.columns) if is_frame(table) else list(range(table.shape[1]))


def row_index(table: Any) -> Any:
    """Return the index of a DataFrame's rows, else None."""
    return table.index if is_frame(table) else None


def with_columns(table: Any, columns: Any) -> Any:
    """Return a DataFrame with other values in some of its columns.

    Parameters
    ----------
    table : DataFrame of shape (n_samples, n_columns)
    columns : mapping of int to Series of shape (n_samples,)
        By position: names may occur twice.
    """
    import pandas as pd

    parts = [columns.get(i, table.iloc[:, i]) for i in range(table.shape[1])]
    frame = pd.DataFrame({i: part.array for i, part in enumerate(parts)}, table.index)
    return frame.set_axis(table.columns, axis=1)
