"""``aeanomaly score``: score a table of any size with a saved model."""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Generator
from typing import Any

import numpy as np

from ..exceptions import ArchiveError, ColumnError, TableError
from ..scoring.archive import read_model
from ..scoring.encoding.table import TableEncoding, check_names
from ..scoring.reasons import score_with_reasons
from ..scoring.scorer import Scorer
from ..tables import check_output, open_table, table_writer
from .flagged import FlaggedRows
from .terminal import RowProgress, note, say, shows_progress


def run(arguments: argparse.Namespace) -> None:
    """Score in one pass, in memory that does not grow with the number of rows."""
    table = open_table(arguments.table)
    check_added_names(table, arguments.reasons)
    check_output(arguments.output, [*table.paths, arguments.model])
    model = read_model(arguments.model)
    if model.scorer is None or model.offset is None:
        raise ArchiveError(
            f"{arguments.model} holds an {model.estimator}, which has no threshold. "
            f"Pass the model of an AutoencoderOutlierDetector."
        )
    start = time.perf_counter()
    flagged = FlaggedRows(model.scorer, model.offset, explained=not arguments.quiet)
    batches = write_scores(table, model.scorer, model.offset, arguments)
    with contextlib.closing(batches):
        for features, scores in batches:
            flagged.add(features, scores)
    for text in table.notes():
        note(f"{arguments.table}: {text}")
    if not arguments.quiet:
        seconds = time.perf_counter() - start
        say(f"Scored {flagged.n_rows:,} rows of {arguments.table} in {seconds:.1f} s.")
        say(flagged.describe())
        if suspicion := flagged.suspicion():
            note(suspicion)
        say(f"Written to {arguments.output}.")


def check_added_names(table: Any, n_reasons: int) -> None:
    """Raise a `TableError` if a column to add is there already."""
    reasons = [f"reason_{rank}" for rank in range(1, n_reasons + 1)]
    for name in ("score", "is_outlier", *reasons):
        if name in table.column_names:
            raise TableError(
                f"{table.path} already has a column {name!r}, which the output needs. "
                f"Rename or remove it."
            )


def write_scores(
    table: Any, scorer: Scorer, offset: float, arguments: argparse.Namespace
) -> Generator[tuple[Any, np.ndarray], None, None]:
    """Write a table with its scores; yield each batch's fitted columns and scores.

    The file appears after the last batch; closed before, the generator leaves none.

    Parameters
    ----------
    table : CsvTable or ParquetTable
    scorer : Scorer
    offset : float
        Rows that score below it are outliers.
    arguments : Namespace
        With the output's name, the number of reasons, and whether to be quiet.
    """
    progress = shows_progress(arguments.quiet)
    names = fitted_names(scorer.encoding, table.column_names)
    columns = dict(zip(names, scorer.encoding.columns, strict=True))
    n_rows = 0
    with (
        table_writer(arguments.output, table.dialect) as writer,
        contextlib.closing(RowProgress(table.n_rows, progress)) as line,
    ):
        for batch in table.iter_batches(columns):
            features = batch.features
            added = added_columns(scorer, offset, features, arguments.reasons)
            writer.write(batch, added)
            n_rows += len(added["score"])
            line.show(n_rows)
            yield features, added["score"]


def added_columns(
    scorer: Scorer, offset: float, features: Any, n_reasons: int
) -> dict[str, np.ndarray]:
    """Return the columns that the output adds to a batch, in their order.

    Parameters
    ----------
    scorer : Scorer
    offset : float
    features : DataFrame of shape (n_rows, n_features)
        The fitted columns in their order.
    n_reasons : int
    """
    if not len(features):
        none = np.empty((0, n_reasons), dtype=object)
        reasons = {f"reason_{rank}": none[:, 0] for rank in range(1, n_reasons + 1)}
        return {"score": np.empty(0), "is_outlier": np.empty(0, bool), **reasons}
    scores, texts = score_with_reasons(scorer, features, n_reasons)
    reasons = {f"reason_{rank}": text for rank, text in enumerate(texts.T, start=1)}
    return {"score": scores, "is_outlier": scores < offset, **reasons}


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
