"""Which columns the detector sees, and hints about those that it should not."""

from __future__ import annotations

import difflib
import fnmatch
import re
import shlex
from collections.abc import Iterator
from typing import Any

from ..exceptions import ColumnError

# How pandas names an index stored with the table: a row number, not a feature.
_SAVED_INDEX = re.compile(r"__index_level_\d+__|Unnamed: 0")
# Few rows may have distinct or ascending values by chance.
_MIN_ROWS_NOTED = 20
# A table sorted by a column of so few values is grouped by it.
_MOST_LEVELS_OF_NO_COUNTER = 3


def left_out_columns(arguments: Any, names: list[str]) -> dict[str, str]:
    """Return the columns that the detector does not see, and why.

    Parameters
    ----------
    arguments : Namespace
        With the options about columns.
    names : list of str
        The columns of the table.

    Raises
    ------
    ColumnError
        If an option names a column that the table does not have.
    """
    left_out = dict.fromkeys(filter(_SAVED_INDEX.fullmatch, names), "a saved index")
    if arguments.keep:
        kept = set(chosen_columns(arguments.keep, names, "--keep"))
        left_out |= {name: "not in --keep" for name in names if name not in kept}
    for name in chosen_columns(arguments.drop, names, "--drop"):
        left_out[name] = "--drop"
    for option in ("id", "label"):
        name = getattr(arguments, option)
        if name is not None:
            left_out[known_column(name, names, f"--{option}")] = f"--{option}"
    return left_out


def chosen_columns(
    items: list[str], names: list[str], option: str, of: str = "table"
) -> list[str]:
    """Return the columns that an option lists, separated by spaces or commas.

    Examples
    --------
    >>> chosen_columns(["a,b", "c,d", "x*"], ["a", "b", "c,d", "x1"], "--drop")
    ['a', 'b', 'c,d', 'x1']
    """
    found = []
    for item in items:
        # A name may hold commas, or what else would be a wildcard.
        whole = item in names or fnmatch.filter(names, item)
        for part in [item] if whole else filter(None, item.split(",")):
            matching = [n for n in names if fnmatch.fnmatchcase(n, part)]
            is_name = part in names or not matching
            found += [known_column(part, names, option, of)] if is_name else matching
    return found


def known_column(name: str, names: list[str], option: str, of: str = "table") -> str:
    """Return a name if the table, or what else it is of, has such a column.

    Raises
    ------
    ColumnError
        If it has not.
    """
    if name in names:
        return name
    close = ", ".join(map(repr, difflib.get_close_matches(name, names)))
    hint = f"Did you mean {close}?" if close else f"It has {', '.join(names[:10])}."
    raise ColumnError(f"{option} {name}: the {of} has no such column. {hint}")


def drop_option(name: str) -> str:
    """Return an option to paste into a shell.

    Examples
    --------
    >>> print(drop_option("Row ID"), drop_option("-x"), drop_option("x"))
    --drop 'Row ID' --drop=-x --drop x
    """
    return f"--drop{'=' if name.startswith('-') else ' '}{shlex.quote(name)}"


def check_kinds(arguments: Any, names: list[str]) -> None:
    """Raise a `ColumnError` unless the columns of --dates and --categories are there.

    Parameters
    ----------
    arguments : Namespace
    names : list of str
        The columns that the detector sees.
    """
    for option in ("dates", "categories"):
        for name in getattr(arguments, option):
            known_column(name, names, f"--{option}")
    for name in sorted({*arguments.dates} & {*arguments.categories}):
        raise ColumnError(
            f"--dates and --categories both name column {name!r}. Pass it to one."
        )


def hints(features: Any, *, sampled: bool = False) -> Iterator[str]:
    """Yield notes on identifiers, and on columns that run on with the rows.

    Parameters
    ----------
    features : DataFrame of shape (n_rows, n_features)
        In the order of the table.
    sampled : bool, default=False
        Whether the table has more rows.
    """
    from pandas.api import types

    if len(features) < _MIN_ROWS_NOTED:
        return
    of_sample = " of the sample" if sampled else ""
    for name, values in features.items():
        if types.is_integer_dtype(values) and values.is_unique:
            yield (
                f"column {name!r} has another value in every row{of_sample}. If it is "
                f"an identifier, pass {drop_option(str(name))}."
            )
        elif (
            types.is_numeric_dtype(values)
            and values.is_monotonic_increasing
            and values.nunique() > _MOST_LEVELS_OF_NO_COUNTER
        ):
            yield (
                f"column {name!r} never falls from row to row. If it is a time or a "
                f"counter, later rows will be outliers by it: pass "
                f"{drop_option(str(name))}."
            )
