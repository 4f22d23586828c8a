"""What all that is usual has in common: how many rows, and how many without a value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Usual:
    """What training rows showed of one column.

    Parameters
    ----------
    n_rows : float
        Training rows, each as often as it weighs.
    n_missing : float
        Those without a value.
    """

    n_rows: float
    n_missing: float

    def check(self) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        if not 0 <= self.n_missing <= self.n_rows < np.inf:
            raise ValueError("what is usual counts rows that cannot be")


def check_counts(*counts: np.ndarray) -> None:
    """Raise a `ValueError` unless arrays could count rows."""
    for array in counts:
        if array.ndim != 1 or not (np.isfinite(array).all() and (array >= 0).all()):
            raise ValueError("what is usual has counts that no rows could have")
