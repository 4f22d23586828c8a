"""The table that a command trains on: read, its columns and rows chosen."""

from __future__ import annotations

import argparse
import shlex
from typing import Any, NamedTuple

import numpy as np

from ..exceptions import ColumnError, TableError
from ..tables import ReadOptions, open_table
from .column_choice import hints, known_column, left_out_columns
from .conditions import rows_where
from .terminal import note


class TrainingTable(NamedTuple):
    """A table, and what of it the detector sees.

    Parameters
    ----------
    whole : DataFrame of shape (n_rows, n_columns)
    features : DataFrame of shape (n_rows, n_features)
        The columns that it sees.
    chosen : ndarray of shape (n_rows,), bool
        The rows that it is trained on.
    left_out : dict of str to str
        The columns that it does not see, and why.
    """

    whole: Any
    features: Any
    chosen: np.ndarray
    left_out: dict[str, str]

    @property
    def training(self) -> Any:
        """The rows and columns that are trained on."""
        return self.features if self.chosen.all() else self.features[self.chosen]


def open_input(arguments: argparse.Namespace) -> Any:
    """Open the tables that a command names, read as its options say."""
    options = ReadOptions(
        sep=arguments.sep,
        decimal=arguments.decimal,
        thousands=arguments.thousands,
        encoding=arguments.encoding,
        skip_rows=arguments.skip_rows,
        header=arguments.header,
        na_values=tuple(arguments.na_values),
        strict=arguments.strict,
    )
    return open_table(arguments.table, options)


def shown_tables(arguments: argparse.Namespace) -> str:
    """Return what messages call the tables."""
    return " ".join(str(path) for path in arguments.table)


def read_training_table(source: Any, arguments: argparse.Namespace) -> TrainingTable:
    """Read a table, without what must not be used in training.

    Raises
    ------
    ColumnError
        If a column to leave out does not exist, or none is left.
    TableError
        If no row is left.
    """
    names = list(source.column_names)
    left_out = left_out_columns(arguments, names)
    for name in arguments.dates:
        known_column(name, [n for n in names if n not in left_out], "--dates")
    if len(left_out) == len(names):
        raise ColumnError(
            f"No column of {source.path} is left to train on. Drop fewer."
        )
    whole = source.read()
    features = whole.drop(columns=list(left_out))
    chosen = _chosen_rows(whole, arguments)
    if not chosen.any():
        raise TableError(
            f"No row of {source.path} is left to train on. Look at --train-on, --where "
            f"and --since."
        )
    if not arguments.quiet:
        for text in source.notes():
            note(f"{source.path}: {text}")
        for hint in hints(features):
            note(hint)
    return TrainingTable(whole, features, chosen, left_out)


def reading_parameters(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the parameters of a detector that say how cells are read."""
    decimal = arguments.decimal if arguments.decimal in (".", ",") else None
    return {
        "column_kinds": dict.fromkeys(arguments.dates, "datetime") or None,
        "day_first": arguments.day_first,
        "decimal": decimal,
        "missing_values": [*map(_number_or_text, arguments.na_values)] or None,
    }


def _number_or_text(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def as_read(frame: Any, arguments: argparse.Namespace) -> Any:
    """Return a table whose texts are numbers and times where `fit` reads them so."""
    from ..fitting.reading import ReadOptions as CellOptions
    from ..fitting.reading import read_table

    said = reading_parameters(arguments)
    options = CellOptions(said["day_first"], said["decimal"])
    return read_table(frame, said["column_kinds"], options).table


def _chosen_rows(whole: Any, arguments: argparse.Namespace) -> np.ndarray:
    """Return the rows to train on."""
    chosen = np.ones(len(whole), dtype=bool)
    if getattr(arguments, "train_on", None) is not None:
        labels = whole[arguments.label]
        chosen &= _same_text(labels, arguments.train_on)
        if not chosen.any():
            held = ", ".join(map(repr, labels.dropna().unique()[:5].tolist()))
            raise ColumnError(
                f"--train-on {arguments.train_on} is not in column "
                f"{arguments.label!r}, which holds {held}. Pass one of these."
            )
    where = getattr(arguments, "where", None)
    since = getattr(arguments, "since", None)
    if where is None and since is None:
        return chosen
    read = as_read(whole, arguments)
    if where is not None:
        chosen &= rows_where(where, read)
    if since is not None:
        chosen &= _rows_since(read, arguments)
    return chosen


def _same_text(values: Any, text: str) -> np.ndarray:
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
