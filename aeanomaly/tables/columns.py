"""What both formats share: sizes of batches, and columns as the model knows them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..exceptions import TableError, UnreadCellsWarning
from ..notices import warn
from ..scoring.encoding.columns import Column
from ..scoring.encoding.values import check_numbers, check_times

# Cells of a batch: a hundred megabytes where each is a Python string. The bounds keep
# the overhead of a batch small for wide tables, and its memory for narrow ones.
_BATCH_CELLS = 1_000_000
_BATCH_ROWS = (1_024, 65_536)

# What cells that cannot be read are not, and characters of one that is shown.
_TIME, _NUMBER = "a time", "a number"
_EXAMPLE_LENGTH = 40

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def batch_rows(n_columns: int) -> int:
    """Return the number of rows of a batch, so that its memory is bounded."""
    low, high = _BATCH_ROWS
    return max(low, min(high, _BATCH_CELLS // max(1, n_columns)))


def with_times(frame: Any) -> Any:
    """Return a frame whose text columns of ISO 8601 times are datetimes.

    Times with an offset from UTC become UTC; a column in which a single value is not
    a time stays text.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"day": ["2024-02-29", None], "code": ["2024-02", "x"]})
    >>> with_times(frame)["day"].dt.year.tolist()[0], with_times(frame)["code"][0]
    (2024.0, '2024-02')
    """
    from pandas.api.types import is_object_dtype, is_string_dtype

    parsed = {
        name: _as_times(values)
        for name, values in frame.items()
        if (is_object_dtype(values) or is_string_dtype(values)) and values.notna().any()
    }
    return frame.assign(**parsed)


def as_fitted(frame: Any, columns: Mapping[str, Column]) -> Any:
    """Return the fitted columns of a batch, read as the model reads them.

    Raises
    ------
    ColumnError
        If most of a column of numbers or times are others. What else is of another
        kind than in `fit` is left to the scorer, whose error names the column.
    """
    parsed = {}
    for name, column in columns.items():
        values = column.read(frame[name])
        # Levels that are numbers, and columns that held nothing, take any value.
        if column.storage == "number" and column.n_linear:
            check_numbers(values, name)
        if column.storage == "time":
            check_times(values, name)
        if values is not frame[name]:
            parsed[name] = values
    return frame[list(columns)].assign(**parsed)


def typed_as(frame: Any, like: Any) -> Any:
    """Return rows in the types that rows of the same table have been given.

    What cannot be is missing, with a warning.

    Parameters
    ----------
    frame, like : DataFrame
        Of the same columns.
    """
    from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype

    changed = {}
    for name, dtype in like.dtypes.items():
        values = frame[name]
        if is_bool_dtype(dtype):
            continue
        if is_datetime64_any_dtype(dtype):
            if not is_datetime64_any_dtype(values):
                changed[name] = _read_as(values, _TIME, name)
        elif dtype.kind in "iuf" and values.dtype.kind not in "iuf":
            changed[name] = _read_as(values, _NUMBER, name)
    return frame.assign(**changed) if changed else frame


def _read_as(values: Any, noun: str, name: str) -> Any:
    """Return texts as numbers or times; those that are others are missing."""
    import pandas as pd

    if noun == _TIME:
        read = pd.to_datetime(values, format="ISO8601", utc=True, errors="coerce")
        read = read.dt.tz_localize(None)
    else:
        read = pd.to_numeric(values, errors="coerce")
    unread = read.isna() & values.notna()
    if unread.any():
        example = str(values[unread].iloc[0])[:_EXAMPLE_LENGTH]
        warn(UnreadCellsWarning(name, int(unread.sum()), noun, example))
    return read


def _as_times(values: Any) -> Any:
    """Return text as datetimes if all of it is ISO 8601, else as it is."""
    import pandas as pd

    first = values.first_valid_index()
    if first is not None and not _ISO_DATE.match(str(values[first])):
        return values
    try:
        times = pd.to_datetime(values, format="ISO8601", utc=True)
    except (ValueError, TypeError):
        return values
    return times.dt.tz_localize(None)


def arrow_array(name: str, values: Any, column: Column) -> Any:
    """Return a fitted column as an Arrow array of the type of its kind.

    Raises
    ------
    TableError
        If values that the model was not fitted on do not fit beside the others.
    """
    import pyarrow as pa

    types = {
        "number": pa.float64(),
        "text": pa.string(),
        "boolean": pa.bool_(),
        "time": pa.timestamp("us"),
    }
    if getattr(values.dtype, "kind", "O") == "m":
        # Times of day are texts in files of texts.
        return pa.array(values, from_pandas=True)
    try:
        return pa.array(values, types[column.storage], from_pandas=True)
    except pa.ArrowException as error:
        raise TableError(
            f"Column {name!r} holds values that were not there when the model was "
            f"fitted and that Parquet cannot keep beside the others ({error}). Write "
            f"CSV."
        ) from error


def no_rows(path: Path) -> TableError:
    """Return the error of a table without rows."""
    return TableError(f"{path} holds no rows. Pass a table with at least one.")
