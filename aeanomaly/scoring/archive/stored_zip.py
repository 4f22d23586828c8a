"""Zip files whose entries are stored as they are: written at once, read with care.

Without compression an entry takes the bytes that it claims, so that a file cannot
unpack to more than its own size.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import struct
import zipfile
from collections.abc import Mapping

from ...exceptions import ArchiveFormatError, ArchiveIntegrityError, ArchiveSizeError

Path = str | os.PathLike[str]

_MAX_ENTRIES = 10_000
# An entry of the zip's directory takes 46 bytes and its name.
_MAX_DIRECTORY_BYTES = 512 * _MAX_ENTRIES
_END_RECORD = struct.Struct("<4s4H2LH")
_ZIP64_LOCATOR_BYTES = 20


def write_zip(path: Path, entries: Mapping[str, bytes]) -> None:
    """Write a zip file, in place of an older one only when it is complete.

    Raises
    ------
    OSError
        If the file cannot be written. An older file is left as it is.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in entries.items():
            # No time of writing and no platform: equal models give equal bytes.
            info = zipfile.ZipInfo(name)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)
    _replace_file(os.fspath(path), buffer.getbuffer())


def _replace_file(path: str, content: memoryview) -> None:
    """Write to a temporary file in the same folder, then rename it."""
    temporary = f"{path}.{secrets.token_hex(4)}.tmp"
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


def read_file(path: Path, max_bytes: int) -> bytes:
    """Return the bytes of a file.

    Raises
    ------
    ArchiveSizeError
        If it is larger than ``max_bytes``.
    OSError
        If there is no such file, or it cannot be read.
    """
    with open(path, "rb") as file:
        n_bytes = os.fstat(file.fileno()).st_size
        if n_bytes > max_bytes:
            raise ArchiveSizeError(
                f"{path} takes {n_bytes} bytes; allowed are {max_bytes}. Pass a larger "
                f"max_bytes if you trust it."
            )
        return file.read()


def open_zip(path: Path, content: bytes) -> zipfile.ZipFile:
    """Open the bytes of a zip file, after a look at the sizes that it claims.

    Raises
    ------
    ArchiveFormatError
        If it is no zip file, is truncated, or is compressed.
    ArchiveSizeError
        If it claims to hold more entries, or more bytes, than it could.
    """
    start = len(content) - _END_RECORD.size
    if start < 0 or content[start : start + 4] != b"PK\5\6":
        raise ArchiveFormatError(
            f"{path} is no aeanomaly model, or is truncated: it does not end as a zip "
            f"file does. Save or copy the model again."
        )
    # The directory is parsed as a whole, so its size is looked at first.
    n_entries, n_directory_bytes = _END_RECORD.unpack_from(content, start)[4:6]
    locator = content[max(0, start - _ZIP64_LOCATOR_BYTES) : start]
    if (
        n_entries > _MAX_ENTRIES
        or n_directory_bytes > _MAX_DIRECTORY_BYTES
        or locator.startswith(b"PK\6\7")
    ):
        raise ArchiveSizeError(
            f"{path} claims to hold more than the {_MAX_ENTRIES} entries that are "
            f"allowed. It is no model that aeanomaly wrote."
        )
    archive = zipfile.ZipFile(io.BytesIO(content))
    _check_sizes(path, archive, len(content))
    return archive


def _check_sizes(path: Path, archive: zipfile.ZipFile, n_bytes: int) -> None:
    infos = archive.infolist()
    total = sum(info.file_size for info in infos)
    if total > n_bytes:
        raise ArchiveSizeError(
            f"{path} claims to unpack to {total} bytes, more than its own {n_bytes}. "
            f"Models are stored uncompressed: it is none that aeanomaly wrote."
        )
    if any(info.compress_type != zipfile.ZIP_STORED for info in infos):
        raise ArchiveFormatError(
            f"{path} is compressed. Models are stored uncompressed: save it again."
        )


def read_entry(path: Path, archive: zipfile.ZipFile, name: str, sha256: str) -> bytes:
    """Return the bytes of an entry.

    Raises
    ------
    ArchiveIntegrityError
        If the entry is damaged or has another SHA-256.
    """
    try:
        content = archive.read(name)
    except (zipfile.BadZipFile, EOFError, RuntimeError) as error:
        raise ArchiveIntegrityError(
            f"{path} is damaged in {name} ({error}). Save or copy the model again."
        ) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ArchiveIntegrityError(
            f"{path} was changed after it was written: the SHA-256 of {name} differs. "
            f"Save or copy the model again."
        )
    return content
