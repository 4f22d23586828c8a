"""One fitted column of a table: how it is encoded and decoded.

Every kind of column turns its values into *linear* encoded columns (numbers, compared
by squared error), or into one *group* of encoded columns (a category's levels, compared
by cross-entropy), and reports *novelty*: the surprise, in nats, of values that training
rows never showed and that no network can be asked about.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...exceptions import ColumnError
from .values import as_float, as_seconds, infinite_values

# What a missing or an infrequent level is called in decoded tables and reasons.
MISSING = "missing"
INFREQUENT = "infrequent"

# Whether a value is missing counts as a category's level does. By its own deviation, as
# numbers do, one missing value in a hundred would outweigh all that is not missing.
_INDICATOR_SCALE = 1.0

_SECONDS = {"hour": 86_400.0, "weekday": 604_800.0, "year": 365.2425 * 86_400.0}
# 1970-01-01 was a Thursday; weeks start on Mondays.
_PHASE = {"hour": 0.0, "weekday": 3 * 86_400.0, "year": 0.0}
# Models are used on rows later than those that they learnt from: so much time outside
# the training range is no sign of anything.
MARGIN_SECONDS = _SECONDS["year"]


def unseen_surprise(n_rows: float, n_singletons: float = 0.0) -> float:
    """Return the surprise, in nats, of what ``n_rows`` rows never showed.

    Good and Turing estimate the probability of an unseen level from the number of
    levels that were seen once (Good, 1953, *Biometrika* 40); adding one keeps it
    above zero where every level was seen often.
    """
    return max(0.0, -math.log((n_singletons + 1.0) / (n_rows + 1.0)))


def plain_level(level: Any) -> Any:
    """Return a category's level as a Python object that a file can hold."""
    level = level.item() if isinstance(level, np.generic) else level
    return level if isinstance(level, str | bool | int | float) else str(level)


@dataclass(frozen=True)
class NumericColumn:
    """A column of numbers.

    Parameters
    ----------
    name : str or int
        Name, or position in an array.
    center, scale : float
        Subtracted from, and divided into, the values.
    missing_rate : float
        Share of the training rows in which it was missing; above zero it brings an
        encoded indicator of its own, 0 or 1 before it is centred.
    novelty : float
        Surprise of a missing value where training rows had none, in nats.
    """

    name: Any
    center: float
    scale: float
    missing_rate: float = 0.0
    novelty: float = 0.0

    n_levels = 0

    @property
    def centers(self) -> list[float]:
        """What is subtracted from each unscaled encoded column."""
        return [self.center, self.missing_rate][: self.n_linear]

    @property
    def scales(self) -> list[float]:
        """What each is divided by."""
        return [self.scale, _INDICATOR_SCALE][: self.n_linear]

    @property
    def n_linear(self) -> int:
        """Number of linear encoded columns."""
        return 2 if 0 < self.missing_rate < 1 else 1

    def linear(self, values: Any, out: np.ndarray) -> np.ndarray | None:
        """Write the unscaled encoded columns; return the novelty per row, if any."""
        out[:, 0] = as_float(values, self.name)
        missing = np.isnan(out[:, 0])
        if self.n_linear == 2:
            out[:, 1] = missing
        elif missing.any():
            return missing * self.novelty
        return None

    def restore(self, linear: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """Return values in original units from unscaled encoded columns."""
        return linear[:, 0]


@dataclass(frozen=True)
class ConstantColumn:
    """A column that held one number: not encoded, but watched.

    A relative change of less than `tolerance` counts as noise of representation and
    adds next to nothing; a new value counts as an event that never happened.
    """

    name: Any
    value: float
    novelty: float

    tolerance = 1e-2
    n_linear = 0
    n_levels = 0
    centers: ClassVar[Sequence[float]] = ()
    scales: ClassVar[Sequence[float]] = ()

    def linear(self, values: Any, out: np.ndarray) -> np.ndarray | None:
        """Return the novelty per row, if any."""
        if math.isnan(self.value):
            return self._novelty_beside_missing(values)
        values = as_float(values, self.name)
        if (values == self.value).all():
            return None
        infinite = np.isinf(values)
        if infinite.any():
            raise infinite_values(self.name, infinite)
        change = np.abs(values - self.value) / max(1.0, abs(self.value))
        # The fourth power below the tolerance, so that 1e-4 weighs 1e-8 of a new
        # value; logarithmic above, so that farther is always more abnormal.
        novelty = self.novelty * np.minimum(1.0, change / self.tolerance) ** 4
        novelty += np.log1p(np.maximum(0.0, change - self.tolerance))
        return np.where(np.isnan(values), self.novelty, novelty)

    def _novelty_beside_missing(self, values: Any) -> np.ndarray | None:
        """Return the novelty where training rows held nothing, of whatever kind."""
        import pandas as pd

        present = np.asarray(pd.notna(values))
        return present * self.novelty if present.any() else None

    def restore(self, linear: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """Return the constant for every row."""
        return np.full(len(linear), self.value)


@dataclass(frozen=True)
class CategoricalColumn:
    """A column of strings, categories or booleans.

    Parameters
    ----------
    name : str or int
        Name, or position in an array.
    levels : tuple of str, bool, int or float
        Levels with an encoded column of their own.
    infrequent : tuple
        Levels that share one encoded column, after those of `levels`.
    has_missing : bool
        Whether missing values have an encoded column, the last.
    novelty : float
        Surprise of a level that is in neither tuple, in nats.
    """

    name: Any
    levels: tuple[Any, ...]
    infrequent: tuple[Any, ...]
    has_missing: bool
    novelty: float

    n_linear = 0
    centers: ClassVar[Sequence[float]] = ()
    scales: ClassVar[Sequence[float]] = ()

    @property
    def n_levels(self) -> int:
        """Number of encoded columns; none where there is nothing to tell apart."""
        n = len(self.levels) + bool(self.infrequent) + self.has_missing
        return n if n > 1 else 0

    @property
    def labels(self) -> list[Any]:
        """What each encoded column stands for."""
        return [
            *self.levels,
            *([INFREQUENT] if self.infrequent else []),
            *([None] if self.has_missing else []),
        ]

    @property
    def _holds_strings(self) -> bool:
        return bool(self.levels) and all(isinstance(v, str) for v in self.levels)

    def codes(self, values: Any) -> np.ndarray:
        """Return each row's encoded column, -1 where its level was never seen."""
        import pandas as pd

        values = pd.Series(values)
        if pd.api.types.is_numeric_dtype(values) and self._holds_strings:
            raise ColumnError(
                f"Column {self.name!r} held categories such as {self.levels[0]!r} when "
                f"the model was fitted and holds {values.dtype} numbers now. Convert "
                f"it, for example with astype(str), or fit again."
            )
        codes, uniques = pd.factorize(values)
        lookup = {level: i for i, level in enumerate(self.levels)}
        lookup |= dict.fromkeys(self.infrequent, len(self.levels))
        found = (lookup.get(plain_level(level), -1) for level in uniques)
        position = np.array([*found, -1], dtype=np.intp)
        if self.has_missing:
            position[-1] = len(self.levels) + bool(self.infrequent)
        return position[codes]

    def linear(self, values: Any, out: np.ndarray) -> np.ndarray | None:
        """Write nothing: see `codes`."""
        return None

    def restore(self, linear: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """Return the most probable level of each row."""
        labels = np.empty(len(self.labels), dtype=object)
        labels[:] = self.labels
        if self.n_levels == 0:
            return np.full(len(linear), labels[0] if len(labels) else None, object)
        return labels[probabilities.argmax(axis=1)]


@dataclass(frozen=True)
class DatetimeColumn:
    """A column of dates and times.

    Encoded as the time itself and as sine and cosine of each of its `cycles`. A time
    up to a year before or after the training range counts as the nearest time within
    it, so that the rows of coming months are not abnormal for being new; beyond that
    year, the farther away the more abnormal.

    Parameters
    ----------
    name : str or int
        Name, or position in an array.
    first, last : float
        Training range, in seconds since 1970.
    center, scale : float
        Of the time in seconds since 1970.
    cycles : tuple of {"hour", "weekday", "year"}
        Cycles that the training rows resolve.
    missing_rate, novelty : float
        As in `NumericColumn`.
    """

    name: Any
    first: float
    last: float
    center: float
    scale: float
    cycles: tuple[str, ...]
    missing_rate: float = 0.0
    novelty: float = 0.0

    n_levels = 0

    @property
    def n_linear(self) -> int:
        """Number of linear encoded columns."""
        return 1 + 2 * len(self.cycles) + (0 < self.missing_rate < 1)

    @property
    def centers(self) -> list[float]:
        """What is subtracted from each unscaled encoded column."""
        waves = [0.0] * (2 * len(self.cycles))
        return [self.center, *waves, self.missing_rate][: self.n_linear]

    @property
    def scales(self) -> list[float]:
        """What each is divided by."""
        # A sine over whole cycles has a standard deviation of the root of one half.
        waves = [math.sqrt(0.5)] * (2 * len(self.cycles))
        return [self.scale, *waves, _INDICATOR_SCALE][: self.n_linear]

    def linear(self, values: Any, out: np.ndarray) -> np.ndarray | None:
        """Write the unscaled encoded columns; return the novelty per row, if any."""
        seconds = as_seconds(values, self.name)
        missing = np.isnan(seconds)
        out[:, 0] = self._without_margin(seconds)
        for i, cycle in enumerate(self.cycles):
            angle = (seconds + _PHASE[cycle]) * (2 * math.pi / _SECONDS[cycle])
            out[:, 1 + 2 * i] = np.sin(angle)
            out[:, 2 + 2 * i] = np.cos(angle)
        if 0 < self.missing_rate < 1:
            out[:, -1] = missing
        elif missing.any():
            return missing * self.novelty
        return None

    def _without_margin(self, seconds: np.ndarray) -> np.ndarray:
        """Return times outside the training range nearer by up to the margin."""
        within = np.clip(seconds, self.first, self.last)
        outside = seconds - within
        margin = np.clip(outside, -MARGIN_SECONDS, MARGIN_SECONDS)
        return np.asarray(within + (outside - margin))

    def restore(self, linear: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """Return times from unscaled encoded columns."""
        return (linear[:, 0] * 1e6).astype("datetime64[us]")


Column = NumericColumn | ConstantColumn | CategoricalColumn | DatetimeColumn
