"""What another threshold would bring: alerts, precision, recall and cost."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..labels import anomaly_labels
from ..periods import period_codes
from .drawing import ORDINARY, SERIES, mark_offset, new_axes, panels, tidy

_N_OFFSETS = 200
# Nobody wants to flag more than this share of the rows.
_MOST_FLAGGED = 1 / 3
_PERIODS = {"h": "hour", "D": "day", "W": "week", "M": "month"}


class ThresholdDisplay:
    """Alerts, and with labels precision, recall and cost, against the threshold.

    Parameters
    ----------
    offsets : ndarray of shape (n_offsets,)
        Thresholds, ascending.
    alerts : ndarray of shape (3, n_offsets)
        Rows flagged in a period, and the ends of their confidence band.
    precision, recall : ndarray of shape (3, n_offsets) or None
        With the ends of their confidence bands; None without labels.
    cost : ndarray of shape (n_offsets,) or None
        Of misses and false alarms in a period; None without labels.
    offset : float
        The detector's threshold.
    unit : str
        What alerts and costs are counted in, such as "a day".
    confidence : float
        Of the bands, in (0, 1).
    missed, false_alarm : float
        What the cost counts.

    Attributes
    ----------
    ax_ : matplotlib Axes
        After `plot`: what was given.
    axes_ : list of matplotlib Axes
        After `plot`: one for each thing that is drawn.
    figure_ : matplotlib Figure
        After `plot`.

    Notes
    -----
    Bands are those of Clopper and Pearson: of the share of flagged rows, of anomalies
    among the flagged, and of the flagged among anomalies.

    Examples
    --------
    >>> import numpy as np
    >>> from aeanomaly.displays import ThresholdDisplay
    >>> scores = np.linspace(-10.0, -1.0, 10)
    >>> display = ThresholdDisplay.from_scores(scores, -8.5, y=scores < -8.0)
    >>> display.alerts[0]
    array([1., 2., 3.])
    >>> display.precision[0].round(2)
    array([1.  , 1.  , 0.67])
    """

    def __init__(
        self,
        *,
        offsets,
        alerts,
        precision,
        recall,
        cost,
        offset,
        unit,
        confidence,
        missed,
        false_alarm,
    ):
        self.offsets = offsets
        self.alerts = alerts
        self.precision = precision
        self.recall = recall
        self.cost = cost
        self.offset = offset
        self.unit = unit
        self.confidence = confidence
        self.missed = missed
        self.false_alarm = false_alarm

    @classmethod
    def from_estimator(
        cls, detector: Any, X: Any, y: Any = None, *, times: Any = None, **options: Any
    ) -> ThresholdDisplay:
        """Compute what each threshold would flag of some rows.

        Parameters
        ----------
        detector : AutoencoderOutlierDetector
            Fitted.
        X : DataFrame or array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,), default=None
            Labels; rows without one are left out of precision, recall and cost.
        times : array-like of shape (n_samples,) or str, default=None
            Time of each row, or the column of X that holds it.
        **options
            See `from_scores`.
        """
        check_is_fitted(detector)
        times = X[times] if isinstance(times, str) else times
        scores = detector.score_samples(X)
        return cls.from_scores(scores, detector.offset_, y, times=times, **options)

    @classmethod
    def from_scores(
        cls,
        scores: Any,
        offset: float,
        y: Any = None,
        *,
        times: Any = None,
        period: str = "D",
        normal: Any = None,
        missed: float = 10.0,
        false_alarm: float = 1.0,
        confidence: float = 0.95,
    ) -> ThresholdDisplay:
        """Compute what each threshold would flag.

        Parameters
        ----------
        scores : array-like of shape (n_samples,)
            Lower is more abnormal.
        offset : float
            The threshold to mark.
        y : array-like of shape (n_samples,), default=None
            Labels of either coding.
        times : array-like of shape (n_samples,), default=None
            Time of each row. None counts alerts of the whole table.
        period : str, default="D"
            Length of a period, as pandas writes it.
        normal : object, default=None
            The label of normal rows, for labels of any other kind.
        missed, false_alarm : float, default=10.0, 1.0
            Cost of an anomaly that is not flagged, and of a normal row that is.
        confidence : float, default=0.95
            Of the bands, in (0, 1).
        """
        scores = np.asarray(scores, dtype=np.float64)
        if len(scores) < 2:
            raise ValueError(f"Pass at least 2 scores. Got {len(scores)}.")
        offsets, n_flagged = _offsets(scores)
        n_periods, unit = 1, "in all"
        if times is not None:
            n_periods = len(np.unique(period_codes(times, period)))
            unit = f"a {_PERIODS.get(period, period)}"
        share = _with_band(n_flagged, np.full(len(offsets), len(scores)), confidence)
        precision = recall = cost = None
        if y is not None:
            is_anomaly, labelled = anomaly_labels(y, normal)
            found = scores[is_anomaly & labelled]
            known = np.searchsorted(np.sort(scores[labelled]), offsets)
            hits = np.searchsorted(np.sort(found), offsets)
            precision = _with_band(hits, known, confidence)
            recall = _with_band(hits, np.full(len(offsets), len(found)), confidence)
            cost = missed * (len(found) - hits) + false_alarm * (known - hits)
            cost = cost / n_periods
        return cls(
            offsets=offsets,
            alerts=share * len(scores) / n_periods,
            precision=precision,
            recall=recall,
            cost=cost,
            offset=float(offset),
            unit=unit,
            confidence=confidence,
            missed=missed,
            false_alarm=false_alarm,
        )

    def plot(self, ax: Any = None) -> ThresholdDisplay:
        """Draw alerts, and with labels precision, recall and cost below them.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
        """
        labelled = self.precision is not None
        size = (8.0, 7.0) if labelled else (8.0, 4.5)
        self.ax_ = new_axes(ax, size)
        self.axes_ = [tidy(a) for a in panels(self.ax_, 3 if labelled else 1)]
        self._draw(self.axes_[0], self.alerts, ORDINARY, None)
        self.axes_[0].set(yscale="log", ylabel=f"alerts {self.unit}")
        if labelled:
            self._draw(self.axes_[1], self.precision, SERIES[2], "precision")
            self._draw(self.axes_[1], self.recall, SERIES[3], "recall")
            self.axes_[1].set(ylim=(-0.02, 1.02), ylabel="share")
            self.axes_[2].plot(self.offsets, self.cost, color=SERIES[1])
            self.axes_[2].set(
                ylabel=f"cost {self.unit}\n({self.missed:g} a miss,\n"
                f"{self.false_alarm:g} a false alarm)"
            )
        for i, panel in enumerate(self.axes_):
            mark_offset(panel, self.offset, named=i == 0)
        for panel in self.axes_[:2]:
            panel.legend(frameon=False, loc="center left")
        band = f"bands: {self.confidence:.0%} confidence"
        self.axes_[-1].set(xlabel=f"threshold: rows that score below it ({band})")
        self.figure_ = self.ax_.figure
        return self

    def _draw(self, ax: Any, banded: Any, colour: str, name: str | None) -> None:
        value, low, high = banded
        ax.plot(self.offsets, value, color=colour, label=name)
        ax.fill_between(self.offsets, low, high, color=colour, alpha=0.2, linewidth=0)


def _offsets(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return thresholds between scores, and how many rows each flags.

    They are as dense where few are flagged as where many are.
    """
    values, counts = np.unique(scores, return_counts=True)
    flagged = np.cumsum(counts)[:-1]
    most = max(1, int(np.searchsorted(flagged, _MOST_FLAGGED * len(scores), "right")))
    ranks = np.geomspace(1, most, _N_OFFSETS).round().astype(int)
    chosen = np.unique(ranks) - 1
    return (values[chosen] + values[chosen + 1]) / 2, flagged[chosen]


def _with_band(hits: Any, trials: Any, confidence: float) -> np.ndarray:
    """Return shares and the ends of their confidence bands, (3, n)."""
    from scipy.stats import beta

    hits, trials = np.asarray(hits, float), np.asarray(trials, float)
    outside = (1 - confidence) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        share = hits / trials
        low = beta.ppf(outside, hits, trials - hits + 1)
        high = beta.ppf(1 - outside, hits + 1, trials - hits)
    low = np.where(hits == 0, 0.0, low)
    high = np.where(hits == trials, 1.0, high)
    return np.array([share, low, high])
