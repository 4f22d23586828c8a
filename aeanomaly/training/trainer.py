"""Training: epochs of a compiled program, from rows to a frozen network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..scoring.networks.forks import use_tensorflow
from .callbacks import EpochCallbacks
from .device import CPU, NAMES, best_device, has_gpu, on_device
from .early_stopping import EarlyStopping
from .freezing import freeze
from .notebook_progress import epoch_progress
from .observers import Observer
from .programs import ProgramPlan, Session, TrainingProgram, get_program
from .steps import Steps
from .xla import repays_xla

# Epochs that nobody watches run in one call, up to this many visits of a row: enough
# to forget what a call costs, and over in a fraction of a second.
_VISITS_PER_CALL = 2**18

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
    shares : ndarray of shape (n_samples, n_members) or None
        How much of a visit to a row counts for each member, in [0, 1]. None for all.
    held_out_shares : ndarray of shape (n_held_out, n_members) or None
        The same of the held-out rows.
    """

    Z: np.ndarray
    visits: np.ndarray
    n_visits: int
    Z_held_out: np.ndarray | None = None
    shares: np.ndarray | None = None
    held_out_shares: np.ndarray | None = None


@dataclass
class TrainingResult:
    """What a training run leaves behind.

    Parameters
    ----------
    network : Network or KerasNetwork
    history : dict of str to list of float
        "loss", and "val_loss" where rows were held out; one value an epoch, the mean
        over the networks. Of more than one network also "network_1_loss",
        "val_network_1_loss" and so on.
    n_iter : int
        Number of epochs that were run.
    state : list of ndarray
        Weights and optimizer state, from which another run can go on.
    device : {"cpu", "gpu"}
        What trained it.
    """

    network: Any
    history: dict[str, list[float]] = field(default_factory=dict)
    n_iter: int = 0
    state: list[np.ndarray] = field(default_factory=list)
    device: str = NAMES[CPU]


def train(
    plan: ProgramPlan,
    rows: TrainingRows,
    options: TrainingOptions,
    rng: np.random.Generator,
    *,
    callbacks: Sequence[Any] | None = None,
    observers: Sequence[Observer] = (),
    state: list[np.ndarray] | None = None,
) -> TrainingResult:
    """Train the network of a plan on encoded rows.

    The result depends on the arguments only, not on what was trained before.

    Parameters
    ----------
    plan : ProgramPlan
    rows : TrainingRows
    options : TrainingOptions
    rng : numpy.random.Generator
        Draws initial weights, the order of the rows and the seeds of noise.
    callbacks : sequence of keras.callbacks.Callback, default=None
        See `EpochCallbacks`.
    observers : sequence of Observer, default=()
        What else hears of the epochs.
    state : list of ndarray, default=None
        Of the `TrainingResult` of the same plan from which to go on; None begins with
        new weights.

    Returns
    -------
    TrainingResult
    """
    use_tensorflow()
    program = _program(plan, rows, options)
    with program.lock, on_device(program.device):
        if state is None:
            program.reset(rng)
        else:
            program.restore(state)
        # The cached program's own architecture may have other settings.
        settings = plan.architecture.settings()
        run = _Run(program, settings, rows, options, rng)
        asked_for = _observers(program, options, callbacks or ())
        history = run.train([*observers, *asked_for])
        network = plan.architecture.freeze(freeze(program))
        return TrainingResult(
            network,
            history,
            n_iter=len(history["loss"]),
            state=program.snapshot(),
            device=NAMES[program.device],
        )


def _program(
    plan: ProgramPlan, rows: TrainingRows, options: TrainingOptions
) -> TrainingProgram:
    """Return the program of a plan on the device that runs it sooner."""
    program = get_program(plan)
    if not has_gpu():
        return program
    n_steps = options.max_iter * _n_batches(rows, options)
    device = best_device(program.n_multiplications, options.batch_size, n_steps)
    return program if device == program.device else get_program(plan, device)


def _n_batches(rows: TrainingRows, options: TrainingOptions) -> int:
    return math.ceil(rows.n_visits / options.batch_size)


class _Run:
    """One training run of a program, which the caller has locked."""

    def __init__(
        self,
        program: TrainingProgram,
        settings: dict[str, float],
        rows: TrainingRows,
        options: TrainingOptions,
        rng: np.random.Generator,
    ) -> None:
        self.program, self.settings = program, settings
        self.rows, self.options, self.rng = rows, options, rng
        self.n_batches = _n_batches(rows, options)
        self.rates = _learning_rates(options, self.n_batches)
        self.history: dict[str, list[float]] = {"loss": []}
        if rows.Z_held_out is not None:
            self.history["val_loss"] = []
        # What observers hear of.
        self.means = tuple(self.history)

    def train(self, observers: Sequence[Observer]) -> dict[str, list[float]]:
        """Run epochs until the last one, or until somebody stops; return the losses."""
        try:
            self._run_all_epochs(observers)
        except BaseException:
            for observer in observers:
                observer.fail_training()
            raise
        for observer in observers:
            observer.end_training()
        return self.history

    def _run_all_epochs(self, observers: Sequence[Observer]) -> None:
        session = self._session()
        n_epochs = self.options.max_iter
        unwatched = max(1, _VISITS_PER_CALL // self.rows.n_visits)
        n_together = 1 if observers else unwatched
        for first in range(0, n_epochs, n_together):
            epochs = range(first, min(first + n_together, n_epochs))
            factor = math.prod(o.begin_epoch(first) for o in observers)
            self._run_epochs(session, epochs, factor)
            losses = {name: self.history[name][-1] for name in self.means}
            # All hear of the epoch, even when one of them stops.
            stops = [o.end_epoch(first, losses) for o in observers]
            if any(stops):
                break

    def _session(self) -> Session:
        options, program = self.options, self.program
        n_steps = options.max_iter * self.n_batches
        return program.session(
            self.rows.Z,
            self.rows.Z_held_out,
            self.settings | {"alpha": options.alpha},
            int(self.rng.integers(2**31)),
            jit=repays_xla(program, n_steps),
            shares=self.rows.shares,
            held_out_shares=self.rows.held_out_shares,
        )

    def _run_epochs(self, session: Session, epochs: range, factor: float) -> None:
        """Train for some epochs and add their losses to the history."""
        visits = [
            _as_batches(_visit(self.rows, self.rng), self.options.batch_size)
            for _ in epochs
        ]
        steps = Steps(
            np.concatenate([batches for batches, _ in visits]),
            np.concatenate([n_rows for _, n_rows in visits]),
            self.rates[epochs.start : epochs.stop].ravel() * np.float32(factor),
            np.tile(np.arange(self.n_batches) == self.n_batches - 1, len(epochs)),
        )
        losses, losses_held_out = self.program.run(
            session, steps, epochs.start * self.n_batches
        )
        weighted = losses * steps.n_rows[:, None]
        by_epoch = weighted.reshape(len(epochs), self.n_batches, -1).sum(axis=1)
        self._note("loss", by_epoch / self.rows.n_visits)
        if "val_loss" in self.history:
            self._note("val_loss", losses_held_out)

    def _note(self, name: str, losses: np.ndarray) -> None:
        """Add losses of shape (n_epochs, n_members) to the history."""
        self.history[name] += losses.mean(axis=1, dtype=np.float64).tolist()
        if losses.shape[1] == 1:
            return
        kind = "val_" if name.startswith("val_") else ""
        for i, own in enumerate(losses.T, start=1):
            key = f"{kind}network_{i}_loss"
            self.history.setdefault(key, []).extend(own.tolist())


def _observers(
    program: TrainingProgram, options: TrainingOptions, callbacks: Sequence[Any]
) -> list[Observer]:
    """Return what the options and the callbacks ask for.

    Callbacks are the last, so that at the end they see the best weights, too.
    """
    observers: list[Observer] = []
    if options.verbose:
        observers.append(epoch_progress(options.max_iter))
    if options.early_stopping:
        patience = options.n_iter_no_change
        observers.append(EarlyStopping(program, patience, options.tol))
    if callbacks:
        rate = options.learning_rate_init
        observers.append(EpochCallbacks(callbacks, program, options.max_iter, rate))
    return observers


def _learning_rates(options: TrainingOptions, n_batches: int) -> np.ndarray:
    """Return the learning rate of every step, (max_iter, n_batches), float32."""
    n_steps = options.max_iter * n_batches
    rates = np.full(n_steps, options.learning_rate_init)
    if options.learning_rate == "cosine":
        step = np.arange(n_steps)
        rates *= 0.5 * (1 + np.cos(np.pi * step / n_steps))
        rates *= np.minimum(1.0, (step + 1) / min(_WARM_UP_STEPS, n_steps))
    return rates.reshape(options.max_iter, n_batches).astype(np.float32)


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
    """Return the rows of each batch, the last one filled, and how many count."""
    n_batches = math.ceil(len(visited) / batch_size)
    n_rows = np.full(n_batches, batch_size, dtype=np.int32)
    n_rows[-1] = len(visited) - (n_batches - 1) * batch_size
    return np.resize(visited, (n_batches, batch_size)), n_rows
