"""Names of columns: what they may be, and whether a table has those of the model."""

from __future__ import annotations

from typing import Any

from ...exceptions import ColumnError
from ...printable import quoted

# Names are repeated wherever a column is spoken of.
MAX_NAME_LENGTH = 10_000


def is_label(name: Any) -> bool:
    """Return whether a value can name a column: a scalar, or a tuple of scalars."""
    if isinstance(name, tuple):
        return all(is_label(part) for part in name)
    return name is None or isinstance(name, str | bool | int | float)


def name_length(name: Any) -> int:
    """Return how many characters a name has, of all its parts together.

    Examples
    --------
    >>> name_length("amount"), name_length(("north", 2024)), name_length(None)
    (6, 9, 4)
    """
    if isinstance(name, tuple):
        return sum(map(name_length, name))
    return len(str(name))


def check_names(fitted: list[Any], given: list[Any]) -> None:
    """Raise a `ColumnError` unless both lists hold the same names once each."""
    among_given, among_fitted = set(given), set(fitted)
    missing = [name for name in fitted if name not in among_given]
    unknown = [name for name in given if name not in among_fitted]
    if missing:
        others = _count_others(missing)
        raise ColumnError(
            f"Column {quoted(missing[0])} is missing{others}: the model was fitted "
            f"with it. Add it (missing values are allowed), or fit again without it."
        )
    if unknown:
        others = _count_others(unknown)
        raise ColumnError(
            f"Column {quoted(unknown[0])} is unknown{others}: the model was fitted "
            f"without it. Drop it, or fit again with it."
        )
    if len(given) != len(fitted):
        twice = next(name for name in given if given.count(name) > 1)
        raise ColumnError(
            f"Column {quoted(twice)} appears more than once in the table. Keep one "
            f"of them."
        )


def _count_others(names: list[Any]) -> str:
    return f" (and {len(names) - 1} more)" if len(names) > 1 else ""
