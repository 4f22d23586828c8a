"""Epochs as tasks of which the callbacks of scikit-learn hear."""

from __future__ import annotations

from typing import Any

from .observers import Observer


class EpochTasks(Observer):
    """Announces the beginning and the end of each epoch; any callback may stop.

    Parameters
    ----------
    fit : sklearn.callback.CallbackContext
        The task that the epochs belong to.
    told : dict of str to object
        What the callbacks are told of every task.
    """

    def __init__(self, fit: Any, told: dict[str, Any]) -> None:
        self._fit, self._told = fit, told
        self._epoch: Any = None

    def begin_epoch(self, epoch: int) -> float:
        """Announce an epoch."""
        self._epoch = self._fit.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._told)
        return 1.0

    def end_epoch(self, epoch: int, losses: dict[str, float]) -> bool:
        """Announce the end of an epoch; return whether a callback stops training."""
        return bool(self._epoch.call_on_fit_task_end(**self._told))
