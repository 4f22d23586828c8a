"""Table files: read whole to fit, in batches to score, and written all or not at all.

CSV (``.csv``, ``.csv.gz``) needs pandas only, Parquet (``.parquet``) needs pyarrow. A
batch carries its rows twice: as they stand in the file, for the output, and the fitted
columns as the model knows them, for the scorer.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..exceptions import TableError

__all__ = ["atomic_file", "check_folder", "check_output", "open_table", "table_writer"]

_FORMATS = {".csv": "csv", ".csv.gz": "csv", ".parquet": "parquet"}


def open_table(path: str | os.PathLike[str]) -> Any:
    """Open a table file for reading.

    Parameters
    ----------
    path : str or path-like
        Of a file that ends in .csv, .csv.gz or .parquet.

    Returns
    -------
    CsvTable or ParquetTable
        With `column_names`, `n_rows` (None where only reading tells), ``read()`` and
        ``iter_batches(columns)``.

    Raises
    ------
    TableError
        If there is no such file, or it is no table.
    ImportError
        If the file is Parquet and pyarrow is not installed.
    """
    path = Path(path)
    kind = _format_of(path)
    if not path.exists():
        raise TableError(f"{path} does not exist. Check the path.")
    if not path.is_file():
        raise TableError(f"{path} is no file. Pass a {_list_formats()} file.")
    if kind == "csv":
        from .csv import CsvTable

        return CsvTable(path)
    _require_pyarrow("Reading")
    from .parquet import ParquetTable

    return ParquetTable(path)


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
    with atomic_file(path) as temporary:
        if _format_of(Path(path)) == "csv":
            from .csv import CsvWriter as Writer
        else:
            from .parquet import ParquetWriter as Writer
        with contextlib.closing(Writer(temporary)) as writer:
            yield writer


@contextlib.contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path that takes the place of `path` when the block ends.

    After an error the temporary file is gone and an older file is as it was.
    """
    final = Path(os.path.realpath(path))
    # In the same folder, because a rename cannot cross file systems; with the same
    # suffixes, because they say how to write.
    temporary = final.with_name(f".{os.getpid()}.tmp.{final.name}")
    try:
        yield temporary
        os.replace(temporary, final)
    finally:
        temporary.unlink(missing_ok=True)


def check_output(path: str | os.PathLike[str], source: str | os.PathLike[str]) -> None:
    """Raise unless a table can be written to a path: before the work, not after it.

    Parameters
    ----------
    path : str or path-like
        Of a file that ends in .csv, .csv.gz or .parquet, in a folder that exists.
    source : str or path-like
        The table that is read meanwhile, which must be another file.

    Raises
    ------
    TableError
        If the suffix is unknown, the folder does not exist or is read-only, or both
        are one file.
    ImportError
        If the file is to be Parquet and pyarrow is not installed.
    """
    path = Path(path)
    if _format_of(path) == "parquet":
        _require_pyarrow("Writing")
    check_folder(path)
    if path.is_dir():
        raise TableError(f"{path} is a folder. Pass the name of a file.")
    if path.exists() and path.samefile(source):
        raise TableError(f"{path} is both input and output. Pass another output.")


def check_folder(path: Path) -> None:
    """Raise a `TableError` unless a file can be created beside a path."""
    if not path.parent.is_dir():
        raise TableError(
            f"{path} cannot be written: the folder {path.parent} does not exist. "
            f"Create it, or pass another path."
        )
    if not os.access(path.parent, os.W_OK):
        raise TableError(
            f"{path} cannot be written: the folder {path.parent} is read-only. Pass "
            f"another path."
        )


def _format_of(path: Path) -> str:
    name = path.name.lower()
    for suffix, kind in _FORMATS.items():
        if name.endswith(suffix):
            return kind
    raise TableError(
        f"{path} does not end in {_list_formats()}, so its format is unknown. Rename "
        f"or convert it."
    )


def _list_formats() -> str:
    *first, last = _FORMATS
    return f"{', '.join(first)} or {last}"


def _require_pyarrow(doing: str) -> None:
    if importlib.util.find_spec("pyarrow") is None:
        raise ImportError(
            f"{doing} Parquet requires pyarrow. Install it with: "
            f'pip install "aeanomaly[parquet]".'
        )
