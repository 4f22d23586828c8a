"""Numbers that stand for a missing value, such as -999."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

# A number that stands for a missing value is the least or the greatest of its column,
# and in so many rows.
_MIN_ROWS = 3
_MIN_SHARE = 0.002
# It is written in nines, or is a negative number of hundreds.
_CUSTOM = re.compile(r"-?9{2,}|-[1-9]00+")
# Its distance from all others, in the range of most of them: less is needed if it is
# the only negative number, or has three nines.
_GAP = 1.0
_GAP_OF_CUSTOM = 0.1
_THREE_NINES = 999.0
_CENTRAL = (0.05, 0.95)


def find_sentinels(values: np.ndarray) -> tuple[float, ...]:
    """Return numbers that seem to stand for missing values.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)

    Examples
    --------
    >>> import numpy as np
    >>> find_sentinels(np.array([1.5, 3.0, -999.0, 2.5, 4.0] * 20))
    (-999.0,)
    >>> find_sentinels(np.array([0.0, 3.0, 1.0, 2.0, 5.0] * 20))
    ()
    """
    known = values[np.isfinite(values)]
    found = []
    for take in (np.min, np.max):
        if len(known) and _stands_for_missing(number := float(take(known)), known):
            found.append(number)
            known = known[known != number]
    return tuple(found)


def _stands_for_missing(number: float, known: np.ndarray) -> bool:
    if _CUSTOM.fullmatch(f"{number:.15g}") is None:
        return False
    others = known[known != number]
    n_rows = len(known) - len(others)
    if n_rows < max(_MIN_ROWS, _MIN_SHARE * len(known)) or len(others) < n_rows:
        return False
    least = float(others.min())
    gap = least - number if number < least else number - float(others.max())
    # A single wild value must not stretch the range.
    low, high = np.quantile(others, _CENTRAL)
    custom = number < 0 <= least or abs(number) >= _THREE_NINES
    needed = (_GAP_OF_CUSTOM if custom else _GAP) * (high - low)
    return bool(high > low and gap > needed)


def missing_numbers(
    missing_values: Any, suspects: tuple[float, ...]
) -> tuple[float, ...]:
    """Return the numbers that count as missing in a column."""
    if missing_values is None:
        return ()
    if isinstance(missing_values, str):
        return suspects
    return tuple(float(v) for v in missing_values if not isinstance(v, str))


def without_numbers(values: np.ndarray, numbers: Iterable[float]) -> np.ndarray:
    """Return values, missing where they are one of some numbers."""
    numbers = list(numbers)
    return np.where(np.isin(values, numbers), np.nan, values) if numbers else values
