"""The door for rows that a model scores: any table becomes a DataFrame or an array.

No scikit-learn: what `aeanomaly.scoring.load` returns works where it is not installed.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ..notices import warn
from .encoding.images import ImageEncoding, as_rows
from .encoding.table import TableEncoding
from .encoding.tabular import SparseRows, is_sparse


def rows_to_score(X: Any, encoding: TableEncoding) -> Any:
    """Return X as a pandas DataFrame or as a numeric array, its columns checked.

    Parameters
    ----------
    X : DataFrame, Arrow table or array-like of shape (n_samples, n_features)
        DataFrames of pandas or of Polars; images for a model of images; sparse
        matrices, whose rows become dense a block at a time.
    encoding : TableEncoding
        Whose columns X must have.

    Returns
    -------
    DataFrame, ndarray or SparseRows of shape (n_samples, n_features)
        Frames in the order of the fitted columns.

    Raises
    ------
    ColumnError
        If a column is missing or unknown.
    ValueError
        If X has no rows, is complex or not two-dimensional.

    Warns
    -----
    UserWarning
        If the model was fitted on names of columns, and X has none, or the other way
        round.
    """
    if isinstance(encoding, ImageEncoding):
        X = as_rows(X, encoding.image_shape)
    if is_sparse(X):
        return encoding.select(SparseRows(X))
    frame = as_pandas(X)
    if frame is not None:
        if not encoding.named:
            _warn_of_names("X has names of columns, but the model was fitted without")
        return encoding.select(in_plain_types(frame))
    X = _as_array(X)
    if encoding.named:
        _warn_of_names("X has no names of columns, but the model was fitted with such")
    return as_numbers(encoding.select(X))


def _warn_of_names(what: str) -> None:
    warn(f"{what}: they are taken in their order.", UserWarning)


def _as_array(X: Any) -> np.ndarray:
    """Return rows as an array of two dimensions, or say why they are none."""
    X = np.asarray(X)
    if X.ndim != 2:
        raise ValueError(
            f"X must have two dimensions, rows and columns. Got an array of shape "
            f"{X.shape} instead: pass one row as [row]."
        )
    if X.dtype.kind == "c":
        raise ValueError("X holds complex numbers. Pass their parts as columns.")
    if not len(X):
        raise ValueError("X has no rows. Pass at least one.")
    return X


def as_pandas(X: Any) -> Any:
    """Return a frame of any known library as a pandas DataFrame, else None."""
    # Whoever passes a frame has imported its library.
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(X, pandas.DataFrame):
        return X
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(X, polars.LazyFrame):
        X = X.collect()
    if polars is not None and isinstance(X, polars.DataFrame):
        import pandas as pd

        # Column by column, because Polars's own to_pandas needs pyarrow.
        return pd.DataFrame({c.name: pd.Series(c.to_numpy()) for c in X.get_columns()})
    arrow = sys.modules.get("pyarrow")
    if arrow is not None and isinstance(X, arrow.Table | arrow.RecordBatch):
        return X.to_pandas()
    return None


# Arrow's types with which pandas can do all that is asked of a column.
_PLAIN_ARROW = (
    *("bool", "int", "uint", "halffloat", "float", "double", "decimal"),
    *("string", "large_string", "date", "time", "duration"),
)


def in_plain_types(frame: Any) -> Any:
    """Return a DataFrame whose columns pandas can take apart, the same if all are."""
    plain = frame
    for i, dtype in enumerate(frame.dtypes):
        if isinstance(dtype, np.dtype) and dtype.isnative:
            continue
        values = _plain_column(frame.iloc[:, i], dtype)
        if values is not None:
            plain = plain.copy(deep=False) if plain is frame else plain
            plain.isetitem(i, values)
    return plain


def _plain_column(values: Any, dtype: Any) -> Any:
    """Return a column in a type that pandas can take apart, None if it is in one."""
    if isinstance(dtype, np.dtype):
        return values.astype(dtype.newbyteorder("="))
    if str(dtype).startswith("interval"):
        return values.astype(object)
    arrow = str(getattr(dtype, "pyarrow_dtype", _PLAIN_ARROW[0]))
    if arrow.startswith(_PLAIN_ARROW) and not arrow.endswith("_view"):
        return None
    import pandas as pd

    objects = values.array.__arrow_array__().to_pylist()
    return pd.Series(objects, index=values.index, dtype=object)


def as_numbers(X: np.ndarray) -> Any:
    """Return an array of numbers, or a DataFrame where some columns hold strings."""
    if X.dtype.kind in "fiu":
        return X if X.dtype.isnative else X.astype(X.dtype.newbyteorder("="))
    try:
        return X.astype(np.float64)
    except (ValueError, TypeError, OverflowError):
        # Of texts, or of what the column itself says is no number.
        import pandas as pd

        try:
            return pd.DataFrame(X).infer_objects()
        except OverflowError:
            # pandas 2.2 asks whether whole numbers beyond all floats are times.
            objects = {i: pd.Series(x, dtype=object) for i, x in enumerate(X.T)}
            return pd.DataFrame(objects)
