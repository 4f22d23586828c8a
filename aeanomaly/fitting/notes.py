"""What `fit` says of a table, as warnings that point at the user's line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..exceptions import ColumnWarning, UnreadCellsWarning
from ..notices import warn
from ..scoring.encoding.columns import Column
from ..scoring.encoding.table import TableEncoding
from .split import FitRows


def warn_of_columns(
    encoding: TableEncoding, named: Mapping[Any, Any] | None = None
) -> None:
    """Warn of what is left out unasked, not read, ambiguous, or seems to be missing."""
    for column in encoding.columns:
        if column.ignored and column.name not in (named or {}):
            warn(
                f"Column {column.name!r} is left out: {column.facts().left_out}. If it "
                f"matters, pass column_kinds={{{column.name!r}: 'category'}}.",
                ColumnWarning,
            )
        _warn_of_reading(column)
        for number in getattr(column, "sentinels", ()):
            warn(
                f"Column {column.name!r}: {number:g} is far from all other values and "
                f"may stand for a missing one: pass missing_values=[{number:g}] then.",
                ColumnWarning,
            )


def _warn_of_reading(column: Column) -> None:
    reading = getattr(column, "reading", None)
    if reading is None:
        return
    if reading.n_unread:
        n_unread, example = reading.n_unread, reading.example
        warn(UnreadCellsWarning(column.name, n_unread, reading.noun, example, True))
    if reading.remark:
        warn(f"Column {column.name!r}: {reading.remark}.", ColumnWarning)


def warn_of_few_rows(rows: FitRows, n_columns: int) -> None:
    """Warn that rows are kept from all that is learnt, as they are few for a table."""
    n_rows, n_held = round(rows.rows.n_visits), round(rows.held_out_weights.sum())
    warn(
        f"{n_rows:,} rows are few for {n_columns:,} encoded columns (a category is "
        f"one): {n_held:,} of them are kept from all that is learnt, and set the "
        f"threshold. With more than twice as many rows as columns all are learnt from.",
        UserWarning,
    )
