"""What an architecture is, and the dense layers that most are built of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator

from ..scoring.encoding.columns import Column, ColumnOptions
from ..scoring.encoding.table import TableEncoding
from ..scoring.networks.dense import Network


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
        Activation of the hidden layers.
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
    compiles_with_xla : bool
        Class attribute: whether XLA can compile `training_pass`, and runs it faster.
        Long fits of dense layers are then compiled with it. Subclasses inherit it,
        but one with a `training_pass` of its own must state it, or it is False. True
        is right for plain arithmetic. XLA does not know every TensorFlow operation,
        and it is slow where noise is drawn, because it draws random numbers again
        for each of their uses.
    """

    tunable: ClassVar[tuple[str, ...]] = ()
    compiles_with_xla: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # What was said of one training pass says nothing of another: XLA may not know
        # its operations, and would fail in the middle of a fit.
        names = {"training_pass", "compiles_with_xla"}
        nearest = next(c for c in cls.__mro__ if names & vars(c).keys())
        if "compiles_with_xla" not in vars(nearest):
            cls.compiles_with_xla = False

    def build(self, spec: NetworkSpec) -> tuple[Any, Any]:
        """Build the encoder and the decoder.

        Parameters
        ----------
        spec : NetworkSpec

        Returns
        -------
        encoder, decoder : keras.Model
            From ``spec.n_encoded`` columns to codes, and back to as many columns. Only
            the encoder's first outputs are codes, as many as the decoder takes. The
            decoder puts out logits: the output activation of numbers and the softmax
            of categories are applied outside.
        """
        widths, code = spec.hidden_layer_sizes, spec.latent_dim
        return (
            dense_stack(spec, spec.n_encoded, widths, code, self._code_activation),
            dense_stack(spec, code, widths[::-1], spec.n_encoded),
        )

    def as_table(self, X: Any) -> Any:
        """Return X as a table, for architectures that take more than tables."""
        return X

    def for_samples(self, sample_shape: tuple[int, ...]) -> Architecture:
        """Return the architecture with what it learns from X filled in.

        Parameters
        ----------
        sample_shape : tuple of int
            Shape of one entry of X as it was given to `fit`.
        """
        return self

    def fit_encoding(
        self,
        table: Any,
        weights: np.ndarray,
        options: ColumnOptions,
        *,
        kinds: Sequence[type[Column]],
        sample_shape: tuple[int, ...],
    ) -> TableEncoding | None:
        """Return an encoding of the architecture's own, or None for that of tables.

        Parameters
        ----------
        table, weights, options, kinds
            As in `aeanomaly.fitting.encoding.fit_encoding`.
        sample_shape : tuple of int
            Shape of one entry of X, as `fit` was given it.
        """
        return None

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
