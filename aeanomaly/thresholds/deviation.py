"""So many robust standard deviations below the median."""

from __future__ import annotations

from numbers import Real
from typing import ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval

from ..notices import percent
from .base import Threshold
from .ranks import repeated


class DeviationThreshold(Threshold):
    """Flags what lies many robust standard deviations below the median.

    Parameters
    ----------
    n_deviations : float, default=3.5
        Distance from the median in units of 1.4826 times the median absolute deviation,
        which is the standard deviation of normally distributed scores. Greater than
        zero.

    Notes
    -----
    It needs no share and no labels, and up to half of the rows may be anomalies; but it
    promises nothing: how many normal rows lie so far out depends on the shape of the
    scores' distribution, which is skewed for most tables. Where more than half of the
    scores are equal, everything below them is flagged.

    References
    ----------
    B. Iglewicz and D. Hoaglin, *How to Detect and Handle Outliers*, 1993.

    Examples
    --------
    >>> import numpy as np
    >>> from aeanomaly.thresholds import DeviationThreshold
    >>> scores = np.array([-1.0, -2.0, -3.0, -4.0, -30.0])
    >>> round(DeviationThreshold().offset(scores, np.ones(5)), 3)
    -8.189
    """

    name: ClassVar[str] = "deviation"
    _parameter_constraints: ClassVar[dict] = {
        "n_deviations": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(self, *, n_deviations=3.5):
        self.n_deviations = n_deviations

    def offset(self, scores, weights):
        """Return the median less so many deviations; see `Threshold.offset`."""
        from scipy.stats import median_abs_deviation

        each = repeated(scores, weights)
        deviation = median_abs_deviation(each, scale="normal")
        offset = float(np.median(each) - self.n_deviations * deviation)
        self.summary_ = (
            f"Flags what lies {self.n_deviations:g} robust deviations below the "
            f"median: {percent(float(np.mean(each < offset)))} of the rows shown."
        )
        return offset
