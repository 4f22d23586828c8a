"""Scoring with NumPy only: all that a saved model needs.

`load` and `SavedDetector` are public; everything else is the package's own.
"""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["SavedDetector", "load"]


def __getattr__(name: str) -> Any:
    # Looked up when first used: this package is imported with each of its modules.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.saved"), name)
    globals()[name] = value
    return value
