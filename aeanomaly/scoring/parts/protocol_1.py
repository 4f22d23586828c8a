"""Formulas that files of protocol 1 were written for, and that only they use.

In these, a row's copy was a reference of equal float32 values, found by its hash, and
the scale of surprises was linear from one statistic of a training row to the next.
Frozen: what they compute does not change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from ..encoding.table import TableEncoding
from ..evaluation import Evaluation
from .base import PartRows, ScorePart, check_finite
from .neighbourhood import joint_coordinates, sum_joint
from .references import iter_squared_distances
from .surroundings import check_blocks, interleaved
from .tails import TailScale

# Odd 64-bit constants that mix a row's bits into one number (splitmix64).
_MIX_ROW = np.uint64(0xBF58476D1CE4E5B9)
_MIX_COLUMN = np.uint64(0x9E3779B97F4A7C15)


class InterpolatedScale(TailScale):
    """A tail scale that is linear between its values."""

    def __call__(self, statistics: np.ndarray) -> np.ndarray:
        """Return the tail surprise of statistics, in nats, never negative."""
        excess = np.maximum(statistics - self.values[-1], 0.0) / self.spread
        return np.interp(statistics, self.values, self.surprises) + np.log1p(excess)


@dataclass(frozen=True)
class KeyedPart(ScorePart):
    """A part whose references have ascending hashes of encoded rows.

    Parameters
    ----------
    references : ndarray of shape (n_references, n_columns)
    keys : ndarray of shape (n_references,), uint64
        Ascending hashes of the references' encoded rows, to recognise copies.
    min_squared_distance : float
        What smaller squared distances count as.
    """

    references: np.ndarray
    keys: np.ndarray
    min_squared_distance: float

    keeps_rows: ClassVar[bool] = True

    @classmethod
    def fit(cls, rows: PartRows) -> KeyedPart:
        """Raise an error: such parts are only read."""
        raise NotImplementedError(f"{cls.__name__} is only read from old files")

    def check(self, encoding: TableEncoding) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        # Whether a key is looked up in the references depends on the row.
        name = type(self).__name__
        check_finite(self, references=self.references, keys=self.keys)
        if self.keys.shape != (len(self.references),):
            raise ValueError(
                f"{name} has {len(self.references)} references, but keys of shape "
                f"{self.keys.shape}"
            )
        if not 0 < self.min_squared_distance < np.inf:
            raise ValueError(f"{name} has no positive min_squared_distance")


@dataclass(frozen=True)
class KeyedNeighbourhood(KeyedPart):
    """Log distance to the nearest reference row; see `Neighbourhood`.

    Parameters
    ----------
    references, keys, min_squared_distance
        See `KeyedPart`.
    whitening : ndarray of shape (n_encoded, n_encoded)
        What residuals are multiplied by.
    """

    whitening: np.ndarray

    name: ClassVar[str] = "neighbourhood"

    def _differences(self, evaluation: Evaluation) -> np.ndarray:
        """Return each row less its nearest reference, in the joint space."""
        joint = joint_coordinates(evaluation, self.whitening)
        copied = copies(evaluation.Z, self.keys)
        nearest = np.empty(len(joint), dtype=np.intp)
        for block, distances in _iter_distances(joint, self.references, copied):
            nearest[block] = distances.argmin(axis=1)
        joint -= self.references[nearest]
        return joint

    def statistic(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the log distance of each row."""
        differences = self._differences(evaluation)
        squared = np.einsum("ij,ij->i", differences, differences).astype(np.float64)
        return np.asarray(0.5 * np.log(np.maximum(squared, self.min_squared_distance)))

    def cells(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the squared difference from the nearest row in each column."""
        return sum_joint(np.square(self._differences(evaluation)), encoding)


@dataclass(frozen=True)
class KeyedSurroundings(KeyedPart):
    """Mean log distance to the nearest row of each block; see `Surroundings`.

    Parameters
    ----------
    references, keys, min_squared_distance
        See `KeyedPart`.
    block_size : int
        References in a block; what is left over is not used.
    """

    block_size: int

    name: ClassVar[str] = "surroundings"

    @cached_property
    def _interleaved(self) -> np.ndarray:
        return interleaved(len(self.references), self.block_size)

    def statistic(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the mean log distance of each row."""
        Z, order = evaluation.Z, self._interleaved
        place = np.full(len(self.references) + 1, -1)  # the last one: for no copy
        place[order] = np.arange(len(order))
        copied = place[copies(Z, self.keys)]
        statistic = np.empty(len(Z))
        for rows, distances in _iter_distances(Z, self.references[order], copied):
            least = distances.reshape(len(distances), self.block_size, -1).min(axis=1)
            # A block of one reference, which is the row's copy, holds no neighbour.
            greatest = np.finfo(np.float32).max
            np.clip(least, self.min_squared_distance, greatest, out=least)
            statistic[rows] = 0.5 * np.log(least).mean(axis=1)
        return statistic

    def cells(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return each column's mean share of the squared distances."""
        Z = evaluation.Z
        copied = copies(Z, self.keys)
        shares = np.empty(Z.shape)
        for rows, distances in _iter_distances(Z, self.references, copied):
            nearest = nearest_of_blocks(distances, self.block_size)
            for row, chosen in zip(range(*rows.indices(len(Z))), nearest, strict=True):
                squared = np.square(Z[row] - self.references[chosen])
                total = squared.sum(axis=1, keepdims=True)
                total += self.min_squared_distance
                shares[row] = (squared / total).mean(axis=0)
        return encoding.sum_encoded(shares)

    def check(self, encoding: TableEncoding) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        super().check(encoding)
        check_blocks(self.references, self.block_size)


def row_keys(Z: np.ndarray) -> np.ndarray:
    """Return a 64-bit hash of each row, equal for rows of equal float32 values."""
    # Adding zero makes negative zeros positive.
    values = np.ascontiguousarray(Z, dtype=np.float32) + np.float32(0)
    bits = values.view(np.uint32).astype(np.uint64)
    columns = np.arange(1, Z.shape[1] + 1, dtype=np.uint64) * _MIX_COLUMN
    bits = (bits + columns) * _MIX_ROW
    bits ^= bits >> np.uint64(29)
    bits *= columns | np.uint64(1)
    bits ^= bits >> np.uint64(32)
    return bits.sum(axis=1, dtype=np.uint64)


def copies(Z: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Return the reference of which each row is an exact copy, -1 for none.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_encoded)
    keys : ndarray of shape (n_references,), uint64
        Ascending keys of the references.
    """
    own = row_keys(Z)
    position = np.searchsorted(keys, own)
    position[position == len(keys)] = 0
    return np.where(keys[position] == own, position, -1)


def _iter_distances(
    rows: np.ndarray, references: np.ndarray, copied: np.ndarray
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield squared distances to all references, a row's copy at infinity."""
    for block, distances in iter_squared_distances(rows, references):
        hit = np.flatnonzero(copied[block] >= 0)
        distances[hit, copied[block][hit]] = np.inf
        yield block, distances


def nearest_of_blocks(distances: np.ndarray, size: int) -> np.ndarray:
    """Return the nearest reference of every block, (n_samples, n_blocks)."""
    n_blocks = distances.shape[1] // size
    blocks = distances[:, : n_blocks * size].reshape(len(distances), n_blocks, size)
    return blocks.argmin(axis=2) + np.arange(n_blocks) * size
