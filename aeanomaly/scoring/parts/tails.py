"""The common scale of all parts: how small a share of the training rows goes as far."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np

# Least distance of two knots, in units of the spread.
_STEP = 0.05
# Least difference of the surprise, in nats, between the first rows of two knots.
_NATS = 0.05
_MIN_SPREAD = 1e-9
# Of the greatest statistic: smaller differences are rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class TailScale:
    """Minus the log share of training rows whose statistic is at least as great.

    Rises between knots, at least a twentieth of the spread apart, along cubics that are
    flat at every knot: how steep the scale is has a bound, and statistics that many
    rows share are knots, so that their last digits say next to nothing. Beyond the last
    knot the logarithm of one plus the excess is added, in units of the spread, also
    from a flat start: farther is always more abnormal.

    Parameters
    ----------
    values : ndarray of shape (n_knots,)
        Statistics of training rows as if unseen, ascending.
    surprises : ndarray of shape (n_knots,)
        Minus the log share, in nats, at each of them.
    spread : float
        Unit of the excess: the distance between median and 95 % quantile.
    """

    values: np.ndarray
    surprises: np.ndarray
    spread: float

    @classmethod
    def fit(
        cls,
        statistics: np.ndarray,
        weights: np.ndarray,
        resolution: float = 0.0,
        discount: float = 0.0,
    ) -> TailScale:
        """Return the scale of statistics of training rows.

        Parameters
        ----------
        statistics, weights : ndarray of shape (n_samples,)
            Weights count as copies.
        resolution : float
            Differences of the statistic that say nothing.
        discount : float
            Nats that are taken from every surprise, down to zero.
        """
        order = np.argsort(statistics, kind="stable")
        values, mass = statistics[order], weights[order]
        total = mass.sum()
        spread = max(_spread(values, mass), resolution, _MIN_SPREAD)
        before = np.cumsum(mass) - mass  # of all smaller ones
        rounding = _ROUNDING * np.abs(values).max()
        step = max(_STEP * spread, resolution, rounding)
        knots = _knots(values, before / (total + 1), step)
        own = np.diff(np.append(before[knots], total))
        # Rows of one knot share the middle of their ranks; one half keeps the last
        # above zero.
        share = (total - before[knots] - 0.5 * own + 0.5) / (total + 1)
        surprises = np.maximum(-np.log(share) - discount, 0.0)
        return cls(values[knots], surprises, spread)

    def times(self, factor: float) -> Self:
        """Return the scale on which each nat counts for more than one, or for less."""
        return replace(self, surprises=factor * self.surprises)

    def __call__(self, statistics: np.ndarray) -> np.ndarray:
        """Return the tail surprise of statistics, in nats, never negative."""
        inner, widths, rises = self._pieces
        # Of a single row, each step here costs as much as the arithmetic of a hundred.
        low = inner.searchsorted(statistics, side="right")
        x = np.maximum((statistics - self.values[low]) / widths[low], 0.0)
        x = np.minimum(x, 1.0)
        surprise = self.surprises[low] + rises[low] * x * x * (3.0 - 2.0 * x)
        beyond = statistics > self.values[-1]
        if beyond.any():
            surprise[beyond] += far_surprise(
                (statistics[beyond] - self.values[-1]) / self.spread
            )
        return np.asarray(surprise)

    @cached_property
    def _pieces(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Knots between pieces, width of each piece, and what the surprise gains."""
        if len(self.values) == 1:
            return np.empty(0), np.ones(1), np.zeros(1)
        return self.values[1:-1], np.diff(self.values), np.diff(self.surprises)

    def check(self) -> None:
        """Raise a `ValueError` unless surprise grows with the statistic."""
        values, surprises = self.values, self.surprises
        if len(values) == 0 or values.shape != surprises.shape:
            raise ValueError("a scale needs one surprise for each of its values")
        if not (np.isfinite(values).all() and np.isfinite(surprises).all()):
            raise ValueError("a scale has values or surprises that are not finite")
        if (np.diff(values) <= 0).any() or (np.diff(surprises) < 0).any():
            raise ValueError("a scale does not ascend")
        if surprises[0] < 0 or not 0 < self.spread < np.inf:
            raise ValueError("a scale has a negative surprise or no positive spread")


def far_surprise(excess: np.ndarray) -> np.ndarray:
    """Return what a distance in spreads, beyond where ranks end, adds in nats."""
    return np.asarray(np.log1p(excess * excess / (1.0 + excess)))


def _knots(values: np.ndarray, below: np.ndarray, step: float) -> np.ndarray:
    """Return positions of ascending values, apart in value and in surprise.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
    below : ndarray of shape (n_samples,)
        Share of the rows that are smaller, in [0, 1).
    step : float
        Least distance of two knots.
    """
    surprise, last = -np.log1p(-below), len(values) - 1
    knots = [0]
    while True:
        far = int(np.searchsorted(values, values[knots[-1]] + step))
        rare = int(np.searchsorted(surprise, surprise[knots[-1]] + _NATS))
        if (start := max(far, rare)) > last:
            return np.array(knots)
        # The first of equal ones.
        knots.append(max(far, int(np.searchsorted(values, values[start]))))


def _spread(values: np.ndarray, mass: np.ndarray) -> float:
    """Return the distance from the median to the 95 % quantile, or to a higher one."""
    median = _quantile(values, mass, 0.5)
    # Where that is rounding, since most rows have one statistic: the next that differs.
    rounding = min(1e-3, 1e-4 * max(abs(median), values[-1] - median))
    spreads = [_quantile(values, mass, q) - median for q in (0.95, 0.99, 1.0)]
    return next((spread for spread in spreads if spread > rounding), spreads[-1])


def quantile_of(statistics: np.ndarray, weights: np.ndarray, share: float) -> float:
    """Return a quantile of statistics that count as often as they weigh."""
    order = np.argsort(statistics, kind="stable")
    return _quantile(statistics[order], weights[order], share)


def _quantile(values: np.ndarray, mass: np.ndarray, share: float) -> float:
    """Return a quantile of ascending values."""
    ends = np.cumsum(mass) / mass.sum()
    return float(values[min(len(values) - 1, int(np.searchsorted(ends, share)))])
