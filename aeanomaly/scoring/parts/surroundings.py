"""How thinly the wider surroundings of a row are populated."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from ..encoding.table import TableEncoding
from ..evaluation import Evaluation
from .base import PartRows, ScorePart
from .references import check_references, copies, iter_squared_distances, row_keys

# References in a block: so few that a small cluster of anomalies cannot fill each.
_BLOCK_REFERENCES = 32
# Squared distances below it are rounding.
_MIN_SQUARED_DISTANCE = 1e-6


@dataclass(frozen=True)
class Surroundings(ScorePart):
    """Mean log distance to the nearest row of each of many blocks of references.

    Every block is a small random sample of the training rows, so the distance to its
    nearest row is that to a neighbour of higher order: anomalies that lie close to
    each other cannot vouch for each other (cf. "aNNE", T. R. Bandaragoda et al.,
    "Efficient Anomaly Detection by Isolation Using Nearest Neighbour Ensemble", ICDM
    Workshops 2014). Exact copies do not count, as in `Neighbourhood`.

    Parameters
    ----------
    references : ndarray of shape (n_references, n_encoded)
        Distinct encoded training rows.
    keys : ndarray of shape (n_references,), uint64
        Ascending hashes of the references, to recognise copies.
    block_size : int
        References in a block; what is left over is not used.
    min_squared_distance : float
        What smaller squared distances count as.
    """

    references: np.ndarray
    keys: np.ndarray
    block_size: int
    min_squared_distance: float = _MIN_SQUARED_DISTANCE

    name: ClassVar[str] = "surroundings"
    keeps_rows: ClassVar[bool] = True

    @classmethod
    def fit(cls, rows: PartRows) -> Surroundings:
        """Take the rows that the score may keep as references."""
        Z = rows.Z[rows.references]
        keys = row_keys(Z)
        # The order of hashes is a random one: consecutive rows are random blocks.
        order = np.argsort(keys)
        n_blocks = max(1, len(Z) // _BLOCK_REFERENCES)
        return cls(Z[order].astype(np.float32), keys[order], len(Z) // n_blocks)

    def _nearest(self, distances: np.ndarray) -> np.ndarray:
        """Return the nearest reference of every block, (n_samples, n_blocks)."""
        size = self.block_size
        n_blocks = distances.shape[1] // size
        blocks = distances[:, : n_blocks * size].reshape(len(distances), n_blocks, size)
        return blocks.argmin(axis=2) + np.arange(n_blocks) * size

    @cached_property
    def _interleaved(self) -> np.ndarray:
        """The references of whole blocks: first the first of each, then the second.

        NumPy takes the least of each block several times as fast in this order.
        """
        size = self.block_size
        n_blocks = len(self.references) // size
        return np.arange(n_blocks * size).reshape(n_blocks, size).T.ravel()

    def statistic(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the mean log distance of each row."""
        Z, order = evaluation.Z, self._interleaved
        place = np.full(len(self.references) + 1, -1)  # the last one: for no copy
        place[order] = np.arange(len(order))
        copied = place[copies(Z, self.keys)]
        statistic = np.empty(len(Z))
        for rows, distances in iter_squared_distances(
            Z, self.references[order], copied
        ):
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
        for rows, distances in iter_squared_distances(Z, self.references, copied):
            nearest = self._nearest(distances)
            for row, chosen in zip(range(*rows.indices(len(Z))), nearest, strict=True):
                squared = np.square(Z[row] - self.references[chosen])
                total = squared.sum(axis=1, keepdims=True)
                total += self.min_squared_distance
                shares[row] = (squared / total).mean(axis=0)
        return encoding.sum_encoded(shares)

    def check(self, encoding: TableEncoding) -> None:
        """Raise a `ValueError` if references, keys and blocks do not go together."""
        check_references(self)
        if not 0 < self.block_size <= len(self.references):
            raise ValueError(f"blocks of {self.block_size} references are not possible")
