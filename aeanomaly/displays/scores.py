"""How scores are distributed, and how far the threshold is from the bulk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .drawing import FLAGGED, SERIES, mark_offset, new_axes, tidy

_N_BINS = 60


class ScoreDisplay:
    """Scores of one or several sets of rows, with the threshold.

    Parameters
    ----------
    scores : dict of str to ndarray of shape (n_rows,)
        In ascending order, by what the rows are called.
    weights : dict of str to ndarray of shape (n_rows,)
        How often each of them counts.
    offset : float
        Rows below it are flagged.
    edges : ndarray of shape (n_bins + 1,)
        Ends of the bins of the histogram.
    shares : dict of str to ndarray of shape (n_bins,)
        Share of the rows in each bin.

    Attributes
    ----------
    ax_ : matplotlib Axes
        After `plot`.
    figure_ : matplotlib Figure
        After `plot`.

    Examples
    --------
    >>> from aeanomaly.displays import ScoreDisplay
    >>> display = ScoreDisplay.from_scores({"new rows": [-6.0, -2.0, -1.0]}, offset=-5)
    >>> display.shares_flagged
    {'new rows': 0.3333333333333333}
    """

    kinds: ClassVar[tuple[str, ...]] = ("histogram", "tail")

    def __init__(self, *, scores, weights, offset, edges, shares):
        self.scores = scores
        self.weights = weights
        self.offset = offset
        self.edges = edges
        self.shares = shares

    @classmethod
    def from_estimator(
        cls, detector: Any, X: Any = None, *, training: Any = None
    ) -> ScoreDisplay:
        """Compute the scores of rows beside those that calibrate the threshold.

        Parameters
        ----------
        detector : AutoencoderOutlierDetector
            Fitted.
        X : DataFrame or array-like of shape (n_samples, n_features), default=None
            New rows.
        training : DataFrame or array-like, default=None
            Rows that the detector was fitted on.
        """
        check_is_fitted(detector)
        scores: dict[str, Any] = {}
        weights: dict[str, Any] = {}
        if training is not None:
            scores["training rows"] = detector.score_samples(training)
        if detector.calibration_ is not None:
            scores["calibration rows"] = detector.calibration_.scores
            weights["calibration rows"] = detector.calibration_.weights
        if X is not None:
            scores["new rows"] = detector.score_samples(X)
        return cls.from_scores(scores, offset=detector.offset_, weights=weights)

    @classmethod
    def from_scores(
        cls,
        scores: Mapping[str, Any],
        *,
        offset: float,
        weights: Mapping[str, Any] | None = None,
        n_bins: int = _N_BINS,
    ) -> ScoreDisplay:
        """Compute the distribution of scores.

        Parameters
        ----------
        scores : mapping of str to array-like of shape (n_rows,)
        offset : float
        weights : mapping of str to array-like of shape (n_rows,), default=None
        n_bins : int, default=60

        Raises
        ------
        ValueError
            If there are no scores.
        """
        ordered, counted = {}, {}
        for name, values in scores.items():
            given = np.asarray(values, dtype=np.float64)
            each = np.ones(len(given))
            if weights is not None and name in weights:
                each = np.asarray(weights[name], dtype=np.float64)
            order = np.argsort(given, kind="stable")
            ordered[name], counted[name] = given[order], each[order]
        if not any(len(values) for values in ordered.values()):
            raise ValueError("There are no scores to show. Pass some rows.")
        every = np.concatenate([*ordered.values(), [offset]])
        edges = np.linspace(every.min(), every.max() + 1e-12, n_bins + 1)
        shares = {
            name: np.histogram(values, edges, weights=counted[name])[0]
            / max(counted[name].sum(), 1.0)
            for name, values in ordered.items()
        }
        return cls(
            scores=ordered,
            weights=counted,
            offset=float(offset),
            edges=edges,
            shares=shares,
        )

    @property
    def shares_flagged(self) -> dict[str, float]:
        """Share of each set of rows that scores below the threshold."""
        return {
            name: float(
                self.weights[name][values < self.offset].sum()
                / max(self.weights[name].sum(), 1.0)
            )
            for name, values in self.scores.items()
        }

    def plot(self, ax: Any = None, *, kind: str = "histogram") -> ScoreDisplay:
        """Draw the scores; the vertical scale is logarithmic, as the tail is small.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
        kind : {"histogram", "tail"}, default="histogram"
            "tail" draws the share of rows that score at most so low.
        """
        if kind not in self.kinds:
            raise ValueError(f"kind must be one of {list(self.kinds)}. Got {kind!r}.")
        ax = tidy(new_axes(ax))
        flagged = self.shares_flagged
        for colour, (name, values) in zip(SERIES, self.scores.items(), strict=False):
            words = f"{name}, {flagged[name]:.2%} flagged"
            if kind == "tail":
                reached = np.cumsum(self.weights[name]) / self.weights[name].sum()
                ax.step(values, reached, where="post", color=colour, label=words)
            else:
                ax.stairs(self.shares[name], self.edges, color=colour, label=words)
        ax.axvspan(self.edges[0], self.offset, color=FLAGGED, alpha=0.08, linewidth=0)
        mark_offset(ax, self.offset)
        heights = {
            "histogram": "share of rows in each bin",
            "tail": "share of rows with at most this score",
        }
        ax.set(
            yscale="log",
            xlim=(self.edges[0], self.edges[-1]),
            xlabel="score (low is abnormal)",
            ylabel=heights[kind],
        )
        ax.legend(loc="upper left", frameon=False)
        self.ax_, self.figure_ = ax, ax.figure
        return self
