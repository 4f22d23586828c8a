"""Numbers as people write them: with marks, units, and brackets for a minus."""

from __future__ import annotations

import decimal
import re
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .base import Reading, Values

# Blanks that group digits: the no-break one, and the narrow one.
BLANKS = "\u00a0\u202f\u2009"
CURRENCIES = (
    r"[$€£¥₹₽₩₺₴₦₫₪฿]|US\$|R\$|C\$|A\$|HK\$|Rs\.?|Fr\.|zł|kr\.?|Kč"
    r"|EUR|USD|GBP|CHF|JPY|CNY|INR|BRL|PLN|CZK|SEK|NOK|DKK|HUF|TRY|CAD|AUD|NZD|ZAR|MXN"
)
# Units stand behind the digits: letters before them make a code, as in "P100".
_UNIT = r"%|‰|°[CF]?|[A-Za-zµ²³/]{1,5}"
_OPEN = (
    rf"^(?P<open>\()?\s*(?P<sign>[-+])?\s*(?P<before>{CURRENCIES})?"
    r"\s*(?P<sign2>[-+])?"
)
_CLOSE = rf"\s*(?P<after>{CURRENCIES}|{_UNIT})?\s*(?P<sign3>-)?\s*(?P<close>\))?$"


@dataclass(frozen=True)
class NumberReading(Reading):
    """Numbers in texts, with one decimal mark, one mark between groups, one unit.

    Blanks around them, a currency before or a unit behind them, "(120.00)" and "120-"
    for -120 are read; a number with another unit than the column's is not.

    Parameters
    ----------
    decimal : str
        The decimal mark: "." or ",".
    thousands : str
        What groups digits: ",", ".", " ", "'", or nothing.
    unit : str
        What stands before or behind the numbers, such as "$" or "%".

    Examples
    --------
    >>> import pandas as pd
    >>> reading = NumberReading(thousands=",", unit="$")
    >>> reading.parse(Values(pd.Series(["$1,234.50", "($7)", "8", "€8"])))
    array([1234.5,   -7. ,    8. ,    nan])
    """

    decimal: str = "."
    thousands: str = ""
    unit: str = ""

    noun: ClassVar[str] = "a number"

    def parse(self, values: Values) -> np.ndarray:
        """Return the distinct values as float64, NaN where they cannot be read."""
        numbers = np.full(len(values.uniques), np.nan)
        if values.is_text.any():
            texts = values.texts[values.is_text]
            numbers[values.is_text] = self._parse_texts(texts)
        for i in np.flatnonzero(~values.is_text):
            value = values.uniques[i]
            if isinstance(value, int | float | decimal.Decimal | np.number):
                numbers[i] = np.nan if isinstance(value, bool) else float(value)
        return numbers

    def _parse_texts(self, texts: Any) -> np.ndarray:
        parts = number_parts(texts, self.decimal, self.thousands)
        unit = parts["before"] + parts["after"]
        digits = parts["digits"]
        if self.thousands:
            digits = digits.str.replace(self.thousands, "", regex=False)
        if self.decimal != ".":
            digits = digits.str.replace(self.decimal, ".", regex=False)
        # What has no sign of percent may be a share: 0.05 is not 5%, nor surely 0.05%.
        bare = {""} if self.unit != "%" else set()
        numbers = digits.where(unit.isin({self.unit} | bare)).astype(float).to_numpy()
        signs = parts["sign"] + parts["sign2"] + parts["sign3"]
        brackets = parts["open"] + parts["close"]
        negative = signs.eq("-") | brackets.eq("()")
        wrong = (signs.str.len() > 1) | brackets.isin(["(", ")"])
        numbers = np.where(wrong | digits.isna(), np.nan, numbers)
        return np.where(negative, -numbers, numbers)

    def describe(self) -> str:
        """Return how values are written, in a few words."""
        marks = [f"in {self.unit!r}"] if self.unit else []
        if self.decimal != ".":
            marks.append(f"decimal mark {self.decimal!r}")
        if self.thousands:
            marks.append(f"groups by {self.thousands!r}")
        return "numbers as text" + (f", {', '.join(marks)}" if marks else "")


def number_parts(texts: Any, decimal: str, thousands: str) -> Any:
    """Return the parts of texts that are numbers in some marks.

    Parameters
    ----------
    texts : Series of str
    decimal, thousands : str

    Returns
    -------
    DataFrame
        Signs, brackets, what stands "before" and "after", and "digits"; empty texts for
        parts that are not there, and missing "digits" where a text is no number.
    """
    for blank in BLANKS:
        texts = texts.str.replace(blank, " ", regex=False)
    texts = texts.str.replace("−", "-", regex=False)
    parts = texts.str.extract(_pattern(decimal, thousands))
    return parts.assign(**parts.drop(columns="digits").fillna(""))


def may_be_numbers(texts: Any) -> Any:
    """Return which texts may be numbers, in whatever marks."""
    for blank in BLANKS:
        texts = texts.str.replace(blank, " ", regex=False)
    texts = texts.str.replace("−", "-", regex=False)
    digits = r"\s*(?:[\d.,' ]*\d[\d.,' ]*(?:[eE][-+]?\d+)?)"
    return texts.str.contains(re.sub(r"\?P<\w+>", "?:", _OPEN + digits + _CLOSE))


def _pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    digits = f"(?P<digits>{digits_pattern(decimal, thousands)})"
    return re.compile(_OPEN + r"\s*" + digits + _CLOSE)


def digits_pattern(decimal: str, thousands: str) -> str:
    """Return the pattern of a number without sign and unit, in some marks."""
    mark, group = re.escape(decimal), re.escape(thousands)
    # "1E05" is a code, "1.5E05" and "1e-05" are numbers.
    exponent = rf"(?:{mark}\d+[eE][-+]?\d+|[eE][-+]\d+)"
    numbers = [rf"\d+(?:{exponent}|{mark}\d*)?", rf"{mark}\d+(?:[eE][-+]?\d+)?"]
    if thousands:
        # Groups of two digits are Indian; a group never starts with a zero.
        grouped = rf"[1-9]\d{{0,2}}(?:{group}\d{{2,3}})*{group}\d{{3}}"
        numbers.insert(0, rf"{grouped}(?:{mark}\d*)?")
    return rf"(?:{'|'.join(numbers)})"
