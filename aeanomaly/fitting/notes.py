"""What `fit` says of columns, as warnings that point at the user's line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..exceptions import ColumnWarning
from ..scoring.encoding.notes import warn
from ..scoring.encoding.table import TableEncoding


def warn_left_out(
    encoding: TableEncoding, named: Mapping[Any, Any] | None = None
) -> None:
    """Warn of each column that was left out without being asked."""
    for column in encoding.columns:
        if column.ignored and column.name not in (named or {}):
            warn(
                f"Column {column.name!r} is left out: {column.facts().left_out}. If it "
                f"matters, pass column_kinds={{{column.name!r}: 'category'}}.",
                ColumnWarning,
            )
