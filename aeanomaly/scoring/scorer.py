"""The frozen scorer: the one path from rows of a table to numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .encoding.table import TableEncoding
from .model import Model
from .parts import Reduction


@dataclass(frozen=True)
class Scorer:
    """A model, and the reduction of what it says to a score.

    Parameters
    ----------
    model : Model
    reduction : Reduction
        Turns what the network says about a row into one number.
    """

    model: Model
    reduction: Reduction

    @property
    def encoding(self) -> TableEncoding:
        """The model's encoding."""
        return self.model.encoding

    def iter_scores(self, table: Any) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield the scores of each block of rows."""
        for rows, evaluation in self.model.iter_evaluations(table):
            yield rows, -self.reduction.statistic(evaluation, self.encoding)

    def score_samples(self, table: Any) -> np.ndarray:
        """Return the score of each row; lower is more abnormal.

        Parameters
        ----------
        table : DataFrame or ndarray of shape (n_samples, n_features)
            With the fitted columns in the fitted order (see
            `TableEncoding.select`).

        Returns
        -------
        ndarray of shape (n_samples,), float64
            Minus the statistic of `reduction`.
        """
        scores = np.empty(len(table))
        for rows, block in self.iter_scores(table):
            scores[rows] = block
        return scores

    def check(self) -> None:
        """Raise a `ValueError`, or the like, if a scorer from a file cannot be used."""
        self.model.check()
        self.reduction.check(self.encoding)
