"""From a trained Keras model to arrays, and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..scoring.model import Model
from ..scoring.networks.activations import ACTIVATIONS
from ..scoring.networks.dense import DenseLayer, Network, first_outputs
from ..scoring.networks.keras import KerasNetwork


class TrainedPart(NamedTuple):
    """A Keras model and the values that training gave its variables.

    Parameters
    ----------
    model : keras.Model
    values : dict of int to ndarray of shape (n_members, ...)
        By the variable's id.
    """

    model: Any
    values: dict[int, np.ndarray]


def freeze(program: Any) -> Network | KerasNetwork:
    """Return the network of a trained program as arrays.

    Layers that NumPy can run become a `Network`. If there are others in either part,
    both become a `KerasNetwork`.

    Parameters
    ----------
    program : TrainingProgram
    """
    encoder, decoder = _trained_parts(program)
    frozen = frozen_layers(*encoder), frozen_layers(*decoder)
    return _as_arrays(*frozen) or _for_keras(encoder, decoder, program.plan.n_members)


def _trained_parts(program: Any) -> Iterator[TrainedPart]:
    models = program.encoder.model, program.decoder.model
    trained = program.trained_values()
    for model, weights, state in zip(models, trained, program.state, strict=True):
        variables = *model.trainable_variables, *model.non_trainable_variables
        values = *weights, *(variable.numpy() for variable in state)
        yield TrainedPart(model, dict(zip(map(id, variables), values, strict=True)))


def _as_arrays(
    encoder: tuple[DenseLayer, ...] | None, decoder: tuple[DenseLayer, ...] | None
) -> Network | None:
    if encoder is None or decoder is None:
        return None
    # The encoder may put out more than codes, such as a variational one's variances.
    n_codes = decoder[0].kernel.shape[1]
    return Network((*encoder[:-1], first_outputs(encoder[-1], n_codes)), decoder)


def _for_keras(
    encoder: TrainedPart, decoder: TrainedPart, n_members: int
) -> KerasNetwork:
    return KerasNetwork(
        encoder.model.to_json(),
        decoder.model.to_json(),
        tuple(encoder.values[id(v)] for v in encoder.model.weights),
        tuple(decoder.values[id(v)] for v in decoder.model.weights),
        n_members,
        encoder.model.inputs[0].shape[-1],
        decoder.model.inputs[0].shape[-1],
    )


def frozen_layers(
    model: Any, values: dict[int, np.ndarray]
) -> tuple[DenseLayer, ...] | None:
    """Return a Keras model as dense layers, or None if it is more than that.

    Batch normalisation and rescaling are folded into a layer beside them; what acts
    in training only, or only gives a row another shape, is left out.

    Parameters
    ----------
    model : keras.Model
    values : dict of int to ndarray of shape (n_members, ...)
        Value of each of the model's variables, by the variable's id.
    """
    chain = _chain(model)
    if chain is None or len(model.outputs[0].shape) != 2:
        return None
    compiler = _Compiler(model.inputs[0].shape[-1], values)
    if not all(compiler.accepts(layer) for layer in chain):
        return None
    return compiler.finished()


def _chain(model: Any) -> list[Any] | None:
    """Return the layers of a model if they follow one another, else None."""
    import keras

    if type(model) is keras.Sequential:
        chain = []
        for layer in model.layers:
            part = _chain(layer) if isinstance(layer, keras.Model) else [layer]
            if part is None:
                return None
            chain += part
        return chain
    # A subclass may do anything with its layers when it is called.
    if type(model).__name__ != "Functional":
        return None
    layers = list(model.layers)
    for before, layer in zip(layers, layers[1:], strict=False):
        if len(layer._inbound_nodes) != 1 or layer.input is not before.output:
            return None
    return layers if model.output is layers[-1].output else None


class _Compiler:
    """Turns layer after layer of Keras into dense layers of arrays.

    Parameters
    ----------
    width : int
        Number of values of an input row, whatever shape layers give it.
    values : dict of int to ndarray of shape (n_members, ...)
    """

    def __init__(self, width: int, values: dict[int, np.ndarray]) -> None:
        self.width = width
        self.values = values
        self.layers: list[DenseLayer] = []
        # Factor and shift, of shape (n_members, width), that the next layer takes in.
        self.pending: tuple[np.ndarray, np.ndarray] | None = None

    def accepts(self, layer: Any) -> bool:
        """Add a layer if NumPy can run it; return whether it can."""
        import keras

        if _has_no_effect(layer):
            return True
        if isinstance(layer, keras.layers.Dense):
            return self._add_dense(layer)
        if isinstance(layer, keras.layers.BatchNormalization):
            return self._add_scaling(*self._normalization(layer))
        name = _activation_name(layer)
        if name is None or not self._ends_linear():
            return False
        self.layers[-1] = DenseLayer(self.layers[-1].kernel, self.layers[-1].bias, name)
        return True

    def finished(self) -> tuple[DenseLayer, ...] | None:
        """Return the layers; None where there are none or a scaling is left over."""
        return tuple(self.layers) if self.layers and self.pending is None else None

    def _ends_linear(self) -> bool:
        last = self.layers[-1] if self.layers else None
        return last is not None and last.activation == "linear" and not self.pending

    def _value(self, variable: Any, default: float) -> np.ndarray:
        if variable is None:
            return np.asarray(default, dtype=np.float32)
        return np.asarray(self.values[id(variable)], dtype=np.float32)

    def _add_dense(self, layer: Any) -> bool:
        name = _activation_name(layer)
        kernel = self._value(layer.kernel, 0.0)
        if name is None or kernel.shape[1] != self.width:
            return False
        bias = np.zeros((len(kernel), kernel.shape[2]), dtype=np.float32)
        bias += self._value(layer.bias, 0.0)
        if self.pending:
            factor, shift = self.pending
            bias += np.einsum("mi,mio->mo", shift, kernel)
            kernel, self.pending = kernel * factor[:, :, None], None
        self.layers.append(DenseLayer(kernel, bias, name))
        self.width = kernel.shape[2]
        return True

    def _normalization(self, layer: Any) -> tuple[np.ndarray, np.ndarray]:
        mean = self._value(layer.moving_mean, 0.0)
        variance = self._value(layer.moving_variance, 1.0)
        factor = self._value(layer.gamma, 1.0) / np.sqrt(
            variance + np.float32(layer.epsilon)
        )
        return factor, self._value(layer.beta, 0.0) - mean * factor

    def _add_scaling(self, factor: np.ndarray, shift: np.ndarray) -> bool:
        """Fold a scaling into the layer before, or keep it for the one after."""
        if factor.shape[-1] != self.width or self.pending:
            return False
        if self._ends_linear():
            last = self.layers.pop()
            kernel, bias = last.kernel * factor[:, None, :], last.bias * factor + shift
            self.layers.append(DenseLayer(kernel, bias))
        else:
            self.pending = factor, shift
        return True


def _has_no_effect(layer: Any) -> bool:
    """Return whether a layer keeps a row's values and their order when it scores."""
    import keras

    if isinstance(layer, keras.layers.Flatten | keras.layers.Reshape):
        return getattr(layer, "data_format", "channels_last") == "channels_last"
    names = ["InputLayer", "Dropout", "GaussianNoise", "GaussianDropout"]
    names += ["AlphaDropout", "ActivityRegularization"]
    return type(layer) in [getattr(keras.layers, name) for name in names]


def _activation_name(layer: Any) -> str | None:
    """Return the key in `ACTIVATIONS` of a layer's activation, or None."""
    import keras

    if isinstance(layer, keras.layers.Activation | keras.layers.Dense):
        name = keras.activations.serialize(layer.activation)
        # A user's own function is serialised as a dictionary.
        return name if isinstance(name, str) and name in ACTIVATIONS else None
    if isinstance(layer, keras.layers.ReLU):
        plain = layer.max_value is None and not layer.negative_slope
        return "relu" if plain and not layer.threshold else None
    if isinstance(layer, keras.layers.LeakyReLU):
        return "leaky_relu" if abs(layer.negative_slope - 0.2) < 1e-7 else None
    if isinstance(layer, keras.layers.ELU):
        return "elu" if layer.alpha == 1.0 else None
    return None


def keras_model(model: Model) -> Any:
    """Return a frozen model as a Keras model.

    Members of an ensemble are averaged in the model's last layer.
    """
    import keras

    network = model.network
    inputs = keras.Input((network.n_inputs,), name="encoded")
    members = [_keras_member(model, m, inputs) for m in range(network.n_members)]
    outputs = members[0] if len(members) == 1 else keras.layers.Average()(members)
    built = keras.Model(inputs, outputs, name="autoencoder")
    # Keras exports only what has been called.
    built(np.zeros((1, network.n_inputs), dtype=np.float32))
    return built


def _keras_member(frozen: Model, member: int, inputs: Any) -> Any:
    import keras

    network = frozen.network
    suffix = f"_{member}" if member else ""
    H = inputs
    for part in ("encoder", "decoder"):
        if isinstance(network, KerasNetwork):
            model = network.models(part)[member]
            model.name = part + suffix
            H = model(H)
        else:
            H = _keras_chain(part, getattr(network, part), member, suffix, H)
        if part == "encoder":
            codes = keras.layers.Activation("linear", name="codes" + suffix)
            H = codes(H[:, : network.latent_dim])
    return _keras_heads(frozen, H)


def _keras_chain(
    part: str, layers: Sequence[DenseLayer], member: int, suffix: str, H: Any
) -> Any:
    import keras

    for i, layer in enumerate(layers):
        width, name = layer.bias.shape[1], f"{part}_{i}{suffix}"
        dense = keras.layers.Dense(width, layer.activation, name=name)
        H = dense(H)
        dense.set_weights([layer.kernel[member], layer.bias[member]])
    return H


def _keras_heads(frozen: Model, logits: Any) -> Any:
    """Apply the output activation to numbers and a softmax to each category."""
    import keras

    encoding, heads = frozen.encoding, []
    if encoding.n_linear:
        activation = keras.layers.Activation(frozen.output_activation)
        heads.append(activation(logits[:, : encoding.n_linear]))
    for _, group in encoding.groups:
        heads.append(keras.layers.Softmax()(logits[:, group]))
    return heads[0] if len(heads) == 1 else keras.layers.Concatenate()(heads)
