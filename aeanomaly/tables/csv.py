"""Text tables: the standard library divides lines into fields, pandas types them.

The standard library keeps each field's text, so that the output repeats the input to
the character (an identifier such as 007 stays one), and counts fields, because pandas
takes a short line for missing values. Both read the same lines in one pass.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..exceptions import TableError
from ..scoring.encoding.columns import Column
from .columns import as_fitted, batch_rows, no_rows, typed_as, with_times
from .dialect import Dialect
from .encodings import holds_text, latin_encoding, sniff_encoding
from .numbers import as_numbers
from .reading import BY_ITSELF, ReadOptions
from .rows import GivenRows, RowReader, in_words
from .sniffing import head_of, sniff
from .sources import Source, broken_source_errors
from .text_batch import TextBatch
from .text_rows import TextRows

_HEAD_BYTES = 1 << 16
# Rows that are passed on to pandas together: few, so that they stay in a cache.
_PIECE_ROWS = 2_048
_HEAD_LINES, _HEAD_CHARS = 300, 1 << 18
_DIGITS_AFTER_ZERO = re.compile(r"[-+]?0\d+")


@contextlib.contextmanager
def _as_table_errors(name: str) -> Iterator[None]:
    """Turn what broken text raises into a `TableError` that names the file."""
    from pandas.errors import EmptyDataError, ParserError

    try:
        with broken_source_errors(name):
            yield
    except (UnicodeDecodeError, UnicodeError) as error:
        raise TableError(
            f"{name} is not text in the encoding {getattr(error, 'encoding', '')} "
            f"({getattr(error, 'reason', error)}). Pass the right one with --encoding, "
            f"for example --encoding cp1252."
        ) from error
    except (EmptyDataError, ParserError, csv.Error) as error:
        reason = str(error).strip()
        raise TableError(
            f"{name} is not a table ({reason}). Check the file."
        ) from error


class TextTable:
    """A text file of rows.

    Parameters
    ----------
    source : Source
    options : ReadOptions, default=BY_ITSELF

    Attributes
    ----------
    dialect : Dialect
        How the file is written.
    column_names : list of str
        Unique names.
    header : list of str
        Names as the file writes them.
    paths : list of Path
        The file.
    """

    n_rows = None

    def __init__(self, source: Source, options: ReadOptions = BY_ITSELF) -> None:
        self.path = Path(source.name)
        self._source = source
        self._options = options
        self._dropped: Counter[str] = Counter()
        with _as_table_errors(source.name):
            self._encoding = _known_encoding(options.encoding) or self._find_encoding()
            with self._open_text(self._encoding) as lines:
                self._head = head_of(lines, _HEAD_LINES, _HEAD_CHARS)
        self.paths = [source.path]
        self.expect([])

    def expect(self, names: Sequence[str]) -> None:
        """Look at the lines again, knowing the names of columns that there are."""
        try:
            self.dialect = sniff(self._head, self._encoding, self._options, names)
        except TableError as error:
            raise TableError(f"{self.path} {error}.") from None
        self.column_names = self.dialect.names
        self.header = list(self.dialect.header) or self.column_names

    @property
    def written_as(self) -> Dialect | None:
        """How a text file of the same rows is to be written."""
        return self.dialect

    def notes(self) -> list[str]:
        """Return what is read otherwise than a plain file would be, in words.

        Complete when the rows have been read.
        """
        notes = [] if self.dialect.is_plain else [f"read as {self.dialect}"]
        if self._dropped:
            notes.append(f"dropped {in_words(self._dropped)}")
        return notes

    def _find_encoding(self) -> str:
        with self._source.open() as file:
            start = file.read(_HEAD_BYTES)
            size = self._source.size()
            found = sniff_encoding(start, size is not None and size <= len(start))
            if not holds_text(start, found):
                raise TableError(
                    f"{self._source.name} is not a text file: it holds bytes that no "
                    f"text has. Pass a table as text, Parquet or Excel, or name its "
                    f"encoding with --encoding."
                )
            if found != "utf-8-sig" or size is None:
                return found
            # Text that is UTF-8 to here may not be to its end.
            decoder = codecs.getincrementaldecoder("utf-8")()
            block = start
            try:
                while block:
                    decoder.decode(block)
                    block = file.read(_HEAD_BYTES)
            except UnicodeDecodeError:
                return latin_encoding(block)
        return found

    @contextlib.contextmanager
    def _open_text(self, encoding: str) -> Iterator[io.TextIOWrapper]:
        with self._source.open() as file:
            text = io.TextIOWrapper(file, encoding=encoding, newline="")
            try:
                yield text
            finally:
                # The file is closed by whoever opened it.
                with contextlib.suppress(ValueError):
                    text.detach()

    @contextlib.contextmanager
    def _rows(self) -> Iterator[RowReader]:
        with (
            _as_table_errors(self._source.name),
            self._open_text(self.dialect.encoding) as lines,
        ):
            rows = RowReader(
                lines, self.dialect, self._source.name, self._options.strict
            )
            yield rows
            self._dropped = rows.dropped

    def read(self) -> Any:
        """Return the whole table as a DataFrame, types inferred from all its rows.

        Whole numbers with leading zeros, as in 007, are codes: they stay text.
        """
        return self._read(self._rows)

    def _read(self, open_rows: Any) -> Any:
        frame, codes = self._read_all(open_rows, [])
        if not len(frame):
            raise no_rows(self.path)
        numbers = [i for i in codes if frame.dtypes.iloc[i].kind in "iuf"]
        if numbers:
            frame, _ = self._read_all(open_rows, numbers)
        frame.columns = self.column_names
        return with_times(self._with_numbers(frame, numbers))

    def iter_raw(self) -> Iterator[tuple[TextRows, int]]:
        """Yield rows as they stand, and their number."""
        with self._rows() as reader:
            while rows := reader.take(_PIECE_ROWS)[0]:
                yield rows, len(rows)

    @staticmethod
    def select_raw(rows: TextRows, chosen: np.ndarray) -> TextRows:
        """Return the rows where a mask holds."""
        return rows.select(chosen)

    def frame_of(self, raw: Sequence[TextRows]) -> Any:
        """Return rows of `iter_raw` as `read` would if there were no others."""
        return self._read(lambda: contextlib.nullcontext(GivenRows(raw, self.dialect)))

    def iter_frames(self, like: Any) -> Iterator[Any]:
        """Yield all rows in the types of a DataFrame of some of them."""
        texts = [
            i
            for i, name in enumerate(self.column_names)
            if _is_text(like[name]) or like[name].dtype.kind == "M"
        ]
        with self._rows() as reader:
            while True:
                rows, text = reader.take(batch_rows(self.dialect.width))
                if not rows:
                    return
                yield self._typed(text, texts, len(rows), like)

    def _typed(self, text: str, texts: Sequence[int], n_rows: int, like: Any) -> Any:
        every = range(self.dialect.width)
        frame = self._parse(io.StringIO(text), every, texts, lambda: n_rows)
        frame.columns = self.column_names
        return typed_as(self._with_numbers(frame, texts), like)

    def _with_numbers(self, frame: Any, left: Sequence[int]) -> Any:
        """Return a frame in which numbers in the file's own marks are numbers."""
        changed = {
            name: as_numbers(values, self.dialect)
            for i, (name, values) in enumerate(frame.items())
            if i not in left and _is_text(values)
        }
        return frame.assign(**changed)

    def _read_all(self, open_rows: Any, texts: Sequence[int]) -> tuple[Any, set[int]]:
        """Return all rows, and the columns that hold codes with leading zeros."""
        with open_rows() as rows:
            feed = _Feed(rows, _PIECE_ROWS, self.dialect)
            frame = self._parse(feed, range(self.dialect.width), texts, feed.n_rows)
        return frame, feed.codes

    def _parse(
        self, text: Any, columns: Sequence[int], texts: Sequence[int], n_rows: Any
    ) -> Any:
        """Return columns of some text as pandas types them."""
        import pandas as pd

        frame = pd.read_csv(
            text,
            header=None,
            names=range(self.dialect.width),
            usecols=columns,
            dtype=dict.fromkeys(texts, str),
            sep=self.dialect.sep,
            decimal=self.dialect.decimal,
            na_values=list(self._options.na_values),
            index_col=False,
            low_memory=False,
            skip_blank_lines=False,
        )
        if len(frame) != n_rows():
            raise TableError(
                f"{self.path} holds lines that are quoted in an unusual way. Write it "
                f"again, for example with pandas.DataFrame.to_csv."
            )
        return frame

    def iter_batches(self, columns: Mapping[str, Column]) -> Iterator[TextBatch]:
        """Yield the rows in batches of the same types as the fitted columns.

        At least one, without rows where the table has none.

        Parameters
        ----------
        columns : mapping of str to Column
            Names in the table, and what was fitted for each.
        """
        n_rows = batch_rows(self.dialect.width)
        with self._rows() as reader:
            rows, text = reader.take(n_rows)
            yield self._batch(rows, text, columns)
            while rows:
                rows, text = reader.take(n_rows)
                if rows:
                    yield self._batch(rows, text, columns)

    def _batch(
        self, rows: TextRows, text: str, columns: Mapping[str, Column]
    ) -> TextBatch:
        positions = {name: self.column_names.index(name) for name in columns}
        # Types must not depend on what a batch happens to hold; numbers may, as the
        # scorer takes any.
        texts = [
            positions[name]
            for name, column in columns.items()
            if column.storage in ("text", "time") or column.from_text
        ]
        if rows and positions:
            used = sorted(positions.values())
            frame = self._parse(io.StringIO(text), used, texts, lambda: len(rows))
        else:
            frame = _no_rows(positions.values(), texts, len(rows))
        parsed = frame[list(positions.values())].set_axis(list(columns), axis=1)
        numbers = [
            name
            for name, column in columns.items()
            if column.storage == "number" and not column.from_text
        ]
        typed = parsed.assign(
            **{
                name: as_numbers(parsed[name], self.dialect)
                for name in numbers
                if _is_text(parsed[name])
            }
        )
        features = as_fitted(typed, columns)
        return TextBatch(self.header, self.column_names, rows, features, columns)


def _no_rows(columns: Iterable[int], texts: Sequence[int], n_rows: int) -> Any:
    import pandas as pd

    kinds = {i: str if i in texts else float for i in columns}
    return pd.DataFrame(
        {i: pd.Series(dtype=kind) for i, kind in kinds.items()}, index=range(n_rows)
    )


def _is_text(values: Any) -> bool:
    return values.dtype == object or values.dtype.kind not in "biufcmM"


def _known_encoding(encoding: str | None) -> str | None:
    if encoding is None:
        return None
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        raise TableError(
            f"--encoding {encoding} is not an encoding that Python knows. Pass one "
            f"such as utf-8, utf-16, cp1252 or latin-1."
        ) from None
    # A byte order mark is not content.
    return "utf-8-sig" if name == "utf-8" else encoding


class _Feed:
    """A file of the text of all rows, which pandas reads piece by piece.

    Attributes
    ----------
    codes : set of int
        Columns that hold whole numbers with leading zeros, so far.
    """

    def __init__(self, rows: Any, size: int, dialect: Dialect) -> None:
        self._rows = rows
        self._size = size
        # What stands before a field.
        self._begins = [
            ord(mark) for mark in (dialect.sep, "\n", '"') if ord(mark) < 128
        ]
        self._n_rows = 0
        self.codes: set[int] = set()

    def n_rows(self) -> int:
        """Return the number of rows so far."""
        return self._n_rows

    def __iter__(self) -> Iterator[bytes]:
        while text := self.read():
            yield text

    def read(self, n_bytes: int = -1) -> bytes:
        """Return the text of the next rows, however much it is, in UTF-8."""
        rows, text = self._rows.take(self._size)
        self._n_rows += len(rows)
        encoded = text.encode()
        if self._may_hold_codes(encoded):
            self._find_codes(rows.fields)
        return encoded

    def _may_hold_codes(self, text: bytes) -> bool:
        """Return whether a field begins with a zero and another digit."""
        marks = np.frombuffer(b"\n" + text, np.uint8)
        # Zeros before digits are few, and so are looked at one by one.
        before = np.flatnonzero(
            (marks[1:-1] == ord("0")) & (marks[2:] - np.uint8(ord("0")) < 10)
        )
        return bool(np.isin(marks[before], self._begins).any())

    def _find_codes(self, rows: list[list[str]]) -> None:
        for i, fields in enumerate(zip(*rows, strict=True)):
            first = next(filter(None, fields), "")
            # Dates begin with zeros, too.
            may_be = i not in self.codes and first.strip("-+ ").isdigit()
            if may_be and any(map(_DIGITS_AFTER_ZERO.fullmatch, fields)):
                self.codes.add(i)
