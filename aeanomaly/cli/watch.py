"""``aeanomaly watch``: whether a table still is what a saved model knows."""

from __future__ import annotations

import argparse
import contextlib

from ..exceptions import ArchiveError
from ..scoring.archive import read_model
from ..scoring.encoding.columns import Column
from ..scoring.encoding.table import TableEncoding
from .drifted import DRIFTED, check_state, count_table, judged, new_watch
from .inputs import open_input
from .summary import say_json
from .table_scores import fitted_columns
from .terminal import RowProgress, note, say, shows_progress


def run(arguments: argparse.Namespace) -> int:
    """Compare in one pass, in memory that does not grow with the number of rows."""
    table = open_input(arguments)
    check_state(arguments, table.paths)
    model = read_model(arguments.model)
    if model.scorer is None or model.offset is None:
        raise ArchiveError(
            f"{arguments.model} holds an {model.estimator}, which has no threshold. "
            f"Pass the model of an AutoencoderOutlierDetector."
        )
    encoding = model.scorer.encoding
    if encoding.named:
        table.expect([str(name) for name in encoding.names])
    absent = _absent(encoding, table.column_names)
    watch = new_watch(model, absent)
    columns = _present(encoding, absent) if absent else fitted_columns(table, encoding)
    progress = shows_progress(arguments.quiet)
    with contextlib.closing(RowProgress(table.n_rows, progress)) as line:
        count_table(watch, table, model.scorer, columns, line.show)
    if not arguments.quiet:
        for text in table.notes():
            note(f"{table.path}: {text}")
    drift = judged(watch, model, arguments, table.column_names)
    if arguments.json:
        say_json(drift.to_dict())
    elif not arguments.quiet:
        say(str(drift))
    return DRIFTED if drift.has_drifted else 0


def _present(encoding: TableEncoding, absent: list[int]) -> dict[str, Column]:
    """Return the fitted columns that a table has, by their names."""
    return {
        column.name: column
        for position, column in enumerate(encoding.columns)
        if position not in absent
    }


def _absent(encoding: TableEncoding, names: list[str]) -> list[int]:
    """Return the positions of fitted columns that a table does not have.

    Where it has none of them it is another table, and the error says so.
    """
    if not encoding.named:
        return []
    given = set(names)
    absent = [i for i, name in enumerate(encoding.names) if name not in given]
    return [] if len(absent) == len(encoding.names) else absent
