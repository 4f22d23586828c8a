"""What all readings share: the distinct values of a column, and what is missing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ..values import factorized

# Texts that stand for a missing value in tables of all kinds.
MISSING_WORDS = frozenset(
    ["", "-", "--", "–", "—", "?", ".", "n/a", "#n/a", "na", "nan", "nat", "<na>"]
    + ["null", "none", "nil", "missing"]
)


class Values:
    """The distinct values of a column of texts and objects.

    Parameters
    ----------
    values : Series or ndarray of shape (n_samples,)

    Examples
    --------
    >>> import pandas as pd
    >>> values = Values(pd.Series(["1.5", " ", b"2", "tbd", None]))
    >>> values.texts.tolist(), int(values.is_missing.sum())
    (['1.5', '', '2', 'tbd'], 2)
    """

    def __init__(self, values: Any) -> None:
        import pandas as pd

        values = pd.Series(values)
        if isinstance(values.dtype, pd.CategoricalDtype):
            values = values.astype(values.dtype.categories.dtype)
        # Raises TypeError where values cannot be told apart, as lists cannot.
        self.codes, uniques = factorized(values)
        self.uniques = np.asarray(uniques, dtype=object)

    @cached_property
    def is_text(self) -> np.ndarray:
        """Whether each distinct value is a text; those of bytes are as well."""
        return np.fromiter(
            (isinstance(value, str | bytes) for value in self.uniques),
            dtype=bool,
            count=len(self.uniques),
        )

    @cached_property
    def texts(self) -> Any:
        """The distinct values as a Series of texts without blanks around them."""
        import pandas as pd

        plain = [
            value.decode(errors="replace")
            if isinstance(value, bytes)
            else text_of(value)
            for value in self.uniques
        ]
        return pd.Series(plain, dtype=object).str.strip()

    @cached_property
    def _says_missing(self) -> np.ndarray:
        words = self.texts.str.lower().isin(MISSING_WORDS).to_numpy(dtype=bool)
        return np.asarray(words & self.is_text)

    @cached_property
    def is_missing(self) -> np.ndarray:
        """Whether each row misses the value, or has a word for that."""
        return np.append(self._says_missing, True)[self.codes]

    @property
    def n_words(self) -> int:
        """Rows with a word that stands for a missing value."""
        return int((self.is_missing & (self.codes >= 0)).sum())

    @cached_property
    def counts(self) -> np.ndarray:
        """Rows of each distinct value; none of words for missing ones."""
        known = self.codes[self.codes >= 0]
        counts = np.bincount(known, minlength=len(self.uniques))
        return np.where(self._says_missing, 0, counts)

    def spread(self, distinct: np.ndarray) -> np.ndarray:
        """Return what distinct values became, for each row; NaN where missing."""
        return np.append(distinct, np.nan)[self.codes]


def text_of(value: Any) -> str:
    """Return the text of an object; nothing of one that has none."""
    try:
        return str(value)
    except Exception:
        # A class of a user's: the column's kind says what becomes of it.
        return f"<{type(value).__name__}>"


@dataclass(frozen=True)
class Reading(ABC):
    """How the texts and objects of a column become numbers.

    Parameters
    ----------
    n_unread : int
        Cells of the training rows that were neither missing nor could be read.
    n_words : int
        Cells with a word that stands for a missing value, such as "n/a" or a blank.
    example : str
        One that could not be read.
    remark : str
        What was ambiguous, and how it was decided.
    """

    n_unread: int = 0
    n_words: int = 0
    example: str = ""
    remark: str = ""

    # What a value is called in errors and notes.
    noun: ClassVar[str] = "a number"

    @abstractmethod
    def parse(self, values: Values) -> np.ndarray:
        """Return the distinct values as float64, NaN where they cannot be read."""

    @abstractmethod
    def describe(self) -> str:
        """Return how values are written, in a few words."""

    def notes(self) -> tuple[str, ...]:
        """Return what is odd about the training rows."""
        notes = []
        if self.n_unread:
            cells = count_of(self.n_unread, "cell is", "cells are")
            notes.append(f"{cells} not {self.noun}, such as {self.example!r}: missing")
        if self.n_words:
            cells = count_of(self.n_words, "cell is", "cells are")
            notes.append(f"{cells} blank or a word for missing")
        if self.remark:
            notes.append(self.remark)
        return tuple(notes)


def count_of(n: int, one: str, many: str) -> str:
    """Return a number and the word for so many."""
    return f"{n:,} {one if n == 1 else many}"


def is_typed(values: Any) -> bool:
    """Return whether values have a type of numbers, booleans, times or durations."""
    dtype = values.dtype
    return getattr(dtype, "kind", "O") in "biufcmM" and not hasattr(dtype, "categories")


def plain_values(values: Any) -> Any:
    """Return periods, Arrow's dates and the like in the types that pandas has for them.

    Values of other types come back as they are.

    Examples
    --------
    >>> import pandas as pd
    >>> plain_values(pd.Series(pd.period_range("2026-01", periods=1, freq="M")))[0]
    Timestamp('2026-01-01 00:00:00')
    """
    import pandas as pd

    dtype = values.dtype
    if isinstance(dtype, pd.PeriodDtype):
        return pd.Series(values).dt.to_timestamp()
    if isinstance(dtype, np.dtype) or not hasattr(dtype, "pyarrow_dtype"):
        return values
    kind = str(dtype.pyarrow_dtype)
    if kind.startswith(("date", "timestamp")):
        times = pd.Series(pd.to_datetime(values.astype(object), utc=True), values.index)
        return times.dt.tz_localize(None)
    if kind.startswith("duration"):
        return pd.Series(pd.to_timedelta(values.astype(object)), values.index)
    if kind.startswith(("time", "decimal")):
        return values.astype(object)
    return values
