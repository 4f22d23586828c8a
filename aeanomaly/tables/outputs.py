"""Checks of a path to write to: before the work, not after it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ..exceptions import TableError
from ..files import obstacle_at
from .formats import check_format
from .sources import STANDARD_STREAM

__all__ = ["check_output", "check_target"]


def check_output(
    path: str | os.PathLike[str],
    sources: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
) -> None:
    """Raise unless a table can be written to a path.

    Parameters
    ----------
    path : str or path-like
        Path of a file whose ending says its format, in a folder that exists; ``-`` is
        standard output.
    sources : str, path-like or sequence of these
        The files that are read meanwhile, which must be others.

    Raises
    ------
    TableError
        If the ending is unknown, `check_target` refuses the path, or it is among the
        files that are read.
    ImportError
        If the format needs a package that is not installed.
    """
    path = Path(path)
    if str(path) == STANDARD_STREAM:
        return
    check_format(path)
    check_target(path, sources)


def check_target(
    path: str | os.PathLike[str],
    sources: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
) -> None:
    """Raise unless a file can be created at a path, or replaced.

    Parameters
    ----------
    path : str or path-like
        A link is followed.
    sources : str, path-like or sequence of these, default=()
        The files that are read meanwhile, which must be others.

    Raises
    ------
    TableError
        If the folder does not exist or is read-only, if something other than a
        regular file stands there, or if it is among the files that are read.
    """
    path = Path(path)
    if isinstance(sources, str | os.PathLike):
        sources = [sources]
    read = [source for source in sources if os.path.exists(source)]
    if path.exists() and any(path.samefile(source) for source in read):
        raise TableError(f"{path} is both input and output. Pass another output.")
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
