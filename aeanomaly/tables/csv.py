"""CSV tables, read with the standard library's parser beside that of pandas.

pandas types the fitted columns; the standard library keeps each field's text, so that
the output repeats the input to the character (an identifier such as 007 stays one), and
counts fields, because pandas takes a short line for missing values.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ..exceptions import TableError
from ..scoring.encoding.columns import Column
from .columns import as_fitted, batch_rows, no_rows, with_times

_OTHER_SEPARATORS = {";": "';'", "\t": "tabs", "|": "'|'"}


def _open_text(path: Path, mode: str) -> Any:
    open_file = gzip.open if path.name.lower().endswith(".gz") else open
    # Spreadsheets put a byte order mark at the start of UTF-8; it is not content.
    encoding = "utf-8-sig" if "r" in mode else "utf-8"
    return open_file(path, mode, encoding=encoding, newline="")


@contextlib.contextmanager
def _as_table_errors(path: Path) -> Iterator[None]:
    """Turn what broken CSV raises into a `TableError` that names the file."""
    from pandas.errors import EmptyDataError, ParserError

    try:
        yield
    except UnicodeDecodeError as error:
        raise TableError(
            f"{path} is not text in UTF-8 ({error.reason} at byte {error.start}). "
            f"Convert it to UTF-8."
        ) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise TableError(
            f"{path} is not a gzip file, or is truncated ({error}). Compress it again."
        ) from error
    except (EmptyDataError, ParserError, csv.Error) as error:
        reason = str(error).strip()
        raise TableError(
            f"{path} is not a CSV table ({reason}). Check the file."
        ) from error


class CsvBatch:
    """Rows of a CSV table.

    Parameters
    ----------
    column_names : list of str
    rows : list of list of str
        Fields as they stand in the file.
    features : DataFrame of shape (n_rows, n_features)
        The fitted columns, typed.
    columns : dict of str to Column
        The fitted columns' encoding.
    """

    def __init__(
        self,
        column_names: list[str],
        rows: list[list[str]],
        features: Any,
        columns: Mapping[str, Column],
    ) -> None:
        self.column_names = column_names
        self.features = features
        self._rows = rows
        self._columns = columns

    def text_rows(self) -> Iterable[list[Any]]:
        """Return the fields of each row, None where one is missing."""
        return self._rows

    def arrow(self) -> Any:
        """Return an Arrow table: fitted columns typed, all others as text."""
        import pyarrow as pa

        fields = zip(*self._rows, strict=True)
        arrays = [
            self._typed(name)
            if name in self._columns
            else pa.array([field or None for field in column], pa.string())
            for name, column in zip(self.column_names, fields, strict=True)
        ]
        return pa.table(arrays, names=self.column_names)

    def _typed(self, name: str) -> Any:
        import pyarrow as pa

        types = {
            "number": pa.float64(),
            "text": pa.string(),
            "boolean": pa.bool_(),
            "time": pa.timestamp("us"),
        }
        storage = types[self._columns[name].storage]
        try:
            return pa.array(self.features[name], storage, from_pandas=True)
        except pa.ArrowException as error:
            raise TableError(
                f"Column {name!r} holds values that were not there when the model was "
                f"fitted and that Parquet cannot keep beside the others ({error}). "
                f"Write CSV."
            ) from error


class CsvTable:
    """A CSV file with a header line.

    Parameters
    ----------
    path : Path
    """

    n_rows = None

    def __init__(self, path: Path) -> None:
        import pandas as pd

        self.path = path
        with _as_table_errors(path), _open_text(path, "rt") as file:
            header = next(filter(None, csv.reader(file)), None)
            if header is None:
                raise TableError(f"{path} is empty. Pass a table with a header line.")
            self._check_separator(header)
            self._width = len(header)
            # As pandas names them: unique, and never empty.
            self.column_names = list(pd.read_csv(path, nrows=0, index_col=False))

    def _check_separator(self, header: list[str]) -> None:
        for separator, name in _OTHER_SEPARATORS.items():
            if len(header) == 1 and separator in header[0]:
                raise TableError(
                    f"{self.path} is separated by {name}, not by commas. Convert it, "
                    f"for example with pandas.read_csv(path, sep={separator!r})."
                )

    def _iter_rows(self) -> Iterator[list[str]]:
        """Yield the fields of each row, their number checked."""
        with _open_text(self.path, "rt") as file:
            reader = csv.reader(file)
            for i, row in enumerate(filter(None, reader)):
                if len(row) != self._width:
                    raise TableError(
                        f"{self.path} has {len(row)} fields in line {reader.line_num}, "
                        f"but {self._width} in its header. Correct the line, or write "
                        f"the file again if it is truncated."
                    )
                if i:
                    yield row

    def read(self) -> Any:
        """Return the whole table as a DataFrame, types inferred from all its rows."""
        import pandas as pd

        with _as_table_errors(self.path):
            n_rows = sum(1 for _ in self._iter_rows())
            if not n_rows:
                raise no_rows(self.path)
            frame = pd.read_csv(self.path, low_memory=False, index_col=False)
        self._check_aligned(n_rows, len(frame))
        return with_times(frame)

    def iter_batches(self, columns: Mapping[str, Column]) -> Iterator[CsvBatch]:
        """Yield the rows in batches of the same types as the fitted columns.

        Parameters
        ----------
        columns : mapping of str to Column
            Names in the table, and what was fitted for each.
        """
        import pandas as pd

        # Types must not depend on what a batch happens to hold; numbers may, as the
        # scorer takes any.
        text = {
            name: str
            for name, column in columns.items()
            if column.storage in ("text", "time")
        }
        n_rows = batch_rows(self._width)
        rows = self._iter_rows()
        with (
            _as_table_errors(self.path),
            pd.read_csv(
                self.path,
                usecols=[self.column_names.index(name) for name in columns],
                dtype=text,
                index_col=False,
                low_memory=False,
                iterator=True,
            ) as reader,
        ):
            batch = list(islice(rows, n_rows))
            if not batch:
                raise no_rows(self.path)
            while batch:
                parsed = _read_rows(reader, len(batch))
                self._check_aligned(len(batch), len(parsed))
                features = as_fitted(parsed, columns)
                yield CsvBatch(self.column_names, batch, features, columns)
                batch = list(islice(rows, n_rows))

    def _check_aligned(self, n_rows: int, n_parsed: int) -> None:
        if n_rows != n_parsed:
            raise TableError(
                f"{self.path} holds lines that are blank or quoted in an unusual way. "
                f"Write it again, for example with pandas.DataFrame.to_csv."
            )


def _read_rows(reader: Any, n_rows: int) -> Any:
    """Return the next rows that pandas finds, fewer where the file ends."""
    try:
        return reader.read(n_rows)
    except StopIteration:
        return []


class CsvWriter:
    """Writes batches to a CSV file.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self._file = _open_text(path, "wt")
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._started = False

    def write(self, batch: Any, added: Mapping[str, np.ndarray]) -> None:
        """Write the rows of a batch, and columns after them."""
        if not self._started:
            self._writer.writerow([*batch.column_names, *added])
            self._started = True
        columns = [values.tolist() for values in added.values()]
        self._writer.writerows(
            [*row, *more]
            for row, *more in zip(batch.text_rows(), *columns, strict=True)
        )

    def close(self) -> None:
        """Close the file."""
        self._file.close()
