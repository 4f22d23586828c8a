"""Far values, compressed logarithmically beyond a knee, and back."""

from __future__ import annotations

import numpy as np

_GREATEST = float(np.finfo(np.float64).max)
# Squares of greater numbers overflow in float32.
_FARTHEST = 1e18


def squash(Z: np.ndarray, knee: float) -> None:
    """Compress what lies beyond a knee logarithmically, in place."""
    if not Z.size or max(Z.max(), -Z.min()) <= knee:
        return
    far = np.abs(Z) > knee
    values = Z[far]
    excess = np.abs(values) - knee
    Z[far] = np.copysign(knee + np.log1p(excess), values)


def unsquash(Z: np.ndarray, knee: float) -> None:
    """Undo `squash`, in place."""
    far = np.abs(Z) > knee
    values = Z[far]
    # Beyond exp(30) a value has no meaning left; the bound keeps it finite.
    excess = np.expm1(np.minimum(np.abs(values) - knee, 30.0))
    Z[far] = np.copysign(knee + excess, values)


def bound(Z: np.ndarray) -> None:
    """Bound values that are not squashed, in place."""
    np.clip(Z, -_FARTHEST, _FARTHEST, out=Z)


def unscale(Z: np.ndarray, scale: np.ndarray, center: np.ndarray) -> None:
    """Undo the scaling, in place; what no float holds becomes the greatest."""
    with np.errstate(over="ignore"):
        Z *= scale
        Z += center
    np.clip(Z, -_GREATEST, _GREATEST, out=Z)
