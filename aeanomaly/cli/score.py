"""``aeanomaly score``: score a table of any size with a saved model."""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Generator
from typing import Any

import numpy as np

from ..drift import Drift
from ..exceptions import ArchiveError, ColumnError, TableError
from ..scoring.archive import read_model
from ..scoring.calibration import added_names
from ..scoring.encoding.names import check_names
from ..scoring.encoding.table import TableEncoding
from ..scoring.reasons import score_with_reasons
from ..scoring.scorer import Scorer
from ..tables import STANDARD_STREAM, check_output, table_writer
from .column_choice import known_column
from .decision import Decision, decide
from .drifted import DRIFTED, check_state, judged, new_watch
from .flagged import FlaggedRows
from .inputs import open_input, shown_tables
from .summary import say_json
from .terminal import RowProgress, note, say, shows_progress
from .top_rows import TopRows


def run(arguments: argparse.Namespace) -> int:
    """Score in one pass, in memory that does not grow with the number of rows."""
    check_streams(arguments)
    table = open_input(arguments)
    check_output(arguments.output, [*table.paths, arguments.model])
    check_state(arguments, [*table.paths, arguments.output])
    model = read_model(arguments.model)
    if model.scorer is None or model.offset is None:
        raise ArchiveError(
            f"{arguments.model} holds an {model.estimator}, which has no threshold. "
            f"Pass the model of an AutoencoderOutlierDetector."
        )
    encoding = model.scorer.encoding
    if encoding.named:
        table.expect([str(name) for name in encoding.names])
    meanings = added_names(arguments.p_values, arguments.severity)
    check_added_names(table, arguments.reasons, meanings)
    if arguments.id is not None:
        known_column(arguments.id, table.column_names, "--id")
    start = time.perf_counter()
    columns = fitted_columns(table, encoding)
    decision = decide(table, columns, model, arguments)
    explained = not arguments.quiet
    flagged = FlaggedRows(model.scorer, decision, explained=explained)
    top = TopRows(arguments.top, arguments.id)
    watch = new_watch(model) if arguments.watch else None
    batches = write_scores(table, model.scorer, decision, arguments)
    with contextlib.closing(batches):
        for batch, scores, is_outlier in batches:
            flagged.add(batch.features, is_outlier)
            top.add(batch, scores)
            if watch is not None:
                watch.add(batch.features, scores)
    drift = None if watch is None else judged(watch, model, arguments)
    code = DRIFTED if drift is not None and drift.has_drifted else 0
    if arguments.quiet:
        return code
    for text in table.notes():
        note(f"{table.path}: {text}")
    if suspicion := flagged.suspicion():
        note(suspicion)
    _say(flagged, top, model.scorer, time.perf_counter() - start, arguments, drift)
    return code


def _say(
    flagged: FlaggedRows,
    top: TopRows,
    scorer: Scorer,
    seconds: float,
    arguments: argparse.Namespace,
    drift: Drift | None,
) -> None:
    """Print the summary and the list, as text or as JSON."""
    listed = top.listed(scorer)
    if arguments.json:
        say_json(
            {
                "table": [str(path) for path in arguments.table],
                "rows": flagged.n_rows,
                **flagged.summary(),
                "top": [row._asdict() for row in listed],
                "output": arguments.output,
                **({} if drift is None else {"drift": drift.to_dict()}),
            }
        )
        return
    tables = shown_tables(arguments)
    say(f"Scored {flagged.n_rows:,} rows of {tables} in {seconds:.1f} s.")
    say(flagged.describe())
    if listed:
        say(f"\n{top.in_words(listed)}\n")
    say(f"Written to {arguments.output}.")
    if drift is not None:
        say(f"\n{drift}")


def check_streams(arguments: argparse.Namespace) -> None:
    """Keep results out of a table on standard output: they would be part of it."""
    if arguments.output == STANDARD_STREAM:
        if arguments.json:
            raise TableError(
                "--json and --output - both write to standard output. Pass a file."
            )
        arguments.quiet = True


def check_added_names(
    table: Any, n_reasons: int, meanings: tuple[str, ...] = ()
) -> None:
    """Raise a `TableError` if a column to add is there already."""
    reasons = (f"reason_{rank}" for rank in range(1, n_reasons + 1))
    for name in ("score", "is_outlier", *meanings, *reasons):
        if name in table.column_names:
            raise TableError(
                f"{table.path} already has a column {name!r}, which the output needs. "
                f"Rename or remove it."
            )


def write_scores(
    table: Any, scorer: Scorer, decision: Decision, arguments: argparse.Namespace
) -> Generator[tuple[Any, np.ndarray, np.ndarray], None, None]:
    """Write a table with its scores; yield each batch, its scores and flags.

    The file appears after the last batch; closed before, the generator leaves none.

    Parameters
    ----------
    table : TextTable or another
    scorer : Scorer
    decision : Decision
        Which rows are flagged.
    arguments : Namespace
        With the output's name, the number of reasons, whether to write flagged rows
        only, and whether to be quiet.
    """
    progress = shows_progress(arguments.quiet)
    columns = fitted_columns(table, scorer.encoding)
    n_rows = 0
    with (
        table_writer(
            arguments.output,
            table.written_as,
            escape_formulas=arguments.escape_formulas,
        ) as writer,
        contextlib.closing(RowProgress(table.n_rows, progress)) as line,
    ):
        for batch in table.iter_batches(columns):
            added = added_columns(scorer, decision, batch.features, arguments.reasons)
            if arguments.only_flagged:
                chosen = added["is_outlier"]
                rows = {name: values[chosen] for name, values in added.items()}
                writer.write(batch.select(chosen), rows)
            else:
                writer.write(batch, added)
            n_rows += len(added["score"])
            line.show(n_rows)
            yield batch, added["score"], added["is_outlier"]


def added_columns(
    scorer: Scorer, decision: Decision, features: Any, n_reasons: int
) -> dict[str, np.ndarray]:
    """Return the columns that the output adds to a batch, in their order.

    Parameters
    ----------
    scorer : Scorer
    decision : Decision
    features : DataFrame of shape (n_rows, n_features)
        The fitted columns in their order.
    n_reasons : int
    """
    if len(features):
        scores, texts = score_with_reasons(scorer, features, n_reasons)
    else:
        scores, texts = np.empty(0), np.empty((0, n_reasons), dtype=object)
    added = {"score": scores, "is_outlier": decision.flag(scores)}
    if decision.calibration is not None:
        added |= decision.calibration.columns(scores, decision.added)
    return added | {f"reason_{i}": text for i, text in enumerate(texts.T, start=1)}


def fitted_columns(table: Any, encoding: TableEncoding) -> dict[Any, Any]:
    """Return the fitted columns, by their names in a table."""
    names = fitted_names(encoding, table.column_names)
    return dict(zip(names, encoding.columns, strict=True))


def fitted_names(encoding: TableEncoding, names: list[str]) -> list[str]:
    """Return the table's names of the fitted columns, in the fitted order.

    Columns that the model was not fitted on are left alone: they are only copied.

    Raises
    ------
    ColumnError
        If a fitted column is missing.
    """
    if encoding.named:
        fitted = set(encoding.names)
        check_names(encoding.names, [name for name in names if name in fitted])
        return encoding.names
    if len(names) != len(encoding.columns):
        raise ColumnError(
            f"The table has {len(names)} columns, but the model was fitted on an array "
            f"of {len(encoding.columns)} columns. Pass the same columns."
        )
    return names
