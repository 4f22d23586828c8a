"""How thinly the wider surroundings of a row are populated."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from ..encoding.table import TableEncoding
from ..evaluation import Evaluation
from .base import PartRows, ScorePart, check_finite
from .references import (
    check_near,
    iter_comparable,
    log_distance,
    near_squared,
    share_of_first,
)

# References in a block: so few that a small cluster of anomalies cannot fill each.
_BLOCK_REFERENCES = 32
# References whose nearest ones say how far apart neighbours are.
_N_NEAR = 256
_GREATEST = float(np.finfo(np.float32).max)
_TINY = 1e-12
# Of differences from references that are held at a time.
_MOST_CELLS = 1_000_000


@dataclass(frozen=True)
class Surroundings(ScorePart):
    """Mean log distance to the nearest row of each of many blocks of references.

    Every block is a small random sample of the training rows, so the distance to its
    nearest row is that to a neighbour of higher order: anomalies that lie close to
    each other cannot vouch for each other (cf. "aNNE", T. R. Bandaragoda et al.,
    "Efficient Anomaly Detection by Isolation Using Nearest Neighbour Ensemble", ICDM
    Workshops 2014). Copies give way to the next row of their block, as in
    `Neighbourhood`.

    Parameters
    ----------
    references : ndarray of shape (n_references, n_encoded)
        Distinct encoded training rows, in an order without meaning.
    block_size : int
        References in a block; what is left over is not used.
    near_squared : float
        Squared distance below which a reference gives way to the next; also added to
        squared distances.
    """

    references: np.ndarray
    block_size: int
    near_squared: float

    name: ClassVar[str] = "surroundings"
    keeps_rows: ClassVar[bool] = True
    resolution: ClassVar[float] = 0.02

    @classmethod
    def fit(cls, rows: PartRows) -> Surroundings:
        """Take the rows that the score may keep as references."""
        Z = rows.encoding.without_ranked(rows.Z[rows.references])
        references = Z.astype(np.float32)
        n_blocks = max(1, len(references) // _BLOCK_REFERENCES)
        sample = references[:_N_NEAR]
        least = np.zeros(len(sample))
        for block, distances in iter_comparable(sample, references):
            own = np.arange(len(distances))
            distances[own, own + block.start] = np.inf
            nearest = references[distances.argmin(axis=1)]
            least[block] = np.square(sample[block] - nearest).sum(axis=1)
        return cls(references, len(references) // n_blocks, near_squared(least))

    @cached_property
    def _interleaved(self) -> np.ndarray:
        """The references of whole blocks: first the first of each, then the second.

        NumPy takes the least of each block several times as fast in this order.
        """
        return interleaved(len(self.references), self.block_size)

    def statistic(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the mean log distance of each row."""
        Z = encoding.without_ranked(evaluation.Z)
        references = self.references[self._interleaved]
        statistic = np.empty(len(Z))
        for rows, distances in iter_comparable(Z, references):
            blocks = distances.reshape(len(distances), self.block_size, -1)
            least = blocks.min(axis=1)
            least += np.square(Z[rows]).sum(axis=1, keepdims=True)
            least = np.clip(least, 0.0, _GREATEST)
            row, block = np.nonzero(least < self.near_squared)
            logs = 0.5 * np.log(least + self.near_squared)
            two = self._two_least(Z[rows][row], blocks[row, :, block], block)
            logs[row, block] = log_distance(two[0], two[1], self.near_squared)
            statistic[rows] = logs.mean(axis=1, dtype=np.float64)
        return statistic

    def _two_least(
        self, Z: np.ndarray, candidates: np.ndarray, block: np.ndarray
    ) -> np.ndarray:
        """Return squared distances to the two nearest of one block for each row.

        Parameters
        ----------
        Z : ndarray of shape (n_rows, n_encoded)
        candidates : ndarray of shape (n_rows, block_size)
            Rounded squared distances.
        block : ndarray of shape (n_rows,)

        Returns
        -------
        ndarray of shape (2, n_rows)
            In double precision. Where blocks hold one row, it is both.
        """
        n_blocks = len(self.references) // self.block_size
        order = candidates.argsort(axis=1)[:, :2]
        two = [
            self._interleaved[place * n_blocks + block]
            for place in (order[:, 0], order[:, -1])
        ]
        squared = np.square(Z - self.references[two].astype(np.float64))
        return np.sort(np.sum(squared, axis=2), axis=0)

    def cells(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return each column's mean share of the squared distances."""
        Z = encoding.without_ranked(evaluation.Z)
        shares = np.empty(Z.shape)
        for rows, distances in iter_comparable(Z, self.references):
            first = nearest_of_blocks(distances, self.block_size)
            if self.block_size > 1:
                np.put_along_axis(distances, first, np.inf, axis=1)
            second = nearest_of_blocks(distances, self.block_size)
            # So few rows at a time that their differences stay small.
            step = max(1, _MOST_CELLS // max(1, first.shape[1] * Z.shape[1]))
            of_rows = Z[rows]
            parts = [
                self._shares(
                    of_rows[start : start + step],
                    first[start : start + step],
                    second[start : start + step],
                )
                for start in range(0, len(of_rows), step)
            ]
            shares[rows] = np.concatenate(parts)
        return encoding.sum_encoded(shares)

    def _shares(
        self, Z: np.ndarray, first: np.ndarray, second: np.ndarray
    ) -> np.ndarray:
        """Return each column's mean share of rows' distances in all blocks.

        Parameters
        ----------
        Z : ndarray of shape (n_rows, n_encoded)
        first, second : ndarray of shape (n_rows, n_blocks), int
            The two nearest references of each block.
        """
        rows = Z[:, None, :]
        nearest, other = (
            np.square(rows - self.references[position]) for position in (first, second)
        )
        total, rest = (d.sum(axis=2, keepdims=True) for d in (nearest, other))
        share = share_of_first(total, self.near_squared)
        nearest *= share / np.maximum(total, _TINY)
        other *= (1.0 - share) / np.maximum(rest, _TINY)
        nearest += other
        return np.asarray(nearest.mean(axis=1))

    def check(self, encoding: TableEncoding) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        check_near(self, self.near_squared)
        check_finite(self, references=self.references)
        check_blocks(self.references, self.block_size)


def interleaved(n_references: int, size: int) -> np.ndarray:
    """Return positions in whole blocks: first the first of each, then the second."""
    n_blocks = n_references // size
    return np.arange(n_blocks * size).reshape(n_blocks, size).T.ravel()


def nearest_of_blocks(distances: np.ndarray, size: int) -> np.ndarray:
    """Return the nearest reference of every block, (n_samples, n_blocks)."""
    n_blocks = distances.shape[1] // size
    blocks = distances[:, : n_blocks * size].reshape(len(distances), n_blocks, size)
    return blocks.argmin(axis=2) + np.arange(n_blocks) * size


def check_blocks(references: np.ndarray, size: int) -> None:
    """Raise a `ValueError` unless a block holds some of the references."""
    if not 0 < size <= len(references):
        raise ValueError(f"blocks of {size} references are not possible")
