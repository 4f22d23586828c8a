"""Writes rows as JSON objects: one on each line, or all in an array."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .dialect import Dialect
from .sources import open_target, split_suffix


class JsonWriter:
    """Writes batches to a JSON file in UTF-8.

    Parameters
    ----------
    path : Path
    shown : Path
        The name that the file will have: a file that ends in .json is one array.
    dialect : Dialect or None
        How the rows' own file is written, if it is text.
    """

    def __init__(self, path: Path, shown: Path, dialect: Dialect | None) -> None:
        self._stack = contextlib.ExitStack()
        self._file = self._stack.enter_context(open_target(path, shown))
        self._is_array = split_suffix(shown)[0] == ".json"
        self._started = False

    def write(self, batch: Any, added: Mapping[str, np.ndarray]) -> None:
        """Write the rows of a batch, and values after theirs."""
        columns = [values.tolist() for values in added.values()]
        for record, *values in zip(records_of(batch), *columns, strict=True):
            row = record | {n: _plain(v) for n, v in zip(added, values, strict=True)}
            text = json.dumps(row, ensure_ascii=False, default=str, allow_nan=False)
            before = "" if not self._is_array else "[\n" if not self._started else ",\n"
            self._started = True
            after = "" if self._is_array else "\n"
            self._file.write(f"{before}{text}{after}".encode())

    def close(self) -> None:
        """Close the file, on a full disk as well."""
        with self._stack:
            if self._is_array:
                self._file.write(b"\n]\n" if self._started else b"[]\n")


def records_of(batch: Any) -> list[dict[str, Any]]:
    """Return the rows of a batch: fitted columns typed, all others as they stand."""
    if hasattr(batch, "records"):
        return list(batch.records())
    columns = {
        name: batch.features[name].astype(object).tolist()
        if name in batch.features
        else batch.values_of(name)
        for name in batch.names
    }
    rows = zip(*columns.values(), strict=True)
    return [{n: _plain(v) for n, v in zip(columns, row, strict=True)} for row in rows]


def _plain(value: Any) -> Any:
    """Return a value that JSON knows, None where it is missing."""
    import pandas as pd

    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is pd.NaT or value is pd.NA:
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value.item() if isinstance(value, np.generic) else value
