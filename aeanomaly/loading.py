"""Saving estimators to model files, and loading them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Literal

import numpy as np

from . import __version__, architectures, images, thresholds
from .architectures import Architecture
from .scoring.archive import (
    ESTIMATORS,
    MAX_BYTES,
    SavedModel,
    read_model,
    translated_errors,
    write_model,
)
from .scoring.archive.serialization import from_plain, to_plain
from .thresholds import Threshold

# Parameters that may hold objects which are of no use without the process they came
# from: stored as None, unless they are an integer.
_TRAINING_ONLY = frozenset({"callbacks", "random_state"})


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
    transform_output : {"default", "pandas", "polars"} or None
        What ``set_output`` was told, if it was.
    """

    params: dict[str, Any]
    architecture: Architecture
    history: dict[str, list[float]]
    n_iter: int
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


def _known_classes() -> dict[str, type]:
    """Return the closed table of classes that an estimator's state may hold."""
    public = (
        getattr(module, name)
        for module in (architectures, images, thresholds)
        for name in module.__all__
    )
    configuring = (Architecture, Threshold)
    table = {
        cls.__name__: cls
        for cls in public
        if isinstance(cls, type) and issubclass(cls, configuring)
    }
    return table | {cls.__name__: cls for cls in (EstimatorState, UnavailableClass)}


def save_estimator(estimator: Any, path: str | os.PathLike[str]) -> None:
    """Write a fitted estimator to a model file; see ``BaseAutoencoder.save``."""
    class_name = type(estimator).__name__
    if class_name not in ESTIMATORS:
        raise TypeError(
            f"A model file holds one of {sorted(ESTIMATORS)}. Got {class_name} "
            f"instead: save an object of those classes, or use pickle."
        )
    params = estimator.get_params(deep=False)
    for name in _TRAINING_ONLY & params.keys():
        if not isinstance(params[name], Integral):
            params[name] = None
    output = getattr(estimator, "_sklearn_output_config", {}).get("transform")
    state = EstimatorState(
        params,
        estimator.architecture_,
        estimator.history_,
        estimator.n_iter_,
        output,
    )
    arrays: dict[str, np.ndarray] = {}
    plain = to_plain(state, arrays, _known_classes(), "state")
    write_model(
        path,
        estimator=class_name,
        scorer=estimator.scorer_,
        offset=estimator.offset_ if ESTIMATORS[class_name] else None,
        version=__version__,
        state=plain,
        state_arrays=arrays,
    )


def load(
    path: str | os.PathLike[str],
    *,
    classes: Iterable[type] = (),
    max_bytes: int = MAX_BYTES,
) -> Any:
    """Load an estimator from a model file that ``save`` wrote.

    Nothing in the file is imported or executed, so a file from anyone may be loaded.
    Neither loading nor scoring needs TensorFlow, unless the network has layers that
    are not dense.

    Parameters
    ----------
    path : str or path-like
    classes : iterable of type, default=()
        Architectures and thresholds of your own that the model may have been saved
        with; they are looked up by name. A model whose class is not among them still
        loads and scores; only `fit` and `fit_threshold` then raise an error.
    max_bytes : int, default=2147483648
        Size beyond which a file is refused.

    Returns
    -------
    AutoencoderOutlierDetector or AutoencoderTransformer
        Fitted, with the parameters and attributes of the saved one. A `random_state`
        that was no integer is None.

    Raises
    ------
    ArchiveError
        If the file is no model, was changed or truncated, is too large, or was
        written by a newer aeanomaly; each has a subclass of its own in
        `aeanomaly.exceptions`.
    OSError
        If there is no such file, or it cannot be read.

    Examples
    --------
    >>> import os, tempfile
    >>> import aeanomaly
    >>> path = os.path.join(tempfile.mkdtemp(), "model.aea")
    >>> X = [[0.0, 1.0], [1.0, 2.0], [2.0, 3.0], [3.0, 4.0]]
    >>> detector = aeanomaly.AutoencoderOutlierDetector(max_iter=2, random_state=0)
    >>> detector.fit(X).save(path)
    >>> bool((aeanomaly.load(path).predict(X) == detector.predict(X)).all())
    True
    """
    own = {cls.__name__: cls for cls in classes}

    def stand_in(class_name: str, params: dict[str, Any]) -> Any:
        if class_name in own:
            return own[class_name](**params)
        return UnavailableClass(class_name=class_name, params=params)

    model = read_model(path, max_bytes=max_bytes)
    known = _known_classes() | {UnavailableClass.__name__: stand_in}
    with translated_errors(path):
        plain = model.manifest["state"]
        state = from_plain(plain, model.arrays, known, stand_in)
        if not isinstance(state, EstimatorState):
            raise ValueError("the manifest describes no estimator")
        return _estimator(model, state)


def _estimator(model: SavedModel, state: EstimatorState) -> Any:
    estimator = _estimator_class(model.estimator)(**state.params)
    encoding = model.scorer.encoding
    estimator.n_features_in_ = len(encoding.columns)
    # As scikit-learn does: only names that are all strings are recorded.
    if encoding.named and all(isinstance(name, str) for name in encoding.names):
        estimator.feature_names_in_ = np.array(encoding.names, dtype=object)
    estimator.architecture_ = state.architecture
    estimator.history_ = state.history
    estimator.n_iter_ = state.n_iter
    estimator.scorer_ = model.scorer
    if model.offset is not None:
        estimator.offset_ = model.offset
    if state.transform_output is not None:
        estimator.set_output(transform=state.transform_output)
    return estimator


def _estimator_class(name: str) -> Any:
    from .detector import AutoencoderOutlierDetector
    from .transformer import AutoencoderTransformer

    classes = (AutoencoderOutlierDetector, AutoencoderTransformer)
    return {cls.__name__: cls for cls in classes}[name]
