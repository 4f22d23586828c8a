"""The share of anomalies that a table's p-values speak of."""

from __future__ import annotations

from numbers import Real
from typing import ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval

from ..notices import percent
from ..scoring.calibration import normal_share
from .base import Threshold
from .ranks import score_of_rank


class EstimatedShareThreshold(Threshold):
    """Flags as large a share of the rows as there seem to be anomalies among them.

    The p-values of normal rows are uniform, so the share of rows with a p-value above
    `max_p` tells how many are normal; the others are as many as the threshold flags.
    Of that share above `max_p`, and above three and four fifths of it, the greatest
    estimate counts, so that a table of many equal rows does not mislead.

    Parameters
    ----------
    max_p : float, default=0.5
        P-value above which nearly all rows are normal, in (0, 1).

    Notes
    -----
    The estimate is a lower bound of the share of anomalies: those with a p-value above
    `max_p` are not seen. It needs calibration scores of normal rows; where they hold
    anomalies too, it finds only what is more abnormal than they are.

    References
    ----------
    J. D. Storey, "A Direct Approach to False Discovery Rates", *Journal of the Royal
    Statistical Society B* 64, 2002.

    Examples
    --------
    >>> import numpy as np
    >>> from aeanomaly.scoring.calibration import Calibration
    >>> from aeanomaly.thresholds import EstimatedShareThreshold
    >>> rng = np.random.default_rng(0)
    >>> known = Calibration.of_scores(rng.normal(size=9_000), np.ones(9_000))
    >>> scores = np.concatenate([rng.normal(size=8_000), rng.normal(-9.0, size=1_000)])
    >>> rule = EstimatedShareThreshold()
    >>> offset = rule.offset(scores, np.ones(9_000), calibration=known)
    >>> bool(0.05 < np.mean(scores < offset) < 0.15)
    True
    """

    name: ClassVar[str] = "estimated_share"
    uses: ClassVar[tuple[str, ...]] = ("calibration",)
    asks_for: ClassVar[str] = "new rows"
    _parameter_constraints: ClassVar[dict] = {
        "max_p": [Interval(Real, 0, 1, closed="neither")],
    }

    def __init__(self, *, max_p=0.5):
        self.max_p = max_p

    def offset(self, scores, weights, calibration=None):
        """Return the offset that flags the estimated share; see `Threshold`."""
        p_values = calibration.p_values(scores)
        share = 1.0 - normal_share(p_values, self.max_p, weights)
        self.summary_ = (
            f"About {percent(share)} of {weights.sum():,.0f} rows seem to be "
            f"anomalies, by their p-values; so many are flagged."
        )
        rank = np.floor(share * weights.sum() + 1e-9) + 1
        return score_of_rank(scores, weights, rank)
