"""The frozen scorer: the one path from rows of a table to numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .encoding.table import TableEncoding
from .evaluation import Evaluation
from .model import Model
from .parts import Reduction
from .usual import Usual


@dataclass(frozen=True)
class Scorer:
    """A model, and the reduction of what it says to a score.

    Parameters
    ----------
    model : Model
    reduction : Reduction
        Turns what the network says about a row into one number.
    usual : tuple of Usual or None, default=None
        What training rows showed of each column, which reasons speak of; None for
        models of protocols 1 and 2, and of images.
    """

    model: Model
    reduction: Reduction
    usual: tuple[Usual | None, ...] | None = None

    @property
    def encoding(self) -> TableEncoding:
        """The model's encoding."""
        return self.model.encoding

    def usual_of(self, position: int) -> Usual | None:
        """Return what training rows showed of a column, if that is known."""
        return None if self.usual is None else self.usual[position]

    def iter_evaluations(self, table: Any) -> Iterator[tuple[slice, Evaluation]]:
        """Yield what the network says about each block, as precise as is needed."""
        return self.model.iter_evaluations(table, precise=self.reduction.precise)

    def iter_scores(self, table: Any) -> Iterator[tuple[slice, np.ndarray]]:
        """Yield the scores of each block of rows, worked out on several threads."""

        def scores(evaluation: Evaluation) -> np.ndarray:
            return -self.reduction.statistic(evaluation, self.encoding)

        yield from self.model.iter_results(
            table, scores, precise=self.reduction.precise
        )

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
        if self.usual is not None:
            check_usual(self.usual, len(self.encoding.columns))


def check_usual(usual: Any, n_columns: int) -> None:
    """Raise a `ValueError` unless there is one of each column, or None."""
    if not isinstance(usual, tuple) or len(usual) != n_columns:
        raise ValueError("what is usual is not given for each column")
    for one in usual:
        if not isinstance(one, Usual | None):
            raise ValueError(f"{type(one).__name__} does not say what is usual")
        if one is not None:
            one.check()
