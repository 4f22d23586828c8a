"""The label column of a table."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..streams import KnownLabels

# Labels that are not said to be normal, and are.
_NORMAL = frozenset({"0", "0.0", "False", "false"})


def labels_of(column: Any, normal: str | None) -> Any:
    """Return labels as booleans, True for anomalies; missing ones stay missing.

    Parameters
    ----------
    column : Series of shape (n_rows,)
    normal : str or None
        The label of normal rows; None for 0 or False. No row need have it where labels
        are 0 and 1, or -1 and 1.

    Raises
    ------
    ColumnError
        If it is unclear which label is normal.
    """
    from ..comparison import anomalies

    known = column.notna()
    found = column.astype(object).where(known, None)
    found[known] = (
        True
        if _are_all_abnormal(column[known], normal)
        else anomalies(column[known], normal)
    )
    return found


def _are_all_abnormal(labels: Any, normal: str | None) -> bool:
    """Return whether no row is known to be normal, by a usual coding.

    Confirmed frauds alone are what many have to learn from.
    """
    from ..comparison import number_of

    levels, said = set(labels.unique()), number_of(normal or "")
    return bool(levels) and levels | {said} <= {-1, 0, 1} and said not in levels


class LearntLabels(KnownLabels):
    """A column of labels to learn from.

    Parameters
    ----------
    name : str
    normal : str or None
        The label of normal rows; None for 0 or False.
    """

    def __init__(self, name: str, normal: str | None) -> None:
        super().__init__(name)
        self._normal = _NORMAL if normal is None else {normal}
        self._said = normal

    def masks(self, labels: Any) -> dict[Any, np.ndarray]:
        """Return which labels may be those of anomalies."""
        is_normal = labels.astype(str).isin(self._normal)
        return {"other": (labels.notna() & ~is_normal).to_numpy(dtype=bool)}

    def is_anomaly(self, labels: Any) -> np.ndarray:
        """Return which labels are those of anomalies."""
        return np.asarray(labels_of(labels, self._said).eq(True), dtype=bool)
