"""Where to cut: the threshold rules, each in a file of its own and listed here once."""

from __future__ import annotations

from sklearn.base import clone

from ..registry import Registry
from .base import Threshold
from .budget import BudgetThreshold
from .cost import CostThreshold
from .deviation import DeviationThreshold
from .estimated_share import EstimatedShareThreshold
from .f_beta import FBetaThreshold
from .precision import PrecisionThreshold
from .quantile import QuantileThreshold
from .recall import RecallThreshold
from .share import ShareThreshold
from .tail import TailThreshold

THRESHOLDS = Registry(
    "threshold",
    [
        QuantileThreshold,
        ShareThreshold,
        BudgetThreshold,
        CostThreshold,
        PrecisionThreshold,
        RecallThreshold,
        FBetaThreshold,
        TailThreshold,
        DeviationThreshold,
        EstimatedShareThreshold,
    ],
)

__all__ = [
    "THRESHOLDS",
    "BudgetThreshold",
    "CostThreshold",
    "DeviationThreshold",
    "EstimatedShareThreshold",
    "FBetaThreshold",
    "PrecisionThreshold",
    "QuantileThreshold",
    "RecallThreshold",
    "ShareThreshold",
    "TailThreshold",
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
