"""A histogram with bins of equal ratio: it shows values in other units as well."""

from __future__ import annotations

import math

import numpy as np

# Each bin is a twentieth wide: medians are known to 2.5 %.
_RATIO = 1.05
_LEAST, _GREATEST = 1e-12, 1e15
_STEP = math.log(_RATIO)
_FIRST, _LAST = (round(math.log(end) / _STEP) for end in (_LEAST, _GREATEST))
_N_SIDE = _LAST - _FIRST + 1
# Negative numbers from far to near, zero, positive ones from near to far.
N_BINS, ZERO = 2 * _N_SIDE + 1, _N_SIDE


class LogHistogram:
    """Counts of numbers of any size.

    Attributes
    ----------
    counts : ndarray of shape (n_bins,), int
        In ascending order of the values.

    Examples
    --------
    >>> import numpy as np
    >>> histogram = LogHistogram()
    >>> histogram.add(np.array([-2.0, 0.0, 1.0, 1000.0, 1000.0]))
    >>> round(histogram.quantile(0.5)), round(histogram.quantile(1.0), -2)
    (1, 1000.0)
    """

    def __init__(self) -> None:
        self.counts = np.zeros(N_BINS, dtype=np.int64)

    def add(self, numbers: np.ndarray) -> None:
        """Count numbers, all finite."""
        self.counts += np.bincount(_places(numbers), minlength=N_BINS)

    def merge(self, other: LogHistogram) -> None:
        """Count what another histogram counted."""
        self.counts += other.counts

    @property
    def shares(self) -> np.ndarray:
        """Share of the numbers in each bin."""
        return np.asarray(self.counts / max(1, self.counts.sum()))

    def quantile(self, share: float) -> float:
        """Return the middle of the bin of a quantile."""
        reached = np.cumsum(self.counts) / self.counts.sum()
        return middle_of(int(np.searchsorted(reached, share - 1e-12)))


def log_bins(numbers: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weight of numbers in each bin of a `LogHistogram`."""
    return np.bincount(_places(numbers), weights, minlength=N_BINS)


def middle_of(place: int) -> float:
    """Return the number in the middle of a bin."""
    if place == ZERO:
        return 0.0
    steps = abs(place - ZERO) - 1 + _FIRST
    return math.copysign(math.exp(steps * _STEP), place - ZERO)


def _places(numbers: np.ndarray) -> np.ndarray:
    sizes = np.abs(numbers)
    # Edges are in the middle between powers: round numbers lie within a bin.
    steps = np.rint(np.log(np.clip(sizes, _LEAST, _GREATEST)) / _STEP).astype(np.intp)
    steps = np.clip(steps, _FIRST, _LAST) - _FIRST + 1
    return np.where(sizes < _LEAST, ZERO, ZERO + np.sign(numbers).astype(int) * steps)
