"""Columns of numbers."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ....exceptions import InfiniteValueError
from ..reading import Reading
from ..reading.apply import read_numbers
from ..values import as_float, hold_numbers
from .base import (
    INDICATOR_SCALE,
    Column,
    ColumnFacts,
    ColumnOptions,
    check_scale,
    describe_missing,
    described_reading,
    show_number,
    show_range,
    unseen_surprise,
)
from .constant import ConstantColumn
from .sentinels import find_sentinels, missing_numbers, without_numbers
from .spread import center_and_scale

# Relative range below which a column of numbers counts as constant.
_CONSTANT_RANGE = 1e-10
# Scale of one number beside missing cells, relative to it: ten of them are a change of
# a thousandth, a float32 is within a thousandth of one.
_CONSTANT_SCALE = 1e-4


@dataclass(frozen=True)
class NumericColumn(Column):
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
    indicator_scale : float
        What the indicator is divided by.
    low, high : float or None
        Least and greatest value of the training rows; None where they are not known.
    reading : Reading or None
        How texts are read; None where the training rows held numbers.
    missing_values : tuple of float
        Numbers that stand for a missing value.
    sentinels : tuple of float
        Numbers that seem to, but are taken as numbers.

    Examples
    --------
    >>> from aeanomaly import NumericColumn
    >>> NumericColumn("age", center=40.0, scale=10.0).describe()
    'number    mean 40, scale 10'
    """

    name: Any
    center: float
    scale: float
    missing_rate: float = 0.0
    novelty: float = 0.0
    indicator_scale: float = INDICATOR_SCALE
    low: float | None = None
    high: float | None = None
    reading: Reading | None = None
    missing_values: tuple[float, ...] = ()
    sentinels: tuple[float, ...] = ()

    kind: ClassVar[str] = "number"

    @classmethod
    def recognises(cls, values: Any) -> bool:
        """Return whether values are numbers, and not booleans or categories."""
        if isinstance(values, np.ndarray):
            return True
        import pandas as pd

        types = pd.api.types
        if types.is_bool_dtype(values) or isinstance(values.dtype, pd.CategoricalDtype):
            return False
        if types.is_numeric_dtype(values):
            return True
        if not (types.is_object_dtype(values) or types.is_string_dtype(values)):
            return False
        inferred = types.infer_dtype(values, skipna=True)
        return inferred != "boolean" and hold_numbers(values)

    @classmethod
    def canonical(cls, values: Any, name: Any) -> np.ndarray:
        """Return the numbers; see `Column.canonical`."""
        return as_float(values, name)

    @classmethod
    def fit(
        cls, values: Any, name: Any, weights: np.ndarray, options: ColumnOptions
    ) -> Column:
        """Learn centre and scale, or that all values are one; see `Column.fit`."""
        values = as_float(values, name)
        suspects = find_sentinels(values)
        codes = missing_numbers(options.missing_values, suspects)
        values = without_numbers(values, codes)
        missing = np.isnan(values)
        n_rows = weights.sum()
        novelty = unseen_surprise(n_rows)
        if missing.all():
            return ConstantColumn(name, math.nan, novelty)
        known, known_weights = values, weights
        if missing.any():
            known, known_weights = values[~missing], weights[~missing]
        low, high = float(known.min()), float(known.max())
        if math.isinf(low) or math.isinf(high):
            raise InfiniteValueError(
                f"Column {name!r} holds {int(np.isinf(known).sum())} infinite values. "
                f"Input X contains infinity: replace it, for example by NaN, which "
                f"counts as missing."
            )
        missing_rate = float(weights[missing].sum() / n_rows)
        if high - low <= _CONSTANT_RANGE * max(abs(low), abs(high)):
            if not missing_rate:
                return ConstantColumn.of(name, low, novelty)
            # Whether the value is missing is then what varies; another one is far off.
            center, scale, novelty = low, _constant_scale(low), 0.0
        else:
            center, scale = _scaling(known, known_weights, options.scaling)
        return cls(
            name,
            center,
            scale,
            missing_rate,
            novelty,
            low=low,
            high=high,
            missing_values=codes,
            sentinels=tuple(number for number in suspects if number not in codes),
        )

    @property
    def n_linear(self) -> int:
        """Number of linear encoded columns: the value, and whether it is missing."""
        return 1 + self.has_indicator

    @property
    def has_indicator(self) -> bool:
        """Whether some training rows missed the value, but not all."""
        return 0 < self.missing_rate < 1

    @property
    def is_plain(self) -> bool:
        """Whether the encoded column is the value; not for a subclass of its own."""
        return (
            self.n_linear == 1
            and not self.missing_values
            and type(self).linear is NumericColumn.linear
        )

    def read(self, values: Any) -> Any:
        """Return values as numbers; see `Column.read`."""
        return read_numbers(values, self.reading, self.name)

    @property
    def from_text(self) -> bool:
        """Whether the training rows held texts, whose marks a file must keep."""
        return self.reading is not None

    @property
    def centers(self) -> Sequence[float]:
        """What is subtracted from each unscaled encoded column."""
        return [self.center, self.missing_rate][: self.n_linear]

    @property
    def scales(self) -> Sequence[float]:
        """What each is divided by."""
        return [self.scale, self.indicator_scale][: self.n_linear]

    def linear(self, values: Any, out: np.ndarray) -> np.ndarray | None:
        """Write the unscaled encoded columns; return the novelty per row, if any."""
        out[:, 0] = without_numbers(as_float(values, self.name), self.missing_values)
        missing = np.isnan(out[:, 0])
        if self.has_indicator:
            out[:, 1] = missing
        elif missing.any():
            return missing * self.novelty
        return None

    def restore(self, linear: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """Return values in original units from unscaled encoded columns."""
        return linear[:, 0]

    def describe(self) -> str:
        """Return the kind, mean, scale and share of missing values."""
        return (
            f"number    mean {self.center:.6g}, scale {self.scale:.6g}"
            f"{describe_missing(self.missing_rate)}"
        )

    def facts(self) -> ColumnFacts:
        """Return range and missing values; see `Column.facts`."""
        read_as, notes = described_reading(self.reading)
        for number in self.sentinels:
            notes += (
                f"{show_number(number)} is far from all other values and may stand for "
                f"a missing one: if so, pass missing_values=[{number:g}]",
            )
        if self.missing_values:
            shown = ", ".join(map(show_number, self.missing_values))
            notes += (f"{shown} counts as missing",)
        values = show_range(self.low, self.high)
        return ColumnFacts(values, self.missing_rate, read_as, notes=notes)

    def check(self) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        super().check()
        check_scale(self)


def _constant_scale(value: float) -> float:
    """Return the scale of a column that holds one number, or nothing."""
    return max(_CONSTANT_SCALE * (abs(value) or 1.0), sys.float_info.min)


def _scaling(
    known: np.ndarray, weights: np.ndarray, scaling: str
) -> tuple[float, float]:
    """Return centre and scale of values that are not all equal."""
    if scaling == "none":
        return 0.0, 1.0
    robust = scaling == "robust"
    low, high = float(known.min()), float(known.max())
    if robust and np.isin(known, (low, high)).all():
        # Two values are levels: apart by one, as those of a category, however rare.
        return float(np.average(known, weights=weights)), min(
            high - low, sys.float_info.max
        )
    return center_and_scale(known, weights, clip=robust)
