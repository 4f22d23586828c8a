"""Which file of a folder, or of several files, becomes which output."""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import NamedTuple

from ...exceptions import TableError
from ...tables import STANDARD_STREAM, has_format, part_files


class Part(NamedTuple):
    """An input, and the output that it becomes.

    Parameters
    ----------
    name : str
        Path below the output's folder, with slashes: what the manifest calls it.
    source, target : Path
    """

    name: str
    source: Path
    target: Path


def writes_parts(output: str, tables: list[str]) -> bool:
    """Return whether an output is a folder, of a part for each input.

    It is where it ends in a slash, and where its name has no ending of a table and is
    that of a folder, or has none at all while there are several inputs.
    """
    if output == STANDARD_STREAM:
        return False
    if output.endswith(tuple(filter(None, (os.sep, os.altsep)))):
        return True
    path = Path(output)
    if has_format(path):
        return False
    return path.is_dir() or not (path.suffix or path.exists() or _is_one(tables))


def _is_one(tables: list[str]) -> bool:
    """Return whether tables are one file, there or not."""
    if len(tables) != 1:
        return False
    path = Path(tables[0])
    return not path.is_dir() and (path.exists() or not glob.has_magic(tables[0]))


def find_parts(tables: list[str], output: str) -> list[Part]:
    """Return the parts in the order of their names.

    Raises
    ------
    TableError
        If there is none, if two would become one file, or if an output would be the
        input of the next run.
    """
    folder = Path(output)
    parts: dict[str, Part] = {}
    for table in tables:
        if table == STANDARD_STREAM:
            raise TableError(
                f"{output} is a folder, of a part for each file, and standard input "
                f"is none. Pass files, or the name of a file to --output."
            )
        _check_apart(Path(table), folder)
        for source, name in part_files(Path(table)):
            part = Part(name.as_posix(), source, folder / name)
            if (other := parts.get(part.name)) is not None:
                raise TableError(
                    f"{other.source} and {source} would both be written to "
                    f"{part.target}. Pass them apart, each with an --output of its own."
                )
            _check_apart(source, folder)
            parts[part.name] = part
    return [parts[name] for name in sorted(parts)]


def _check_apart(table: Path, folder: Path) -> None:
    """Raise if a folder to write to is, or lies in, a folder to read."""
    read, written = table.resolve(), folder.resolve()
    holds = table.is_dir() and (read == written or read in written.parents)
    if holds or written in read.parents:
        outer, inner = (table, folder) if holds else (folder, table)
        raise TableError(
            f"{inner} lies in {outer}: the next run would read what this one writes. "
            f"Pass another --output."
        )
