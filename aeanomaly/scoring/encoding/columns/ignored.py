"""Columns without a part in the score: identifiers, free text, what is left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..values import factorized
from .base import Column, ColumnFacts, ColumnOptions, Storage
from .category import CategoricalColumn

# Fewer rows may all differ by chance.
_MIN_ROWS = 20
# Of the rows in which the column is not missing: at least so many different values, and
# no value in more rows than the greater of the other two.
_MIN_DISTINCT = 0.5
_MAX_SHARE = 0.01
_MAX_COUNT = 3
# Where more is missing, whether it is may tell something.
_MAX_MISSING = 0.05


@dataclass(frozen=True)
class IgnoredColumn(Column):
    """A column that has no part in the score.

    Texts of which nearly every row has another (identifiers, names, comments) say
    nothing about a row, and any column can be left out by name:
    ``column_kinds={"remark": "ignored"}``. Its values are neither looked at nor kept.

    Parameters
    ----------
    name : str or int
        Name, or position in an array.
    reason : str
        Why it is left out.
    novelty : float
        Zero.
    """

    name: Any
    reason: str
    novelty: float = 0.0

    kind: ClassVar[str] = "ignored"
    ignored: ClassVar[bool] = True

    @classmethod
    def fit(
        cls, values: Any, name: Any, weights: np.ndarray, options: ColumnOptions
    ) -> IgnoredColumn:
        """Say why the column is left out; see `Column.fit`."""
        texts = CategoricalColumn.recognises(values)
        reason = no_information(values) if texts else None
        return cls(name, reason or "column_kinds leaves it out")

    @classmethod
    def canonical(cls, values: Any, name: Any) -> np.ndarray:
        """Return zeros: rows that differ in nothing else are copies."""
        return np.zeros(len(values))

    @property
    def storage(self) -> Storage:
        """What the column is in a file: it is taken as it stands."""
        return "text"

    def restore(self, linear: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """Return missing values: nothing is known of the column."""
        return np.full(len(linear), None, dtype=object)

    def describe(self) -> str:
        """Return the kind and why it is left out."""
        return f"ignored   {self.reason}"

    def facts(self) -> ColumnFacts:
        """Return why the column is left out; see `Column.facts`."""
        return ColumnFacts(left_out=self.reason)


def no_information(values: Any) -> str | None:
    """Return why texts say nothing about their rows, None if they may.

    Parameters
    ----------
    values : Series or ndarray of shape (n_samples,)
        Of distinct rows.

    Examples
    --------
    >>> import pandas as pd
    >>> no_information(pd.Series([f"C{i:03}" for i in range(500)]))
    'nearly every row has another value (500 in 500 rows), as identifiers do'
    >>> no_information(pd.Series(["DE", "FR"] * 250)) is None
    True
    """
    codes, levels = factorized(values)
    known = codes[codes >= 0]
    n_rows, n_levels = len(known), len(levels)
    if n_rows < _MIN_ROWS or n_rows < (1 - _MAX_MISSING) * len(codes):
        return None
    most = np.bincount(known, minlength=1).max()
    if n_levels < _MIN_DISTINCT * n_rows or most > max(_MAX_COUNT, _MAX_SHARE * n_rows):
        return None
    return (
        f"nearly every row has another value ({n_levels:,} in {n_rows:,} rows), as "
        f"identifiers do"
    )
