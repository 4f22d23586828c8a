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
_MIN_EIGENVALUE = 1e-6


@dataclass(frozen=True)
class Covariance:
    """Squared Mahalanobis distance to a robust centre.

    Centre and covariance are those of the half of the training rows that lies
    innermost by that very distance, found by concentration steps from all rows
    (P. J. Rousseeuw and K. Van Driessen, "A Fast Algorithm for the Minimum Covariance
    Determinant Estimator", *Technometrics* 41, 1999). The whitening is the symmetric
    one, so that each whitened coordinate belongs to one column.

    Parameters
    ----------
    center : ndarray of shape (n_encoded,)
    whitening : ndarray of shape (n_encoded, n_encoded)
    """

    center: np.ndarray
    whitening: np.ndarray

    @classmethod
    def fit(cls, Z: np.ndarray, weights: np.ndarray) -> Covariance:
        """Find centre and covariance of encoded rows."""
        inner = np.ones(len(Z), dtype=bool)
        for _ in range(_STEPS):
            center, whitening = _center_and_whitening(Z[inner], weights[inner])
            distance = np.square((Z - center) @ whitening).sum(axis=1)
            inner = distance <= np.quantile(distance, _SUPPORT)
        center, whitening = _center_and_whitening(Z[inner], weights[inner])
        return cls(center.astype(np.float32), whitening.astype(np.float32))

    def _whitened(self, Z: np.ndarray) -> np.ndarray:
        return np.square((Z - self.center) @ self.whitening.astype(Z.dtype, copy=False))

    def statistic(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the squared distance of each row."""
        return self._whitened(evaluation.Z).sum(axis=1, dtype=np.float64)

    def cells(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the square of each column's whitened coordinates."""
        return encoding.sum_encoded(self._whitened(evaluation.Z))


def _center_and_whitening(
    Z: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    center = np.average(Z, axis=0, weights=weights)
    deviations = (Z - center) * np.sqrt(weights / weights.sum())[:, None]
    covariance = deviations.T @ deviations
    identity = np.eye(len(center))
    covariance = (1 - _SHRINKAGE) * covariance + _SHRINKAGE * identity
    values, vectors = np.linalg.eigh(covariance)
    scale = 1.0 / np.sqrt(np.maximum(values, _MIN_EIGENVALUE))
    return center, (vectors * scale) @ vectors.T
