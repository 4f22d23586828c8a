"""Files that appear whole or not at all.

A file is written beside its place under a temporary name, and renamed when it is
complete: whoever reads it meanwhile, or after a failure, finds the older one.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

__all__ = ["TEMPORARY_MARK", "atomic_file", "kind_of_special_file", "obstacle_at"]

# In every temporary name, so that what a `kill -9` left behind can be recognised.
TEMPORARY_MARK = "aeanomaly-tmp"
# Names have 255 bytes, of which a character takes up to four.
_KEPT_NAME_LENGTH = 48
_KEPT_SUFFIXES = re.compile(r"(\.\w{1,8}){0,2}$", re.ASCII)

_KINDS = {
    stat.S_ISDIR: "a folder",
    stat.S_ISFIFO: "a named pipe",
    stat.S_ISSOCK: "a socket",
    stat.S_ISCHR: "a device",
    stat.S_ISBLK: "a device",
}

_Handler = Callable[[int, FrameType | None], None] | signal.Handlers

# Signals that end a process unless it handles them; Windows knows the first only.
_ENDING_SIGNALS = [
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)
]


@contextlib.contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path that takes the place of `path` when the block ends.

    Parameters
    ----------
    path : str or path-like
        Where the file is to be. A link is followed: it stays, and the file that it
        points to is replaced.

    Yields
    ------
    Path
        An empty file in the same folder, with the suffixes of `path`, which say how to
        write: open it by its name, and close it before the block ends.

    Raises
    ------
    OSError
        If something other than a regular file stands at `path`, or if the folder
        cannot be written to. An older file is as it was.

    Notes
    -----
    The temporary file has a random name and is created exclusively, so that nothing
    that stands there already is followed or overwritten. It reaches the disk before it
    is renamed, and has the mode and, if the system allows it, the owner of the file
    that it replaces; a new file has the mode that the umask gives.

    After an exception the temporary file is gone. In the main thread it also goes on
    SIGTERM and SIGHUP, which then end the process as they would have done. Handlers
    that the program has set itself are left alone, and so are signals while only other
    threads write: there the temporary file stays, as it does on SIGKILL.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = Path(tempfile.mkdtemp())
    >>> with atomic_file(folder / "notes.txt") as temporary:
    ...     _ = temporary.write_text("whole")
    >>> [file.name for file in folder.iterdir()]
    ['notes.txt']
    """
    # In the same folder, because a rename cannot cross file systems.
    final = Path(os.path.realpath(path))
    replaced = _status_of_replaced(final)
    temporary = final.with_name(_temporary_name(final))
    with _GUARD.watching(temporary):
        try:
            _create(temporary, final, replaced)
            yield temporary
            _complete(temporary, final)
        finally:
            temporary.unlink(missing_ok=True)
    _sync_folder(final.parent)


def obstacle_at(path: str | os.PathLike[str]) -> str | None:
    """Return what stands at a path and must not be replaced, as an error's sentence.

    Parameters
    ----------
    path : str or path-like
        A link is followed.

    Returns
    -------
    str or None
        None where there is a regular file, or nothing.
    """
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return None
    kind = kind_of_special_file(mode)
    if kind is None:
        return None
    return (
        f"{os.fspath(path)} is {kind}, and only a regular file can be replaced. Pass "
        f"the name of a file."
    )


def kind_of_special_file(mode: int) -> str | None:
    """Return what a file is, such as "a folder"; None for a regular file.

    Parameters
    ----------
    mode : int
        As `os.stat` gives it.
    """
    if stat.S_ISREG(mode):
        return None
    kinds = (kind for is_kind, kind in _KINDS.items() if is_kind(mode))
    return next(kinds, "a special file")


def _temporary_name(final: Path) -> str:
    suffixes = _KEPT_SUFFIXES.search(final.name)
    start = final.name[:_KEPT_NAME_LENGTH]
    random = secrets.token_hex(4)
    return f".{start}.{random}.{TEMPORARY_MARK}{suffixes[0] if suffixes else ''}"


def _status_of_replaced(final: Path) -> os.stat_result | None:
    """Return the status of the file to replace, None where there is none."""
    if (obstacle := obstacle_at(final)) is not None:
        raise OSError(obstacle)
    try:
        return os.stat(final)
    except FileNotFoundError:
        return None


def _create(temporary: Path, final: Path, replaced: os.stat_result | None) -> None:
    """Create the temporary file, open to nobody to whom the older file is closed."""
    mode = 0o666
    if replaced is not None:
        mode = 0o600 | stat.S_IMODE(replaced.st_mode) & 0o777
    try:
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
    except OSError as error:
        # Nobody asked for a file of the temporary name.
        raise OSError(error.errno, error.strerror, os.fspath(final)) from error


def _complete(temporary: Path, final: Path) -> None:
    """Put the temporary file on the disk, then in its place."""
    # Asked again, because writing may have taken hours.
    replaced = _status_of_replaced(final)
    with open(temporary, "r+b") as file:
        if replaced is not None:
            _take_owner_and_mode(temporary, replaced)
        os.fsync(file.fileno())
    os.replace(temporary, final)


def _take_owner_and_mode(temporary: Path, replaced: os.stat_result) -> None:
    own = os.stat(temporary)
    if (own.st_uid, own.st_gid) != (replaced.st_uid, replaced.st_gid):
        # Others than root may give a file to their own groups only.
        for owner in [(-1, replaced.st_gid), (replaced.st_uid, -1)]:
            with contextlib.suppress(PermissionError):
                os.chown(temporary, *owner)
    os.chmod(temporary, stat.S_IMODE(replaced.st_mode))


def _sync_folder(folder: Path) -> None:
    """Put a rename on the disk, where the system can."""
    if os.name == "nt":
        return
    # The file is in its place already: a file system that cannot do so is not an error.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class _SignalGuard:
    """Removes temporary files before a signal ends the process.

    Handlers are set while the main thread, the only one that may set them, has a
    temporary file; they remove those of the other threads, too.
    """

    def __init__(self) -> None:
        # With the process that made each: a fork inherits the list, not the files.
        self._owners: dict[Path, int] = {}
        self._of_main_thread: set[Path] = set()

    @contextlib.contextmanager
    def watching(self, temporary: Path) -> Iterator[None]:
        """Watch over a temporary file in the block, which creates and removes it."""
        self._owners[temporary] = os.getpid()
        if _in_main_thread():
            self._of_main_thread.add(temporary)
            self._replace_handlers(signal.SIG_DFL, self._end)
        try:
            yield
        finally:
            del self._owners[temporary]
            self._of_main_thread.discard(temporary)
            if _in_main_thread() and not self._of_main_thread:
                self._replace_handlers(self._end, signal.SIG_DFL)

    @staticmethod
    def _replace_handlers(old: _Handler, new: _Handler) -> None:
        for number in _ENDING_SIGNALS:
            if signal.getsignal(number) == old:
                signal.signal(number, new)

    def _end(self, number: int, frame: FrameType | None) -> None:
        """Remove the temporary files and end as the signal does by default."""
        for temporary, owner in list(self._owners.items()):
            if owner == os.getpid():
                with contextlib.suppress(OSError):
                    temporary.unlink()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        # Process 1, as in a container, survives the default effect.
        raise SystemExit(128 + number)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


_GUARD = _SignalGuard()
