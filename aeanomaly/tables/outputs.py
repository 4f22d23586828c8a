"""Checks of a path to write to: before the work, not after it."""

from __future__ import annotations

import os
from pathlib import Path

from ..exceptions import TableError
from ..files import obstacle_at
from .formats import check_format

__all__ = ["check_output", "check_target"]


def check_output(path: str | os.PathLike[str], source: str | os.PathLike[str]) -> None:
    """Raise unless a table can be written to a path.

    Parameters
    ----------
    path : str or path-like
        Path of a file that ends in .csv, .csv.gz or .parquet, in a folder that exists.
    source : str or path-like
        The table that is read meanwhile, which must be another file.

    Raises
    ------
    TableError
        If the suffix is unknown, `check_target` refuses the path, or both are one
        file.
    ImportError
        If the file is to be Parquet and pyarrow is not installed.
    """
    path = Path(path)
    check_format(path)
    check_target(path)
    if path.exists() and path.samefile(source):
        raise TableError(f"{path} is both input and output. Pass another output.")


def check_target(path: str | os.PathLike[str]) -> None:
    """Raise unless a file can be created at a path, or replaced.

    Parameters
    ----------
    path : str or path-like
        A link is followed.

    Raises
    ------
    TableError
        If the folder does not exist or is read-only, or if something other than a
        regular file stands there.
    """
    path = Path(path)
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    folder = target.parent
    if not folder.is_dir():
        raise TableError(
            f"{path} cannot be written: the folder {folder} does not exist. Create it, "
            f"or pass another path."
        )
    if not os.access(folder, os.W_OK):
        raise TableError(
            f"{path} cannot be written: the folder {folder} is read-only. Pass another "
            f"path."
        )
    if (obstacle := obstacle_at(path)) is not None:
        raise TableError(obstacle)
