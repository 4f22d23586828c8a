"""Numbers in texts as graphs: what the model reads, an ONNX runtime reads as well."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import numpy as np

from ..exceptions import ExportError
from ..printable import quoted
from ..scoring.encoding.reading import NumberReading
from ..scoring.encoding.reading.numbers import BLANKS, CURRENCIES, digits_pattern
from .graph import Value, where
from .layout import Placed, RawColumns

# Marks of one kind that a text may hold: more make it no number.
_MOST_MARKS = 8
_MINUS = "−"
# What stands for the minus of an exponent while all other signs are taken away.
_EXPONENT = "~"


def read_number(raw: RawColumns, placed: Placed) -> Value:
    """Return the numbers that texts stand for, (n, 1); NaN where they are none."""
    column: Any = placed.column
    if type(column.reading) is not NumberReading:
        raise cannot_read(column, "numbers")
    return _Reader(raw.one(placed.position), column.reading).numbers()


def cannot_read(column: Any, instead: str) -> ExportError:
    """Return the error of a column of texts that no graph reads."""
    name = quoted(column.name)
    return ExportError(
        f"Column {name} stood as texts in training ({column.reading.describe()}), "
        f"which an ONNX graph cannot read. Pass typed=[{name}], and give the "
        f"graph {instead}."
    )


class _Reader:
    """Reads numbers as a `NumberReading` does, step by step."""

    def __init__(self, texts: Value, reading: NumberReading) -> None:
        self.reading = reading
        self.graph = texts.graph
        self.fits: Value | None = None
        for blank in BLANKS:
            texts = self._replaced(texts, blank, " ")
        self.texts = self._replaced(texts, _MINUS, "-")

    def numbers(self) -> Value:
        """Return the numbers, NaN where a text is none."""
        digits = self.texts
        for mark in ("e-", "E-"):
            digits = self._replaced(digits, mark, f"e{_EXPONENT}")
        unit = [self.reading.unit] if self.reading.unit else []
        group = [self.reading.thousands] if self.reading.thousands else []
        for mark in dict.fromkeys([*unit, *group, " ", "\t", "(", ")", "+", "-"]):
            digits = self._replaced(digits, mark, "")
        digits = self._replaced(digits, _EXPONENT, "-")
        if self.reading.decimal != ".":
            digits = self._replaced(digits, self.reading.decimal, ".")
        is_number = self._matches(_patterns(self.reading))
        assert self.fits is not None
        numbers = where(is_number & self.fits, digits, "nan").cast("double")
        negative = self._matches(_patterns(self.reading, negative=True))
        return where(negative, -numbers, numbers)

    def _matches(self, pattern: str) -> Value:
        return self.graph.node("RegexFullMatch", self.texts, pattern=pattern)

    def _replaced(self, texts: Value, old: str, new: str) -> Value:
        """Return texts with another mark, and note where there are too many of it."""
        found, few = _replaced_few(texts, old, new)
        self.fits = few if self.fits is None else self.fits & few
        return found


def replaced(texts: Value, old: str, new: str) -> Value:
    """Return texts, (n, 1), with another mark in place of the first few of one."""
    return _replaced_few(texts, old, new)[0]


def _replaced_few(texts: Value, old: str, new: str) -> tuple[Value, Value]:
    """Return texts with another mark, and which have no more of it than a few."""
    graph = texts.graph
    # So many marks are added that a split has as many pieces in every text.
    padded = graph.node("StringConcat", texts, old * _MOST_MARKS).reshape(-1)
    pieces, counts = graph.node_of("StringSplit", 2, padded, delimiter=old)
    counts = counts.reshape(-1, 1)
    found = pieces.columns([0])
    for i in range(1, _MOST_MARKS + 1):
        if new:
            # A mark stands between two pieces only where it stood in the text.
            stood = counts > np.int64(_MOST_MARKS + i)
            found = graph.node("StringConcat", found, where(stood, new, ""))
        found = graph.node("StringConcat", found, pieces.columns([i]))
    return found, counts <= np.int64(2 * _MOST_MARKS + 1)


def _patterns(reading: NumberReading, *, negative: bool = False) -> str:
    """Return the pattern of all texts that are numbers, or of the negative ones."""
    unit = re.escape(reading.unit)
    before = [unit] if re.fullmatch(CURRENCIES, reading.unit) else []
    # What has no sign of percent may be a share.
    units = [*((one, "") for one in before), ("", unit)]
    if reading.unit and reading.unit != "%":
        units.append(("", ""))
    signs = [("", "", ""), ("S", "", ""), ("", "S", ""), ("", "", "-")]
    digits = digits_pattern(reading.decimal, reading.thousands)
    found = []
    for (first, last), (one, two, three), bracket in product(
        units, signs, (False, True)
    ):
        is_negative = bracket or bool(three)
        if negative and not (is_negative or one or two):
            continue
        sign = "-" if negative and not is_negative else "[-+]"
        parts = [one.replace("S", sign), first, two.replace("S", sign), digits]
        parts += [last, three]
        inner = r"\s*".join(part for part in parts if part)
        found.append(rf"\(\s*{inner}\s*\)" if bracket else inner)
    return rf"\s*(?:{'|'.join(found)})\s*"
