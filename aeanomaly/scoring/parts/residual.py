"""How far a row is from its reconstruction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..encoding.table import TableEncoding
from ..errors import unit_errors
from ..evaluation import Evaluation
from .base import PartRows, ScorePart


@dataclass(frozen=True)
class Residual(ScorePart):
    """Mean over columns of the reconstruction error.

    Squared error of numbers and cross-entropy, in nats, of categories, mean over the
    members, each times its weight. A value that training rows never showed adds its
    novelty.

    Parameters
    ----------
    weights : ndarray of shape (n_units,)
        Factor of each linear encoded column and each category. One half over the
        column's mean squared error on held-out rows turns errors into the surprise,
        in nats, of a Gaussian; then one noisy column cannot drown the others.
    """

    weights: np.ndarray

    name: ClassVar[str] = "residual"
    resolution: ClassVar[float] = 1e-5
    sees_groups: ClassVar[bool] = True
    counts_novelty: ClassVar[bool] = True

    @classmethod
    def fit(cls, rows: PartRows) -> Residual:
        """Weigh all columns alike."""
        return cls(np.ones(len(rows.encoding.unit_columns), dtype=np.float32))

    def enlarged(self, factor: float) -> Residual:
        """Return the residual whose errors count so many times as much."""
        return Residual(np.asarray(self.weights * np.float32(factor)))

    def cells(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return what each column adds; see `ScorePart.cells`."""
        return self.divided(evaluation, encoding)[1]

    def statistic(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the mean error of each row: the sum of its cells."""
        errors = unit_errors(evaluation.Z, evaluation.output, encoding)
        return self._mean(errors, evaluation, encoding)

    def divided(
        self, evaluation: Evaluation, encoding: TableEncoding
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean error of each row, and what each column adds to it."""
        errors = unit_errors(evaluation.Z, evaluation.output, encoding)
        statistic = self._mean(errors, evaluation, encoding)
        cells = encoding.sum_units(errors * self.weights)
        if evaluation.novelty is not None:
            cells = cells + evaluation.novelty
        return statistic, cells / max(1, encoding.n_judged)

    def _mean(
        self, errors: np.ndarray, evaluation: Evaluation, encoding: TableEncoding
    ) -> np.ndarray:
        total = errors @ self.weights.astype(np.float64)
        if evaluation.novelty is not None:
            total += evaluation.novelty.sum(axis=1)
        return np.asarray(total / max(1, encoding.n_judged))

    def check(self, encoding: TableEncoding) -> None:
        """Raise a `ValueError` if a weight is negative or not finite."""
        if not (np.isfinite(self.weights).all() and (self.weights >= 0).all()):
            raise ValueError("the residual has weights that are negative or not finite")
