"""Excel sheets, through openpyxl: rows become lines, and are read as text is."""

from __future__ import annotations

import contextlib
import csv
import datetime
import io
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ..exceptions import TableError
from ..printable import escape_controls
from .csv import TextTable
from .dialect import Dialect
from .json_output import records_of
from .reading import BY_ITSELF, ReadOptions
from .sources import Source

_MAX_ROWS = 1_048_576
_HEAD_ROWS = 300
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d+)?")


class ExcelTable(TextTable):
    """The first sheet of an Excel file.

    Parameters
    ----------
    source : Source
    options : ReadOptions, default=BY_ITSELF
        Cells say themselves what separates them.
    """

    def __init__(self, source: Source, options: ReadOptions = BY_ITSELF) -> None:
        cells = options._replace(sep="\t", decimal=".", thousands="", encoding="utf-8")
        super().__init__(source, cells)

    @property
    def written_as(self) -> Dialect | None:
        """Nothing: a sheet is not text."""
        return None

    def notes(self) -> list[str]:
        """Return what was skipped, taken for a header, or dropped."""
        words = str(self.dialect).split(", ")[3:]
        notes = super().notes()
        is_plain = self.dialect.header and not self.dialect.skipped
        read = [] if is_plain else [f"first sheet: {', '.join(words)}"]
        return [*read, *(text for text in notes if not text.startswith("read as"))]

    @contextlib.contextmanager
    def _open_text(self, encoding: str) -> Iterator[Any]:
        import openpyxl
        from openpyxl.utils.exceptions import InvalidFileException

        with contextlib.ExitStack() as stack:
            file = stack.enter_context(self._source.open())
            try:
                book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            except (InvalidFileException, zipfile.BadZipFile, KeyError, OSError) as e:
                raise TableError(
                    f"{self.path} is not an Excel file, or is damaged ({e}). Save it "
                    f"again as .xlsx."
                ) from e
            stack.callback(book.close)
            yield self._lines(book.worksheets[0])

    def _lines(self, sheet: Any) -> Iterator[str]:
        sheet.reset_dimensions()
        rows = sheet.iter_rows(values_only=True)
        head = list(islice(rows, _HEAD_ROWS))
        # Sheets are wider than what they hold.
        width = max((_width(row) for row in head), default=0)
        buffer = io.StringIO()
        writer = csv.writer(buffer, delimiter="\t", lineterminator="\n")
        for part in (head, rows):
            for row in part:
                cells = row[: max(width, _width(row))]
                missing = [None] * (width - len(cells))
                writer.writerow([_as_text(cell) for cell in (*cells, *missing)])
                yield buffer.getvalue()
                buffer.seek(0)
                buffer.truncate()


def _width(row: Sequence[Any]) -> int:
    return max((i for i, cell in enumerate(row, 1) if cell is not None), default=0)


def _as_text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime.datetime):
        has_time = cell.time() != datetime.time()
        return cell.isoformat(" ") if has_time else cell.date().isoformat()
    return str(cell)


class ExcelWriter:
    """Writes batches to the sheet of an Excel file.

    Parameters
    ----------
    path : Path
    shown : Path
        The name that the file will have.
    dialect : Dialect or None
        How the rows' own file is written, if it is text.
    """

    def __init__(self, path: Path, shown: Path, dialect: Dialect | None) -> None:
        import openpyxl

        self._path, self._shown = path, shown
        self._book = openpyxl.Workbook(write_only=True)
        self._sheet = self._book.create_sheet("scored")
        self._n_rows = 0

    def write(self, batch: Any, added: Mapping[str, np.ndarray]) -> None:
        """Write the rows of a batch, and columns after them."""
        if not self._n_rows:
            self._append([*batch.column_names, *added])
        columns = [values.tolist() for values in added.values()]
        for record, *more in zip(records_of(batch), *columns, strict=True):
            cells = [record.get(name) for name in batch.names]
            self._append([*map(_typed, cells), *more])

    def _append(self, values: list[Any]) -> None:
        from openpyxl.cell import WriteOnlyCell

        self._n_rows += 1
        if self._n_rows > _MAX_ROWS:
            raise TableError(
                f"{self._shown} cannot hold more than {_MAX_ROWS:,} rows. Write .csv "
                f"or .parquet, or --only-flagged."
            )
        cells = []
        for value in values:
            if isinstance(value, str):
                value = WriteOnlyCell(self._sheet, escape_controls(value, kept="\n\t"))
                # What begins with an equals sign is a text, not a formula.
                value.data_type = "s"
            cells.append(value)
        self._sheet.append(cells)

    def close(self) -> None:
        """Save the file."""
        # Elsewhere first: on a full disk openpyxl leaves much that fails once more.
        with tempfile.TemporaryFile() as whole, open(self._path, "wb") as file:
            self._book.save(whole)
            whole.seek(0)
            shutil.copyfileobj(whole, file)


def _typed(value: Any) -> Any:
    """Return a cell's value: numbers and times that stood as text as what they are."""
    if not isinstance(value, str):
        return value if isinstance(value, int | float | None) else str(value)
    if _NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    if re.match(r"\d{4}-\d{2}-\d{2}", value):
        with contextlib.suppress(ValueError):
            return datetime.datetime.fromisoformat(value).replace(tzinfo=None)
    return value
