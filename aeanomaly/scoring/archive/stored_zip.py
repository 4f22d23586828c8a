"""Zip files whose entries are stored as they are: written at once, read with care.

Without compression an entry takes the bytes that it claims, so that a file cannot
unpack to more than its own size.
"""

from __future__ import annotations

import hashlib
import io
import os
import struct
import zipfile
from collections.abc import Mapping

from ...exceptions import ArchiveFormatError, ArchiveIntegrityError, ArchiveSizeError
from ...files import atomic_file, kind_of_special_file

Path = str | os.PathLike[str]
Bytes = bytes | memoryview

# As many as a zip without extensions has: of a wide table two for each column.
_MAX_ENTRIES = 65_534
# An entry of the zip's directory takes 46 bytes and its name.
_MAX_DIRECTORY_BYTES = 512 * _MAX_ENTRIES
_END_RECORD = struct.Struct("<4s4H2LH")
_ZIP64_LOCATOR_BYTES = 20


def zip_bytes(entries: Mapping[str, bytes]) -> memoryview:
    """Return the bytes of a zip file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in entries.items():
            # No time of writing and no platform: equal models give equal bytes.
            info = zipfile.ZipInfo(name)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)
    return buffer.getbuffer()


def write_file(path: Path, content: memoryview) -> None:
    """Write a file, in place of an older one only when it is complete.

    Raises
    ------
    OSError
        If the file cannot be written, or something other than a regular file stands
        there. An older file is left as it is.
    """
    with atomic_file(path) as temporary:
        temporary.write_bytes(content)


def read_file(path: Path, max_bytes: int) -> bytes:
    """Return the bytes of a file.

    Raises
    ------
    ArchiveFormatError
        If it is a folder, a named pipe or a device.
    ArchiveSizeError
        If it is larger than ``max_bytes``.
    OSError
        If there is no such file, or it cannot be read.
    """
    # A named pipe would else wait for somebody to write into it.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(path, flags)
    except PermissionError:
        # What Windows says of a folder.
        _check_regular(path, os.stat(path).st_mode)
        raise
    try:
        status = os.fstat(descriptor)
        _check_regular(path, status.st_mode)
    except BaseException:
        os.close(descriptor)
        raise
    with open(descriptor, "rb") as file:
        if status.st_size > max_bytes:
            raise ArchiveSizeError(
                f"{path} takes {status.st_size} bytes; allowed are {max_bytes}. Pass a "
                f"larger max_bytes if you trust it."
            )
        # No more than was promised, though the file may grow meanwhile.
        return file.read(status.st_size)


def _check_regular(path: Path, mode: int) -> None:
    if (kind := kind_of_special_file(mode)) is not None:
        raise ArchiveFormatError(
            f"{path} is {kind}, not a model file. Pass the name of a file that save "
            f"wrote."
        )


def open_zip(path: Path, content: Bytes) -> zipfile.ZipFile:
    """Open the bytes of a zip file, after a look at the sizes that it claims.

    Raises
    ------
    ArchiveFormatError
        If it is not a zip file, is truncated, or is compressed.
    ArchiveSizeError
        If it claims to hold more entries, or more bytes, than it could.
    """
    start = len(content) - _END_RECORD.size
    if start < 0 or content[start : start + 4] != b"PK\5\6":
        raise ArchiveFormatError(
            f"{path} is not an aeanomaly model, or is truncated: it does not end as a "
            f"zip file does. Save or copy the model again."
        )
    # The directory is parsed as a whole, so its size is looked at first.
    n_entries, n_directory_bytes = _END_RECORD.unpack_from(content, start)[4:6]
    locator = content[max(0, start - _ZIP64_LOCATOR_BYTES) : start]
    if (
        n_entries > _MAX_ENTRIES
        or n_directory_bytes > _MAX_DIRECTORY_BYTES
        or locator[:4] == b"PK\6\7"
    ):
        raise ArchiveSizeError(
            f"{path} claims to hold more than the {_MAX_ENTRIES} entries that are "
            f"allowed. If aeanomaly wrote it, fit fewer columns."
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
            f"Models are stored uncompressed: aeanomaly did not write it."
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
