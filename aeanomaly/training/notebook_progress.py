"""A progress bar in a notebook, which goes when training ends."""

from __future__ import annotations

import sys
from typing import Any

from .progress import EpochProgress


def epoch_progress(n_epochs: int) -> EpochProgress:
    """Return what shows epochs here: a bar in a notebook, else a line.

    Parameters
    ----------
    n_epochs : int
    """
    return NotebookProgress(n_epochs) if in_notebook() else EpochProgress(n_epochs)


def in_notebook() -> bool:
    """Return whether a notebook's kernel runs this; IPython is not imported for it."""
    ipython: Any = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


class NotebookProgress(EpochProgress):
    """Shows a bar, losses and remaining time in one place below the cell.

    Parameters
    ----------
    n_epochs : int
    """

    def __init__(self, n_epochs: int) -> None:
        super().__init__(n_epochs)
        self._handle: Any = None

    def end_epoch(self, epoch: int, losses: dict[str, float]) -> bool:
        """Show an epoch's losses."""
        self._line = self._words(epoch, losses)
        bar = f'<progress value="{epoch + 1}" max="{self._n_epochs}"></progress>'
        self._show(f"{bar} <code>{self._line}</code>")
        return False

    def end_training(self) -> None:
        """Take the bar away."""
        if self._handle is not None:
            self._show("")

    def _show(self, html: str) -> None:
        from IPython.display import HTML, display

        if self._handle is None:
            self._handle = display(HTML(html), display_id=True)
        else:
            self._handle.update(HTML(html))
