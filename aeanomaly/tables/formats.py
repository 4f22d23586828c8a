"""The formats of table files, told by the ending: each has a reader and a writer."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..exceptions import TableError
from ..files import atomic_file
from .dialect import Dialect
from .reading import BY_ITSELF, ReadOptions
from .sources import STANDARD_STREAM, Source, check_compression, split_suffix

__all__ = ["check_format", "has_format", "open_file", "table_writer"]


class _Format(NamedTuple):
    """A format, whose module is imported when a file of it is opened.

    Parameters
    ----------
    name : str
    module : str
        In this package, with what reads.
    table : str or None
        What reads, None where nothing does.
    writer : str
        Module and class of what writes.
    requires, extra : str or None, default=None
        An optional package, and the extra that installs it.
    compressed : bool, default=True
        Whether files may be compressed as a whole.
    """

    name: str
    module: str
    table: str | None
    writer: str
    requires: str | None = None
    extra: str | None = None
    compressed: bool = True


_TEXT = _Format("text", "csv", "TextTable", "text_output.TextWriter")
_PARQUET = _Format(
    "Parquet",
    "parquet",
    "ParquetTable",
    "parquet.ParquetWriter",
    "pyarrow",
    "parquet",
    compressed=False,
)
_LINES = _Format("JSON lines", "jsonl", "JsonTable", "json_output.JsonWriter")
_ARRAY = _Format("JSON", "jsonl", None, "json_output.JsonWriter")
_EXCEL = _Format(
    "Excel",
    "excel",
    "ExcelTable",
    "excel.ExcelWriter",
    "openpyxl",
    "excel",
    compressed=False,
)
_FORMATS = {
    **dict.fromkeys([".csv", ".tsv", ".txt", ".data"], _TEXT),
    ".jsonl": _LINES,
    ".json": _ARRAY,
    ".parquet": _PARQUET,
    ".xlsx": _EXCEL,
}
_SUFFIXES = (
    ".csv, .tsv, .txt, .data, .jsonl (each also with .gz, .zip or .zst), .parquet or "
    ".xlsx"
)


def open_file(
    path: str | os.PathLike[str],
    options: ReadOptions = BY_ITSELF,
) -> Any:
    """Open a table file for reading.

    Parameters
    ----------
    path : str or path-like
        A file whose ending says its format; ``-`` is standard input.
    options : ReadOptions, default=BY_ITSELF
        How a text file is to be read.

    Returns
    -------
    TextTable, JsonTable, ParquetTable or ExcelTable
        With `column_names`, `n_rows` (None where only reading tells), ``read()``,
        ``iter_batches(columns)`` and ``notes()``.

    Raises
    ------
    TableError
        If there is no such file, or it is not a table.
    ImportError
        If the format needs a package that is not installed.
    """
    path = Path(path)
    if str(path) != STANDARD_STREAM:
        format_of(path)
        if not path.exists():
            raise TableError(f"{path} does not exist. Check the path.")
        if not path.is_file():
            raise TableError(f"{path} is not a file. Pass a {_SUFFIXES} file.")
    source = Source(path)
    found = _FORMATS[source.suffix]
    _require(found, "Reading")
    check_compression(source.compression, f"Reading {source.name}")
    if found.table is None:
        raise TableError(
            f"{path}: {found.name} is only written. Pass a .jsonl "
            f"file, with an object on each line."
        )
    return getattr(_module_of(found.module), found.table)(source, options)


@contextlib.contextmanager
def table_writer(
    path: str | os.PathLike[str],
    dialect: Dialect | None = None,
    *,
    escape_formulas: bool = False,
) -> Iterator[Any]:
    """Open a table file for writing; it appears when the block ends without an error.

    Parameters
    ----------
    path : str or path-like
        As for `check_output`; ``-`` is standard output.
    dialect : Dialect or None, default=None
        How the rows' own file is written, if it is text.
    escape_formulas : bool, default=False
        Whether copied cells of text never begin as a formula does.

    Yields
    ------
    TextWriter, JsonWriter, ParquetWriter or ExcelWriter
        With ``write(batch, added)``: the rows of a batch, and a mapping of names to
        arrays that become columns after them.
    """
    path = Path(path)
    module, name = format_of(path).writer.split(".")
    make_writer = getattr(_module_of(module), name)
    standard = str(path) == STANDARD_STREAM
    place = contextlib.nullcontext(path) if standard else atomic_file(path)
    with (
        place as temporary,
        contextlib.closing(make_writer(temporary, path, dialect)) as writer,
    ):
        if escape_formulas:
            writer.escape_formulas = True
        yield writer


def check_format(path: Path) -> None:
    """Raise unless a table can be written in the format that a path's ending says.

    Raises
    ------
    TableError
        If the ending is unknown.
    ImportError
        If the format needs a package that is not installed.
    """
    _require(format_of(path), "Writing")
    check_compression(split_suffix(path)[1], f"Writing {path}")


def has_format(path: Path) -> bool:
    """Return whether a path's ending says a format."""
    try:
        format_of(path)
    except TableError:
        return False
    return True


def format_of(path: Path) -> _Format:
    """Return the format that a path's ending says; standard streams are text.

    Raises
    ------
    TableError
        If the ending is unknown.
    """
    if str(path) == STANDARD_STREAM:
        return _TEXT
    suffix, compression = split_suffix(path)
    found = _FORMATS.get(suffix)
    if found is not None and (found.compressed or not compression):
        return found
    raise TableError(
        f"{path} does not end in {_SUFFIXES}, so its format is unknown. Rename or "
        f"convert it."
    )


def _module_of(name: str) -> Any:
    return importlib.import_module(f".{name}", __package__)


def _require(found: _Format, doing: str) -> None:
    if found.requires and importlib.util.find_spec(found.requires) is None:
        raise ImportError(
            f"{doing} {found.name} requires {found.requires}. Install it with: "
            f'pip install "aeanomaly[{found.extra}]".'
        )
