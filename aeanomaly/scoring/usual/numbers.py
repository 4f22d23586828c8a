"""What is usual in a column of numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import Usual, check_counts
from .ranges import ExpectedRange


@dataclass(frozen=True)
class UsualNumbers(Usual):
    """What training rows showed of a column of numbers.

    Parameters
    ----------
    n_rows, n_missing : float
        As in `Usual`.
    expected : ExpectedRange or None
        None where there is nothing to expect it from.
    decimals : int or None
        Digits after the point that all values can be written with; None for more
        than six.
    quantiles : tuple of (float, float)
        Shares of the rows, ascending from 0 to 1, and the values that they do not
        exceed. None where no value is known.
    counts : ndarray of shape (2, n_values) or None
        Each value, ascending, and its rows; None where there are many values.
    """

    expected: ExpectedRange | None
    decimals: int | None
    quantiles: tuple[tuple[float, float], ...]
    counts: np.ndarray | None

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and greatest value; NaN where there was none."""
        if not self.quantiles:
            return np.nan, np.nan
        return self.quantiles[0][1], self.quantiles[-1][1]

    def counts_of(self, values: np.ndarray) -> np.ndarray:
        """Return how many rows had each of some values, where values were counted."""
        assert self.counts is not None
        known, rows = self.counts
        places = np.minimum(np.searchsorted(known, values), len(known) - 1)
        return np.where(known[places] == values, rows[places], 0.0)

    def tails(self, values: np.ndarray) -> np.ndarray:
        """Return how large a share of the rows is less than each value, if over half.

        With a minus, the share that is greater, if that is over half. Else zero.
        """
        shares, ends = np.array(self.quantiles).reshape(-1, 2).T
        low, high = shares < 0.5, shares > 0.5
        below = np.append(0.0, shares[high])[np.searchsorted(ends[high], values)]
        above = np.append(1.0 - shares[low], 0.0)[
            np.searchsorted(ends[low], values, side="right")
        ]
        return np.where(below > 0, below, -above)

    def check(self) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        super().check()
        if self.counts is not None:
            if self.counts.ndim != 2 or len(self.counts) != 2:
                raise ValueError("what is usual needs a count for each of its values")
            check_counts(self.counts[1])
        if self.decimals is not None and not 0 <= self.decimals <= 6:
            raise ValueError(f"numbers cannot have {self.decimals} decimals")
        if self.expected is not None:
            self.expected.check()
