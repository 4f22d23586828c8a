"""A table scored batch by batch, and written with its scores."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Generator
from typing import Any, NamedTuple

import numpy as np

from ..drift import TableWatch
from ..exceptions import ArchiveError, ColumnError, TableError
from ..scoring.archive import SavedModel, read_model
from ..scoring.calibration import added_names
from ..scoring.encoding.names import check_names
from ..scoring.encoding.table import TableEncoding
from ..scoring.reason_texts import score_with_reasons
from ..scoring.scorer import Scorer
from ..tables import table_writer
from .column_choice import known_column
from .decision import Decision, decide
from .flagged import FlaggedRows
from .terminal import RowProgress, shows_progress
from .top_rows import TopRows


class Scored(NamedTuple):
    """What is known of a table when it is scored and written.

    Parameters
    ----------
    flagged : FlaggedRows
    top : TopRows
    notes : list of str
        What is read otherwise than a plain file would be, and what looks odd.
    """

    flagged: FlaggedRows
    top: TopRows
    notes: list[str]

    def summary(self) -> dict[str, Any]:
        """Return what was counted, for programs."""
        return {"rows": self.flagged.n_rows, **self.flagged.summary()}


def read_detector(path: str) -> SavedModel:
    """Read the model of a detector, which alone has a threshold."""
    model = read_model(path)
    if model.scorer is None or model.offset is None:
        raise ArchiveError(
            f"{path} holds an {model.estimator}, which has no threshold. Pass the "
            f"model of an AutoencoderOutlierDetector."
        )
    return model


def score_table(
    table: Any,
    model: SavedModel,
    arguments: argparse.Namespace,
    *,
    explained: bool,
    watch: TableWatch | None = None,
    tell: Callable[[int], None] | None = None,
    before_it_appears: Callable[[], None] | None = None,
) -> Scored:
    """Score a table and write it.

    Parameters
    ----------
    table : TextTable or another
    model : SavedModel
    arguments : Namespace
    explained : bool
        Whether to look for the columns that rows are flagged for.
    watch : TableWatch, default=None
        Takes the rows and their scores.
    tell : callable, default=None
        Told of the number of rows so far.
    before_it_appears : callable, default=None
        Called when all is written, before the output takes its name; what it raises
        leaves none.
    """
    scorer = model.scorer
    assert scorer is not None
    encoding = scorer.encoding
    if encoding.named:
        table.expect([str(name) for name in encoding.names])
    meanings = added_names(arguments.p_values, arguments.severity)
    check_added_names(table, arguments.reasons, meanings)
    if arguments.id is not None:
        known_column(arguments.id, table.column_names, "--id")
    decision = decide(table, fitted_columns(table, encoding), model, arguments)
    flagged = FlaggedRows(scorer, decision, explained=explained)
    top = TopRows(arguments.top, arguments.id)
    batches = write_scores(table, scorer, decision, arguments, before_it_appears)
    with contextlib.closing(batches):
        for batch, scores, is_outlier in batches:
            flagged.add(batch.features, is_outlier)
            top.add(batch, scores)
            if watch is not None:
                watch.add(batch.features, scores)
            if tell is not None:
                tell(flagged.n_rows)
    notes = [f"{table.path}: {text}" for text in table.notes()]
    if suspicion := flagged.suspicion():
        notes.append(suspicion)
    return Scored(flagged, top, notes)


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
    table: Any,
    scorer: Scorer,
    decision: Decision,
    arguments: argparse.Namespace,
    before_it_appears: Callable[[], None] | None = None,
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
    before_it_appears : callable, default=None
        Called after the last batch; what it raises leaves no file.
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
        if before_it_appears is not None:
            before_it_appears()


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
