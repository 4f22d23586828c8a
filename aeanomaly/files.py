"""Files that appear whole or not at all.

A file is written beside its place under a temporary name, and renamed when it is
complete: whoever reads it meanwhile, or after a failure, finds the older one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

__all__ = [
    "TEMPORARY_MARK",
    "atomic_file",
    "kind_of_special_file",
    "locked_folder",
    "obstacle_at",
    "remove_orphans",
]

# In every temporary name, so that what a `kill -9` left behind can be recognised.
TEMPORARY_MARK = "aeanomaly-tmp"
# Names have 255 bytes, of which a character takes up to four.
_KEPT_NAME_LENGTH = 48
# What a full disk, a quota or a limit of the process says, and no reading of a file.
_NO_SPACE = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
_KEPT_SUFFIXES = re.compile(r"(\.\w{1,8}){0,2}$", re.ASCII)
_ANY_TEMPORARY = re.compile(
    rf"\..*\.[0-9a-f]{{8}}\.{TEMPORARY_MARK}(\.\w{{1,8}}){{0,2}}",
    re.ASCII | re.DOTALL,
)

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
        If something other than a regular file stands at `path`, if the folder cannot
        be written to, or if the disk is full. An older file is as it was.

    Notes
    -----
    The temporary file has a random name and is created exclusively, so that nothing
    that stands there already is followed or overwritten. It reaches the disk before it
    is renamed, and has the mode and, if the system allows it, the owner of the file
    that it replaces; a new file has the mode that the umask gives.

    After an exception the temporary file is gone. In the main thread it also goes on
    SIGTERM and SIGHUP, which then end the process as they would have done. Handlers
    that the program has set itself are left alone, and so are signals while only other
    threads write: there the temporary file stays, as it does on SIGKILL. The next
    `atomic_file` of the same path removes it: the writer of a temporary file holds a
    lock on it, and what nobody holds is an orphan.

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
    _remove_orphans(final)
    temporary = final.with_name(_temporary_name(final))
    with _GUARD.watching(temporary), _naming(final, temporary):
        held = None
        try:
            held = _create(temporary, final, replaced)
            yield temporary
            _complete(temporary, final)
        finally:
            temporary.unlink(missing_ok=True)
            if held is not None:
                os.close(held)
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


def remove_orphans(folder: str | os.PathLike[str]) -> None:
    """Remove the temporary files in a folder that nobody is writing any more.

    `atomic_file` removes those of the file that it writes; this, those of all files.

    Parameters
    ----------
    folder : str or path-like

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / ".out.csv.0badcafe.aeanomaly-tmp.csv").touch()
    >>> remove_orphans(folder)
    >>> [*folder.iterdir()]
    []
    """
    _remove_matching(Path(folder), _ANY_TEMPORARY)


@contextlib.contextmanager
def locked_folder(folder: str | os.PathLike[str]) -> Iterator[bool]:
    """Hold a folder in the block against other runs that ask for it in this way.

    Nothing is written for it, and it ends with the process, whatever ends that.

    Parameters
    ----------
    folder : str or path-like

    Yields
    ------
    bool
        False if another run holds it. True if none does, or if the system has no
        such locks.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        # Windows opens no folders.
        yield True
        return
    try:
        yield _is_free(descriptor)
    finally:
        os.close(descriptor)


def _is_free(descriptor: int) -> bool:
    """Lock a folder unless another run holds it; where no locks are, it is free."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        return True
    return True


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
    start, end = _ends_of_name(final)
    return f"{start}{secrets.token_hex(4)}{end}"


def _ends_of_name(final: Path) -> tuple[str, str]:
    """Return how the temporary names of a file begin and end."""
    suffixes = _KEPT_SUFFIXES.search(final.name)
    start = f".{final.name[:_KEPT_NAME_LENGTH]}."
    return start, f".{TEMPORARY_MARK}{suffixes[0] if suffixes else ''}"


def _remove_orphans(final: Path) -> None:
    """Remove the temporary files of runs that were killed while they wrote a file."""
    start, end = map(re.escape, _ends_of_name(final))
    _remove_matching(final.parent, re.compile(f"{start}[0-9a-f]{{8}}{end}"))


def _remove_matching(folder: Path, names: re.Pattern[str]) -> None:
    # Whatever is in the way, of this folder or of a file, is no reason not to write.
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            if names.fullmatch(name):
                _remove_orphan(folder / name)


def _remove_orphan(temporary: Path) -> None:
    """Remove a temporary file unless somebody is writing it."""
    with contextlib.suppress(OSError):
        if not stat.S_ISREG(os.lstat(temporary).st_mode):
            return
        descriptor = os.open(temporary, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        try:
            if _lock(descriptor) is not False:
                temporary.unlink()
        finally:
            os.close(descriptor)


def _lock(descriptor: int, *, wait: bool = False) -> bool | None:
    """Lock a file for this process; return whether it could be locked.

    None where the system has no such locks: on Windows, where no file can be removed
    that somebody has open.
    """
    try:
        import fcntl
    except ImportError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


@contextlib.contextmanager
def _naming(final: Path, temporary: Path) -> Iterator[None]:
    """Let errors of writing name the file that was asked for."""
    try:
        yield
    except OSError as error:
        of_temporary = error.filename in (temporary, os.fspath(temporary))
        if error.errno in _NO_SPACE or of_temporary:
            text = os.strerror(error.errno) if error.errno else str(error)
            raise OSError(error.errno, text, os.fspath(final)) from error
        raise


def _status_of_replaced(final: Path) -> os.stat_result | None:
    """Return the status of the file to replace, None where there is none."""
    if (obstacle := obstacle_at(final)) is not None:
        raise OSError(obstacle)
    try:
        return os.stat(final)
    except FileNotFoundError:
        return None


def _create(temporary: Path, final: Path, replaced: os.stat_result | None) -> int:
    """Create the temporary file, open to nobody to whom the older file is closed.

    Returns a descriptor that holds its lock.
    """
    mode = 0o666
    if replaced is not None:
        mode = 0o600 | stat.S_IMODE(replaced.st_mode) & 0o777
    while True:
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        except OSError as error:
            # Nobody asked for a file of the temporary name.
            raise OSError(error.errno, error.strerror, os.fspath(final)) from error
        _lock(descriptor, wait=True)
        if os.path.lexists(temporary):
            return descriptor
        # Another run took it for an orphan before it was locked.
        os.close(descriptor)


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
