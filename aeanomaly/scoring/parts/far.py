"""A scale on which a group of far rows says how far it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from .tails import TailScale, far_surprise, quantile_of

# Share of the training rows beyond which the distance is looked at.
_SHARE = 0.05
# Nats for each factor that the excess grows by: a tail of power one half, heavier than
# that of most tables.
_RATE = 2.0
# Nats by which the distance must say more than the ranks before it is believed.
_TRUST = 1.5
# Nats, at most, that the distance adds to the ranks; none where fewer rows lie beyond
# the share than these, which do not show a tail.
_MOST = 1.5
_LEAST_ROWS = 20


@dataclass(frozen=True)
class FarScale(TailScale):
    """Ranks among the training rows, or more where a row lies far beyond most of them.

    Three anomalies in a hundred training rows that are alike are each as rare as three
    in a hundred, though they may lie far from all others. Beyond the 95 % quantile a
    row's surprise is at least that of a heavy tail at its distance, in units of
    the spread; it exceeds the surprise by ranks by 1.5 nats at most.

    Parameters
    ----------
    values, surprises, spread
        See `TailScale`.
    far_from : float
        Statistic beyond which distance counts.
    far_surprise : float
        Surprise of the heavy tail there, in nats.
    far_rate : float
        Nats that it gains for each factor by which the excess grows.
    far_most : float
        Nats, at most, that distance adds.
    """

    far_from: float
    far_surprise: float
    far_rate: float
    far_most: float

    @classmethod
    def fit(
        cls,
        statistics: np.ndarray,
        weights: np.ndarray,
        resolution: float = 0.0,
        discount: float = 0.0,
    ) -> FarScale:
        """Return the scale of statistics of training rows; see `TailScale.fit`."""
        ranks = TailScale.fit(statistics, weights, resolution, discount)
        return cls(
            ranks.values,
            ranks.surprises,
            ranks.spread,
            far_from=quantile_of(statistics, weights, 1 - _SHARE),
            far_surprise=-np.log(_SHARE) - _TRUST - discount,
            far_rate=_RATE,
            far_most=_MOST if weights.sum() * _SHARE >= _LEAST_ROWS else 0.0,
        )

    def times(self, factor: float) -> Self:
        """Return the scale on which each nat counts for more than one, or for less."""
        return replace(
            super().times(factor),
            far_surprise=factor * self.far_surprise,
            far_rate=factor * self.far_rate,
            far_most=factor * self.far_most,
        )

    def __call__(self, statistics: np.ndarray) -> np.ndarray:
        """Return the tail surprise of statistics, in nats, never negative."""
        surprise = super().__call__(statistics)
        far = statistics > self.far_from
        if far.any():
            excess = (statistics[far] - self.far_from) / self.spread
            by_distance = self.far_surprise + self.far_rate * far_surprise(excess)
            surprise[far] += np.clip(by_distance - surprise[far], 0.0, self.far_most)
        return surprise

    def check(self) -> None:
        """Raise a `ValueError` unless surprise grows with the statistic."""
        super().check()
        numbers = (self.far_from, self.far_surprise, self.far_rate, self.far_most)
        if not np.isfinite(numbers).all() or min(self.far_rate, self.far_most) < 0:
            raise ValueError("a scale has a tail that does not ascend")
