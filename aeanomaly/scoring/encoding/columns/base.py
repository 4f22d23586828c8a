"""What a column of a table is to the encoding: the base of all kinds of column."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from ....printable import printable

# Whether a value is missing counts as a category's level does. By its own deviation, as
# numbers do, one missing value in a hundred would outweigh all that is not missing.
INDICATOR_SCALE = 1.0

Storage = Literal["number", "text", "boolean", "time"]


class ColumnOptions(NamedTuple):
    """The estimator's parameters that say how columns are encoded.

    Parameters
    ----------
    scaling : {"robust", "standard", "none"}
        How numbers are scaled.
    max_categories : int
        Levels of a category with an encoded column of their own.
    missing_values : tuple, "auto" or None
        Numbers and texts that stand for missing values; "auto" for numbers that seem
        to, far from all others and in many rows.
    """

    scaling: str = "robust"
    max_categories: int = 64
    missing_values: Any = None


class ColumnFacts(NamedTuple):
    """What a column says of itself; see `ColumnDescription`."""

    values: str = ""
    missing: float = 0.0
    read_as: str = ""
    left_out: str = ""
    notes: tuple[str, ...] = ()


class Column(ABC):
    """One fitted column: how it is encoded, decoded and described.

    Every kind of column turns its values into *linear* encoded columns (numbers,
    compared by squared error), or into one *group* of encoded columns (levels of a
    category, compared by cross-entropy), and reports *novelty*: the surprise, in nats,
    of values that training rows never showed and that no network can be asked about.

    To add a kind, write a frozen dataclass that inherits from this class or from a
    kind that it resembles, and name it in an estimator's `column_kinds`. All that
    changes what is computed must be a field, so that a saved model keeps it.

    Attributes
    ----------
    name : str or int
        Name, or position in an array.
    novelty : float
        Surprise of a value that training rows never showed, in nats.
    storage : {"number", "text", "boolean", "time"}
        What the column is in a file.
    categorical : bool
        Class attribute: whether values are levels, given by `codes`.
    ignored : bool
        Class attribute: whether the column has no part in the score.
    n_linear, n_levels : int
        Number of linear encoded columns, and of columns in the group.
    centers, scales : sequence of float of length n_linear
        What is subtracted from each unscaled encoded column, and what it is divided by.
    """

    name: Any
    novelty: float

    categorical: ClassVar[bool] = False
    ignored: ClassVar[bool] = False

    @property
    def storage(self) -> Storage:
        """What the column is in a file."""
        return "number"

    @property
    def n_linear(self) -> int:
        """Number of linear encoded columns."""
        return 0

    @property
    def n_levels(self) -> int:
        """Number of encoded columns in the group."""
        return 0

    @property
    def centers(self) -> Sequence[float]:
        """What is subtracted from each unscaled linear column."""
        return ()

    @property
    def scales(self) -> Sequence[float]:
        """What each linear column is divided by."""
        return ()

    def read(self, values: Any) -> Any:
        """Return values in the type that the methods below take.

        Asked once for a table, before its rows are encoded. What cannot be read is
        missing, with a warning; where that is most of a column, it is left as it is.

        Parameters
        ----------
        values : Series or ndarray of shape (n_samples,)
        """
        return values

    @property
    def from_text(self) -> bool:
        """Whether files must give the texts of cells as they stand, for `read`."""
        return False

    # --- Learning ---

    @classmethod
    def recognises(cls, values: Any) -> bool:
        """Return whether values that `column_kinds` does not name are of this kind.

        Parameters
        ----------
        values : Series or ndarray of shape (n_samples,)
        """
        return False

    @classmethod
    @abstractmethod
    def fit(
        cls, values: Any, name: Any, weights: np.ndarray, options: ColumnOptions
    ) -> Column:
        """Learn from the values of training rows.

        Parameters
        ----------
        values : Series or ndarray of shape (n_samples,)
        name : str or int
        weights : ndarray of shape (n_samples,)
            How often each row counts.
        options : ColumnOptions

        Raises
        ------
        ColumnError
            If the values are not of this kind.
        """

    @classmethod
    @abstractmethod
    def canonical(cls, values: Any, name: Any) -> np.ndarray:
        """Return numbers that are equal where values are: copies of rows are told so.

        Parameters
        ----------
        values : Series or ndarray of shape (n_samples,)
        name : str or int
        """

    # --- Encoding ---

    def linear(self, values: Any, out: np.ndarray) -> np.ndarray | None:
        """Write the unscaled linear columns; return the novelty per row, if any.

        Parameters
        ----------
        values : Series or ndarray of shape (n_samples,)
        out : ndarray of shape (n_samples, n_linear)

        Returns
        -------
        ndarray of shape (n_samples,) or None
        """
        return None

    def codes(self, values: Any) -> np.ndarray:
        """Return each row's encoded column in the group, -1 for a level never seen.

        Asked of `categorical` kinds only, and even where `n_levels` is zero.
        """
        raise NotImplementedError

    def codes_and_linear(self, values: Any, out: np.ndarray) -> np.ndarray:
        """Return `codes`, and write the unscaled linear columns of levels, if any."""
        return self.codes(values)

    @property
    def shared(self) -> int | None:
        """Encoded column in the group that new levels share with others, if any."""
        return None

    @property
    def surprises(self) -> np.ndarray:
        """Surprise of each encoded column of the group, in nats, from its share."""
        return np.zeros(self.n_levels)

    @property
    def ranked(self) -> bool:
        """Whether the only linear column says how rare a level is, in nats."""
        return False

    def moved(self, values: Any) -> np.ndarray | None:
        """Return which values are encoded as another one, which reasons must not blame.

        Such as times after the training rows that count as the last of them. The value
        itself is the first linear column.

        Returns
        -------
        ndarray of shape (n_samples,), bool, or None
            None, by default, where there are none.
        """
        return None

    @property
    def has_indicator(self) -> bool:
        """Whether the last linear column says which values are missing."""
        return False

    @property
    def is_plain(self) -> bool:
        """Whether `linear` is the value itself, so that a table may be one matrix."""
        return False

    # --- Decoding and describing ---

    @abstractmethod
    def restore(self, linear: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """Return values in original units.

        Parameters
        ----------
        linear : ndarray of shape (n_samples, n_linear)
            Unscaled.
        probabilities : ndarray of shape (n_samples, n_levels)
        """

    @abstractmethod
    def describe(self) -> str:
        """Return what `aeanomaly inspect` says: the kind, and what was learnt."""

    def facts(self) -> ColumnFacts:
        """Return levels or range, what is missing and what is odd, for people."""
        return ColumnFacts(self.describe())

    def aspect(self, encoded: int) -> str:
        """Return what one of the linear encoded columns says of a value, in words.

        Such as "its hour" of a time; nothing, by default, where it is the value.
        """
        return ""

    def expectation(
        self, observed: Any, expected: Any, probability: float
    ) -> str | None:
        """Return the end of a reason, in words of the kind's own.

        Parameters
        ----------
        observed, expected : object
            In original units.
        probability : float
            Probability of an expected level; NaN for other columns.

        Returns
        -------
        str or None
            None, by default, for the words of `aeanomaly.scoring.wording`.
        """
        return None

    def check(self) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        if not 0 <= self.novelty < math.inf:
            raise ValueError(f"column {self.name!r} has no finite novelty from 0 on")


def unseen_surprise(n_rows: float, n_singletons: float = 0.0) -> float:
    """Return the surprise, in nats, of what ``n_rows`` rows never showed.

    Good and Turing estimate the probability of an unseen level from the number of
    levels that were seen once (Good, 1953, *Biometrika* 40); adding one keeps it
    above zero where every level was seen often.
    """
    return max(0.0, -math.log((n_singletons + 1.0) / (n_rows + 1.0)))


def show_value(value: Any, digits: int = 6) -> str:
    """Return a value as a reader wants it: numbers short, missing ones named.

    Control characters are escaped, and long texts cut.
    """
    if _is_missing(value):
        return "missing"
    if hasattr(value, "strftime"):
        return str(value.strftime("%Y-%m-%d %H:%M:%S"))
    if isinstance(value, float | np.floating):
        return f"{value:.{digits}g}"
    return printable(value)


def _is_missing(value: Any) -> bool:
    try:
        return value is None or bool(value != value)
    except (TypeError, ValueError):
        # Pandas's NA does not say whether it is equal to itself; a list may not.
        return type(value).__name__ == "NAType"


def show_range(low: float | None, high: float | None) -> str:
    """Return a range of numbers; empty where it is not known.

    Examples
    --------
    >>> show_range(2001.0, 2023.0), show_range(0.0, 2023.0), show_range(None, None)
    ('2001 to 2023', '0 to 2,023', '')
    """
    if low is None or high is None:
        return ""
    if (
        1e3 <= low <= high < 1e4
        and float(low).is_integer()
        and float(high).is_integer()
    ):
        # Such as years.
        return f"{low:.0f} to {high:.0f}"
    return f"{show_number(low)} to {show_number(high)}"


def show_number(value: float) -> str:
    """Return a number with groups of thousands and at most six digits that count."""
    if 1e3 <= abs(value) < 1e15:
        whole = float(value).is_integer() or abs(value) >= 1e6
        return f"{value:,.0f}" if whole else f"{value:,.2f}"
    return f"{value:.6g}"


def described_reading(reading: Any) -> tuple[str, tuple[str, ...]]:
    """Return how texts are read, and what was odd; nothing where none were."""
    return ("", ()) if reading is None else (reading.describe(), reading.notes())


def describe_missing(rate: float) -> str:
    """Return what `Column.describe` says of missing values."""
    return f", {rate:.2%} missing" if rate else ""


def check_scale(column: Any) -> None:
    """Raise a `ValueError` unless a column of numbers or times can be scaled."""
    if not 0 <= column.missing_rate <= 1:
        raise ValueError(f"column {column.name!r} has no valid missing_rate")
    if not (0 < column.scale < math.inf and math.isfinite(column.center)):
        raise ValueError(f"column {column.name!r} has no positive scale")
    if not 0 < column.indicator_scale < math.inf:
        raise ValueError(f"column {column.name!r} has no positive indicator_scale")
