"""The end of training when epochs no longer improve."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .observers import Observer


class EarlyStopping(Observer):
    """Ends training when waiting for a better epoch is over; restores the best one.

    It watches the loss of the held-out rows, or of the training rows where none are
    held out.

    Parameters
    ----------
    program : TrainingProgram
    n_iter_no_change : int
        Epochs without improvement by `tol` that are waited for.
    tol : float
        In loss units.
    """

    def __init__(self, program: Any, n_iter_no_change: int, tol: float) -> None:
        self._program = program
        self._patience, self._tol = n_iter_no_change, tol
        self._best = math.inf
        self._best_state: list[np.ndarray] | None = None
        # Small steps forward become the best epoch, but do not renew the patience.
        self._reference = math.inf
        self._waited = 0

    def end_epoch(self, epoch: int, losses: dict[str, float]) -> bool:
        """Take note of an epoch's loss; return whether it was the last one."""
        loss = losses.get("val_loss", losses["loss"])
        if loss < self._best:
            self._best, self._best_state = loss, self._program.snapshot()
        if loss < self._reference - self._tol:
            self._reference, self._waited = loss, 0
        else:
            self._waited += 1
        return self._waited >= self._patience

    def end_training(self) -> None:
        """Assign the weights of the best epoch."""
        if self._best_state is not None:
            self._program.restore(self._best_state)
