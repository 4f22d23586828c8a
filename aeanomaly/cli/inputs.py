"""The table that a command trains on: read, its columns and rows chosen."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, NamedTuple

from ..exceptions import ColumnError
from ..tables import ReadOptions, TableSample, open_table, sample_table
from .column_choice import check_kinds, hints, left_out_columns
from .terminal import note

if TYPE_CHECKING:
    from ..streams import Drawn


class TrainingTable(NamedTuple):
    """What of a table the detector sees.

    Parameters
    ----------
    n_rows : int
        Of the table.
    names : list of str
        Its columns.
    drawn : Drawn
        The rows and columns that are trained on.
    left_out : dict of str to str
        The columns that it does not see, and why.
    frame : DataFrame of shape (n_read, n_columns)
        The table, or rows of it that told what its columns hold.
    """

    n_rows: int
    names: list[str]
    drawn: Drawn
    left_out: dict[str, str]
    frame: Any

    @property
    def features(self) -> Any:
        """All rows that were read, with the columns that the detector sees."""
        return self.frame.drop(columns=list(self.left_out))


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


def read_training_table(
    source: Any, arguments: argparse.Namespace, *, whole: bool = False
) -> TrainingTable:
    """Read a table, without what must not be used in training.

    Of a table of more rows than `--sample`, some are read to tell what its columns
    hold; then all rows pass by, and those to train on are drawn.

    Parameters
    ----------
    source : TextTable, ParquetTable, JsonTable or SeveralTables
    arguments : Namespace
    whole : bool, default=False
        Whether the table itself is needed as well: then all of it is read.

    Raises
    ------
    ColumnError
        If a column to leave out does not exist, or none is left.
    TableError
        If no row is left.
    """
    names = list(source.column_names)
    left_out = left_out_columns(arguments, names)
    check_kinds(arguments, [name for name in names if name not in left_out])
    if len(left_out) == len(names):
        raise ColumnError(
            f"No column of {source.path} is left to train on. Drop fewer."
        )
    if whole:
        rows = source.read()
        sample = TableSample(rows, len(rows))
    else:
        seed = _sampling_seed(arguments)
        sample = sample_table(source, arguments.sample, seed)
    drawn = _drawn(source, sample, left_out, arguments)
    if not arguments.quiet:
        for text in source.notes():
            note(f"{source.path}: {text}")
        for hint in hints(drawn.table, sampled=drawn.census is not None):
            note(hint)
    return TrainingTable(sample.n_rows, names, drawn, left_out, sample.frame)


def _sampling_seed(arguments: argparse.Namespace) -> int:
    from ..streams import sampling_seed

    return sampling_seed(getattr(arguments, "random_state", 0))


def _drawn(
    source: Any,
    sample: TableSample,
    left_out: dict[str, str],
    arguments: argparse.Namespace,
) -> Drawn:
    """Return the rows to train on, drawn from all that are chosen."""
    from ..streams import Drawing
    from .labels import LearntLabels
    from .row_choice import RowRule

    rule, known = RowRule(sample.frame, arguments), None
    if getattr(arguments, "learn", False):
        known = LearntLabels(arguments.label, arguments.normal)
    drawing = Drawing(arguments.sample, _sampling_seed(arguments), known)
    dropped = [name for name in left_out if name != drawing.label]
    parts = [sample.frame] if sample.is_complete else source.iter_frames(sample.frame)
    for part in parts:
        drawing.add(part[rule(part)].drop(columns=dropped))
    if not drawing.n_rows:
        raise rule.nothing_left(source.path)
    return drawing.drawn()
