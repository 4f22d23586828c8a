"""A share of the rows that were held out of training."""

from __future__ import annotations

from numbers import Real
from typing import ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval

from .base import Threshold


def weighted_quantile(
    values: np.ndarray, quantile: float, weights: np.ndarray
) -> float:
    """Return the quantile that `numpy.quantile` gives for repeated values.

    Weights that are not whole numbers are scaled to sum to the number of values.

    Parameters
    ----------
    values, weights : ndarray of shape (n_samples,)
    quantile : float in [0, 1]
    """
    if (weights != np.floor(weights)).any():
        weights = weights * (len(weights) / weights.sum())
    order = np.argsort(values, kind="stable")
    ends = np.cumsum(weights[order])
    position = quantile * (ends[-1] - 1)
    last = len(order) - 1
    low, high = (
        values[order[min(last, np.searchsorted(ends, p, side="right"))]]
        for p in (np.floor(position), np.ceil(position))
    )
    return float(low + (high - low) * (position - np.floor(position)))


class QuantileThreshold(Threshold):
    """Flags a share of the rows that were held out of training.

    Held-out rows are scored as new ones will be, so the share holds for new normal
    rows; the same quantile of training rows would flag more.

    Parameters
    ----------
    quantile : float, default=0.01
        Share of held-out rows to flag, in (0, 0.5].

    Examples
    --------
    >>> import numpy as np
    >>> from aeanomaly import QuantileThreshold
    >>> rule = QuantileThreshold(quantile=0.25)
    >>> rule.offset(np.arange(5.0), np.ones(5))
    1.0
    """

    name: ClassVar[str] = "quantile"
    _parameter_constraints: ClassVar[dict] = {
        "quantile": [Interval(Real, 0, 0.5, closed="right")],
    }

    def __init__(self, *, quantile=0.01):
        self.quantile = quantile

    def offset(self, scores, weights):
        """Return the quantile of the scores; see `Threshold.offset`."""
        return weighted_quantile(scores, self.quantile, weights)
