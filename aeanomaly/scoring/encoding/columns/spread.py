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
    center = np.average(clipped, weights=weights)
    scale = math.sqrt(np.average((clipped - center) ** 2, weights=weights))
    if not math.isfinite(scale) or scale == 0.0:
        # Squares of the largest and smallest numbers overflow or vanish.
        scale = float(np.abs(clipped - center).max())
    return float(center), float(scale)
