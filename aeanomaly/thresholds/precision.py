"""As many alerts as a precision allows, measured on labelled rows."""

from __future__ import annotations

from numbers import Real
from typing import ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval

from ..notices import warn
from .base import Threshold
from .cuts import labelled_cuts


class PrecisionThreshold(Threshold):
    """Flags as many rows as it can while enough of them are anomalies.

    Parameters
    ----------
    precision : float, default=0.5
        Least share of anomalies among the flagged rows, in (0, 1].
    confidence : float or None, default=None
        Probability, in (0, 1), with which new rows keep the precision: it is then the
        lower end of a one-sided exact interval that reaches it. None takes the share
        among the labelled rows as it is, which is optimistic where they are few.

    Notes
    -----
    What is promised needs labelled rows that are a fair sample of those to come, and
    that the detector was not chosen by. The cut is chosen among many: with few labels
    the true precision is lower. ``summary_`` gives the interval of C. J. Clopper and
    E. S. Pearson (*Biometrika* 26, 1934).

    Examples
    --------
    >>> import numpy as np
    >>> from aeanomaly.thresholds import PrecisionThreshold
    >>> scores = -np.array([9.0, 8.0, 7.0, 6.0, 5.0])
    >>> is_anomaly = np.array([True, True, False, False, True])
    >>> rule = PrecisionThreshold(precision=0.6)
    >>> offset = rule.offset(scores, np.ones(5), is_anomaly=is_anomaly)
    >>> (scores < offset).tolist()
    [True, True, True, True, True]
    """

    name: ClassVar[str] = "precision"
    uses: ClassVar[tuple[str, ...]] = ("is_anomaly",)
    asks_for: ClassVar[str] = "labelled rows"
    _parameter_constraints: ClassVar[dict] = {
        "precision": [Interval(Real, 0, 1, closed="right")],
        "confidence": [Interval(Real, 0, 1, closed="neither"), None],
    }

    def __init__(self, *, precision=0.5, confidence=None):
        self.precision = precision
        self.confidence = confidence

    def offset(self, scores, weights, is_anomaly=None):
        """Return the greatest offset that keeps the precision; see `Threshold`."""
        cuts = labelled_cuts(self, scores, weights, is_anomaly)
        precision = cuts.precision
        if self.confidence is not None:
            precision = _lower_bounds(cuts.found, cuts.flagged, self.confidence)
        reached = np.flatnonzero(
            (precision >= self.precision - 1e-12) & (cuts.found > 0)
        )
        if len(reached):
            chosen = int(reached[-1])
        else:
            chosen = 1 + int(np.argmax(precision[1:]))
            warn(
                f"No cut keeps a precision of {self.precision:.3g} on the labelled "
                f"rows; the threshold is that of the greatest one, "
                f"{precision[chosen]:.2g}. Label more rows, or ask for less.",
                UserWarning,
            )
        self.summary_ = cuts.describe(chosen, self.confidence or 0.9)
        return float(cuts.offsets[chosen])


def _lower_bounds(
    found: np.ndarray, flagged: np.ndarray, confidence: float
) -> np.ndarray:
    """Return exact one-sided lower bounds of shares; zero where nothing is found."""
    from scipy.stats import beta

    bounds = np.zeros_like(found)
    some = found > 0
    bounds[some] = beta.ppf(
        1 - confidence, found[some], flagged[some] - found[some] + 1
    )
    return bounds
