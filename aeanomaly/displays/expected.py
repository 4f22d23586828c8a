"""What was observed of one column, against what the other columns let expect."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..scoring.encoding.tabular import column_at, take_rows
from ..scoring.expectations import Expectations, as_numbers
from .drawing import FAINT, FLAGGED, LINE, ORDINARY, label, new_axes, tidy

_MAX_ROWS = 5_000
_MAX_LEVELS = 12
_OTHERS = "others"
# Of the colour of flagged rows, dark enough to be read on light blue.
_DARK = "#8F3A00"


class ExpectedDisplay:
    """Observed against expected values of one column, flagged rows marked.

    Parameters
    ----------
    column : str or int
        Its name.
    observed, expected : ndarray of shape (n_rows,)
        Numbers, datetimes, or levels as texts.
    low, high : ndarray of shape (n_rows,) or None
        Ends of the range within which nine of ten rows were expected; None for levels.
    is_outlier : ndarray of shape (n_rows,), bool
        Whether the row is flagged.

    Attributes
    ----------
    ax_ : matplotlib Axes
        After `plot`.
    figure_ : matplotlib Figure
        After `plot`.

    Examples
    --------
    >>> import numpy as np
    >>> from aeanomaly.displays import ExpectedDisplay
    >>> levels = np.array(["DE", "FR", "DE"], dtype=object)
    >>> display = ExpectedDisplay(
    ...     column="country", observed=levels, expected=levels[::-1], low=None,
    ...     high=None, is_outlier=np.array([False, True, False]),
    ... )
    >>> counts, flagged = display.crossed()
    >>> int(counts.loc["FR", "FR"]), int(flagged.loc["FR", "FR"])
    (1, 1)
    """

    def __init__(self, *, column, observed, expected, low, high, is_outlier):
        self.column = column
        self.observed = observed
        self.expected = expected
        self.low = low
        self.high = high
        self.is_outlier = is_outlier

    @classmethod
    def from_estimator(
        cls,
        detector: Any,
        X: Any,
        column: Any,
        *,
        max_rows: int = _MAX_ROWS,
        random_state: int = 0,
    ) -> ExpectedDisplay:
        """Compute what was expected of a column.

        Parameters
        ----------
        detector : AutoencoderOutlierDetector
            Fitted.
        X : DataFrame or array-like of shape (n_samples, n_features)
        column : str or int
            Name of the column, or position in an array.
        max_rows : int, default=5000
            Rows to show, at random, if there are more.
        random_state : int, default=0
            Seed with which they are drawn.

        Raises
        ------
        ValueError
            If there is no such column.
        """
        check_is_fitted(detector)
        table, scorer = detector._check_table(X), detector.scorer_
        names = scorer.encoding.names
        if column not in names:
            known = ", ".join(map(repr, names[:8]))
            raise ValueError(
                f"column must be one of those of fit ({known}{'…' * (len(names) > 8)})."
                f" Got {column!r}."
            )
        if len(table) > max_rows:
            rng = np.random.default_rng(random_state)
            chosen = np.sort(rng.choice(len(table), max_rows, replace=False))
            table = take_rows(table, chosen)
        position = names.index(column)
        parts = [
            _of_block(scorer, take_rows(table, rows), evaluation, position)
            for rows, evaluation in scorer.iter_evaluations(table)
        ]
        observed, expected, low, high = (
            None if part[0] is None else np.concatenate(part)
            for part in zip(*parts, strict=True)
        )
        is_outlier = scorer.score_samples(table) < detector.offset_
        return cls(
            column=column,
            observed=observed,
            expected=expected,
            low=low,
            high=high,
            is_outlier=is_outlier,
        )

    def crossed(self) -> tuple[Any, Any]:
        """Return how many rows, and flagged rows, have which levels.

        Returns
        -------
        counts, flagged : DataFrame of shape (n_expected, n_observed)
            By expected and observed level, the most frequent first; beyond 12, they
            are "others".
        """
        import pandas as pd

        observed, expected = map(pd.Series, (self.observed, self.expected))
        frequent = pd.concat([observed, expected]).value_counts().index[:_MAX_LEVELS]
        kept = [
            values.where(values.isin(frequent), _OTHERS)
            for values in (observed, expected)
        ]
        order = [*frequent, _OTHERS]
        pairs = pd.crosstab(kept[1], kept[0])
        rows = [level for level in order if level in pairs.index]
        columns = [level for level in order if level in pairs.columns]
        marked = pd.crosstab(kept[1], kept[0], self.is_outlier, aggfunc="sum")
        shape = {"index": rows, "columns": columns}
        flagged = marked.reindex(**shape).fillna(0).astype(int)
        return pairs.reindex(**shape), flagged

    def plot(self, ax: Any = None) -> ExpectedDisplay:
        """Draw values as points, levels as a table of counts.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
        """
        ax = new_axes(ax, (8.0, 5.4))
        if self.low is None:
            self._draw_levels(ax)
        else:
            self._draw_values(tidy(ax))
        name = label(self.column)
        ax.set(xlabel=f"{name}, expected", ylabel=f"{name}, observed")
        if self.low is None:
            ax.set(xlabel=f"{name}, observed", ylabel=f"{name}, expected")
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _draw_values(self, ax: Any) -> None:
        order = np.argsort(self.expected, kind="stable")
        ax.fill_between(
            self.expected[order],
            self.low[order],
            self.high[order],
            color=LINE,
            alpha=0.6,
            linewidth=0,
            label="nine of ten expected here",
        )
        for marked, colour, marker, name in (
            (False, ORDINARY, "o", "ordinary rows"),
            (True, FLAGGED, "D", "flagged rows"),
        ):
            at = self.is_outlier == marked
            ax.scatter(
                self.expected[at],
                self.observed[at],
                s=20 if marked else 9,
                color=colour,
                marker=marker,
                alpha=0.9 if marked else 0.35,
                linewidths=0,
                label=f"{name} ({at.sum():,})",
            )
        if self.expected.dtype.kind == "f":
            same = float(self.expected[0])
            ax.axline((same, same), slope=1, color=FAINT, linewidth=0.8)
        ax.legend(frameon=False, loc="best")

    def _draw_levels(self, ax: Any) -> None:
        counts, flagged = self.crossed()
        shown = np.log10(counts.to_numpy() + 1.0)
        ax.imshow(shown, cmap="Blues", aspect="auto", vmax=shown.max() * 2.5)
        for i, j in zip(*np.nonzero(counts.to_numpy()), strict=True):
            n = int(flagged.iloc[i, j])
            ax.text(
                j,
                i,
                f"{counts.iloc[i, j]:,}" + (f"\n{n:,} flagged" if n else ""),
                ha="center",
                va="center",
                fontsize=9,
                color=_DARK if n else "black",
                fontweight="bold" if n else None,
            )
        ax.set_xticks(range(counts.shape[1]), [label(c, 14) for c in counts.columns])
        ax.set_yticks(range(counts.shape[0]), [label(c, 14) for c in counts.index])
        ax.tick_params(axis="x", rotation=40 if counts.shape[1] > 6 else 0)


def _of_block(scorer: Any, block: Any, evaluation: Any, position: int) -> tuple:
    """Return observed and expected values of a block of rows, and their range."""
    rows = np.arange(len(block))
    said = Expectations(scorer, evaluation).of_column(position, rows)
    values = column_at(block, position)
    column, usual = scorer.encoding.columns[position], scorer.usual_of(position)
    if column.categorical:
        texts = [
            np.array([_as_text(v) for v in part], dtype=object)
            for part in (np.asarray(values.astype(object)), said.values)
        ]
        return (*texts, None, None)
    numbers = as_numbers(values, column, usual)
    if np.isnan(numbers).all() and hasattr(column, "canonical"):
        numbers = np.asarray(column.canonical(values, column.name), dtype=np.float64)
    if column.storage == "time":
        expected = said.values.astype("datetime64[us]")
        moments = [_moments(part) for part in (numbers, said.low, said.high)]
        return moments[0], expected, moments[1], moments[2]
    return numbers, said.values.astype(np.float64), said.low, said.high


def _moments(seconds: np.ndarray) -> np.ndarray:
    moments = np.full(len(seconds), np.datetime64("NaT"), dtype="datetime64[us]")
    known = np.isfinite(seconds)
    moments[known] = (seconds[known] * 1e6).astype("datetime64[us]")
    return moments


def _as_text(value: Any) -> str:
    return "missing" if value is None or value != value else str(value)
