"""The label column of a table."""

from __future__ import annotations

from typing import Any


def labels_of(column: Any, normal: str | None) -> Any:
    """Return labels as booleans, True for anomalies; missing ones stay missing.

    Parameters
    ----------
    column : Series of shape (n_rows,)
    normal : str or None
        The label of normal rows; None for 0 or False.

    Raises
    ------
    ColumnError
        If it is unclear which label is normal.
    """
    from ..comparison import anomalies

    known = column.notna()
    found = column.astype(object).where(known, None)
    found[known] = anomalies(column[known], normal)
    return found
