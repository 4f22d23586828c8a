"""Loading estimators from model files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from .detector import AutoencoderOutlierDetector
from .saving import EstimatorState, UnavailableClass, state_classes
from .scoring.archive import MAX_BYTES, SavedModel, read_model, translated_errors
from .scoring.archive.serialization import from_plain
from .transformer import AutoencoderTransformer

_ESTIMATORS: dict[str, Any] = {
    cls.__name__: cls for cls in (AutoencoderOutlierDetector, AutoencoderTransformer)
}


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
        Classes of your own that the model may have been saved with, looked up by
        name: architectures, thresholds, parts of the score, kinds of column. Without
        its architecture or threshold a model loads and scores; only `fit` and
        `fit_threshold` then raise an error. Parts and kinds of column are needed to
        score: without them the file is refused.
    max_bytes : int, default=2147483648
        Size beyond which a file is refused.

    Returns
    -------
    AutoencoderOutlierDetector or AutoencoderTransformer
        Fitted, with the parameters and attributes of the saved one. A `random_state`
        that was not an integer is None.

    Raises
    ------
    ArchiveError
        If the file is not a model, was changed or truncated, is too large, or was
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

    model = read_model(path, classes=own.values(), max_bytes=max_bytes)
    known: dict[str, Any] = own | state_classes()
    known[UnavailableClass.__name__] = stand_in
    with translated_errors(path):
        plain = model.manifest["state"]
        state = from_plain(plain, model.arrays, known, stand_in)
        if not isinstance(state, EstimatorState):
            raise ValueError("the manifest does not describe an estimator")
        return _estimator(model, state)


def _estimator(model: SavedModel, state: EstimatorState) -> Any:
    estimator = _ESTIMATORS[model.estimator](**state.params)
    encoding = model.model.encoding
    estimator.n_features_in_ = len(encoding.columns)
    # As scikit-learn does: only names that are all strings are recorded.
    if encoding.named and all(isinstance(name, str) for name in encoding.names):
        estimator.feature_names_in_ = np.array(encoding.names, dtype=object)
    estimator.architecture_ = state.architecture
    estimator.history_ = state.history
    # Files do not say what trained them.
    estimator.n_iter_, estimator.device_ = state.n_iter, None
    estimator.model_ = model.model
    if model.scorer is not None:
        estimator.scorer_ = model.scorer
        estimator.offset_ = model.offset
        estimator.calibration_ = model.calibration
        if state.threshold is not None:
            estimator.threshold_ = state.threshold
            estimator.threshold_.summary_ = state.threshold_summary
    if state.transform_output is not None:
        estimator.set_output(transform=state.transform_output)
    return estimator
