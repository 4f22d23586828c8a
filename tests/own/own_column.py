"""A kind of column outside the package: times of day such as "14:05", a cycle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from aeanomaly import Column

_DAY_MINUTES = 1_440


def minutes(values):
    """Return texts such as "14:05" as minutes since midnight."""
    hours, rest = zip(*(str(value).split(":") for value in values), strict=True)
    return 60.0 * np.array(hours, dtype=float) + np.array(rest, dtype=float)


@dataclass(frozen=True)
class MinuteColumn(Column):
    """A column of times of day, as sine and cosine."""

    name: Any
    novelty: float

    kind: ClassVar[str] = "minutes"
    n_linear: ClassVar[int] = 2
    centers: ClassVar[tuple] = (0.0, 0.0)
    scales: ClassVar[tuple] = (0.7, 0.7)
    storage: ClassVar[str] = "text"

    @classmethod
    def canonical(cls, values, name):
        return minutes(values)

    @classmethod
    def fit(cls, values, name, weights, options):
        minutes(values)
        return cls(name, 0.0)

    def linear(self, values, out):
        angle = minutes(values) * (2 * np.pi / _DAY_MINUTES)
        out[:, 0], out[:, 1] = np.sin(angle), np.cos(angle)

    def restore(self, linear, probabilities):
        turn = np.arctan2(linear[:, 0], linear[:, 1]) / (2 * np.pi) % 1.0
        clock = np.round(turn * _DAY_MINUTES).astype(int) % _DAY_MINUTES
        return np.array([f"{m // 60:02d}:{m % 60:02d}" for m in clock], dtype=object)

    def describe(self):
        return "minutes   sine and cosine of the time of day"
