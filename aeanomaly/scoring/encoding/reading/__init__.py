"""Texts and objects as numbers and times: one rule for a column, kept in the model."""

from .base import Reading, Values, is_typed, plain_values
from .numbers import NumberReading
from .scaled import ScaledNumberReading
from .times import ClockReading, DurationReading, TimeReading

READINGS = (
    NumberReading,
    ScaledNumberReading,
    TimeReading,
    ClockReading,
    DurationReading,
)

__all__ = [
    "READINGS",
    "ClockReading",
    "DurationReading",
    "NumberReading",
    "Reading",
    "ScaledNumberReading",
    "TimeReading",
    "Values",
    "is_typed",
    "plain_values",
]
