"""Times in texts as graphs: dates in ISO 8601 or in numbers, and times of day."""

from __future__ import annotations

from typing import Any

from ..scoring.encoding.reading import ClockReading, TimeReading
from ..scoring.encoding.reading.times import ORDERS
from .graph import Value, function, where
from .layout import Placed, RawColumns
from .readings import cannot_read, replaced

_DAY_SECONDS = 86_400.0
_CLOCK = r"\d{1,3}:[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?"
_HALF = r"(?:\s*[AaPp]\.?[Mm]\.?)?"
_ISO = (
    r"\d{4}-\d{2}(?:-\d{2}(?:[T ]\d{2}(?::[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?)?"
    r"(?:Z|[+-]\d{2}(?::?\d{2})?)?)?)?"
)
_DATES = {
    "day first": r"\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})",
    "month first": r"\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d{2})",
    "year first": r"\d{4}[./-]\d{1,2}[./-]\d{1,2}",
    "digits only": r"(?:19|20)\d\d[01]\d[0-3]\d",
}
# Where year, month and day stand.
_PLACES = {"day first": (2, 1, 0), "month first": (2, 0, 1)}
# As in `aeanomaly.scoring.encoding.reading.times`.
_FIRST_SHORT_YEAR = 70


def read_clock(raw: RawColumns, placed: Placed) -> tuple[Value, Value]:
    """Return seconds since midnight, and where a text is no time of day."""
    column: Any = placed.column
    if type(column.reading) is not ClockReading:
        raise cannot_read(column, "microseconds since midnight")
    texts = raw.one(placed.position)
    fits = _matches(texts, rf"\s*{_CLOCK}{_HALF}\s*")
    safe = where(fits, texts, "0:00")
    seconds = _clock_seconds(_pieces(safe, "", " 0")[0], texts)
    fits = fits & (seconds < _DAY_SECONDS)
    return where(fits, seconds, 0.0), ~fits


def read_time(raw: RawColumns, placed: Placed) -> tuple[Value, Value]:
    """Return seconds since 1970, and where a text is no time."""
    column: Any = placed.column
    reading = column.reading
    texts = raw.one(placed.position)
    if type(reading) is TimeReading and reading.form == "ISO 8601":
        seconds, fits = _iso(texts)
    elif type(reading) is TimeReading and reading.form in ORDERS:
        seconds, fits = _in_order(texts, reading.form)
    else:
        raise cannot_read(column, "microseconds since 1970")
    return where(fits, seconds, 0.0), ~fits


def _matches(texts: Value, pattern: str) -> Value:
    return texts.graph.node("RegexFullMatch", texts, pattern=pattern)


def _pieces(texts: Value, mark: str, more: str, n: int = 1) -> list[Value]:
    """Return the first pieces of texts between marks; what is added makes up for more.

    No mark stands for blanks.
    """
    graph = texts.graph
    padded = graph.node("StringConcat", texts, more).reshape(-1)
    split, _ = graph.node_of("StringSplit", 2, padded, delimiter=mark)
    return [split.columns([i]) for i in range(n)]


def _number(texts: Value) -> Value:
    """Return numbers of digits; zero where a text is empty."""
    return texts.graph.node("StringConcat", "0", texts).cast("double")


def _clock_seconds(clock: Value, texts: Value) -> Value:
    """Return hours, minutes and seconds as seconds.

    Parameters
    ----------
    clock : Value of shape (n, 1)
        Such as "14:05:33" or "2:05pm".
    texts : Value of shape (n, 1)
        With what says which half of the day it is.
    """
    for letter in "AaPp":
        clock = _pieces(clock, letter, letter)[0]
    hour, minute, second = _pieces(clock, ":", "::", 3)
    whole, part = _pieces(replaced(second, ",", "."), ".", "..", 2)
    fraction = texts.graph.node("StringConcat", "0.", part)
    fraction = texts.graph.node("StringConcat", fraction, "0").cast("double")
    hours = _number(hour)
    of_half = hours - function("Floor", hours / 12.0) * 12.0
    in_half = _matches(texts, r".*[AaPp]\.?[Mm]\.?\s*")
    after_noon = _matches(texts, r".*[Pp]\.?[Mm]\.?\s*").cast("double")
    hours = where(in_half, of_half + after_noon * 12.0, hours)
    return hours * 3_600.0 + _number(minute) * 60.0 + _number(whole) + fraction


def _iso(texts: Value) -> tuple[Value, Value]:
    fits = _matches(texts, rf"\s*{_ISO}\s*")
    safe = where(fits, texts, "1970-01-01")
    safe = replaced(replaced(safe, "T", " "), "Z", "")
    date, clock = _pieces(safe, "", " 0:0:0", 2)
    # A month alone is its first day.
    year, month, day = _pieces(date, "-", "-1-1", 3)
    clock, ahead = _pieces(clock, "+", "+0", 2)
    clock, behind = _pieces(clock, "-", "-0", 2)
    seconds = _clock_seconds(clock, texts) - _zone(ahead) + _zone(behind)
    days, valid = _days(_number(year), _number(month), _number(day))
    return days * _DAY_SECONDS + seconds, fits & valid & (
        _number(_pieces(clock, ":", ":")[0]) < 24.0
    )


def _zone(texts: Value) -> Value:
    """Return seconds of "02:00", "0200" or "02"."""
    hours, minutes = map(_number, _pieces(texts, ":", ":", 2))
    hundreds = function("Floor", hours / 100.0)
    compact = hundreds * 3_600.0 + (hours - hundreds * 100.0) * 60.0
    return where(hours >= 100.0, compact, hours * 3_600.0 + minutes * 60.0)


def _in_order(texts: Value, form: str) -> tuple[Value, Value]:
    fits = _matches(texts, rf"\s*{_DATES[form]}(?:(?:,? +|T){_CLOCK}{_HALF})?\s*")
    safe = where(fits, texts, "19700101" if form == "digits only" else "1-1-1970")
    safe = replaced(replaced(safe, "T", " "), ", ", " ")
    date, clock = _pieces(safe, "", " 0:0:0", 2)
    if form == "digits only":
        number = _number(date)
        year = function("Floor", number / 1e4)
        month = function("Floor", (number - year * 1e4) / 100.0)
        day = number - year * 1e4 - month * 100.0
    else:
        date = replaced(replaced(date, ".", "-"), "/", "-")
        parts = [_number(part) for part in _pieces(date, "-", "--", 3)]
        year, month, day = (parts[i] for i in _PLACES.get(form, (0, 1, 2)))
    century = where(year < float(_FIRST_SHORT_YEAR), 2_000.0, 1_900.0)
    year = where(year < 100.0, year + century, year)
    days, valid = _days(year, month, day)
    return days * _DAY_SECONDS + _clock_seconds(clock, texts), fits & valid


def _days(year: Value, month: Value, day: Value) -> tuple[Value, Value]:
    """Return days since 1970, and whether there is such a day."""
    first = _days_of(year, month, 1.0)
    december = month >= 12.0
    following = _days_of(
        year + december.cast("double"), where(december, 1.0, month + 1.0), 1.0
    )
    valid = (month >= 1.0) & (month <= 12.0) & (day >= 1.0)
    return first + (day - 1.0), valid & (day <= following - first)


def _days_of(year: Value, month: Value, day: float) -> Value:
    """Return days since 1970 in the Gregorian calendar.

    After H. Hinnant's ``days_from_civil``.
    """
    early = (month <= 2.0).cast("double")
    year = year - early
    era = function("Floor", year / 400.0)
    of_era = year - era * 400.0
    of_year = function("Floor", ((month - 3.0 + early * 12.0) * 153.0 + 2.0) / 5.0)
    days = of_era * 365.0 + function("Floor", of_era / 4.0)
    days = days - function("Floor", of_era / 100.0) + of_year + (day - 1.0)
    return era * 146_097.0 + days - 719_468.0
