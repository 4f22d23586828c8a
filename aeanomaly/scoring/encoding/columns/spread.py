"""Where the values of a column lie, and how far apart, despite a few wild ones."""

from __future__ import annotations

import math

import numpy as np

# Tails of a thousandth on either side, and at least the outermost row, are clipped
# before mean and deviation are taken: a few wild values must not flatten all others.
_TAIL = 0.001
_OUTERMOST_ROWS = 1.5
# Rows that estimate those tails: their order is that of a hash, hence random.
_TAIL_ROWS = 10_000


def typical_range(values: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Return where the tails begin, or the whole range if all variation is in them."""
    seen, weights_seen = values[:_TAIL_ROWS], weights[:_TAIL_ROWS]
    n_rows = max(len(seen), weights_seen.sum())
    tail = min(0.25, max(_TAIL, _OUTERMOST_ROWS / n_rows))
    low, high = np.quantile(
        seen, [tail, 1 - tail], weights=weights_seen, method="inverted_cdf"
    )
    if low == high:
        low, high = values.min(), values.max()
    return float(low), float(high)


def center_and_scale(
    values: np.ndarray, weights: np.ndarray, *, clip: bool
) -> tuple[float, float]:
    """Return mean and standard deviation, of values with clipped tails on request."""
    clipped = np.clip(values, *typical_range(values, weights)) if clip else values
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        center, scale = _moments(clipped, weights)
    if math.isfinite(scale) and scale > 0.0:
        return center, scale
    # Squares of the largest and smallest numbers overflow or vanish.
    unit = float(np.abs(clipped).max())
    center, scale = _moments(clipped / unit, weights)
    if scale == 0.0:
        scale = float(np.abs(clipped / unit - center).max())
    return center * unit, min(scale, 1.0) * unit


def _moments(values: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    center = np.average(values, weights=weights)
    return float(center), math.sqrt(np.average((values - center) ** 2, weights=weights))
