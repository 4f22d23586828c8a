"""The classes that skops has to trust to load a fitted estimator."""

from __future__ import annotations

from ..detector import AutoencoderOutlierDetector
from ..saving import UnavailableClass, state_classes
from ..scoring.encoding.columns.hashed import HashedIndex
from ..scoring.encoding.columns.levels import LevelIndex
from ..scoring.networks.keras import KerasNetwork
from ..scoring.scorer import Scorer
from ..transformer import AutoencoderTransformer

# A configuration of layers is checked when the class is called, and when a model file
# is read, but not by skops, which does neither.
_UNSAFE = {KerasNetwork, UnavailableClass}


def skops_trusted_types() -> list[str]:
    """Return the names of the classes that a fitted estimator consists of.

    For ``skops_trusted_types`` of ``mlflow.sklearn.log_model``, and ``trusted`` of
    ``skops.io.load``. All are classes of arrays and numbers of this package, which do
    nothing when they are loaded. Networks that Keras runs are not among them: log
    these with `aeanomaly.mlflow.log_model`.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from aeanomaly.mlflow import skops_trusted_types
    >>> "aeanomaly.detector.AutoencoderOutlierDetector" in skops_trusted_types()
    True
    """
    estimators = (AutoencoderOutlierDetector, AutoencoderTransformer)
    classes = {*state_classes().values(), *estimators, Scorer, LevelIndex, HashedIndex}
    own = [cls for cls in classes - _UNSAFE if cls.__module__.startswith("aeanomaly.")]
    return sorted(f"{cls.__module__}.{cls.__qualname__}" for cls in own)
