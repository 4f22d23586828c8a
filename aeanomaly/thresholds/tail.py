"""A rare share of new normal rows, from a tail that is fitted to the lowest scores."""

from __future__ import annotations

from numbers import Real
from typing import ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval

from ..notices import percent, warn
from .base import Threshold
from .quantile import QuantileThreshold
from .ranks import repeated

# Fewer scores than this do not make a tail.
_LEAST_TAIL = 30
# A fit that is this improbable is not used.
_LEAST_P_VALUE = 0.05


class TailThreshold(Threshold):
    """Flags about a share of new normal rows, however small.

    A generalised Pareto distribution is fitted to how far the lowest scores lie below
    the others, and its quantile is the threshold: peaks over threshold. So it reaches
    shares for which there are too few calibration scores to count.

    Parameters
    ----------
    quantile : float, default=0.001
        Share of new normal rows to flag, in (0, 0.5].
    tail_share : float, default=0.1
        Share of the scores that the tail is fitted to, in (0, 0.5].

    Notes
    -----
    A tail is a model, not a promise. It is checked with the test of Cramér and von
    Mises. Where it does not fit, or fewer than 30 scores are in the tail, a warning
    says so and `QuantileThreshold` decides.

    References
    ----------
    A. Siffer et al., "Anomaly Detection in Streams with Extreme Value Theory", KDD
    2017.
    J. Pickands, "Statistical Inference Using Extreme Order Statistics", *Annals of
    Statistics* 3, 1975.

    Examples
    --------
    >>> import numpy as np
    >>> from aeanomaly.thresholds import TailThreshold
    >>> scores = -np.random.default_rng(0).exponential(size=2_000)
    >>> rule = TailThreshold(quantile=0.001)
    >>> bool(-8.5 < rule.offset(scores, np.ones(2_000)) < -5.5)
    True
    """

    name: ClassVar[str] = "tail"
    _parameter_constraints: ClassVar[dict] = {
        "quantile": [Interval(Real, 0, 0.5, closed="right")],
        "tail_share": [Interval(Real, 0, 0.5, closed="right")],
    }

    def __init__(self, *, quantile=0.001, tail_share=0.1):
        self.quantile = quantile
        self.tail_share = tail_share

    def offset(self, scores, weights):
        """Return the quantile of the fitted tail; see `Threshold.offset`."""
        from scipy.stats import cramervonmises, genpareto

        each = np.sort(repeated(scores, weights))
        n_tail = int(self.tail_share * len(each))
        if n_tail < _LEAST_TAIL or self.quantile >= self.tail_share:
            return self._fall_back(
                scores, weights, f"{n_tail} scores are too few for a tail"
            )
        start = each[n_tail]
        excess = start - each[:n_tail]
        shape, _, scale = genpareto.fit(excess, floc=0.0)
        fitted = genpareto(shape, 0.0, scale)
        if cramervonmises(excess, fitted.cdf).pvalue < _LEAST_P_VALUE:
            return self._fall_back(
                scores, weights, "a generalised Pareto tail does not fit the scores"
            )
        self.summary_ = (
            f"About {percent(self.quantile)} of new normal rows are flagged: a tail "
            f"with shape {shape:.2f}, fitted to {n_tail:,} scores."
        )
        return float(start - fitted.isf(self.quantile * len(each) / n_tail))

    def _fall_back(self, scores: np.ndarray, weights: np.ndarray, reason: str) -> float:
        warn(
            f"The threshold 'tail' falls back to the rank of a score: {reason}.",
            UserWarning,
        )
        rule = QuantileThreshold(quantile=self.quantile)
        offset = rule.offset(scores, weights)
        self.summary_ = rule.summary_
        return offset
