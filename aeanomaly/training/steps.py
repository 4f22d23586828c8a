"""The TensorFlow graph of a number of training steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .members import MemberNetwork

# Where no row of a batch counts for a member, its loss is zero.
_TINY = 1e-6


@dataclass(frozen=True)
class Steps:
    """What each of a number of training steps does.

    Parameters
    ----------
    batches : ndarray of shape (n_steps, batch_size), int32
        Rows of each batch.
    n_rows : ndarray of shape (n_steps,), int32
        How many of a batch's rows count: the first ones. The others only fill it.
    learning_rates : ndarray of shape (n_steps,), float32
    ends_epoch : ndarray of shape (n_steps,), bool
        Whether the held-out rows are evaluated after the step.
    """

    batches: np.ndarray
    n_rows: np.ndarray
    learning_rates: np.ndarray
    ends_epoch: np.ndarray

    def __len__(self) -> int:
        return len(self.batches)

    @property
    def arrays(self) -> tuple[np.ndarray, ...]:
        """The arrays, in the order of the parameters."""
        return self.batches, self.n_rows, self.learning_rates, self.ends_epoch

    def take(self, steps: slice) -> Steps:
        """Return some of the steps."""
        return Steps(*(array[steps] for array in self.arrays))


class FitTensors(NamedTuple):
    """What stays the same through all steps of a fit.

    Parameters
    ----------
    X : Tensor of shape (n_samples, n_encoded)
    shares : Tensor of shape (n_samples, n_members) or None
        How much each row counts for each member; None for all rows alike.
    X_held_out : Tensor of shape (n_held_out, n_encoded) or None
    held_out_shares : Tensor of shape (n_held_out, n_members) or None
    n_held_out : int32 Tensor
        Number of held-out rows; any beyond only fill the tensor.
    settings : mapping of str to scalar Tensor
        The architecture's settings and ``alpha``.
    seed : int32 Tensor
    """

    X: Any
    shares: Any
    X_held_out: Any
    held_out_shares: Any
    n_held_out: Any
    settings: Mapping[str, Any]
    seed: Any


class StepTensors(NamedTuple):
    """The steps of one call; any beyond `n_steps` only fill the tensors.

    Parameters
    ----------
    first : int32 Tensor
        Number of steps of the fit that were run before.
    n_steps : int32 Tensor
    batches, n_rows, learning_rates, ends_epoch : Tensor
        As in `Steps`.
    """

    first: Any
    n_steps: Any
    batches: Any
    n_rows: Any
    learning_rates: Any
    ends_epoch: Any


class StepGraph:
    """Builds the graph of a program's training steps.

    Parameters
    ----------
    program : TrainingProgram
    """

    def __init__(self, program: Any) -> None:
        self.program = program
        self.plan = program.plan

    def compile(self, *, jit: bool, validates: bool, shares_rows: bool) -> Any:
        """Return the function of `_train`, traced once for all sizes of its tensors.

        Parameters
        ----------
        jit : bool
            Whether XLA compiles it, again for each size.
        validates : bool
            Whether held-out rows are evaluated.
        shares_rows : bool
            Whether some rows count for some members only.
        """
        import tensorflow as tf

        def spec(*shape: int | None, dtype: Any = tf.int32) -> Any:
            return tf.TensorSpec(shape, dtype)

        rows = spec(None, self.plan.spec.n_encoded, dtype=tf.float32)
        shares = None
        if shares_rows:
            shares = spec(None, self.plan.n_members, dtype=tf.float32)
        names = (*self.plan.architecture.settings(), "alpha")
        fit = FitTensors(
            X=rows,
            shares=shares,
            X_held_out=rows if validates else None,
            held_out_shares=shares if validates else None,
            n_held_out=spec(),
            settings={name: spec(dtype=tf.float32) for name in names},
            seed=spec(),
        )
        steps = StepTensors(
            first=spec(),
            n_steps=spec(),
            batches=spec(None, None),
            n_rows=spec(None),
            learning_rates=spec(None, dtype=tf.float32),
            ends_epoch=spec(None, dtype=tf.bool),
        )
        function = tf.function(self._train, jit_compile=jit, autograph=False)
        return function.get_concrete_function(fit, steps)

    def _train(self, fit: FitTensors, steps: StepTensors) -> tuple[Any, Any]:
        """Run steps of a fit.

        Returns
        -------
        losses : Tensor of shape (n_steps, n_members)
            Each member's loss of each batch, before its step.
        losses_held_out : Tensor of shape (n_steps, n_members)
            Loss of the held-out rows, where an epoch ends; zero elsewhere.
        """
        import tensorflow as tf

        def step(i: Any, losses: Any, losses_held_out: Any) -> tuple[Any, Any, Any]:
            loss = self._step(
                tf.gather(fit.X, steps.batches[i]),
                self._weights(fit.shares, steps.batches[i], steps.n_rows[i]),
                steps.learning_rates[i],
                fit.settings,
                tf.stack([fit.seed, steps.first + i]),
            )
            losses = losses.write(i, loss)
            if fit.X_held_out is not None:
                n = tf.where(steps.ends_epoch[i], fit.n_held_out, 0)
                loss = self._evaluate(fit, n, tf.shape(steps.batches)[1])
                losses_held_out = losses_held_out.write(i, loss)
            return i + 1, losses, losses_held_out

        size = tf.shape(steps.n_rows)[0]
        shape = (self.plan.n_members,)
        arrays = [
            tf.TensorArray(tf.float32, size, element_shape=shape) for _ in range(2)
        ]
        start = (tf.constant(0), *arrays)
        _, *arrays = tf.while_loop(lambda i, *_: i < steps.n_steps, step, start)
        return tuple(array.stack() for array in arrays)

    def _step(
        self, X: Any, weights: Any, rate: Any, settings: Mapping[str, Any], seed: Any
    ) -> Any:
        """Train on one batch and return each member's loss of it."""
        import tensorflow as tf

        trained = self.program.weights.value
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(trained)
            losses, state = self._losses(X, weights, settings, seed, True)
            # A sum, so that each member's gradient is its own.
            objective = tf.reduce_sum(losses)
        gradient = tape.gradient(objective, trained)
        self._update(gradient, rate, settings["alpha"], state)
        return losses

    def _update(self, gradient: Any, rate: Any, alpha: Any, state: Any) -> None:
        weights, optimizer = self.program.weights, self.program.optimizer
        optimizer.learning_rate.assign(rate)
        # Decoupled weight decay (Loshchilov and Hutter, ICLR 2019).
        weights.assign(weights.value * (1.0 - rate * alpha))
        optimizer.apply([gradient], [weights])
        for variables, values in zip(self.program.state, state, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)

    def _evaluate(self, fit: FitTensors, n_rows: Any, batch_size: Any) -> Any:
        """Return each member's loss of the first held-out rows, zero for no rows."""
        import tensorflow as tf

        def add(i: Any, total: Any) -> tuple[Any, Any]:
            batch = tf.minimum(i * batch_size + tf.range(batch_size), n_rows - 1)
            n = tf.minimum(batch_size, n_rows - i * batch_size)
            # The same seeds after every epoch, so that their losses compare.
            seed = tf.stack([fit.seed, -1 - i])
            rows = tf.gather(fit.X_held_out, batch)
            weights = self._weights(fit.held_out_shares, batch, n)
            losses, _ = self._losses(rows, weights, fit.settings, seed, False)
            return i + 1, total + losses * tf.cast(n, tf.float32)

        start = (tf.constant(0), tf.zeros(self.plan.n_members))
        _, total = tf.while_loop(lambda i, _: i * batch_size < n_rows, add, start)
        return total / tf.cast(tf.maximum(n_rows, 1), tf.float32)

    def _weights(self, shares: Any, batch: Any, n_rows: Any) -> Any:
        """Return how much the rows of a batch count, ([n_members,] n_rows)."""
        import tensorflow as tf

        counted = tf.sequence_mask(n_rows, tf.shape(batch)[0], tf.float32)
        if shares is None:
            return counted
        return tf.transpose(tf.gather(shares, batch)) * counted

    def _losses(
        self,
        X: Any,
        weights: Any,
        settings: Mapping[str, Any],
        seed: Any,
        training: bool,
    ) -> tuple[Any, list[list[Any]]]:
        """Return each member's mean loss over weighted rows, and the new state."""
        import tensorflow as tf

        state = [[tf.convert_to_tensor(v) for v in part] for part in self.program.state]
        network = self._network(training, state)
        X = tf.stack([X] * self.plan.n_members)
        logits, row_weights, penalty = self.plan.architecture.training_pass(
            network, X, settings, seed
        )
        rows = self.plan.objective.per_row(X, logits) * row_weights + penalty
        total = tf.reduce_sum(rows * weights, axis=-1)
        return total / tf.maximum(tf.reduce_sum(weights, axis=-1), _TINY), state

    def _network(self, training: bool, state: list[list[Any]]) -> MemberNetwork:
        """Return encoder and decoder, which also put their new state in ``state``."""
        import tensorflow as tf

        parts = (self.program.encoder, self.program.decoder)
        sizes = [sum(part.sizes) for part in parts]
        flats = tf.split(self.program.weights.value, sizes, axis=1)

        def caller(index: int) -> Callable[[Any], Any]:
            def call(X: Any) -> Any:
                output, state[index] = parts[index].call(
                    flats[index], state[index], X, training
                )
                return output

            return call

        return MemberNetwork(caller(0), caller(1))
