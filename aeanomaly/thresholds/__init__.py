"""Where to cut: the threshold rules, each in a file of its own and listed here once."""

from __future__ import annotations

from sklearn.base import clone

from ..registry import Registry
from .base import Threshold
from .quantile import QuantileThreshold
from .share import ShareThreshold

THRESHOLDS = Registry("threshold", [QuantileThreshold, ShareThreshold])

__all__ = [
    "THRESHOLDS",
    "QuantileThreshold",
    "ShareThreshold",
    "Threshold",
    "resolve_threshold",
]


def resolve_threshold(threshold: str | Threshold) -> Threshold:
    """Return a validated copy of a threshold rule, or a new one from its name.

    Parameters
    ----------
    threshold : Threshold or str
        An object, or a name in `THRESHOLDS`.

    Returns
    -------
    Threshold

    Raises
    ------
    InvalidParameterError
        If one of its parameters is out of range.
    """
    if isinstance(threshold, str):
        return THRESHOLDS[threshold]()
    resolved: Threshold = clone(threshold)
    resolved._validate_params()
    return resolved
