"""How far a row is from its reconstruction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..encoding.table import TableEncoding
from ..errors import unit_errors
from ..evaluation import Evaluation


@dataclass(frozen=True)
class Residual:
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

    def cells(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return what each column adds; see `aeanomaly.scoring.parts`."""
        errors = unit_errors(evaluation.Z, evaluation.output, encoding)
        errors *= self.weights
        cells = encoding.sum_units(errors)
        if evaluation.novelty is not None:
            cells = cells + evaluation.novelty
        return cells / max(1, len(encoding.columns))

    def statistic(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the mean error of each row: the sum of its cells."""
        errors = unit_errors(evaluation.Z, evaluation.output, encoding)
        total = errors @ self.weights.astype(np.float64)
        if evaluation.novelty is not None:
            total += evaluation.novelty.sum(axis=1)
        return np.asarray(total / max(1, len(encoding.columns)))

    def expected(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the reconstruction, mean over the members."""
        return np.asarray(evaluation.output.mean(axis=0))
