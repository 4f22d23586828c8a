"""Compiled training programs, kept from fit to fit.

A program is one Keras encoder and decoder, one Keras optimizer and the TensorFlow graph
of any number of training steps. Tracing that graph costs far more than a small fit, so
programs are cached by what shapes the graph; whatever else differs between two fits
(initial weights, optimizer state, learning rate, penalty weights, seed) is assigned
before each.

All trainable weights of an ensemble live in one matrix, a row for each member. The
optimizer then runs a dozen operations on one variable in place of a dozen on each.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from itertools import chain, count
from typing import Any, NamedTuple

import numpy as np

from ..scoring.networks.keras import isolated_python_random
from .building import build_parts
from .device import CPU, multiplications, on_device, share_gpu_memory
from .members import MemberModel, is_dense, stack_members
from .memory import forget_with, release_unused
from .objective import Objective
from .steps import FitTensors, StepGraph, Steps, StepTensors
from .xla import suits_xla

_MAX_PROGRAMS = 64
# So many of them are forgotten before what they leave behind is sought and freed, which
# takes a fraction of a second.
_FORGOTTEN_TOGETHER = 8

# XLA compiles again for every shape, so it gets steps in chunks of one size, and rows
# filled to a power of two.
_XLA_STEPS = 1_024

# Multiplications of a forward pass up to which operations are best run one at a time:
# on two cores and with 256 rows, networks of 50,000 weights lose by being scheduled on
# threads, and those of 200,000 gain.
_SMALL_STEP = 2**25


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
        """What two plans that can share a program have in common."""
        architecture = self.architecture
        shaping = {
            name: value
            for name, value in architecture.get_params().items()
            if name not in architecture.tunable
        }
        return (
            type(architecture),
            _hashable(shaping),
            self.spec,
            self.objective,
            _hashable(self.optimizer),
            self.n_members,
        )


def _hashable(value: Any) -> Hashable:
    """Return a key that tells values apart, arrays to the last bit."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, dict):
        return tuple((name, _hashable(value[name])) for name in sorted(value))
    if isinstance(value, list | tuple):
        return type(value), *(_hashable(item) for item in value)
    return type(value), repr(value)


class Session(NamedTuple):
    """One fit of a program.

    Parameters
    ----------
    fit : FitTensors
    jit : bool
        Whether XLA compiles the steps.
    """

    fit: FitTensors
    jit: bool

    @property
    def validates(self) -> bool:
        """Whether there are held-out rows."""
        return self.fit.X_held_out is not None

    @property
    def shares_rows(self) -> bool:
        """Whether some rows count for some members only."""
        return self.fit.shares is not None


class TrainingProgram:
    """The compiled training steps of one plan.

    Parameters
    ----------
    plan : ProgramPlan
    device : {"/CPU:0", "/GPU:0"}, default="/CPU:0"
        Where its variables are. Fits take place within `on_device` of it.

    Attributes
    ----------
    lock : threading.Lock
        Held by a fit from `reset` to the reading of the trained weights.
    suits_xla : bool
        Whether XLA is known to run the steps, and to run them faster.
    weights : keras.Variable of shape (n_members, n_weights)
        Trainable weights: the encoder's, then the decoder's, as each `MemberModel`
        flattens them.
    state : list of list of tf.Variable of shape (n_members, ...)
        Other variables of the encoder and of the decoder.
    """

    def __init__(self, plan: ProgramPlan, device: str = CPU) -> None:
        import keras
        import tensorflow as tf

        self.plan, self.device = plan, device
        self.lock = threading.Lock()
        with isolated_python_random():
            encoder, decoder = build_parts(plan.architecture, plan.spec)
            self.optimizer = keras.optimizers.get(plan.optimizer)
        n_members = plan.n_members
        self.suits_xla = suits_xla(plan.architecture, (encoder, decoder), n_members)
        self.encoder = MemberModel(encoder, n_members, for_xla=self.suits_xla)
        self.decoder = MemberModel(decoder, n_members, for_xla=self.suits_xla)
        self._parts = (self.encoder, self.decoder)
        self._sizes = [sum(part.sizes) for part in self._parts]
        self.weights = keras.Variable(
            np.zeros((n_members, self.n_weights), dtype=np.float32)
        )
        self.state = [
            [
                tf.Variable(np.stack([np.array(v.numpy())] * n_members))
                for v in part.model.non_trainable_variables
            ]
            for part in self._parts
        ]
        self.optimizer.build([self.weights])
        self._fresh_optimizer = [np.array(v.numpy()) for v in self.optimizer.variables]
        self._functions: dict[tuple[bool, bool, bool, str], Any] = {}

    @property
    def n_weights(self) -> int:
        """Number of trainable weights of one member."""
        return sum(self._sizes)

    @property
    def n_multiplications(self) -> int:
        """Multiplications that one row takes through all members."""
        of_one = sum(multiplications(part.model) for part in self._parts)
        return self.plan.n_members * of_one

    def trained_values(self) -> list[list[np.ndarray]]:
        """Return the trainable variables of each part, of shape (n_members, ...)."""
        flats = np.split(np.array(self.weights.numpy()), self._sizes[:1], axis=1)
        return [p.unflatten(f) for p, f in zip(self._parts, flats, strict=True)]

    def assign_values(self, values: list[list[np.ndarray]]) -> None:
        """Assign what `trained_values` returned."""
        self.weights.assign(self._flatten(values))

    def _flatten(self, values: list[list[np.ndarray]]) -> np.ndarray:
        flats = [p.flatten(v) for p, v in zip(self._parts, values, strict=True)]
        return np.concatenate(flats, axis=1)

    def reset(self, rng: np.random.Generator) -> None:
        """Assign initial weights, state and a fresh optimizer."""
        drawn = [
            (
                [part.draw_weights(rng) for part in self._parts],
                [part.draw_state(rng) for part in self._parts],
            )
            for _ in range(self.plan.n_members)
        ]
        weights, state = map(stack_members, zip(*drawn, strict=True))
        self.restore([self._flatten(weights), *chain(*state), *self._fresh_optimizer])

    @property
    def _variables(self) -> list[Any]:
        return [self.weights, *chain(*self.state), *self.optimizer.variables]

    def snapshot(self) -> list[np.ndarray]:
        """Return everything that training changes, to resume or restore it."""
        return [np.array(variable.numpy()) for variable in self._variables]

    def restore(self, snapshot: list[np.ndarray]) -> None:
        """Assign what `snapshot` returned."""
        for variable, value in zip(self._variables, snapshot, strict=True):
            variable.assign(value)

    def session(
        self,
        Z: np.ndarray,
        Z_held_out: np.ndarray | None,
        settings: Mapping[str, float],
        seed: int,
        *,
        jit: bool,
        shares: np.ndarray | None = None,
        held_out_shares: np.ndarray | None = None,
    ) -> Session:
        """Return what `run` trains with: one fit, with its rows as tensors."""
        import tensorflow as tf

        def tensor(rows: np.ndarray | None) -> Any:
            if rows is None:
                return None
            size = 2 ** (len(rows) - 1).bit_length() if jit else len(rows)
            return tf.constant(_filled(rows, size), tf.float32)

        fit = FitTensors(
            X=tensor(Z),
            shares=tensor(shares),
            X_held_out=tensor(Z_held_out),
            held_out_shares=tensor(held_out_shares),
            n_held_out=tf.constant(0 if Z_held_out is None else len(Z_held_out)),
            settings={n: tf.constant(v, tf.float32) for n, v in settings.items()},
            seed=tf.constant(seed, tf.int32),
        )
        return Session(fit, jit)

    def run(
        self, session: Session, steps: Steps, first_step: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Train, and return the loss of each step before it.

        Parameters
        ----------
        session : Session
        steps : Steps
        first_step : int
            Number of steps of this fit that were run before.

        Returns
        -------
        losses : ndarray of shape (n_steps, n_members)
            Mean over rows.
        losses_held_out : ndarray of shape (n_epochs, n_members)
            On the held-out rows at each end of an epoch; empty if there are none.
        """
        size = _XLA_STEPS if session.jit else max(1, len(steps))
        pieces = [
            self._run_chunk(session, steps.take(slice(i, i + size)), first_step + i)
            for i in range(0, len(steps), size)
        ]
        losses, losses_held_out = (np.concatenate(p) for p in zip(*pieces, strict=True))
        return losses, losses_held_out

    def _run_chunk(
        self, session: Session, steps: Steps, first_step: int
    ) -> tuple[np.ndarray, np.ndarray]:
        import tensorflow as tf

        size = _XLA_STEPS if session.jit else len(steps)
        tensors = StepTensors(
            tf.constant(first_step),
            tf.constant(len(steps)),
            *(tf.constant(_filled(array, size)) for array in steps.arrays),
        )
        executor = self._executor(steps.batches.shape[1], session.jit)
        # Traced under the executor that runs it: it decides how loops are built.
        with tf.experimental.function_executor_type(executor):
            function = self._function(session, executor)
            losses, losses_held_out = function(session.fit, tensors)
        ends = np.flatnonzero(steps.ends_epoch & session.validates)
        return losses.numpy()[: len(steps)], losses_held_out.numpy()[ends]

    def _executor(self, batch_size: int, jit: bool) -> str:
        """Return the type of executor that suits the size of a step's operations.

        TensorFlow's scheduling of operations on threads costs more than most operations
        of a small step take. XLA's single operation needs no scheduling. On a graphics
        card TensorFlow ends the process if there is a single thread.
        """
        if self.device != CPU:
            return ""
        size = batch_size * self.plan.n_members * self.n_weights
        dense = all(is_dense(part.model) for part in self._parts)
        is_small = dense and size <= _SMALL_STEP
        return "SINGLE_THREADED_EXECUTOR" if jit or is_small else ""

    def _function(self, session: Session, executor: str) -> Any:
        key = session.jit, session.validates, session.shares_rows, executor
        if key not in self._functions:
            self._functions[key] = StepGraph(self).compile(
                jit=session.jit,
                validates=session.validates,
                shares_rows=session.shares_rows,
            )
            forget_with(self, self._functions[key])
        return self._functions[key]


def _filled(array: np.ndarray, length: int) -> np.ndarray:
    """Return an array with zeros after it, up to a length."""
    if len(array) == length:
        return array
    return np.concatenate(
        [array, np.zeros((length - len(array), *array.shape[1:]), array.dtype)]
    )


_programs: OrderedDict[Hashable, TrainingProgram] = OrderedDict()
_programs_lock = threading.Lock()
_forgotten = count(1)


def get_program(plan: ProgramPlan, device: str = CPU) -> TrainingProgram:
    """Return the program of a plan on a device, from the cache if it is there.

    The least recently used of more than `_MAX_PROGRAMS` programs is forgotten.
    """
    releases, key = False, (plan.key, device)
    share_gpu_memory()
    with _programs_lock, on_device(device):
        program = _programs.pop(key, None) or TrainingProgram(plan, device)
        _programs[key] = program
        while len(_programs) > _MAX_PROGRAMS:
            _programs.popitem(last=False)
            releases |= next(_forgotten) % _FORGOTTEN_TOGETHER == 0
    if releases:
        release_unused()
    return program
