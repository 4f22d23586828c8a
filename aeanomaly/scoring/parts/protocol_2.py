"""Formulas that files of protocols 1 and 2 were written for, and that only they use.

In these, each level of a category was to blame by itself. Frozen: what they compute
does not change.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..encoding.table import TableEncoding
from ..evaluation import Evaluation
from .base import PartRows
from .covariance import Covariance


@dataclass(frozen=True)
class ColumnwiseCovariance(Covariance):
    """A covariance whose cells are the sum over encoded columns, one by one."""

    @classmethod
    def fit(cls, rows: PartRows) -> ColumnwiseCovariance:
        """Raise an error: such parts are only read."""
        raise NotImplementedError(f"{cls.__name__} is only read from old files")

    def cells(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return how far the distance falls, summed over encoded columns."""
        pulled = (evaluation.Z - self.center) @ self.precision
        return encoding.sum_encoded(np.square(pulled) / self.diagonal)
