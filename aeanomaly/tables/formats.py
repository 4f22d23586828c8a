"""The formats of table files, told by the suffix: each has a reader and a writer."""

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

__all__ = ["check_format", "open_table", "table_writer"]


class _Format(NamedTuple):
    """A format, whose module is imported when a file of it is opened.

    Parameters
    ----------
    name : str
    module : str
        In this package, with the two classes.
    table, writer : str
        What reads and what writes.
    requires : str or None, default=None
        An optional package, installed by the extra of the module's name.
    """

    name: str
    module: str
    table: str
    writer: str
    requires: str | None = None


_CSV = _Format("CSV", "csv", "CsvTable", "CsvWriter")
_PARQUET = _Format("Parquet", "parquet", "ParquetTable", "ParquetWriter", "pyarrow")
_FORMATS = {".csv": _CSV, ".csv.gz": _CSV, ".parquet": _PARQUET}


def open_table(path: str | os.PathLike[str]) -> Any:
    """Open a table file for reading.

    Parameters
    ----------
    path : str or path-like
        Path of a file that ends in .csv, .csv.gz or .parquet.

    Returns
    -------
    CsvTable or ParquetTable
        With `column_names`, `n_rows` (None where only reading tells), ``read()`` and
        ``iter_batches(columns)``.

    Raises
    ------
    TableError
        If there is no such file, or it is not a table.
    ImportError
        If the file is Parquet and pyarrow is not installed.
    """
    path = Path(path)
    found = _format_of(path)
    if not path.exists():
        raise TableError(f"{path} does not exist. Check the path.")
    if not path.is_file():
        raise TableError(f"{path} is not a file. Pass a {_list_suffixes()} file.")
    _require(found, "Reading")
    return getattr(_module_of(found), found.table)(path)


@contextlib.contextmanager
def table_writer(path: str | os.PathLike[str]) -> Iterator[Any]:
    """Open a table file for writing; it appears when the block ends without an error.

    Parameters
    ----------
    path : str or path-like
        As for `check_output`.

    Yields
    ------
    CsvWriter or ParquetWriter
        With ``write(batch, added)``: the rows of a batch, and a mapping of names to
        arrays that become columns after them.
    """
    found = _format_of(Path(path))
    make_writer = getattr(_module_of(found), found.writer)
    with (
        atomic_file(path) as temporary,
        contextlib.closing(make_writer(temporary)) as writer,
    ):
        yield writer


def check_format(path: Path) -> None:
    """Raise unless a table can be written in the format that a path's suffix says.

    Raises
    ------
    TableError
        If the suffix is unknown.
    ImportError
        If the format needs a package that is not installed.
    """
    _require(_format_of(path), "Writing")


def _format_of(path: Path) -> _Format:
    name = path.name.lower()
    for suffix, found in _FORMATS.items():
        if name.endswith(suffix):
            return found
    raise TableError(
        f"{path} does not end in {_list_suffixes()}, so its format is unknown. Rename "
        f"or convert it."
    )


def _list_suffixes() -> str:
    *first, last = _FORMATS
    return f"{', '.join(first)} or {last}"


def _module_of(found: _Format) -> Any:
    return importlib.import_module(f".{found.module}", __package__)


def _require(found: _Format, doing: str) -> None:
    if found.requires and importlib.util.find_spec(found.requires) is None:
        raise ImportError(
            f"{doing} {found.name} requires {found.requires}. Install it with: "
            f'pip install "aeanomaly[{found.module}]".'
        )
