"""How the loss fell while the networks were trained."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .drawing import SERIES, new_axes, tidy

_NAMES = {"loss": "training rows", "val_loss": "held-out rows"}


class HistoryDisplay:
    """Loss after each epoch, of the rows trained on and of those held out.

    Networks that are trained together share a loss, the mean over them.

    Parameters
    ----------
    epochs : ndarray of shape (n_epochs,), int
        From 1.
    losses : dict of str to ndarray of shape (n_epochs,)
        By what the rows are called.

    Attributes
    ----------
    ax_ : matplotlib Axes
        After `plot`.
    figure_ : matplotlib Figure
        After `plot`.

    Examples
    --------
    >>> from aeanomaly.displays import HistoryDisplay
    >>> display = HistoryDisplay.from_history({"loss": [3.0, 2.0], "val_loss": [4, 3]})
    >>> display.losses["held-out rows"]
    array([4., 3.])
    """

    def __init__(self, *, epochs, losses):
        self.epochs = epochs
        self.losses = losses

    @classmethod
    def from_estimator(cls, estimator: Any) -> HistoryDisplay:
        """Take the losses that an estimator kept.

        Parameters
        ----------
        estimator : AutoencoderOutlierDetector or AutoencoderTransformer
            Fitted.
        """
        check_is_fitted(estimator)
        return cls.from_history(estimator.history_)

    @classmethod
    def from_history(cls, history: Any) -> HistoryDisplay:
        """Take the losses of a ``history_``.

        Parameters
        ----------
        history : mapping of str to list of float
        """
        losses = {
            _NAMES.get(name, name): np.asarray(values, dtype=np.float64)
            for name, values in history.items()
        }
        n_epochs = max((len(values) for values in losses.values()), default=0)
        return cls(epochs=np.arange(1, n_epochs + 1), losses=losses)

    def plot(self, ax: Any = None) -> HistoryDisplay:
        """Draw a line for each set of rows.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
        """
        ax = tidy(new_axes(ax))
        styles = ("-", "--", ":")
        for i, (name, values) in enumerate(self.losses.items()):
            # Few epochs are points as well, so that each can be seen.
            marker = "o" if len(values) <= 20 else None
            ax.plot(
                self.epochs[: len(values)],
                values,
                color=SERIES[i % len(SERIES)],
                linestyle=styles[i % 3],
                marker=marker,
                markersize=4,
                label=name,
            )
        ax.set(xlabel="epoch", ylabel="loss, mean over the networks")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.legend(frameon=False)
        self.ax_, self.figure_ = ax, ax.figure
        return self
