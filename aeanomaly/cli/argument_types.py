"""Types of arguments: texts become values, or wrong usage."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TypeVar

Number = TypeVar("Number", int, float)

# Names for what shells make hard to type.
_SEPARATORS = {
    "comma": ",",
    "semicolon": ";",
    "tab": "\t",
    "\\t": "\t",
    "bar": "|",
    "pipe": "|",
    "space": " ",
    "blank": " ",
    "blanks": " ",
}


def whole_number(text: str) -> int:
    """Return a whole number from 0."""
    value = number(int, text, "a whole number from 0")
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return value


def positive_number(text: str) -> int:
    """Return a whole number from 1."""
    value = number(int, text, "a whole number from 1")
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is below 1")
    return value


def contamination(text: str) -> float | str:
    """Return "auto", or a share in (0, 0.5]."""
    if text == "auto":
        return text
    value = number(float, text, "'auto' or a number in (0, 0.5]")
    if not 0 < value <= 0.5:
        raise argparse.ArgumentTypeError(f"{text} is not in (0, 0.5]")
    return value


def share(text: str) -> float:
    """Return a share in (0, 1)."""
    value = number(float, text, "a number in (0, 1)")
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not in (0, 1)")
    return value


def sample_size(text: str) -> int | None:
    """Return a number of rows from 2, or None for "all"."""
    if text == "all":
        return None
    size = number(int, text, "'all' or a whole number from 2")
    if size < 2:
        raise argparse.ArgumentTypeError(f"{text} is below 2")
    return size


def finite_number(text: str) -> float:
    """Return a number that is finite."""
    value = number(float, text, "a number")
    if value - value != 0:
        raise argparse.ArgumentTypeError(f"{text} is not finite")
    return value


def latent_dim(text: str) -> int | str:
    """Return "auto", or a positive whole number."""
    if text == "auto":
        return text
    size = number(int, text, "'auto' or a positive whole number")
    if size < 1:
        raise argparse.ArgumentTypeError(f"{text} is not positive")
    return size


def random_state(text: str) -> int:
    """Return a seed."""
    seed = number(int, text, "a whole number from 0 on")
    if seed < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    return seed


def separator(text: str) -> str:
    """Return a separator of fields from itself or its name.

    Examples
    --------
    >>> separator("bar"), separator(";"), separator("space")
    ('|', ';', ' ')
    """
    value = _SEPARATORS.get(text, text)
    if len(value) != 1 or value in '"\r\n':
        raise argparse.ArgumentTypeError(
            f"{text!r} is not one character, nor one of {', '.join(_SEPARATORS)}"
        )
    return value


def mark(text: str) -> str:
    """Return the character that is written in numbers."""
    if len(text) != 1 or text.isalnum() or text in '+-"\r\n':
        raise argparse.ArgumentTypeError(
            f"{text!r} is not one character, such as '.' or ','"
        )
    return text


def grouping(text: str) -> str:
    """Return the character between thousands, nothing for "none"."""
    return "" if text == "none" else mark(text)


def number(kind: Callable[[str], Number], text: str, allowed: str) -> Number:
    """Return a number of a kind, or say what is allowed."""
    try:
        return kind(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not {allowed}") from None
