"""The frozen network of layers that NumPy cannot run: arrays, run by Keras."""

from __future__ import annotations

import contextlib
import json
import random
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ...exceptions import ArchiveIntegrityError
from .backend import import_keras_for
from .base import FrozenNetwork
from .forks import use_tensorflow
from .keras_sizes import check_integers, check_outline, rows_together


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What a stored configuration may name, by module. Nothing here runs code or opens a
# file that the configuration names: no Lambda, no layers with vocabularies, no
# operations, no class of a user's.
BUILT_IN: dict[str, frozenset[str]] = {
    "keras": frozenset({"Sequential", "DTypePolicy"}),
    "keras.src.models.functional": frozenset({"Functional"}),
    "keras.layers": _names(
        """
        Activation ActivityRegularization Add AlphaDropout Attention Average
        BatchNormalization Bidirectional Concatenate Conv1D Conv1DTranspose Conv2D
        Conv2DTranspose Conv3D Conv3DTranspose Cropping1D Cropping2D Cropping3D Dense
        DepthwiseConv1D DepthwiseConv2D Dot Dropout ELU EinsumDense Flatten GRU
        GaussianDropout GaussianNoise GroupNormalization InputLayer LSTM
        LayerNormalization LeakyReLU Maximum Minimum MultiHeadAttention Multiply PReLU
        Permute ReLU RepeatVector Rescaling Reshape SeparableConv1D SeparableConv2D
        SimpleRNN Softmax SpatialDropout1D SpatialDropout2D SpatialDropout3D Subtract
        TimeDistributed UnitNormalization UpSampling1D UpSampling2D UpSampling3D
        ZeroPadding1D ZeroPadding2D ZeroPadding3D
        AveragePooling1D AveragePooling2D AveragePooling3D
        GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D
        GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D MaxPooling1D
        MaxPooling2D MaxPooling3D
        """
    ),
    "keras.initializers": _names(
        """
        Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity LecunNormal
        LecunUniform Ones Orthogonal RandomNormal RandomUniform TruncatedNormal
        VarianceScaling Zeros
        """
    ),
    "keras.regularizers": frozenset({"L1", "L2", "L1L2", "OrthogonalRegularizer"}),
    "keras.constraints": frozenset({"MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"}),
}
_OBJECT_KEYS = {"module", "class_name", "config", "registered_name"}


def check_configuration(configuration: str) -> None:
    """Raise an error unless a Keras model's JSON names built-in layers only.

    Parameters
    ----------
    configuration : str
        As ``keras.Model.to_json`` returns it.

    Raises
    ------
    ValueError
        If it names anything that is not in `BUILT_IN`, or an integer is too large.
    """
    tree = json.loads(configuration)
    _check_node(tree)
    check_integers(tree)


def _check_node(node: Any) -> None:
    if isinstance(node, list):
        for child in node:
            _check_node(child)
    if not isinstance(node, dict):
        return
    if "class_name" in node and node["class_name"] != "__keras_tensor__":
        _check_object(node)
    for child in node.values():
        _check_node(child)


def _check_object(node: dict[str, Any]) -> None:
    name = node["class_name"]
    # Keras looks an object up by its registered name first, and reads an object that
    # lacks a key in an older, laxer way: neither may lead past the list.
    strict = node.keys() >= _OBJECT_KEYS and node["registered_name"] in (None, name)
    if not strict or name not in BUILT_IN.get(node["module"], ()):
        raise ValueError(
            f"A network that runs in Keras must be made of Keras's own layers, such as "
            f"Conv2D, LSTM or LayerNormalization, so that it can be stored without "
            f"code. Got {name!r} of {node.get('module')!r} instead. Replace it by "
            f"layers of keras.layers (Lambda and operations on tensors excluded)."
        )


@dataclass(frozen=True, eq=False)
class KerasNetwork(FrozenNetwork):
    """Encoder and decoder that NumPy cannot run, with the interface of `Network`.

    Holds configurations and arrays; the Keras models are built from them when they are
    first needed, and are neither copied nor pickled. Safe to call from many threads.

    Parameters
    ----------
    encoder, decoder : str
        Configurations, as ``keras.Model.to_json`` returns them.
    encoder_weights, decoder_weights : tuple of ndarray of shape (n_members, ...)
        In the order of ``keras.Model.weights``.
    n_members, n_inputs, latent_dim : int

    Raises
    ------
    ValueError
        If a configuration names anything but Keras's own layers, or the number of
        members of an array differs.
    """

    encoder: str
    decoder: str
    encoder_weights: tuple[np.ndarray, ...]
    decoder_weights: tuple[np.ndarray, ...]
    n_members: int
    n_inputs: int
    latent_dim: int

    def __post_init__(self) -> None:
        check_configuration(self.encoder)
        check_configuration(self.decoder)
        for array in (*self.encoder_weights, *self.decoder_weights):
            if array.ndim == 0 or len(array) != self.n_members:
                raise ValueError(
                    f"Weights of {self.n_members} members need as many entries along "
                    f"their first axis. Got an array of shape {array.shape} instead."
                )

    @property
    def widest(self) -> int:
        """Number of floats of a row at its widest, which sizes blocks of rows."""
        return self.n_inputs

    def encode(self, Z: np.ndarray) -> np.ndarray:
        """Return the codes, of shape (n_members, n_samples, latent_dim)."""
        codes = self._run(
            "encoder", np.broadcast_to(Z, (self.n_members, *Z.shape[-2:]))
        )
        return codes[..., : self.latent_dim]

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Return the logits, of shape (n_members, n_samples, n_encoded)."""
        shape = (self.n_members, *codes.shape[-2:])
        return self._run("decoder", np.broadcast_to(codes, shape))

    def check(self) -> None:
        """Raise a `ValueError` unless Keras can run the networks, within bounds."""
        for array in (*self.encoder_weights, *self.decoder_weights):
            if array.dtype.kind == "f" and not np.isfinite(array).all():
                raise ValueError("the network has weights that are not finite")
        ends = (self.n_inputs, self.latent_dim), (self.latent_dim, self.n_inputs)
        for part, widths in zip(("encoder", "decoder"), ends, strict=True):
            build = partial(_build, getattr(self, part))
            shapes = [array.shape[1:] for array in getattr(self, f"{part}_weights")]
            with _on_processor():
                check_outline(build, shapes, widths)

    def models(self, part: str, dtype: str = "float32") -> list[Any]:
        """Return the Keras models of the members' encoders or decoders.

        Parameters
        ----------
        part : {"encoder", "decoder"}
        dtype : {"float32", "float64"}, default="float32"
        """
        weights = getattr(self, f"{part}_weights")
        return [
            _rebuild(getattr(self, part), [array[m] for array in weights], dtype)
            for m in range(self.n_members)
        ]

    def _run(self, part: str, H: np.ndarray) -> np.ndarray:
        import tensorflow as tf

        use_tensorflow()
        # Few rows come in double precision, where a row's score must not depend on
        # its neighbours.
        dtype = "float64" if H.dtype == np.float64 else "float32"
        with _on_processor():
            built = _built(self, part, dtype)
            outputs = [
                np.concatenate(
                    [
                        function(tf.constant(rows)).numpy()
                        for rows in _pieces(member, built.n_rows)
                    ]
                )
                for (_, function), member in zip(built.members, H, strict=True)
            ]
        return np.stack(outputs)


def _on_processor() -> Any:
    """Return a context in which no graphics card is used.

    Cards multiply in fewer digits: what a model says of a row would depend on them.
    """
    import tensorflow as tf

    return tf.device("/CPU:0")


def _pieces(rows: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """Yield so many rows at a time; one piece of none where there are none."""
    for start in range(0, max(1, len(rows)), size):
        yield rows[start : start + size]


class _Built(NamedTuple):
    """The members' models, each with its compiled function, and rows at a time."""

    members: list[tuple[Any, Any]]
    n_rows: int


_cache: weakref.WeakKeyDictionary[KerasNetwork, dict[Any, _Built]] = (
    weakref.WeakKeyDictionary()
)
_cache_lock = threading.RLock()


def _built(network: KerasNetwork, part: str, dtype: str) -> _Built:
    """Return what runs a part of a network, built only once."""
    with _cache_lock:
        built = _cache.setdefault(network, {})
        if (part, dtype) not in built:
            models = network.models(part, dtype)
            n_rows = rows_together(models[0])
            members = [(model, _compile(model)) for model in models]
            built[part, dtype] = _Built(members, n_rows)
        return built[part, dtype]


def _compile(model: Any) -> Any:
    import tensorflow as tf

    signature = tf.TensorSpec((None, model.inputs[0].shape[-1]), model.inputs[0].dtype)
    return tf.function(
        lambda rows: model(rows, training=False), input_signature=[signature]
    ).get_concrete_function()


@contextlib.contextmanager
def isolated_python_random() -> Iterator[None]:
    """Keep Keras, which draws default seeds from `random`, off the user's state."""
    state = random.getstate()
    random.seed(0)
    try:
        yield
    finally:
        random.setstate(state)


def _rebuild(configuration: str, weights: list[np.ndarray], dtype: str) -> Any:
    try:
        model = _build(configuration, dtype)
        model.set_weights(weights)
    except Exception as error:  # Keras and TensorFlow have no common base of errors.
        raise ArchiveIntegrityError(
            f"The stored weights do not fit the stored layers, or the layers do not "
            f"fit one another ({type(error).__name__}: {error}). Save the model again."
        ) from error
    return model


def _build(configuration: str, dtype: str = "float32") -> Any:
    import_keras_for("A network of layers that are not dense")
    import keras

    use_tensorflow()
    tree = json.loads(configuration)
    if dtype != "float32":
        _set_dtype(tree, dtype)
    with isolated_python_random():
        return keras.models.model_from_json(json.dumps(tree))


def _set_dtype(node: Any, dtype: str) -> None:
    """Replace the data type of every layer in a configuration, in place."""
    if isinstance(node, list):
        for child in node:
            _set_dtype(child, dtype)
    if not isinstance(node, dict):
        return
    if node.get("class_name") == "DTypePolicy":
        node["config"]["name"] = dtype
    if isinstance(node.get("dtype"), str):
        node["dtype"] = dtype
    for child in node.values():
        _set_dtype(child, dtype)
