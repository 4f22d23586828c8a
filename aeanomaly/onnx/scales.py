"""Scales as graphs: from a statistic to its surprise, and from a score to a p-value."""

from __future__ import annotations

import numpy as np

from ..scoring.calibration import Calibration, lowered
from ..scoring.parts import FarScale, TailScale
from ..scoring.parts.protocol_1 import InterpolatedScale
from .graph import Value, log1p, maximum, n_edges_up_to, where
from .registry import Converters

SCALES = Converters("scale", "SCALES")


def _excess(scale: TailScale, statistic: Value, start: float) -> Value:
    return maximum(statistic - start, 0.0) / scale.spread


def _from_flat(excess: Value) -> Value:
    """Return the logarithm of one plus an excess that begins slowly."""
    return log1p(excess * excess / (excess + 1.0))


def _within(scale: TailScale, statistic: Value) -> tuple[Value, Value, Value]:
    """Return the surprise of the knot below, the rise to the next, and how far it is.

    How far goes from 0 to 1.
    """
    values = np.asarray(scale.values, dtype=np.float64)
    surprises = np.asarray(scale.surprises, dtype=np.float64)
    low = np.arange(max(1, len(values) - 1))
    high = np.minimum(low + 1, len(values) - 1)
    width = np.where(high > low, values[high] - values[low], 1.0)
    place = n_edges_up_to(statistic, values) - np.int64(1)
    place = place.graph.node("Clip", place, np.int64(0), np.int64(low[-1]))
    start, unit, surprise, rise = (
        place.graph.constant(table).rows_at(place)
        for table in (
            values[low],
            width,
            surprises[low],
            surprises[high] - surprises[low],
        )
    )
    return surprise, rise, ((statistic - start) / unit).clip(0.0, 1.0)


@SCALES.register(TailScale)
def write_tail(scale: TailScale, statistic: Value) -> Value:
    """Write cubics between knots, and the logarithm beyond the last."""
    surprise, rise, x = _within(scale, statistic)
    beyond = _from_flat(_excess(scale, statistic, float(scale.values[-1])))
    return surprise + rise * x * x * (3.0 - x * 2.0) + beyond


@SCALES.register(FarScale)
def write_far(scale: FarScale, statistic: Value) -> Value:
    """Write a scale by ranks, or by distance where that says more."""
    by_rank = write_tail(scale, statistic)
    excess = _excess(scale, statistic, scale.far_from)
    by_distance = _from_flat(excess) * scale.far_rate + scale.far_surprise
    more = (by_distance - by_rank).clip(0.0, scale.far_most)
    return by_rank + where(excess <= 0.0, 0.0, more)


@SCALES.register(InterpolatedScale)
def write_interpolated(scale: InterpolatedScale, statistic: Value) -> Value:
    """Write the scale of files of protocol 1."""
    surprise, rise, x = _within(scale, statistic)
    return surprise + rise * x + log1p(_excess(scale, statistic, scale.values[-1]))


def write_p_values(calibration: Calibration, score: Value) -> Value:
    """Return the share of calibration scores that are not higher, (n, 1)."""
    ends = np.concatenate([[0.0], np.cumsum(calibration.weights)])
    p_values = (1.0 + ends) / (calibration.n_rows + 1.0)
    place = n_edges_up_to(score, lowered(calibration.scores))
    return score.graph.constant(p_values).rows_at(place)


def write_labels(score: Value, offset: float) -> Value:
    """Return -1 for outliers, and for rows without a score, and 1 for inliers."""
    return where(score - offset >= 0.0, np.int64(1), np.int64(-1))
