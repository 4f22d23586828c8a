"""Dates, times of day and durations, as texts and as Python's objects."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .base import Reading, Values
from .months import english

DAY_SECONDS = 86_400.0
_CLOCK = r"(?P<hour>\d{1,3}):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d(?:[.,]\d+)?))?"
_HALF = r"(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?"
_TIME = rf"(?:[ T,]+{_CLOCK}{_HALF})?"
# Orders of the parts of a date in numbers, and their patterns.
ORDERS = {
    "day first": r"(?P<day>\d{1,2})[./-](?P<month>\d{1,2})[./-](?P<year>\d{4}|\d{2})",
    "month first": r"(?P<month>\d{1,2})[./-](?P<day>\d{1,2})[./-](?P<year>\d{4}|\d{2})",
    "year first": r"(?P<year>\d{4})[./-](?P<month>\d{1,2})[./-](?P<day>\d{1,2})",
    "digits only": r"(?P<year>(?:19|20)\d\d)(?P<month>[01]\d)(?P<day>[0-3]\d)",
}
_ISO = r"\d{4}-\d{2}(?:-\d{2}(?:[T ].*)?)?"
# Dates with names of months, of whichever of the languages that `english` knows.
NAMED = (
    *("%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d/%b/%Y", "%d. %b %Y", "%b %d, %Y"),
    *("%d %B %Y", "%d. %B %Y", "%B %d, %Y", "%b %Y", "%B %Y", "%b-%y", "%b-%Y"),
    *("%d %b %y", "%d/%b/%y", "%b %d %Y", "%Y-%b-%d", "%Y %b %d", "%b. %d, %Y"),
)
_DURATION = r"\d days?\b|^\d+:\d+:|^P(?:\d+D)?(?:T[\dHMS.]+)?$"
# Years of two digits are those from 1970 to 2069.
_FIRST_SHORT_YEAR = 70


@dataclass(frozen=True)
class TimeReading(Reading):
    """Dates and times in texts, and as objects of Python and pandas.

    Parameters
    ----------
    form : str
        "ISO 8601", one of `ORDERS`, or a format of `datetime.strptime`; empty where the
        training rows held no texts, and those to come are in ISO 8601.

    Examples
    --------
    >>> import pandas as pd
    >>> seconds = TimeReading(form="day first").parse(
    ...     Values(pd.Series(["02.01.1970", "1.1.1970 0:30", "31.02.1970"]))
    ... )
    >>> seconds
    array([86400.,  1800.,    nan])
    """

    form: str = "ISO 8601"

    noun: ClassVar[str] = "a time"

    def parse(self, values: Values) -> np.ndarray:
        """Return seconds since 1970, NaN where values cannot be read."""
        seconds = np.full(len(values.uniques), np.nan)
        if values.is_text.any():
            times = self._parse_texts(values.texts[values.is_text])
            seconds[values.is_text] = _seconds(times)
        for i in np.flatnonzero(~values.is_text):
            seconds[i] = _seconds_of(values.uniques[i])
        return seconds

    def _parse_texts(self, texts: Any) -> Any:
        import pandas as pd

        if self.form in ("", "ISO 8601"):
            texts = texts.where(texts.str.fullmatch(_ISO))
            times = pd.to_datetime(texts, format="ISO8601", utc=True, errors="coerce")
            return times.dt.tz_localize(None)
        if self.form in ORDERS:
            return _from_parts(texts, ORDERS[self.form])
        return _named(texts, self.form)

    def describe(self) -> str:
        """Return how values are written, in a few words."""
        return f"times as text, {self.form}" if self.form else "dates as objects"


@dataclass(frozen=True)
class ClockReading(Reading):
    """Times of day, such as "14:05:33" or "2:05 PM", in seconds since midnight."""

    noun: ClassVar[str] = "a time of day"

    def parse(self, values: Values) -> np.ndarray:
        """Return seconds since midnight, NaN where values cannot be read."""
        seconds = np.full(len(values.uniques), np.nan)
        if values.is_text.any():
            seconds[values.is_text] = clock_seconds(values.texts[values.is_text])
        for i in np.flatnonzero(~values.is_text):
            value = values.uniques[i]
            if isinstance(value, datetime.time):
                start = datetime.datetime.combine(datetime.date.min, datetime.time())
                moment = datetime.datetime.combine(
                    datetime.date.min, value.replace(tzinfo=None)
                )
                seconds[i] = (moment - start).total_seconds()
        return np.where(seconds < DAY_SECONDS, seconds, np.nan)

    def describe(self) -> str:
        """Return how values are written, in a few words."""
        return "times of day"


@dataclass(frozen=True)
class DurationReading(Reading):
    """Durations, such as "36:15:00" or "1 days 02:00:00", in seconds."""

    noun: ClassVar[str] = "a duration"

    def parse(self, values: Values) -> np.ndarray:
        """Return seconds, NaN where values cannot be read."""
        import pandas as pd

        seconds = np.full(len(values.uniques), np.nan)
        if values.is_text.any():
            texts = values.texts[values.is_text]
            clocks = clock_seconds(texts)
            written = texts.where(texts.str.contains(_DURATION, regex=True))
            spans = pd.to_timedelta(written, errors="coerce").dt.total_seconds()
            seconds[values.is_text] = np.where(np.isnan(clocks), spans, clocks)
        for i in np.flatnonzero(~values.is_text):
            value = values.uniques[i]
            if isinstance(value, datetime.timedelta):
                seconds[i] = value.total_seconds()
        return seconds

    def describe(self) -> str:
        """Return how values are written, in a few words."""
        return "durations, in seconds"


def clock_seconds(texts: Any) -> np.ndarray:
    """Return hours, minutes and seconds as seconds, NaN where a text has none.

    Examples
    --------
    >>> import pandas as pd
    >>> clock_seconds(pd.Series(["00:01:30", "2:00 pm", "noon"]))
    array([   90., 50400.,    nan])
    """
    return _clock(texts.str.extract(rf"^{_CLOCK}{_HALF}$"))


def _clock(parts: Any) -> np.ndarray:
    hour = parts["hour"].astype(float)
    half = parts["half"].str.lower()
    hour = hour.mask(half.notna(), hour % 12 + 12 * (half == "p"))
    second = parts["second"].str.replace(",", ".", regex=False).astype(float)
    minute = parts["minute"].astype(float)
    return np.asarray(hour * 3_600 + minute * 60 + second.fillna(0.0))


def _from_parts(texts: Any, order: str) -> Any:
    """Return times from texts of numbers in an order, NaT where there is no such."""
    import pandas as pd

    parts = texts.str.extract(rf"^{order}{_TIME}$")
    date = parts[["year", "month", "day"]].astype(float)
    year = date["year"]
    short = parts["year"].str.len() == 2
    century = np.where(year < _FIRST_SHORT_YEAR, 2_000, 1_900)
    date["year"] = year + short * century
    days = pd.to_datetime(date, errors="coerce")
    clock = pd.Series(_clock(parts), texts.index).fillna(0.0)
    return days + pd.to_timedelta(clock, unit="s")


def _named(texts: Any, form: str) -> Any:
    """Return times from texts with names of months, NaT where there is no such."""
    import pandas as pd

    parts = english(texts).str.extract(rf"^(?P<date>.*?){_TIME}$")
    form = form.replace(".", "").replace("%B", "%b")
    days = pd.to_datetime(parts["date"], format=form, errors="coerce")
    clock = pd.Series(_clock(parts), texts.index).fillna(0.0)
    return days + pd.to_timedelta(clock, unit="s")


def _seconds(times: Any) -> np.ndarray:
    moments = times.to_numpy(dtype="datetime64[us]")
    return np.where(np.isnat(moments), np.nan, moments.astype(np.int64) / 1e6)


def _seconds_of(value: Any) -> float:
    """Return the seconds since 1970 of an object, NaN where it is no time."""
    value = getattr(value, "start_time", value)
    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[us]").item()
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            value = value.replace(tzinfo=datetime.UTC)
    elif isinstance(value, datetime.date):
        value = datetime.datetime(
            value.year, value.month, value.day, tzinfo=datetime.UTC
        )
    else:
        return np.nan
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return float((value - epoch).total_seconds())
