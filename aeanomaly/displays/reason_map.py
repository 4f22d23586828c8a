"""Which columns flagged rows are flagged for: a heat map of rows and columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..scoring.encoding.tabular import take_rows
from ..scoring.reasons import iter_reasons
from .drawing import label, new_axes

_MAX_ROWS, _MAX_COLUMNS = 200, 20


class ReasonMapDisplay:
    """Share of each column in the score of each flagged row.

    Rows that are flagged for the same columns stand together.

    Parameters
    ----------
    shares : ndarray of shape (n_flagged, n_columns)
        Of the score; those of all columns of a row sum to one, of which the least are
        not shown.
    columns : list of str
        Names, those of the greatest mean share first.
    rows : ndarray of shape (n_flagged,), int
        Positions of the rows, in the order in which they are shown.

    Attributes
    ----------
    ax_ : matplotlib Axes
        After `plot`.
    figure_ : matplotlib Figure
        After `plot`.

    Examples
    --------
    >>> import numpy as np
    >>> from aeanomaly.displays import ReasonMapDisplay
    >>> display = ReasonMapDisplay.from_shares(
    ...     np.array([[0.1, 0.9], [0.8, 0.2], [0.2, 0.8]]), ["age", "amount"]
    ... )
    >>> display.columns, display.rows
    (['amount', 'age'], array([0, 2, 1]))
    """

    def __init__(self, *, shares, columns, rows):
        self.shares = shares
        self.columns = columns
        self.rows = rows

    @classmethod
    def from_estimator(
        cls, detector: Any, X: Any, *, max_rows: int = _MAX_ROWS
    ) -> ReasonMapDisplay:
        """Divide the scores of the flagged rows among the columns.

        Parameters
        ----------
        detector : AutoencoderOutlierDetector
            Fitted.
        X : DataFrame or array-like of shape (n_samples, n_features)
        max_rows : int, default=200
            Flagged rows to show, the most abnormal.

        Raises
        ------
        ValueError
            If no row is flagged.
        """
        check_is_fitted(detector)
        shares, flagged = flagged_shares(detector, X, max_rows)
        return cls.from_shares(shares, detector.scorer_.encoding.names, rows=flagged)

    @classmethod
    def from_shares(
        cls, shares: Any, columns: Any, *, rows: Any = None
    ) -> ReasonMapDisplay:
        """Arrange shares: columns by their mean, rows by their greatest.

        Parameters
        ----------
        shares : array-like of shape (n_flagged, n_columns)
        columns : sequence of length n_columns
            Names.
        rows : array-like of shape (n_flagged,), default=None
            Positions of the rows; by default 0, 1, 2 and so on.
        """
        shares = np.asarray(shares, dtype=np.float64)
        rows = np.arange(len(shares)) if rows is None else np.asarray(rows)
        by_mean = np.argsort(-shares.mean(axis=0), kind="stable")
        shares = shares[:, by_mean]
        # By the first reason, and within it by how much of the score it is.
        order = np.lexsort((-shares.max(axis=1), shares.argmax(axis=1)))
        kept = by_mean[:_MAX_COLUMNS]
        return cls(
            shares=shares[order][:, : len(kept)],
            columns=[str(columns[i]) for i in kept],
            rows=rows[order],
        )

    def plot(self, ax: Any = None) -> ReasonMapDisplay:
        """Draw the shares as a heat map, with a colour bar.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
        """
        ax = new_axes(ax, (8.0, 1.6 + 0.27 * len(self.columns)))
        drawn = ax.imshow(
            self.shares.T,
            aspect="auto",
            cmap="cividis",
            vmin=0.0,
            vmax=1.0,
            interpolation="nearest",
        )
        ax.set_yticks(range(len(self.columns)), [label(name) for name in self.columns])
        ax.set(xlabel=f"{len(self.rows):,} flagged rows, like ones together")
        ax.figure.colorbar(drawn, ax=ax, label="share of the score", pad=0.02)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def flagged_shares(
    detector: Any, X: Any, max_rows: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the shares of all columns in the scores of flagged rows.

    Parameters
    ----------
    detector : AutoencoderOutlierDetector
    X : DataFrame or array-like of shape (n_samples, n_features)
    max_rows : int or None, default=None
        The most abnormal ones, if there are more.

    Returns
    -------
    shares : ndarray of shape (n_flagged, n_features)
    rows : ndarray of shape (n_flagged,), int
        Positions in X, the most abnormal first.
    """
    table = detector._check_table(X)
    scores = detector.scorer_.score_samples(table)
    rows = np.argsort(scores, kind="stable")[: int((scores < detector.offset_).sum())]
    rows = rows[:max_rows]
    if not len(rows):
        raise ValueError("No row is flagged: there are no reasons to show.")
    n_columns = len(detector.scorer_.encoding.columns)
    shares = np.zeros((len(rows), n_columns))
    chosen = take_rows(table, rows)
    for block, _, reasons in iter_reasons(detector.scorer_, chosen, n_columns):
        np.put_along_axis(shares[block], reasons.columns, reasons.shares, axis=1)
    return shares, rows
