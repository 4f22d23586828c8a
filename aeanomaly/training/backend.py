"""Import of TensorFlow and Keras without the lines that nobody asked for."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator

from ..dependencies import in_words
from ..scoring.networks.backend import check_backend

# What C++ code prints of itself: a letter or a date, the place in its source.
_START_UP = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog\(\)"
    rb"|[IWEF]\d{4} [\d:. ]+\d+ [\w./-]+:\d+\]"
    rb"|\d{4}-\d\d-\d\d [\d:.]+: [IWEF] [\w./-]+:\d+\]"
    rb"|To enable the following instructions: "
)
_LEVEL = "TF_CPP_MIN_LOG_LEVEL"


def import_keras_quietly() -> None:
    """Import TensorFlow and Keras without the lines that their C++ code prints.

    The log level silences TensorFlow once it runs. What it prints before it has read
    the level goes straight to file descriptor 2, which a file stands for meanwhile; all
    that is not such a line is written to standard error afterwards. An exception still
    reaches the caller. Nothing is done if Keras is there already.

    Raises
    ------
    ImportError
        If TensorFlow or Keras is not installed, or Keras runs on another backend.
    """
    check_backend()
    if "keras" in sys.modules and "tensorflow" in sys.modules:
        return
    os.environ.setdefault(_LEVEL, "3")
    with _without_start_up_lines():
        try:
            import keras  # noqa: F401
            import tensorflow  # noqa: F401
        except ImportError as error:
            raise in_words(error, "Training") from error


@contextlib.contextmanager
def _without_start_up_lines() -> Iterator[None]:
    """Keep back what is written to file descriptor 2, and then what C++ code prints."""
    try:
        kept = os.dup(2)
    except OSError:  # There is none: nothing to keep back.
        yield
        return
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            said.seek(0)
            with contextlib.suppress(OSError):
                for line in said:
                    if not _START_UP.match(line):
                        os.write(2, line)
