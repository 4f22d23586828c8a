"""Columns of times of day."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ....exceptions import ColumnError
from ....printable import quoted
from ..reading import Reading
from ..reading.apply import read_clock
from .base import (
    INDICATOR_SCALE,
    Column,
    ColumnFacts,
    ColumnOptions,
    Storage,
    describe_missing,
    described_reading,
    unseen_surprise,
)

_DAY_SECONDS = 86_400.0
# A sine over whole cycles has a standard deviation of the root of one half.
_WAVE_SCALE = math.sqrt(0.5)


@dataclass(frozen=True)
class ClockColumn(Column):
    """A column of times of day, such as 14:05:33: a cycle, encoded as sine and cosine.

    Parameters
    ----------
    name : str or int
        Name, or position in an array.
    missing_rate, novelty, indicator_scale : float
        As in `NumericColumn`.
    day : float
        Length of the cycle, in seconds.
    wave_scale : float
        What sine and cosine are divided by.
    reading : Reading or None
        How texts are read.
    """

    name: Any
    missing_rate: float = 0.0
    novelty: float = 0.0
    indicator_scale: float = INDICATOR_SCALE
    day: float = _DAY_SECONDS
    wave_scale: float = _WAVE_SCALE
    reading: Reading | None = None

    kind: ClassVar[str] = "clock"

    @classmethod
    def recognises(cls, values: Any) -> bool:
        """Return whether values are timedeltas, as which times of day are read."""
        return getattr(values.dtype, "kind", "O") == "m"

    @classmethod
    def canonical(cls, values: Any, name: Any) -> np.ndarray:
        """Return seconds since midnight; see `Column.canonical`."""
        return _seconds(values, name)

    @classmethod
    def fit(
        cls, values: Any, name: Any, weights: np.ndarray, options: ColumnOptions
    ) -> ClockColumn:
        """Learn how often the time is missing; see `Column.fit`."""
        missing = np.isnan(_seconds(values, name))
        rate = float(weights[missing].sum() / weights.sum())
        return cls(name, rate, unseen_surprise(weights.sum()))

    def read(self, values: Any) -> Any:
        """Return values as timedeltas since midnight; see `Column.read`."""
        return read_clock(values, self.reading, self.name)

    @property
    def from_text(self) -> bool:
        """Whether files must give the texts of cells: they are times of day there."""
        return True

    @property
    def storage(self) -> Storage:
        """What the column is in a file."""
        return "text"

    @property
    def has_indicator(self) -> bool:
        """Whether some training rows missed the time, but not all."""
        return 0 < self.missing_rate < 1

    @property
    def n_linear(self) -> int:
        """Number of linear encoded columns."""
        return 2 + self.has_indicator

    @property
    def centers(self) -> Sequence[float]:
        """What is subtracted from each unscaled encoded column."""
        return [0.0, 0.0, self.missing_rate][: self.n_linear]

    @property
    def scales(self) -> Sequence[float]:
        """What each is divided by."""
        return [self.wave_scale, self.wave_scale, self.indicator_scale][: self.n_linear]

    def linear(self, values: Any, out: np.ndarray) -> np.ndarray | None:
        """Write the unscaled encoded columns; return the novelty per row, if any."""
        seconds = _seconds(values, self.name)
        missing = np.isnan(seconds)
        angle = seconds * (2 * math.pi / self.day)
        out[:, 0], out[:, 1] = np.sin(angle), np.cos(angle)
        if self.has_indicator:
            out[:, 2] = missing
        elif missing.any():
            return missing * self.novelty
        return None

    def restore(self, linear: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """Return texts such as "14:05:33" from unscaled encoded columns."""
        turns = np.arctan2(linear[:, 0], linear[:, 1]) / (2 * math.pi) % 1.0
        seconds = np.round(turns * self.day) % self.day
        return np.array([_clock_text(int(second)) for second in seconds], dtype=object)

    def describe(self) -> str:
        """Return the kind and the share of missing values."""
        return f"clock     times of day{describe_missing(self.missing_rate)}"

    def facts(self) -> ColumnFacts:
        """Return what is missing and odd; see `Column.facts`."""
        read_as, notes = described_reading(self.reading)
        return ColumnFacts("times of day", self.missing_rate, read_as, notes=notes)

    def check(self) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        super().check()
        if not 0 <= self.missing_rate <= 1:
            raise ValueError(f"column {self.name!r} has no valid missing_rate")
        for value in (self.day, self.wave_scale, self.indicator_scale):
            if not 0 < value < math.inf:
                raise ValueError(f"column {self.name!r} has no valid cycle or scale")


def _clock_text(seconds: int) -> str:
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}"


def _seconds(values: Any, name: Any) -> np.ndarray:
    """Return timedeltas as float64 seconds, missing ones as NaN."""
    import pandas as pd

    if not ClockColumn.recognises(values):
        shown = next((v for v in values if isinstance(v, str)), None)
        raise ColumnError(
            f"Column {name!r} held times of day when the model was fitted and holds "
            + (
                f"strings such as {quoted(shown)}"
                if shown
                else f"values of {values.dtype}"
            )
            + " now. Convert it to texts such as '14:05:33', or fit again."
        )
    return np.asarray(pd.Series(values).dt.total_seconds(), dtype=np.float64)
