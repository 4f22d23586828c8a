"""Numbers whose digits are grouped, as in 1.234,50, in the marks of one file."""

from __future__ import annotations

import re
from typing import Any

from .dialect import Dialect


def as_numbers(values: Any, dialect: Dialect) -> Any:
    """Return text as numbers if all of it is written in a file's marks, else as it is.

    Parameters
    ----------
    values : Series of str
    dialect : Dialect

    Examples
    --------
    >>> import pandas as pd
    >>> german = Dialect(decimal=",", thousands=".")
    >>> as_numbers(pd.Series(["1.234,50", "-7", None]), german).tolist()
    [1234.5, -7.0, nan]
    >>> as_numbers(pd.Series(["02.03.2026"]), german).tolist()
    ['02.03.2026']
    """
    import pandas as pd

    group, mark = dialect.thousands, re.escape(dialect.decimal)
    known = values[values.notna()]
    if not len(known) or not (group or dialect.decimal != "."):
        return values
    grouped = rf"|\d{{1,3}}(?:{re.escape(group)}\d{{3}})+" if group else ""
    pattern = rf"\s*[-+]?(?:\d+{grouped})?(?:{mark}\d+)?(?:[eE][-+]?\d+)?\s*"
    # The first cell tells nearly all columns of texts.
    if not re.fullmatch(pattern, str(known.iloc[0])):
        return values
    if not known.astype(str).str.fullmatch(pattern).all():
        return values
    plain = known.astype(str).str.strip()
    if group:
        plain = plain.str.replace(group, "", regex=False)
    plain = plain.str.replace(dialect.decimal, ".", regex=False)
    return pd.to_numeric(plain).astype(float).reindex(values.index)
