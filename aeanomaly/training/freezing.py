"""From a trained Keras model to arrays, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..scoring.activations import ACTIVATIONS
from ..scoring.network import DenseLayer
from ..scoring.scorer import Scorer


def frozen_layers(
    model: Any, trainable: Sequence[np.ndarray], state: Sequence[np.ndarray]
) -> tuple[DenseLayer, ...] | None:
    """Return a Keras model as dense layers, or None if it is more than that.

    Batch normalisation is folded into the layer before it; what acts in training
    only is left out.

    Parameters
    ----------
    model : keras.Model
    trainable, state : sequence of ndarray of shape (n_members, ...)
        Values of the model's trainable and other variables.
    """
    import keras

    values = {
        id(variable): value
        for variables, given in (
            (model.trainable_variables, trainable),
            (model.non_trainable_variables, state),
        )
        for variable, value in zip(variables, given, strict=True)
    }
    frozen: list[DenseLayer] = []
    for layer in _chain(model):
        if isinstance(layer, keras.layers.Dense):
            frozen.append(_dense(layer, values))
        elif isinstance(layer, keras.layers.BatchNormalization):
            if not frozen or frozen[-1].activation != "linear":
                return None
            frozen[-1] = _fold_normalization(frozen[-1], layer, values)
        elif (name := _activation_name(layer)) is not None:
            if not frozen or frozen[-1].activation != "linear":
                return None
            frozen[-1] = DenseLayer(frozen[-1].kernel, frozen[-1].bias, name)
        elif not isinstance(layer, _training_only()):
            return None
        if frozen and frozen[-1].activation not in ACTIVATIONS:
            return None
    return tuple(frozen) or None


def _chain(model: Any) -> list[Any]:
    """Return the layers if they follow one another, else one layer: the model."""
    import keras

    layers = list(model.layers)
    if isinstance(model, keras.Sequential):
        return layers
    for before, layer in zip(layers, layers[1:], strict=False):
        if len(layer._inbound_nodes) != 1 or layer.input is not before.output:
            return [model]
    return layers


def _training_only() -> tuple[type, ...]:
    import keras

    names = ["InputLayer", "Dropout", "GaussianNoise", "GaussianDropout"]
    names += ["AlphaDropout", "ActivityRegularization"]
    return tuple(getattr(keras.layers, n) for n in names if hasattr(keras.layers, n))


def _dense(layer: Any, values: dict[int, np.ndarray]) -> DenseLayer:
    import keras

    kernel = np.asarray(values[id(layer.kernel)], dtype=np.float32)
    if layer.use_bias:
        bias = np.asarray(values[id(layer.bias)], dtype=np.float32)
    else:
        bias = np.zeros((len(kernel), kernel.shape[-1]), dtype=np.float32)
    name = keras.activations.serialize(layer.activation)
    # A name that NumPy does not know is kept for the caller to see.
    frozen = object.__new__(DenseLayer)
    for field, value in (("kernel", kernel), ("bias", bias), ("activation", name)):
        object.__setattr__(frozen, field, value)
    return frozen


def _activation_name(layer: Any) -> str | None:
    """Return the name of an activation layer that NumPy knows, or None."""
    import keras

    if isinstance(layer, keras.layers.Activation):
        name = keras.activations.serialize(layer.activation)
        return name if name in ACTIVATIONS else None
    if isinstance(layer, keras.layers.ReLU):
        plain = layer.max_value is None and not layer.negative_slope
        return "relu" if plain and not layer.threshold else None
    if isinstance(layer, keras.layers.LeakyReLU):
        return "leaky_relu" if abs(layer.negative_slope - 0.2) < 1e-7 else None
    if isinstance(layer, keras.layers.ELU):
        return "elu" if layer.alpha == 1.0 else None
    return None


def _fold_normalization(
    dense: DenseLayer, layer: Any, values: dict[int, np.ndarray]
) -> DenseLayer:
    def value(name: str, default: float) -> np.ndarray:
        variable = getattr(layer, name, None)
        if variable is None:
            return np.full_like(dense.bias, default)
        return np.asarray(values[id(variable)], dtype=np.float32)

    mean, variance = value("moving_mean", 0.0), value("moving_variance", 1.0)
    factor = value("gamma", 1.0) / np.sqrt(variance + np.float32(layer.epsilon))
    bias = (dense.bias - mean) * factor + value("beta", 0.0)
    return DenseLayer(dense.kernel * factor[:, None, :], bias)


def keras_model(scorer: Scorer) -> Any:
    """Return the network of a scorer as a Keras model.

    Members of an ensemble are averaged in the model's last layer.
    """
    import keras

    network = scorer.network
    inputs = keras.Input((network.n_inputs,), name="encoded")
    members = [_keras_member(scorer, m, inputs) for m in range(network.n_members)]
    outputs = members[0] if len(members) == 1 else keras.layers.Average()(members)
    return keras.Model(inputs, outputs, name="autoencoder")


def _keras_member(scorer: Scorer, member: int, inputs: Any) -> Any:
    import keras

    suffix = f"_{member}" if member else ""
    network = scorer.network
    H = inputs
    for part, layers in (("encoder", network.encoder), ("decoder", network.decoder)):
        for i, layer in enumerate(layers):
            is_code = part == "encoder" and i == len(layers) - 1
            name = "codes" if is_code else f"{part}_{i}"
            width = layer.bias.shape[1]
            dense = keras.layers.Dense(width, layer.activation, name=name + suffix)
            H = dense(H)
            dense.set_weights([layer.kernel[member], layer.bias[member]])
    return _keras_heads(scorer, H)


def _keras_heads(scorer: Scorer, logits: Any) -> Any:
    """Apply the output activation to numbers and a softmax to each category."""
    import keras

    encoding, heads = scorer.encoding, []
    if encoding.n_linear:
        activation = keras.layers.Activation(scorer.output_activation)
        heads.append(activation(logits[:, : encoding.n_linear]))
    for _, group in encoding.groups:
        heads.append(keras.layers.Softmax()(logits[:, group]))
    return heads[0] if len(heads) == 1 else keras.layers.Concatenate()(heads)
