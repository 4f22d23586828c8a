"""The callbacks of scikit-learn, such as progress bars: what a fit tells them.

They came with scikit-learn 1.9. Under an older one estimators have no `set_callbacks`,
and nothing here does anything.
"""

from __future__ import annotations

from typing import Any

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # scikit-learn before 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands where scikit-learn has none."""


__all__ = ["CallbackSupportMixin", "FitTasks"]


class FitTasks:
    """The tasks of one fit, in scikit-learn's words: the fit, and below it its epochs.

    Parameters
    ----------
    estimator : BaseAutoencoder
        Its callbacks hear of the tasks. Those that judge a fitted estimator get one at
        the end of the fit only: within it there is no threshold yet.
    X, y : object
        What it is fitted on, for callbacks that ask.
    """

    def __init__(self, estimator: Any, X: Any, y: Any) -> None:
        self._estimator = estimator
        self._told = {"estimator": estimator, "X": X, "y": y}
        self._fit: Any = None

    def begin(self, n_epochs: int) -> list[Any]:
        """Announce the fit; return the observers of its epochs.

        Parameters
        ----------
        n_epochs : int
            At most so many are trained. It depends on the rows, and is not known
            before they are read, so the task of the fit begins here.
        """
        if not hasattr(self._estimator, "_init_callback_context"):
            return []
        self._fit = self._estimator._init_callback_context(max_subtasks=n_epochs)
        self._fit.call_on_fit_task_begin(**self._told)
        # Observed epochs are trained one by one, which takes longer.
        if not getattr(self._estimator, "_skl_callbacks", None):
            return []
        from .training.epoch_tasks import EpochTasks

        return [EpochTasks(self._fit, self._told)]

    def end(self) -> None:
        """Announce the end of a fit that did not fail."""
        if self._fit is not None:
            # Nothing is to be added to what the estimator now holds.
            self._fit.call_on_fit_task_end(**self._told, reconstruction_attributes={})
