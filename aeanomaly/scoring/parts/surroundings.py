"""How thinly the wider surroundings of a row are populated."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ..encoding.table import TableEncoding
from ..evaluation import Evaluation
from .base import PartRows, ScorePart, check_finite, own_fields
from .references import (
    Factors,
    check_near,
    iter_comparable,
    iter_turned,
    log_distance,
    near_squared,
    share_of_first,
)

# References in a block: so few that a small cluster of anomalies cannot fill each.
_BLOCK_REFERENCES = 32
# The mean over more blocks than they make is no better.
_MOST_REFERENCES = 1_000
# References whose nearest ones say how far apart neighbours are.
_N_NEAR = 256
_GREATEST = float(np.finfo(np.float32).max)
_TINY = 1e-12
# Of differences from references that are held at a time.
_MOST_CELLS = 250_000


class _Close(NamedTuple):
    """Blocks in which a row has a reference that is near, and the two nearest.

    Parameters
    ----------
    row, block : ndarray of shape (n_close,), int
    two : ndarray of shape (2, n_close), int
        Positions of references, the nearest first; where blocks hold one, it twice.
    first, second : ndarray of shape (n_close,), float64
        Their squared distances.
    """

    row: np.ndarray
    block: np.ndarray
    two: np.ndarray
    first: np.ndarray
    second: np.ndarray


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
        Z = rows.encoding.without_ranked(rows.Z[rows.references[:_MOST_REFERENCES]])
        references = Z.astype(np.float32)
        n_blocks = max(1, len(references) // _BLOCK_REFERENCES)
        sample = references[:_N_NEAR]
        least = np.zeros(len(sample))
        for block, distances in iter_comparable(sample, Factors(references)):
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

    @cached_property
    def _factors(self) -> Factors:
        return Factors(self.references[self._interleaved], self.near_squared)

    def __getstate__(self) -> dict[str, Any]:
        return own_fields(self)

    def statistic(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the mean log distance of each row."""
        Z = encoding.without_ranked(evaluation.Z)
        statistic = np.empty(len(Z))
        for rows, distances in iter_turned(Z, self._factors):
            statistic[rows], _ = self._mean_log(Z[rows], distances)
        return statistic

    def _mean_log(
        self, Z: np.ndarray, distances: np.ndarray
    ) -> tuple[np.ndarray, _Close | None]:
        """Return the mean log distance of rows, and where they have a near reference.

        Parameters
        ----------
        Z : ndarray of shape (n_rows, n_encoded)
        distances : ndarray of shape (n_blocks * block_size, n_rows)
            Comparable ones, in the order of `_interleaved`.
        """
        least = least_of_blocks(distances, self.block_size) + np.square(Z).sum(axis=1)
        np.clip(least, 0.0, _GREATEST, out=least)
        is_close = least < self.near_squared
        least += self.near_squared
        logs = np.log(least, out=least)
        close = None
        if is_close.any():
            close = self._close(Z, distances, *np.nonzero(is_close))
            distances = log_distance(close.first, close.second, self.near_squared)
            logs[close.block, close.row] = 2.0 * distances
        return 0.5 * logs.mean(axis=0, dtype=np.float64), close

    def _close(
        self, Z: np.ndarray, distances: np.ndarray, block: np.ndarray, row: np.ndarray
    ) -> _Close:
        """Return the two nearest references of some rows in one block each."""
        n_blocks = len(self.references) // self.block_size
        blocks = distances.reshape(self.block_size, n_blocks, -1)
        order = blocks[:, block, row].argsort(axis=0)[:2]
        two = order[[0, -1]] * n_blocks + block
        two = self._interleaved[two]
        differences = Z[row] - self.references[two].astype(np.float64)
        squared = np.square(differences).sum(axis=2)
        # Rounding may have taken one of two for the other.
        wrong = squared[0] > squared[1]
        squared[:, wrong], two[:, wrong] = squared[::-1, wrong], two[::-1, wrong]
        return _Close(row, block, two, squared[0], squared[1])

    def cells(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return each column's mean share of the squared distances."""
        return self.divided(evaluation, encoding)[1]

    def divided(
        self, evaluation: Evaluation, encoding: TableEncoding
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the statistic, and each column's mean share of the distances."""
        Z = encoding.without_ranked(evaluation.Z)
        statistic, shares = np.empty(len(Z)), np.empty(Z.shape)
        n_blocks = len(self.references) // self.block_size
        # So few rows at a time that their differences stay small.
        step = max(1, _MOST_CELLS // max(1, n_blocks * Z.shape[1]))
        for rows, distances in iter_turned(Z, self._factors):
            statistic[rows], close = self._mean_log(Z[rows], distances)
            nearest = self._nearest(distances, close)
            for start in range(0, len(nearest), step):
                some = slice(start, start + step)
                shares[rows][some] = self._shares(Z[rows][some], nearest[some])
            if close is not None:
                self._give_way(shares[rows], Z[rows], close)
        return statistic, encoding.sum_encoded(shares)

    def _nearest(self, distances: np.ndarray, close: _Close | None) -> np.ndarray:
        """Return the nearest reference of every block, (n_rows, n_blocks)."""
        place = place_in_blocks(distances, self.block_size).T
        n_blocks = place.shape[1]
        nearest = self._interleaved[place * n_blocks + np.arange(n_blocks)]
        if close is not None:
            nearest[close.row, close.block] = close.two[0]
        return nearest

    def _shares(self, Z: np.ndarray, nearest: np.ndarray) -> np.ndarray:
        """Return each column's mean share of rows' distances in all blocks.

        Parameters
        ----------
        Z : ndarray of shape (n_rows, n_encoded)
        nearest : ndarray of shape (n_rows, n_blocks), int
            The nearest reference of each block.
        """
        n_rows, n_blocks = nearest.shape
        references = self.references.astype(Z.dtype, copy=False)
        squared = references.take(nearest.ravel(), axis=0)
        squared = squared.reshape(n_rows, n_blocks, -1)
        squared -= Z[:, None]
        np.square(squared, out=squared)
        # A product sums several times as fast as `sum` does short rows.
        total = squared @ np.ones(Z.shape[1], dtype=Z.dtype)
        weights = 1.0 / (n_blocks * np.maximum(total, _TINY))
        return np.asarray((weights[:, None] @ squared)[:, 0])

    def _give_way(self, shares: np.ndarray, Z: np.ndarray, close: _Close) -> None:
        """Let the second reference of a block count where the first is near."""
        n_blocks = len(self.references) // self.block_size
        parts = np.square(Z[close.row] - self.references[close.two].astype(np.float64))
        totals = np.stack([close.first, close.second])
        parts /= np.maximum(totals, _TINY)[..., None]
        rest = 1.0 - share_of_first(close.first, self.near_squared)
        change = rest[:, None] * (parts[1] - parts[0]) / n_blocks
        np.add.at(shares, close.row, change)

    def check(self, encoding: TableEncoding) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        check_near(self, self.near_squared)
        check_finite(self, references=self.references)
        check_blocks(self.references, self.block_size)


def interleaved(n_references: int, size: int) -> np.ndarray:
    """Return positions in whole blocks: first the first of each, then the second."""
    n_blocks = n_references // size
    return np.arange(n_blocks * size).reshape(n_blocks, size).T.ravel()


def least_of_blocks(distances: np.ndarray, size: int) -> np.ndarray:
    """Return the least distance of every block, (n_blocks, n_samples).

    Parameters
    ----------
    distances : ndarray of shape (n_blocks * size, n_samples)
        Interleaved: first those of the first reference of each block.
    size : int
    """
    least = np.minimum.reduce(distances.reshape(size, -1))
    return np.asarray(least.reshape(-1, distances.shape[1]))


def place_in_blocks(distances: np.ndarray, size: int) -> np.ndarray:
    """Return which reference of every block is the nearest, (n_blocks, n_samples).

    It is written into the last binary digits of the distances: five or six of 23 that a
    float32 has. So one of two may be taken for the other if they differ by less.

    Parameters
    ----------
    distances, size
        See `least_of_blocks`; overwritten.
    """
    whole: Any = np.int32 if distances.dtype == np.float32 else np.int64
    digits = (1 << (size - 1).bit_length()) - 1
    marked: Any = distances.view(whole)
    marked &= whole(~digits)
    marked |= np.repeat(np.arange(size, dtype=whole), len(marked) // size)[:, None]
    least: Any = least_of_blocks(distances, size).view(whole)
    return np.asarray(least & whole(digits))


def check_blocks(references: np.ndarray, size: int) -> None:
    """Raise a `ValueError` unless a block holds some of the references."""
    if not 0 < size <= len(references):
        raise ValueError(f"blocks of {size} references are not possible")
