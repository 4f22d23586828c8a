"""Fits the encoding of a table: what kind each column is, and what it learnt."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..exceptions import ColumnError
from ..printable import quoted
from ..scoring.encoding.columns import (
    COLUMN_KINDS,
    CategoricalColumn,
    Column,
    ColumnOptions,
    IgnoredColumn,
    no_information,
)
from ..scoring.encoding.columns.levels import MAX_LEVEL_LENGTH
from ..scoring.encoding.reading import Reading
from ..scoring.encoding.table import SQUASH_KNEE, TableEncoding
from ..scoring.encoding.tabular import column_at, column_names, is_frame
from .census import Census
from .counted import counted_columns

Kinds = Sequence[type[Column]]

# Bytes of the levels of all columns together, as a model file holds them: three
# quarters of what a reader takes.
_MOST_TEXT = 48 * 2**20


def fit_encoding(
    table: Any,
    weights: np.ndarray,
    options: ColumnOptions,
    kinds: Kinds | None = None,
    readings: Mapping[int, Reading] | None = None,
    reasons: Mapping[int, str] | None = None,
    census: Census | None = None,
) -> TableEncoding:
    """Return the encoding of a table, learnt from its rows.

    Parameters
    ----------
    table : DataFrame or ndarray of shape (n_samples, n_features)
    weights : ndarray of shape (n_samples,)
        How often each row counts.
    options : ColumnOptions
    kinds : sequence of type, default=None
        What `kinds_of` returned for the columns.
    readings : mapping of int to Reading, default=None
        How columns of texts were read, by position.
    reasons : mapping of int to str, default=None
        Why columns are left out, by position.
    census : Census, default=None
        What all rows showed of which the table holds some.

    Raises
    ------
    ColumnError
        If a column is of a kind that cannot be encoded.
    InfiniteValueError
        If a column holds infinite values.
    """
    kinds = kinds_of(table) if kinds is None else kinds
    columns = tuple(
        kind.fit(column_at(table, i), name, weights, options)
        for i, (name, kind) in enumerate(zip(column_names(table), kinds, strict=True))
    )
    columns = with_readings(columns, readings or {})
    columns = _with_reasons(columns, reasons or {})
    if census is not None:
        columns = counted_columns(columns, census, options)
    _check_levels(columns)
    knee = SQUASH_KNEE if options.scaling == "robust" else None
    encoding = TableEncoding(columns, is_frame(table), knee)
    if not encoding.n_encoded:
        raise _nothing_to_learn(encoding)
    return encoding


def with_readings(
    columns: Sequence[Column], readings: Mapping[int, Reading]
) -> tuple[Column, ...]:
    """Return columns that read texts as those of the training rows were."""
    return tuple(
        replace(column, reading=readings[i])  # type: ignore[type-var]
        if i in readings and hasattr(column, "reading")
        else column
        for i, column in enumerate(columns)
    )


def _with_reasons(
    columns: Sequence[Column], reasons: Mapping[int, str]
) -> tuple[Column, ...]:
    """Return columns that say why they are left out as distinct rows showed it."""
    return tuple(
        IgnoredColumn(column.name, reasons[i]) if i in reasons else column
        for i, column in enumerate(columns)
    )


def _check_levels(columns: Sequence[Column]) -> None:
    """Raise a `ColumnError` for levels that are longer than a file can hold."""
    sizes: dict[Any, int] = {}
    for column in columns:
        if not isinstance(column, CategoricalColumn):
            continue
        texts = [v for v in (*column.levels, *column.infrequent) if isinstance(v, str)]
        longest = max(texts, key=len, default="")
        if len(longest) > MAX_LEVEL_LENGTH:
            raise ColumnError(
                f"Column {column.name!r} holds a text of {len(longest):,} characters, "
                f"{quoted(longest, 40)}; a level of a category may have "
                f"{MAX_LEVEL_LENGTH:,}. Shorten it, drop the column, or pass "
                f"column_kinds={{{column.name!r}: 'ignored'}}."
            )
        # Enough, unless they are long: an escape in JSON takes up to six bytes.
        sizes[column.name] = 6 * sum(map(len, texts))
        if sizes[column.name] > _MOST_TEXT // max(1, len(columns)):
            sizes[column.name] = len(json.dumps(texts))
    if sum(sizes.values()) > _MOST_TEXT:
        most = max(sizes, key=lambda name: sizes[name])
        raise ColumnError(
            f"The levels of all columns take {sum(sizes.values()):,} bytes, those of "
            f"column {most!r} {sizes[most]:,}; a model file holds {_MOST_TEXT:,}. "
            f"Shorten its texts, drop it, or pass column_kinds={{{most!r}: "
            f"'ignored'}}."
        )


def _nothing_to_learn(encoding: TableEncoding) -> ColumnError:
    left_out = [column.name for column in encoding.columns if column.ignored]
    if not left_out:
        return ColumnError(
            "Every column of X is constant: there is nothing to learn. Pass at least "
            "one column whose values differ."
        )
    return ColumnError(
        f"Every column of X is constant or left out, as {left_out[0]!r} is, which has "
        f"another value in nearly every row: there is nothing to learn. Pass more "
        f"columns, or column_kinds={{{left_out[0]!r}: 'category'}}."
    )


def kinds_of(
    table: Any, named: Mapping[Any, str | type[Column]] | None = None
) -> list[type[Column]]:
    """Return the kind of each column of a table.

    Parameters
    ----------
    table : DataFrame or ndarray of shape (n_samples, n_features)
    named : mapping of column to str or type, default=None
        Kinds that are not to be recognised from the values: a name in `COLUMN_KINDS`,
        or a class.

    Raises
    ------
    ColumnError
        If a column is of a type that cannot be encoded, or `named` names one that the
        table does not have.
    """
    named = named or {}
    names = column_names(table)
    for name in named:
        if name not in names:
            raise ColumnError(
                f"column_kinds names column {name!r}, which is not in the table. It "
                f"has {', '.join(map(repr, names[:10]))}."
            )
    return [
        _resolve(named[name], name)
        if name in named
        else _recognise(column_at(table, i), name)
        for i, name in enumerate(names)
    ]


def fitted_kinds(encoding: TableEncoding, table: Any) -> list[type[Column]]:
    """Return the kinds of a table's columns where an encoding is fitted already."""
    return [
        IgnoredColumn if column.ignored else kind
        for column, kind in zip(encoding.columns, kinds_of(table), strict=True)
    ]


def find_identifiers(
    table: Any, kinds: Kinds, named: Mapping[Any, Any] | None = None
) -> dict[int, str]:
    """Return the positions of columns whose levels nearly all differ, and the reasons.

    Parameters
    ----------
    table : DataFrame or ndarray of shape (n_samples, n_features)
        Distinct rows.
    kinds : sequence of type
    named : mapping, default=None
        Columns whose kinds were named, and which stay.
    """
    found = {}
    for i, (name, kind) in enumerate(zip(column_names(table), kinds, strict=True)):
        if kind is CategoricalColumn and name not in (named or {}):
            reason = no_information(column_at(table, i))
            if reason is not None:
                found[i] = reason
    return found


def _resolve(kind: str | type[Column], name: Any) -> type[Column]:
    if isinstance(kind, str) and kind in COLUMN_KINDS:
        kind = COLUMN_KINDS[kind]
    if not (isinstance(kind, type) and issubclass(kind, Column)):
        raise ColumnError(
            f"column_kinds must give column {name!r} a name among {COLUMN_KINDS}, or a "
            f"subclass of Column. Got {kind!r} instead."
        )
    return kind


def _recognise(values: Any, name: Any) -> type[Column]:
    """Return the first kind that recognises the values of a column."""
    import pandas as pd

    if pd.api.types.is_complex_dtype(values):
        raise ValueError(f"Complex data not supported: column {name!r}.")
    for kind in COLUMN_KINDS.values():
        if kind.recognises(values):
            return kind
    raise ColumnError(
        f"Column {name!r} is of type {values.dtype}, which cannot be encoded. Allowed "
        f"are numbers, booleans, strings, categories and datetimes: convert it (a "
        f"duration for example with .dt.total_seconds()), or drop it."
    )
