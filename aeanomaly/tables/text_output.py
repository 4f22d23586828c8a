"""Writes rows as text, in the dialect of the text that they came from."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..printable import as_cell
from .dialect import Dialect
from .sources import open_target, split_suffix


class TextWriter:
    """Writes batches to a text file in UTF-8.

    Separator and decimal mark are those of the rows' own file, so that whoever opens
    one opens the other; tabs in a file that ends in .tsv. Where the rows' file marks
    its encoding, as spreadsheets want it, so does this one.

    Parameters
    ----------
    path : Path
    shown : Path
        The name that the file will have.
    dialect : Dialect or None
        Of the rows' file, None where it is not text.

    Attributes
    ----------
    escape_formulas : bool
        Whether copied cells never begin as a formula does.
    """

    def __init__(self, path: Path, shown: Path, dialect: Dialect | None) -> None:
        self._stack = contextlib.ExitStack()
        raw = self._stack.enter_context(open_target(path, shown))
        dialect = dialect or Dialect()
        is_marked = dialect.encoding not in ("utf-8", "utf-8-sig")
        self._file = io.TextIOWrapper(
            raw, encoding="utf-8-sig" if is_marked else "utf-8", newline=""
        )
        sep = "\t" if split_suffix(shown)[0] == ".tsv" else dialect.sep
        # A table of one column gets more of them.
        sep = sep if sep.isprintable() or sep == "\t" else ","
        self._sep = sep
        self._writer = _csv_writer(self._file, sep)
        self._decimal = dialect.decimal
        self._started = False
        self.escape_formulas = False

    def write(self, batch: Any, added: Mapping[str, np.ndarray]) -> None:
        """Write the rows of a batch, and columns after them."""
        if not self._started:
            self._writer.writerow([*self._copied(batch.column_names), *added])
            self._started = True
        columns = [self._as_text(values) for values in added.values()]
        rows = getattr(batch, "rows", None)
        as_it_stands = columns and not self.escape_formulas
        if as_it_stands and rows is not None and rows.sep == self._sep:
            self._append(rows.lines, columns)
            return
        self._writer.writerows(
            [*self._copied(row), *more]
            for row, *more in zip(batch.text_rows(), *columns, strict=True)
        )

    def _append(self, lines: Iterable[str], columns: list[list[Any]]) -> None:
        """Write lines as they stand, and fields after them."""
        ends: list[str] = []
        # The writer quotes what has to be; it calls write once a row.
        memory = SimpleNamespace(write=ends.append)
        _csv_writer(memory, self._sep).writerows(zip(*columns, strict=True))
        self._file.writelines(
            f"{line}{self._sep}{end}" for line, end in zip(lines, ends, strict=True)
        )

    def _copied(self, cells: Any) -> Any:
        if not self.escape_formulas:
            return cells
        return [as_cell(cell) if isinstance(cell, str) else cell for cell in cells]

    def _as_text(self, values: np.ndarray) -> list[Any]:
        if values.dtype.kind == "O":
            # Reasons repeat names and values of strangers.
            return [as_cell(v) if isinstance(v, str) else v for v in values.tolist()]
        if self._decimal == "." or values.dtype.kind != "f":
            return values.tolist()
        return [repr(value).replace(".", self._decimal) for value in values.tolist()]

    def close(self) -> None:
        """Close the file, on a full disk as well."""
        with self._stack:
            self._file.flush()
            self._file.detach()


def _csv_writer(file: Any, sep: str) -> Any:
    """Return the standard library's writer to an object with a method ``write``."""
    return csv.writer(file, delimiter=sep, lineterminator="\n")
