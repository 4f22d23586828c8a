"""The CSV file of a benchmark, which grows run by run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd


def read(path: Path) -> pd.DataFrame:
    """Return what the file holds; nothing if there is none."""
    return pd.read_csv(path) if path.exists() else pd.DataFrame()


def add(path: Path, lines: list[dict[str, Any]], key: list[str]) -> None:
    """Add lines to the file, in place of older ones of the same key.

    Parameters
    ----------
    path : Path
    lines : list of dict
    key : list of str
        Columns that tell lines apart.
    """
    older, newer = read(path), pd.DataFrame(lines)
    frame = newer if older.empty else pd.concat([older, newer], ignore_index=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = frame.drop_duplicates(key, keep="last", ignore_index=True)
    frame.to_csv(path, index=False, float_format="%.4f")
