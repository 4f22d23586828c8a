"""As few alerts as a recall allows, measured on labelled rows."""

from __future__ import annotations

from numbers import Real
from typing import ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval

from .base import Threshold
from .cuts import labelled_cuts


class RecallThreshold(Threshold):
    """Flags as few rows as it can while enough of the anomalies are among them.

    Parameters
    ----------
    recall : float, default=0.8
        Least share of the labelled anomalies to flag, in (0, 1].

    Notes
    -----
    What is promised needs labelled anomalies that are a fair sample of those to come:
    anomalies that were only found because they were flagged are not. ``summary_`` gives
    exact intervals of precision and recall.

    Examples
    --------
    >>> import numpy as np
    >>> from aeanomaly.thresholds import RecallThreshold
    >>> scores = -np.array([9.0, 8.0, 7.0, 6.0, 5.0])
    >>> is_anomaly = np.array([True, False, True, False, False])
    >>> rule = RecallThreshold(recall=1.0)
    >>> offset = rule.offset(scores, np.ones(5), is_anomaly=is_anomaly)
    >>> (scores < offset).tolist()
    [True, True, True, False, False]
    """

    name: ClassVar[str] = "recall"
    uses: ClassVar[tuple[str, ...]] = ("is_anomaly",)
    asks_for: ClassVar[str] = "labelled rows"
    _parameter_constraints: ClassVar[dict] = {
        "recall": [Interval(Real, 0, 1, closed="right")],
    }

    def __init__(self, *, recall=0.8):
        self.recall = recall

    def offset(self, scores, weights, is_anomaly=None):
        """Return the lowest offset that reaches the recall; see `Threshold`."""
        cuts = labelled_cuts(self, scores, weights, is_anomaly, needs_normal=False)
        chosen = int(np.argmax(cuts.recall >= self.recall - 1e-12))
        self.summary_ = cuts.describe(chosen)
        return float(cuts.offsets[chosen])
