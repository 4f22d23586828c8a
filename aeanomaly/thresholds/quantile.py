"""A share of new normal rows, promised by the rank of a score among unseen ones."""

from __future__ import annotations

import math
from numbers import Real
from typing import ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval

from ..notices import percent, warn
from ..scoring.calibration import lowered
from ..scoring.tail import ExponentialTail
from .base import Threshold
from .ranks import score_of_rank

# Quantiles of each of two distributions that a probability is computed from.
_GRID = 200


class QuantileThreshold(Threshold):
    """Flags at most a share of new normal rows.

    With n scores of rows that nothing of the score has seen, a new row like them lies
    below the k-th lowest with a probability of at most k / (n + 1), whatever the
    distribution of the scores is: k is the greatest whole number of at most
    ``quantile * (n + 1)``. The probability is one over the draw of those rows *and* of
    the new one: for the rows at hand the share may be above it. Ties are inliers.

    Parameters
    ----------
    quantile : float, default=0.01
        Share of new normal rows to flag at most, in (0, 0.5].
    confidence : float or None, default=None
        Probability over the draw of the n rows, in (0, 1), with which the share is
        kept. None promises it on average over such draws.

    Notes
    -----
    What is promised needs rows that are exchangeable with the new ones: normal, of the
    same time and source, and unseen. Where n is so small that k is zero, the share
    cannot be promised. A warning says so, and the offset is the tail of the lowest
    scores, extrapolated as an exponential one.

    The share of new rows below the k-th lowest has a beta distribution with the
    parameters k and n - k + 1, or less where scores are tied. With `confidence` k is
    the greatest rank at which that is at most `quantile` with so much probability.

    References
    ----------
    V. Vovk, A. Gammerman and G. Shafer, *Algorithmic Learning in a Random World*, 2005.
    V. Vovk, "Conditional Validity of Inductive Conformal Predictors", ACML 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from aeanomaly import QuantileThreshold
    >>> rule = QuantileThreshold(quantile=0.25)
    >>> round(rule.offset(np.arange(7.0), np.ones(7)), 3)
    1.0
    """

    name: ClassVar[str] = "quantile"
    _parameter_constraints: ClassVar[dict] = {
        "quantile": [Interval(Real, 0, 0.5, closed="right")],
        "confidence": [Interval(Real, 0, 1, closed="neither"), None],
    }

    def __init__(self, *, quantile=0.01, confidence=None):
        self.quantile = quantile
        self.confidence = confidence

    def offset(self, scores, weights):
        """Return the conformal quantile of the scores; see `Threshold.offset`."""
        n_rows = float(weights.sum())
        share = percent(self.quantile)
        surely = f" with a probability of {percent(self.confidence or 0)}"
        rank = self._rank(n_rows)
        if rank:
            self.summary_ = (
                f"At most {share} of new normal rows are flagged"
                f"{surely if self.confidence else ' on average'}: by {n_rows:,.0f} "
                f"calibration scores."
            )
            return score_of_rank(scores, weights, rank)
        self.summary_ = (
            f"About {share} of new normal rows are flagged: extrapolated from "
            f"{n_rows:,.0f} calibration scores, which cannot promise it."
        )
        warn(
            f"{share} cannot be promised{surely if self.confidence else ''} from "
            f"{n_rows:.0f} rows; the smallest share is "
            f"{100 * self._smallest(n_rows):.2g} %. The threshold is extrapolated. "
            f"Pass more rows, or ask for a greater share.",
            UserWarning,
        )
        offset = _extrapolated(scores, weights, self.quantile, self.confidence)
        if self.confidence is None:
            return offset
        # What lies below the lowest score is already too much to be sure of.
        return min(offset, score_of_rank(scores, weights, 1))

    def _rank(self, n_rows: float) -> int:
        """Return the rank of the score below which rows are flagged; zero for none."""
        rank = math.floor(self.quantile * (n_rows + 1) + 1e-9)
        if self.confidence is None or not rank:
            return rank
        from scipy.stats import beta

        ranks = np.arange(1, rank + 1)
        kept = beta.cdf(self.quantile, ranks, n_rows + 1 - ranks) >= self.confidence
        # The probability falls with the rank.
        return int(kept.sum())

    def _smallest(self, n_rows: float) -> float:
        """Return the smallest share that so many rows can promise."""
        if self.confidence is None:
            return 1 / (n_rows + 1)
        return 1 - (1 - self.confidence) ** (1 / n_rows)


def _extrapolated(
    scores: np.ndarray, weights: np.ndarray, share: float, confidence: float | None
) -> float:
    """Return an offset as far below as an exponential tail of the scores lets expect.

    With a confidence, the share of rows in the tail and its scale are drawn: see
    `ExponentialTail` for their distributions.
    """
    tail = ExponentialTail.of_scores(scores, weights)
    if confidence is None:
        return float(lowered(tail.score_of_share(share)))
    from scipy.stats import beta, gamma

    at = (np.arange(_GRID) + 0.5) / _GRID
    p = beta.ppf(at, tail.n_tail + 1, tail.n_rows - tail.n_tail)
    reaches = np.log(p / share)[:, None] / gamma.ppf(at, tail.n_tail)
    reach = float(np.quantile(reaches, confidence))
    return float(lowered(tail.start - max(0.0, reach) * tail.below))
