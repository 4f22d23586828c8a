"""What watches a training run: the interface of progress, stopping and callbacks."""

from __future__ import annotations


class Observer:
    """Hears of a training run at both ends of each epoch; this one only listens.

    A run with observers trains epoch by epoch, one without them several epochs at a
    time.
    """

    def begin_epoch(self, epoch: int) -> float:
        """Return the factor of the learning rate in an epoch.

        Parameters
        ----------
        epoch : int
            Counted from zero.
        """
        return 1.0

    def end_epoch(self, epoch: int, losses: dict[str, float]) -> bool:
        """Take note of an epoch's losses; return whether it is to be the last one.

        Parameters
        ----------
        epoch : int
            Counted from zero.
        losses : dict of str to float
            "loss", and "val_loss" where rows are held out.
        """
        return False

    def end_training(self) -> None:
        """Finish after the last epoch of a run that did not fail."""

    def fail_training(self) -> None:
        """Leave things in order after an error in the middle of a run."""
