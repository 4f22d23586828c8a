"""Which of many rows to flag together: a false discovery rate, or a budget."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .notices import percent, warn
from .periods import period_codes
from .scoring.calibration import Calibration, normal_share

METHODS = ("bh", "storey")


def select_by_fdr(
    calibration: Calibration,
    scores: np.ndarray,
    fdr: float,
    method: str = "bh",
    confidence: float | None = None,
) -> np.ndarray:
    """Return which rows to flag so that few of them are normal.

    Parameters
    ----------
    calibration : Calibration
    scores : ndarray of shape (n_samples,)
        Of the rows that are judged together.
    fdr : float
        Share of normal rows among the flagged ones, on average, at most; in (0, 1).
    method : {"bh", "storey"}, default="bh"
        "bh" is the procedure of Benjamini and Hochberg. "storey" multiplies p-values
        with an estimate of the share of normal rows, and flags more where many rows are
        abnormal.
    confidence : float or None, default=None
        Probability over the draw of the calibration rows with which the p-values are
        valid. None: valid on average over such draws.

    Returns
    -------
    ndarray of shape (n_samples,), bool

    Warns
    -----
    UserWarning
        If nothing is selected because there are too few calibration scores.

    References
    ----------
    Y. Benjamini and Y. Hochberg, *Journal of the Royal Statistical Society B* 57, 1995.
    J. D. Storey, *Journal of the Royal Statistical Society B* 64, 2002.
    S. Bates et al., "Testing for Outliers with Conformal p-values", *Annals of
    Statistics* 51, 2023: p-values of calibration scores are positively dependent, which
    is what the procedure allows.
    """
    from scipy.stats import false_discovery_control

    if not 0 < fdr < 1:
        raise ValueError(f"fdr must be in (0, 1). Got {fdr!r}.")
    if method not in METHODS:
        raise ValueError(f"method must be one of {list(METHODS)}. Got {method!r}.")
    if not len(scores):
        return np.zeros(0, dtype=bool)
    p_values = calibration.p_values(scores)
    smallest = calibration.smallest_p_value
    if confidence is not None:
        n_rows = calibration.n_rows
        p_values = conditional_p_values(p_values, n_rows, confidence)
        smallest = conditional_p_values(np.array([smallest]), n_rows, confidence)[0]
    share = normal_share(p_values) if method == "storey" else 1.0
    adjusted = np.minimum(1.0, share * false_discovery_control(p_values))
    selected = adjusted <= fdr
    if not selected.any():
        _warn_if_too_few(calibration, p_values, smallest, share, fdr)
    return selected


def conditional_p_values(
    p_values: np.ndarray, n_rows: float, confidence: float
) -> np.ndarray:
    """Return p-values that are valid for most draws of the calibration rows.

    With probability `confidence` over that draw, a new normal row has such a p-value of
    at most t with a probability of at most t, for all t at once.

    Parameters
    ----------
    p_values : ndarray of shape (n_samples,)
        Conformal p-values.
    n_rows : float
        Number of calibration scores.
    confidence : float
        In (0, 1).

    References
    ----------
    S. Bates et al., "Testing for Outliers with Conformal p-values", *Annals of
    Statistics* 51, 2023: the adjustment of Simes, with half of the scores.
    """
    n = max(1, round(n_rows))
    half = max(1, n // 2)
    ranks = np.arange(1, n + 1)
    logs = np.append(0.0, np.cumsum(np.log(ranks)))
    # log of i (i - 1) ... (i - half + 1), minus infinity where a factor is zero.
    falling = np.full(n, -np.inf)
    falling[half - 1 :] = logs[half:] - logs[: n - half + 1]
    exponent = (math.log(1 - confidence) + falling - falling[-1]) / half
    # bounds[r - 1] is what a p-value of r / (n + 1) becomes.
    bounds = np.append((1.0 - np.exp(exponent))[::-1], 1.0)
    position = np.ceil(p_values * (n + 1) - 1e-9).astype(int) - 1
    return np.maximum(p_values, bounds[np.clip(position, 0, n)])


def _warn_if_too_few(
    calibration: Calibration,
    p_values: np.ndarray,
    smallest: float,
    share: float,
    fdr: float,
) -> None:
    """Warn if rows would have been selected by more calibration scores."""
    n_rows = len(p_values)
    n_lowest = int((p_values <= smallest + 1e-12).sum())
    needed = math.ceil(share * smallest * n_rows / fdr - 1e-9)
    if not n_lowest or needed <= n_lowest:
        return
    enough = calibration.n_rows * needed / n_lowest
    # Two digits are as much as anybody wants to know.
    digits = 10 ** max(0, math.floor(math.log10(enough)) - 1)
    warn(
        f"No selection at {percent(fdr)} of {n_rows:,} rows is possible: at least "
        f"{needed:,} of them would have to lie below all {calibration.n_rows:,.0f} "
        f"calibration scores, and {n_lowest:,} do. About "
        f"{math.ceil(enough / digits) * digits:,} calibration rows would do; or pass a "
        f"budget, or a greater fdr.",
        UserWarning,
    )


def select_by_budget(
    scores: np.ndarray, budget: int, times: Any = None, period: str = "D"
) -> np.ndarray:
    """Return the most abnormal rows of each period.

    Parameters
    ----------
    scores : ndarray of shape (n_samples,)
    budget : int
        Rows to flag in each period; all of a period that has fewer. Of equal scores the
        rows that come first are flagged.
    times : array-like of shape (n_samples,), default=None
        Datetimes, or whatever tells periods apart. None: all rows are one period.
    period : str, default="D"
        Length of a period of datetimes; see `period_codes`.

    Returns
    -------
    ndarray of shape (n_samples,), bool

    Examples
    --------
    >>> import numpy as np
    >>> from aeanomaly.selection import select_by_budget
    >>> scores = np.array([-3.0, -9.0, -2.0, -1.0])
    >>> select_by_budget(scores, 1, times=[1, 1, 2, 2]).tolist()
    [False, True, True, False]
    """
    if isinstance(budget, bool) or budget != int(budget) or budget < 0:
        raise ValueError(f"budget must be a whole number from 0 on. Got {budget!r}.")
    if times is None:
        codes = np.zeros(len(scores), dtype=np.intp)
    else:
        codes = period_codes(times, period)
        if len(codes) != len(scores):
            raise ValueError(f"times has {len(codes)} values for {len(scores)} rows.")
    order = np.lexsort((scores, codes))
    starts = np.flatnonzero(np.append(True, np.diff(codes[order]) > 0))[: len(order)]
    sizes = np.diff(np.append(starts, len(order)))
    ranks = np.arange(len(order)) - np.repeat(starts, sizes)
    selected = np.zeros(len(scores), dtype=bool)
    selected[order[ranks < budget]] = True
    return selected
