"""Tables of a JSON object on each line, read line by line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import compress, islice
from pathlib import Path
from typing import Any

import numpy as np

from ..exceptions import TableError
from ..scoring.encoding.columns import Column
from .columns import (
    arrow_array,
    as_fitted,
    batch_rows,
    no_rows,
    typed_as,
    with_times,
)
from .reading import BY_ITSELF, ReadOptions
from .sources import Source, broken_source_errors


class JsonBatch:
    """Rows of a table of JSON objects.

    Parameters
    ----------
    column_names : list of str
    rows : list of dict
        As they stand in the file; a column may be absent.
    features : DataFrame of shape (n_rows, n_features)
        The fitted columns, typed.
    columns : dict of str to Column
        The fitted columns' encoding.
    """

    def __init__(
        self,
        column_names: list[str],
        rows: list[dict[str, Any]],
        features: Any,
        columns: Mapping[str, Column],
    ) -> None:
        self.column_names = self.names = column_names
        self.features = features
        self._rows = rows
        self._columns = columns

    def records(self) -> list[dict[str, Any]]:
        """Return the objects."""
        return self._rows

    def values_of(self, name: str) -> list[Any]:
        """Return the values of a column."""
        return [_plain(row.get(name)) for row in self._rows]

    def text_rows(self) -> Iterable[list[Any]]:
        """Return the fields of each row, None where one is missing."""
        names = self.column_names
        return ([_plain(row.get(name)) for name in names] for row in self._rows)

    def select(self, chosen: np.ndarray) -> JsonBatch:
        """Return the rows where a mask holds."""
        rows, features = list(compress(self._rows, chosen)), self.features[chosen]
        return JsonBatch(self.column_names, rows, features, self._columns)

    def in_order(self, names: list[str]) -> JsonBatch:
        """Return the batch with its columns in another order."""
        return JsonBatch(names, self._rows, self.features, self._columns)

    def arrow(self) -> Any:
        """Return an Arrow table: fitted columns typed, all others as text."""
        import pyarrow as pa

        arrays = [
            arrow_array(name, self.features[name], self._columns[name])
            if name in self._columns
            else pa.array(
                [None if v is None else str(v) for v in self.values_of(name)],
                pa.string(),
            )
            for name in self.column_names
        ]
        return pa.table(arrays, names=self.column_names)


class JsonTable:
    """A file of a JSON object on each line.

    Parameters
    ----------
    source : Source
    options : ReadOptions, default=BY_ITSELF
        Of which missing values are heeded.
    """

    written_as = None

    def __init__(self, source: Source, options: ReadOptions = BY_ITSELF) -> None:
        self.path = Path(source.name)
        self.paths = [source.path]
        self._source = source
        self._options = options
        # A column may come late, and the output's header comes first.
        names: dict[str, None] = {}
        self.n_rows = 0
        for row in self._iter_rows():
            names.update(dict.fromkeys(row))
            self.n_rows += 1
        self.column_names = list(names)
        self.header = self.column_names

    def expect(self, names: Sequence[str]) -> None:
        """Take these for the names of the columns, if there is no row to name them."""
        if not self.n_rows:
            self.column_names = self.header = list(names)

    def notes(self) -> list[str]:
        """Return nothing: objects are read as they say."""
        return []

    def _iter_rows(self) -> Iterator[dict[str, Any]]:
        with broken_source_errors(str(self.path)), self._source.open() as file:
            for i, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                try:
                    row = json.loads(line.decode("utf-8-sig"))
                except ValueError as error:
                    raise self._broken(i, str(error)) from None
                if not isinstance(row, dict):
                    raise self._broken(i, f"it holds {type(row).__name__}")
                yield row

    def _broken(self, line: int, why: str) -> TableError:
        return TableError(
            f"{self.path} does not hold a JSON object in line {line} ({why}). Write "
            f"one object on each line, in UTF-8."
        )

    def read(self) -> Any:
        """Return the whole table as a DataFrame."""
        frame = self._frame(list(self._iter_rows()), self.column_names)
        if not len(frame):
            raise no_rows(self.path)
        return with_times(frame)

    def _frame(self, rows: list[dict[str, Any]], names: Iterable[str]) -> Any:
        import pandas as pd

        missing = set(self._options.na_values)
        columns = {}
        for name in names:
            values = [_plain(row.get(name)) for row in rows]
            values = [None if str(v) in missing else v for v in values]
            # As CSV is read: a column of numbers and none is one of numbers.
            columns[name] = pd.Series(values, dtype=object).infer_objects()
        return pd.DataFrame(columns, index=range(len(rows)))

    def iter_raw(self) -> Iterator[tuple[list[dict[str, Any]], int]]:
        """Yield objects, and their number."""
        rows = self._iter_rows()
        while block := list(islice(rows, batch_rows(len(self.column_names)))):
            yield block, len(block)

    @staticmethod
    def select_raw(rows: list[Any], chosen: np.ndarray) -> list[Any]:
        """Return the objects where a mask holds."""
        return list(compress(rows, chosen))

    def frame_of(self, raw: Sequence[list[dict[str, Any]]]) -> Any:
        """Return objects of `iter_raw` as `read` would if there were no others."""
        rows = [row for block in raw for row in block]
        return with_times(self._frame(rows, self.column_names))

    def iter_frames(self, like: Any) -> Iterator[Any]:
        """Yield all rows in the types of a DataFrame of some of them."""
        for rows, _ in self.iter_raw():
            yield typed_as(self._frame(rows, self.column_names), like)

    def iter_batches(self, columns: Mapping[str, Column]) -> Iterator[JsonBatch]:
        """Yield the rows in batches, at least one.

        Parameters
        ----------
        columns : mapping of str to Column
            Names in the table, and what was fitted for each.
        """
        size = batch_rows(len(self.column_names))
        rows = self._iter_rows()
        batch = list(islice(rows, size))
        while True:
            frame = self._frame(batch, columns)
            features = as_fitted(frame, columns)
            yield JsonBatch(self.column_names, batch, features, columns)
            if not (batch := list(islice(rows, size))):
                return


def _plain(value: Any) -> Any:
    """Return a value as a cell has it: what is nested as text."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return value
