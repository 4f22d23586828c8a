"""``aeanomaly fit``: train on a table and save the model."""

from __future__ import annotations

import argparse
import difflib
import re
import time
from pathlib import Path
from typing import Any, NamedTuple

from ..exceptions import ColumnError, TableError
from ..tables import check_target, open_table
from .terminal import note, say, shows_progress

# How pandas names an index stored with the table: a row number, not a feature.
_SAVED_INDEX = re.compile(r"__index_level_\d+__|Unnamed: 0")
# Few rows may have distinct or ascending values by chance.
_MIN_ROWS_NOTED = 20
# A table sorted by a column of so few values is grouped by it.
_MOST_LEVELS_OF_NO_COUNTER = 3


def run(arguments: argparse.Namespace) -> None:
    """Train and save."""
    path = Path(arguments.model)
    if path.suffix != ".aea":
        raise TableError(f"--model {path} does not end in .aea. Rename it.")
    check_target(path, arguments.table)
    table = read_features(arguments)
    detector, seconds = fit_detector(table.features, arguments)
    detector.save(path)
    if not arguments.quiet:
        say(describe_input(arguments.table, table))
        say(f"Trained in {seconds:.1f} s; the threshold is {detector.offset_:.6g}.")
        say(f"Saved the model to {path}.")


class TrainingTable(NamedTuple):
    """A table, and the columns of it that the detector sees.

    Parameters
    ----------
    whole, features : DataFrame of shape (n_rows, n_columns)
    """

    whole: Any
    features: Any


def read_features(arguments: argparse.Namespace) -> TrainingTable:
    """Read the table, without what must not be used in training.

    Raises
    ------
    ColumnError
        If a column to leave out does not exist, or none is left.
    """
    whole = open_table(arguments.table).read()
    names = [str(name) for name in whole.columns]
    left_out = dropped_columns(arguments.drop, names)
    if arguments.label is not None:
        left_out.append(_known_column(arguments.label, names, "--label"))
    left_out += [name for name in names if _SAVED_INDEX.fullmatch(name)]
    features = whole.drop(columns=left_out)
    if not features.shape[1]:
        raise ColumnError(
            f"No column of {arguments.table} is left to train on. Drop fewer."
        )
    if not arguments.quiet:
        _note_columns(features)
    return TrainingTable(whole, features)


def dropped_columns(drop: list[str], names: list[str]) -> list[str]:
    """Return the columns that ``--drop`` lists, separated by spaces or commas.

    Examples
    --------
    >>> dropped_columns(["a,b", "c,d"], ["a", "b", "c,d", "e"])
    ['a', 'b', 'c,d']
    """
    found = []
    for item in drop:
        parts = [item] if item in names else filter(None, item.split(","))
        found += [_known_column(part, names, "--drop") for part in parts]
    return found


def _known_column(name: str, names: list[str], option: str) -> str:
    if name in names:
        return name
    close = ", ".join(map(repr, difflib.get_close_matches(name, names)))
    hint = f"Did you mean {close}?" if close else f"It has {', '.join(names[:10])}."
    raise ColumnError(f"{option} {name}: the table has no such column. {hint}")


def _note_columns(features: Any) -> None:
    """Point out identifiers, and columns that run on with the rows."""
    from pandas.api import types

    if len(features) < _MIN_ROWS_NOTED:
        return
    for name, values in features.items():
        texts = types.is_string_dtype(values) or types.is_object_dtype(values)
        if (texts or types.is_integer_dtype(values)) and values.is_unique:
            note(
                f"column {name!r} has another value in every row. If it is an "
                f"identifier, pass --drop {name}."
            )
        elif (
            types.is_numeric_dtype(values)
            and values.is_monotonic_increasing
            and values.nunique() > _MOST_LEVELS_OF_NO_COUNTER
        ):
            note(
                f"column {name!r} never falls from row to row. If it is a time or a "
                f"counter, later rows will be outliers by it: pass --drop {name}."
            )


def fit_detector(features: Any, arguments: argparse.Namespace) -> tuple[Any, float]:
    """Return a fitted detector and the seconds that it took."""
    from ..training.backend import import_keras_quietly

    import_keras_quietly()
    from ..detector import AutoencoderOutlierDetector

    detector = AutoencoderOutlierDetector(
        architecture=arguments.architecture,
        contamination=arguments.contamination,
        latent_dim=arguments.latent_dim,
        random_state=arguments.random_state,
        verbose=int(shows_progress(arguments.quiet)),
    )
    start = time.perf_counter()
    detector.fit(features)
    return detector, time.perf_counter() - start


def describe_input(path: str, table: TrainingTable) -> str:
    """Return a line that says what was read and what of it was used."""
    n_rows, n_columns = table.whole.shape
    n_used = table.features.shape[1]
    return f"Read {n_rows:,} rows of {path}; used {n_used} of {n_columns} columns."
