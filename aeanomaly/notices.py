"""What warnings and summaries need: where they point, and shares in words."""

from __future__ import annotations

import sys


def user_stacklevel() -> int:
    """Return the stack level of the first caller outside the package."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(
        ("aeanomaly", "sklearn")
    ):
        level, frame = level + 1, frame.f_back
    return level


def percent(share: float) -> str:
    """Return a share in percent, as people write it: "1 %", "0.25 %"."""
    return f"{100 * share:.3g} %"
