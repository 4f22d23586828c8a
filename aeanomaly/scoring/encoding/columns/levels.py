"""Levels of categories: as a file holds them, and found again in whatever type."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ....exceptions import ColumnError
from ..values import factorized

# Other words for booleans, as tables and databases write them.
_BOOLEANS = {"true": "1", "false": "0"}
_LONGEST_BOOLEAN = 5

# Characters of a level: longer texts are documents, of which there are no levels.
MAX_LEVEL_LENGTH = 100_000


def plain_level(level: Any) -> Any:
    """Return a category's level as a Python object that a file can hold."""
    level = level.item() if isinstance(level, np.generic) else level
    if isinstance(level, bytes):
        return level.decode(errors="replace")
    return level if isinstance(level, str | bool | int | float) else str(level)


def factorize_levels(values: Any, name: Any) -> tuple[np.ndarray, list[Any]]:
    """Return each row's position among the levels, -1 where missing, and the levels.

    Raises
    ------
    ColumnError
        If the values cannot be told apart, as lists cannot, or have no text that is
        the same tomorrow, as functions have none.
    """
    if getattr(getattr(values, "dtype", None), "kind", "O") in "cV":
        raise _no_levels(name, f"but such of type {values.dtype}")
    try:
        codes, uniques = factorized(values)
    except TypeError as error:
        raise _no_levels(name, str(error)) from error
    return codes, [
        level if type(level) is str else _checked_level(level, name)
        for level in uniques
    ]


def _checked_level(level: Any, name: Any) -> Any:
    if isinstance(level, complex) or callable(level) or not _has_text(level):
        raise _no_levels(name, f"such as one of type {type(level).__name__}")
    return plain_level(level)


def _has_text(level: Any) -> bool:
    """Return whether an object has a text that is the same tomorrow."""
    try:
        return " at 0x" not in repr(level) and isinstance(str(level), str)
    except Exception:
        # A class of a user's, which fails in its own way.
        return False


def _no_levels(name: Any, what: str) -> ColumnError:
    return ColumnError(
        f"Column {name!r} holds values that are neither numbers nor categories "
        f"({what}). Convert them to strings or numbers, or drop the column."
    )


def missing_texts(missing_values: Any) -> tuple[str, ...]:
    """Return the texts that count as missing in a column of levels."""
    if missing_values is None or isinstance(missing_values, str):
        return ()
    return tuple(value for value in missing_values if isinstance(value, str))


class LevelIndex:
    """Finds a level among the fitted ones, also where it comes as another type.

    5411 and "5411", 1 and 1.0, True and "true" and 1 are the same level, unless the
    fitted levels tell them apart.

    Parameters
    ----------
    levels : iterable of str, bool, int or float

    Examples
    --------
    >>> index = LevelIndex(["5411", "5812"])
    >>> [index.find(level) for level in ("5812", 5411, 5411.0, "541", None)]
    [1, 0, 0, -1, -1]
    >>> LevelIndex([False, True]).find("True")
    1
    """

    def __init__(self, levels: Iterable[Any]) -> None:
        self._exact: dict[Any, int] = {}
        self._texts: dict[str, int] = {}
        ambiguous = set()
        for i, level in enumerate(levels):
            self._exact[level] = i
            text = level_text(level)
            if text in self._texts:
                ambiguous.add(text)
            self._texts[text] = i
        for text in ambiguous:
            del self._texts[text]

    def find(self, level: Any) -> int:
        """Return the position of a level, -1 where it is none of them."""
        return self.find_all([level])[0]

    def find_all(self, levels: Iterable[Any]) -> list[int]:
        """Return the position of each level, -1 where it is none of them."""
        exact = self._exact.get
        # Nearly all are texts as they were in training: they take one look-up.
        return [
            found
            if type(level) is str and (found := exact(level)) is not None
            else self._find(level)
            for level in levels
        ]

    def _find(self, level: Any) -> int:
        if type(level) is str and level[:1].isalpha() and len(level) > _LONGEST_BOOLEAN:
            return -1
        level = plain_level(level)
        found = self._exact.get(level)
        return self._texts.get(level_text(level), -1) if found is None else found


def level_text(level: Any) -> str:
    """Return a text that is the same for a level whatever type it has."""
    if isinstance(level, str):
        text = level.strip()
        # "007" is not 7: zeros in front are part of a code.
        if text[:1].isdigit() and (text[:1] != "0" or text[1:2] in ("", ".")):
            try:
                return level_text(float(text))
            except ValueError:
                return text
        return _BOOLEANS.get(text.lower(), text)
    if isinstance(level, float) and not (math.isfinite(level) and level.is_integer()):
        return repr(level)
    return str(int(level))
