"""The training objective: loss of the linear columns and of each category."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Objective:
    """What is minimised, apart from an architecture's own penalty.

    Parameters
    ----------
    loss : {"squared_error", "binary_crossentropy", "huber", "log_cosh"}
        Loss of the linear columns.
    output_activation : str
        Output activation of the linear columns.
    n_linear : int
        Number of linear columns, which come first.
    groups : tuple of (int, int)
        First and last-plus-one encoded column of each category.
    """

    loss: str
    output_activation: str
    n_linear: int
    groups: tuple[tuple[int, int], ...]

    @property
    def n_units(self) -> int:
        """Number of linear columns and categories."""
        return self.n_linear + len(self.groups)

    def per_row(self, X: Any, logits: Any) -> Any:
        """Return the loss of each row, mean over linear columns and categories.

        Parameters
        ----------
        X, logits : Tensor of shape (n_members, n_samples, n_encoded)

        Returns
        -------
        Tensor of shape (n_members, n_samples)
        """
        import tensorflow as tf

        total = tf.zeros(tf.shape(X)[:2])
        if self.n_linear:
            linear = self.per_cell(
                X[..., : self.n_linear], logits[..., : self.n_linear]
            )
            total += tf.reduce_sum(linear, axis=-1)
        for start, stop in self.groups:
            total += tf.nn.softmax_cross_entropy_with_logits(
                X[..., start:stop], logits[..., start:stop]
            )
        return total / self.n_units

    def per_cell(self, X: Any, logits: Any) -> Any:
        """Return the loss of each cell of the linear columns."""
        import keras
        import tensorflow as tf

        if self.loss == "binary_crossentropy" and self.output_activation == "sigmoid":
            return tf.nn.sigmoid_cross_entropy_with_logits(X, logits)
        output = keras.activations.get(self.output_activation)(logits)
        if self.loss == "binary_crossentropy":
            return keras.ops.binary_crossentropy(X, output)
        residual = output - X
        if self.loss == "squared_error":
            return tf.square(residual)
        if self.loss == "huber":
            size = tf.abs(residual)
            return tf.where(size <= 1.0, 0.5 * tf.square(residual), size - 0.5)
        # log(cosh(r)) without overflow.
        size = tf.abs(residual)
        return size + tf.math.log1p(tf.exp(-2.0 * size)) - tf.math.log(2.0)
