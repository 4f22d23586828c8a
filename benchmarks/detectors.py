"""Detectors by name, ours and others: what one would call without tuning anything.

A detector has ``fit(X)`` and ``score_samples(X)``; low scores are abnormal.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from peers import fit_quietly, installed
from sklearn.base import BaseEstimator

ARCHITECTURES = (
    "denoising",
    "undercomplete",
    "sparse",
    "contractive",
    "variational",
    "linear",
)
# The neighbour that PyOD looks at by default.
_N_NEIGHBORS = 5


class KNN(BaseEstimator):
    """Distance to the fifth nearest training row."""

    def fit(self, X, y=None):
        """Index the training rows."""
        from sklearn.neighbors import NearestNeighbors

        self.index_ = NearestNeighbors(n_neighbors=_N_NEIGHBORS).fit(X)
        return self

    def score_samples(self, X):
        """Return minus the distance of each row."""
        return -self.index_.kneighbors(X)[0][:, -1]


class PyOD(BaseEstimator):
    """A detector of PyOD, with scores the other way round."""

    def __init__(self, detector):
        self.detector = detector

    def fit(self, X, y=None):
        """Fit it without its progress bars."""
        fit_quietly(self.detector, X)
        return self

    def score_samples(self, X):
        """Return minus its decision function."""
        return -np.asarray(self.detector.decision_function(X), dtype=np.float64)


def _ours(**parameters: Any) -> Callable[[int], Any]:
    def make(random_state: int) -> Any:
        from aeanomaly import AutoencoderOutlierDetector

        return AutoencoderOutlierDetector(random_state=random_state, **parameters)

    return make


def _isolation_forest(random_state: int) -> Any:
    from sklearn.ensemble import IsolationForest

    return IsolationForest(random_state=random_state)


def _robust_covariance(random_state: int) -> Any:
    from sklearn.covariance import EllipticEnvelope

    return EllipticEnvelope(random_state=random_state)


def _local_outlier_factor(random_state: int) -> Any:
    from sklearn.neighbors import LocalOutlierFactor

    return LocalOutlierFactor(novelty=True)


def _pyod(module: str, name: str, **parameters: Any) -> Callable[[int], Any]:
    def make(random_state: int) -> Any:
        import importlib

        detector = getattr(importlib.import_module(f"pyod.models.{module}"), name)
        if "random_state" in detector().get_params():
            parameters["random_state"] = random_state
        return PyOD(detector(**parameters))

    return make


def _pyod_autoencoder(n_epochs: int) -> Callable[[int], Any]:
    def make(random_state: int) -> Any:
        import torch
        from pyod.models.auto_encoder import AutoEncoder

        if threads := os.environ.get("OMP_NUM_THREADS"):
            torch.set_num_threads(int(threads))
        return PyOD(
            AutoEncoder(epoch_num=n_epochs, random_state=random_state, verbose=0)
        )

    return make


_ALWAYS: dict[str, Callable[[int], Any]] = {
    "aeanomaly": _ours(),
    "aeanomaly-reconstruction": _ours(score_type="reconstruction"),
    "iforest": _isolation_forest,
    "lof": _local_outlier_factor,
    "mcd": _robust_covariance,
    "knn": lambda random_state: KNN(),
}
for _name in ARCHITECTURES:
    for _score_type in ("hybrid", "reconstruction"):
        _ALWAYS[f"{_name}-{_score_type}"] = _ours(
            architecture=_name, score_type=_score_type
        )
_WITH_PYOD: dict[str, Callable[[int], Any]] = {
    "pyod-ecod": _pyod("ecod", "ECOD"),
    "pyod-iforest": _pyod("iforest", "IForest"),
    "pyod-knn": _pyod("knn", "KNN"),
    "pyod-pca": _pyod("pca", "PCA"),
}
_WITH_TORCH: dict[str, Callable[[int], Any]] = {
    "pyod-autoencoder": _pyod_autoencoder(10),
    "pyod-autoencoder-2-epochs": _pyod_autoencoder(2),
}
DETECTORS = _ALWAYS | _WITH_PYOD | _WITH_TORCH


def available(names: list[str]) -> list[str]:
    """Return the names whose libraries are installed, and say which are not."""
    missing = set()
    if not installed("pyod"):
        missing |= {*_WITH_PYOD, *_WITH_TORCH}
    elif not installed("torch"):
        missing |= {*_WITH_TORCH}
    if skipped := [name for name in names if name in missing]:
        sys.stderr.write(f"Skipped, not installed: {', '.join(skipped)}.\n")
    return [name for name in names if name not in missing]


def reads_tables(name: str) -> bool:
    """Return whether a detector reads columns of any kind: ours do."""
    return name.split("-")[0] in {"aeanomaly", *ARCHITECTURES}


def make_detector(name: str, random_state: int) -> Any:
    """Return a new detector.

    Parameters
    ----------
    name : str
        A key of `DETECTORS`.
    random_state : int
        For those that draw random numbers.
    """
    return DETECTORS[name](random_state)
