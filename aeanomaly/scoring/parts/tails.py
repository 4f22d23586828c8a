"""The common scale of all parts: how small a share of the training rows goes as far."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

_MIN_SPREAD = 1e-9


@dataclass(frozen=True)
class TailScale:
    """Minus the log share of training rows whose statistic is at least as great.

    Beyond the greatest of them the logarithm of one plus the excess is added, in units
    of the distance between median and 95 % quantile: farther is always more abnormal.

    Parameters
    ----------
    values : ndarray of shape (n_values,)
        Statistics of training rows as if unseen, ascending.
    weights : ndarray of shape (n_values,)
        How often each counts; they sum to `n_values`.
    """

    values: np.ndarray
    weights: np.ndarray

    @classmethod
    def fit(cls, values: np.ndarray, weights: np.ndarray) -> TailScale:
        """Return the scale of statistics of training rows."""
        order = np.argsort(values, kind="stable")
        weights = weights[order] * (len(values) / weights.sum())
        return cls(values[order].astype(np.float64), weights)

    @cached_property
    def _weight_from(self) -> np.ndarray:
        """Total weight of each value and all greater ones; then zero."""
        return np.append(np.cumsum(self.weights[::-1])[::-1], 0.0)

    @cached_property
    def _spread(self) -> float:
        upper, median = np.quantile(self.values, [0.95, 0.5])
        return max(float(upper - median), _MIN_SPREAD)

    def __call__(self, statistic: np.ndarray) -> np.ndarray:
        """Return the tail surprise of statistics, in nats, never negative."""
        at_least = self._weight_from[np.searchsorted(self.values, statistic, "left")]
        greater = self._weight_from[np.searchsorted(self.values, statistic, "right")]
        share = (0.5 * (at_least + greater) + 0.5) / (len(self.values) + 1)
        excess = np.maximum(statistic - self.values[-1], 0.0) / self._spread
        return np.log1p(excess) - np.log(share)
