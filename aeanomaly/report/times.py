"""How scores and alerts change over time."""

from __future__ import annotations

from typing import Any

import numpy as np

_MOST_PERIODS = 120
# Lengths of a period in seconds, and what they are called.
_LENGTHS = (
    (60.0, "minute"),
    (3_600.0, "hour"),
    (86_400.0, "day"),
    (7 * 86_400.0, "week"),
    (30 * 86_400.0, "30 days"),
    (365 * 86_400.0, "year"),
)
_LOW = 0.01


def over_time(
    seconds: np.ndarray, scores: np.ndarray, offset: float, column: str
) -> dict[str, Any] | None:
    """Return rows, alerts and scores of each period; None without two of them.

    Parameters
    ----------
    seconds : ndarray of shape (n_rows,)
        Since 1970; NaN where a row has no time.
    scores : ndarray of shape (n_rows,)
    offset : float
    column : str
        Where the times come from.
    """
    known = np.isfinite(seconds)
    seconds, scores = seconds[known], scores[known]
    if len(seconds) < 2:
        return None
    # A date of the year 9999 would leave one period for all others.
    first, last = np.quantile(seconds, [0.001, 0.999])
    within = (seconds >= first) & (seconds <= last)
    left_out = int((~within).sum()) if last - first else 0
    span = last - first
    if not span:
        return None
    length, unit = next(
        (each for each in _LENGTHS if span / each[0] <= _MOST_PERIODS), _LENGTHS[-1]
    )
    start = np.floor(first / length)
    periods = (np.floor(seconds / length) - start).astype(np.int64)
    inside = (periods >= 0) & (periods <= np.floor(last / length) - start)
    left_out = int((~inside).sum())
    periods, scores = periods[inside], scores[inside]
    order = np.argsort(periods, kind="stable")
    found, starts = np.unique(periods[order], return_index=True)
    parts = np.split(scores[order], starts[1:])
    if len(found) < 2:
        return None
    return {
        "column": column,
        "period": unit,
        "left_out": left_out,
        "starts": [_moment((start + p) * length) for p in found.tolist()],
        "positions": found.tolist(),
        "rows": [len(part) for part in parts],
        "flagged": [int((part < offset).sum()) for part in parts],
        "median": [round(float(np.median(part)), 3) for part in parts],
        "lowest_hundredth": [
            round(float(np.quantile(part, _LOW)), 3) for part in parts
        ],
    }


def _moment(seconds: float) -> str:
    text = str(np.datetime64(round(seconds), "s").astype("datetime64[m]"))
    return text.replace("T", " ").removesuffix(" 00:00")
