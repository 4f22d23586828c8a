"""What ``--json`` and ``--log-json`` print: results for programs."""

from __future__ import annotations

import json
from typing import Any

from .terminal import say


def say_json(summary: dict[str, Any]) -> None:
    """Write a summary as one JSON object to standard output."""
    say(as_json(summary, indent=2))


def as_json(value: Any, indent: int | None = None) -> str:
    r"""Return JSON that stays what it is where control characters are escaped.

    Parameters
    ----------
    value : object
    indent : int, default=None
        All in one line by default.

    Examples
    --------
    >>> as_json({"ü": "\x9b\u202e"})
    '{"ü": "\\u009b\\u202e"}'
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    return "".join(
        character
        if character.isprintable() or character == "\n"
        else json.dumps(character)[1:-1]
        for character in text
    )
