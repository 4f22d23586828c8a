"""The values of one column that sentences speak of."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np

# Of rows_alike: a level that training rows may have held, too seldom to be counted.
TOO_RARE = -1.0
# Of the greater end: by so little a number may be outside of a range within it.
_SLACK = 1e-6


@dataclass(frozen=True)
class Cells:
    """Values of one column, and what was expected in their place.

    Parameters
    ----------
    shown : ndarray of shape (n_cells,), object
        Texts of the values.
    number : ndarray of shape (n_cells,)
        The values as numbers, or in seconds since 1970; NaN for levels.
    expected : ndarray of shape (n_cells,), object
        In original units.
    low, high : ndarray of shape (n_cells,)
        Ends of the expected range; NaN where it is not known.
    probability, own : ndarray of shape (n_cells,)
        Of the expected level and of the observed one; NaN for other columns.
    share : ndarray of shape (n_cells,)
        Of the expected level in training rows; NaN for other columns.
    believed : ndarray of shape (n_cells,), bool
        Whether an expected level is more than what a line says of rows far out.
    rows_alike : ndarray of shape (n_cells,)
        Training rows of a level; NaN where they were not counted one by one, `TOO_RARE`
        where the level may have been too rare to be.
    together : ndarray of shape (n_cells,), object
        Other columns and their values which make this one unusual; empty for none.
    sole : ndarray of shape (n_cells,), bool
        Whether these are one column, which alone makes it so.
    aspect : ndarray of shape (n_cells,), object
        What of the value is unusual with them, or nothing if it is the value.
    alone : bool
        Whether training rows had no other level than the expected one.
    """

    shown: np.ndarray
    number: np.ndarray
    expected: np.ndarray
    low: np.ndarray
    high: np.ndarray
    probability: np.ndarray
    own: np.ndarray
    share: np.ndarray
    believed: np.ndarray
    rows_alike: np.ndarray
    together: np.ndarray
    sole: np.ndarray
    aspect: np.ndarray
    alone: bool

    def __len__(self) -> int:
        return len(self.shown)

    def of_rows(self, rows: np.ndarray) -> Cells:
        """Return some of the cells."""
        names = [field.name for field in fields(self) if field.name != "alone"]
        return replace(self, **{name: getattr(self, name)[rows] for name in names})

    @cached_property
    def partner(self) -> np.ndarray:
        """The column that alone makes a value unusual, and its value, or nothing."""
        return np.where(self.sole, self.together, "")

    @cached_property
    def within(self) -> np.ndarray:
        """Whether a number is in the expected range."""
        slack = _SLACK * np.maximum(np.abs(self.low), np.abs(self.high))
        return np.asarray(
            (self.low - slack <= self.number) & (self.number <= self.high + slack)
        )
