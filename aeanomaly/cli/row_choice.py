"""Which rows of a table are trained on."""

from __future__ import annotations

import argparse
import shlex
from typing import Any

import numpy as np

from ..exceptions import ColumnError, TableError
from ..fitting.reading import ReadOptions, read_again, read_table
from .column_choice import known_column
from .conditions import rows_where


class RowRule:
    """Says which rows are trained on, of one part of a table after another.

    Parameters
    ----------
    sample : DataFrame of shape (n_sampled, n_columns)
        Rows of the table, which tell how texts are read.
    arguments : Namespace
    """

    def __init__(self, sample: Any, arguments: argparse.Namespace) -> None:
        self._sample = sample
        self._arguments = arguments
        self._value = getattr(arguments, "train_on", None)
        self._where = getattr(arguments, "where", None)
        self._since = getattr(arguments, "since", None)
        self._of_value = 0
        self._readings: Any = {}
        if self._where is not None or self._since is not None:
            said = reading_parameters(arguments)
            options = ReadOptions(said["day_first"], said["decimal"])
            self._readings = read_table(sample, said["column_kinds"], options).readings

    def __call__(self, part: Any) -> np.ndarray:
        """Return the rows of a part to train on."""
        chosen = np.ones(len(part), dtype=bool)
        if self._value is not None:
            chosen &= same_text(part[self._arguments.label], self._value)
            self._of_value += int(chosen.sum())
        if self._where is None and self._since is None:
            return chosen
        read = read_again(part, self._readings)
        if self._where is not None:
            chosen &= rows_where(self._where, read)
        if self._since is not None:
            chosen &= _rows_since(read, self._arguments)
        return chosen

    def nothing_left(self, path: Any) -> ValueError:
        """Return the error of a table of which no row was chosen."""
        name = self._arguments.label
        if self._value is not None and not self._of_value:
            held = self._sample[name].dropna().unique()[:5].tolist()
            return ColumnError(
                f"--train-on {self._value} is not in column {name!r}, which holds "
                f"{', '.join(map(repr, held))}. Pass one of these."
            )
        return TableError(
            f"No row of {path} is left to train on. Look at --train-on, --where and "
            f"--since."
        )


def reading_parameters(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the parameters of a detector that say how cells are read."""
    decimal = arguments.decimal if arguments.decimal in (".", ",") else None
    return {
        "column_kinds": dict.fromkeys(arguments.dates, "datetime")
        | dict.fromkeys(arguments.categories, "category")
        or None,
        "day_first": arguments.day_first,
        "decimal": decimal,
        "missing_values": [*map(_number_or_text, arguments.na_values)] or None,
    }


def _number_or_text(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def same_text(values: Any, text: str) -> np.ndarray:
    """Return which values are written so, whole numbers with or without a point."""
    found = values.astype(str) == text
    try:
        wanted = float(text)
    except ValueError:
        return np.asarray(found, dtype=bool)
    import pandas as pd

    return np.asarray(found | (pd.to_numeric(values, errors="coerce") == wanted), bool)


def _rows_since(whole: Any, arguments: argparse.Namespace) -> np.ndarray:
    """Return the rows from a date on."""
    import pandas as pd
    from pandas.api.types import is_datetime64_any_dtype

    try:
        since = pd.Timestamp(arguments.since)
    except ValueError:
        raise TableError(
            f"--since {arguments.since} is not a date. Pass one as in 2026-01-31."
        ) from None
    name = arguments.time
    if name is None:
        times = [n for n, v in whole.items() if is_datetime64_any_dtype(v)]
        if len(times) != 1:
            held = ", ".join(map(repr, times)) or "none"
            raise ColumnError(
                f"--since needs one column of dates, and the table has {held}. Say "
                f"which with --time, and --dates if it is text."
            )
        name = times[0]
    values = whole[known_column(name, list(whole.columns), "--time")]
    if not is_datetime64_any_dtype(values):
        raise ColumnError(
            f"--time {name} is not a column of dates: it holds {values.iloc[0]!r}. "
            f"Pass --dates {shlex.quote(name)}, or another column."
        )
    return np.asarray(values >= since)
