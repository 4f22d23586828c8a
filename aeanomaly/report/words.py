"""Values as the report writes them: text of one line, none of it a command."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..printable import printable
from ..scoring.encoding.columns.base import show_range, show_value
from ..scoring.reasons import Reasons
from ..scoring.wording.values import show_name

_LENGTH = 120


def text_of(value: Any) -> str:
    """Return a value as text of one line."""
    if isinstance(value, np.datetime64):
        value = None if np.isnat(value) else value.item()
    return printable(show_value(value), _LENGTH)


def name_of(name: Any) -> str:
    """Return the name of a column."""
    return printable(show_name(name), _LENGTH)


def expected_text(reasons: Reasons, row: int, rank: int, is_time: bool) -> str:
    """Return what was expected: a range, a level and its probability, or a value.

    Parameters
    ----------
    reasons : Reasons
    row, rank : int
        Place in it.
    is_time : bool
        Whether the ends of a range are times.
    """
    low, high = float(reasons.low[row, rank]), float(reasons.high[row, rank])
    if math.isfinite(low) and math.isfinite(high):
        if is_time:
            ends = [_moment(seconds) for seconds in (low, high)]
            return ends[0] if ends[0] == ends[1] else " to ".join(ends)
        return text_of(low) if low == high else show_range(low, high)
    expected = text_of(reasons.expected[row, rank])
    probability = float(reasons.probability[row, rank])
    if math.isfinite(probability):
        return f"{expected} ({min(1.0, max(0.0, probability)):.2f})"
    return expected


def _moment(seconds: float) -> str:
    moment = np.datetime64(round(seconds), "s").item()
    return text_of(moment).removesuffix(" 00:00:00")
