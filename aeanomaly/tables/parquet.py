"""Parquet tables through pyarrow, which keeps the types of all columns."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..exceptions import TableError
from ..scoring.encoding.columns import Column
from .columns import as_fitted, batch_rows, no_rows, typed_as, with_times
from .dialect import Dialect
from .reading import BY_ITSELF, ReadOptions
from .sources import Source

# A column chunk is read through a buffer of this many bytes. pyarrow's default reads
# each as a whole and keeps it to the end, so that memory grows with the file.
_BUFFER_BYTES = 1 << 20


@contextlib.contextmanager
def _as_table_errors(path: Path) -> Iterator[None]:
    """Turn what a broken file raises into a `TableError` that names the file."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise TableError(
            f"{path} is not a Parquet file, or is damaged ({reason}). Write or copy "
            f"it again."
        ) from error


class ParquetBatch:
    """Rows of a Parquet table.

    Parameters
    ----------
    rows : pyarrow.Table
    features : DataFrame of shape (n_rows, n_features)
        The fitted columns.
    """

    def __init__(self, rows: Any, features: Any) -> None:
        self.column_names = self.names = rows.column_names
        self.features = features
        self._rows = rows

    def values_of(self, name: str) -> list[Any]:
        """Return the values of a column."""
        return self._rows.column(name).to_pylist()

    def select(self, chosen: np.ndarray) -> ParquetBatch:
        """Return the rows where a mask holds."""
        return ParquetBatch(self._rows.filter(chosen), self.features[chosen])

    def in_order(self, names: list[str]) -> ParquetBatch:
        """Return the batch with its columns in another order."""
        return ParquetBatch(self._rows.select(names), self.features)

    def arrow(self) -> Any:
        """Return an Arrow table."""
        return self._rows

    def text_rows(self) -> Iterable[tuple[Any, ...]]:
        """Return the fields of each row, None where one is missing."""
        names = self._rows.column_names
        columns = (
            _as_text(name, column)
            for name, column in zip(names, self._rows.columns, strict=True)
        )
        return zip(*columns, strict=True)


def _as_text(name: str, column: Any) -> list[Any]:
    """Return the values of an Arrow column as text, each as it would stand alone."""
    import pyarrow as pa

    if pa.types.is_boolean(column.type):
        return column.to_pylist()
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    try:
        return column.cast(pa.string()).to_pylist()
    except pa.ArrowException as error:
        raise TableError(
            f"Column {name!r} of type {column.type} cannot be written to CSV. Write "
            f"Parquet."
        ) from error


class ParquetTable:
    """A Parquet file.

    Parameters
    ----------
    source : Source
    options : ReadOptions, default=BY_ITSELF
        How text would be read: a Parquet file says all of it itself.
    """

    written_as = None

    def __init__(self, source: Source, options: ReadOptions = BY_ITSELF) -> None:
        self.path = Path(source.name)
        self.paths = [source.path]
        self._source = source
        with self._open() as file:
            self.column_names = file.schema_arrow.names
            self.n_rows = file.metadata.num_rows
        self.header = self.column_names
        for name in self.column_names:
            if self.column_names.count(name) > 1:
                raise TableError(
                    f"Column {name!r} appears more than once in {self.path}. Rename "
                    f"one."
                )

    def expect(self, names: Sequence[str]) -> None:
        """Do nothing: a Parquet file says the names of its columns itself."""

    def notes(self) -> list[str]:
        """Return nothing: a Parquet file is read as it says."""
        return []

    @contextlib.contextmanager
    def _open(self) -> Iterator[Any]:
        import pyarrow.parquet as pq

        with (
            _as_table_errors(self.path),
            self._source.open() as raw,
            pq.ParquetFile(raw, buffer_size=_BUFFER_BYTES, pre_buffer=False) as file,
        ):
            yield file

    def read(self) -> Any:
        """Return the whole table as a DataFrame."""
        if not self.n_rows:
            raise no_rows(self.path)
        with self._open() as file:
            return with_times(_to_pandas(file.read()))

    def iter_raw(self) -> Iterator[tuple[Any, int]]:
        """Yield batches of Arrow's, and their number of rows."""
        with self._open() as file:
            n_rows = batch_rows(len(self.column_names))
            for batch in file.iter_batches(batch_size=n_rows):
                yield batch, batch.num_rows

    @staticmethod
    def select_raw(rows: Any, chosen: np.ndarray) -> Any:
        """Return the rows where a mask holds."""
        return rows.filter(chosen)

    def frame_of(self, raw: Sequence[Any]) -> Any:
        """Return rows of `iter_raw` as `read` would if there were no others."""
        import pyarrow as pa

        return with_times(_to_pandas(pa.Table.from_batches(raw)))

    def iter_frames(self, like: Any) -> Iterator[Any]:
        """Yield all rows in the types of a DataFrame of some of them."""
        for batch, _ in self.iter_raw():
            yield typed_as(_to_pandas(batch), like)

    def iter_batches(self, columns: Mapping[str, Column]) -> Iterator[ParquetBatch]:
        """Yield the rows in batches: one without rows where the table has none.

        Parameters
        ----------
        columns : mapping of str to Column
            Names in the table, and what was fitted for each.
        """
        import pyarrow as pa

        n_rows = batch_rows(len(self.column_names))
        with self._open() as file:
            batches = file.iter_batches(batch_size=n_rows)
            if not self.n_rows:
                batches = file.schema_arrow.empty_table().to_batches() or [
                    pa.RecordBatch.from_pylist([], file.schema_arrow)
                ]
            for batch in batches:
                rows = pa.Table.from_batches([batch])
                features = _to_pandas(rows.select(list(columns)))
                yield ParquetBatch(rows, as_fitted(features, columns))


def _to_pandas(table: Any) -> Any:
    # An index that pandas stored is a column like any other here; dates are times.
    return table.to_pandas(ignore_metadata=True, date_as_object=False)


class ParquetWriter:
    """Writes batches to a Parquet file, each as a row group.

    Parameters
    ----------
    path : Path
    shown : Path
        The name that the file will have.
    dialect : Dialect or None
        How the rows' own file is written, if it is text.
    """

    def __init__(self, path: Path, shown: Path, dialect: Dialect | None) -> None:
        self._path = path
        self._writer: Any = None

    def write(self, batch: Any, added: Mapping[str, np.ndarray]) -> None:
        """Write the rows of a batch, and columns after them."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        table = batch.arrow()
        for name, values in added.items():
            table = table.append_column(name, pa.array(values, from_pandas=True))
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, table.schema)
        self._writer.write_table(table.cast(self._writer.schema))

    def close(self) -> None:
        """Close the file."""
        if self._writer is not None:
            self._writer.close()
