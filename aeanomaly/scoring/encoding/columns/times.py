"""Columns of dates and times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..reading import Reading
from ..reading.apply import read_times
from ..values import as_seconds
from .base import (
    INDICATOR_SCALE,
    Column,
    ColumnFacts,
    ColumnOptions,
    Storage,
    check_scale,
    describe_missing,
    described_reading,
    show_value,
    unseen_surprise,
)
from .spread import center_and_scale, typical_range

_DAY_SECONDS = 86_400.0
_YEAR_SECONDS = 365.2425 * _DAY_SECONDS
_SECONDS = {"hour": _DAY_SECONDS, "weekday": 7 * _DAY_SECONDS, "year": _YEAR_SECONDS}
_ASPECTS = {"hour": "its hour", "weekday": "its weekday", "year": "its season"}
# 1970-01-01 was a Thursday; weeks start on Mondays.
_PHASE = {"hour": 0.0, "weekday": 3 * _DAY_SECONDS, "year": 0.0}
# Cycles need two turns in the training rows before they can be told from a trend.
_MIN_SECONDS = {"weekday": 14 * _DAY_SECONDS, "year": 2 * _YEAR_SECONDS}
# Models are used on rows later than those that they learnt from: so much time outside
# the training range is not a sign of anything.
MARGIN_SECONDS = _YEAR_SECONDS
# A sine over whole cycles has a standard deviation of the root of one half.
_WAVE_SCALE = math.sqrt(0.5)


@dataclass(frozen=True)
class DatetimeColumn(Column):
    """A column of dates and times.

    Encoded as the time itself and as sine and cosine of each of its `cycles`. A time
    up to `margin` before or after the training range counts as the nearest time within
    it, so that the rows of coming months are not abnormal for being new; beyond that,
    the farther away the more abnormal.

    Parameters
    ----------
    name : str or int
        Name, or position in an array.
    first, last : float
        Training range, in seconds since 1970.
    center, scale : float
        Centre and scale of the time, in seconds since 1970.
    cycles : tuple of {"hour", "weekday", "year"}
        Cycles that the training rows resolve.
    missing_rate, novelty, indicator_scale : float
        As in `NumericColumn`.
    margin : float
        In seconds.
    wave_scale : float
        What sines and cosines are divided by.
    reading : Reading or None
        How texts and dates are read; None where the training rows held times.
    """

    name: Any
    first: float
    last: float
    center: float
    scale: float
    cycles: tuple[str, ...]
    missing_rate: float = 0.0
    novelty: float = 0.0
    indicator_scale: float = INDICATOR_SCALE
    margin: float = MARGIN_SECONDS
    wave_scale: float = _WAVE_SCALE
    reading: Reading | None = None

    kind: ClassVar[str] = "datetime"

    @classmethod
    def recognises(cls, values: Any) -> bool:
        """Return whether values are dates and times."""
        if isinstance(values, np.ndarray):
            return False
        import pandas as pd

        return bool(pd.api.types.is_datetime64_any_dtype(values))

    @classmethod
    def canonical(cls, values: Any, name: Any) -> np.ndarray:
        """Return seconds since 1970; see `Column.canonical`."""
        return as_seconds(values, name)

    @classmethod
    def fit(
        cls, values: Any, name: Any, weights: np.ndarray, options: ColumnOptions
    ) -> DatetimeColumn:
        """Learn range, scale and cycles; see `Column.fit`."""
        seconds = as_seconds(values, name)
        missing = np.isnan(seconds)
        known, known_weights = seconds[~missing], weights[~missing]
        if missing.all():
            known, known_weights = np.zeros(1), np.ones(1)
        # One date of the year 9999 must not stretch what counts as ordinary.
        low, high = typical_range(known, known_weights)
        first = float(known[known >= low - MARGIN_SECONDS].min())
        last = float(known[known <= high + MARGIN_SECONDS].max())
        center, scale = first, _DAY_SECONDS
        if last > first:
            center, scale = center_and_scale(known, known_weights, clip=True)
        cycles = [c for c, needed in _MIN_SECONDS.items() if last - first >= needed]
        if (known % _DAY_SECONDS != 0).any():
            cycles.insert(0, "hour")
        return cls(
            name,
            first=first,
            last=last,
            center=center,
            scale=scale,
            cycles=tuple(cycles),
            missing_rate=float(weights[missing].sum() / weights.sum()),
            novelty=unseen_surprise(weights.sum()),
        )

    def read(self, values: Any) -> Any:
        """Return values as datetimes; see `Column.read`."""
        return read_times(values, self.reading, self.name)

    @property
    def from_text(self) -> bool:
        """Whether the training rows held texts, whose marks a file must keep."""
        return self.reading is not None

    @property
    def storage(self) -> Storage:
        """What the column is in a file."""
        return "time"

    @property
    def has_indicator(self) -> bool:
        """Whether some training rows missed the time, but not all."""
        return 0 < self.missing_rate < 1

    @property
    def n_linear(self) -> int:
        """Number of linear encoded columns."""
        return 1 + 2 * len(self.cycles) + self.has_indicator

    @property
    def centers(self) -> Sequence[float]:
        """What is subtracted from each unscaled encoded column."""
        waves = [0.0] * (2 * len(self.cycles))
        return [self.center, *waves, self.missing_rate][: self.n_linear]

    @property
    def scales(self) -> Sequence[float]:
        """What each is divided by."""
        waves = [self.wave_scale] * (2 * len(self.cycles))
        return [self.scale, *waves, self.indicator_scale][: self.n_linear]

    @property
    def turns(self) -> list[tuple[float, float]]:
        """What is added to the time, and the length, of each cycle, in seconds."""
        return [(_PHASE[cycle], _SECONDS[cycle]) for cycle in self.cycles]

    def linear(self, values: Any, out: np.ndarray) -> np.ndarray | None:
        """Write the unscaled encoded columns; return the novelty per row, if any."""
        seconds = as_seconds(values, self.name)
        missing = np.isnan(seconds)
        out[:, 0] = self._without_margin(seconds)
        for i, (phase, length) in enumerate(self.turns):
            angle = (seconds + phase) * (2 * math.pi / length)
            out[:, 1 + 2 * i] = np.sin(angle)
            out[:, 2 + 2 * i] = np.cos(angle)
        if self.has_indicator:
            out[:, -1] = missing
        elif missing.any():
            return missing * self.novelty
        return None

    def _without_margin(self, seconds: np.ndarray) -> np.ndarray:
        """Return times outside the training range nearer by up to the margin."""
        within = np.clip(seconds, self.first, self.last)
        outside = seconds - within
        return np.asarray(
            within + outside - np.clip(outside, -self.margin, self.margin)
        )

    def moved(self, values: Any) -> np.ndarray | None:
        """Return which times are within the margin; see `Column.moved`."""
        seconds = as_seconds(values, self.name)
        outside = np.abs(seconds - np.clip(seconds, self.first, self.last))
        moved = (outside > 0) & (outside <= self.margin)
        return moved if moved.any() else None

    def aspect(self, encoded: int) -> str:
        """Return which cycle an encoded column belongs to; see `Column.aspect`."""
        cycles = [name for cycle in self.cycles for name in [_ASPECTS[cycle]] * 2]
        return ["", *cycles, ""][encoded]

    def restore(self, linear: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """Return times from unscaled encoded columns."""
        return (linear[:, 0] * 1e6).astype("datetime64[us]")

    def describe(self) -> str:
        """Return the kind, the cycles and the share of missing values."""
        cycles = ", ".join(self.cycles) or "none"
        return f"datetime  cycles {cycles}{describe_missing(self.missing_rate)}"

    def facts(self) -> ColumnFacts:
        """Return range and missing values; see `Column.facts`."""
        first, last = (
            show_value(np.datetime64(round(seconds), "s").item()).removesuffix(
                " 00:00:00"
            )
            for seconds in (self.first, self.last)
        )
        read_as, notes = described_reading(self.reading)
        values = f"{first} to {last}"
        return ColumnFacts(values, self.missing_rate, read_as, notes=notes)

    def check(self) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        super().check()
        check_scale(self)
        if not _SECONDS.keys() >= set(self.cycles):
            raise ValueError(f"column {self.name!r} has an unknown cycle")
        if not (math.isfinite(self.first) and math.isfinite(self.last)):
            raise ValueError(f"column {self.name!r} has no finite range")
        if not self.first <= self.last:
            raise ValueError(f"column {self.name!r} ends before it starts")
        if not (self.margin >= 0 and 0 < self.wave_scale < math.inf):
            raise ValueError(f"column {self.name!r} has no valid margin or wave_scale")
