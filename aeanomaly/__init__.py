"""Anomaly detection in tables with Keras autoencoders as scikit-learn estimators."""

from __future__ import annotations

import importlib
from typing import Any

from .dependencies import in_words

__version__ = "0.1.0"

# Public names and their modules. They are imported on first use, so that the command
# line and the scoring of a saved model start without scikit-learn and TensorFlow.
_MODULES = {
    "Architecture": "architectures",
    "AutoencoderOutlierDetector": "detector",
    "AutoencoderTransformer": "transformer",
    "BudgetThreshold": "thresholds",
    "Column": "scoring.encoding.columns",
    "Contractive": "architectures",
    "CostThreshold": "thresholds",
    "Denoising": "architectures",
    "DeviationThreshold": "thresholds",
    "EstimatedShareThreshold": "thresholds",
    "FBetaThreshold": "thresholds",
    "Linear": "architectures",
    "NetworkSpec": "architectures",
    "NumericColumn": "scoring.encoding.columns",
    "PartRows": "scoring.parts",
    "PrecisionThreshold": "thresholds",
    "QuantileThreshold": "thresholds",
    "RecallThreshold": "thresholds",
    "ScorePart": "scoring.parts",
    "ShareThreshold": "thresholds",
    "Sparse": "architectures",
    "TailThreshold": "thresholds",
    "Threshold": "thresholds",
    "Undercomplete": "architectures",
    "Variational": "architectures",
    "choose_latent_dim": "latent_size",
    "compare": "versions",
    "load": "loading",
}

__all__ = ["__version__", *sorted(_MODULES)]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = importlib.import_module(f"{__name__}.{_MODULES[name]}")
    except ImportError as error:
        raise in_words(error, f"{__name__}.{name}") from error
    value = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
