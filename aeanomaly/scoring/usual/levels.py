"""What is usual in a column of levels, and how probable its levels are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .base import Usual, check_counts

_TINY = 1e-12


@dataclass(frozen=True)
class UsualLevels(Usual):
    """What training rows showed of a column of strings, categories or booleans.

    What the other columns let expect of a level is a line: right on the whole, too sure
    of itself, and without bounds in rows far out. A level's probability is therefore
    its share of all rows, plus `shrinkage` times what the line adds to it; and it adds
    no more than it did in training rows. The shrinkage is that of the least squared
    error in rows that the line had not seen: zero for levels that depend on nothing.
    How often each level was there, its column knows.

    Parameters
    ----------
    n_rows, n_missing : float
        As in `Usual`.
    encoded : ndarray of shape (3, n_encoded)
        Of each encoded column its share of the rows, and its least and greatest
        prediction.
    shrinkage : float
        From 0, the shares alone, to 1, the prediction.
    """

    encoded: np.ndarray
    shrinkage: float

    @staticmethod
    def fitted_shrinkage(
        predicted: np.ndarray, shown: np.ndarray, weights: np.ndarray, shares: Any
    ) -> float:
        """Return the shrinkage of the least squared error.

        Parameters
        ----------
        predicted, shown : ndarray of shape (n_rows, n_encoded)
            Predicted probabilities, and levels as zeros and ones.
        weights : ndarray of shape (n_rows,)
        shares : ndarray of shape (n_encoded,)
        """
        added = predicted - shares
        gain = weights @ np.einsum("ij,ij->i", added, shown - shares)
        size = weights @ np.einsum("ij,ij->i", added, added)
        return float(np.clip(gain / size, 0.0, 1.0)) if size > _TINY else 0.0

    def probabilities(self, predicted: np.ndarray) -> np.ndarray:
        """Return the probability of each encoded column.

        Parameters
        ----------
        predicted : ndarray of shape (n_samples, n_encoded)
            What the other columns let expect.

        Returns
        -------
        ndarray of shape (n_samples, n_encoded)
        """
        shares, least, greatest = self.encoded
        bounded = np.clip(as_probabilities(predicted), least, greatest)
        return np.asarray(shares + self.shrinkage * (bounded - shares))

    def check(self) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        super().check()
        if self.encoded.ndim != 2 or len(self.encoded) != 3:
            raise ValueError("what is usual needs a share of each encoded level")
        check_counts(*self.encoded)
        if not 0 <= self.shrinkage <= 1:
            raise ValueError(f"probabilities cannot be shrunk by {self.shrinkage}")


def as_probabilities(predicted: np.ndarray) -> np.ndarray:
    """Return predictions without what is below zero, or sums to more than one."""
    positive = np.clip(predicted, 0.0, None)
    total = np.maximum(positive.sum(axis=1, keepdims=True), 1.0)
    return np.asarray(positive / total)
