"""Where misses and false alarms cost least together."""

from __future__ import annotations

from numbers import Real
from typing import ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval

from ..notices import percent
from .base import Threshold
from .cuts import Cuts, labelled_cuts


class CostThreshold(Threshold):
    """Flags the rows at which misses and false alarms cost least together.

    From labelled rows, costs are counted. Without labels, `anomaly_rate` must be given:
    the rows then are a mixture of normal ones, whose scores are like the calibration
    scores, and of that share of anomalies, so that the anomalies that a cut finds are
    what it flags beyond the false alarms.

    Parameters
    ----------
    missed : float, default=10.0
        Cost of an anomaly that is not flagged, in any unit; greater than zero.
    false_alarm : float, default=1.0
        Cost of a normal row that is flagged, in the same unit; greater than zero.
    anomaly_rate : float or None, default=None
        Share of anomalies among the rows to come, in (0, 1). None takes that of the
        labelled rows.

    Notes
    -----
    With the share p of anomalies the cost of a row is ``missed * p * (1 - recall) +
    false_alarm * (1 - p) * false alarm rate``. A row is worth flagging where its
    probability of being an anomaly is above ``false_alarm / (false_alarm + missed)``.
    The cut is the best one of the rows at hand; for new rows it costs a little more.

    References
    ----------
    C. Elkan, "The Foundations of Cost-Sensitive Learning", IJCAI 2001.

    Examples
    --------
    >>> import numpy as np
    >>> from aeanomaly.thresholds import CostThreshold
    >>> scores = -np.array([9.0, 8.0, 7.0, 6.0, 5.0])
    >>> is_anomaly = np.array([True, False, False, True, False])
    >>> rule = CostThreshold(missed=3.0, false_alarm=1.0)
    >>> offset = rule.offset(scores, np.ones(5), is_anomaly=is_anomaly)
    >>> (scores < offset).tolist()
    [True, True, True, True, False]
    """

    name: ClassVar[str] = "cost"
    uses: ClassVar[tuple[str, ...]] = ("is_anomaly", "calibration")
    asks_for: ClassVar[str] = "labelled rows, or new rows and an anomaly_rate"
    _parameter_constraints: ClassVar[dict] = {
        "missed": [Interval(Real, 0, None, closed="neither")],
        "false_alarm": [Interval(Real, 0, None, closed="neither")],
        "anomaly_rate": [Interval(Real, 0, 1, closed="neither"), None],
    }

    def __init__(self, *, missed=10.0, false_alarm=1.0, anomaly_rate=None):
        self.missed = missed
        self.false_alarm = false_alarm
        self.anomaly_rate = anomaly_rate

    def offset(self, scores, weights, is_anomaly=None, calibration=None):
        """Return the offset of the least cost; see `Threshold`."""
        if is_anomaly is None and self.anomaly_rate is not None:
            nothing = np.zeros(len(scores), dtype=bool)
            cuts = Cuts.of_rows(scores, weights, nothing)
            false = calibration.shares_below(cuts.offsets)
            rate = self.anomaly_rate
            # More than all anomalies cannot be found, and no fewer further up.
            found = cuts.flagged / cuts.n_rows - (1 - rate) * false
            recall = np.maximum.accumulate(np.clip(found / rate, 0.0, 1.0))
            kind = "unlabelled"
        else:
            cuts = labelled_cuts(self, scores, weights, is_anomaly)
            n_normal = cuts.n_rows - cuts.n_anomalies
            false = (cuts.flagged - cuts.found) / max(n_normal, 1e-12)
            recall = cuts.recall
            rate = self.anomaly_rate or cuts.n_anomalies / cuts.n_rows
            kind = "labelled"
        costs = (
            self.missed * rate * (1 - recall) + self.false_alarm * (1 - rate) * false
        )
        chosen = int(np.argmin(costs))
        flagged, false_share = cuts.flagged[chosen], percent(float(false[chosen]))
        cost, none = 1_000 * costs[chosen], 1_000 * costs[0]
        self.summary_ = (
            f"Flags {flagged:,.0f} of {cuts.n_rows:,.0f} {kind} rows: a cost of "
            f"{cost:,.4g} in 1,000 rows ({none:,.4g} if nothing is flagged), with a "
            f"recall of {recall[chosen]:.2f} and {false_share} of the normal rows "
            f"flagged."
        )
        return float(cuts.offsets[chosen])
