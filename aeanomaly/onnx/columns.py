"""Kinds of columns as graphs: from raw values to linear columns, levels and novelty."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ..scoring.encoding.columns import (
    CategoricalColumn,
    ClockColumn,
    Column,
    ConstantColumn,
    DatetimeColumn,
    IgnoredColumn,
    NumericColumn,
)
from ..scoring.encoding.columns.hashed import HashedCategoricalColumn
from .graph import ML_DOMAIN, Value, concatenated, function, log1p, maximum, where
from .layout import NO_TIME, Placed, RawColumns
from .readings import read_number
from .registry import Converters
from .time_readings import read_clock, read_time

COLUMNS = Converters(
    "kind of column",
    "COLUMNS",
    {
        HashedCategoricalColumn: (
            "Its levels are stored as hashes, which no graph computes. Export the "
            "model before it is saved with private=True."
        )
    },
)


class Piece(NamedTuple):
    """What columns of one kind become.

    Parameters
    ----------
    linear : Value of shape (n, len(targets)) or None
        Unscaled linear columns, missing values at their centres.
    targets : list of (int, int)
        Position in the table and place among the column's linear ones, of each.
    novelty : Value of shape (n, n_novel) or None
        Novelty of values, of those columns that can have any.
    levels : dict of int to Value of shape (n, n_levels)
        Encoded levels by position in the table.
    infinite : Value of shape (n, 1) or None
        Whether a value is infinite.
    """

    linear: Value | None = None
    targets: list[tuple[int, int]] = []  # noqa: RUF012 - never changed
    novelty: Value | None = None
    levels: dict[int, Value] = {}  # noqa: RUF012
    infinite: Value | None = None


def pieces_of(raw: RawColumns, columns: tuple[Column, ...]) -> Iterator[Piece]:
    """Yield what the columns of a table become, kind by kind."""
    by_class: dict[type, list[Placed]] = {}
    for position, column in enumerate(columns):
        COLUMNS.of(column, f" of column {column.name!r}")
        by_class.setdefault(type(column), []).append(Placed(position, column))
    for placed in by_class.values():
        yield COLUMNS.of(placed[0].column)(raw, placed)


def _numbers(raw: RawColumns, placed: list[Placed]) -> Value:
    """Return the numbers of columns side by side, those of texts read."""
    if not any(raw.layout.reads_text(one.column) for one in placed):
        return raw.numbers([one.position for one in placed])
    return concatenated(
        [
            read_number(raw, one)
            if raw.layout.reads_text(one.column)
            else raw.numbers([one.position])
            for one in placed
        ]
    )


def _flag(values: Value) -> Value:
    """Return where any entry of a row is true, (n, 1)."""
    return values.cast("int64").max().cast("double") >= 0.5


def _novelty_of_missing(missing: Value, columns: list[Any]) -> Value | None:
    """Return the novelty of missing values of columns that have no indicator."""
    novelty = np.array([0.0 if one.has_indicator else one.novelty for one in columns])
    chosen = np.flatnonzero(novelty)
    if not len(chosen):
        return None
    return missing.cast("double").columns(chosen) * novelty[chosen]


@COLUMNS.register(NumericColumn)
def write_numbers(raw: RawColumns, placed: list[Placed]) -> Piece:
    """Write columns of numbers, all at once."""
    columns: list[Any] = [one.column for one in placed]
    numbers = _numbers(raw, placed)
    most = max(len(column.missing_values) for column in columns)
    for i in range(most):
        codes = [(*column.missing_values, *[math.nan] * most)[i] for column in columns]
        numbers = where(numbers.equals(np.array([codes])), math.nan, numbers)
    missing = function("IsNaN", numbers)
    infinite = _flag(function("IsInf", numbers))
    centers = np.array([[column.center for column in columns]])
    linear = [where(missing, centers, numbers)]
    targets = [(one.position, 0) for one in placed]
    indicated = [i for i, column in enumerate(columns) if column.has_indicator]
    if indicated:
        linear.append(missing.cast("double").columns(indicated))
        targets += [(placed[i].position, 1) for i in indicated]
    novelty = _novelty_of_missing(missing, columns)
    return Piece(concatenated(linear), targets, novelty, infinite=infinite)


@COLUMNS.register(ConstantColumn)
def write_constants(raw: RawColumns, placed: list[Placed]) -> Piece:
    """Write columns that held one number, all at once."""
    columns: list[Any] = [one.column for one in placed]
    numbers = _numbers(raw, placed)
    missing = function("IsNaN", numbers)

    def row(name: str) -> np.ndarray:
        return np.array([[getattr(column, name) for column in columns]])

    novelty, held_nothing = row("novelty"), np.isnan(row("value"))
    values = np.nan_to_num(row("value"))
    # Missing values, and columns that held nothing, are dealt with below.
    known = where(missing | held_nothing, values, numbers)
    change = function("Abs", known - values) / np.maximum(1.0, np.abs(values))
    relative = (change / row("tolerance")).clip(0.0, 1.0)
    surprise = (relative ** row("exponent")) * novelty
    surprise = surprise + log1p(maximum(change - row("tolerance"), 0.0))
    # Novel is what is missing where there was a number, and what is there where not.
    odd = raw.graph.node("Xor", missing, held_nothing)
    infinite = _flag(function("IsInf", numbers) & ~held_nothing)
    return Piece(novelty=where(odd, novelty, surprise), infinite=infinite)


@COLUMNS.register(IgnoredColumn)
def write_ignored(raw: RawColumns, placed: list[Placed]) -> Piece:
    """Write nothing: such columns are not even inputs."""
    return Piece()


def _seconds(raw: RawColumns, placed: Placed) -> tuple[Value, Value]:
    """Return seconds of a column of times, and where they are missing."""
    if raw.layout.reads_text(placed.column):
        read = read_clock if isinstance(placed.column, ClockColumn) else read_time
        return read(raw, placed)
    moments = raw.one(placed.position)
    return moments.cast("double") / 1e6, moments.equals(np.int64(NO_TIME))


def _waves(seconds: Value, missing: Value, phase: float, cycle: float) -> list[Value]:
    angle = (seconds + phase) * (2 * math.pi / cycle)
    # Its cosine is the sine of a quarter more: onnxruntime had none in double precision
    # for years.
    angles = angle, angle + 0.5 * np.pi
    return [where(missing, 0.0, function("Sin", each)) for each in angles]


def _with_indicators(pieces: list[Any], placed: list[Placed]) -> Piece:
    """Return columns of times, each given by its linear columns and what is missing."""
    linear: list[Value] = []
    targets: list[tuple[int, int]] = []
    novelty: Value | None = None
    for (own, missing), one in zip(pieces, placed, strict=True):
        if one.column.has_indicator:
            own = [*own, missing.cast("double")]
        linear += own
        targets += [(one.position, i) for i in range(len(own))]
        novelty = beside(novelty, _novelty_of_missing(missing, [one.column]))
    return Piece(concatenated(linear), targets, novelty)


def beside(first: Value | None, second: Value | None) -> Value | None:
    """Return the columns of two values, either of which may not be there."""
    if first is None or second is None:
        return first if second is None else second
    return concatenated([first, second])


@COLUMNS.register(DatetimeColumn)
def write_times(raw: RawColumns, placed: list[Placed]) -> Piece:
    """Write columns of dates and times."""
    return _with_indicators([_time(raw, one) for one in placed], placed)


def _time(raw: RawColumns, placed: Placed) -> tuple[list[Value], Value]:
    column: Any = placed.column
    seconds, missing = _seconds(raw, placed)
    within = seconds.clip(column.first, column.last)
    outside = seconds - within
    near = outside.clip(-column.margin, column.margin)
    linear = [where(missing, column.center, within + outside - near)]
    for phase, cycle in column.turns:
        linear += _waves(seconds, missing, phase, cycle)
    return linear, missing


@COLUMNS.register(ClockColumn)
def write_clocks(raw: RawColumns, placed: list[Placed]) -> Piece:
    """Write columns of times of day."""
    pieces = []
    for one in placed:
        seconds, missing = _seconds(raw, one)
        column: Any = one.column
        pieces.append((_waves(seconds, missing, 0.0, column.day), missing))
    return _with_indicators(pieces, placed)


@COLUMNS.register(CategoricalColumn)
def write_levels(raw: RawColumns, placed: list[Placed]) -> Piece:
    """Write columns of levels."""
    linear: list[Value] = []
    targets: list[tuple[int, int]] = []
    levels: dict[int, Value] = {}
    novelty: Value | None = None
    for one in placed:
        column: Any = one.column
        place = _place(raw, one)
        groups, rarities = column.group_of_place, column.rarity_of_place
        if column.n_levels:
            levels[one.position] = _one_hot(raw, column, place)
        if column.ranked:
            linear.append(raw.graph.constant(rarities).rows_at(place))
            targets.append((one.position, 0))
        surprise = np.where(groups < 0, column.novelty, 0.0)
        if surprise.any():
            novelty = beside(novelty, raw.graph.constant(surprise).rows_at(place))
    return Piece(concatenated(linear) if linear else None, targets, novelty, levels)


def _place(raw: RawColumns, placed: Placed) -> Value:
    """Return where each text stands among levels, missing and new ones, (n, 1)."""
    column: Any = placed.column
    n_levels = len(column.levels) + len(column.infrequent)
    missing, new = n_levels, n_levels + 1
    places = dict(spellings(column))
    words = (raw.sources[placed.position].missing, *column.missing_values)
    places |= dict.fromkeys(words, missing)
    return raw.graph.node(
        "LabelEncoder",
        raw.one(placed.position),
        domain=ML_DOMAIN,
        keys_strings=list(places),
        values_int64s=list(places.values()),
        default_int64=new,
    )


def spellings(column: CategoricalColumn) -> Iterator[tuple[str, int]]:
    """Yield the texts that stand for levels, and which level each stands for.

    A text stands for the level that it is, and for one of another type where only that
    can be meant: 5411.0 for "5411", "true" for True.
    """
    levels = (*column.levels, *column.infrequent)
    for level in levels:
        for text in dict.fromkeys(_texts_of(level)):
            found = column.place(text)
            if found >= 0:
                yield text, found


def _texts_of(level: Any) -> Iterator[str]:
    text = str(level)
    yield text
    if text.lower() in ("true", "false"):
        yield from (text.lower(), text.upper(), text.capitalize())
        yield from ("1", "1.0") if text.lower() == "true" else ("0", "0.0")
    try:
        number = float(text)
    except ValueError:
        return
    yield repr(number)
    if number.is_integer() and abs(number) < 2**53:
        yield str(int(number))
    if number in (0.0, 1.0):
        yield from ("True", "true", "TRUE") if number else ("False", "false", "FALSE")


def _one_hot(raw: RawColumns, column: Any, place: Value) -> Value:
    groups = column.group_of_place
    shared = -1 if column.shared is None else column.shared
    own = np.where(groups < 0, shared, groups)
    group = raw.graph.constant(own).rows_at(place)
    return group.equals(np.arange(column.n_levels)).cast("double")
