"""Centre and covariance of the innermost rows of a table."""

from __future__ import annotations

import numpy as np

from .low_rank import Matrix, shrunk_power

# Concentration steps; more change nothing that matters.
_STEPS = 5


def innermost_moments(
    X: np.ndarray, weights: np.ndarray, *, support: float, shrinkage: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return centre and covariance of the rows that lie innermost.

    Innermost by the Mahalanobis distance that they define themselves, found by
    concentration steps from all rows (P. J. Rousseeuw and K. Van Driessen, "A Fast
    Algorithm for the Minimum Covariance Determinant Estimator", *Technometrics* 41,
    1999). Unlike scikit-learn's `MinCovDet` it takes weights and columns that depend on
    each other, and draws nothing.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_columns)
        Columns of comparable scale.
    weights : ndarray of shape (n_samples,)
        How often each row counts.
    support : float
        Share of the rows to take, in (0, 1].
    shrinkage : float
        Weight of the identity in the covariance, in (0, 1): directions in which rows
        do not vary at all get a variance above zero.

    Returns
    -------
    center : ndarray of shape (n_columns,)
    covariance : ndarray of shape (n_columns, n_columns)
    """
    inner = _innermost(X, weights, support, shrinkage)
    center, deviations = _deviations(X[inner], weights[inner])
    return center, _shrunk(deviations, shrinkage)


def innermost_power(
    X: np.ndarray,
    weights: np.ndarray,
    *,
    support: float,
    shrinkage: float,
    power: float,
) -> tuple[np.ndarray, Matrix]:
    """Return the centre, and a power of the covariance, of the innermost rows.

    Where there are more columns than rows the matrix is of low rank.

    Parameters
    ----------
    X, weights, support, shrinkage
        See `innermost_moments`.
    power : float
        -1 for the inverse.
    """
    inner = _innermost(X, weights, support, shrinkage)
    center, deviations = _deviations(X[inner], weights[inner])
    if _is_wide(X):
        return center, shrunk_power(deviations, shrinkage, power)
    covariance = _shrunk(deviations, shrinkage)
    if power == -1:
        return center, np.linalg.inv(covariance)
    variances, directions = np.linalg.eigh(covariance)
    return center, (directions * variances**power) @ directions.T


def _is_wide(X: np.ndarray) -> bool:
    return X.shape[1] > len(X)


def _innermost(
    X: np.ndarray, weights: np.ndarray, support: float, shrinkage: float
) -> np.ndarray:
    """Return which rows lie innermost."""
    inner = np.ones(len(X), dtype=bool)
    for _ in range(_STEPS):
        center, deviations = _deviations(X[inner], weights[inner])
        inverse: Matrix
        if _is_wide(X):
            inverse = shrunk_power(deviations, shrinkage, -1)
        else:
            inverse = np.linalg.inv(_shrunk(deviations, shrinkage))
        deviations = X - center
        distance = np.einsum("ij,ij->i", deviations @ inverse, deviations)
        inner = distance <= np.quantile(distance, support)
    return inner


def _deviations(X: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the centre, and deviations whose products are the covariance."""
    center = np.average(X, axis=0, weights=weights)
    return center, (X - center) * np.sqrt(weights / weights.sum())[:, None]


def _shrunk(deviations: np.ndarray, shrinkage: float) -> np.ndarray:
    covariance = (1 - shrinkage) * (deviations.T @ deviations)
    covariance[np.diag_indices_from(covariance)] += shrinkage
    return np.asarray(covariance)
