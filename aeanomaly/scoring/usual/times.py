"""What is usual in a column of dates and times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import Usual, check_counts
from .ranges import ExpectedRange

_DAY_SECONDS = 86_400


@dataclass(frozen=True)
class UsualTimes(Usual):
    """What training rows showed of a column of dates and times.

    Parameters
    ----------
    n_rows, n_missing : float
        As in `Usual`.
    expected : ExpectedRange or None
        In seconds since 1970.
    bounds : tuple of float or None
        First and last, in seconds since 1970; None where there was none.
    hours, weekdays, months : tuple of 24, 7 and 12 floats
        Rows of each hour of the day, weekday from Monday, and month. Empty where the
        column does not resolve it.
    """

    expected: ExpectedRange | None
    bounds: tuple[float, float] | None
    hours: tuple[float, ...]
    weekdays: tuple[float, ...]
    months: tuple[float, ...]

    def check(self) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        super().check()
        check_counts(*map(np.array, (self.hours, self.weekdays, self.months)))
        sizes = ((self.hours, 24), (self.weekdays, 7), (self.months, 12))
        if any(len(counts) not in (0, size) for counts, size in sizes):
            raise ValueError("what is usual counts hours, days or months that are not")
        if self.expected is not None:
            self.expected.check()


@dataclass(frozen=True)
class UsualClock(Usual):
    """What training rows showed of a column of times of day.

    Parameters
    ----------
    n_rows, n_missing : float
        As in `Usual`.
    hours : tuple of 24 floats
        Rows of each hour.
    """

    hours: tuple[float, ...]

    def check(self) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        super().check()
        check_counts(np.array(self.hours))
        if len(self.hours) != 24:
            raise ValueError("what is usual counts hours that are not")


def places_in_cycles(seconds: np.ndarray) -> dict[str, np.ndarray]:
    """Return hour, weekday and month of times, counted from zero.

    Parameters
    ----------
    seconds : ndarray of shape (n_samples,)
        Since 1970, none missing.
    """
    whole = np.floor(seconds).astype("datetime64[s]")
    days = np.floor(seconds / _DAY_SECONDS).astype(np.int64)
    return {
        "hours": ((seconds % _DAY_SECONDS) // 3600).astype(np.int64),
        # 1970-01-01 was a Thursday.
        "weekdays": (days + 3) % 7,
        "months": whole.astype("datetime64[M]").astype(np.int64) % 12,
    }
