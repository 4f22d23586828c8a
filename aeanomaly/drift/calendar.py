"""Weekdays and hours: a night is compared with training rows of days like it.

Most tables are of one day. That all of its rows are of a Sunday is not a change, and
neither is what goes with Sundays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..scoring.encoding.tabular import column_at
from ..scoring.scorer import Scorer
from ..scoring.usual import UsualTimes
from ..scoring.usual.times import places_in_cycles

_WEEKDAYS, _HOURS = 7, 24
_HOUR_SECONDS = 3_600.0
# Weekdays are looked at where so many of the rows would have to change theirs, hours
# where a table spans less than most of a day.
_LEAST_DIFFERENCE, _LEAST_SPAN = 0.2, 20 * _HOUR_SECONDS


class Calendar:
    """When the rows are, by the first column of dates with hours, if there is one.

    Parameters
    ----------
    scorer : Scorer
    kept : ndarray of shape (n_kept, n_encoded) or None
        Training rows.

    Attributes
    ----------
    first, last : float
        Of the rows now, in seconds since 1970; infinite without any.
    """

    def __init__(self, scorer: Scorer, kept: np.ndarray | None) -> None:
        self._position = _first_times(scorer)
        self._now = np.zeros((_WEEKDAYS, _HOURS), dtype=np.int64)
        self.first, self.last = np.inf, -np.inf
        self._n_newer = 0
        self._column: Any = None
        self._kept: tuple[np.ndarray, np.ndarray] | None = None
        if self._position is None:
            return
        self._column = scorer.encoding.columns[self._position]
        if kept is not None and "weekday" in self._column.cycles:
            moments = scorer.encoding.restore(kept)[self._position]
            seconds = moments.astype("datetime64[us]").astype(np.int64) / 1e6
            # Restored times carry rounding, of seconds at most.
            places = places_in_cycles(seconds)
            self._kept = places["weekdays"], places["hours"]

    @property
    def has_hours(self) -> bool:
        """Whether rows have an hour."""
        return self._column is not None and "hour" in self._column.cycles

    def add(self, table: Any, places: dict[int, int]) -> np.ndarray | None:
        """Count rows; return the hour of each, -1 where missing, if they have one.

        Parameters
        ----------
        table : DataFrame or ndarray of shape (n_rows, n_columns)
        places : dict of int to int
            Of fitted columns in the table.
        """
        if self._position is None or self._position not in places:
            return None
        values = column_at(table, places[self._position])
        seconds = np.asarray(
            self._column.canonical(values, self._column.name), dtype=np.float64
        )
        hours = np.full(len(seconds), -1)
        known = np.flatnonzero(np.isfinite(seconds))
        if len(known):
            cycles = places_in_cycles(seconds[known])
            hours[known] = cycles["hours"]
            at = cycles["weekdays"] * _HOURS + cycles["hours"]
            counts = np.bincount(at, minlength=_WEEKDAYS * _HOURS)
            self._now += counts.reshape(self._now.shape)
            newest = getattr(self._column, "last", np.inf)
            self._n_newer += int((seconds[known] > newest).sum())
            self.first = min(self.first, float(seconds[known].min()))
            self.last = max(self.last, float(seconds[known].max()))
        return hours if self.has_hours else None

    def merge(self, other: Calendar) -> None:
        """Count the rows of another part of the same table as well."""
        self._now += other._now
        self._n_newer += other._n_newer
        self.first = min(self.first, other.first)
        self.last = max(self.last, other.last)

    @property
    def is_newer(self) -> bool:
        """Whether most of the rows are newer than the training rows."""
        return self._n_newer > self._now.sum() / 2

    @property
    def is_part_of_a_day(self) -> bool:
        """Whether the rows span too little to show all hours."""
        return self.has_hours and self.last - self.first < _LEAST_SPAN

    def weights(self) -> np.ndarray | None:
        """Return how much each kept row counts, beside rows of the same times.

        Returns
        -------
        ndarray of shape (n_kept,) or None
            Their sum is that of equally telling rows that count one each. None where
            the rows now are as the training rows are, or nothing is known.
        """
        if self._kept is None or not self._now.any():
            return None
        weekdays, hours = self._kept
        if self.is_part_of_a_day:
            cells, size = weekdays * _HOURS + hours, _WEEKDAYS * _HOURS
            now = self._now.ravel()
        else:
            cells, size, now = weekdays, _WEEKDAYS, self._now.sum(axis=1)
        before = np.bincount(cells, minlength=size) / len(cells)
        shares = now / now.sum()
        if 0.5 * np.abs(before - shares).sum() < _LEAST_DIFFERENCE:
            return None
        ratios = np.divide(shares, before, out=np.zeros(size), where=before > 0)
        weights = ratios[cells]
        if not weights.any():
            return None
        effective = weights.sum() ** 2 / (weights**2).sum()
        return np.asarray(weights * effective / weights.sum())


def _first_times(scorer: Scorer) -> int | None:
    for position in range(len(scorer.encoding.columns)):
        if isinstance(scorer.usual_of(position), UsualTimes):
            return position
    return None
