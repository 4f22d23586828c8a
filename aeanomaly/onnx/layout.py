"""The inputs of a graph: which there are, and how a table becomes them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..exceptions import ColumnError
from ..printable import quoted
from ..scoring.encoding.columns import (
    CategoricalColumn,
    ClockColumn,
    Column,
    ConstantColumn,
    DatetimeColumn,
    NumericColumn,
)
from ..scoring.encoding.columns.levels import plain_level
from ..scoring.encoding.reading import TimeReading
from ..scoring.encoding.table import TableEncoding
from ..scoring.encoding.tabular import column_at, is_frame
from ..scoring.encoding.values import as_float
from .graph import Graph, Kind, Value, concatenated

# What a graph calls its only input where a model was fitted on an array of numbers.
MATRIX = "X"
ROWS = "rows"
# An int64 that stands for a time that is not there, as NumPy's NaT does.
NO_TIME = np.iinfo(np.int64).min
_NO_TEXTS = ("", "<missing>", "<no value>")


class Placed(NamedTuple):
    """A column and its position in the table."""

    position: int
    column: Column


class Source(NamedTuple):
    """The input that holds a column.

    Parameters
    ----------
    name : str
    kind : {"double", "int64", "string"}
    about : str
        What its values are, for people.
    missing : str
        For texts, the one that stands for a missing value.
    """

    name: str
    kind: Kind
    about: str
    missing: str = ""


@dataclass(frozen=True)
class Layout:
    """Which input holds each column of a table.

    Parameters
    ----------
    encoding : TableEncoding
    typed : frozenset
        Names of columns that stood as texts in training, and that the graph takes as
        numbers or times.
    """

    encoding: TableEncoding
    typed: frozenset[Any] = frozenset()

    @classmethod
    def of(cls, encoding: TableEncoding, typed: Iterable[Any] = ()) -> Layout:
        """Return the layout of a table, once the names of typed columns are known."""
        typed = frozenset(typed)
        unknown = sorted(map(str, typed - set(encoding.names)))
        if unknown:
            raise ColumnError(
                f"typed names the column {quoted(unknown[0])}, which the model was not "
                f"fitted with. Name columns of the table."
            )
        return cls(encoding, typed)

    @property
    def is_matrix(self) -> bool:
        """Whether one input holds all columns, as an array of numbers."""
        return not self.encoding.named and all(
            column.ignored or isinstance(column, NumericColumn | ConstantColumn)
            for column in self.encoding.columns
        )

    def reads_text(self, column: Column) -> bool:
        """Return whether the graph takes a column's texts, and reads them itself."""
        reading = getattr(column, "reading", None)
        # Dates that stood as objects of Python are times, not texts.
        as_objects = isinstance(reading, TimeReading) and not reading.form
        return not (reading is None or as_objects or column.name in self.typed)

    @property
    def sources(self) -> dict[int, Source]:
        """The input of each column that has one, by its position in the table."""
        found: dict[int, Source] = {}
        taken: set[str] = set()
        for position, column in enumerate(self.encoding.columns):
            if column.ignored:
                continue
            name = self._name(column, taken)
            taken.add(name)
            found[position] = self._source(name, column)
        return found

    def _name(self, column: Column, taken: set[str]) -> str:
        name = column.name
        text = name if isinstance(name, str) and name else f"column_{name}"
        while text in taken:
            text += "_"
        return text

    def _source(self, name: str, column: Column) -> Source:
        if isinstance(column, CategoricalColumn) or self.reads_text(column):
            levels = (
                *getattr(column, "levels", ()),
                *getattr(column, "infrequent", ()),
            )
            missing = next(text for text in _NO_TEXTS if text not in levels)
            return Source(name, "string", f"texts; {missing!r} is missing", missing)
        if isinstance(column, DatetimeColumn):
            about = "microseconds since 1970, UTC"
            return Source(name, "int64", f"{about}; {NO_TIME} is missing")
        if isinstance(column, ClockColumn):
            about = "microseconds since midnight"
            return Source(name, "int64", f"{about}; {NO_TIME} is missing")
        return Source(name, "double", "numbers; NaN is missing")


class RawColumns:
    """The columns of a table as values of a graph.

    Parameters
    ----------
    graph : Graph
    layout : Layout
    """

    def __init__(self, graph: Graph, layout: Layout) -> None:
        self.graph, self.layout = graph, layout
        self.sources = layout.sources
        self._matrix: Value | None = None
        self._n_columns = len(layout.encoding.columns)
        self._values: dict[int, Value] = {}
        if layout.is_matrix:
            about = "numbers, one column each; NaN is missing"
            shape = (ROWS, self._n_columns)
            self._matrix = graph.input(MATRIX, "double", shape, about)
            return
        for position, source in self.sources.items():
            self._values[position] = graph.input(
                source.name, source.kind, (ROWS, 1), source.about
            )

    def one(self, position: int) -> Value:
        """Return the values of a column, (n, 1), in the type of its input."""
        if self._matrix is not None:
            return self._matrix.columns([position])
        return self._values[position]

    def numbers(self, positions: list[int]) -> Value:
        """Return the numbers of some columns side by side, (n, n_positions)."""
        if self._matrix is None:
            return concatenated([self._values[position] for position in positions])
        if positions == list(range(self._n_columns)):
            return self._matrix
        return self._matrix.columns(positions)


def inputs_of_table(layout: Layout, table: Any, unread: Any) -> dict[str, np.ndarray]:
    """Return what a graph is given for the rows of a table, by the inputs' names.

    Parameters
    ----------
    layout : Layout
    table : DataFrame or ndarray of shape (n_samples, n_features)
        With the fitted columns in the fitted order, texts read.
    unread : DataFrame or ndarray of shape (n_samples, n_features)
        The same before texts were read.
    """
    if layout.is_matrix:
        values = table.to_numpy(dtype=float) if is_frame(table) else table
        return {MATRIX: np.asarray(values, dtype=np.float64)}
    inputs = {}
    for position, source in layout.sources.items():
        column = layout.encoding.columns[position]
        frame = unread if layout.reads_text(column) else table
        values = column_at(frame, position)
        inputs[source.name] = _as_input(values, column, source)[:, None]
    return inputs


def _as_input(values: Any, column: Column, source: Source) -> np.ndarray:
    if source.kind == "double":
        return as_float(values, column.name)
    if source.kind == "int64":
        unit = (
            "datetime64[us]"
            if isinstance(column, DatetimeColumn)
            else "timedelta64[us]"
        )
        return _moments(values).to_numpy(dtype=unit).astype(np.int64)
    import pandas as pd

    series = pd.Series(values).astype(object)
    texts = [
        source.missing if missing else str(plain_level(value))
        for value, missing in zip(series, series.isna(), strict=True)
    ]
    return np.array(texts, dtype=object)


def _moments(values: Any) -> Any:
    import pandas as pd

    moments = pd.Series(values)
    if getattr(moments.dtype, "tz", None) is not None:
        moments = moments.dt.tz_convert("UTC").dt.tz_localize(None)
    return moments
