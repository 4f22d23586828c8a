"""Which marks, units and factors the numbers of a column are written with."""

from __future__ import annotations

import re
from typing import Any

from ..scoring.encoding.reading import NumberReading, ScaledNumberReading, Values
from ..scoring.encoding.reading.numbers import (
    CURRENCIES,
    may_be_numbers,
    number_parts,
)
from ..scoring.encoding.reading.scaled import (
    FACTORS,
    LETTERS,
    factors_of,
    without_factors,
)

# Decimal mark and mark between groups, the likeliest first.
_MARKS = (
    (".", ""),
    (".", ","),
    (",", "."),
    (",", ""),
    (".", " "),
    (",", " "),
    (".", "'"),
)
# Whole numbers without sign or unit that are codes: so few of them, each so often; or
# all of one length of so many digits; or longer than a float tells apart.
_FEW_CODES = 20
MIN_ROWS_A_CODE = 5
_MIN_DIGITS = 3
_MAX_DIGITS = 15
_NEARLY_ALL = 0.95
# Letters for factors that may come where others were.
_TO_COME = ("k", "M", "B")


def may_hold_numbers(texts: Any) -> bool:
    """Return whether half of some texts may be numbers, in whatever marks."""
    return bool(may_be_numbers(without_factors(texts)).mean() > 0.5)


def number_readings(values: Values, decimal: str | None) -> list[NumberReading]:
    """Return the readings whose marks occur, the likeliest first.

    Parameters
    ----------
    values : Values
    decimal : str or None
        The decimal mark that was asked for.
    """
    import pandas as pd

    texts = values.texts[values.is_text]
    counts = pd.Series(values.counts[values.is_text], texts.index)
    factors = _factors(texts, counts)
    if factors:
        texts = without_factors(texts)
    marks = set("".join(texts)) | {"", "."}
    marks |= {" "} if marks & set("\u00a0\u202f\u2009") else set()
    likely: list[NumberReading] = []
    unlikely: list[NumberReading] = []
    for mark, group in _MARKS:
        # The mark of decimals need not occur where that of groups does.
        occurs = group in marks and (group != "" or mark in marks)
        if not occurs or decimal not in (None, mark):
            continue
        parts = number_parts(texts, mark, group)
        unit = _unit_of(parts, counts)
        reading = NumberReading(decimal=mark, thousands=group, unit=unit)
        if factors:
            reading = ScaledNumberReading(**vars(reading), factors=factors)
        is_grouped = not group and not factors and _look_grouped(parts, mark, unit)
        (unlikely if is_grouped else likely).append(reading)
    return likely + unlikely


def _unit_of(parts: Any, counts: Any) -> str:
    """Return what stands before or behind most numbers that have a unit."""
    units = (parts["before"] + parts["after"])[parts["digits"].notna()]
    with_unit = units[units != ""]
    if not len(with_unit):
        return ""
    return str(counts[with_unit.index].groupby(with_unit).sum().idxmax())


def _look_grouped(parts: Any, mark: str, unit: str) -> bool:
    """Return whether all decimals of sums of money would be of three digits.

    As in "€ 3.400": no currency of the list has such.
    """
    if not re.fullmatch(CURRENCIES, unit):
        return False
    digits = parts["digits"].dropna()
    decimals = digits[digits.str.contains(mark, regex=False)]
    return bool(len(decimals) and decimals.str.fullmatch(r"\d{1,3}\D\d{3}").all())


def _factors(texts: Any, counts: Any) -> tuple[tuple[str, float], ...]:
    """Return "k", "Mio" and their kin if that is what stands behind numbers.

    A letter that may be a unit is one if all numbers have it and no currency; and few
    whole numbers with letters, each often, are codes such as "2K" and "3B".
    """
    found = factors_of(texts)
    words = set(found) - {""}
    if not words:
        return ()
    bare = without_factors(texts)
    money = bare.str.contains(CURRENCIES, regex=True)
    if words <= LETTERS:
        plain = bare.str.fullmatch(r"[\d.,' ]+") & (found == "")
        if len(words) == 1 and not money.any() and not plain.any():
            return ()
        whole = not money.any() and not bare.str.contains(r"\d[.,]\d").any()
        if whole and counts.sum() >= MIN_ROWS_A_CODE * len(texts):
            return ()
    # Those that did not occur may come.
    if words <= LETTERS | {"k"}:
        seen = {FACTORS[word] for word in words}
        words |= {word for word in _TO_COME if FACTORS[word] not in seen}
    kept = {word: FACTORS[word] for word in words}
    return tuple(sorted(kept.items(), key=lambda item: (item[1], item[0])))


def are_codes(values: Values, asked: Any = True) -> bool:
    """Return whether texts of digits are codes: see the constants above.

    Parameters
    ----------
    values : Values
    asked : ndarray of shape (n_distinct,), bool, default=True
        Which of the distinct values to look at.
    """
    texts = values.texts[values.is_text & (values.counts > 0) & asked]
    # A plus before all digits is that of a telephone number.
    texts = texts.str.removeprefix("+")
    digits = texts[texts.str.fullmatch(r"\d+")]
    if len(digits) < _NEARLY_ALL * len(texts) or not values.is_text.all():
        return False
    lengths = digits.str.len()
    if (
        digits.str.startswith("0") & (lengths > 1)
    ).any() or lengths.max() > _MAX_DIGITS:
        return True
    if lengths.min() == lengths.max() >= _MIN_DIGITS:
        return True
    few = len(digits) <= _FEW_CODES
    return bool(few and values.counts.sum() >= MIN_ROWS_A_CODE * len(digits))
