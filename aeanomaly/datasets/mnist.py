"""MNIST from a local archive; nothing is downloaded."""

from __future__ import annotations

import os
import zipfile
import zlib
from pathlib import Path

import numpy as np

_KEYS = ("x_train", "y_train", "x_test", "y_test")


def load_mnist(path: str | os.PathLike | None = None):
    """Load the MNIST digits from an ``.npz`` file on this computer.

    Parameters
    ----------
    path : str or path-like, default=None
        The archive, with the arrays ``x_train``, ``y_train``, ``x_test`` and
        ``y_test``. With ``None`` it is the file that Keras keeps:
        ``$KERAS_HOME/datasets/mnist.npz``, or ``~/.keras/datasets/mnist.npz`` where
        that variable is not set.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : tuple of tuples of ndarray
        Images of shape (n_images, height, width), grey levels from 0 to 255, and
        their digits of shape (n_images,); all of dtype uint8. The original archive
        has 60,000 and 10,000 images of 28 by 28 pixels.

    Raises
    ------
    FileNotFoundError
        If there is no such file. It is never downloaded.
    ValueError
        If the file is not an ``.npz`` archive, is damaged, or does not hold the four
        arrays as uint8 images with a label each.

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, Y. Bengio, P. Haffner (1998). Gradient-based learning
       applied to document recognition. Proceedings of the IEEE 86(11), 2278-2324.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from aeanomaly.datasets import load_mnist
    >>> images, digits = np.zeros((3, 28, 28), "uint8"), np.arange(3, dtype="uint8")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "mnist.npz")
    ...     np.savez(path, x_train=images, y_train=digits, x_test=images, y_test=digits)
    ...     (x_train, y_train), (x_test, y_test) = load_mnist(path)
    >>> x_train.shape, y_train
    ((3, 28, 28), array([0, 1, 2], dtype=uint8))
    """
    archive = _keras_cache() if path is None else Path(path)
    if not archive.is_file():
        raise FileNotFoundError(
            f"There is no MNIST archive at {str(archive)!r}, and load_mnist downloads "
            "nothing. Run keras.datasets.mnist.load_data() once, which stores it in "
            "the Keras cache, or pass the path of a copy: load_mnist(path)."
        )
    arrays = _read_arrays(archive)
    for part in ("train", "test"):
        _check_part(archive, part, arrays[f"x_{part}"], arrays[f"y_{part}"])
    return (
        (arrays["x_train"], arrays["y_train"]),
        (arrays["x_test"], arrays["y_test"]),
    )


def _keras_cache() -> Path:
    home = os.environ.get("KERAS_HOME") or Path("~", ".keras")
    return Path(home).expanduser() / "datasets" / "mnist.npz"


def _read_arrays(archive: Path) -> dict[str, np.ndarray]:
    # np.load would also take an .npy file or a pickle: decide before it looks inside.
    if not zipfile.is_zipfile(archive):
        raise ValueError(
            f"{str(archive)!r} is not an .npz archive, or it is cut short. Expected an "
            f"archive with the arrays {', '.join(_KEYS)}."
        )
    try:
        with np.load(archive, allow_pickle=False) as stored:
            missing = [key for key in _KEYS if key not in stored]
            if not missing:
                return {key: stored[key] for key in _KEYS}
            found = ", ".join(stored.files) or "nothing"
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise ValueError(
            f"The archive {str(archive)!r} cannot be read: {error} Get a fresh copy."
        ) from error
    raise ValueError(
        f"The archive {str(archive)!r} lacks {', '.join(missing)}. It must hold "
        f"{', '.join(_KEYS)}; it holds {found}."
    )


def _check_part(archive: Path, part: str, images, labels) -> None:
    for name, array, ndim in (("x", images, 3), ("y", labels, 1)):
        if array.dtype != np.uint8 or array.ndim != ndim:
            raise ValueError(
                f"{name}_{part} in {str(archive)!r} must be a uint8 array with {ndim} "
                f"dimension(s). Got dtype {array.dtype} and shape {array.shape}."
            )
    if len(images) != len(labels):
        raise ValueError(
            f"x_{part} and y_{part} in {str(archive)!r} must have the same length. "
            f"Got {len(images)} and {len(labels)}."
        )
