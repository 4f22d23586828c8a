"""Keras models run on the weights of an ensemble's members."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .initial_weights import draw, initializers

# Up to this many members are run one after another in the graph. More are one batched
# product, which traces at one member's cost, but is slower for few of them and several
# times slower in XLA.
MAX_UNROLLED = 4

# Up to this many columns, kernels that narrow a network are stored transposed for XLA.
# Its gradient of such a kernel takes half the time that way; wider ones lose by it.
_NARROW = 128

_DENSE_LAYERS = {"Activation", "BatchNormalization", "Dense", "Dropout", "InputLayer"}


class MemberNetwork(NamedTuple):
    """The encoder and decoder of all members, as functions of tensors.

    Both take and return tensors of shape (n_members, n_samples, n_columns).
    """

    encode: Any
    decode: Any


def is_dense(model: Any) -> bool:
    """Return whether a Keras model has only layers that dense networks are made of."""
    return all(type(layer).__name__ in _DENSE_LAYERS for layer in model.layers)


def stack_members(members: Sequence[Any]) -> list[list[np.ndarray]]:
    """Return values by part and variable, from values by member, part and variable."""
    return [
        [np.stack(values) for values in zip(*part, strict=True)]
        for part in zip(*members, strict=True)
    ]


class MemberModel:
    """A Keras model whose variables are views of the ensemble's tensors.

    Parameters
    ----------
    model : keras.Model
    n_members : int
    for_xla : bool
        Whether weights are laid out as XLA runs them fastest.
    """

    def __init__(self, model: Any, n_members: int, *, for_xla: bool) -> None:
        self.model = model
        self.n_members = n_members
        shapes = [tuple(v.shape) for v in model.trainable_variables]
        self.sizes = [int(np.prod(shape)) for shape in shapes]
        self._transposed = [for_xla and _narrows(shape) for shape in shapes]
        self._stored_shapes = [
            shape[::-1] if transposed else shape
            for shape, transposed in zip(shapes, self._transposed, strict=True)
        ]
        self._initializers = initializers(model)

    def flatten(self, values: list[np.ndarray]) -> np.ndarray:
        """Return the trainable variables of all members as one matrix.

        Parameters
        ----------
        values : list of ndarray of shape (n_members, ...)

        Returns
        -------
        ndarray of shape (n_members, n_weights)
        """
        pieces = [
            (value.swapaxes(1, 2) if transposed else value).reshape(self.n_members, -1)
            for value, transposed in zip(values, self._transposed, strict=True)
        ]
        nothing = np.zeros((self.n_members, 0), dtype=np.float32)
        return np.concatenate([nothing, *pieces], axis=1)

    def unflatten(self, flat: np.ndarray) -> list[np.ndarray]:
        """Return the trainable variables from what `flatten` returned."""
        values, ends = [], np.cumsum(self.sizes)
        for piece, shape, transposed in zip(
            np.split(flat, ends, axis=1),  # the last piece is empty
            self._stored_shapes,
            self._transposed,
            strict=False,
        ):
            value = piece.reshape(self.n_members, *shape)
            values.append(value.swapaxes(1, 2) if transposed else value)
        return values

    def draw_weights(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Return initial values of the trainable variables of one member."""
        return self._draw(self.model.trainable_variables, rng)

    def draw_state(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Return initial values of the other variables of one member."""
        return self._draw(self.model.non_trainable_variables, rng)

    def _draw(self, variables: list[Any], rng: np.random.Generator) -> list[np.ndarray]:
        return [draw(self._initializers.get(id(v)), v, rng) for v in variables]

    def call(self, flat: Any, state: list[Any], X: Any, training: bool) -> Any:
        """Return the outputs and the new state of all members.

        Parameters
        ----------
        flat : Tensor of shape (n_members, n_weights)
        state : list of Tensor of shape (n_members, ...)
        X : Tensor of shape (n_members, n_samples, n_inputs)
        training : bool
        """
        import tensorflow as tf

        def member(arguments: Any) -> Any:
            flat, state, X = arguments
            return self.model.stateless_call(
                self._unpack(flat), list(state), X, training=training
            )

        everything = (flat, tuple(state), X)
        if self.n_members > MAX_UNROLLED:
            return tf.vectorized_map(member, everything)
        tensors = [tf.unstack(t, self.n_members) for t in tf.nest.flatten(everything)]
        results = [
            member(tf.nest.pack_sequence_as(everything, list(one)))
            for one in zip(*tensors, strict=True)
        ]
        return tf.nest.map_structure(lambda *values: tf.stack(values), *results)

    def _unpack(self, flat: Any) -> list[Any]:
        import tensorflow as tf

        pieces = tf.split(flat, self.sizes) if self.sizes else []
        stored = map(tf.reshape, pieces, self._stored_shapes)
        return [
            tf.transpose(value) if transposed else value
            for value, transposed in zip(stored, self._transposed, strict=True)
        ]


def _narrows(shape: tuple[int, ...]) -> bool:
    """Return whether a variable is a kernel that leads to few columns from more."""
    return len(shape) == 2 and shape[1] < shape[0] and shape[1] <= _NARROW
