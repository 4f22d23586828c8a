"""The best compromise of precision and recall, measured on labelled rows."""

from __future__ import annotations

from numbers import Real
from typing import ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval

from .base import Threshold
from .cuts import labelled_cuts


class FBetaThreshold(Threshold):
    """Flags the rows at which the F-beta of labelled rows is greatest.

    Parameters
    ----------
    beta : float, default=1.0
        How much more recall counts than precision; greater than zero.

    Notes
    -----
    F is ``(1 + beta**2) * precision * recall / (beta**2 * precision + recall)``. The
    best cut of few labelled rows looks better on them than on new ones. ``summary_``
    gives exact intervals of precision and recall.

    References
    ----------
    C. J. van Rijsbergen, *Information Retrieval*, 1979.

    Examples
    --------
    >>> import numpy as np
    >>> from aeanomaly.thresholds import FBetaThreshold
    >>> scores = -np.array([9.0, 8.0, 7.0, 6.0, 5.0])
    >>> is_anomaly = np.array([True, True, False, False, False])
    >>> offset = FBetaThreshold().offset(scores, np.ones(5), is_anomaly=is_anomaly)
    >>> (scores < offset).tolist()
    [True, True, False, False, False]
    """

    name: ClassVar[str] = "f_beta"
    uses: ClassVar[tuple[str, ...]] = ("is_anomaly",)
    asks_for: ClassVar[str] = "labelled rows"
    _parameter_constraints: ClassVar[dict] = {
        "beta": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(self, *, beta=1.0):
        self.beta = beta

    def offset(self, scores, weights, is_anomaly=None):
        """Return the offset of the greatest F-beta; see `Threshold`."""
        cuts = labelled_cuts(self, scores, weights, is_anomaly)
        square = self.beta**2
        f_beta = (1 + square) * cuts.found / (square * cuts.n_anomalies + cuts.flagged)
        chosen = int(np.argmax(f_beta))
        self.summary_ = cuts.describe(chosen)
        return float(cuts.offsets[chosen])
