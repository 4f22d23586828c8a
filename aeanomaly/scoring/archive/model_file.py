"""The model file (``.aea``): a zip of JSON and arrays that is safe to read.

::

    model.aea
    ├── manifest.json       protocol, versions, estimator, model, reduction,
    │                       threshold, and dtype, shape and SHA-256 of each array
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
from collections.abc import Iterable, Iterator, Mapping
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
from ...printable import printable, quoted
from ..calibration import Calibration
from ..model import Model
from ..parts import Reduction
from ..scorer import Scorer
from .audit import audit
from .classes import model_classes, own_classes
from .protocols import PROTOCOL, upgrade
from .serialization import ARRAY_DTYPES, class_names, from_plain, to_plain
from .stored_zip import (
    Bytes,
    Path,
    open_zip,
    read_entry,
    read_file,
    write_file,
    zip_bytes,
)

# Which estimators a file can hold, and whether they have a score and a threshold.
ESTIMATORS: Mapping[str, bool] = {
    "AutoencoderOutlierDetector": True,
    "AutoencoderTransformer": False,
}

# Two gibibytes: far more than any model of a table needs.
MAX_BYTES = 2**31
_MAX_NPY_HEADER = 1_024
# Of the size that is allowed for a file: what JSON describes takes up to twenty times
# the memory that its text takes.
_MANIFEST_SHARE = 32
_MAX_OBJECTS = 2_000_000
# Characters of an error: it may repeat what a stranger wrote.
_SHOWN = 600

_OBJECTS = ("model", "reduction", "calibration", "usual")
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
    model : Model
    scorer : Scorer or None
        None where the estimator has no score.
    offset : float or None
        The threshold: rows that score below it are outliers. None without one.
    calibration : Calibration or None
        Scores of unseen normal rows. None without a threshold, and in files of
        protocols 1 and 2.
    manifest : dict
        All else that the file says, as plain JSON: "protocol", "written_by",
        "state" of the estimator, and so on.
    arrays : dict of str to ndarray
        The arrays, by the names that the manifest uses.
    """

    estimator: str
    model: Model
    scorer: Scorer | None
    offset: float | None
    calibration: Calibration | None
    manifest: dict[str, Any]
    arrays: dict[str, np.ndarray]


def write_model(
    path: Path,
    *,
    estimator: str,
    model: Model,
    reduction: Reduction | None,
    offset: float | None,
    calibration: Calibration | None = None,
    version: str,
    usual: Any = None,
    state: Any = None,
    state_arrays: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Write a model file, in place of an older one only when it is complete.

    It is read again before it is put there, so that no file is left which
    `read_model` refuses.

    Parameters
    ----------
    path : str or path-like
    estimator : str
        A key of `ESTIMATORS`.
    model : Model
    reduction : Reduction or None
        None where the estimator has no score.
    offset : float or None
    calibration : Calibration or None, default=None
        Scores of unseen normal rows.
    version : str
        Version of aeanomaly.
    usual : tuple of Usual or None, default=None
        What training rows showed of each column; see `Scorer`.
    state : plain JSON, default=None
        What rebuilds the estimator around its model.
    state_arrays : mapping of str to ndarray, default=None
        Arrays that `state` refers to.

    Raises
    ------
    TypeError
        If the model holds a value that a file cannot hold.
    ArchiveError
        If what was written could not be read.
    OSError
        If the file cannot be written. An older file is left as it is.
    """
    arrays = dict(state_arrays or {})
    own = own_classes(model, reduction)
    classes = model_classes(own)
    manifest = {
        "protocol": PROTOCOL,
        "written_by": {
            "aeanomaly": version,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "estimator": estimator,
        "offset": offset,
        "model": to_plain(model, arrays, classes, "model"),
        "reduction": to_plain(reduction, arrays, classes, "reduction"),
        "calibration": to_plain(calibration, arrays, classes, "calibration"),
        "usual": to_plain(usual, arrays, classes, "usual"),
        "state": state,
    }
    content = zip_bytes(_entries(manifest, arrays))
    _parse(path, content, own)
    write_file(path, content)


def _entries(
    manifest: dict[str, Any], arrays: Mapping[str, np.ndarray]
) -> dict[str, bytes]:
    """Return the contents of the zip file, by name."""
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
    return {_MANIFEST: text, _SIGNATURE: signature} | entries


def _entry_name(array_name: str) -> str:
    return f"arrays/{array_name}.npy"


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def read_model(
    path: Path, *, classes: Iterable[type] = (), max_bytes: int = MAX_BYTES
) -> SavedModel:
    """Read a model file; with NumPy alone, and whoever wrote it.

    Parameters
    ----------
    path : str or path-like
    classes : iterable of type, default=()
        Parts of a score and kinds of column of a user's own.
    max_bytes : int, default=2147483648
        Size beyond which a file is refused.

    Returns
    -------
    SavedModel

    Raises
    ------
    ArchiveFormatError
        If the file is not a model, is truncated, or describes one that cannot score.
    ArchiveProtocolError
        If a newer aeanomaly wrote it.
    ArchiveIntegrityError
        If its contents differ from what was written.
    ArchiveSizeError
        If it is, or claims to be, too large.
    OSError
        If there is no such file, or it cannot be read.
    """
    return _parse(path, read_file(path, max_bytes), classes, max_bytes)


def _parse(
    path: Path, content: Bytes, own: Iterable[type], max_bytes: int = MAX_BYTES
) -> SavedModel:
    classes = model_classes(own)
    with translated_errors(path), open_zip(path, content) as archive:
        manifest = _read_manifest(path, archive, max_bytes // _MANIFEST_SHARE)
        _check_protocol(path, manifest)
        _check_entries(path, archive, manifest)
        arrays = {
            name: _read_array(path, archive, name, entry)
            for name, entry in manifest["arrays"].items()
        }
        manifest = upgrade(manifest)
        _check_header(path, manifest, classes)
        model = from_plain(manifest["model"], arrays, classes)
        reduction = from_plain(manifest["reduction"], arrays, classes)
        if not isinstance(model, Model):
            raise ValueError("the manifest does not describe a model")
        has_score = ESTIMATORS[manifest["estimator"]]
        if not isinstance(reduction, Reduction if has_score else type(None)):
            raise ValueError(f"{manifest['estimator']} cannot have this reduction")
        calibration = from_plain(manifest["calibration"], arrays, classes)
        _check_calibration(calibration, has_score)
        usual = from_plain(manifest["usual"], arrays, classes)
        scorer = None if reduction is None else Scorer(model, reduction, usual)
        audit(model, scorer)
        return SavedModel(
            manifest["estimator"],
            model,
            scorer,
            manifest["offset"],
            calibration,
            manifest,
            arrays,
        )


@contextmanager
def translated_errors(path: Path) -> Iterator[None]:
    """Turn whatever hostile contents raise into an `ArchiveError`.

    Three parsers (zip, JSON, npy) and the constructors raise a dozen kinds of error,
    and they promise nothing about what they raise: hence every `Exception`.
    """
    try:
        yield
    except (ArchiveError, ImportError):
        raise
    except MemoryError as error:
        raise ArchiveSizeError(f"{path} needs more memory than there is.") from error
    except Exception as error:
        raise ArchiveFormatError(
            f"{path} does not describe a model that this aeanomaly knows "
            f"({type(error).__name__}: {printable(error, _SHOWN)}). Save the model "
            f"again; if a newer aeanomaly wrote it, upgrade."
        ) from error


def _read_manifest(
    path: Path, archive: zipfile.ZipFile, max_bytes: int
) -> dict[str, Any]:
    if not {_MANIFEST, _SIGNATURE}.issubset(archive.namelist()):
        raise ArchiveFormatError(
            f"{path} is a zip file, but not an aeanomaly model: it lacks {_MANIFEST} "
            f"or {_SIGNATURE}. Pass a file that save wrote."
        )
    signature = archive.read(_SIGNATURE).decode("ascii", "replace")
    n_bytes = archive.getinfo(_MANIFEST).file_size
    if n_bytes > max_bytes:
        raise ArchiveSizeError(
            f"{path} has a manifest of {n_bytes} bytes; allowed are {max_bytes}. Pass "
            f"a larger max_bytes if you trust it."
        )
    text = read_entry(path, archive, _MANIFEST, signature)
    if text.count(b"[") + text.count(b"{") > _MAX_OBJECTS:
        raise ArchiveSizeError(
            f"{path} has a manifest of more than {_MAX_OBJECTS} objects. aeanomaly did "
            f"not write it."
        )
    manifest = json.loads(text)
    if not isinstance(manifest, dict):
        raise ValueError("the manifest is not a JSON object")
    return manifest


def _check_protocol(path: Path, manifest: dict[str, Any]) -> None:
    protocol = manifest["protocol"]
    if not isinstance(protocol, int) or protocol < 1:
        raise ValueError(f"{protocol!r} is not the number of a protocol")
    if protocol > PROTOCOL:
        raise ArchiveProtocolError(
            f"{path} was written with archive protocol {protocol}; this aeanomaly "
            f"reads up to {PROTOCOL}. Upgrade aeanomaly to read it."
        )


def _check_header(
    path: Path, manifest: dict[str, Any], classes: Mapping[str, type]
) -> None:
    """Check what the manifest says before anything is built from it."""
    for name in class_names([manifest[key] for key in _OBJECTS]):
        if name not in classes:
            raise ArchiveFormatError(
                f"{path} holds an object of {quoted(name)}, a class that aeanomaly "
                f"does not define. If you trust it, import the class and load the "
                f"model with aeanomaly.load(path, classes=[...])."
            )
    estimator, offset = manifest["estimator"], manifest["offset"]
    if estimator not in ESTIMATORS:
        raise ValueError(f"the estimator {estimator!r} is unknown")
    if not isinstance(offset, float if ESTIMATORS[estimator] else type(None)):
        raise TypeError(f"{offset!r} is not a threshold of an {estimator}")
    if offset is not None and not math.isfinite(offset):
        raise ValueError(f"a threshold of {offset} is not a finite number")


def _check_calibration(calibration: Any, has_score: bool) -> None:
    if calibration is None:
        return
    if not (has_score and isinstance(calibration, Calibration)):
        raise ValueError("the manifest does not describe a calibration")
    calibration.check()


def _check_entries(
    path: Path, archive: zipfile.ZipFile, manifest: dict[str, Any]
) -> None:
    """Check that the file holds exactly the entries that its manifest lists."""
    for name in manifest["arrays"]:
        if not _ARRAY_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not the name of an array")
    listed = [_MANIFEST, _SIGNATURE, *map(_entry_name, manifest["arrays"])]
    found = archive.namelist()
    if sorted(found) != sorted(listed):
        odd = sorted(set(found) ^ set(listed)) or ["an entry that appears twice"]
        raise ArchiveIntegrityError(
            f"{path} does not hold what its manifest lists: it differs in "
            f"{printable(odd[0])}. Save or copy the model again."
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
