"""Several parts as one score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..encoding.table import TableEncoding
from ..evaluation import Evaluation
from .base import Reduction, ScorePart
from .tails import TailScale

_TINY = 1e-12
# Surprises to a greater power would overflow.
_MAX_POWER = 100.0


@dataclass(frozen=True)
class ScaledPart:
    """A part and the scale that makes it comparable with others.

    Parameters
    ----------
    part : ScorePart
    scale : TailScale
    """

    part: ScorePart
    scale: TailScale


@dataclass(frozen=True)
class TailCombination(Reduction):
    """Power mean of the parts' tail surprise.

    The greater the power, the more a row is abnormal as soon as *one* part finds it
    extreme; the greatest part alone is the limit.

    Parameters
    ----------
    parts : tuple of ScaledPart
    power : float
    expecting : int or None
        Position of the part that says what was expected; None for the network.
    """

    parts: tuple[ScaledPart, ...]
    power: float
    expecting: int | None

    @property
    def precise(self) -> bool:
        """Whether one of its parts needs double precision."""
        return any(scaled.part.precise for scaled in self.parts)

    def surprises(
        self, evaluation: Evaluation, encoding: TableEncoding
    ) -> list[np.ndarray]:
        """Return the tail surprise of each part, in nats."""
        return [
            scaled.scale(scaled.part.statistic(evaluation, encoding))
            for scaled in self.parts
        ]

    def mean(self, surprises: list[np.ndarray]) -> np.ndarray:
        """Return the power mean of the parts' surprises."""
        powers = np.mean([s**self.power for s in surprises], axis=0)
        return np.asarray(powers ** (1.0 / self.power))

    def statistic(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the power mean of each row."""
        return self.mean(self.surprises(evaluation, encoding))

    def cells(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the statistic, divided among the columns.

        Each part divides what it adds to the sum of powers as it divides its own
        statistic.
        """
        return self.divided(evaluation, encoding)[1]

    def divided(
        self, evaluation: Evaluation, encoding: TableEncoding
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the power mean of each row, and what each column adds to it."""
        return self._put_together(*self.divided_parts(evaluation, encoding))

    def divided_parts(
        self, evaluation: Evaluation, encoding: TableEncoding
    ) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return the tail surprise of each part, and each column's share in it.

        Returns
        -------
        surprises : list of ndarray of shape (n_samples,)
        shares : list of ndarray of shape (n_samples, n_features)
            Rows sum to one, or are zero.
        """
        surprises, shares = [], []
        for scaled in self.parts:
            statistic, cells = scaled.part.divided(evaluation, encoding)
            surprises.append(scaled.scale(statistic))
            total = cells.sum(axis=1, keepdims=True)
            shares.append(cells / np.maximum(total, _TINY))
        return surprises, shares

    def _put_together(
        self, surprises: list[np.ndarray], shares: list[np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        mean = self.mean(surprises)
        cells = np.zeros(shares[0].shape)
        for surprise, share in zip(surprises, shares, strict=True):
            cells += (surprise**self.power)[:, None] * share
        total = np.maximum(cells.sum(axis=1, keepdims=True), _TINY)
        return mean, cells * (mean[:, None] / total)

    def expected(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return what the part at `expecting` expects of each column.

        A network whose code is as wide as the table restores nearly what it is shown;
        a part that `expects` says what the *other* columns let expect.
        """
        if self.expecting is None:
            return super().expected(evaluation, encoding)
        return self.parts[self.expecting].part.expected(evaluation, encoding)

    def pulls(
        self,
        evaluation: Evaluation,
        encoding: TableEncoding,
        rows: np.ndarray,
        column: int,
        encoded: np.ndarray,
    ) -> np.ndarray | None:
        """Return what moves what the part at `expecting` expects of a column."""
        if self.expecting is None:
            return None
        part = self.parts[self.expecting].part
        return part.pulls(evaluation, encoding, rows, column, encoded)

    def check(self, encoding: TableEncoding) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        if not self.parts:
            raise ValueError("the score has no parts")
        if not 0 < self.power <= _MAX_POWER:
            raise ValueError(f"a power mean of power {self.power} is not possible")
        if self.expecting is not None and not 0 <= self.expecting < len(self.parts):
            raise ValueError(f"the score has no part {self.expecting} to expect values")
        for scaled in self.parts:
            scaled.part.check(encoding)
            scaled.scale.check()
