"""How rare the values of a row are, each column by itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, NamedTuple

import numpy as np

from ..encoding.table import TableEncoding
from ..evaluation import Evaluation
from .base import PartRows, ScorePart

# Added to the count of each bin and level (Laplace), so that none is impossible.
_PSEUDO_COUNT = 1.0
# Bins in units of the square root of the number of rows, and the most of them. More
# bins than that count noise: in small tables every row would be rare somewhere.
_BINS_A_ROOT = 1.5
_MAX_BINS = 40
# In bins: the surprise passes to that of the next bin in a ramp of this width, which
# ends below the edge: a value on an edge, where whole numbers often lie, belongs to the
# bin above it however it is rounded.
_RAMP = 0.03
_ABOVE_EDGE = 0.01


class _Places(NamedTuple):
    """Where values lie in a histogram; positions are those in the flattened block.

    Parameters
    ----------
    bins : ndarray of shape (n_samples, n_linear)
    ramping, way : ndarray
        Values that pass to the next bin, and how far they are on their way, 0 to 1.
    outside, beyond : ndarray
        Values outside the range, and how far, in bins.
    """

    bins: np.ndarray
    ramping: np.ndarray
    way: np.ndarray
    outside: np.ndarray
    beyond: np.ndarray


@dataclass(frozen=True)
class Marginal(ScorePart):
    """Mean over columns of minus the log density of the value.

    A histogram of equal bins for each linear encoded column, relative frequencies for
    the levels of each category. Just below an edge the surprise passes linearly to that
    of the next bin, so that it does not jump with the last digit of a value. Outside a
    column's training range the density is that of the outermost bin, divided by one
    plus the distance in bins: a far value is the more abnormal the farther it is. A
    value that training rows never showed adds its novelty. Network-free, hence robust
    against a network that learnt the anomalies (Goldstein and Dengel, "Histogram-based
    Outlier Score (HBOS)", KI 2012).

    Parameters
    ----------
    low, width : ndarray of shape (n_linear,)
        Lower edge of the first bin, and width of the bins.
    counts : ndarray of shape (n_linear, n_bins)
        Rows in each bin.
    level_counts : ndarray of shape (n_levels,)
        Rows of each encoded level, group after group.
    pseudo_count : float
        Added to the count of each bin and level.
    above_edge : float
        In bins: a value so little below an edge falls in the bin above it.
    ramp : float
        In bins: on this way, which ends there, the surprise passes from one bin to the
        next. Zero for none.
    """

    low: np.ndarray
    width: np.ndarray
    counts: np.ndarray
    level_counts: np.ndarray
    pseudo_count: float = _PSEUDO_COUNT
    above_edge: float = _ABOVE_EDGE
    ramp: float = _RAMP

    name: ClassVar[str] = "marginal"
    resolution: ClassVar[float] = 0.01

    @classmethod
    def fit(cls, rows: PartRows) -> Marginal:
        """Count encoded rows, each as often as it weighs."""
        return rows.once(cls, lambda: cls.of_rows(rows.Z, rows.weights, rows.encoding))

    @classmethod
    def of_rows(
        cls, Z: np.ndarray, weights: np.ndarray, encoding: TableEncoding
    ) -> Marginal:
        """Count encoded rows, for which no network is needed.

        Parameters
        ----------
        Z : ndarray of shape (n_samples, n_encoded)
        weights : ndarray of shape (n_samples,)
        encoding : TableEncoding
        """
        linear = Z[:, : encoding.n_linear]
        low, high = linear.min(axis=0), linear.max(axis=0)
        n_bins = min(_MAX_BINS, math.ceil(_BINS_A_ROOT * math.sqrt(len(Z))))
        width = np.where(high > low, (high - low) / n_bins, 1.0).astype(np.float32)
        counts = np.zeros((encoding.n_linear, n_bins), dtype=np.float32)
        marginal = cls(low, width, counts, weights @ Z[:, encoding.n_linear :])
        bins = marginal._places(linear).bins
        for column in range(encoding.n_linear):
            counts[column] = np.bincount(bins[:, column], weights, minlength=n_bins)
        return marginal

    @property
    def n_bins(self) -> int:
        """Number of bins of each column."""
        return self.counts.shape[1]

    @cached_property
    def surprise_of_bins(self) -> np.ndarray:
        """Surprise of each bin of each linear column, (n_linear, n_bins)."""
        return self._log_density_loss(
            self.counts, self.counts.sum(axis=1, keepdims=True)
        )

    def _log_density_loss(self, counts: np.ndarray, total: np.ndarray) -> np.ndarray:
        """Return minus the log density relative to a uniform one."""
        pseudo = self.pseudo_count
        share = (counts + pseudo) / (total + pseudo * self.n_bins)
        return -np.log(share * self.n_bins)

    def _places(self, linear: np.ndarray) -> _Places:
        """Return the bin of each value, and which lie next to an edge or outside."""
        # In double precision, so that a row's statistic is the same in any block.
        position = linear.astype(np.float64)
        position -= self.low.astype(np.float64)
        position /= self.width.astype(np.float64)
        last = self.n_bins - 1
        bins = (position + self.above_edge).astype(np.intp)
        np.clip(bins, 0, last, out=bins)
        flat = position.reshape(-1)
        outside = np.flatnonzero((flat < 0.0) | (flat > self.n_bins))
        beyond = np.maximum(-flat[outside], flat[outside] - self.n_bins)
        if not self.ramp:
            return _Places(bins, outside[:0], beyond[:0], outside, beyond)
        below = bins.reshape(-1) + (1 - self.above_edge)
        below -= flat
        ramping = np.flatnonzero(below < self.ramp)
        ramping = ramping[bins.reshape(-1)[ramping] < last]
        way = np.clip(1 - below[ramping] / self.ramp, 0.0, 1.0)
        return _Places(bins, ramping, way, outside, beyond)

    def unit_surprise(
        self, Z: np.ndarray, encoding: TableEncoding, *, seen: bool = False
    ) -> np.ndarray:
        """Return the surprise of each linear column and each category.

        Parameters
        ----------
        Z : ndarray of shape (n_samples, n_encoded)
        encoding : TableEncoding
        seen : bool
            Whether the rows are training rows, to be judged by the others: each is
            taken out of its own bins.

        Returns
        -------
        ndarray of shape (n_samples, n_linear + n_groups)
        """
        n_linear = encoding.n_linear
        places = self._places(Z[:, :n_linear])
        # Positions in the table of all bins: one lookup, several times as fast as two.
        index = places.bins
        index += np.arange(n_linear) * self.n_bins
        table = self.surprise_of_bins.reshape(-1)
        if seen:
            counts = np.maximum(self.counts.reshape(-1).take(index) - 1, 0)
            own = self._log_density_loss(counts, self.counts.sum(axis=1) - 1)
        else:
            own = table.take(index)
        surprise = own.astype(np.float64)
        flat, ramping = surprise.reshape(-1), places.ramping
        following = table.take(index.reshape(-1)[ramping] + 1)
        flat[ramping] += places.way * (following - own.reshape(-1)[ramping])
        flat[places.outside] += np.log1p(places.beyond)
        self._set_rarities(surprise, Z, encoding)
        if not encoding.groups:
            return surprise
        return np.hstack([surprise, self._level_surprise(Z, encoding, seen)])

    @staticmethod
    def _set_rarities(
        surprise: np.ndarray, Z: np.ndarray, encoding: TableEncoding
    ) -> None:
        """Set the surprise of columns that hold one: how rare a level is."""
        for linear in encoding.rarities:
            column = encoding.columns[encoding.linear_source[linear]]
            (center,), (scale,) = column.centers, column.scales
            surprise[:, linear] = np.maximum(Z[:, linear] * scale + center, 0.0)

    def _level_surprise(
        self, Z: np.ndarray, encoding: TableEncoding, seen: bool
    ) -> np.ndarray:
        surprises = np.empty((len(Z), len(encoding.groups)))
        for i, (_, group) in enumerate(encoding.groups):
            surprises[:, i] = Z[:, group] @ self.surprise_of_levels(
                group, encoding, seen
            )
        # Levels that share a column: their rarity is a linear column.
        surprises[:, list(encoding.shared_groups)] = 0.0
        return surprises

    def surprise_of_levels(
        self, group: slice, encoding: TableEncoding, seen: bool = False
    ) -> np.ndarray:
        """Return the surprise of each level of a category.

        With `seen`, that of a training row of the level, which is taken out of it.
        """
        start = encoding.n_linear
        counts = self.level_counts[group.start - start : group.stop - start]
        share = np.maximum(counts - seen, 0) + self.pseudo_count
        total = counts.sum() - seen + self.pseudo_count * len(counts)
        # Relative to equally frequent levels, as densities are to a uniform one.
        return np.asarray(-np.log(share / total * len(share)))

    def statistic(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the mean surprise of each row."""
        return self._mean_surprise(evaluation, encoding, seen=False)

    def unseen_statistic(
        self, evaluation: Evaluation, encoding: TableEncoding
    ) -> np.ndarray:
        """Return the mean surprise of training rows, each beside the others."""
        return self._mean_surprise(evaluation, encoding, seen=True)

    def _mean_surprise(
        self, evaluation: Evaluation, encoding: TableEncoding, *, seen: bool
    ) -> np.ndarray:
        surprise = self.unit_surprise(evaluation.Z, encoding, seen=seen)
        return self._mean(surprise, evaluation)

    @staticmethod
    def _mean(surprise: np.ndarray, evaluation: Evaluation) -> np.ndarray:
        statistic = surprise.mean(axis=1, dtype=np.float64)
        if evaluation.novelty is not None:
            statistic += evaluation.novelty.sum(axis=1) / surprise.shape[1]
        return np.asarray(statistic)

    def cells(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return how much rarer each column's value is than its most frequent one."""
        return self.divided(evaluation, encoding)[1]

    def divided(
        self, evaluation: Evaluation, encoding: TableEncoding
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean surprise of each row, and what each column adds to it."""
        surprise = self.unit_surprise(evaluation.Z, encoding)
        levels = [
            self.surprise_of_levels(group, encoding).min()
            for _, group in encoding.groups
        ]
        least = np.append(self.surprise_of_bins.min(axis=1), levels)
        least[encoding.rarities] = 0.0
        least[[encoding.n_linear + i for i in encoding.shared_groups]] = 0.0
        excess = surprise - least
        # An unseen level has no surprise of its own: its novelty stands for it.
        cells = encoding.sum_units(np.maximum(excess, 0.0))
        if evaluation.novelty is not None:
            cells = cells + evaluation.novelty
        return self._mean(surprise, evaluation), cells

    def check(self, encoding: TableEncoding) -> None:
        """Raise a `ValueError` if counts or widths could not be those of rows."""
        for counts in (self.counts, self.level_counts):
            if not (np.isfinite(counts).all() and (counts >= 0).all()):
                raise ValueError("the marginal has counts that no rows could have")
        if not (np.isfinite(self.width).all() and (self.width > 0).all()):
            raise ValueError("the marginal has bins without a positive width")
        if not np.isfinite(self.low).all():
            raise ValueError("the marginal has bins that begin nowhere")
        if not 0 < self.pseudo_count < np.inf:
            raise ValueError("the marginal has no positive pseudo_count")
        if not (0 <= self.ramp < 1 and 0 <= self.above_edge < 1):
            raise ValueError("the marginal has a ramp that is not within a bin")
