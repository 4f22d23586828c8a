"""``aeanomaly describe``: how a table is read, column by column."""

from __future__ import annotations

import argparse

import numpy as np

from .inputs import TrainingTable, open_input, read_training_table, shown_tables
from .reading_report import report_columns
from .terminal import say


def run(arguments: argparse.Namespace) -> None:
    """Read the table as `fit` would, and describe its columns."""
    arguments.quiet = False
    source = open_input(arguments)
    table = read_training_table(source, arguments)
    say(describe_input(shown_tables(arguments), table))
    say(f"\n{report_columns(_encoding_of(table), table.left_out)}")


def describe_input(path: str, table: TrainingTable) -> str:
    """Return a line that says what was read and what of it was used."""
    n_rows, n_columns = table.whole.shape
    n_used = table.features.shape[1]
    rows = ""
    if not table.chosen.all():
        rows = f"trained on {int(table.chosen.sum()):,} rows, "
    return (
        f"Read {n_rows:,} rows of {path}; {rows}used {n_used} of {n_columns} columns."
    )


def _encoding_of(table: TrainingTable) -> object:
    """Return the encoding that `fit` would learn, without a network."""
    from ..fitting.distinct_rows import informative_rows
    from ..fitting.encoding import fit_encoding, kinds_of
    from ..scoring.encoding.columns import ColumnOptions

    kinds = kinds_of(table.features)
    rows, kinds = informative_rows(table.features, None, kinds)
    weights = np.asarray(rows.weights)
    return fit_encoding(rows.table, weights, ColumnOptions("robust", 64), kinds)
