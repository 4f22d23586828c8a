"""Warnings that point at the user's line, and shares in words."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

_PACKAGE = str(Path(__file__).resolve().parent)


def warn(message: str | Warning, category: type[Warning] = UserWarning) -> None:
    """Warn at the first caller outside this package and scikit-learn."""
    warnings.warn(message, category, stacklevel=_stack_level())


def _stack_level() -> int:
    """Return how many frames up the user's line is, seen from `warn`."""
    frame, level = sys._getframe(2), 2
    while frame.f_back is not None and _is_own(frame.f_code.co_filename):
        frame, level = frame.f_back, level + 1
    return level


def _is_own(file: str) -> bool:
    return file.startswith(_PACKAGE) or "sklearn" in Path(file).parts


def percent(share: float) -> str:
    """Return a share in percent, as people write it: "1 %", "0.25 %"."""
    return f"{100 * share:.3g} %"
