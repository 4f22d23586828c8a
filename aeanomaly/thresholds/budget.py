"""As many alerts as people can look at."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval

from ..periods import period_codes
from ..scoring.calibration import lowered
from .base import Threshold


class BudgetThreshold(Threshold):
    """Flags at most so many of the rows shown, or of each period of them.

    One threshold cannot flag the same number every day: this one flags at most `budget`
    rows in the worst period that it is shown, and fewer in the others. To look at the
    same number every day, whatever the scores are, take ``select(X, budget=...)``.

    Parameters
    ----------
    budget : int, default=100
        Greatest number of rows to flag.
    period : str or None, default=None
        Length of a period, as pandas writes it: "h", "D", "W", "M". Needs times. None
        takes all rows as one period.

    Notes
    -----
    Of rows of equal scores all or none are flagged, so it may be fewer. Of rows to come
    nothing is promised: a day with more anomalies has more alerts.

    Examples
    --------
    >>> import numpy as np
    >>> from aeanomaly.thresholds import BudgetThreshold
    >>> scores = -np.array([9.0, 8.0, 7.0, 7.0, 5.0])
    >>> offset = BudgetThreshold(budget=3).offset(scores, np.ones(5))
    >>> (scores < offset).tolist()
    [True, True, False, False, False]
    """

    name: ClassVar[str] = "budget"
    uses: ClassVar[tuple[str, ...]] = ("times",)
    asks_for: ClassVar[str] = "rows of a batch or of some periods"
    _parameter_constraints: ClassVar[dict] = {
        "budget": [Interval(Integral, 1, None, closed="left")],
        "period": [str, None],
    }

    def __init__(self, *, budget=100, period=None):
        self.budget = budget
        self.period = period

    def offset(self, scores, weights, times=None):
        """Return the greatest offset that keeps the budget; see `Threshold`."""
        codes = self._codes(len(scores), times)
        order = np.lexsort((scores, codes))
        ranked, within = scores[order], codes[order]
        ends = np.cumsum(weights[order])
        starts = np.flatnonzero(np.append(True, np.diff(within) > 0))
        before = np.append(0.0, ends)[starts]
        counted = ends - np.repeat(before, np.diff(np.append(starts, len(order))))
        # The first row of each period that would be one too many.
        beyond = counted > self.budget
        offset = np.nextafter(scores.max(), np.inf)
        if beyond.any():
            offset = float(lowered(ranked[beyond].min()))
        flagged = np.bincount(codes, weights * (scores < offset))
        self.summary_ = (
            f"Flags {flagged.sum():,.0f} of {weights.sum():,.0f} rows: at most "
            f"{flagged.max():,.0f} and {flagged.mean():,.1f} on average in each of "
            f"{len(flagged):,} periods."
        )
        return float(offset)

    def _codes(self, n_rows: int, times: Any) -> np.ndarray:
        if self.period is None:
            return np.zeros(n_rows, dtype=np.intp)
        if times is None:
            raise ValueError(
                f"The threshold 'budget' with period={self.period!r} needs the time of "
                f"each row. Pass times, or period=None for all rows as one period."
            )
        return period_codes(times, self.period)
