"""``aeanomaly describe``: how a table is read, column by column."""

from __future__ import annotations

import argparse

from .inputs import (
    TrainingTable,
    open_input,
    read_training_table,
    shown_tables,
)
from .reading_report import report_columns
from .row_choice import reading_parameters
from .terminal import say


def run(arguments: argparse.Namespace) -> None:
    """Read the table as `fit` would, and describe its columns."""
    arguments.quiet = False
    source = open_input(arguments)
    table = read_training_table(source, arguments)
    say(describe_input(shown_tables(arguments), table))
    say(f"\n{report_columns(_encoding_of(table, arguments), table.left_out)}")


def describe_input(path: str, table: TrainingTable) -> str:
    """Return a line that says what was read and what of it was used."""
    n_columns = len(table.names)
    used = f"used {n_columns - len(table.left_out)} of {n_columns} columns"
    if table.drawn.n_rows < table.n_rows:
        used += f" and {table.drawn.n_rows:,} rows to train on"
    return f"Read {table.n_rows:,} rows of {path}; {used}."


def _encoding_of(table: TrainingTable, arguments: argparse.Namespace) -> object:
    """Return the encoding that `fit` would learn, without a network."""
    from ..fitting.distinct_rows import informative_rows
    from ..fitting.encoding import fit_encoding, kinds_of
    from ..fitting.notes import warn_of_columns
    from ..fitting.reading import ReadOptions, read_table
    from ..scoring.encoding.columns import ColumnOptions

    said = reading_parameters(arguments)
    named = said["column_kinds"]
    features, readings = read_table(
        table.drawn.table, named, ReadOptions(said["day_first"], said["decimal"])
    )
    rows, kinds, reasons = informative_rows(
        features, None, kinds_of(features, named), named
    )
    options = ColumnOptions(missing_values=said["missing_values"])
    encoding = fit_encoding(
        rows.table,
        rows.weights,
        options,
        kinds,
        readings,
        reasons,
        table.drawn.census,
    )
    if arguments.strict:
        warn_of_columns(encoding, named)
    return encoding
