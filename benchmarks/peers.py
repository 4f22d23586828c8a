"""The same network in aeanomaly, Keras, PyOD and scikit-learn."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import warnings
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

HIDDEN = (64, 32)
LATENT = 8


def installed(*modules: str) -> bool:
    return all(importlib.util.find_spec(name) is not None for name in modules)


def ours(kind: str = "detector", **parameters: Any) -> Any:
    """Return our estimator with the network that the peers have."""
    from aeanomaly import AutoencoderOutlierDetector, AutoencoderTransformer

    plain = {
        "architecture": "undercomplete",
        "hidden_layer_sizes": HIDDEN,
        "latent_dim": LATENT,
        "activation": "relu",
        "learning_rate": "constant",
        "learning_rate_init": 1e-3,
        "alpha": 0.0,
        "validation_fraction": 0.0,
        "scaling": "standard",
        "random_state": 0,
    }
    if kind == "detector":
        plain |= {"score_type": "reconstruction", "n_estimators": 1, "trim_fraction": 0}
        return AutoencoderOutlierDetector(**plain | parameters)
    return AutoencoderTransformer(**plain | parameters)


def forget_programs() -> None:
    """Empty the cache of compiled programs: the next fit is a first one."""
    from aeanomaly.training import programs

    programs._programs.clear()


def keras_autoencoder(n_columns: int, latent_dim: int = LATENT) -> Any:
    import keras

    widths = (*HIDDEN, latent_dim, *HIDDEN[::-1])
    layers = [keras.layers.Dense(width, activation="relu") for width in widths]
    model = keras.Sequential(
        [keras.Input((n_columns,)), *layers, keras.layers.Dense(n_columns)]
    )
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mse")
    return model


def fit_keras(Z: np.ndarray, batch_size: int, n_epochs: int) -> Any:
    model = keras_autoencoder(Z.shape[1])
    model.fit(Z, Z, batch_size=batch_size, epochs=n_epochs, verbose=0)
    return model


class KerasTransformer(BaseEstimator):
    """What a user would write to search a latent size of a Keras autoencoder."""

    def __init__(self, latent_dim=2, batch_size=256, max_iter=20):
        self.latent_dim = latent_dim
        self.batch_size = batch_size
        self.max_iter = max_iter

    def fit(self, X, y=None):
        """Build and fit a new model."""
        self.model_ = keras_autoencoder(X.shape[1], self.latent_dim)
        self.model_.fit(
            X, X, batch_size=self.batch_size, epochs=self.max_iter, verbose=0
        )
        return self

    def score(self, X, y=None):
        """Return minus the mean squared error."""
        residual = X - self.model_.predict(X, batch_size=4_096, verbose=0)
        return -float(np.mean(residual**2))


def pyod_autoencoder(n_epochs: int, batch_size: int = 256) -> Any | None:
    """Return PyOD's autoencoder with the same network, or None if it is missing."""
    if not installed("pyod", "torch"):
        return None
    import torch
    from pyod.models.auto_encoder import AutoEncoder

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    return AutoEncoder(
        epoch_num=n_epochs,
        batch_size=batch_size,
        hidden_neuron_list=[*HIDDEN, LATENT],
        batch_norm=False,
        dropout_rate=0.0,
        verbose=0,
    )


def fit_quietly(model: Any, *data: np.ndarray) -> Any:
    """Fit a peer without its warnings and progress bars; return it."""
    quiet = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stderr(quiet):
        warnings.simplefilter("ignore")
        model.fit(*data)
    return model


def mlp_regressor(n_epochs: int, batch_size: int = 256) -> Any:
    from sklearn.neural_network import MLPRegressor

    return MLPRegressor(
        hidden_layer_sizes=(*HIDDEN, LATENT, *HIDDEN[::-1]),
        batch_size=batch_size,
        max_iter=n_epochs,
        n_iter_no_change=n_epochs,
        alpha=0.0,
    )
