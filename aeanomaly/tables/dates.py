"""Dates that the user says are some, or says how to read."""

from __future__ import annotations

import re
from typing import Any

from ..exceptions import ColumnError
from .reading import ReadOptions

_DAY_AND_MONTH = re.compile(r"\s*\d{1,2}[-./]\d{1,2}[-./]\d{2,4}(?:[ T]+\d.*)?")


def with_dates(frame: Any, options: ReadOptions) -> Any:
    """Return a frame in which the columns that the options speak of are datetimes.

    Parameters
    ----------
    frame : DataFrame
    options : ReadOptions
        Its `dates` are read as dates; with `day_first`, so are texts in which a day
        and a month come before a year.

    Raises
    ------
    ColumnError
        If the table has no such column, or it holds what is not a date.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"on": ["02/03/2026"], "x": ["a"]})
    >>> print(with_dates(frame, ReadOptions(day_first=True))["on"][0].date())
    2026-03-02
    """
    for name in options.dates:
        if name not in frame.columns:
            raise ColumnError(
                f"--dates {name}: the table has no such column. It has "
                f"{', '.join(map(str, frame.columns[:10]))}."
            )
    names = [*options.dates]
    if options.day_first is not None:
        names += [n for n, v in frame.items() if n not in names and _are_days(v)]
    return frame.assign(
        **{name: _as_dates(frame[name], name, options.day_first) for name in names}
    )


def _are_days(values: Any) -> bool:
    if values.dtype.kind in "biufcmM":
        return False
    known = values.dropna().astype(str)
    return len(known) > 0 and bool(known.str.fullmatch(_DAY_AND_MONTH).all())


def _as_dates(values: Any, name: str, day_first: bool | None) -> Any:
    import pandas as pd

    if values.dtype.kind == "M":
        return values
    known = values.dropna().astype(str)
    times = pd.to_datetime(
        known, format="mixed", dayfirst=bool(day_first), errors="coerce", utc=True
    )
    if times.isna().any():
        wrong = known[times.isna()].iloc[0]
        raise ColumnError(
            f"Column {name!r} holds {wrong!r}, which is not a date. Pass --na-values "
            f"{wrong!r} if it stands for a missing one, or leave --dates out."
        )
    return times.dt.tz_localize(None).reindex(values.index)
