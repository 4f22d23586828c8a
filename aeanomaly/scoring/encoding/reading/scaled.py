"""Numbers in thousands, millions and billions, as in "1.2M" or "1,5 Mio €"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from .numbers import CURRENCIES, NumberReading

_WORDS = {
    1e3: ("k", "Tsd", "tsd", "thousand", "mil"),
    1e5: ("lakh", "lakhs", "Lakh"),
    1e6: ("Mio", "mio", "Mn", "mn", "mln", "Mill", "mill", "million", "millions"),
    1e7: ("crore", "crores", "Crore"),
    1e9: ("bn", "Bn", "bln", "Mrd", "mrd", "Md", "md", "billion", "billions"),
}
# Units as well: kelvin, metres, bytes, tonnes. Alone, and without a currency before or
# behind them, they are no more than that.
_LETTERS = {1e3: ("K",), 1e6: ("M", "m"), 1e9: ("B", "b", "G"), 1e12: ("T",)}
FACTORS = {
    word: factor
    for table in (_WORDS, _LETTERS)
    for factor, words in table.items()
    for word in words
}
LETTERS = frozenset(letter for letters in _LETTERS.values() for letter in letters)
_SUFFIX = re.compile(
    rf"(?<=[\d.,])\s*(?P<factor>{'|'.join(sorted(FACTORS, key=len, reverse=True))})\.?"
    rf"(?=\s*(?:{CURRENCIES})?\s*-?\s*\)?$)"
)


@dataclass(frozen=True)
class ScaledNumberReading(NumberReading):
    """Numbers of which some are in thousands, millions or others, each as it says.

    Parameters
    ----------
    factors : tuple of (str, float)
        What may stand behind a number, and what that is times.

    Examples
    --------
    >>> import pandas as pd
    >>> from .base import Values
    >>> reading = ScaledNumberReading(unit="$", factors=(("k", 1e3), ("M", 1e6)))
    >>> reading.parse(Values(pd.Series(["$950", "$3k", "$1.2M", "$5 bn"])))
    array([9.5e+02, 3.0e+03, 1.2e+06,     nan])
    """

    factors: tuple[tuple[str, float], ...] = ()

    def _parse_texts(self, texts: Any) -> np.ndarray:
        known = dict(self.factors)
        found = factors_of(texts)
        times = found.map(known).fillna(1.0).to_numpy(dtype=float)
        # What is not known stays, and is no number then.
        plain = texts.where(~found.isin(known), without_factors(texts))
        return super()._parse_texts(plain) * times

    def describe(self) -> str:
        """Return how values are written, in a few words."""
        words = ", ".join(f"{word} = {factor:,.0f}" for word, factor in self.factors)
        return f"{super().describe()}, {words}"


def factors_of(texts: Any) -> Any:
    """Return what stands behind numbers, such as "Mio"; empty where nothing does.

    Parameters
    ----------
    texts : Series of str
    """
    return texts.str.extract(_SUFFIX)["factor"].fillna("")


def without_factors(texts: Any) -> Any:
    """Return texts without what `factors_of` returns."""
    return texts.str.replace(_SUFFIX, " ", regex=True)
