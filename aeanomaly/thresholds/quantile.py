"""A share of new normal rows, promised by the rank of a score among unseen ones."""

from __future__ import annotations

import math
import sys
import warnings
from numbers import Real
from typing import ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval

from .base import Threshold
from .ranks import score_of_rank

# Share of the scores, and least number of them, that an extrapolated tail is fitted to.
_TAIL_SHARE, _LEAST_TAIL = 0.1, 10


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

    Notes
    -----
    What is promised needs rows that are exchangeable with the new ones: normal, of the
    same time and source, and unseen. Where n is so small that k is zero, the share
    cannot be promised. A warning says so, and the offset is the tail of the lowest
    scores, extrapolated as an exponential one.

    References
    ----------
    V. Vovk, A. Gammerman and G. Shafer, *Algorithmic Learning in a Random World*, 2005.

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
    }

    def __init__(self, *, quantile=0.01):
        self.quantile = quantile

    def offset(self, scores, weights):
        """Return the conformal quantile of the scores; see `Threshold.offset`."""
        n_rows = float(weights.sum())
        rank = math.floor(self.quantile * (n_rows + 1) + 1e-9)
        if rank:
            return score_of_rank(scores, weights, rank)
        warnings.warn(
            f"{100 * self.quantile:.3g} % cannot be promised from {n_rows:.0f} rows; "
            f"the smallest share is {100 / (n_rows + 1):.2g} %. The threshold is "
            f"extrapolated. Pass more rows, or ask for a greater share.",
            UserWarning,
            stacklevel=_user_stacklevel(),
        )
        return _extrapolated(scores, weights, self.quantile)


def _extrapolated(scores: np.ndarray, weights: np.ndarray, share: float) -> float:
    """Return an offset below all scores, as far as their lower tail lets expect."""
    n_rows = weights.sum()
    order = np.argsort(scores, kind="stable")
    ends = np.cumsum(weights[order])
    n_tail = min(max(_LEAST_TAIL, _TAIL_SHARE * n_rows), n_rows / 2)
    tail = np.diff(np.minimum(ends, n_tail), prepend=0.0)
    above = scores[order[np.searchsorted(ends, n_tail)]] - scores[order]
    scale = float(tail @ above) / n_tail
    # The lowest is undercut with a probability of 1 / (n + 1).
    factor = math.log(share * (n_rows + 1))
    return score_of_rank(scores, weights, 1) + scale * factor


def _user_stacklevel() -> int:
    """Return the stack level of the first caller outside the package."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(
        ("aeanomaly", "sklearn")
    ):
        level, frame = level + 1, frame.f_back
    return level
