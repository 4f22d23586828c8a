"""The autoencoder whose code changes little."""

from __future__ import annotations

from numbers import Real
from typing import ClassVar

from sklearn.utils._param_validation import Interval

from .base import Architecture


class Contractive(Architecture):
    """Autoencoder whose code changes little when a row does.

    The penalty is the squared Frobenius norm of the encoder's Jacobian. It is
    estimated without bias from one random projection per row and step (Hutchinson,
    1989), which costs one more pass whatever the size of the code.

    Parameters
    ----------
    weight : float, default=1e-2
        Factor of the penalty, in loss units.

    References
    ----------
    S. Rifai et al., "Contractive Auto-Encoders", ICML 2011.

    Examples
    --------
    >>> from aeanomaly import Contractive
    >>> Contractive(weight=0.1)
    Contractive(weight=0.1)
    """

    name: ClassVar[str] = "contractive"
    tunable: ClassVar[tuple[str, ...]] = ("weight",)
    compiles_with_xla = True
    _parameter_constraints: ClassVar[dict] = {
        "weight": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(self, *, weight=1e-2):
        self.weight = weight

    def training_pass(self, network, X, settings, seed):
        """Reconstruct, and penalise the Jacobian; see `Architecture.training_pass`."""
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(X)
            codes = network.encode(X)
            direction = tf.random.stateless_normal(tf.shape(codes), seed)
            projection = tf.reduce_sum(codes * direction)
        gradient = tape.gradient(projection, X)
        penalty = tf.reduce_sum(tf.square(gradient), axis=-1)
        return network.decode(codes), 1.0, settings["weight"] * penalty
