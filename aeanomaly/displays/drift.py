"""Which columns of a table differ from those of the training rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..drift import column_shifts
from .drawing import FAINT, FLAGGED, ORDINARY, label, new_axes, tidy

_MAX_COLUMNS = 20


class DriftDisplay:
    """Columns by how far their values have shifted since training.

    Parameters
    ----------
    columns : list of str
        Names: those that shifted by more than chance, then the others, the greatest
        shift first.
    shifts : ndarray of shape (n_columns,)
        In [0, 1]: the share of the rows that would have to change.
    by_chance : ndarray of shape (n_columns,)
        What a shift stays below in 19 of 20 tables that have not changed.

    Attributes
    ----------
    ax_ : matplotlib Axes
        After `plot`.
    figure_ : matplotlib Figure
        After `plot`.

    Examples
    --------
    >>> import numpy as np
    >>> from aeanomaly.displays import DriftDisplay
    >>> display = DriftDisplay(
    ...     columns=["amount", "country"],
    ...     shifts=np.array([0.4, 0.01]),
    ...     by_chance=np.array([0.05, 0.05]),
    ... )
    >>> display.has_shifted
    array([ True, False])
    """

    def __init__(self, *, columns, shifts, by_chance):
        self.columns = columns
        self.shifts = shifts
        self.by_chance = by_chance

    @classmethod
    def from_estimator(cls, detector: Any, X: Any) -> DriftDisplay:
        """Compare a table with what the model keeps of its training rows.

        Parameters
        ----------
        detector : AutoencoderOutlierDetector
            Fitted.
        X : DataFrame or array-like of shape (n_samples, n_features)
        """
        check_is_fitted(detector)
        found = column_shifts(detector.scorer_, detector._check_table(X))
        return cls(
            columns=[str(one.column) for one in found],
            shifts=np.array([one.shift for one in found]),
            by_chance=np.array([one.by_chance for one in found]),
        )

    @property
    def has_shifted(self) -> np.ndarray:
        """Which columns have shifted by more than chance."""
        return self.shifts > self.by_chance

    def plot(self, ax: Any = None) -> DriftDisplay:
        """Draw a bar for each column, at most 20, and how long chance makes it.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
        """
        n_bars = min(_MAX_COLUMNS, len(self.columns))
        ax = tidy(new_axes(ax, (8.0, 1.4 + 0.3 * n_bars)))
        places = np.arange(n_bars)
        colours = np.where(self.has_shifted[:n_bars], FLAGGED, ORDINARY)
        ax.barh(places, self.shifts[:n_bars], color=colours, height=0.65)
        ax.plot(
            self.by_chance[:n_bars],
            places,
            "|",
            color="black",
            markersize=12,
            markeredgewidth=1.6,
            label="chance stays below it 19 times in 20",
        )
        names = [label(name) for name in self.columns[:n_bars]]
        ax.set_yticks(places, names)
        ax.invert_yaxis()
        ax.grid(visible=False, axis="y")
        n_more = len(self.columns) - n_bars
        more = f"; {n_more} more columns shifted less" if n_more else ""
        ax.set(
            xlabel=f"shift: share of rows that would have to change{more}",
            xlim=(0, max(0.1, 1.08 * max([*self.shifts, *self.by_chance], default=0))),
        )
        ax.legend(frameon=False, loc="lower right", labelcolor=FAINT)
        self.ax_, self.figure_ = ax, ax.figure
        return self
