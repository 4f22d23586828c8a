"""The autoencoder that restores corrupted rows."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from ..scoring.networks.dense import DenseLayer, Network, fold_constant_inputs
from .base import Architecture, dense_stack

# Variance that no network can restore: it bounds the weight of the lowest levels.
_LEVEL_VARIANCE = 0.02


class Denoising(Architecture):
    """Autoencoder that restores rows from corrupted ones.

    Parameters
    ----------
    noise : {"conditioned", "gaussian", "masking", "swap"}, default="conditioned"
        "gaussian" adds normal noise of standard deviation `noise_level` to the
        encoded columns. "conditioned" does so with a level of its own for each row,
        drawn log-uniformly from `min_noise_level` to `noise_level`, and tells the
        network the level; scoring tells it `min_noise_level`. "masking" sets a share
        `noise_level` of the cells to zero, the centre of their column; "swap" replaces
        that share by the same column's value in another row of the batch.
    noise_level : float or "auto", default="auto"
        Standard deviation of the noise, in those of an encoded column, or share of
        the cells. "auto" is 3 for "conditioned", 0.1 for "gaussian" and 0.15 for the
        others.
    min_noise_level : float, default=0.05
        Lowest level of "conditioned" noise, in standard deviations.

    Notes
    -----
    With "conditioned" noise of level s the network sees ``(x + s e) / sqrt(1 + s^2)``
    and ``log(s) / 2``, the decoder the latter as well, and the squared error of a row
    counts by ``1 / (s^2 + 0.02)``. Code and layers may then be wide: it is the noise
    that keeps the network from copying its input.

    References
    ----------
    P. Vincent et al., "Stacked Denoising Autoencoders", *Journal of Machine Learning
    Research* 11, 2010. Conditioning on the level: T. Karras et al., "Elucidating the
    Design Space of Diffusion-Based Generative Models", NeurIPS 2022. Swap noise:
    J. Yoon et al., "VIME", NeurIPS 2020.

    Examples
    --------
    >>> from aeanomaly import Denoising
    >>> Denoising(noise="swap", noise_level=0.2)
    Denoising(noise='swap', noise_level=0.2)
    """

    name: ClassVar[str] = "denoising"
    tunable: ClassVar[tuple[str, ...]] = ("noise_level", "min_noise_level")
    # XLA takes six times as long with conditioned noise, and saves nothing with others.
    compiles_with_xla = False
    _parameter_constraints: ClassVar[dict] = {
        "noise": [StrOptions({"conditioned", "gaussian", "masking", "swap"})],
        "noise_level": [Interval(Real, 0, None, closed="left"), StrOptions({"auto"})],
        "min_noise_level": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self, *, noise="conditioned", noise_level="auto", min_noise_level=0.05
    ):
        self.noise = noise
        self.noise_level = noise_level
        self.min_noise_level = min_noise_level

    def auto_latent_dim(self, n_rows, n_encoded):
        """Return as many codes as columns, from 2 to 32, with "conditioned" noise."""
        if self.noise != "conditioned":
            return super().auto_latent_dim(n_rows, n_encoded)
        return max(2, min(32, n_encoded))

    def auto_hidden_layer_sizes(self, n_rows, n_encoded):
        """Return one layer of 128, whatever the table, with "conditioned" noise."""
        if self.noise != "conditioned":
            return super().auto_hidden_layer_sizes(n_rows, n_encoded)
        return (128,)

    def build(self, spec):
        """Build, with inputs for the noise level; see `Architecture.build`."""
        if self.noise != "conditioned":
            return super().build(spec)
        widths, code = spec.hidden_layer_sizes, spec.latent_dim
        return (
            dense_stack(spec, spec.n_encoded + 1, widths, code),
            dense_stack(spec, code + 1, widths[::-1], spec.n_encoded),
        )

    def settings(self):
        """Return the noise levels that the parameters mean."""
        level = self.noise_level
        if level == "auto":
            level = {"conditioned": 3.0, "gaussian": 0.1}.get(self.noise, 0.15)
        return {
            "noise_level": float(level),
            "min_noise_level": float(self.min_noise_level),
        }

    def training_pass(self, network, X, settings, seed):
        """Reconstruct X from a corrupted X; see `Architecture.training_pass`."""
        if self.noise == "conditioned":
            return self._conditioned_pass(network, X, settings, seed)
        noisy = self._corrupt(X, settings["noise_level"], seed)
        return network.decode(network.encode(noisy)), 1.0, 0.0

    def _conditioned_pass(self, network, X, settings, seed):
        import tensorflow as tf

        low, high = (
            tf.math.log(tf.maximum(settings[name], 1e-6))
            for name in ("min_noise_level", "noise_level")
        )
        position = tf.random.stateless_uniform([*tf.unstack(tf.shape(X))[:2], 1], seed)
        log_level = low + (high - low) * position
        level = tf.exp(log_level)
        noise = tf.random.stateless_normal(tf.shape(X), seed + 1)
        noisy = (X + level * noise) / tf.sqrt(1.0 + tf.square(level))
        told = log_level / 2.0
        codes = network.encode(tf.concat([noisy, told], axis=-1))
        logits = network.decode(tf.concat([codes, told], axis=-1))
        row_weights = 1.0 / (tf.square(level[..., 0]) + _LEVEL_VARIANCE)
        return logits, row_weights, 0.0

    def freeze(self, network):
        """Fold the noise level that scoring tells the network into its biases."""
        if self.noise != "conditioned":
            return network
        level = self.settings()["min_noise_level"]
        told = [math.log(level) / 2.0]
        first = fold_constant_inputs(network.encoder[0], told)
        shrink = np.float32(1.0 / math.sqrt(1.0 + level**2))
        first = DenseLayer(first.kernel * shrink, first.bias, first.activation)
        return Network(
            (first, *network.encoder[1:]),
            (fold_constant_inputs(network.decoder[0], told), *network.decoder[1:]),
        )

    def _corrupt(self, X: Any, level: Any, seed: Any) -> Any:
        import tensorflow as tf

        if self.noise == "gaussian":
            return X + level * tf.random.stateless_normal(tf.shape(X), seed)
        hit = tf.random.stateless_uniform(tf.shape(X), seed) < level
        if self.noise == "masking":
            return tf.where(hit, 0.0, X)
        # A shift by a random number of rows gives every cell another row's value.
        shift = tf.random.stateless_uniform(
            (), seed + 1, 1, tf.maximum(2, tf.shape(X)[1]), dtype=tf.int32
        )
        return tf.where(hit, tf.roll(X, shift, axis=1), X)
