"""Import of TensorFlow and Keras for programs that own their standard error."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

from ..scoring.networks.backend import check_backend


def import_keras_quietly() -> None:
    """Import TensorFlow and Keras without the lines that their C++ code prints.

    The log level silences TensorFlow once it runs. What it prints before it has read
    the level goes straight to file descriptor 2, which is closed to it meanwhile; an
    exception still reaches the caller. Not for use in a library: the descriptor is
    that of the whole process.

    Raises
    ------
    ImportError
        If TensorFlow or Keras is not installed, or Keras runs on another backend.
    """
    check_backend()
    if "keras" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _muted_standard_error():
        import keras  # noqa: F401
        import tensorflow  # noqa: F401


@contextlib.contextmanager
def _muted_standard_error() -> Iterator[None]:
    """Send file descriptor 2 to nowhere."""
    try:
        kept = os.dup(2)
    except OSError:  # There is none: nothing to mute.
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
