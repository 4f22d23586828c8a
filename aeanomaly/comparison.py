"""How well scores separate labelled anomalies, beside an isolation forest."""

from __future__ import annotations

import difflib
import time
from typing import Any, NamedTuple

import numpy as np

from .exceptions import ColumnError

# Rows that a person would look at.
_TOP_ROWS = 100
# Categories with a column of their own in the forest's input; the others share one.
_FOREST_CATEGORIES = 32


class Metrics(NamedTuple):
    """How well a detector ranks labelled rows.

    Parameters
    ----------
    name : str
    auroc : float
        Area under the receiver operating characteristic, in [0, 1].
    average_precision : float
        In [0, 1]; scores without information give the share of anomalies.
    precision_at_k : float
        Share of anomalies among the k most abnormal rows.
    k : int
    seconds : float
        Wall-clock time to fit and score.
    """

    name: str
    auroc: float
    average_precision: float
    precision_at_k: float
    k: int
    seconds: float


def measure(
    name: str, scores: np.ndarray, is_anomaly: np.ndarray, seconds: float
) -> Metrics:
    """Return how well scores rank labelled rows.

    Parameters
    ----------
    name : str
    scores : ndarray of shape (n_samples,)
        Lower is more abnormal.
    is_anomaly : ndarray of shape (n_samples,), bool
    seconds : float

    Returns
    -------
    Metrics
        With k = 100, or the number of anomalies where there are fewer.

    Examples
    --------
    >>> import numpy as np
    >>> from aeanomaly.comparison import measure
    >>> found = np.array([True, False, True, False, False])
    >>> measure("forest", np.array([-3.0, -2.0, -1.0, 0.0, 1.0]), found, 0.5)[1:5]
    (0.8333333333333334, 0.8333333333333333, 0.5, 2)
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    k = min(_TOP_ROWS, int(is_anomaly.sum()))
    top = np.argsort(scores, kind="stable")[:k]
    return Metrics(
        name,
        float(roc_auc_score(is_anomaly, -scores)),
        float(average_precision_score(is_anomaly, -scores)),
        float(is_anomaly[top].mean()),
        k,
        seconds,
    )


def measure_isolation_forest(
    features: Any, is_anomaly: np.ndarray, labelled: np.ndarray, random_state: int
) -> Metrics:
    """Fit scikit-learn's `IsolationForest` on the same rows and measure it.

    Parameters
    ----------
    features : DataFrame of shape (n_samples, n_features)
    is_anomaly : ndarray of shape (n_labelled,), bool
    labelled : ndarray of shape (n_samples,), bool
        Which rows have a label.
    random_state : int

    Returns
    -------
    Metrics
    """
    start = time.perf_counter()
    scores = isolation_forest_scores(features, random_state)
    seconds = time.perf_counter() - start
    return measure("IsolationForest", scores[labelled], is_anomaly, seconds)


def isolation_forest_scores(features: Any, random_state: int) -> np.ndarray:
    """Return the scores of rows by an `IsolationForest` that was fitted on them.

    Parameters
    ----------
    features : DataFrame of shape (n_samples, n_features)
    random_state : int

    Returns
    -------
    ndarray of shape (n_samples,)
        Lower is more abnormal.
    """
    from sklearn.ensemble import IsolationForest

    X = _forest_input(features)
    forest = IsolationForest(random_state=random_state).fit(X)
    return np.asarray(forest.score_samples(X))


def _forest_input(features: Any) -> np.ndarray:
    """Return a table as numbers: medians for missing ones, categories one-hot."""
    from pandas.api.types import (
        is_bool_dtype,
        is_datetime64_any_dtype,
        is_numeric_dtype,
    )

    parts = []
    for name in features.columns:
        values = features[name]
        if is_numeric_dtype(values) and not is_bool_dtype(values):
            parts.append(_numbers(values))
        elif is_datetime64_any_dtype(values):
            missing = values.isna()
            parts.append(_numbers(values.astype("int64").mask(missing)))
        else:
            parts.append(_one_hot(values))
    return np.hstack(parts)


def _numbers(values: Any) -> np.ndarray:
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    known = numbers[~np.isnan(numbers)]
    median = np.median(known) if len(known) else 0.0
    return np.nan_to_num(numbers, nan=median).astype(np.float32)[:, None]


def _one_hot(values: Any) -> np.ndarray:
    from sklearn.preprocessing import OneHotEncoder

    encoder = OneHotEncoder(
        max_categories=_FOREST_CATEGORIES, sparse_output=False, dtype=np.float32
    )
    text = values.astype(object).where(values.notna(), "missing").astype(str)
    return encoder.fit_transform(text.to_numpy(dtype=object)[:, None])


def anomalies(values: Any, normal: str | None) -> np.ndarray:
    """Return which labels stand for an anomaly.

    Parameters
    ----------
    values : Series of shape (n_labelled,)
        The label column without missing values.
    normal : str or None
        The label of normal rows. None means 0 or False, and is allowed only where
        the labels are numbers or booleans and one of them is 0.

    Returns
    -------
    ndarray of shape (n_labelled,), bool

    Raises
    ------
    ColumnError
        If it is unclear which label is normal, or only one kind of row is there.
    """
    from pandas.api.types import is_numeric_dtype

    counts = values.value_counts()
    # Booleans beside missing values are objects to pandas; they still equal 0 or 1.
    numeric = is_numeric_dtype(values) or set(counts.index) <= {0, 1}
    is_normal = values == 0 if numeric else values.astype(str) == normal
    if normal is not None and numeric:
        is_normal = values.astype(float) == number_of(normal)
    if not is_normal.any():
        raise ColumnError(_unknown_normal(values.name, counts, normal))
    if is_normal.all():
        raise ColumnError(
            f"Column {values.name!r} labels every row as normal: there is nothing to "
            f"measure or to learn. Leave out --label, and --drop the column; or look "
            f"at --where, --since and --train-on, if they leave anomalies out."
        )
    return ~is_normal.to_numpy(dtype=bool)


def number_of(normal: str) -> float:
    """Return the label of normal rows as a number, false as 0; NaN if it is none."""
    try:
        return float({"false": "0", "true": "1"}.get(normal.lower(), normal))
    except ValueError:
        return float("nan")


def _as_written(label: Any) -> str:
    """Return a label as a text; numbers beside missing values have no decimals."""
    is_whole = isinstance(label, float) and label.is_integer()
    return str(int(label)) if is_whole else str(label)


def _unknown_normal(name: Any, counts: Any, normal: str | None) -> str:
    shown = ", ".join(repr(_as_written(value)) for value in counts.index[:5])
    more = ", ..." if len(counts) > 5 else ""
    if normal is None:
        return (
            f"Column {name!r} holds the labels {shown}{more}, and it is unclear which "
            f"of them is normal. Say so with --normal"
            + (", such as --normal 0." if set(counts.index) == {1} else ".")
        )
    close = difflib.get_close_matches(normal, map(str, counts.index), n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return (
        f"--normal {normal} is not a label in column {name!r}, which holds "
        f"{shown}{more}."
        f"{hint}"
    )


def format_metrics(metrics: list[Metrics]) -> str:
    """Return metrics as a table of text, one line each.

    Examples
    --------
    >>> from aeanomaly.comparison import Metrics, format_metrics
    >>> print(format_metrics([Metrics("forest", 0.85, 0.3, 0.5, 100, 2.0)]))
            AUROC  average precision  precision at 100  seconds
    forest  0.850              0.300             0.500      2.0
    """
    width = max(len(row.name) for row in metrics)
    heads = ["AUROC", "average precision", f"precision at {metrics[0].k}", "seconds"]
    lines = ["  ".join([" " * width, *heads])]
    for row in metrics:
        values = [row.auroc, row.average_precision, row.precision_at_k]
        cells = [f"{value:.3f}" for value in values] + [f"{row.seconds:.1f}"]
        padded = [c.rjust(len(h)) for c, h in zip(cells, heads, strict=True)]
        lines.append("  ".join([row.name.ljust(width), *padded]))
    return "\n".join(lines)
