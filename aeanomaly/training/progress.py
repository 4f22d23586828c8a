"""A progress line on standard error, for whoever waits for training."""

from __future__ import annotations

import sys
import time

from .observers import Observer

_BAR_WIDTH = 24


class EpochProgress(Observer):
    """Shows epoch, losses and remaining time.

    On a terminal one line is written over and over; elsewhere, one at the end.

    Parameters
    ----------
    n_epochs : int
    """

    def __init__(self, n_epochs: int) -> None:
        self._n_epochs = n_epochs
        self._line = ""
        self._start = time.monotonic()

    def end_epoch(self, epoch: int, losses: dict[str, float]) -> bool:
        """Show an epoch's losses."""
        filled = _BAR_WIDTH * (epoch + 1) // self._n_epochs
        bar = "#" * filled + "." * (_BAR_WIDTH - filled)
        self._line = self._words(epoch, losses, f" [{bar}]")
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{self._line}\x1b[K")
            sys.stderr.flush()
        return False

    def _words(self, epoch: int, losses: dict[str, float], bar: str = "") -> str:
        """Return epoch, losses and times in words."""
        done, n_epochs = epoch + 1, self._n_epochs
        elapsed = time.monotonic() - self._start
        left = elapsed / done * (n_epochs - done)
        values = "  ".join(f"{name} {value:.4g}" for name, value in losses.items())
        return (
            f"epoch {done}/{n_epochs}{bar} {values}  {elapsed:.1f} s, {left:.1f} s left"
        )

    def end_training(self) -> None:
        """End the line."""
        if self._line:
            sys.stderr.write("\n" if sys.stderr.isatty() else f"{self._line}\n")

    def fail_training(self) -> None:
        """End the line before the error is shown."""
        self.end_training()
