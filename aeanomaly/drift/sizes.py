"""How large a shift is: population stability, and Wasserstein's distance."""

from __future__ import annotations

import numpy as np

# Rows that are added to each cell, so that an empty one has a logarithm.
_HALF_A_ROW = 0.5


def stability_index(before: np.ndarray, now: np.ndarray) -> float:
    """Return the population stability index of rows counted in cells.

    The sum of the differences of shares, each times the difference of their
    logarithms. By custom less than 0.1 is no change and more than 0.25 a great one.

    Parameters
    ----------
    before, now : ndarray of shape (n_cells,)
        Rows in each cell, half a row of which is added to each.

    References
    ----------
    N. Siddiqi, *Credit Risk Scorecards*, Wiley, 2006.

    Examples
    --------
    >>> import numpy as np
    >>> round(stability_index(np.array([5000, 5000]), np.array([4000, 6000])), 4)
    0.0405
    """
    shares, shares_now = (
        (rows + _HALF_A_ROW) / (rows.sum() + _HALF_A_ROW * len(rows))
        for rows in (np.asarray(before, float), np.asarray(now, float))
    )
    return float(((shares_now - shares) * np.log(shares_now / shares)).sum())


def index_by_chance(n_cells: int, n_before: float, n_now: float) -> float:
    """Return the population stability index that is expected where nothing changed."""
    return max(0, n_cells - 1) * (1.0 / max(1.0, n_before) + 1.0 / max(1.0, n_now))


def wasserstein(
    at: np.ndarray, before: np.ndarray, now: np.ndarray, outside: float = 0.0
) -> float:
    """Return how far values have moved on average, in their own units.

    The area between two distribution functions, which is the least mean distance that
    rows must move to become the others.

    Parameters
    ----------
    at : ndarray of shape (n_values,)
        Ascending.
    before, now : ndarray of shape (n_values,)
        Shares of the rows up to each value.
    outside : float, default=0.0
        Mean distance of the rows now below the first value or above the last, zero
        for those between.

    Examples
    --------
    Of 0, 1, 2, 3 each has moved on by one, the last of them out of the range:

    >>> import numpy as np
    >>> before, now = np.array([1, 2, 3, 4]) / 4, np.array([0, 1, 2, 4]) / 4
    >>> wasserstein(np.array([0.0, 1.0, 2.0, 3.0]), before, now, outside=1 / 4)
    1.0
    """
    between = np.abs(before - now)[:-1]
    return float((between * np.diff(at)).sum() + outside)
