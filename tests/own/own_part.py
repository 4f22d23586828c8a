"""A part of the hybrid score outside the package: distance from the median."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from aeanomaly import ScorePart


@dataclass(frozen=True)
class MedianDistance(ScorePart):
    """Sum over encoded columns of the distance from the median."""

    median: np.ndarray

    name: ClassVar[str] = "median_distance"

    @classmethod
    def fit(cls, rows):
        return cls(np.median(rows.Z[rows.sample], axis=0))

    def cells(self, evaluation, encoding):
        return encoding.sum_encoded(np.abs(evaluation.Z - self.median))

    def statistic(self, evaluation, encoding):
        return self.cells(evaluation, encoding).sum(axis=1, dtype=np.float64)
