"""Training: epochs of a compiled program, from rows to a frozen network."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .freezing import freeze
from .programs import ProgramPlan, TrainingProgram, get_program
from .progress import EpochProgress

# XLA compiles for about a second and then saves a fifth of each step. It repays that
# from this many seconds of training on, at the rate and overhead of one core.
_XLA_SECONDS = 10.0
_FLOPS_PER_SECOND = 5e10
_STEP_OVERHEAD_SECONDS = 1e-4

_WARM_UP_STEPS = 20


@dataclass(frozen=True)
class TrainingOptions:
    """What a training run does with its program.

    Parameters
    ----------
    batch_size : int
    max_iter : int
        Number of epochs.
    learning_rate : {"constant", "cosine"}
    learning_rate_init : float
    alpha : float
        Decoupled weight decay.
    early_stopping : bool
    n_iter_no_change : int
        Epochs without improvement by `tol` after which early stopping ends.
    tol : float
        In loss units.
    verbose : int
        Whether to show progress.
    """

    batch_size: int
    max_iter: int
    learning_rate: str
    learning_rate_init: float
    alpha: float
    early_stopping: bool
    n_iter_no_change: int
    tol: float
    verbose: int


@dataclass
class TrainingRows:
    """Encoded rows, how often an epoch visits them, and held-out rows.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_encoded), float32
    visits : ndarray of shape (n_samples,)
        Sampling weight of each row.
    n_visits : int
        Rows that one epoch visits.
    Z_held_out : ndarray of shape (n_held_out, n_encoded) or None
    """

    Z: np.ndarray
    visits: np.ndarray
    n_visits: int
    Z_held_out: np.ndarray | None = None


@dataclass
class TrainingResult:
    """What a training run leaves behind.

    Parameters
    ----------
    network : Network
    history : dict of str to list of float
        "loss", and "val_loss" where rows were held out; one value an epoch.
    n_iter : int
        Number of epochs that were run.
    """

    network: Any
    history: dict[str, list[float]] = field(default_factory=dict)
    n_iter: int = 0


def train(
    plan: ProgramPlan,
    rows: TrainingRows,
    options: TrainingOptions,
    rng: np.random.Generator,
) -> TrainingResult:
    """Train the network of a plan on encoded rows.

    The result depends on the arguments only, not on what was trained before.
    """
    program = get_program(plan)
    with program.lock:
        program.reset(rng)
        history = _run(program, plan.architecture, rows, options, rng)
        network = plan.architecture.freeze(freeze(program))
    return TrainingResult(network, history, len(history["loss"]))


def _run(
    program: TrainingProgram,
    architecture: Any,
    rows: TrainingRows,
    options: TrainingOptions,
    rng: np.random.Generator,
) -> dict[str, list[float]]:
    import tensorflow as tf

    Z = tf.constant(rows.Z)
    settings = {
        # Not those of program.plan, which are of the fit that built the program.
        name: tf.constant(value)
        for name, value in architecture.settings().items()
    } | {"alpha": tf.constant(options.alpha)}
    n_batches = math.ceil(rows.n_visits / options.batch_size)
    rates = _learning_rates(options, n_batches)
    jit = _repays_xla(program, options, n_batches)
    validate = _validator(program, rows, options, settings, rng)
    history: dict[str, list[float]] = {"loss": []} | ({"val_loss": []} if validate else {})
    stopper = _EarlyStopping(options)
    with EpochProgress(options.max_iter, options.verbose) as progress:
        for epoch in range(options.max_iter):
            visited = _visit(rows, rng)
            batches, weights = _as_batches(visited, options.batch_size)
            seed = tf.constant(int(rng.integers(2**31)), dtype=tf.int32)
            loss = program.run_epoch(
                jit, Z, batches, weights, tf.constant(rates[epoch]), settings, seed
            )
            history["loss"].append(float(loss))
            if validate:
                history["val_loss"].append(validate())
            progress.advance({name: values[-1] for name, values in history.items()})
            if options.early_stopping and stopper.should_stop(history, program):
                break
    stopper.restore_best(program)
    return history


def _learning_rates(options: TrainingOptions, n_batches: int) -> np.ndarray:
    """Return the learning rate of every step, (max_iter, n_batches), float32."""
    n_steps = options.max_iter * n_batches
    rates = np.full(n_steps, options.learning_rate_init)
    if options.learning_rate == "cosine":
        step = np.arange(n_steps)
        rates *= 0.5 * (1 + np.cos(np.pi * step / n_steps))
        rates *= np.minimum(1.0, (step + 1) / min(_WARM_UP_STEPS, n_steps))
    return rates.reshape(options.max_iter, n_batches).astype(np.float32)


def _repays_xla(
    program: TrainingProgram, options: TrainingOptions, n_batches: int
) -> bool:
    # Forward and backward pass take six operations for each weight and row.
    flops = 6 * program.n_weights * program.plan.n_members * options.batch_size
    step = _STEP_OVERHEAD_SECONDS + flops / _FLOPS_PER_SECOND
    return options.max_iter * n_batches * step > _XLA_SECONDS


def _visit(rows: TrainingRows, rng: np.random.Generator) -> np.ndarray:
    """Return the rows of one epoch in random order, each as often as it weighs.

    Systematic sampling: whole-number weights are met exactly.
    """
    n, total = rows.n_visits, rows.visits.sum()
    if n == len(rows.visits) and (rows.visits == 1).all():
        return rng.permutation(n).astype(np.int32)
    points = (np.arange(n) + rng.uniform(0.25, 0.75)) * (total / n)
    visited = np.searchsorted(np.cumsum(rows.visits), points, side="right")
    return rng.permutation(np.minimum(visited, len(rows.visits) - 1)).astype(np.int32)


def _as_batches(visited: np.ndarray, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and weights of batches; a ragged last one is filled, at no weight."""
    n_batches = math.ceil(len(visited) / batch_size)
    batches = np.resize(visited, (n_batches, batch_size))
    weights = np.ones(batches.shape, dtype=np.float32)
    weights.ravel()[len(visited) :] = 0.0
    return batches, weights


def _validator(
    program: TrainingProgram,
    rows: TrainingRows,
    options: TrainingOptions,
    settings: dict[str, Any],
    rng: np.random.Generator,
) -> Any:
    """Return a function that gives the loss on the held-out rows, if there are any."""
    import tensorflow as tf

    if rows.Z_held_out is None:
        return None
    Z = tf.constant(rows.Z_held_out)
    batches, weights = _as_batches(
        np.arange(len(rows.Z_held_out), dtype=np.int32), options.batch_size
    )
    # The same noise in every epoch, so that losses compare.
    seed = tf.constant(int(rng.integers(2**31)), dtype=tf.int32)
    return lambda: float(program.evaluate(Z, batches, weights, settings, seed))


class _EarlyStopping:
    """Remembers the best epoch and tells when waiting for a better one is over."""

    def __init__(self, options: TrainingOptions) -> None:
        self.options = options
        self.best = math.inf
        self.reference = math.inf
        self.waited = 0
        self.snapshot: list[np.ndarray] | None = None

    def should_stop(self, history: dict[str, list[float]], program: Any) -> bool:
        loss = history.get("val_loss", history["loss"])[-1]
        if loss < self.best:
            self.best, self.snapshot = loss, program.snapshot()
        if loss < self.reference - self.options.tol:
            self.reference, self.waited = loss, 0
        else:
            self.waited += 1
        return self.waited >= self.options.n_iter_no_change

    def restore_best(self, program: Any) -> None:
        if self.snapshot is not None:
            program.restore(self.snapshot)
