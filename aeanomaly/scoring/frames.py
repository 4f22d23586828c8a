"""Scores and reasons as DataFrames."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from .calibration import Calibration
from .reason_texts import score_with_reasons
from .reasons import iter_reasons, iter_shares
from .scorer import Scorer
from .usual import UsualTimes

_ENDS = ("low", "high")


def score_frame(
    scorer: Scorer,
    offset: float,
    table: Any,
    index: Any,
    reasons: int,
    calibration: Calibration | None = None,
    added: tuple[str, ...] = (),
) -> Any:
    """Return scores, labels and reasons; see `ScoringMixin.score_frame`.

    Parameters
    ----------
    scorer : Scorer
    offset : float
        Score below which a row is an outlier.
    table : DataFrame or ndarray of shape (n_samples, n_features)
        With the fitted columns in the fitted order.
    index : pandas.Index or None
    reasons : int
    calibration : Calibration or None
        What the added columns come from, where there are any.
    added : tuple of {"p_value", "severity"}
        Columns to add.
    """
    import pandas as pd

    scores, texts = score_with_reasons(scorer, table, reasons)
    columns = {"score": scores, "is_outlier": scores < offset}
    if calibration is not None:
        columns |= calibration.columns(scores, added)
    columns |= {f"reason_{rank}": text for rank, text in enumerate(texts.T, start=1)}
    return pd.DataFrame(columns, index=index)


def explain_frame(scorer: Scorer, table: Any, index: Any, top: int) -> Any:
    """Return reasons; see `ScoringMixin.explain`.

    Parameters
    ----------
    scorer : Scorer
    table : DataFrame or ndarray of shape (n_samples, n_features)
        With the fitted columns in the fitted order.
    index : pandas.Index or None
    top : int
    """
    import pandas as pd

    index = pd.RangeIndex(len(table)) if index is None else index
    blocks = [block for _, _, block in iter_reasons(scorer, table, top, beside=False)]
    names = np.empty(len(scorer.encoding.names), dtype=object)
    # Names may be tuples, of which `np.array` would make a table.
    names[:] = scorer.encoding.names
    # A table without rows has no blocks.
    none = np.empty((0, min(top, len(names))))
    columns = np.vstack([none, *(block.columns for block in blocks)]).astype(np.intp)
    n_named = columns.shape[1]
    ranks = np.tile(np.arange(1, n_named + 1), len(columns))
    rows = index.repeat(n_named)

    def gathered(field: str) -> np.ndarray:
        parts = [getattr(block, field) for block in blocks]
        return np.vstack(parts or [none]).ravel()

    ends = {name: _in_units(scorer, columns, gathered(name)) for name in _ENDS}
    frame = pd.DataFrame(
        {
            "column": names[columns].ravel(),
            "share": gathered("shares"),
            "observed": gathered("observed"),
            "expected": gathered("expected"),
            **ends,
            "probability": gathered("probability"),
        },
        index=pd.MultiIndex.from_arrays(
            [*(rows.get_level_values(i) for i in range(rows.nlevels)), ranks],
            names=[*rows.names, "rank"],
        ),
    )
    like = [block.like for block in blocks if block.like is not None]
    if like:
        numbers = np.concatenate(like).repeat(n_named)
        frame["known_case"] = pd.arrays.IntegerArray(numbers, numbers == 0)
    return frame


def known_cases_frame(scorer: Scorer) -> Any:
    """Return known anomalies that a score keeps; see `ScoringMixin.known_cases`."""
    import pandas as pd

    encoding = scorer.encoding
    encoded = scorer.reduction.known_anomalies(encoding)
    index = pd.RangeIndex(1, len(encoded) + 1, name="known_case")
    frame = pd.DataFrame(dict(enumerate(encoding.restore(encoded))), index=index)
    frame.columns = pd.Index(encoding.names, dtype=object)
    return frame


def importance_frame(scorer: Scorer, table: Any) -> Any:
    """Return what columns make up of scores; see `ScoringMixin.importances`.

    Parameters
    ----------
    scorer : Scorer
    table : DataFrame or ndarray of shape (n_samples, n_features)
        The rows to look at, with the fitted columns in the fitted order.
    """
    import pandas as pd

    n_columns = len(scorer.encoding.columns)
    sums, squares, firsts = np.zeros((3, n_columns))
    for shares in iter_shares(scorer, table):
        sums += shares.sum(axis=0)
        squares += (shares**2).sum(axis=0)
        firsts += np.bincount(shares.argmax(axis=1), minlength=n_columns)
    n_rows = len(table)
    mean = sums / n_rows
    variance = np.maximum(squares / n_rows - mean**2, 0.0) / max(1, n_rows - 1)
    names = np.empty(n_columns, dtype=object)
    names[:] = scorer.encoding.names
    frame = pd.DataFrame(
        {
            "column": names,
            "share": mean,
            "error": np.sqrt(variance) if n_rows > 1 else np.nan,
            "first": firsts / n_rows,
        }
    )
    return frame.sort_values("share", ascending=False, kind="stable", ignore_index=True)


def like_input(frame: Any, X: Any, rows: str = "row") -> Any:
    """Return a DataFrame of pandas as one of Polars, if X is one.

    Parameters
    ----------
    frame : DataFrame
    X : DataFrame or array-like
        What was passed.
    rows : str, default="row"
        What the positions of rows are called, where the index has more than those.
    """
    polars = sys.modules.get("polars")
    if polars is None or not isinstance(X, polars.DataFrame | polars.LazyFrame):
        return frame
    if frame.index.nlevels > 1:
        frame = frame.reset_index(names=[rows, "rank"])
    return polars.DataFrame(
        [_polars_column(polars, name, frame[name]) for name in frame.columns]
    )


def _polars_column(polars: Any, name: str, values: Any) -> Any:
    """Return a column; values of several types as text."""
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in "fiub":
        return polars.Series(name, values.to_numpy())
    # Whole numbers of which some are missing, or objects.
    is_number = values.dtype.kind == "i"
    held = [
        None if lacks else int(value) if is_number else str(value)
        for value, lacks in zip(values, values.isna(), strict=True)
    ]
    dtype = polars.Int64 if is_number else polars.String
    return polars.Series(name, held, dtype=dtype)


def _in_units(scorer: Scorer, columns: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return ends of ranges as objects: times as such, None where there are none."""
    shown = ends.astype(object)
    shown[np.isnan(ends)] = None
    for position in np.unique(columns):
        if isinstance(scorer.usual_of(position), UsualTimes):
            at = (columns.ravel() == position) & ~np.isnan(ends)
            moments = (ends[at] * 1e6).astype("datetime64[us]")
            shown[at] = moments.astype(object)
    return shown
