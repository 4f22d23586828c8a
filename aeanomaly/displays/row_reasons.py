"""The score of one row, and what each column adds to it."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..scoring.encoding.tabular import take_rows
from ..scoring.reason_texts import reason_texts
from ..scoring.reasons import iter_reasons
from .drawing import FAINT, FLAGGED, LINE, ORDINARY, label, new_axes, tidy


class RowReasonsDisplay:
    """Waterfall of one row: from zero, column by column, to the score.

    Parameters
    ----------
    columns : list of str
        Columns, those that add most first; the last may stand for all others.
    contributions : ndarray of shape (n_columns,)
        What each adds to the score; their sum is the score.
    texts : list of str
        The reason of each column in words.
    score : float
    offset : float
        Rows below it are flagged.

    Attributes
    ----------
    ax_ : matplotlib Axes
        After `plot`.
    figure_ : matplotlib Figure
        After `plot`.

    Examples
    --------
    >>> import numpy as np
    >>> from aeanomaly.displays import RowReasonsDisplay
    >>> display = RowReasonsDisplay(
    ...     columns=["amount", "country"],
    ...     contributions=np.array([-5.0, -1.5]),
    ...     texts=["amount 912.4, expected 12 to 96", "country BR"],
    ...     score=-6.5,
    ...     offset=-5.0,
    ... )
    >>> display.starts
    array([ 0., -5.])
    """

    def __init__(self, *, columns, contributions, texts, score, offset):
        self.columns = columns
        self.contributions = contributions
        self.texts = texts
        self.score = score
        self.offset = offset

    @classmethod
    def from_estimator(
        cls, detector: Any, X: Any, *, row: int = 0, top: int = 8
    ) -> RowReasonsDisplay:
        """Divide the score of one row among its columns.

        Parameters
        ----------
        detector : AutoencoderOutlierDetector
            Fitted.
        X : DataFrame or array-like of shape (n_samples, n_features)
        row : int, default=0
            Position of the row in X.
        top : int, default=8
            Columns with a bar of their own; the others share one.
        """
        check_is_fitted(detector)
        if not 0 <= row < len(X):
            raise ValueError(f"row must be from 0 to {len(X) - 1}. Got {row!r}.")
        table = detector._check_table(take_rows(X, slice(row, row + 1)))
        scorer = detector.scorer_
        n_columns = len(scorer.encoding.columns)
        ((_, scores, reasons),) = iter_reasons(scorer, table, n_columns)
        score, shares = float(scores[0]), reasons.shares[0]
        named = np.flatnonzero(shares[:top] > 0)
        texts = reason_texts(scorer, reasons)[0, named].tolist()
        columns = [str(scorer.encoding.names[i]) for i in reasons.columns[0, named]]
        contributions = score * shares[named]
        n_others = int((shares > 0).sum()) - len(named)
        if n_others:
            columns.append(f"{n_others} others")
            texts.append(f"{n_others} other columns")
            contributions = np.append(contributions, score - contributions.sum())
        return cls(
            columns=columns,
            contributions=contributions,
            texts=texts,
            score=score,
            offset=detector.offset_,
        )

    @property
    def starts(self) -> np.ndarray:
        """Where each bar begins."""
        return np.append(0.0, np.cumsum(self.contributions)[:-1])

    def plot(self, ax: Any = None) -> RowReasonsDisplay:
        """Draw a bar for each column, from the right to the left.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
        """
        n_bars = len(self.columns)
        ax = tidy(new_axes(ax, (8.0, 1.6 + 0.48 * n_bars)))
        places = np.arange(n_bars)
        # A bar whose end is below the threshold is what flags the row.
        ends = self.starts + self.contributions
        colours = np.where(ends < self.offset, FLAGGED, ORDINARY)
        ax.barh(places, self.contributions, left=self.starts, color=colours, height=0.5)
        for place, end in zip(places[:-1], ends, strict=False):
            ax.plot([end, end], [place, place + 1], color=LINE, linewidth=0.8)
        for place, text in zip(places, self.texts, strict=True):
            # Above its bar, where a text of any length has room.
            ax.text(
                0.0,
                place - 0.30,
                label(text, 90),
                ha="right",
                va="bottom",
                fontsize=9,
                color=FAINT,
                # The line of the threshold does not cross out what it says.
                bbox={
                    "facecolor": "white",
                    "alpha": 0.8,
                    "edgecolor": "none",
                    "pad": 0.5,
                },
            )
        ax.axvline(self.offset, color=FLAGGED, linestyle="--", linewidth=1.4)
        ax.text(
            self.offset,
            n_bars - 0.5,
            f"threshold {self.offset:.3g} ",
            color=FLAGGED,
            ha="right",
            va="bottom",
            fontsize=9,
        )
        ax.set_yticks(places, [label(name) for name in self.columns])
        ax.set(
            ylim=(n_bars - 0.4, -0.85),
            xlabel=f"score (low is abnormal): each column's part of {self.score:.3g}",
        )
        ax.grid(visible=False, axis="y")
        self.ax_, self.figure_ = ax, ax.figure
        return self
