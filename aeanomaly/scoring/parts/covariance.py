"""How far a row is from the centre, given how columns vary together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from ..encoding.table import TableEncoding
from ..evaluation import Evaluation
from .base import PartRows, ScorePart, check_finite, check_matrix
from .innermost import innermost_power
from .low_rank import LowRankMatrix, Matrix, block_of, diagonal_of

# Share of the rows that centre and covariance are taken from.
_SUPPORT = 0.5
_MAX_SHRINKAGE = 0.5

# Precision of columns that the distance leaves out; above zero, so that it can be
# inverted.
_NEXT_TO_NOTHING = 1e-6


@dataclass(frozen=True)
class Covariance(ScorePart):
    """Squared Mahalanobis distance to a robust centre.

    Centre and covariance are those of the innermost half of the training rows; see
    `innermost_moments`. The covariance is shrunk towards the identity by the number of
    columns over that of those rows: what a small sample cannot tell of a direction is
    not believed, and what a large one says of a direction in which rows hardly vary is.

    Parameters
    ----------
    center : ndarray of shape (n_encoded,)
    precision : ndarray of shape (n_encoded, n_encoded) or LowRankMatrix
        Inverse of the covariance.
    """

    center: np.ndarray
    precision: np.ndarray | LowRankMatrix

    name: ClassVar[str] = "covariance"
    expects: ClassVar[bool] = True
    resolution: ClassVar[float] = 0.01

    @classmethod
    def fit(cls, rows: PartRows) -> Covariance:
        """Find centre and covariance of the sampled rows."""
        shrinkage = rows.Z.shape[1] / (_SUPPORT * len(rows.sample))
        return cls.of_innermost(rows, _SUPPORT, shrinkage)

    @classmethod
    def of_innermost(
        cls, rows: PartRows, support: float, shrinkage: float
    ) -> Covariance:
        """Find centre and covariance of a share of the sampled rows, the innermost.

        Parameters
        ----------
        rows : PartRows
        support : float
            That share, in (0, 1].
        shrinkage : float
            Weight of the identity, above zero; one half is the most that it gets.
        """
        Z, weights = rows.Z[rows.sample], rows.weights[rows.sample]
        Z[:, rows.encoding.ranked_columns] = 0.0
        shrinkage = min(_MAX_SHRINKAGE, shrinkage)
        center, precision = innermost_power(
            Z, weights, support=support, shrinkage=shrinkage, power=-1
        )
        precision = _without(rows.encoding.ranked_columns, precision)
        return cls(center.astype(np.float32), precision.astype(np.float32))

    def statistic(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the squared distance of each row."""
        # In double precision, so that a row's statistic is the same in any block.
        deviations = evaluation.Z.astype(np.float64) - self.center
        pulled = deviations @ self.precision.astype(np.float64)
        return np.maximum(np.einsum("ij,ij->i", deviations, pulled), 0.0)

    def cells(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return how far the distance falls if a column takes its expected value.

        The expected value is that of `expected`, of all encoded columns of a source
        column together.
        """
        pulled = self._pulled(evaluation)
        cells = np.zeros((len(pulled), len(encoding.columns)), pulled.dtype)
        single, sources, wide = encoding.blocks_by_size
        cells[:, sources] = np.square(pulled[:, single]) / self.diagonal[single]
        for column, block in wide:
            falls = pulled[:, block] * self._shifts(pulled, block)
            cells[:, column] = np.maximum(falls.sum(axis=1), 0.0)
        return cells

    def expected(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return what a row's other columns let expect of each column.

        The conditional mean of a normal distribution with this centre and covariance,
        of all encoded columns of a source column together.

        Returns
        -------
        ndarray of shape (n_samples, n_encoded)
        """
        pulled = self._pulled(evaluation)
        expected = np.array(evaluation.Z)
        for _, block in encoding.blocks:
            expected[:, block] -= self._shifts(pulled, block)
        return expected

    def pulls(
        self,
        evaluation: Evaluation,
        encoding: TableEncoding,
        rows: np.ndarray,
        column: int,
        encoded: np.ndarray,
    ) -> np.ndarray:
        """Return how far each other column moves what is expected of one.

        From the centre, and zero for the column itself; see `Reduction.pulls`.
        """
        block = np.flatnonzero(encoding.encoded_columns == column)
        own = block_of(self.precision, block, block)
        every = np.arange(encoding.n_encoded)
        slopes = -np.linalg.solve(own, block_of(self.precision, block, every))
        slopes[:, block] = 0.0
        place = np.searchsorted(block, encoded)
        deviations = evaluation.Z[rows] - self.center
        return encoding.sum_encoded(deviations * slopes[place])

    @cached_property
    def diagonal(self) -> np.ndarray:
        """Diagonal of the precision: of each encoded column, given all others."""
        return diagonal_of(self.precision)

    def _pulled(self, evaluation: Evaluation) -> np.ndarray:
        return np.asarray((evaluation.Z - self.center) @ self.precision)

    def _shifts(self, pulled: np.ndarray, block: np.ndarray) -> np.ndarray:
        """Return how far the values of a block are from what the others let expect."""
        if len(block) == 1:
            return pulled[:, block] / self.diagonal[block]
        own = block_of(self.precision, block, block)
        return np.asarray(np.linalg.solve(own, pulled[:, block].T).T)

    def check(self, encoding: TableEncoding) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        check_matrix(self, "precision", self.precision)
        check_finite(self, center=self.center)
        if not (self.diagonal > 0).all():
            raise ValueError("Covariance has a column without a positive precision")


def _without(columns: np.ndarray, precision: Matrix) -> Matrix:
    """Let columns weigh next to nothing, and nothing together with others."""
    if isinstance(precision, LowRankMatrix):
        return precision.without(columns, _NEXT_TO_NOTHING)
    precision[columns] = precision[:, columns] = 0.0
    precision[columns, columns] = _NEXT_TO_NOTHING
    return precision
