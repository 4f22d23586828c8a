"""What is usual in a column of numbers."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property

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

    def count(self, value: float) -> float | None:
        """Return how many rows had a value; None where that was not counted."""
        if self.counts is None:
            return None
        return self._rows_of.get(value, 0.0)

    @cached_property
    def _rows_of(self) -> dict[float, float]:
        assert self.counts is not None
        return dict(zip(*self.counts.tolist(), strict=True))

    def share_below(self, value: float) -> float:
        """Return a share of the rows, more than half, that are less; zero for none."""
        shares, values = self._halves[1]
        n_less = bisect_left(values, value)
        return shares[n_less - 1] if n_less else 0.0

    def share_above(self, value: float) -> float:
        """Return a share, more than half, that are greater; zero for none."""
        shares, values = self._halves[0]
        n_up_to = bisect_right(values, value)
        return 1 - shares[n_up_to] if n_up_to < len(values) else 0.0

    @cached_property
    def _halves(self) -> tuple[tuple[list[float], list[float]], ...]:
        """Shares and values of the quantiles below the median and above."""
        low = [pair for pair in self.quantiles if pair[0] < 0.5]
        high = [pair for pair in self.quantiles if pair[0] > 0.5]
        return tuple(
            ([s for s, _ in half], [v for _, v in half]) for half in (low, high)
        )

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
