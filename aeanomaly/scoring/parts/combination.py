"""Several parts as one score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..encoding.table import TableEncoding
from ..evaluation import Evaluation
from .covariance import Covariance
from .marginal import Marginal
from .neighbourhood import Neighbourhood
from .residual import Residual
from .surroundings import Surroundings
from .tails import TailScale

Part = Residual | Neighbourhood | Surroundings | Marginal | Covariance

_TINY = 1e-12


@dataclass(frozen=True)
class ScaledPart:
    """A part and the scale that makes it comparable with others."""

    part: Part
    scale: TailScale


@dataclass(frozen=True)
class TailCombination:
    """Power mean of the parts' tail surprise.

    The greater the power, the more a row is abnormal as soon as *one* part finds it
    extreme; the greatest part alone is the limit.

    Parameters
    ----------
    parts : tuple of ScaledPart
    power : float
    """

    parts: tuple[ScaledPart, ...]
    power: float

    def _surprises(
        self, evaluation: Evaluation, encoding: TableEncoding
    ) -> list[np.ndarray]:
        return [
            scaled.scale(scaled.part.statistic(evaluation, encoding))
            for scaled in self.parts
        ]

    def _mean(self, surprises: list[np.ndarray]) -> np.ndarray:
        powers = np.mean([s**self.power for s in surprises], axis=0)
        return np.asarray(powers ** (1.0 / self.power))

    def statistic(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the power mean of each row."""
        return self._mean(self._surprises(evaluation, encoding))

    def cells(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the statistic, divided among the columns.

        Each part divides what it adds to the sum of powers as it divides its own
        statistic.
        """
        surprises = self._surprises(evaluation, encoding)
        cells = np.zeros((len(evaluation.Z), len(encoding.columns)))
        for scaled, surprise in zip(self.parts, surprises, strict=True):
            part = scaled.part.cells(evaluation, encoding)
            total = part.sum(axis=1, keepdims=True)
            cells += surprise[:, None] ** self.power * part / np.maximum(total, _TINY)
        cells /= np.maximum(cells.sum(axis=1, keepdims=True), _TINY)
        return cells * self._mean(surprises)[:, None]

    def expected(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return what the covariance part expects of each column.

        A network whose code is as wide as the table restores nearly what it is shown;
        the covariance says what the *other* columns let expect.
        """
        parts = (scaled.part for scaled in self.parts)
        covariance = next(part for part in parts if isinstance(part, Covariance))
        return covariance.expected(evaluation, encoding)
