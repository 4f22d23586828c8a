"""Saving estimators: their state beside the model, as plain JSON and arrays."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Literal

import numpy as np

from . import __version__
from .architectures import ARCHITECTURES, Architecture
from .images import IMAGE_ARCHITECTURES
from .notices import warn
from .scoring.archive import ESTIMATORS, write_model
from .scoring.archive.classes import model_classes
from .scoring.archive.serialization import to_plain
from .scoring.privacy import private_model
from .thresholds import THRESHOLDS, Threshold

# Parameters that may hold objects which are of no use without the process they came
# from: stored as None, unless they are an integer.
_TRAINING_ONLY = frozenset({"callbacks", "random_state"})

# What a private file says of its threshold where parts of the score were left out.
_MOVED = (
    "The threshold was moved when training rows were left out of the file: it flags as "
    "many of them as before, and promises nothing."
)


@dataclass(frozen=True)
class EstimatorState:
    """What makes an estimator around its scorer and its threshold.

    Parameters
    ----------
    params : dict
        Constructor parameters.
    architecture : Architecture
        The fitted attribute ``architecture_``.
    history : dict of str to list of float
        ``history_``.
    n_iter : int
        ``n_iter_``.
    threshold : Threshold or None
        ``threshold_``: the rule that set the threshold.
    threshold_summary : str
        What the rule said of it.
    transform_output : {"default", "pandas", "polars"} or None
        What ``set_output`` was told, if it was.
    """

    params: dict[str, Any]
    architecture: Architecture
    history: dict[str, list[float]]
    n_iter: int
    threshold: Threshold | None = None
    threshold_summary: str = ""
    transform_output: Literal["default", "pandas", "polars"] | None = None


class UnavailableClass(Architecture, Threshold):
    """Stands for an object of a user's class that `load` was not given.

    The model scores; to train it again, or to set its threshold again, the class is
    needed.

    Parameters
    ----------
    class_name : str
    params : dict
        What the object's ``get_params`` gave.
    """

    def __init__(self, *, class_name, params):
        self.class_name = class_name
        self.params = params

    def build(self, spec):
        """Raise an error that tells how to get the class."""
        raise self._error()

    def offset(self, scores, weights):
        """Raise an error that tells how to get the class."""
        raise self._error()

    def _error(self) -> ValueError:
        return ValueError(
            f"The model was saved with {self.class_name}, a class that aeanomaly does "
            f"not define. Import it and load the model with "
            f"aeanomaly.load(path, classes=[{self.class_name}])."
        )


def state_classes() -> dict[str, type]:
    """Return the closed table of classes that an estimator's state may hold."""
    return {cls.__name__: cls for cls in _iter_state_classes()}


def _iter_state_classes() -> Iterator[type]:
    yield from (EstimatorState, UnavailableClass, *IMAGE_ARCHITECTURES)
    yield from (*ARCHITECTURES.values(), *THRESHOLDS.values())
    # Parameters may name kinds of column and parts of the score by their class.
    yield from model_classes().values()


def _portable(params: dict[str, Any]) -> dict[str, Any]:
    """Return parameters without objects of this process; say which are left out."""
    left_out = [
        name
        for name in sorted(_TRAINING_ONLY & params.keys())
        if not isinstance(params[name], Integral | None)
    ]
    if left_out:
        objects = " and ".join(f"{name}={params[name]!r}" for name in left_out)
        warn(
            f"The model file does not hold {objects}: objects of this process, which "
            f"scoring does not need. The loaded model has None in their place.",
            UserWarning,
        )
    return params | dict.fromkeys(left_out)


def save_estimator(
    estimator: Any, path: str | os.PathLike[str], private: bool = False
) -> None:
    """Write a fitted estimator to a model file; see ``BaseAutoencoder.save``."""
    class_name = type(estimator).__name__
    if class_name not in ESTIMATORS:
        raise TypeError(
            f"A model file holds one of {sorted(ESTIMATORS)}. Got {class_name} "
            f"instead: save an object of those classes, or use pickle."
        )
    params = _portable(estimator.get_params(deep=False))
    rule = getattr(estimator, "threshold_", None)
    output = getattr(estimator, "_sklearn_output_config", {}).get("transform")
    summary = getattr(rule, "summary_", "")
    has_score = ESTIMATORS[class_name]
    model = estimator.model_
    reduction = estimator.scorer_.reduction if has_score else None
    usual = estimator.scorer_.usual if has_score else None
    offset = estimator.offset_ if has_score else None
    calibration = getattr(estimator, "calibration_", None)
    if private:
        model, reduction, offset, same_scores = private_model(model, reduction, offset)
        # What is usual are values of rows; p-values are those of the whole score.
        usual, calibration = None, calibration if same_scores else None
        summary = summary if same_scores else _MOVED
    state = EstimatorState(
        params,
        estimator.architecture_,
        estimator.history_,
        estimator.n_iter_,
        rule,
        summary,
        output,
    )
    arrays: dict[str, np.ndarray] = {}
    plain = to_plain(state, arrays, state_classes(), "state")
    write_model(
        path,
        estimator=class_name,
        model=model,
        reduction=reduction,
        usual=usual,
        offset=offset,
        calibration=calibration,
        version=__version__,
        state=plain,
        state_arrays=arrays,
    )
