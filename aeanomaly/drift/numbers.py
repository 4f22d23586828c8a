"""Columns of numbers, watched: counts between the values that the model knows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..scoring.scorer import Scorer
from ..scoring.usual import UsualNumbers
from .comparison import Comparison
from .logarithmic import LogHistogram, log_bins
from .sizes import wasserstein
from .watched import Watched

# Cells of the tests, and those of the stability index (with one for missing values).
_N_CELLS, _N_INDEX_CELLS = 32, 10
# Rows of which `fit` took quantiles; see `aeanomaly.fitting.usual`.
_QUANTILE_ROWS = 20_000
# What lies outside is summed in whole parts of this many to the range, so that sums do
# not depend on the order of their terms; farther out than so many ranges is as far.
_PARTS, _FARTHEST = 2.0**20, 2.0**20
# So near to a bound, in ranges, a value is on it: restored ones carry rounding. So near
# it may have got by itself, as ages do that grow with time.
_NEAR, _MARGIN = 1e-6, 0.05
# So many rows at least, such a part of them, and of those outside such a share, are of
# a value that stands for something.
_FAR_ROWS, _FAR_PART, _FAR_SHARE = 5, 0.005, 0.8
# Decimals are those with which so many of the training rows can be written.
_SHARE_WRITTEN = 0.98


_COUNTS = (
    *("n_below", "n_above", "n_far_below", "n_far_above"),
    *("_parts_outside", "n_fine", "n_whole"),
)


class End(NamedTuple):
    """The least or the greatest value, and in how many rows it is."""

    value: float
    n_rows: int

    def or_also(self, other: End, least: bool) -> End:
        """Return the end of both."""
        if self.value == other.value:
            return End(self.value, self.n_rows + other.n_rows)
        return self if (self.value < other.value) == least else other


class WatchedNumbers(Watched):
    """A column of numbers.

    Parameters
    ----------
    scorer : Scorer
    position : int
    kept : ndarray of shape (n_kept, n_encoded) or None
        Training rows.

    Attributes
    ----------
    at : ndarray of shape (n_values,)
        Ascending values that the model knows of.
    reached : ndarray of shape (n_values,)
        Share of the known values up to each.
    n_before : float
        Rows that say so.
    counts : ndarray of shape (n_values,), int
        Rows now that are nearest to each, up to the middle between two.
    histogram : LogHistogram
        Of the values now.
    """

    def __init__(self, scorer: Scorer, position: int, kept: np.ndarray | None) -> None:
        super().__init__(scorer, position)
        usual = scorer.usual_of(position)
        assert isinstance(usual, UsualNumbers)
        self.usual = usual
        self.known_missing = tuple(getattr(self.column, "missing_values", ()))
        values = None
        if kept is not None and self.column.n_linear:
            values = kept_numbers(scorer, position, kept)
        self._set_reference(usual, values)
        self._set_cells(values)
        self.low, self.high = usual.bounds
        self._part = max(self.high - self.low, 1e-9 * abs(self.high), 1e-300) / _PARTS
        self.counts = np.zeros(len(self.at), dtype=np.int64)
        self.n_below = self.n_above = self._parts_outside = 0
        self.n_far_below = self.n_far_above = 0
        self.n_fine = self.n_whole = 0
        self.least, self.greatest = End(np.inf, 0), End(-np.inf, 0)
        self.histogram = LogHistogram()

    def _set_reference(self, usual: UsualNumbers, values: np.ndarray | None) -> None:
        n_known = usual.n_rows - usual.n_missing
        if usual.counts is not None:
            at, rows = usual.counts
            reached, self.n_before = np.cumsum(rows) / rows.sum(), n_known
        elif values is not None and np.isfinite(values).any():
            at = np.sort(values[np.isfinite(values)])
            reached, self.n_before = np.arange(1, len(at) + 1) / len(at), len(at)
        else:
            reached, at = (
                np.array(part) for part in zip(*usual.quantiles, strict=True)
            )
            self.n_before = min(n_known, _QUANTILE_ROWS)
        self.at, last = np.unique(at, return_index=True)
        self.reached = reached[np.append(last[1:] - 1, len(reached) - 1)]
        # Restored values carry rounding: steps are looked at in the middle.
        self._edges = (self.at[1:] + self.at[:-1]) / 2

    def _set_cells(self, values: np.ndarray | None) -> None:
        shares = np.diff(self.reached, prepend=0.0)
        middles = self.reached - shares / 2
        self.cells, self.index_cells = (
            np.unique((middles * size).astype(int), return_inverse=True)[1]
            for size in (_N_CELLS, _N_INDEX_CELLS)
        )
        self.masses = shares * self.n_before
        # The place of each kept row, -1 where missing.
        self._kept_places = None
        if values is not None:
            places = np.searchsorted(self._edges, values)
            self._kept_places = np.where(np.isfinite(values), places, -1)

    # --- Now ---

    def add(self, values: Any, hours: np.ndarray | None) -> None:
        """Count the values of some rows."""
        numbers = np.asarray(self.column.canonical(values, self.name), dtype=np.float64)
        known = np.isfinite(numbers) & ~np.isin(numbers, self.known_missing)
        self.count_missing(~known, hours)
        numbers = numbers[known]
        if not len(numbers):
            return
        places = np.searchsorted(self._edges, numbers)
        self.counts += np.bincount(places, minlength=len(self.at))
        self._add_outside(numbers)
        self._add_decimals(numbers)
        for name, value in ("least", numbers.min()), ("greatest", numbers.max()):
            end = End(float(value), int((numbers == value).sum()))
            setattr(self, name, getattr(self, name).or_also(end, name == "least"))
        self.histogram.add(numbers)

    def _add_outside(self, numbers: np.ndarray) -> None:
        size = self._part * _PARTS
        near, far = _NEAR * size, _MARGIN * size
        self.n_below += int((numbers < self.low - near).sum())
        self.n_above += int((numbers > self.high + near).sum())
        # A sign that no training row had is far, however small the number.
        others = (numbers < -near if self.low >= 0 else numbers < self.low - far).sum()
        self.n_far_below += int(others)
        others = (numbers > near if self.high <= 0 else numbers > self.high + far).sum()
        self.n_far_above += int(others)
        excess = np.maximum(numbers - self.at[-1], self.at[0] - numbers)
        out = excess[excess > near]
        parts = np.rint(np.minimum(out / self._part, _PARTS * _FARTHEST))
        # Whole numbers, each of at most 2 ** 40: their sum is exact.
        self._parts_outside += int(parts.astype(np.int64).sum())

    def _add_decimals(self, numbers: np.ndarray) -> None:
        self.n_whole += int((np.rint(numbers) == numbers).sum())
        decimals = self.usual.decimals
        if decimals:
            coarse = np.round(numbers, decimals - 1)
            tolerance = 1e-9 * np.maximum(1.0, np.abs(numbers))
            self.n_fine += int((np.abs(coarse - numbers) > tolerance).sum())

    def merge(self, other: Any) -> None:
        """Count what another part of the same table counted."""
        super().merge(other)
        self.counts += other.counts
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.least = self.least.or_also(other.least, True)
        self.greatest = self.greatest.or_also(other.greatest, False)
        self.histogram.merge(other.histogram)

    # --- Compared ---

    def comparisons(self, weights: np.ndarray | None) -> list[Comparison]:
        """Return what is compared; see `Watched.comparisons`."""
        n_now = self.n_rows - self.n_missing
        n_known = self.usual.n_rows - self.usual.n_missing
        outside = self.n_far_below + self.n_far_above
        found = [
            Comparison(
                "values",
                "ordered",
                np.bincount(self.cells, self.masses),
                np.bincount(self.cells, self.counts).astype(np.int64),
                self._matched(self.cells, weights),
            ),
            self.missing(self.usual.n_missing, self.usual.n_rows),
        ]
        if n_known > 1:
            # The least and the greatest of n rows leave 2 of n + 1 places outside.
            before, now = [1.0, n_known - 1.0], [outside, n_now - outside]
            found.append(
                Comparison("outside", "excess", np.array(before), np.array(now))
            )
        return found

    def index_comparison(self, weights: np.ndarray | None) -> Comparison:
        """Return the cells of the stability index, the last of them missing values."""
        shares = self.masses / self.masses.sum()
        n_missing = self.usual.n_missing / max(self.usual.n_rows, 1.0) * self.n_before
        matched = self._matched(self.index_cells, weights)
        return Comparison(
            "index",
            "cells",
            np.append(
                np.bincount(self.index_cells, shares) * (self.n_before - n_missing),
                n_missing,
            ),
            np.append(
                np.bincount(self.index_cells, self.counts).astype(np.int64),
                self.n_missing,
            ),
            None
            if matched is None or weights is None or self._kept_places is None
            else np.append(matched, weights[self._kept_places < 0].sum()),
        )

    def _matched(
        self, cells: np.ndarray, weights: np.ndarray | None
    ) -> np.ndarray | None:
        if weights is None or self._kept_places is None:
            return None
        known = self._kept_places >= 0
        return np.bincount(
            cells[self._kept_places[known]],
            weights[known],
            minlength=int(cells.max()) + 1,
        )

    def log_p_written(self) -> float:
        """Return the log p-value of a column that has lost its last decimal."""
        n_now = self.n_rows - self.n_missing
        if not self.usual.decimals or self.n_fine:
            return 0.0
        return n_now * float(np.log(_SHARE_WRITTEN))

    @property
    def stays_whole(self) -> bool:
        """Whether all numbers were whole, and are."""
        return self.usual.decimals == 0 and self.n_whole == self.n_rows - self.n_missing

    def distance(self) -> float:
        """Return Wasserstein's distance, in the column's units."""
        n_now = self.n_rows - self.n_missing
        if not n_now:
            return 0.0
        reached = np.cumsum(self.counts) / n_now
        outside = self._parts_outside * self._part / n_now
        return wasserstein(self.at, self.reached, reached, outside)

    @property
    def far_value(self) -> End | None:
        """The one value that rows below the training range have, or those above."""
        n_known = self.n_rows - self.n_missing
        least = max(_FAR_ROWS, _FAR_PART * n_known)
        for n, end in (self.n_below, self.least), (self.n_above, self.greatest):
            if n and end.n_rows >= max(least, _FAR_SHARE * n):
                return end
        return None

    @property
    def constant(self) -> float | None:
        """The one value that all rows now have; None if there are more."""
        return self.least.value if self.least.value == self.greatest.value else None

    def quantile_now(self, share: float) -> float:
        """Return a quantile of the values now: one that the model knows, if it can."""
        n_now = self.counts.sum()
        reached = np.cumsum(self.counts) / n_now
        place = int(np.searchsorted(reached, share - 1e-12))
        value = float(self.at[min(place, len(self.at) - 1)])
        if self.n_above > (1 - share) * n_now or self.n_below >= share * n_now:
            return self.histogram.quantile(share)
        return value

    def quantile_before(self, share: float) -> float:
        """Return a quantile of the training rows."""
        place = int(np.searchsorted(self.reached, share - 1e-12))
        return float(self.at[min(place, len(self.at) - 1)])

    def log_bins_before(self, factor: float = 1.0) -> np.ndarray:
        """Return how the training rows, times a factor, lie in a `LogHistogram`."""
        return log_bins(self.at * factor, self.masses / self.masses.sum())


def kept_numbers(scorer: Scorer, position: int, kept: np.ndarray) -> np.ndarray:
    """Return the values that kept rows have of a column, NaN where missing."""
    encoding = scorer.encoding
    column = encoding.columns[position]
    values = encoding.restore(kept)[position].astype(np.float64)
    if column.has_indicator:
        encoded = np.flatnonzero(encoding.encoded_columns == position)
        values = np.where(kept[:, encoded[-1]] <= 0, values, np.nan)
    return values
