"""Columns that held one value only."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ....exceptions import ColumnError
from ..reading import Reading
from ..reading.apply import read_numbers
from ..values import as_float, infinite_values
from .base import (
    Column,
    ColumnFacts,
    ColumnOptions,
    described_reading,
    show_number,
    unseen_surprise,
)

# Relative change below which another number is noise of representation: float32 and
# texts of six digits change a number by less than 5e-6.
_TOLERANCE = 1e-4
# Nothing is relative to zero: what is left of sums that cancel is smaller than this.
_TOLERANCE_OF_ZERO = 1e-8
# Power of the change, in tolerances: a hundredth of one weighs 1e-8 of a new value.
_EXPONENT = 4.0


@dataclass(frozen=True)
class ConstantColumn(Column):
    """A column that held one number: not encoded, but watched.

    A change of less than `tolerance` counts as noise of representation and adds next
    to nothing; a new value counts as an event that never happened.

    Parameters
    ----------
    name : str or int
        Name, or position in an array.
    value : float
        The number; NaN where the column held nothing, of whatever kind.
    novelty : float
        Surprise of another value, in nats.
    tolerance : float
        Relative to the number, or to one if that is greater.
    exponent : float
        Power with which a change below the tolerance grows.
    reading : Reading or None
        How texts are read; None where the training rows held numbers.
    """

    name: Any
    value: float
    novelty: float
    tolerance: float = _TOLERANCE
    exponent: float = _EXPONENT
    reading: Reading | None = None

    kind: ClassVar[str] = "constant"

    @classmethod
    def fit(
        cls, values: Any, name: Any, weights: np.ndarray, options: ColumnOptions
    ) -> ConstantColumn:
        """Take the one value that all rows have; see `Column.fit`."""
        distinct = np.unique(as_float(values, name))
        if len(distinct) > 1:
            raise ColumnError(
                f"Column {name!r} holds {len(distinct)} different numbers, and "
                f"column_kinds says that it is constant. Name another kind."
            )
        return cls.of(name, float(distinct[0]), unseen_surprise(weights.sum()))

    @classmethod
    def of(cls, name: Any, value: float, novelty: float) -> ConstantColumn:
        """Return the column of a value, with the tolerance that its size asks for."""
        if value == 0 or math.isnan(value):
            return cls(name, value, novelty, tolerance=_TOLERANCE_OF_ZERO)
        # Changes of a number below one are relative to one, those of others to it.
        tolerance = _TOLERANCE * min(1.0, abs(value))
        return cls(name, value, novelty, max(tolerance, sys.float_info.min))

    @classmethod
    def canonical(cls, values: Any, name: Any) -> np.ndarray:
        """Return the numbers; see `Column.canonical`."""
        return as_float(values, name)

    def read(self, values: Any) -> Any:
        """Return values as numbers; see `Column.read`."""
        if math.isnan(self.value):
            return values
        return read_numbers(values, self.reading, self.name)

    @property
    def from_text(self) -> bool:
        """Whether the training rows held texts, whose marks a file must keep."""
        return self.reading is not None

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
        # A power below the tolerance, logarithmic above, so that farther is always
        # more abnormal.
        relative = np.minimum(1.0, change / self.tolerance)
        novelty = self.novelty * relative**self.exponent
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

    def describe(self) -> str:
        """Return the kind and the value."""
        return f"constant  {self.value:.6g}"

    def facts(self) -> ColumnFacts:
        """Return the value; see `Column.facts`."""
        if math.isnan(self.value):
            return ColumnFacts("nothing", 1.0)
        read_as, notes = described_reading(self.reading)
        text = f"always {show_number(self.value)}"
        return ColumnFacts(text, read_as=read_as, notes=notes)

    def check(self) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        super().check()
        if math.isinf(self.value):
            raise ValueError(f"column {self.name!r} has an infinite value")
        if not (0 < self.tolerance < math.inf and 0 < self.exponent < math.inf):
            raise ValueError(f"column {self.name!r} has no positive tolerance")
