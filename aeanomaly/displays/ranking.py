"""What is found among the first rows that somebody looks at."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..labels import anomaly_labels
from .drawing import FAINT, ORDINARY, SERIES, new_axes, panels, tidy


class PrecisionAtKDisplay:
    """Precision among the k most abnormal rows, and the value found in them.

    Parameters
    ----------
    precision : ndarray of shape (n_rows,)
        Share of anomalies among the first 1, 2, ... rows.
    found : ndarray of shape (n_rows,)
        Share of all anomalies, or of their value, among them.
    prevalence : float
        Share of anomalies among all rows: the precision of chance.
    unit : str
        What is found: "anomalies" or "value".
    k_flagged : int or None
        Rows that the threshold flags; None where it is not known.

    Attributes
    ----------
    ax_ : matplotlib Axes
        After `plot`: what was given.
    axes_ : list of matplotlib Axes
        After `plot`.
    figure_ : matplotlib Figure
        After `plot`.

    Examples
    --------
    >>> from aeanomaly.displays import PrecisionAtKDisplay
    >>> display = PrecisionAtKDisplay.from_scores(
    ...     [-5.0, -4.0, -3.0, -1.0], [1, 0, 1, 0], values=[30.0, 5.0, 10.0, 2.0]
    ... )
    >>> display.precision.round(2), display.found
    (array([1.  , 0.5 , 0.67, 0.5 ]), array([0.75, 0.75, 1.  , 1.  ]))
    """

    def __init__(self, *, precision, found, prevalence, unit, k_flagged):
        self.precision = precision
        self.found = found
        self.prevalence = prevalence
        self.unit = unit
        self.k_flagged = k_flagged

    @classmethod
    def from_estimator(
        cls, detector: Any, X: Any, y: Any, *, values: Any = None, normal: Any = None
    ) -> PrecisionAtKDisplay:
        """Rank labelled rows by their score.

        Parameters
        ----------
        detector : AutoencoderOutlierDetector
            Fitted.
        X : DataFrame or array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Labels of either coding; rows without one are left out.
        values : array-like of shape (n_samples,) or str, default=None
            What finding each anomaly is worth, or the column of X that says so.
        normal : object, default=None
            The label of normal rows, for labels of any other kind.
        """
        check_is_fitted(detector)
        values = X[values] if isinstance(values, str) else values
        scores = detector.score_samples(X)
        return cls.from_scores(
            scores, y, values=values, normal=normal, offset=detector.offset_
        )

    @classmethod
    def from_scores(
        cls,
        scores: Any,
        y: Any,
        *,
        values: Any = None,
        normal: Any = None,
        offset: float | None = None,
    ) -> PrecisionAtKDisplay:
        """Rank labelled rows.

        Parameters
        ----------
        scores : array-like of shape (n_samples,)
            Lower is more abnormal; of equal scores the first rows come first.
        y : array-like of shape (n_samples,)
        values : array-like of shape (n_samples,), default=None
            Not negative; missing ones count as zero.
        normal : object, default=None
        offset : float, default=None
            The threshold, to mark.

        Raises
        ------
        ValueError
            If no row is labelled as an anomaly.
        """
        is_anomaly, labelled = anomaly_labels(y, normal)
        scores = np.asarray(scores, dtype=np.float64)[labelled]
        is_anomaly = is_anomaly[labelled]
        if not is_anomaly.any():
            raise ValueError(
                "No row is labelled as an anomaly: there is nothing to find."
            )
        worth = np.ones(len(scores))
        if values is not None:
            worth = np.nan_to_num(np.asarray(values, dtype=np.float64)[labelled])
        order = np.argsort(scores, kind="stable")
        hits = is_anomaly[order]
        gained = np.cumsum(hits * worth[order])
        return cls(
            precision=np.cumsum(hits) / np.arange(1, len(hits) + 1),
            found=gained / gained[-1] if gained[-1] else gained,
            prevalence=float(hits.mean()),
            unit="anomalies" if values is None else "value",
            k_flagged=None if offset is None else int((scores < offset).sum()),
        )

    def plot(self, ax: Any = None) -> PrecisionAtKDisplay:
        """Draw precision, and what is found below it, against the number of rows.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
        """
        self.ax_ = new_axes(ax, (8.0, 5.4))
        self.axes_ = [tidy(a) for a in panels(self.ax_, 2)]
        k = np.arange(1, len(self.precision) + 1)
        above, below = self.axes_
        above.plot(k, self.precision, color=ORDINARY, drawstyle="steps-post")
        above.axhline(self.prevalence, color=FAINT, linestyle=":", linewidth=1.2)
        above.text(
            k[-1],
            self.prevalence + 0.02,
            f"chance {self.prevalence:.2%}",
            color=FAINT,
            ha="right",
            va="bottom",
            fontsize=9,
        )
        below.plot(k, self.found, color=SERIES[2], drawstyle="steps-post")
        for panel in self.axes_:
            if self.k_flagged:
                panel.axvline(self.k_flagged, color=SERIES[1], linestyle="--")
            panel.set(xscale="log", ylim=(-0.02, 1.04))
        if self.k_flagged:
            above.text(
                self.k_flagged,
                1.0,
                f" {self.k_flagged:,} rows are flagged",
                va="top",
                fontsize=9,
            )
        above.set(ylabel="precision")
        below.set(
            ylabel=f"share of {self.unit} found",
            xlabel="k: rows looked at, the most abnormal first",
        )
        self.figure_ = self.ax_.figure
        return self
