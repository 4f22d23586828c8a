"""Keras models run on the weights of an ensemble's members."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .initial_weights import draw, initializers

# Up to this many members are run one after another in the graph. More are one batched
# product, which traces at one member's cost, but is slower for few of them and several
# times slower in XLA.
MAX_UNROLLED = 4

_DENSE_LAYERS = {"Activation", "BatchNormalization", "Dense", "Dropout", "InputLayer"}


class MemberNetwork(NamedTuple):
    """The encoder and decoder of all members, as functions of tensors.

    Both take and return tensors of shape (n_members, n_samples, n_columns).
    """

    encode: Any
    decode: Any


class MemberModel:
    """A Keras model whose variables are views of the ensemble's tensors.

    Parameters
    ----------
    model : keras.Model
    n_members : int
    """

    def __init__(self, model: Any, n_members: int) -> None:
        self.model = model
        self.n_members = n_members
        self.shapes = [tuple(v.shape) for v in model.trainable_variables]
        self.sizes = [int(np.prod(shape)) for shape in self.shapes]
        self._initializers = initializers(model)

    @property
    def is_dense(self) -> bool:
        """Whether all layers are of the kinds that dense networks are made of."""
        return all(type(layer).__name__ in _DENSE_LAYERS for layer in self.model.layers)

    def draw_weights(self, rng: np.random.Generator) -> np.ndarray:
        """Return initial trainable weights of one member, flattened."""
        values = self._draw(self.model.trainable_variables, rng)
        return np.concatenate([v.ravel() for v in values] or [np.zeros(0, np.float32)])

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
        return [tf.reshape(p, s) for p, s in zip(pieces, self.shapes, strict=True)]
