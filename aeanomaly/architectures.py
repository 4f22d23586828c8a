"""Which network: the architectures, each a small estimator that only configures.

An architecture says how encoder and decoder are built (`build`) and what a training
step makes of a batch (`training_pass`). To add one, subclass `Architecture`, write
either, and pass an object of it as ``architecture``; training, scoring, saving and grid
search need nothing else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar

from sklearn.base import BaseEstimator, clone
from sklearn.utils._param_validation import Interval, StrOptions

from .scoring.activations import ACTIVATIONS
from .scoring.network import Network

__all__ = [
    "Architecture",
    "Contractive",
    "Denoising",
    "Linear",
    "NetworkSpec",
    "Sparse",
    "Undercomplete",
    "Variational",
    "resolve_architecture",
]


@dataclass(frozen=True)
class NetworkSpec:
    """The shape of a network, as the estimator's parameters resolve it.

    Parameters
    ----------
    n_encoded : int
        Number of encoded columns: inputs of the encoder, outputs of the decoder.
    latent_dim : int
        Size of the code.
    hidden_layer_sizes : tuple of int
        Widths of the encoder's hidden layers; the decoder mirrors them.
    activation : str
        Of the hidden layers.
    dropout : float
        Share of each hidden layer's outputs that training sets to zero.
    batch_normalization : bool
        Whether each hidden layer is normalised.
    """

    n_encoded: int
    latent_dim: int
    hidden_layer_sizes: tuple[int, ...]
    activation: str = "relu"
    dropout: float = 0.0
    batch_normalization: bool = False


class Architecture(BaseEstimator):
    """Base of the architectures: a plain autoencoder of dense layers.

    Attributes
    ----------
    tunable : tuple of str
        Class attribute: names of the numeric parameters that do not shape the graph.
        Two fits that differ only in them share one compiled program: `build` must
        depend on the other parameters only, and `training_pass` must take these from
        its ``settings``.
    """

    tunable: ClassVar[tuple[str, ...]] = ()
    _parameter_constraints: ClassVar[dict] = {}

    def build(self, spec: NetworkSpec) -> tuple[Any, Any]:
        """Build the encoder and the decoder.

        Parameters
        ----------
        spec : NetworkSpec

        Returns
        -------
        encoder, decoder : keras.Model
            From ``spec.n_encoded`` columns to codes, and back to as many. The codes
            that score and transform are as many of the encoder's first outputs as
            the decoder takes. The decoder puts out logits: the output activation of
            numbers and the softmax of categories follow outside.
        """
        widths, code = spec.hidden_layer_sizes, spec.latent_dim
        return (
            dense_stack(spec, spec.n_encoded, widths, code, self._code_activation),
            dense_stack(spec, code, widths[::-1], spec.n_encoded),
        )

    def auto_latent_dim(self, n_rows: int, n_encoded: int) -> int:
        """Return the size of the code that ``latent_dim="auto"`` means.

        The square root of the number of encoded columns, rounded up, but at least two
        where there are three columns or more. The number of rows is not used.
        """
        if n_encoded < 3:
            return 1
        return max(2, math.ceil(math.sqrt(n_encoded)))

    def auto_hidden_layer_sizes(self, n_rows: int, n_encoded: int) -> tuple[int, ...]:
        """Return the widths that ``hidden_layer_sizes="auto"`` means.

        Two layers. The first is as wide as the power of two that reaches twice the
        number of encoded columns, within 16 and 128, and not wider than a quarter of
        the number of rows (but at least 16); the second half as wide.
        """
        reach = 2 ** math.ceil(math.log2(2 * n_encoded))
        rows = 2 ** math.floor(math.log2(max(1, n_rows / 4)))
        width = max(16, min(128, reach, rows))
        return width, width // 2

    @property
    def _code_activation(self) -> str:
        return getattr(self, "code_activation", "linear")

    def settings(self) -> dict[str, float]:
        """Return the values that `training_pass` gets as tensors, by name."""
        return {name: float(getattr(self, name)) for name in self.tunable}

    def training_pass(
        self, network: Any, X: Any, settings: dict[str, Any], seed: Any
    ) -> tuple[Any, Any, Any]:
        """Run one batch of every member.

        Parameters
        ----------
        network : MemberNetwork
            With the functions ``encode`` and ``decode``.
        X : Tensor of shape (n_members, batch_size, n_encoded)
        settings : dict of str to scalar Tensor
            What `settings` returned.
        seed : Tensor of shape (2,), int32
            For stateless random operations; new in every step.

        Returns
        -------
        logits : Tensor of the shape of X
        row_weights : Tensor that broadcasts to (n_members, batch_size)
            Factor of each row's reconstruction loss.
        penalty : Tensor that broadcasts to (n_members, batch_size)
            Added to each row's loss.
        """
        return network.decode(network.encode(X)), 1.0, 0.0

    def freeze(self, network: Network) -> Network:
        """Return the network that scores, from the one that was trained."""
        return network


def dense_stack(
    spec: NetworkSpec,
    n_inputs: int,
    widths: tuple[int, ...],
    n_outputs: int,
    output_activation: str = "linear",
) -> Any:
    """Return a `keras.Sequential` of hidden layers and an output layer."""
    import keras

    layers: list[Any] = [keras.Input((n_inputs,))]
    for width in widths:
        if spec.batch_normalization:
            layers.append(keras.layers.Dense(width))
            layers.append(keras.layers.BatchNormalization())
            layers.append(keras.layers.Activation(spec.activation))
        else:
            layers.append(keras.layers.Dense(width, activation=spec.activation))
        if spec.dropout:
            layers.append(keras.layers.Dropout(spec.dropout))
    layers.append(keras.layers.Dense(n_outputs, activation=output_activation))
    return keras.Sequential(layers)


_CODE_ACTIVATION = {"code_activation": [StrOptions(set(ACTIVATIONS))]}


class Undercomplete(Architecture):
    """Autoencoder whose code is narrower than the table.

    Parameters
    ----------
    code_activation : str, default="linear"
        Activation of the code.

    References
    ----------
    G. E. Hinton and R. R. Salakhutdinov, "Reducing the Dimensionality of Data with
    Neural Networks", *Science* 313, 2006.

    Examples
    --------
    >>> from aeanomaly import AutoencoderTransformer, Undercomplete
    >>> transformer = AutoencoderTransformer(architecture=Undercomplete())
    >>> transformer.set_params(architecture__code_activation="relu").architecture
    Undercomplete(code_activation='relu')
    """

    _parameter_constraints: ClassVar[dict] = _CODE_ACTIVATION

    def __init__(self, *, code_activation="linear"):
        self.code_activation = code_activation


class Linear(Architecture):
    """Autoencoder without activations, which spans the subspace of PCA.

    With squared error and without weight decay (``alpha=0``) its optimum is the
    principal subspace of the encoded table. `hidden_layer_sizes` is not used.

    References
    ----------
    P. Baldi and K. Hornik, "Neural Networks and Principal Component Analysis",
    *Neural Networks* 2, 1989.

    Examples
    --------
    >>> from aeanomaly import Linear
    >>> Linear()
    Linear()
    """

    def build(self, spec):
        """Build one linear layer on either side; see `Architecture.build`."""
        return (
            dense_stack(spec, spec.n_encoded, (), spec.latent_dim),
            dense_stack(spec, spec.latent_dim, (), spec.n_encoded),
        )


class Sparse(Architecture):
    """Autoencoder that pays for active codes.

    Parameters
    ----------
    penalty : {"l1", "kl"}, default="l1"
        "l1" adds the sum of the code's absolute values; "kl" the divergence of each
        unit's mean activation in the batch from `target`, with a sigmoid code.
    weight : float, default=1e-3
        Factor of the penalty, in loss units.
    target : float, default=0.05
        Mean activation that "kl" aims at.

    References
    ----------
    A. Ng, "Sparse Autoencoder", CS294A lecture notes, Stanford, 2011.

    Examples
    --------
    >>> from aeanomaly import Sparse
    >>> Sparse(penalty="kl").target
    0.05
    """

    tunable: ClassVar[tuple[str, ...]] = ("weight", "target")
    _parameter_constraints: ClassVar[dict] = {
        "penalty": [StrOptions({"l1", "kl"})],
        "weight": [Interval(Real, 0, None, closed="left")],
        "target": [Interval(Real, 0, 1, closed="neither")],
    }

    def __init__(self, *, penalty="l1", weight=1e-3, target=0.05):
        self.penalty = penalty
        self.weight = weight
        self.target = target

    @property
    def _code_activation(self) -> str:
        return "sigmoid" if self.penalty == "kl" else "linear"

    def training_pass(self, network, X, settings, seed):
        """Reconstruct, and penalise the code; see `Architecture.training_pass`."""
        import tensorflow as tf

        codes = network.encode(X)
        if self.penalty == "l1":
            penalty = tf.reduce_sum(tf.abs(codes), axis=-1)
        else:
            penalty = _bernoulli_divergence(
                settings["target"], tf.reduce_mean(codes, axis=1)
            )[:, None]
        return network.decode(codes), 1.0, settings["weight"] * penalty


def _bernoulli_divergence(target: Any, activity: Any) -> Any:
    """Return the sum over units of KL(target || mean activity)."""
    import tensorflow as tf

    activity = tf.clip_by_value(activity, 1e-6, 1 - 1e-6)
    return tf.reduce_sum(
        target * tf.math.log(target / activity)
        + (1 - target) * tf.math.log((1 - target) / (1 - activity)),
        axis=-1,
    )


class Denoising(Architecture):
    """Autoencoder that restores rows from corrupted ones.

    Parameters
    ----------
    noise : {"gaussian", "masking", "swap"}, default="gaussian"
        "gaussian" adds normal noise of standard deviation `noise_level` to the
        encoded columns; "masking" sets this share of cells to zero, the centre of
        their column; "swap" replaces this share of cells by the same column's value
        in another row of the batch.
    noise_level : float, default=0.1
        In standard deviations of an encoded column, or a share of the cells.

    References
    ----------
    P. Vincent et al., "Stacked Denoising Autoencoders", *Journal of Machine Learning
    Research* 11, 2010. Swap noise: J. Yoon et al., "VIME", NeurIPS 2020.

    Examples
    --------
    >>> from aeanomaly import Denoising
    >>> Denoising(noise="swap", noise_level=0.2)
    Denoising(noise='swap', noise_level=0.2)
    """

    tunable: ClassVar[tuple[str, ...]] = ("noise_level",)
    _parameter_constraints: ClassVar[dict] = {
        "noise": [StrOptions({"gaussian", "masking", "swap"})],
        "noise_level": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(self, *, noise="gaussian", noise_level=0.1):
        self.noise = noise
        self.noise_level = noise_level

    def training_pass(self, network, X, settings, seed):
        """Reconstruct X from a corrupted X; see `Architecture.training_pass`."""
        noisy = self._corrupt(X, settings["noise_level"], seed)
        return network.decode(network.encode(noisy)), 1.0, 0.0

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


class Contractive(Architecture):
    """Autoencoder whose code changes little when a row does.

    The penalty is the squared Frobenius norm of the encoder's Jacobian. It is
    estimated without bias from one random projection a row and step (Hutchinson,
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

    tunable: ClassVar[tuple[str, ...]] = ("weight",)
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

    tunable: ClassVar[tuple[str, ...]] = ("beta",)
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


_BY_NAME = {
    "undercomplete": Undercomplete,
    "linear": Linear,
    "sparse": Sparse,
    "denoising": Denoising,
    "contractive": Contractive,
    "variational": Variational,
}
ARCHITECTURE_NAMES = tuple(_BY_NAME)


def resolve_architecture(architecture: str | Architecture) -> Architecture:
    """Return a validated copy of an architecture, or a new one from its name.

    Parameters
    ----------
    architecture : Architecture or str
        An object, or one of "undercomplete", "linear", "sparse", "denoising",
        "contractive" and "variational".

    Returns
    -------
    Architecture

    Raises
    ------
    InvalidParameterError
        If one of its parameters is out of range.
    """
    if isinstance(architecture, str):
        return _BY_NAME[architecture]()
    architecture = clone(architecture)
    architecture._validate_params()
    return architecture
