"""The distinct rows of a fit, and which of them are held out of training."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .distinct_rows import DistinctRows

# Fewer held-out rows than this say nothing: the training rows stand in for them.
_MIN_HELD_OUT = 5


class FitRows(NamedTuple):
    """The distinct rows of a fit.

    Parameters
    ----------
    rows : DistinctRows
    Z : ndarray of shape (n_distinct, n_encoded)
        The rows, encoded.
    training, held_out : ndarray of int
        Positions of the rows that train the network and of those that do not. All
        rows are both where holding some out would leave too few.
    """

    rows: DistinctRows
    Z: np.ndarray
    training: np.ndarray
    held_out: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """How often each row counts."""
        return self.rows.weights

    @property
    def holds_out(self) -> bool:
        """Whether there are rows that do not train the network."""
        return self.held_out is not self.training


def split_rows(
    rows: DistinctRows, Z: np.ndarray, held_out: float, rng: np.random.Generator
) -> FitRows:
    """Hold a share of the rows out of training.

    Parameters
    ----------
    rows : DistinctRows
    Z : ndarray of shape (n_distinct, n_encoded)
    held_out : float
        Share of the rows, in [0, 1).
    rng : numpy.random.Generator
    """
    n_rows = len(Z)
    n_held_out = round(held_out * n_rows)
    if n_held_out < _MIN_HELD_OUT:
        every = np.arange(n_rows)
        return FitRows(rows, Z, every, every)
    order = rng.permutation(n_rows)
    return FitRows(rows, Z, np.sort(order[n_held_out:]), np.sort(order[:n_held_out]))
