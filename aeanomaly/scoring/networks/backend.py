"""Keras runs on several backends, and this package on TensorFlow alone."""

from __future__ import annotations

import os
import sys
from typing import Any

from ...dependencies import in_words

_BACKEND = "tensorflow"


def check_backend() -> None:
    """Raise unless Keras runs on TensorFlow, or will when it is imported.

    Raises
    ------
    ImportError
        If the environment variable KERAS_BACKEND names another backend, or Keras was
        imported with one.

    Examples
    --------
    >>> check_backend()
    """
    keras: Any = sys.modules.get("keras")
    if keras is None:
        name = os.environ.get("KERAS_BACKEND") or _BACKEND
        where = f"KERAS_BACKEND is {name!r}"
    else:
        name = keras.config.backend()
        where = f"Keras was imported with the backend {name!r}"
    if name != _BACKEND:
        raise ImportError(
            f"{where}, and aeanomaly trains with 'tensorflow' only. Set "
            f"KERAS_BACKEND=tensorflow before Keras is imported. Saved models of dense "
            f"layers are scored without Keras."
        )


def import_keras_for(what: str) -> None:
    """Import Keras, or say in a sentence what needs it.

    Parameters
    ----------
    what : str
        What cannot be done without it.

    Raises
    ------
    ImportError
        If Keras or TensorFlow is not installed, or Keras runs on another backend.
    """
    check_backend()
    try:
        import keras  # noqa: F401
    except ImportError as error:
        raise in_words(error, what) from error
