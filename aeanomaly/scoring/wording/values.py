"""Values as a reader wants them: as their column writes them, with its unit."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...printable import printable

# From here on digits are in groups of three. Below, years and postal codes stay whole.
_GROUPED_FROM = 100_000
# Digits of numbers whose column does not say how many it has.
_DIGITS = 4
_MAX_DIGITS = 6
_SHOWN_DIGITS = 20
# Below this a number without decimals of its own is written with an exponent.
_TINY = 1e-6
# Powers of ten between which NumPy rounds as Python does: products with a million are
# whole numbers that a float holds.
_LEAST_POWER = -6
_POWERS = 10.0 ** np.arange(_LEAST_POWER, 10)
# Values of these types have one text where they are equal; other decimal fractions and
# times may be equal and written in other ways.
_EQUAL_TEXTS = {str, bool, int, float, type(None)}
_FOUR_DIGITS = 1_000
# No whole number of a computer is as great: nobody counts so many digits.
_HUGE = 1e21

_ENDINGS = (
    "km cm mm um nm mi ft kg mg lb lbs oz ms sec secs hrs hours days weeks months "
    "years eur usd gbp chf jpy inr cny aud cad pct percent kw kwh mw mwh hz khz mhz "
    "ghz pa hpa kpa mpa bar psi ml rpm kmh kph mph celsius fahrenheit kelvin volts "
    "amps watts bytes kb mb gb"
)
# Single letters that end a name are as often a numbering as a unit, and "min" is as
# often the least; in brackets they are units.
_IN_BRACKETS = "m g s min h l c f k v a w j n"
_NAME_ENDINGS = frozenset(_ENDINGS.split())
_BRACKETED = _NAME_ENDINGS.union(_IN_BRACKETS.split())
_SYMBOLS = {"pct": "%", "percent": "%"}
_SIGNS = re.compile(r"[%€$£¥°]|°[CFK]|[A-Z]{3}|[A-Za-zµ]{1,4}/[A-Za-z0-9²³]{1,4}")


def unit_of(name: Any) -> str:
    """Return the unit that a column's name ends with, or nothing.

    Examples
    --------
    >>> unit_of("weight_kg"), unit_of("amount (EUR)"), unit_of("Torque [Nm]")
    ('kg', 'EUR', 'Nm')
    >>> unit_of("temp_min"), unit_of("class_c"), unit_of("name")
    ('', '', '')
    """
    if not isinstance(name, str):
        return ""
    if found := re.search(r"[(\[]([^()\[\]]{1,10})[)\]]$", name.strip()):
        unit = found[1].strip()
        known = unit.lower() in _BRACKETED or _SIGNS.fullmatch(unit)
        return _SYMBOLS.get(unit.lower(), unit) if known else ""
    if found := re.search(r"(?<=[a-z0-9])_([A-Za-z]{2,10})$", name):
        unit = found[1]
        if unit.lower() in _NAME_ENDINGS:
            return _SYMBOLS.get(unit.lower(), unit)
    return ""


def show_name(name: Any) -> str:
    """Return the name of a column; names of several levels with strokes between.

    Examples
    --------
    >>> show_name(("sensor", "a")), show_name(3)
    ('sensor/a', '3')
    """
    return printable("/".join(map(str, name)) if isinstance(name, tuple) else name)


def show_number(
    value: float, decimals: int | None = None, *, group: bool = False
) -> str:
    """Return a number as its column writes it, without powers of ten.

    Parameters
    ----------
    value : float
        Finite. Only below a millionth, and from 1e21 on, it has an exponent.
    decimals : int, default=None
        Digits after the point that the column has; None for four digits in all.
    group : bool, default=False
        Whether digits are in groups of three also below a hundred thousand.

    Examples
    --------
    >>> show_number(71e6), show_number(912.40, 2), show_number(1131.4567)
    ('71,000,000', '912.4', '1131')
    >>> show_number(0.00123456), show_number(2024.0, 0), show_number(-0.0)
    ('0.001235', '2024', '0')
    """
    if value == 0:
        return "0"
    size = abs(value)
    if size >= _HUGE:
        return _show_huge(value)
    if decimals is None:
        decimals = max(0, _DIGITS - 1 - math.floor(math.log10(size)))
        if size < _TINY:
            return f"{value:.{_DIGITS}g}"
    groups = "," if group or size >= _GROUPED_FROM else ""
    text = f"{value:{groups}.{decimals}f}"
    return _stripped(text) if "." in text else text


def _show_huge(value: float) -> str:
    """Return a number with an exponent; a whole one may have any number of digits."""
    try:
        return f"{float(value):.{_DIGITS}g}"
    except OverflowError:
        return f"{'-' if value < 0 else ''}{printable(abs(value), _SHOWN_DIGITS)}"


def show_observed(value: Any, decimals: int | None = None) -> str:
    """Return a value of a row: texts as they are, missing ones named."""
    if value is None or value is _missing(value):
        return "missing"
    if isinstance(value, bool | np.bool_ | str):
        return printable(value)
    if isinstance(value, int | np.integer):
        return show_number(int(value), 0)
    if isinstance(value, float | np.floating):
        if math.isinf(value):
            return str(value)
        # The shortest text of a float32 is what was written.
        number = float(str(value))
        return show_number(number, _decimals_shown(number, decimals))
    if hasattr(value, "strftime"):
        return show_time(value)
    if hasattr(value, "total_seconds"):
        return show_clock(value.total_seconds())
    return printable(value)


def show_column(values: Any, decimals: int | None = None) -> list[str]:
    """Return the texts of a Series or an array, each as `show_observed` gives it.

    What numbers and times have in common is done once, and each text is made once.

    Examples
    --------
    >>> show_column(np.array([1234567.25, 0.1, float("nan")]))
    ['1,234,567.25', '0.1', 'missing']
    """
    dtype = values.dtype
    if dtype == np.float64:
        return _show_floats(np.asarray(values), decimals)
    if isinstance(dtype, np.dtype) and dtype.kind in "iub":
        distinct, places = np.unique(np.asarray(values), return_inverse=True)
        texts = [show_observed(value) for value in distinct.tolist()]
        return [texts[place] for place in places.tolist()]
    if isinstance(dtype, np.dtype) and dtype.kind == "M":
        times = np.asarray(values)
        if _have_four_digits(times):
            return _show_times(times)
    return show_all(values.astype(object), decimals)


def show_all(values: Iterable[Any], decimals: int | None = None) -> list[str]:
    """Return the texts of many values, each as `show_observed` gives it.

    Examples
    --------
    >>> show_all([1234567.25, 0.1, float("nan")]), show_all(["a", "a", None])
    (['1,234,567.25', '0.1', 'missing'], ['a', 'a', 'missing'])
    """
    values = list(values)
    kinds = set(map(type, values))
    if kinds == {float}:
        return _show_floats(np.array(values), decimals)
    if not kinds <= _EQUAL_TEXTS:
        return [show_observed(value, decimals) for value in values]
    if len(kinds) == 1:
        texts = {value: show_observed(value, decimals) for value in set(values)}
        return [texts[value] for value in values]
    # True equals 1, and is shown otherwise.
    distinct = {(type(value), value): value for value in values}
    by_type = {key: show_observed(value, decimals) for key, value in distinct.items()}
    return [by_type[type(value), value] for value in values]


def _show_floats(values: np.ndarray, decimals: int | None) -> list[str]:
    """Return texts of floats, each made once: those without an exponent together."""
    numbers, places = np.unique(values, return_inverse=True)
    distinct, size = numbers.tolist(), np.abs(numbers)
    shown = _MAX_DIGITS if decimals is None else decimals
    # See `_decimals_shown` and `show_number`.
    magnitude = np.searchsorted(_POWERS, size, side="right") + _LEAST_POWER - 1
    digits = np.full(len(numbers), decimals or 0)
    if decimals is None:
        most = np.where(size >= 1, _MAX_DIGITS, _DIGITS)
        digits = np.maximum(0, most - 1 - magnitude)
    plain = (size >= _POWERS[0]) & (size < _POWERS[-1])
    # Rounding takes others to infinity.
    numbers[~plain] = 0.0
    for fewer in range(_MAX_DIGITS, shown - 1, -1):
        digits[np.round(numbers, fewer) == numbers] = fewer
    texts = [
        (_stripped(f"{value:{group}.{n}f}") if n else f"{value:{group}.0f}")
        if is_plain
        else show_observed(value, decimals)
        for value, n, is_plain, group in zip(
            distinct,
            digits.tolist(),
            plain.tolist(),
            np.where(size >= _GROUPED_FROM, ",", "").tolist(),
            strict=True,
        )
    ]
    return [texts[place] for place in places.tolist()]


def _have_four_digits(times: np.ndarray) -> bool:
    """Return whether NumPy writes the years of all times as Python does."""
    years = times.astype("datetime64[Y]").astype(np.int64) + 1970
    years = years[~np.isnat(times)]
    return not years.size or bool(years.min() >= _FOUR_DIGITS > years.max() // 10)


def _show_times(times: np.ndarray) -> list[str]:
    """Return texts of dates with a time of day, as `show_time` gives them."""
    return [
        _time_shown(text)
        for text in np.datetime_as_string(times.astype("datetime64[s]")).tolist()
    ]


def _time_shown(text: str) -> str:
    if text == "NaT":
        return "missing"
    date, _, time = text.partition("T")
    if time == "00:00:00":
        return date
    return f"{date} {time[:5] if time.endswith(':00') else time}"


def _stripped(text: str) -> str:
    """Return a number with a point without zeros behind it."""
    return text if text[-1] != "0" else text.rstrip("0").rstrip(".")


def _missing(value: Any) -> Any:
    """Return the value if it is not equal to itself, as NaN and NaT are not."""
    try:
        return value if value != value else None
    except TypeError:  # pandas.NA
        return value


def _decimals_shown(value: float, decimals: int | None) -> int | None:
    """Return the decimals of an observed number: more than its column's if it has."""
    shown = _MAX_DIGITS if decimals is None else decimals
    for digits in range(shown, _MAX_DIGITS + 1):
        if round(value, digits) == value:
            return digits
    if decimals is not None:
        return decimals
    size = abs(value)
    return max(0, _MAX_DIGITS - 1 - math.floor(math.log10(size))) if size >= 1 else None


def show_time(value: Any) -> str:
    """Return a time, without a time of day that is midnight."""
    # A time of day has no date of its own.
    if getattr(value, "year", 0) < _FOUR_DIGITS:
        # Which zeros stand in front differs between systems.
        date = str(value.strftime("%Y-%m-%d"))
    else:
        date = f"{value.year}-{value.month:02d}-{value.day:02d}"
    # Dates of the standard library have no time of day.
    if not hasattr(value, "hour"):
        return date
    hour, minute, second = value.hour, value.minute, value.second
    if second:
        return f"{date} {hour:02d}:{minute:02d}:{second:02d}"
    return f"{date} {hour:02d}:{minute:02d}" if hour or minute else date


def show_clock(seconds: float) -> str:
    """Return a time of day, or a duration.

    Examples
    --------
    >>> show_clock(11_520.0), show_clock(93_784.0)
    ('03:12', '1 days 02:03:04')
    """
    days, rest = divmod(round(seconds), 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, rest = divmod(rest, 60)
    text = f"{hours:02d}:{minutes:02d}" + (f":{rest:02d}" if rest else "")
    return f"{days} days {text}" if days else text


def show_range(
    low: float,
    high: float,
    decimals: int | None,
    unit: str = "",
    *,
    outside: float = math.nan,
    bounds: tuple[float, float] = (-math.inf, math.inf),
    exact: bool = False,
) -> str:
    """Return two numbers, in digits that their distance makes worth reading.

    Parameters
    ----------
    low, high : float
    decimals : int or None
        Digits after the point that the column has, if few.
    unit : str
    outside : float, default=NaN
        A number beyond an end, which must stay beyond it in words.
    bounds : tuple of float, default=(-inf, inf)
        What rounding does not pass.
    exact : bool, default=False
        Whether the ends are values of the column as they are.

    Examples
    --------
    >>> show_range(12.37, 96.12, 2, "km"), show_range(3.0, 3.0, 0)
    ('12 to 96 km', '3')
    >>> show_range(37661.0, 48272.0, 0), show_range(37661.0, 48272.0, 0, exact=True)
    ('38000 to 48000', '37661 to 48272')
    """
    if max(abs(low), abs(high)) >= _HUGE:
        texts = [show_number(low), show_number(high)]
        return " to ".join(dict.fromkeys(texts)) + (f" {unit}" if unit else "")
    most = _MAX_DIGITS if decimals is None else decimals
    digits = most
    if high > low and not exact:
        digits = min(most, 1 - math.floor(math.log10(high - low)))
    first, last = _rounded(low, high, digits, bounds)
    while digits < most and (first <= outside <= last or first == last != high):
        digits += 1
        first, last = _rounded(low, high, digits, bounds)
    group = max(abs(first), abs(last)) >= _GROUPED_FROM
    # An end that is a bound may have more digits.
    shown = max(0, digits if decimals is None else decimals)
    texts = [show_number(end, shown, group=group) for end in (first, last)]
    return " to ".join(dict.fromkeys(texts)) + (f" {unit}" if unit else "")


def _rounded(
    low: float, high: float, digits: int, bounds: tuple[float, float]
) -> tuple[float, float]:
    first, last = round(low, digits), round(high, digits)
    # A bound is as it was seen, but for decimals that the other end has not.
    unit = 10.0 ** -max(digits, 0)
    if first < bounds[0]:
        first = round(math.ceil(bounds[0] / unit) * unit, max(digits, 0))
    if last > bounds[1]:
        last = round(math.floor(bounds[1] / unit) * unit, max(digits, 0))
    if first <= last:
        return first, last
    return max(round(low, digits), bounds[0]), min(round(high, digits), bounds[1])
