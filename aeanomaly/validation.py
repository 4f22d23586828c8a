"""The one door for input: tables of any kind become a DataFrame or a float array."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils._param_validation import Options
from sklearn.utils.validation import check_array, validate_data

from .exceptions import ColumnError
from .printable import quoted
from .registry import Registry
from .scoring.door import as_numbers, as_pandas, in_plain_types
from .scoring.encoding.names import MAX_NAME_LENGTH, is_label, name_length
from .scoring.encoding.table import TableEncoding
from .scoring.encoding.tabular import SparseRows, is_sparse

_MIN_ROWS_TO_FIT = 2

# Bytes that a sparse matrix may take when it is made dense to fit on it.
_MOST_DENSE = 2**30


class NameIn(Options):
    """Constraint of a parameter: a name that is in a registry when it is checked.

    Parameters
    ----------
    registry : Registry
    """

    def __init__(self, registry: Registry) -> None:
        super().__init__(str, set(registry))
        self.registry = registry

    def is_satisfied_by(self, value: Any) -> bool:
        """Return whether a value is a registered name."""
        return isinstance(value, str) and value in self.registry

    def __str__(self) -> str:
        return f"a str among {{{self.registry}}}"


def check_table(estimator: Any, X: Any, encoding: TableEncoding | None = None) -> Any:
    """Return X as a pandas DataFrame or as a numeric array, its columns checked.

    Parameters
    ----------
    estimator : BaseAutoencoder
        Gets ``n_features_in_`` and ``feature_names_in_`` when it is being fitted.
    X : DataFrame, Arrow table or array-like of shape (n_samples, n_features)
        DataFrames of pandas or of Polars.
    encoding : TableEncoding or None
        The fitted encoding, whose columns X must have; None in `fit`.

    Returns
    -------
    DataFrame, ndarray or SparseRows of shape (n_samples, n_features)
        Frames in the order of the fitted columns.

    Raises
    ------
    ColumnError
        If a column is missing, is unknown, or appears twice, or has no name that a
        file can hold.
    ValueError
        If X is empty, complex or not two-dimensional, or sparse and too large for
        `fit`.
    """
    if encoding is not None and _is_plain_array(X, encoding):
        return as_numbers(X)
    frame = as_pandas(X)
    min_rows = _MIN_ROWS_TO_FIT if encoding is None else 1
    if frame is None:
        X = validate_data(
            estimator,
            X,
            reset=encoding is None,
            dtype=None,
            ensure_all_finite=False,
            ensure_min_samples=min_rows,
            accept_sparse="csr",
        )
        if is_sparse(X):
            return SparseRows(X) if encoding is not None else as_numbers(_dense(X))
        return as_numbers(X)
    # Partitions of a table may be empty: a frame without rows has as many scores.
    _check_size(frame, min_rows if encoding is None else 0)
    frame = in_plain_types(frame)
    if encoding is None:
        _check_names(frame.columns)
        validate_data(estimator, frame, reset=True, skip_check_array=True)
        return frame
    if not encoding.named:
        validate_data(estimator, frame, reset=False, skip_check_array=True)
    return encoding.select(frame)


def _is_plain_array(X: Any, encoding: TableEncoding) -> bool:
    """Return whether nothing is left to check, which takes half of a row's time."""
    return (
        type(X) is np.ndarray
        and X.dtype.kind in "fiu"
        and not encoding.named
        and X.ndim == 2
        and len(X) > 0
        and X.shape[1] == len(encoding.columns)
    )


def _dense(X: Any) -> np.ndarray:
    """Return a sparse matrix as an array, if that is not too large."""
    n_bytes = X.shape[0] * X.shape[1] * X.dtype.itemsize
    if n_bytes > _MOST_DENSE:
        raise ValueError(
            f"X is sparse, and its {X.shape[0]:,} rows of {X.shape[1]:,} columns would "
            f"take {n_bytes / 2**30:.1f} GiB to fit on; allowed is "
            f"{_MOST_DENSE / 2**30:.0f} GiB. Fit on a sample of the rows (any number "
            f"can be scored), or leave the encoder out: categories are encoded by the "
            f"estimator itself."
        )
    return X.toarray()


def _check_names(names: Any) -> None:
    """Raise a `ColumnError` for names that are there twice or cannot be kept."""
    for name in names:
        if (length := name_length(name)) > MAX_NAME_LENGTH:
            raise ColumnError(
                f"The name of column {quoted(name, 40)} has {length:,} characters; "
                f"allowed are {MAX_NAME_LENGTH:,}. Rename the column."
            )
    if not names.is_unique:
        twice = names[names.duplicated()][0]
        raise ColumnError(
            f"Column {twice!r} appears more than once in the table. Rename or drop "
            f"one of them."
        )
    for name in names:
        for part in name if isinstance(name, tuple) else (name,):
            part = part.item() if isinstance(part, np.generic) else part
            if not is_label(part) or part != part:
                raise ColumnError(
                    f"Names of columns must be texts, numbers, or tuples of them. Got "
                    f"{name!r} instead: rename them, for example with table.columns = "
                    f"table.columns.astype(str)."
                )


def _check_size(frame: Any, min_rows: int) -> None:
    """Raise scikit-learn's own errors for a frame that is too small."""
    if len(frame) >= min_rows and frame.shape[1]:
        return
    check_array(
        np.empty(frame.shape, dtype=np.bool_), ensure_min_samples=min_rows, dtype=None
    )
