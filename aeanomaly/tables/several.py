"""Several files, patterns of names, and folders of parts, as one table."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..exceptions import TableError
from ..scoring.encoding.columns import Column
from .formats import format_of, open_file
from .reading import BY_ITSELF, ReadOptions
from .sources import STANDARD_STREAM

_Paths = str | os.PathLike[str]


def open_table(
    paths: _Paths | Sequence[_Paths],
    options: ReadOptions = BY_ITSELF,
) -> Any:
    """Open one or more table files for reading, as one table.

    Parameters
    ----------
    paths : str, path-like or sequence of these
        Files, as for `open_file`; patterns such as ``2026-*.csv``; folders, whose files
        are parts of a table. ``-`` is standard input.
    options : ReadOptions, default=BY_ITSELF
        How text files are to be read.

    Returns
    -------
    TextTable, ParquetTable or SeveralTables

    Raises
    ------
    TableError
        If there is no such file, it is not a table, or the files have other columns.
    ImportError
        If a format needs a package that is not installed.
    """
    given = [paths] if isinstance(paths, str | os.PathLike) else list(paths)
    files = [file for path in given for file in _files_of(Path(path))]
    tables = [open_file(file, options) for file in files]
    if len(tables) == 1:
        return tables[0]
    return SeveralTables(tables, " ".join(str(path) for path in given))


def part_files(path: Path) -> list[tuple[Path, Path]]:
    """Return the files that a path stands for, and what each is called below it.

    Parameters
    ----------
    path : Path
        Of a file; a pattern; of a folder, whose files are parts of a table.

    Returns
    -------
    list of tuple of Path and Path
        A file, and its path within the folder; of other files the name.

    Raises
    ------
    TableError
        If there is none.
    """
    if str(path) == STANDARD_STREAM:
        return [(path, path)]
    if path.is_dir():
        below = [(part, part.relative_to(path)) for part in sorted(path.rglob("*"))]
        parts = [(p, name) for p, name in below if _is_part(name) and p.is_file()]
        if not parts:
            raise TableError(f"{path} is a folder without files. Pass a table.")
        return parts
    if not path.exists() and glob.has_magic(str(path)):
        found = sorted(glob.glob(str(path), recursive=True))
        if not found:
            raise TableError(f"{path} matches no file. Check the pattern.")
        return [file for name in found for file in part_files(Path(name))]
    return [(path, Path(path.name))]


def _is_part(name: Path) -> bool:
    """Return whether a file below a folder is a part, as Spark and others write them.

    Names that begin with a dot or an underscore are of files that are no parts, and of
    folders that hold what is not finished; those with a value divide a table.
    """
    return not any(n.startswith((".", "_")) and "=" not in n for n in name.parts)


def _files_of(path: Path) -> list[Path]:
    files = [file for file, _ in part_files(path)]
    for file in files:
        format_of(file)
    return files


class SeveralTables:
    """Tables of the same columns, one after another.

    Parameters
    ----------
    tables : list
        Two or more; the first says the order of the columns.
    name : str
        What messages call them.

    Attributes
    ----------
    tables : list
    """

    def __init__(self, tables: list[Any], name: str) -> None:
        self.path = Path(name)
        self.tables = tables
        self.expect([])
        counts = [table.n_rows for table in tables]
        self.n_rows = None if None in counts else sum(counts)

    def expect(self, names: Sequence[str]) -> None:
        """Look at each table again, knowing the names of columns that it has."""
        first, *others = self.tables
        for table in self.tables:
            table.expect(names)
        self.column_names = first.column_names
        self.header = first.header
        self.written_as = first.written_as
        for table in others:
            _check_same(first, table)

    @property
    def paths(self) -> list[Path]:
        """The files."""
        return [path for table in self.tables for path in table.paths]

    def notes(self) -> list[str]:
        """Return what is read otherwise than a plain file would be, file by file."""
        return [
            f"{table.path}: {note}" for table in self.tables for note in table.notes()
        ]

    def read(self) -> Any:
        """Return all tables as one DataFrame."""
        import pandas as pd

        frames = [table.read()[self.column_names] for table in self.tables]
        return pd.concat(frames, ignore_index=True)

    def iter_frames(self, like: Any) -> Iterator[Any]:
        """Yield all rows, in the types of a DataFrame of some of them."""
        for table in self.tables:
            for frame in table.iter_frames(like):
                yield frame[self.column_names]

    def iter_batches(self, columns: Mapping[str, Column]) -> Iterator[Any]:
        """Yield the rows in batches, their columns in the order of the first table."""
        for table in self.tables:
            for batch in table.iter_batches(columns):
                yield batch.in_order(self.column_names)


def _check_same(first: Any, other: Any) -> None:
    missing = [n for n in first.column_names if n not in set(other.column_names)]
    added = [n for n in other.column_names if n not in set(first.column_names)]
    if missing or added:
        which = (
            f"lacks column {missing[0]!r}" if missing else f"has column {added[0]!r}"
        )
        raise TableError(
            f"{other.path} {which}, unlike {first.path}: as one table, files need the "
            f"same columns. Pass them apart."
        )
