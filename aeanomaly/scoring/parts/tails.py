"""The common scale of all parts: how small a share of the training rows goes as far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_MIN_SPREAD = 1e-9


@dataclass(frozen=True)
class TailScale:
    """Minus the log share of training rows whose statistic is at least as great.

    Piecewise linear between the statistics of training rows, so that a row's score
    does not jump with the last digit of its statistic. Beyond the greatest of them the
    logarithm of one plus the excess is added, in units of the distance between median
    and 95 % quantile: farther is always more abnormal.

    Parameters
    ----------
    values : ndarray of shape (n_values,)
        Distinct statistics of training rows as if unseen, ascending.
    surprises : ndarray of shape (n_values,)
        Minus the log share, in nats, at each of them.
    spread : float
        Unit of the excess.
    """

    values: np.ndarray
    surprises: np.ndarray
    spread: float

    @classmethod
    def fit(cls, statistics: np.ndarray, weights: np.ndarray) -> TailScale:
        """Return the scale of statistics of training rows.

        Parameters
        ----------
        statistics, weights : ndarray of shape (n_samples,)
        """
        values, inverse = np.unique(statistics, return_inverse=True)
        # Weights count relative to each other; their sum is the number of rows.
        mass = np.bincount(inverse, weights) * (len(statistics) / weights.sum())
        at_least = np.cumsum(mass[::-1])[::-1]
        # Ties share the middle of their ranks; one half keeps the last above zero.
        share = (at_least - 0.5 * mass + 0.5) / (len(statistics) + 1)
        upper, median = np.quantile(statistics, [0.95, 0.5])
        return cls(values, -np.log(share), max(float(upper - median), _MIN_SPREAD))

    def __call__(self, statistics: np.ndarray) -> np.ndarray:
        """Return the tail surprise of statistics, in nats, never negative."""
        excess = np.maximum(statistics - self.values[-1], 0.0) / self.spread
        return np.interp(statistics, self.values, self.surprises) + np.log1p(excess)

    def check(self) -> None:
        """Raise a `ValueError` unless surprise grows with the statistic."""
        values, surprises = self.values, self.surprises
        if len(values) == 0 or values.shape != surprises.shape:
            raise ValueError("a scale needs one surprise for each of its values")
        if not (np.isfinite(values).all() and np.isfinite(surprises).all()):
            raise ValueError("a scale has values or surprises that are not finite")
        if (np.diff(values) <= 0).any() or (np.diff(surprises) < 0).any():
            raise ValueError("a scale does not ascend")
        if surprises[0] < 0 or not 0 < self.spread < np.inf:
            raise ValueError("a scale has a negative surprise or no positive spread")
