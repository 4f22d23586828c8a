"""Periods of a table: days, weeks, or whatever tells rows apart."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np


def period_codes(times: Any, period: str) -> np.ndarray:
    """Return the number of each row's period, from zero.

    Parameters
    ----------
    times : array-like of shape (n_samples,)
        Datetimes, or texts that pandas reads as such. Anything else tells periods apart
        as it is: 1, 2, 3 are three periods. Rows without a time are a period.
    period : str
        Length of a period of datetimes, as pandas writes it: "h", "D", "W", "M".

    Returns
    -------
    ndarray of shape (n_samples,), int64

    Raises
    ------
    ValueError
        If pandas does not know the period.

    Examples
    --------
    >>> from aeanomaly.periods import period_codes
    >>> period_codes(["2026-01-01 08:00", "2026-01-01 23:00", "2026-01-02"], "D")
    array([0, 0, 1])
    """
    import pandas as pd

    values = pd.Series(times).reset_index(drop=True)
    if pd.api.types.is_object_dtype(values) or pd.api.types.is_string_dtype(values):
        with contextlib.suppress(ValueError, TypeError):
            values = pd.to_datetime(values, format="mixed")
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        values = values.dt.tz_localize(None)
    if pd.api.types.is_datetime64_any_dtype(values):
        try:
            values = values.dt.to_period(period)
        except ValueError:
            raise ValueError(
                f"period={period!r} is not a length of time that pandas knows. Pass "
                f"'h', 'D', 'W' or 'M', for example."
            ) from None
    codes, _ = pd.factorize(values, sort=True, use_na_sentinel=False)
    return np.asarray(codes, dtype=np.intp)
