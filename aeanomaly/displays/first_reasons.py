"""Which column is the first reason of how many flagged rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .drawing import FLAGGED, label, new_axes, tidy
from .reason_map import flagged_shares

_MAX_COLUMNS = 15


class FirstReasonsDisplay:
    """How many flagged rows have which column as their first reason.

    Parameters
    ----------
    columns : list of str
        Names, the most frequent first reason first.
    counts : ndarray of shape (n_columns,), int
        Flagged rows.

    Attributes
    ----------
    ax_ : matplotlib Axes
        After `plot`.
    figure_ : matplotlib Figure
        After `plot`.

    Examples
    --------
    >>> import numpy as np
    >>> from aeanomaly.displays import FirstReasonsDisplay
    >>> shares = np.array([[0.1, 0.9], [0.8, 0.2], [0.2, 0.8]])
    >>> display = FirstReasonsDisplay.from_shares(shares, ["age", "amount"])
    >>> display.columns, display.counts
    (['amount', 'age'], array([2, 1]))
    """

    def __init__(self, *, columns, counts):
        self.columns = columns
        self.counts = counts

    @classmethod
    def from_estimator(cls, detector: Any, X: Any) -> FirstReasonsDisplay:
        """Count the first reasons of the flagged rows.

        Parameters
        ----------
        detector : AutoencoderOutlierDetector
            Fitted.
        X : DataFrame or array-like of shape (n_samples, n_features)

        Raises
        ------
        ValueError
            If no row is flagged.
        """
        check_is_fitted(detector)
        shares, _ = flagged_shares(detector, X)
        return cls.from_shares(shares, detector.scorer_.encoding.names)

    @classmethod
    def from_shares(cls, shares: Any, columns: Any) -> FirstReasonsDisplay:
        """Count which column has the greatest share of each row.

        Parameters
        ----------
        shares : array-like of shape (n_flagged, n_columns)
        columns : sequence of length n_columns
            Names.
        """
        shares = np.asarray(shares)
        counts = np.bincount(shares.argmax(axis=1), minlength=shares.shape[1])
        order = np.argsort(-counts, kind="stable")
        order = order[counts[order] > 0]
        return cls(columns=[str(columns[i]) for i in order], counts=counts[order])

    def plot(self, ax: Any = None) -> FirstReasonsDisplay:
        """Draw a bar for each column, at most 15 and one for all others.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
        """
        names, counts = list(self.columns), self.counts
        if len(names) > _MAX_COLUMNS:
            n_others = len(names) - _MAX_COLUMNS
            names = [*names[:_MAX_COLUMNS], f"{n_others} others"]
            counts = np.append(counts[:_MAX_COLUMNS], counts[_MAX_COLUMNS:].sum())
        ax = tidy(new_axes(ax, (8.0, 1.3 + 0.32 * len(names))))
        bars = ax.barh(range(len(names)), counts, color=FLAGGED, height=0.65)
        shares = counts / counts.sum()
        texts = [f"{n:,} ({p:.0%})" for n, p in zip(counts, shares, strict=True)]
        ax.bar_label(bars, texts, padding=3, fontsize=9)
        ax.set_yticks(range(len(names)), [label(name) for name in names])
        ax.invert_yaxis()
        ax.grid(visible=False, axis="y")
        ax.set(
            xlabel=f"flagged rows of which it is the first reason, of {counts.sum():,}"
        )
        ax.margins(x=0.14)
        self.ax_, self.figure_ = ax, ax.figure
        return self
