"""How far a row is from the centre, given how columns vary together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..evaluation import Evaluation
from ..table import TableEncoding

# Share of the rows, the innermost, that centre and covariance are taken from.
_SUPPORT = 0.5
# Concentration steps; more change nothing that matters.
_STEPS = 5
# Weight of the identity in the covariance: directions in which training rows do not
# vary at all get a finite weight.
_SHRINKAGE = 0.02


@dataclass(frozen=True)
class Covariance:
    """Squared Mahalanobis distance to a robust centre.

    Centre and covariance are those of the half of the training rows that lies
    innermost by that very distance, found by concentration steps from all rows
    (P. J. Rousseeuw and K. Van Driessen, "A Fast Algorithm for the Minimum Covariance
    Determinant Estimator", *Technometrics* 41, 1999).

    Parameters
    ----------
    center : ndarray of shape (n_encoded,)
    precision : ndarray of shape (n_encoded, n_encoded)
        Inverse of the covariance.
    """

    center: np.ndarray
    precision: np.ndarray

    @classmethod
    def fit(cls, Z: np.ndarray, weights: np.ndarray) -> Covariance:
        """Find centre and covariance of encoded rows."""
        inner = np.ones(len(Z), dtype=bool)
        for _ in range(_STEPS):
            center, precision = _center_and_precision(Z[inner], weights[inner])
            deviations = Z - center
            distance = np.einsum("ij,ij->i", deviations @ precision, deviations)
            inner = distance <= np.quantile(distance, _SUPPORT)
        center, precision = _center_and_precision(Z[inner], weights[inner])
        return cls(center.astype(np.float32), precision.astype(np.float32))

    def statistic(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the squared distance of each row."""
        deviations = evaluation.Z - self.center
        pulled = deviations @ self.precision.astype(deviations.dtype, copy=False)
        distance = np.einsum("ij,ij->i", deviations, pulled).astype(np.float64)
        return np.maximum(distance, 0.0)

    def cells(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return how far the distance falls if a column takes its expected value.

        The expected value is that of `expected`; the distance falls by the square of
        the standardised difference from it.
        """
        pulled = (evaluation.Z - self.center) @ self.precision
        return encoding.sum_encoded(np.square(pulled) / np.diag(self.precision))

    def expected(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return what a row's other columns let expect of each column.

        The conditional mean of a normal distribution with this centre and covariance,
        of all encoded columns of a source column together.

        Returns
        -------
        ndarray of shape (n_samples, n_encoded)
        """
        pulled = (evaluation.Z - self.center) @ self.precision
        expected = np.array(evaluation.Z)
        for column in range(len(encoding.columns)):
            block = np.flatnonzero(encoding.encoded_columns == column)
            if len(block):
                own = self.precision[np.ix_(block, block)]
                expected[:, block] -= np.linalg.solve(own, pulled[:, block].T).T
        return expected


def _center_and_precision(
    Z: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    center = np.average(Z, axis=0, weights=weights)
    deviations = (Z - center) * np.sqrt(weights / weights.sum())[:, None]
    covariance = (1 - _SHRINKAGE) * (deviations.T @ deviations)
    covariance[np.diag_indices_from(covariance)] += _SHRINKAGE
    return center, np.linalg.inv(covariance)
