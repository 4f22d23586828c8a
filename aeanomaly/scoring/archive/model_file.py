"""The model file (``.aea``): a zip of JSON and arrays that is safe to read.

::

    model.aea
    ├── manifest.json       protocol, versions, estimator, scorer, threshold, and
    │                       dtype, shape and SHA-256 of each array
    ├── manifest.sha256     SHA-256 of manifest.json
    └── arrays/<path>.npy   one for each array, named by its place in the manifest

Entries are stored, not compressed, so a file cannot claim to be larger than it is.
Nothing in a file is ever imported or executed, and nothing is extracted to disk.
Reading needs NumPy only.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import platform
import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...exceptions import (
    ArchiveError,
    ArchiveFormatError,
    ArchiveIntegrityError,
    ArchiveProtocolError,
    ArchiveSizeError,
)
from ..scorer import Scorer
from .consistency import check_scorer
from .serialization import (
    ARRAY_DTYPES,
    class_names,
    from_plain,
    scorer_classes,
    to_plain,
)
from .stored_zip import Path, open_zip, read_entry, read_file, write_zip

# Raise it when files change so that older versions misread them; keep reading all
# lower numbers, and check in a file of each (tests/data). A new field with a default,
# or a new class, needs no new number. Whatever the protocol, a file holds
# manifest.json, with "protocol" in it, and manifest.sha256.
PROTOCOL = 1

# Which estimators a file can hold, and whether they have a threshold.
ESTIMATORS: Mapping[str, bool] = {
    "AutoencoderOutlierDetector": True,
    "AutoencoderTransformer": False,
}

# Two gibibytes: far more than any model of a table needs.
MAX_BYTES = 2**31
_MAX_NPY_HEADER = 1_024

_MANIFEST = "manifest.json"
_SIGNATURE = "manifest.sha256"
_ARRAY_NAME = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*")


@dataclass(frozen=True)
class SavedModel:
    """What a model file holds.

    Parameters
    ----------
    estimator : str
        Class name of the estimator.
    scorer : Scorer
    offset : float or None
        The threshold: rows that score below it are outliers. None without one.
    manifest : dict
        All else that the file says, as plain JSON: "protocol", "written_by",
        "state" of the estimator, and so on.
    arrays : dict of str to ndarray
        The arrays, by the names that the manifest uses.
    """

    estimator: str
    scorer: Scorer
    offset: float | None
    manifest: dict[str, Any]
    arrays: dict[str, np.ndarray]


def write_model(
    path: Path,
    *,
    estimator: str,
    scorer: Scorer,
    offset: float | None,
    version: str,
    state: Any = None,
    state_arrays: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Write a model file, in place of an older one only when it is complete.

    Parameters
    ----------
    path : str or path-like
    estimator : str
        A key of `ESTIMATORS`.
    scorer : Scorer
    offset : float or None
    version : str
        Of aeanomaly.
    state : plain JSON, default=None
        What rebuilds the estimator around its scorer.
    state_arrays : mapping of str to ndarray, default=None
        Arrays that `state` refers to.

    Raises
    ------
    TypeError
        If the scorer holds a value that a file cannot hold.
    OSError
        If the file cannot be written. An older file is left as it is.
    """
    arrays = dict(state_arrays or {})
    manifest = {
        "protocol": PROTOCOL,
        "written_by": {
            "aeanomaly": version,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "estimator": estimator,
        "offset": offset,
        "scorer": to_plain(scorer, arrays, scorer_classes(), "scorer"),
        "state": state,
    }
    _write_archive(path, manifest, arrays)


def _write_archive(
    path: Path,
    manifest: dict[str, Any],
    arrays: Mapping[str, np.ndarray],
) -> None:
    entries, table = {}, {}
    for name, values in arrays.items():
        if not _ARRAY_NAME.fullmatch(name):
            raise TypeError(
                f"{name} cannot be saved: a dict that holds arrays needs keys of "
                f"letters, digits and underscores."
            )
        array = np.asarray(values, values.dtype.newbyteorder("<"), order="C")
        npy = _npy(array)
        entries[_entry_name(name)] = npy
        table[name] = {
            "dtype": array.dtype.str,
            "shape": list(array.shape),
            "sha256": hashlib.sha256(npy).hexdigest(),
        }
    text = json.dumps(manifest | {"arrays": table}).encode()
    signature = hashlib.sha256(text).hexdigest().encode()
    write_zip(path, {_MANIFEST: text, _SIGNATURE: signature} | entries)


def _entry_name(array_name: str) -> str:
    return f"arrays/{array_name}.npy"


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def read_model(path: Path, *, max_bytes: int = MAX_BYTES) -> SavedModel:
    """Read a model file; with NumPy alone, and whoever wrote it.

    Parameters
    ----------
    path : str or path-like
    max_bytes : int, default=2147483648
        Size beyond which a file is refused.

    Returns
    -------
    SavedModel

    Raises
    ------
    ArchiveFormatError
        If the file is no model, is truncated, or describes no model that could score.
    ArchiveProtocolError
        If a newer aeanomaly wrote it.
    ArchiveIntegrityError
        If its contents differ from what was written.
    ArchiveSizeError
        If it is, or claims to be, too large.
    OSError
        If there is no such file, or it cannot be read.
    """
    content = read_file(path, max_bytes)
    with translated_errors(path), open_zip(path, content) as archive:
        manifest = _read_manifest(path, archive)
        _check_header(path, manifest)
        _check_entries(path, archive, manifest)
        arrays = {
            name: _read_array(path, archive, name, entry)
            for name, entry in manifest["arrays"].items()
        }
        scorer = from_plain(manifest["scorer"], arrays, scorer_classes())
        if not isinstance(scorer, Scorer):
            raise ValueError("the manifest describes no scorer")
        check_scorer(scorer)
        return SavedModel(
            manifest["estimator"], scorer, manifest["offset"], manifest, arrays
        )


@contextmanager
def translated_errors(path: Path) -> Iterator[None]:
    """Turn whatever hostile contents raise into an `ArchiveError`.

    Three parsers (zip, JSON, npy) and the constructors raise a dozen kinds of error,
    and what they raise is no promise of theirs: hence every `Exception`.
    """
    try:
        yield
    except (ArchiveError, ImportError):
        raise
    except MemoryError as error:
        raise ArchiveSizeError(f"{path} needs more memory than there is.") from error
    except Exception as error:
        raise ArchiveFormatError(
            f"{path} describes no model that this aeanomaly knows "
            f"({type(error).__name__}: {error}). Save the model again; if a newer "
            f"aeanomaly wrote it, upgrade."
        ) from error


def _read_manifest(path: Path, archive: zipfile.ZipFile) -> dict[str, Any]:
    if not {_MANIFEST, _SIGNATURE}.issubset(archive.namelist()):
        raise ArchiveFormatError(
            f"{path} is a zip file, but no aeanomaly model: it lacks {_MANIFEST} or "
            f"{_SIGNATURE}. Pass a file that save wrote."
        )
    signature = archive.read(_SIGNATURE).decode("ascii", "replace")
    manifest = json.loads(read_entry(path, archive, _MANIFEST, signature))
    if not isinstance(manifest, dict):
        raise ValueError("the manifest is no JSON object")
    return manifest


def _check_header(path: Path, manifest: dict[str, Any]) -> None:
    """Check all that the manifest says before any array is read."""
    protocol = manifest["protocol"]
    if not isinstance(protocol, int) or protocol < 1:
        raise ValueError(f"{protocol!r} is no protocol")
    if protocol > PROTOCOL:
        raise ArchiveProtocolError(
            f"{path} was written with archive protocol {protocol}; this aeanomaly "
            f"reads up to {PROTOCOL}. Upgrade aeanomaly to read it."
        )
    for name in class_names(manifest["scorer"]):
        if name not in scorer_classes():
            raise ValueError(f"the class {name!r} is unknown")
    estimator, offset = manifest["estimator"], manifest["offset"]
    if estimator not in ESTIMATORS:
        raise ValueError(f"the estimator {estimator!r} is unknown")
    if not isinstance(offset, float if ESTIMATORS[estimator] else type(None)):
        raise TypeError(f"{offset!r} is no threshold of an {estimator}")


def _check_entries(
    path: Path, archive: zipfile.ZipFile, manifest: dict[str, Any]
) -> None:
    """Check that the file holds exactly the entries that its manifest lists."""
    for name in manifest["arrays"]:
        if not _ARRAY_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of an array")
    listed = [_MANIFEST, _SIGNATURE, *map(_entry_name, manifest["arrays"])]
    found = archive.namelist()
    if sorted(found) != sorted(listed):
        odd = sorted(set(found) ^ set(listed)) or ["an entry that stands twice"]
        raise ArchiveIntegrityError(
            f"{path} does not hold what its manifest lists: it differs in {odd[0]}. "
            f"Save or copy the model again."
        )


def _read_array(
    path: Path,
    archive: zipfile.ZipFile,
    name: str,
    entry: dict[str, Any],
) -> np.ndarray:
    dtype, shape = entry["dtype"], tuple(entry["shape"])
    if dtype not in ARRAY_DTYPES:
        raise ValueError(f"array {name} is of dtype {dtype!r}, which is not allowed")
    npy = read_entry(path, archive, _entry_name(name), entry["sha256"])
    header = io.BytesIO(npy)
    if np.lib.format.read_magic(header) != (1, 0):
        raise ValueError(f"array {name} is of an unknown npy version")
    # Checked before NumPy allocates: the header may declare any shape.
    declared, fortran_order, found = np.lib.format.read_array_header_1_0(
        header, max_header_size=_MAX_NPY_HEADER
    )
    if fortran_order or found.str != dtype or declared != shape:
        raise ValueError(f"array {name} is not as the manifest describes it")
    if any(n < 0 for n in shape):
        raise ValueError(f"array {name} has a negative length")
    if math.prod(shape) * found.itemsize != len(npy) - header.tell():
        raise ValueError(f"array {name} is not as large as its shape")
    return np.frombuffer(npy, found, offset=header.tell()).reshape(shape).copy()
