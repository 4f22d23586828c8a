"""Text of strangers as it may be shown: nothing in it is taken for a command.

A terminal obeys control characters, and a spreadsheet runs a cell that begins like a
formula, whoever wrote them.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["as_cell", "escape_controls", "printable", "quoted"]

# More than this of a name or of a value tells a reader nothing.
_SHOWN_LENGTH = 200
# With the wide forms of East Asian keyboards, which spreadsheets take for the others.
_FORMULA = re.compile(r"[=+\-@\uff1d\uff0b\uff0d\uff20\x00-\x1f\x7f-\x9f]")
_NUMBER = re.compile(r"[+-]?(\d[\d.,' ]*|\.\d+)(e[+-]?\d+)?\s*%?", re.IGNORECASE)


def printable(value: object, length: int = _SHOWN_LENGTH) -> str:
    r"""Return a value as text of one line, without control characters.

    Parameters
    ----------
    value : object
    length : int, default=200
        Characters after which the text is cut.

    Examples
    --------
    >>> printable("two\nlines, \x1b[31mred")
    'two\\nlines, \\x1b[31mred'
    >>> printable("x" * 300, length=10)
    'xxxxxxxxx…'
    """
    text = str(value)
    if len(text) > length:
        text = text[: length - 1] + "…"
    return escape_controls(text)


def quoted(value: object, length: int = _SHOWN_LENGTH) -> str:
    """Return what ``repr`` says of a value, of a long text only its beginning.

    Examples
    --------
    >>> quoted("x" * 300, length=10), quoted(7)
    ("'xxxxxxxxx…'", '7')
    """
    if isinstance(value, str) and len(value) > length:
        value = value[: length - 1] + "…"
    shown = repr(value)
    # What stands around a text, and escapes within it, take some more.
    most = 12 * length
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def escape_controls(text: str, kept: str = "") -> str:
    r"""Return a text in which characters that are not shown stand as escapes.

    Parameters
    ----------
    text : str
    kept : str, default=""
        Characters that stay, such as the end of a line.

    Examples
    --------
    >>> escape_controls("a\x9b\u202eb")
    'a\\x9b\\u202eb'
    """
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable()
        or character in kept
        or unicodedata.category(character) == "Zs"
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def as_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula.

    Numbers stay as they are. What begins as a formula does, or with a control
    character, gets an apostrophe, with which spreadsheets mark text.

    Examples
    --------
    >>> as_cell("=1+1"), as_cell("-5.2"), as_cell("-5+cmd"), as_cell("plain")
    ("'=1+1", '-5.2', "'-5+cmd", 'plain')
    """
    if not _FORMULA.match(text) or _NUMBER.fullmatch(text):
        return text
    return f"'{text}"
