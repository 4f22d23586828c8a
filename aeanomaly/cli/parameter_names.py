"""What Python's messages call by parameters, as options of the command line."""

from __future__ import annotations

import re

_OPTIONS = [
    (re.compile(r"day_first=True"), "--day-first"),
    (re.compile(r"day_first=False"), "--no-day-first"),
    (re.compile(r"decimal='(.)'"), r"--decimal \1"),
    (re.compile(r"missing_values=\[([^]]+)\]"), r"--na-values=\1"),
]


def in_options(text: str) -> str:
    """Return a message with options for parameters.

    Examples
    --------
    >>> in_options("pass missing_values=[-999] then, or day_first=True")
    'pass --na-values=-999 then, or --day-first'
    """
    for parameter, option in _OPTIONS:
        text = parameter.sub(option, text)
    return text
