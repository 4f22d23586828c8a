"""How the loss fell while the networks were trained."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .drawing import SERIES, new_axes, tidy

_NAMES = {"loss": "training rows", "val_loss": "held-out rows"}
_OF_ONE_NETWORK = re.compile(r"(val_)?network_(\d+)_loss")


class HistoryDisplay:
    """Loss after each epoch, of the rows trained on and of those held out.

    Of networks that are trained together a thin line each, and their mean.

    Parameters
    ----------
    epochs : ndarray of shape (n_epochs,), int
        From 1.
    losses : dict of str to ndarray of shape (n_epochs,)
        By what the rows are called; means over the networks.
    networks : dict of str to ndarray of shape (n_networks, n_epochs)
        Losses of each network, by what the rows are called. Empty for a single one.

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

    def __init__(self, *, epochs, losses, networks):
        self.epochs = epochs
        self.losses = losses
        self.networks = networks

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
        losses: dict[str, np.ndarray] = {}
        networks: dict[str, list[np.ndarray]] = {}
        for name, values in history.items():
            values = np.asarray(values, dtype=np.float64)
            if found := _OF_ONE_NETWORK.fullmatch(name):
                rows = _NAMES[f"{found[1] or ''}loss"]
                networks.setdefault(rows, []).append(values)
            else:
                losses[_NAMES.get(name, name)] = values
        n_epochs = max((len(values) for values in losses.values()), default=0)
        return cls(
            epochs=np.arange(1, n_epochs + 1),
            losses=losses,
            networks={rows: np.stack(curves) for rows, curves in networks.items()},
        )

    def plot(self, ax: Any = None) -> HistoryDisplay:
        """Draw a line for each set of rows, and thin ones for single networks.

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
                label=f"{name}, mean of networks" if name in self.networks else name,
            )
            for curve in self.networks.get(name, ()):
                ax.plot(
                    self.epochs[: len(curve)],
                    curve,
                    color=SERIES[i % len(SERIES)],
                    linestyle=styles[i % 3],
                    linewidth=0.7,
                    alpha=0.5,
                )
        ax.set(xlabel="epoch", ylabel="loss")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.legend(frameon=False)
        self.ax_, self.figure_ = ax, ax.figure
        return self
