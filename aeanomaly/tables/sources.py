"""Where the bytes of a table come from and go to: plain or compressed, or a stream."""

from __future__ import annotations

import contextlib
import gzip
import importlib.util
import os
import shutil
import sys
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from ..exceptions import TableError

STANDARD_STREAM = "-"

_COMPRESSIONS = (".gz", ".zip", ".zst")
# The first moment that a zip file can name.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
# The first bytes of a file, and the ending that it would have.
_MAGIC = {b"PAR1": ".parquet", b"\x1f\x8b": ".gz", b"\x28\xb5\x2f\xfd": ".zst"}


def split_suffix(path: str | os.PathLike[str]) -> tuple[str, str]:
    """Return the ending that says the format, and that of the compression.

    Examples
    --------
    >>> split_suffix("March.CSV.gz"), split_suffix("march.parquet")
    (('.csv', '.gz'), ('.parquet', ''))
    """
    name = Path(path).name.lower()
    compression = next((c for c in _COMPRESSIONS if name.endswith(c)), "")
    stem = name.removesuffix(compression) if compression else name
    return os.path.splitext(stem)[1], compression


class Source:
    """The bytes of a table, which can be read any number of times, one after another.

    Parameters
    ----------
    path : Path
        The path ``-`` is standard input, which is kept in a file without a name.

    Attributes
    ----------
    name : str
        What messages call it.
    suffix, compression : str
        As of `split_suffix`; of standard input by its first bytes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = str(path)
        self._spooled: Any = None
        self.suffix, self.compression = split_suffix(path)
        if self.name == STANDARD_STREAM:
            self.name = "standard input"
            # Nothing of it stays, whatever ends the process.
            self._spooled = tempfile.TemporaryFile()  # noqa: SIM115
            weakref.finalize(self, self._spooled.close)
            shutil.copyfileobj(sys.stdin.buffer, self._spooled)
            self._spooled.flush()
            self.suffix, self.compression = self._recognise()

    def _recognise(self) -> tuple[str, str]:
        with self._raw() as file:
            start = file.read(4)
        found = next((s for magic, s in _MAGIC.items() if start.startswith(magic)), "")
        if start.startswith(b"PK"):
            with self._raw() as file, zipfile.ZipFile(file) as archive:
                is_sheet = "[Content_Types].xml" in archive.namelist()
            return (".xlsx", "") if is_sheet else (".csv", ".zip")
        if found == ".parquet":
            return found, ""
        compression, self.compression = self.compression, found
        try:
            with self.open() as file:
                is_json = file.read(64).lstrip().startswith(b"{")
        finally:
            self.compression = compression
        return ".jsonl" if is_json else ".csv", found

    def _raw(self) -> BinaryIO:
        if self._spooled is None:
            return open(self.path, "rb")
        os.lseek(self._spooled.fileno(), 0, os.SEEK_SET)
        return os.fdopen(os.dup(self._spooled.fileno()), "rb")

    @contextlib.contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open the decompressed bytes."""
        with contextlib.ExitStack() as stack:
            file = stack.enter_context(self._raw())
            if self.compression == ".gz":
                opened = stack.enter_context(gzip.GzipFile(fileobj=file))
                file = cast(BinaryIO, opened)
            elif self.compression == ".zip":
                file = stack.enter_context(_only_member(file, self.name, stack))
            elif self.compression == ".zst":
                pa = _pyarrow(f"Reading {self.name}")
                file = stack.enter_context(pa.CompressedInputStream(file, "zstd"))
            yield file

    def size(self) -> int | None:
        """Return the number of bytes, None where only decompressing tells."""
        if self.compression:
            return None
        with self._raw() as file:
            return os.fstat(file.fileno()).st_size


@contextlib.contextmanager
def broken_source_errors(name: str) -> Iterator[None]:
    """Turn what a broken compressed file raises into a `TableError`."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise TableError(
            f"{name} is not a gzip file, or is truncated ({error}). Compress it again."
        ) from error
    except zipfile.BadZipFile as error:
        raise TableError(
            f"{name} is not a zip file, or is damaged ({error}). Compress it again."
        ) from error


def _only_member(file: BinaryIO, name: str, stack: contextlib.ExitStack) -> Any:
    archive = stack.enter_context(zipfile.ZipFile(file))
    members = [item for item in archive.infolist() if not item.is_dir()]
    if len(members) != 1:
        raise TableError(
            f"{name} holds {len(members)} files, and a table is one. Pass a zip file "
            f"of one table, or unpack it."
        )
    if members[0].flag_bits & 1:
        raise TableError(f"{name} is encrypted. Unpack it first.")
    return archive.open(members[0])


@contextlib.contextmanager
def open_target(path: Path, shown: Path) -> Iterator[BinaryIO]:
    """Open a file to write, compressed as the ending of its path says.

    Parameters
    ----------
    path : Path
        Where the bytes go; ``-`` is standard output.
    shown : Path
        The name that the file will have, which the member of a zip file takes.
    """
    if str(path) == STANDARD_STREAM:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    compression = split_suffix(shown)[1]
    with contextlib.ExitStack() as stack:
        member = shown.name[: -len(compression)]
        if compression == ".gz":
            raw = stack.enter_context(open(path, "wb"))
            # Neither a temporary name nor the time: equal rows are equal bytes.
            file: Any = stack.enter_context(
                gzip.GzipFile(member, "wb", fileobj=raw, mtime=0)
            )
        elif compression == ".zip":
            archive = stack.enter_context(zipfile.ZipFile(path, "w"))
            entry = zipfile.ZipInfo(member, _NO_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o600 << 16
            file = stack.enter_context(archive.open(entry, "w", force_zip64=True))
        elif compression == ".zst":
            pa = _pyarrow(f"Writing {shown}")
            file = stack.enter_context(pa.output_stream(path, compression="zstd"))
        else:
            file = stack.enter_context(open(path, "wb"))
        yield file


def check_compression(suffix: str, doing: str) -> None:
    """Raise an `ImportError` if an ending needs a package that is not installed."""
    if suffix == ".zst":
        _pyarrow(doing)


def _pyarrow(doing: str) -> Any:
    if importlib.util.find_spec("pyarrow") is None:
        raise ImportError(
            f"{doing} requires pyarrow, which knows zstd. Install it with: pip install "
            f'"aeanomaly[parquet]".'
        )
    import pyarrow as pa

    return pa
