"""Matrices of wide tables: a diagonal, and as many directions as there were rows.

The covariance of more columns than rows is known in as many directions as there are
rows, and the same in all others. Kept so, its size and the time that it takes grow with
the number of columns, not with its square or cube.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

# Of the greatest variance: directions of less are rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class LowRankMatrix:
    """A diagonal matrix plus a product of two narrow ones.

    Rows are multiplied by it as by an array: ``rows @ matrix``.

    Parameters
    ----------
    diagonal : ndarray of shape (n,)
    left : ndarray of shape (n, rank)
    right : ndarray of shape (rank, n)
    """

    diagonal: np.ndarray
    left: np.ndarray
    right: np.ndarray

    # An array leaves the product to this class.
    __array_ufunc__: ClassVar[None] = None

    def __rmatmul__(self, rows: np.ndarray) -> np.ndarray:
        return np.asarray(rows * self.diagonal + (rows @ self.left) @ self.right)

    def astype(self, dtype: Any, copy: bool = True) -> LowRankMatrix:
        """Return the matrix in another precision."""
        parts = (self.diagonal, self.left, self.right)
        return LowRankMatrix(*(part.astype(dtype, copy=copy) for part in parts))

    def scaled_rows(self, factors: np.ndarray) -> LowRankMatrix:
        """Return the matrix with each row times a factor."""
        left = self.left * factors[:, None]
        return LowRankMatrix(self.diagonal * factors, left, self.right)

    def without(self, columns: np.ndarray, diagonal: float) -> LowRankMatrix:
        """Return the matrix with nothing but a diagonal in some rows and columns."""
        own, left, right = self.diagonal.copy(), self.left.copy(), self.right.copy()
        own[columns] = diagonal
        left[columns] = right[:, columns] = 0.0
        return LowRankMatrix(own, left, right)

    def check(self) -> None:
        """Raise a `ValueError` if arrays that came from a file do not fit together."""
        size, rank = len(self.diagonal), self.left.shape[-1]
        shapes = (self.diagonal.shape, self.left.shape, self.right.shape)
        if shapes != ((size,), (size, rank), (rank, size)):
            raise ValueError(f"arrays of shapes {shapes} do not make a matrix")


Matrix = np.ndarray | LowRankMatrix


def diagonal_of(matrix: Matrix) -> np.ndarray:
    """Return the diagonal of a matrix."""
    if isinstance(matrix, LowRankMatrix):
        inner = np.einsum("ir,ri->i", matrix.left, matrix.right)
        return np.asarray(matrix.diagonal + inner)
    return np.diag(matrix)


def block_of(matrix: Matrix, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the entries of a matrix at some rows and columns."""
    if isinstance(matrix, LowRankMatrix):
        own = matrix.diagonal[rows, None] * (rows[:, None] == columns)
        return np.asarray(own + matrix.left[rows] @ matrix.right[:, columns])
    return matrix[np.ix_(rows, columns)]


def shrunk_power(
    deviations: np.ndarray, shrinkage: float, power: float
) -> LowRankMatrix:
    """Return a power of the covariance of few rows, shrunk towards the identity.

    Parameters
    ----------
    deviations : ndarray of shape (n_rows, n_columns)
        Whose products with themselves are the covariance.
    shrinkage : float
        Weight of the identity, above zero.
    power : float
        -1 for the inverse.
    """
    squared, turns = np.linalg.eigh(deviations @ deviations.T)
    kept = squared > _ROUNDING * max(squared[-1], 0.0)
    directions = (turns[:, kept] / np.sqrt(squared[kept])).T @ deviations
    variances = shrinkage + (1 - shrinkage) * squared[kept]
    rest = shrinkage**power
    left = directions.T * (variances**power - rest)
    return LowRankMatrix(np.full(deviations.shape[1], rest), left, directions)
