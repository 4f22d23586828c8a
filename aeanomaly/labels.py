"""Labels in whatever coding: which rows are anomalies."""

from __future__ import annotations

from typing import Any

import numpy as np

# Labels to name in an error.
_SHOWN = 5


def anomaly_labels(y: Any, normal: Any = None) -> tuple[np.ndarray, np.ndarray]:
    """Return which rows are labelled as anomalies, and which have a label.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        True and False, 1 and 0, where the greater one is the anomaly; or -1 and 1, as
        scikit-learn's detectors give them, where -1 is. Missing values are rows without
        a label. Any other labels need `normal`.
    normal : object, default=None
        The label of normal rows; all others are anomalies.

    Returns
    -------
    is_anomaly : ndarray of shape (n_samples,), bool
        False for rows without a label.
    is_labelled : ndarray of shape (n_samples,), bool

    Raises
    ------
    ValueError
        If it is unclear which label is normal.

    Examples
    --------
    >>> from aeanomaly.labels import anomaly_labels
    >>> anomaly_labels([0, 1, 0])[0].tolist(), anomaly_labels([1, -1, 1])[0].tolist()
    ([False, True, False], [False, True, False])
    >>> anomaly_labels(["ok", "fraud", None], normal="ok")[0].tolist()
    [False, True, False]
    """
    import pandas as pd

    values = pd.Series(y).reset_index(drop=True)
    is_labelled = values.notna().to_numpy()
    levels = pd.unique(values[is_labelled])
    if normal is not None:
        # Of labels of one kind the usual codings say what the other would be.
        usual = set(levels) | {normal} <= {-1, 0, 1}
        if normal not in set(levels) and len(levels) and not usual:
            raise ValueError(
                f"normal={normal!r} is not among the labels, which are "
                f"{_shown(levels)}. Pass the label of normal rows."
            )
        is_normal = (values == normal).fillna(False).to_numpy(dtype=bool)
        return is_labelled & ~is_normal, is_labelled
    found = _anomalous_label(levels)
    return (values == found).fillna(False).to_numpy(dtype=bool), is_labelled


def training_labels(y: Any, normal: Any = None) -> np.ndarray:
    """Return labels to learn from: -1 for anomalies, 1 for normal rows, 0 for unknown.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        As for `anomaly_labels`; besides, beside -1, 0 stands for a row of which nothing
        is known.
    normal : object, default=None
        The label of normal rows; all others are anomalies.

    Returns
    -------
    ndarray of shape (n_samples,), int8

    Raises
    ------
    ValueError
        If it is unclear which label is normal.

    Examples
    --------
    >>> from aeanomaly.labels import training_labels
    >>> training_labels([0, 1, None]).tolist(), training_labels([0, 1, -1]).tolist()
    ([1, -1, 0], [0, 1, -1])
    """
    import pandas as pd

    values = pd.Series(y).reset_index(drop=True)
    if normal is None:
        found = pd.unique(values.dropna())
        known = {
            label for label in (-1, 0, 1) if any(level == label for level in found)
        }
        if len(known) == len(found) and {-1, 0} <= known:
            values = values.mask(values == 0)
    is_anomaly, is_labelled = anomaly_labels(values, normal)
    return np.where(is_anomaly, -1, np.where(is_labelled, 1, 0)).astype(np.int8)


def _anomalous_label(levels: Any) -> int:
    """Return which of the labels stands for an anomaly."""
    known = {value for value in (-1, 0, 1) if any(level == value for level in levels)}
    if len(known) == len(levels):
        if known <= {-1, 1} and -1 in known:
            return -1
        if known <= {0, 1} and (0 in known or not known):
            return 1
        if known == {1} and isinstance(levels[0], bool | np.bool_):
            return 1
    if known == {1}:
        raise ValueError(
            "All labels are 1, which is an anomaly beside 0 and a normal row beside "
            "-1. Pass normal=, the label of normal rows."
        )
    raise ValueError(
        f"Labels must be 0 and 1, False and True, or -1 and 1, where 1, True and -1 "
        f"are anomalies. Got {_shown(levels)}. Pass normal=, the label of normal rows."
    )


def _shown(levels: Any) -> str:
    more = ", ..." if len(levels) > _SHOWN else ""
    return ", ".join(repr(_plain(level)) for level in levels[:_SHOWN]) + more


def _plain(level: Any) -> Any:
    return level.item() if isinstance(level, np.generic) else level
