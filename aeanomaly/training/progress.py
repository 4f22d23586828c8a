"""A progress line on standard error, for whoever waits for training."""

from __future__ import annotations

import sys
import time
from types import TracebackType

_BAR_WIDTH = 24


class EpochProgress:
    """Shows epoch, losses and remaining time; silent with ``verbose=0``.

    On a terminal one line is written over and over; elsewhere, one at the end.

    Parameters
    ----------
    n_epochs : int
    verbose : int
    """

    def __init__(self, n_epochs: int, verbose: int) -> None:
        self.n_epochs = n_epochs
        self.verbose = verbose
        self.epoch = 0
        self.line = ""
        self.start = time.monotonic()

    def __enter__(self) -> EpochProgress:
        return self

    def advance(self, losses: dict[str, float]) -> None:
        """Count one epoch and show its losses."""
        if not self.verbose:
            return
        self.epoch += 1
        elapsed = time.monotonic() - self.start
        left = elapsed / self.epoch * (self.n_epochs - self.epoch)
        filled = _BAR_WIDTH * self.epoch // self.n_epochs
        bar = "#" * filled + "." * (_BAR_WIDTH - filled)
        values = "  ".join(f"{name} {value:.4g}" for name, value in losses.items())
        self.line = (
            f"epoch {self.epoch}/{self.n_epochs} [{bar}] {values}  "
            f"{elapsed:.1f} s, {left:.1f} s left"
        )
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{self.line}\x1b[K")
            sys.stderr.flush()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.verbose and self.line:
            sys.stderr.write("\n" if sys.stderr.isatty() else f"{self.line}\n")
