"""Names of columns: what they may be, and whether a table has those of the model."""

from __future__ import annotations

from typing import Any

from ...exceptions import ColumnError


def is_label(name: Any) -> bool:
    """Return whether a value can name a column: a scalar, or a tuple of scalars."""
    if isinstance(name, tuple):
        return all(is_label(part) for part in name)
    return name is None or isinstance(name, str | bool | int | float)


def check_names(fitted: list[Any], given: list[Any]) -> None:
    """Raise a `ColumnError` unless both lists hold the same names once each."""
    among_given, among_fitted = set(given), set(fitted)
    missing = [name for name in fitted if name not in among_given]
    unknown = [name for name in given if name not in among_fitted]
    if missing:
        raise ColumnError(
            f"Column {missing[0]!r} is missing{_count_others(missing)}: the model was "
            f"fitted with it. Add it (missing values are allowed), or fit again "
            f"without it."
        )
    if unknown:
        raise ColumnError(
            f"Column {unknown[0]!r} is unknown{_count_others(unknown)}: the model was "
            f"fitted without it. Drop it, or fit again with it."
        )
    if len(given) != len(fitted):
        twice = next(name for name in given if given.count(name) > 1)
        raise ColumnError(
            f"Column {twice!r} appears more than once in the table. Keep one of them."
        )


def _count_others(names: list[Any]) -> str:
    return f" (and {len(names) - 1} more)" if len(names) > 1 else ""
