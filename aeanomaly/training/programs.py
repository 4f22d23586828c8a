"""Compiled training programs, kept from fit to fit.

A program is one Keras encoder and decoder, one Keras optimizer and the TensorFlow graph
of a whole epoch. Tracing that graph costs far more than a small fit, so programs are
cached by what shapes the graph; whatever else differs between two fits (initial weights,
optimizer state, learning rate, penalty weights, seed) is assigned before each.

All trainable weights of an ensemble live in one matrix, a row for each member. The
optimizer then runs a dozen operations on one variable in place of a dozen on each, and
the members are one batched product.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .building import build_parts
from .initial_weights import draw, initializers, isolated_python_random
from .objective import Objective

_MAX_PROGRAMS = 64


@dataclass(frozen=True)
class ProgramPlan:
    """What shapes the graph of a training program.

    Parameters
    ----------
    architecture : Architecture
    spec : NetworkSpec
    objective : Objective
    optimizer : str or dict
        A Keras optimizer's name or configuration.
    n_members : int
    """

    architecture: Any
    spec: Any
    objective: Objective
    optimizer: Any
    n_members: int

    @property
    def key(self) -> Hashable:
        architecture = self.architecture
        shaping = {
            name: repr(value)
            for name, value in architecture.get_params().items()
            if name not in architecture.tunable
        }
        return (
            type(architecture),
            tuple(sorted(shaping.items())),
            self.spec,
            self.objective,
            repr(self.optimizer),
            self.n_members,
        )


class MemberNetwork(NamedTuple):
    """The encoder and decoder of all members, as functions of tensors.

    Both take and return tensors of shape (n_members, n_samples, n_columns).
    """

    encode: Any
    decode: Any


class _Stateless:
    """A Keras model whose variables are views of the ensemble's tensors."""

    def __init__(self, model: Any, n_members: int) -> None:
        self.model = model
        self.n_members = n_members
        self.shapes = [tuple(v.shape) for v in model.trainable_variables]
        self.sizes = [int(np.prod(shape)) for shape in self.shapes]
        self.initializers = initializers(model)

    def draw(self, variables: list[Any], rng: np.random.Generator) -> list[np.ndarray]:
        return [draw(self.initializers.get(id(v)), v, rng) for v in variables]

    def draw_weights(self, rng: np.random.Generator) -> np.ndarray:
        """Return initial trainable weights of one member, flattened."""
        values = self.draw(self.model.trainable_variables, rng)
        return np.concatenate([v.ravel() for v in values] or [np.zeros(0, np.float32)])

    def unpack(self, flat: Any) -> list[Any]:
        import tensorflow as tf

        pieces = tf.split(flat, self.sizes) if self.sizes else []
        return [tf.reshape(p, s) for p, s in zip(pieces, self.shapes, strict=True)]

    def call(self, flat: Any, state: list[Any], X: Any, training: bool) -> Any:
        """Return the outputs and the new state of all members."""
        import tensorflow as tf

        def member(arguments: Any) -> Any:
            flat, state, X = arguments
            return self.model.stateless_call(
                self.unpack(flat), list(state), X, training=training
            )

        if self.n_members > 1:
            return tf.vectorized_map(member, (flat, tuple(state), X))
        output, state = member((flat[0], [s[0] for s in state], X[0]))
        return output[None], [s[None] for s in state]


class TrainingProgram:
    """The compiled epoch of one plan.

    Parameters
    ----------
    plan : ProgramPlan
    """

    def __init__(self, plan: ProgramPlan) -> None:
        import keras
        import tensorflow as tf

        self.plan = plan
        self.lock = threading.Lock()
        with isolated_python_random():
            encoder, decoder = build_parts(plan.architecture, plan.spec)
            self.optimizer = keras.optimizers.get(plan.optimizer)
        self.encoder = _Stateless(encoder, plan.n_members)
        self.decoder = _Stateless(decoder, plan.n_members)
        self._parts = (self.encoder, self.decoder)
        self._sizes = [sum(part.sizes) for part in self._parts]
        self.weights = keras.Variable(
            np.zeros((plan.n_members, sum(self._sizes)), dtype=np.float32)
        )
        self.state = [
            [
                tf.Variable(np.stack([np.array(v.numpy())] * plan.n_members))
                for v in part.model.non_trainable_variables
            ]
            for part in self._parts
        ]
        self.optimizer.build([self.weights])
        self._fresh_optimizer = [np.array(v.numpy()) for v in self.optimizer.variables]
        self._epochs = {
            jit: tf.function(self._epoch, reduce_retracing=True, jit_compile=jit)
            for jit in (False, True)
        }
        self.evaluate = tf.function(self._evaluate, reduce_retracing=True)

    @property
    def n_weights(self) -> int:
        """Number of trainable weights of one member."""
        return sum(self._sizes)

    def reset(self, rng: np.random.Generator) -> None:
        """Assign initial weights, state and a fresh optimizer."""
        members = range(self.plan.n_members)
        self.weights.assign(
            np.stack(
                [np.concatenate([p.draw_weights(rng) for p in self._parts])
                 for _ in members]
            )
        )
        for part, variables in zip(self._parts, self.state, strict=True):
            drawn = [
                part.draw(part.model.non_trainable_variables, rng) for _ in members
            ]
            for variable, values in zip(variables, zip(*drawn, strict=True), strict=True):
                variable.assign(np.stack(values))
        for variable, value in zip(
            self.optimizer.variables, self._fresh_optimizer, strict=True
        ):
            variable.assign(value)

    def snapshot(self) -> list[np.ndarray]:
        """Return everything that training changes, to resume or restore it."""
        state = [v.numpy() for variables in self.state for v in variables]
        slots = [np.array(v.numpy()) for v in self.optimizer.variables]
        return [np.array(self.weights.numpy()), *state, *slots]

    def restore(self, snapshot: list[np.ndarray]) -> None:
        """Assign what `snapshot` returned."""
        state = [v for variables in self.state for v in variables]
        targets = [self.weights, *state, *self.optimizer.variables]
        for variable, value in zip(targets, snapshot, strict=True):
            variable.assign(value)

    def run_epoch(self, jit: bool, *arguments: Any) -> Any:
        """Train on all batches; see `_epoch` for the arguments."""
        return self._epochs[jit](*arguments)

    def _network(self, training: bool, state: list[list[Any]]) -> MemberNetwork:
        import tensorflow as tf

        flats = tf.split(self.weights.value, self._sizes, axis=1)

        def caller(index: int) -> Any:
            def call(X: Any) -> Any:
                output, state[index] = self._parts[index].call(
                    flats[index], state[index], X, training
                )
                return output

            return call

        return MemberNetwork(caller(0), caller(1))

    def _loss(
        self, X: Any, weights: Any, settings: Mapping[str, Any], seed: Any, training: bool
    ) -> tuple[Any, list[list[Any]]]:
        """Return the weighted mean loss of each member and the new state."""
        import tensorflow as tf

        state = [[tf.convert_to_tensor(v) for v in part] for part in self.state]
        network = self._network(training, state)
        X = tf.tile(X[None], [self.plan.n_members, 1, 1])
        logits, row_weights, penalty = self.plan.architecture.training_pass(
            network, X, settings, seed
        )
        rows = self.plan.objective.per_row(X, logits) * row_weights + penalty
        return tf.reduce_sum(rows * weights, axis=1) / tf.reduce_sum(weights), state

    def _epoch(
        self,
        X: Any,
        batches: Any,
        weights: Any,
        learning_rates: Any,
        settings: Mapping[str, Any],
        seed: Any,
    ) -> Any:
        """Train on every batch once and return the mean loss.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_encoded)
        batches : Tensor of shape (n_batches, batch_size), int32
            Rows of each batch.
        weights : Tensor of shape (n_batches, batch_size)
            One, or zero for rows that only fill a ragged batch.
        learning_rates : Tensor of shape (n_batches,)
        settings : mapping of str to scalar Tensor
            The architecture's tunable parameters and ``alpha``.
        seed : int32 Tensor
        """
        import tensorflow as tf

        total = tf.zeros(())
        for i in tf.range(tf.shape(batches)[0]):
            X_batch = tf.gather(X, batches[i])
            step_seed = tf.stack([seed, i])
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(self.weights.value)
                losses, state = self._loss(
                    X_batch, weights[i], settings, step_seed, training=True
                )
                # A sum, so that each member's gradient is its own.
                objective = tf.reduce_sum(losses)
            gradient = tape.gradient(objective, self.weights.value)
            self._update(gradient, learning_rates[i], settings["alpha"], state)
            total += tf.reduce_mean(losses) * tf.reduce_sum(weights[i])
        return total / tf.reduce_sum(weights)

    def _update(self, gradient: Any, rate: Any, alpha: Any, state: Any) -> None:
        self.optimizer.learning_rate.assign(rate)
        # Decoupled weight decay (Loshchilov and Hutter, ICLR 2019).
        self.weights.assign(self.weights.value * (1.0 - rate * alpha))
        self.optimizer.apply([gradient], [self.weights])
        for variables, values in zip(self.state, state, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)

    def _evaluate(
        self, X: Any, batches: Any, weights: Any, settings: Mapping[str, Any], seed: Any
    ) -> Any:
        """Return the mean loss without training; arguments as in `_epoch`."""
        import tensorflow as tf

        total = tf.zeros(())
        for i in tf.range(tf.shape(batches)[0]):
            X_batch = tf.gather(X, batches[i])
            losses, _ = self._loss(
                X_batch, weights[i], settings, tf.stack([seed, i]), training=False
            )
            total += tf.reduce_mean(losses) * tf.reduce_sum(weights[i])
        return total / tf.reduce_sum(weights)


_programs: OrderedDict[Hashable, TrainingProgram] = OrderedDict()
_programs_lock = threading.Lock()


def get_program(plan: ProgramPlan) -> TrainingProgram:
    """Return the program of a plan, from the cache if it is there.

    The least recently used of more than `_MAX_PROGRAMS` programs is forgotten.
    """
    with _programs_lock:
        program = _programs.pop(plan.key, None) or TrainingProgram(plan)
        _programs[plan.key] = program
        while len(_programs) > _MAX_PROGRAMS:
            _programs.popitem(last=False)
        return program
