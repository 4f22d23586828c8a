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
        surprises = self.surprises(evaluation, encoding)
        cells = np.zeros((len(evaluation.Z), len(encoding.columns)))
        for scaled, surprise in zip(self.parts, surprises, strict=True):
            part = scaled.part.cells(evaluation, encoding)
            total = part.sum(axis=1, keepdims=True)
            cells += surprise[:, None] ** self.power * part / np.maximum(total, _TINY)
        cells /= np.maximum(cells.sum(axis=1, keepdims=True), _TINY)
        return cells * self.mean(surprises)[:, None]

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
