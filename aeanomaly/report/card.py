"""The model card: what the model is, what it was fitted on, and its limits."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np

from .. import __version__
from ..printable import printable
from ..scoring.kept_rows import kept_rows

_LIMITS = (
    "A low score says that a row is rare, not that it is wrong: somebody must look.",
    "Rows are compared with the training rows; what was frequent there is ordinary, "
    "right or wrong.",
    "The promise of the threshold holds for new normal rows like those that calibrated "
    "it; where columns have drifted, calibrate again or fit again.",
    "Reasons say which columns make up the score, not what caused a value.",
)


def model_card(detector: Any, path: str | None) -> dict[str, Any]:
    """Return what the model is, as plain data.

    Parameters
    ----------
    detector : AutoencoderOutlierDetector
        Fitted.
    path : str or None
        Its model file, if there is one.
    """
    scorer = detector.scorer_
    usual = [u for u in scorer.usual or () if u is not None]
    kept, calibration = kept_rows(scorer), detector.calibration_
    network = scorer.model.network
    changed = _changed_parameters(detector)
    return {
        "model_file": path,
        "estimator": type(detector).__name__,
        "training_rows": int(max((u.n_rows for u in usual), default=0)) or None,
        "columns": scorer.encoding.n_judged,
        "encoded_columns": scorer.encoding.n_encoded,
        "architecture": printable(repr(detector.architecture_)),
        "networks": int(network.n_members),
        "latent_dim": int(network.latent_dim),
        "parts_of_the_score": _parts(scorer.reduction),
        "kept_training_rows": 0 if kept is None else len(kept),
        "calibration_scores": None if calibration is None else int(calibration.n_rows),
        "threshold": float(detector.offset_),
        "promise": _promise(detector),
        "random_state": printable(repr(detector.random_state)),
        "parameters": changed,
        "epochs": int(detector.n_iter_),
        "history": {
            name: [round(float(value), 6) for value in values]
            for name, values in detector.history_.items()
        },
        "versions": {
            "aeanomaly": __version__,
            "NumPy": np.__version__,
            "Python": platform.python_version(),
        },
        "limits": list(_LIMITS),
        "reproduce": _reproduce(detector, changed),
    }


def _promise(detector: Any) -> str:
    rule = getattr(detector, "threshold_", None)
    return printable(getattr(rule, "summary_", "") or "", 600)


def _parts(reduction: Any) -> list[str]:
    parts = getattr(reduction, "parts", None)
    if parts is None:
        return ["reconstruction"]
    return [str(scaled.part.name) for scaled in parts]


def _changed_parameters(detector: Any) -> dict[str, str]:
    """Return the parameters that are not those by default."""
    default = type(detector)().get_params(deep=False)
    return {
        name: printable(repr(value))
        for name, value in detector.get_params(deep=False).items()
        if repr(value) != repr(default.get(name))
    }


def _reproduce(detector: Any, changed: dict[str, str]) -> str:
    given = ", ".join(f"{name}={value}" for name, value in changed.items())
    return f"{type(detector).__name__}({given}).fit(training_rows)"
