"""Networks as graphs: layers, activations, and what the output layer means."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..scoring.encoding.table import TableEncoding
from ..scoring.networks.activations import (
    LEAKY_RELU_SLOPE,
    SELU_ALPHA,
    SELU_SCALE,
)
from ..scoring.networks.dense import DenseLayer, Network
from ..scoring.networks.keras import KerasNetwork
from .graph import Value, concatenated, function, maximum, minimum
from .registry import Converters

NETWORKS = Converters(
    "network",
    "NETWORKS",
    {
        KerasNetwork: (
            "It has layers that Keras runs, such as convolutions; only networks of "
            "dense layers can be written as ONNX. Fit with another architecture, or "
            "deploy the model file."
        )
    },
)


def _elu(H: Value) -> Value:
    return maximum(H, 0.0) + (function("Exp", minimum(H, 0.0)) - 1.0)


def _selu(H: Value) -> Value:
    negative = (function("Exp", minimum(H, 0.0)) - 1.0) * SELU_ALPHA
    return (maximum(H, 0.0) + negative) * SELU_SCALE


def _sigmoid(H: Value) -> Value:
    # In double precision runtimes have a faster hyperbolic tangent.
    return (function("Tanh", H * 0.5) + 1.0) * 0.5


ACTIVATIONS: dict[str, Callable[[Value], Value]] = {
    "linear": lambda H: H,
    "relu": lambda H: maximum(H, 0.0),
    "leaky_relu": lambda H: maximum(H, H * LEAKY_RELU_SLOPE),
    "elu": _elu,
    "selu": _selu,
    "silu": lambda H: H * _sigmoid(H),
    "tanh": lambda H: function("Tanh", H),
    "sigmoid": _sigmoid,
}


@NETWORKS.register(Network)
def write_network(network: Network, Z: Value) -> tuple[Value, Value]:
    """Return codes and logits of all members, (n_members, n, width) each."""
    codes = write_layers(network.encoder, Z)
    return codes, write_layers(network.decoder, codes)


def write_layers(layers: Sequence[DenseLayer], H: Value) -> Value:
    """Return the outputs of a chain of layers of all members."""
    for layer in layers:
        product = H @ layer.kernel
        H = ACTIVATIONS[layer.activation](product + layer.bias[:, None, :])
    return H


def write_activated(logits: Value, encoding: TableEncoding, activation: str) -> Value:
    """Return logits as values of linear columns and probabilities of levels."""
    parts = []
    if encoding.n_linear:
        linear = logits.columns(slice(0, encoding.n_linear))
        parts.append(ACTIVATIONS[activation](linear))
    for _, group in encoding.groups:
        levels = logits.columns(group)
        parts.append(levels.graph.node("Softmax", levels, axis=-1))
    return concatenated(parts)


def first_member(network: Network) -> Network:
    """Return the first autoencoder of an ensemble."""

    def first(layers: Sequence[DenseLayer]) -> tuple[DenseLayer, ...]:
        return tuple(
            DenseLayer(
                np.ascontiguousarray(one.kernel[:1]),
                np.ascontiguousarray(one.bias[:1]),
                one.activation,
            )
            for one in layers
        )

    return Network(first(network.encoder), first(network.decoder))
