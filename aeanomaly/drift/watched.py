"""What all watched columns have in common: rows, and rows without a value."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from ..scoring.scorer import Scorer
from .comparison import Comparison

_HOURS = 24


class Watched(ABC):
    """One column: what the model knows of it, and what the rows now show.

    What it counts are whole numbers, so that batches in any order give the same.

    Parameters
    ----------
    scorer : Scorer
    position : int
        Of the column.

    Attributes
    ----------
    n_rows, n_missing : int
        Rows now, and those without a value.
    missing_by_hour, rows_by_hour : ndarray of shape (24,), int
        By the hour of the table's first column of times, where it has one.
    """

    def __init__(self, scorer: Scorer, position: int) -> None:
        # Kinds have fields of their own.
        self.column: Any = scorer.encoding.columns[position]
        self.name = self.column.name
        self.n_rows = self.n_missing = 0
        self.missing_by_hour = np.zeros(_HOURS, dtype=np.int64)
        self.rows_by_hour = np.zeros(_HOURS, dtype=np.int64)

    @abstractmethod
    def add(self, values: Any, hours: np.ndarray | None) -> None:
        """Count the values of some rows.

        Parameters
        ----------
        values : Series or ndarray of shape (n_rows,)
        hours : ndarray of shape (n_rows,) or None
            Hour of each row, -1 where it is not known.
        """

    @abstractmethod
    def comparisons(self, weights: np.ndarray | None) -> list[Comparison]:
        """Return what is compared.

        Parameters
        ----------
        weights : ndarray of shape (n_kept,) or None
            How much kept rows count beside rows of the same times; see `Calendar`.
        """

    @abstractmethod
    def index_comparison(self, weights: np.ndarray | None) -> Comparison:
        """Return the cells of the stability index."""

    def count_missing(self, missing: np.ndarray, hours: np.ndarray | None) -> None:
        """Count rows, and those without a value."""
        self.n_rows += len(missing)
        self.n_missing += int(missing.sum())
        if hours is not None:
            known = hours >= 0
            for counts, chosen in (
                (self.rows_by_hour, known),
                (self.missing_by_hour, known & missing),
            ):
                counts += np.bincount(hours[chosen], minlength=_HOURS)

    def missing(self, n_missing: float, n_rows: float) -> Comparison:
        """Return the comparison of the rows without a value."""
        before = np.array([n_missing, max(0.0, n_rows - n_missing)])
        now = np.array([self.n_missing, self.n_rows - self.n_missing])
        return Comparison("missing", "share", before, now)

    def distance(self) -> float | None:
        """Return Wasserstein's distance in the column's units; None without any."""
        return None

    def merge(self, other: Any) -> None:
        """Count what another part of the same table counted."""
        self.n_rows += other.n_rows
        self.n_missing += other.n_missing
        self.missing_by_hour += other.missing_by_hour
        self.rows_by_hour += other.rows_by_hour
