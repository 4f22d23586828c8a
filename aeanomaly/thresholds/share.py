"""A share of the very rows that are shown."""

from __future__ import annotations

import math
from numbers import Real
from typing import ClassVar

from sklearn.utils._param_validation import Interval

from ..notices import percent
from .base import Threshold
from .ranks import score_of_rank


class ShareThreshold(Threshold):
    """Flags at most a share of the rows that it is shown; what `contamination` means.

    Rows of equal scores are flagged together or not at all, so it may be fewer. Of
    other rows nothing is promised: where the rows trained the detector, it flags more
    of new ones.

    Parameters
    ----------
    share : float, default=0.01
        Greatest share of the rows to flag, in (0, 0.5].

    Examples
    --------
    >>> import numpy as np
    >>> from aeanomaly import ShareThreshold
    >>> rule = ShareThreshold(share=0.4)
    >>> offset = rule.offset(np.array([1.0, 2.0, 2.0, 3.0, 4.0]), np.ones(5))
    >>> int((np.array([1.0, 2.0, 2.0, 3.0, 4.0]) < offset).sum())
    1
    """

    name: ClassVar[str] = "share"
    _parameter_constraints: ClassVar[dict] = {
        "share": [Interval(Real, 0, 0.5, closed="right")],
    }

    def __init__(self, *, share=0.01):
        self.share = share

    def offset(self, scores, weights):
        """Return the greatest offset that flags no more; see `Threshold.offset`."""
        rank = math.floor(self.share * weights.sum() + 1e-9) + 1
        self.summary_ = (
            f"At most {percent(self.share)} of the {weights.sum():,.0f} rows shown are "
            f"flagged; of other rows nothing is promised."
        )
        return score_of_rank(scores, weights, rank)
