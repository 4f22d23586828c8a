"""Values of a column as floats, and the errors about those that cannot be."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import numpy as np

from ...exceptions import ColumnError, InfiniteValueError
from ...printable import quoted

# What pandas.api.types.infer_dtype calls numbers, and a column without values.
_NUMBER_TYPES = {"integer", "floating", "mixed-integer-float", "decimal", "empty"}


def as_float(values: Any, name: object) -> np.ndarray:
    """Return one column as float64, missing values as NaN."""
    check_numbers(values, name)
    if hasattr(values, "to_numpy"):
        try:
            return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))
        except OverflowError as error:
            raise too_large(name, error) from error
    return np.asarray(values, dtype=np.float64)


def factorized(values: Any) -> tuple[np.ndarray, Any]:
    """Return the position of each value among the distinct ones, and these.

    As `pandas.factorize`, also of whole numbers beyond all floats, of which pandas 2.2
    asks in vain whether they are times.
    """
    import pandas as pd

    try:
        return pd.factorize(values)
    except OverflowError:
        return pd.factorize(np.asarray(values, dtype=object))


def too_large(name: object, error: OverflowError) -> ColumnError:
    """Return the error of a column with whole numbers of hundreds of digits."""
    return ColumnError(
        f"Column {name!r} holds whole numbers that no float can hold ({error}). Take "
        f"their logarithm, or drop the column."
    )


def as_seconds(values: Any, name: object) -> np.ndarray:
    """Return times as float64 seconds since 1970, missing ones as NaN."""
    import pandas as pd

    check_times(values, name)
    times = pd.Series(values)
    if times.dt.tz is not None:
        times = times.dt.tz_convert("UTC").dt.tz_localize(None)
    moments = times.to_numpy(dtype="datetime64[us]")
    seconds = moments.astype(np.int64) / 1e6
    seconds[np.isnat(moments)] = np.nan
    return seconds


def check_numbers(values: Any, name: object) -> None:
    """Raise a `ColumnError` unless a column holds numbers."""
    if not hold_numbers(values):
        raise ColumnError(
            f"Column {name!r} held numbers when the model was fitted and holds "
            f"{_describe_wrong(values, _is_number)} now. Convert it, for example with "
            f"pandas.to_numeric, or fit again."
        )


def check_times(values: Any, name: object) -> None:
    """Raise a `ColumnError` unless a column holds dates and times."""
    import pandas as pd

    if not pd.api.types.is_datetime64_any_dtype(getattr(values, "dtype", None)):
        raise ColumnError(
            f"Column {name!r} held dates and times when the model was fitted and holds "
            f"{_describe_wrong(values, _is_time)} now. Convert it, for example with "
            f"pandas.to_datetime, or fit again."
        )


def _describe_wrong(values: Any, fits: Callable[[str], bool]) -> str:
    """Return what values of a wrong kind are.

    A single text makes texts of all numbers, or times, of a file: that one is shown.
    """
    texts = [value for value in values if isinstance(value, str)]
    if not texts:
        return f"values of type {getattr(values, 'dtype', type(values).__name__)}"
    wrong = (text for text in texts if not fits(text))
    return f"strings such as {quoted(next(wrong, texts[0]))}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_time(text: str) -> bool:
    try:
        datetime.datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def infinite_values(name: object, infinite: np.ndarray) -> InfiniteValueError:
    """Return the error about a column's infinite values.

    Parameters
    ----------
    name : str or int
    infinite : ndarray of shape (n_samples,), bool
    """
    return InfiniteValueError(
        f"Column {name!r} holds {int(infinite.sum())} infinite values (first at row "
        f"{int(infinite.argmax())}). Input X contains infinity: replace it, for "
        f"example by NaN, which counts as missing."
    )


def hold_numbers(values: Any) -> bool:
    """Return whether a column holds numbers, booleans or nothing at all."""
    kind = values.dtype.kind
    if kind != "O":
        return kind in "biuf"
    import pandas as pd

    inferred = pd.api.types.infer_dtype(values, skipna=True)
    return inferred in _NUMBER_TYPES or inferred == "boolean"
