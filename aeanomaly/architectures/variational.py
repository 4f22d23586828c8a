"""The variational autoencoder."""

from __future__ import annotations

from numbers import Real
from typing import ClassVar

from sklearn.utils._param_validation import Interval

from .base import Architecture, dense_stack


class Variational(Architecture):
    """Variational autoencoder with a Gaussian code.

    Scores and codes are those of the posterior mean, hence deterministic.

    Parameters
    ----------
    beta : float, default=1.0
        Weight of the divergence of the posterior from the standard normal
        distribution, relative to the negative log likelihood of the whole row.

    References
    ----------
    D. P. Kingma and M. Welling, "Auto-Encoding Variational Bayes", ICLR 2014.
    I. Higgins et al., "beta-VAE", ICLR 2017.

    Examples
    --------
    >>> from aeanomaly import Variational
    >>> Variational(beta=0.5)
    Variational(beta=0.5)
    """

    name: ClassVar[str] = "variational"
    tunable: ClassVar[tuple[str, ...]] = ("beta",)
    compiles_with_xla = False  # XLA gains nothing where noise is drawn.
    _parameter_constraints: ClassVar[dict] = {
        "beta": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(self, *, beta=1.0):
        self.beta = beta

    def build(self, spec):
        """Build with mean and log variance as code; see `Architecture.build`."""
        widths, code = spec.hidden_layer_sizes, spec.latent_dim
        return (
            dense_stack(spec, spec.n_encoded, widths, 2 * code),
            dense_stack(spec, code, widths[::-1], spec.n_encoded),
        )

    def training_pass(self, network, X, settings, seed):
        """Reconstruct from a drawn code; see `Architecture.training_pass`."""
        import tensorflow as tf

        mean, log_variance = tf.split(network.encode(X), 2, axis=-1)
        # exp overflows in float32 beyond 88; a bounded variance loses nothing.
        log_variance = tf.clip_by_value(log_variance, -20.0, 20.0)
        noise = tf.random.stateless_normal(tf.shape(mean), seed)
        codes = mean + tf.exp(0.5 * log_variance) * noise
        divergence = 0.5 * tf.reduce_sum(
            tf.square(mean) + tf.exp(log_variance) - 1.0 - log_variance, axis=-1
        )
        # The loss is a mean over columns: the divergence counts as one of the row.
        n_columns = tf.cast(tf.shape(X)[-1], tf.float32)
        return network.decode(codes), 1.0, settings["beta"] * divergence / n_columns
