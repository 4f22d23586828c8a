"""Columns of times, watched by their hours, and columns of one value."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..scoring.encoding.columns import ClockColumn
from ..scoring.scorer import Scorer
from ..scoring.usual import UsualClock, UsualTimes
from ..scoring.usual.times import places_in_cycles
from .comparison import Comparison
from .watched import Watched


class WatchedTimes(Watched):
    """A column of dates and times, or of times of day.

    That times are newer than those of the training rows is no shift. What is compared
    are their hours of the day, unless the rows span too little to show all of them.

    Parameters
    ----------
    scorer : Scorer
    position : int

    Attributes
    ----------
    before : ndarray of shape (24,) or None
        Training rows of each hour; None where the column has no hours.
    counts : ndarray of shape (24,), int
        Rows now.
    first, last : float
        Of the rows now, in seconds; infinite without any.
    """

    def __init__(self, scorer: Scorer, position: int) -> None:
        super().__init__(scorer, position)
        usual = scorer.usual_of(position)
        assert isinstance(usual, UsualTimes | UsualClock)
        self.usual = usual
        hours = np.array(usual.hours, dtype=np.float64)
        self.before = hours if hours.any() else None
        self.counts = np.zeros(24, dtype=np.int64)
        self.first, self.last = np.inf, -np.inf
        self._is_clock = isinstance(self.column, ClockColumn)

    def add(self, values: Any, hours: np.ndarray | None) -> None:
        """Count the hours of some rows."""
        seconds = np.asarray(self.column.canonical(values, self.name), dtype=np.float64)
        known = seconds[np.isfinite(seconds)]
        self.count_missing(~np.isfinite(seconds), hours)
        if len(known):
            places = places_in_cycles(known)["hours"]
            self.counts += np.bincount(places, minlength=24)
            self.first = min(self.first, float(known.min()))
            self.last = max(self.last, float(known.max()))

    def merge(self, other: Any) -> None:
        """Count what another part of the same table counted."""
        super().merge(other)
        self.counts += other.counts
        self.first = min(self.first, other.first)
        self.last = max(self.last, other.last)

    @property
    def shows_all_hours(self) -> bool:
        """Whether the rows span enough to show all hours."""
        return self._is_clock or self.last - self.first >= 20 * 3_600

    def comparisons(self, weights: np.ndarray | None) -> list[Comparison]:
        """Return what is compared; see `Watched.comparisons`."""
        found = [self.missing(self.usual.n_missing, self.usual.n_rows)]
        if self.before is not None and self.shows_all_hours:
            found.insert(0, Comparison("hours", "cells", self.before, self.counts))
        return found

    def index_comparison(self, weights: np.ndarray | None) -> Comparison:
        """Return the cells of the stability index: hours, and missing values last."""
        before, now = [self.usual.n_missing], [self.n_missing]
        if self.before is not None and self.shows_all_hours:
            before, now = [*self.before, *before], [*self.counts, *now]
        else:
            before.insert(0, self.usual.n_rows - self.usual.n_missing)
            now.insert(0, self.n_rows - self.n_missing)
        return Comparison("index", "cells", np.array(before), np.array(now))


class WatchedConstant(Watched):
    """A column that held one number in all training rows, or nothing.

    Parameters
    ----------
    scorer : Scorer
    position : int

    Attributes
    ----------
    n_other : int
        Rows now with another value.
    example : float or None
        The least other value now.
    """

    def __init__(self, scorer: Scorer, position: int) -> None:
        super().__init__(scorer, position)
        usual = scorer.usual_of(position)
        self._n_before = 0.0 if usual is None else usual.n_rows
        self.value = float(self.column.value)
        self.n_other = 0
        self.example: float | None = None

    def add(self, values: Any, hours: np.ndarray | None) -> None:
        """Count the rows with another value."""
        import pandas as pd

        if np.isnan(self.value):
            missing = np.asarray(pd.isna(values))
            # What was always missing: any value is another one.
            self.count_missing(np.zeros(len(missing), dtype=bool), hours)
            self.n_other += int((~missing).sum())
            return
        numbers = np.asarray(self.column.canonical(values, self.name), dtype=np.float64)
        missing = np.isnan(numbers)
        self.count_missing(missing, hours)
        size = max(1.0, abs(self.value))
        other = numbers[~missing]
        other = other[np.abs(other - self.value) > self.column.tolerance * size]
        self.n_other += len(other)
        if len(other):
            least = float(other.min())
            self.example = least if self.example is None else min(self.example, least)

    def merge(self, other: Any) -> None:
        """Count what another part of the same table counted."""
        super().merge(other)
        self.n_other += other.n_other
        known = [e for e in (self.example, other.example) if e is not None]
        self.example = min(known) if known else None

    def comparisons(self, weights: np.ndarray | None) -> list[Comparison]:
        """Return what is compared; see `Watched.comparisons`."""
        before = np.array([0.0, max(self._n_before, 1.0)])
        n_now = self.n_rows - self.n_missing
        now = np.array([self.n_other, n_now - self.n_other])
        return [
            Comparison("constant", "excess", before, now),
            self.missing(0.0, max(self._n_before, 1.0)),
        ]

    def index_comparison(self, weights: np.ndarray | None) -> Comparison:
        """Return the cells of the stability index: the value, others, missing."""
        n_same = self.n_rows - self.n_missing - self.n_other
        now = np.array([n_same, self.n_other, self.n_missing])
        before = np.array([max(self._n_before, 1.0), 0.0, 0.0])
        return Comparison("index", "cells", before, now)
