"""``aeanomaly score``: score a table of any size with a saved model."""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Generator
from typing import Any

import numpy as np

from ..exceptions import ArchiveError, ColumnError, TableError
from ..scoring.archive import SavedModel, read_model
from ..scoring.encoding.names import check_names
from ..scoring.encoding.table import TableEncoding
from ..scoring.reasons import score_with_reasons
from ..scoring.scorer import Scorer
from ..tables import STANDARD_STREAM, check_output, table_writer
from .column_choice import known_column
from .flagged import FlaggedRows
from .inputs import open_input, shown_tables
from .summary import say_json
from .terminal import RowProgress, note, say, shows_progress
from .top_rows import TopRows


def run(arguments: argparse.Namespace) -> None:
    """Score in one pass, in memory that does not grow with the number of rows."""
    check_streams(arguments)
    table = open_input(arguments)
    check_output(arguments.output, [*table.paths, arguments.model])
    model = read_model(arguments.model)
    if model.scorer is None or model.offset is None:
        raise ArchiveError(
            f"{arguments.model} holds an {model.estimator}, which has no threshold. "
            f"Pass the model of an AutoencoderOutlierDetector."
        )
    encoding = model.scorer.encoding
    if encoding.named:
        table.expect([str(name) for name in encoding.names])
    check_added_names(table, arguments.reasons)
    if arguments.id is not None:
        known_column(arguments.id, table.column_names, "--id")
    offset = _offset(model, arguments)
    start = time.perf_counter()
    flagged = FlaggedRows(model.scorer, offset, explained=not arguments.quiet)
    top = TopRows(arguments.top, arguments.id)
    batches = write_scores(table, model.scorer, offset, arguments)
    with contextlib.closing(batches):
        for batch, scores in batches:
            flagged.add(batch.features, scores)
            top.add(batch, scores)
    if arguments.quiet:
        return
    for text in table.notes():
        note(f"{table.path}: {text}")
    if suspicion := flagged.suspicion():
        note(suspicion)
    listed = top.listed(model.scorer)
    if arguments.json:
        say_json(
            {
                "table": [str(path) for path in arguments.table],
                "rows": flagged.n_rows,
                **flagged.summary(),
                "top": [row._asdict() for row in listed],
                "output": arguments.output,
            }
        )
        return
    seconds = time.perf_counter() - start
    tables = shown_tables(arguments)
    say(f"Scored {flagged.n_rows:,} rows of {tables} in {seconds:.1f} s.")
    say(flagged.describe())
    if listed:
        say(f"\n{top.in_words(listed)}\n")
    say(f"Written to {arguments.output}.")


def check_streams(arguments: argparse.Namespace) -> None:
    """Keep results out of a table on standard output: they would be part of it."""
    if arguments.output == STANDARD_STREAM:
        if arguments.json:
            raise TableError(
                "--json and --output - both write to standard output. Pass a file."
            )
        arguments.quiet = True


def _offset(model: SavedModel, arguments: argparse.Namespace) -> float:
    """Return the score below which rows are flagged."""
    if arguments.threshold is not None:
        return float(arguments.threshold)
    if arguments.share is None:
        return float(model.offset)  # type: ignore[arg-type]
    calibration = model.calibration
    if calibration is None:
        raise ArchiveError(
            f"{arguments.model} holds no scores of unseen rows, which --share needs: "
            f"an older aeanomaly wrote it. Fit again, or pass --threshold."
        )
    # The rank whose p-value is at most the share.
    at_most = arguments.share * (calibration.n_rows + 1.0) - 1.0
    below = np.cumsum(calibration.weights) <= at_most + 1e-9
    if at_most < 0:
        raise ArchiveError(
            f"--share {arguments.share} cannot be promised from the "
            f"{calibration.n_rows:,.0f} scores in {arguments.model}: the least is "
            f"{calibration.smallest_p_value:.3g}. Pass at least that."
        )
    return float(calibration.scores[min(below.sum(), len(below) - 1)])


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
    """Write a table with its scores; yield each batch and its scores.

    The file appears after the last batch; closed before, the generator leaves none.

    Parameters
    ----------
    table : TextTable or another
    scorer : Scorer
    offset : float
        Rows that score below it are outliers.
    arguments : Namespace
        With the output's name, the number of reasons, whether to write flagged rows
        only, and whether to be quiet.
    """
    progress = shows_progress(arguments.quiet)
    names = fitted_names(scorer.encoding, table.column_names)
    columns = dict(zip(names, scorer.encoding.columns, strict=True))
    n_rows = 0
    with (
        table_writer(arguments.output, table.written_as) as writer,
        contextlib.closing(RowProgress(table.n_rows, progress)) as line,
    ):
        for batch in table.iter_batches(columns):
            added = added_columns(scorer, offset, batch.features, arguments.reasons)
            if arguments.only_flagged:
                chosen = added["is_outlier"]
                rows = {name: values[chosen] for name, values in added.items()}
                writer.write(batch.select(chosen), rows)
            else:
                writer.write(batch, added)
            n_rows += len(added["score"])
            line.show(n_rows)
            yield batch, added["score"]


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
    if len(features):
        scores, texts = score_with_reasons(scorer, features, n_reasons)
    else:
        scores, texts = np.empty(0), np.empty((0, n_reasons), dtype=object)
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
