"""Ranges of dates and times in words."""

from __future__ import annotations

import datetime

import numpy as np

_YEARS, _MONTHS, _DAYS = 2 * 365.2425, 60.0, 3.0
_EPOCH = datetime.datetime(1970, 1, 1)
_DAY_SECONDS = 86_400
# Days since 1970 of the first and the last date that Python has.
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896

WEEKDAYS = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def nameable(seconds: np.ndarray) -> np.ndarray:
    """Return times in seconds since 1970, or the nearest that have a name."""
    return np.clip(seconds, _FIRST_DAY * _DAY_SECONDS, _LAST_DAY * _DAY_SECONDS)


def moment(seconds: float) -> datetime.datetime:
    """Return a time from seconds since 1970, or the nearest with a name."""
    days = min(max(seconds / _DAY_SECONDS, _FIRST_DAY), _LAST_DAY)
    return _EPOCH + datetime.timedelta(days=days)


def show_time_range(low: float, high: float, observed: float | None = None) -> str:
    """Return a range of times, as coarse as its length allows.

    Parameters
    ----------
    low, high : float
        Seconds since 1970.
    observed : float, default=None
        A time outside of it, which must stay outside in words.

    Examples
    --------
    >>> day = 86_400.0
    >>> show_time_range(19_760 * day, 19_860 * day)
    'February to May 2024'
    >>> show_time_range(19_760 * day, 19_770 * day)
    '2024-02-07 to 2024-02-17'
    """
    first, last = moment(low), moment(high)
    seen = None if observed is None else moment(observed)
    days = (high - low) / 86_400
    if days >= _YEARS and not (seen and first.year <= seen.year <= last.year):
        return f"{first.year} to {last.year}"
    if days >= _MONTHS and not (seen and _month(first) <= _month(seen) <= _month(last)):
        return _show_months(first, last)
    whole_days = first == _midnight(first) and last == _midnight(last)
    if days >= _DAYS or whole_days:
        dates = sorted({first.date().isoformat(), last.date().isoformat()})
        return " to ".join(dates)
    pattern = "%Y-%m-%d %H:%M"
    until = "%H:%M" if first.date() == last.date() else pattern
    if first.strftime(pattern) == last.strftime(pattern):
        return first.strftime(pattern)
    return f"{first.strftime(pattern)} to {last.strftime(until)}"


def _midnight(time: datetime.datetime) -> datetime.datetime:
    return datetime.datetime(time.year, time.month, time.day)


def _month(time: datetime.datetime) -> tuple[int, int]:
    return time.year, time.month


def _show_months(first: datetime.datetime, last: datetime.datetime) -> str:
    start, end = MONTHS[first.month - 1], MONTHS[last.month - 1]
    if first.year == last.year:
        return f"{start} to {end} {last.year}"
    return f"{start} {first.year} to {end} {last.year}"
