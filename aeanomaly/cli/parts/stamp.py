"""What tells whether a file is still the one that it was."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import Any, NamedTuple

_BLOCK = 1 << 20
# A file that was written so shortly before may have been written again within what its
# time can tell apart; file systems count in up to two seconds.
_RECENT_NS = 2_000_000_000


class Stamp(NamedTuple):
    """Size, time and hash of a file.

    Parameters
    ----------
    bytes : int
    mtime_ns : int or None
        When it was written; None where that was too short a time before to be told
        from another writing. Where it is equal, the file is not read.
    sha256 : str
        What decides where the time is another.
    """

    bytes: int
    mtime_ns: int | None
    sha256: str

    @classmethod
    def of(cls, path: Path) -> Stamp:
        """Return the stamp of a file."""
        now, own = time.time_ns(), cls.of_own(path)
        assert own.mtime_ns is not None
        is_recent = now - own.mtime_ns < _RECENT_NS
        return own._replace(mtime_ns=None) if is_recent else own

    @classmethod
    def of_own(cls, path: Path) -> Stamp:
        """Return the stamp of a file that nobody else writes."""
        status = os.stat(path)
        return cls(status.st_size, status.st_mtime_ns, sha256_of(path))

    @classmethod
    def from_plain(cls, plain: Any) -> Stamp:
        """Return a stamp from JSON."""
        return cls(int(plain["bytes"]), plain["mtime_ns"], str(plain["sha256"]))

    def again(self, path: Path) -> Stamp | None:
        """Return the stamp of a file that is equal now; None if it is gone or another.

        Raises
        ------
        OSError
            If it cannot be read.
        """
        try:
            status = os.stat(path)
        except FileNotFoundError:
            return None
        if status.st_size != self.bytes:
            return None
        if self.mtime_ns is not None and status.st_mtime_ns == self.mtime_ns:
            return self
        found = Stamp.of(path)
        return found if found.sha256 == self.sha256 else None


def sha256_of(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
