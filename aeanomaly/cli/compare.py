"""``aeanomaly compare``: which alerts appear and disappear between two models."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ..exceptions import ColumnError, TableError
from ..printable import printable
from ..tables import STANDARD_STREAM, check_output, table_writer
from ..versions import Beside, ModelComparison, Version
from ..versions.beside import ChangedRows
from ..versions.result import APPEARS, DISAPPEARS
from .column_choice import known_column
from .inputs import open_input, shown_tables
from .inspection import promise_of
from .summary import say_json
from .table_scores import fitted_columns, read_detector
from .terminal import RowProgress, note, say, shows_progress
from .top_rows import ListedRow, rows_in_words


def run(arguments: argparse.Namespace) -> None:
    """Score with both in one pass; of each row two scores are kept."""
    if STANDARD_STREAM in arguments.table:
        raise TableError(
            "compare reads TABLE with each model, and standard input can be read once. "
            "Pass a file."
        )
    if arguments.output == STANDARD_STREAM:
        raise TableError("--output takes the name of a file. The text says the rest.")
    table = open_input(arguments)
    paths = [arguments.old, arguments.new]
    if arguments.output is not None:
        check_output(arguments.output, [*table.paths, *paths])
    old, new = _names(*paths)
    versions = (_version(arguments.old, old), _version(arguments.new, new))
    table.expect(_known_names(versions))
    if arguments.id is not None:
        known_column(arguments.id, table.column_names, "--id")
    columns = [
        _columns_of(table, version, path)
        for version, path in zip(versions, paths, strict=True)
    ]
    beside = Beside(*versions, arguments.reasons)
    lists = {change: _Lowest(arguments, change) for change in (APPEARS, DISAPPEARS)}
    for batch, changed, start in _changes(table, columns, beside, arguments):
        for kept in lists.values():
            kept.add(batch, changed, start)
    _say(beside.result(), table, lists, arguments)


def _names(old: str, new: str) -> tuple[str, str]:
    """Return what two files are called: their names where these differ."""
    names = os.path.basename(old), os.path.basename(new)
    return names if names[0] != names[1] else (old, new)


def _version(path: str, name: str) -> Version:
    model = read_detector(path)
    assert model.scorer is not None
    assert model.offset is not None
    promise = promise_of(model)
    return Version(name, model.scorer, model.offset, model.calibration, promise)


def _known_names(versions: Iterable[Version]) -> list[str]:
    encodings = (version.scorer.encoding for version in versions)
    names = (name for e in encodings if e.named for name in e.names)
    return [*dict.fromkeys(map(str, names))]


def _columns_of(table: Any, version: Version, path: str) -> dict[Any, Any]:
    try:
        return fitted_columns(table, version.scorer.encoding)
    except ColumnError as error:
        raise ColumnError(f"{path}: {error}") from None


def _changes(
    table: Any,
    columns: list[dict[Any, Any]],
    beside: Beside,
    arguments: argparse.Namespace,
) -> Iterator[tuple[Any, ChangedRows, int]]:
    """Yield the changed rows of each batch, and the row that it begins with."""
    start = 0
    progress = shows_progress(arguments.quiet)
    with contextlib.ExitStack() as stack:
        writer = None
        if arguments.output is not None:
            _check_added(table, arguments)
            place = table_writer(arguments.output, table.written_as)
            writer = stack.enter_context(place)
        line = stack.enter_context(
            contextlib.closing(RowProgress(table.n_rows, progress))
        )
        # Each model reads the same rows as it knows them.
        for old, new in zip(*map(table.iter_batches, columns), strict=True):
            changed = beside.add(old.features, new.features)
            batch = new.select(changed.mask)
            if writer is not None:
                writer.write(batch, changed.columns())
            yield batch, changed, start
            start += len(changed.mask)
            line.show(start)


def _check_added(table: Any, arguments: argparse.Namespace) -> None:
    reasons = (f"reason_{i}" for i in range(1, arguments.reasons + 1))
    for name in ("change", "old_score", "new_score", *reasons):
        if name in table.column_names:
            raise TableError(
                f"{table.path} already has a column {name!r}, which the output needs. "
                f"Rename or remove it."
            )


class _Lowest:
    """Keeps the changed rows of one kind that score lowest by the model that flags.

    Parameters
    ----------
    arguments : Namespace
    change : str
    """

    def __init__(self, arguments: argparse.Namespace, change: str) -> None:
        self._n_rows = arguments.top
        self._id = arguments.id
        self._change = change
        self.rows: list[ListedRow] = []

    def add(self, batch: Any, changed: ChangedRows, start: int) -> None:
        """Look at the changed rows of a batch."""
        chosen = np.flatnonzero(changed.change == self._change)
        if not self._n_rows or not len(chosen):
            return
        names = None if self._id is None else batch.values_of(self._id)
        places = start + np.flatnonzero(changed.mask)
        is_new = self._change == APPEARS
        scores = changed.new_scores if is_new else changed.old_scores
        lowest = chosen[np.argsort(scores[chosen], kind="stable")[: self._n_rows]]
        self.rows += [
            ListedRow(
                int(places[i]),
                None if names is None else str(names[i]),
                float(scores[i]),
                [text for text in changed.reasons[i] if text is not None],
            )
            for i in lowest
        ]
        self.rows = sorted(self.rows, key=lambda row: row.score)[: self._n_rows]

    def in_words(self, model: str) -> str:
        """Return the rows as lines of a table."""
        by_id = self._id is not None
        shown = printable(self._id) if by_id else "row"
        names = [
            printable(row.name or "") if by_id else f"{row.row:,}" for row in self.rows
        ]
        title = f"Alerts that {self._change.removesuffix('s')}, scored by {model}"
        how = f"by {shown}" if by_id else "rows counted from 0"
        return rows_in_words(self.rows, names, shown, f"{title}; {how}")


def _say(
    found: ModelComparison,
    table: Any,
    lists: dict[str, _Lowest],
    arguments: argparse.Namespace,
) -> None:
    if not arguments.quiet:
        for text in table.notes():
            note(f"{table.path}: {text}")
    if arguments.json:
        rows = {f"top_{k}": [r._asdict() for r in v.rows] for k, v in lists.items()}
        tables = [str(path) for path in arguments.table]
        output = {"output": arguments.output}
        say_json({"table": tables, **found.to_dict(), **rows, **output})
    elif not arguments.quiet:
        say(f"{found.n_rows:,} rows of {shown_tables(arguments)}.\n")
        say(str(found))
        for change, version in ((APPEARS, found.new), (DISAPPEARS, found.old)):
            if lists[change].rows:
                say(f"\n{lists[change].in_words(printable(version.name))}")
        if arguments.output is not None:
            say(f"\nWritten to {arguments.output}.")
