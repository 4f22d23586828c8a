"""How many threads the libraries use that multiply matrices."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def use_one_thread() -> None:
    """Let this process multiply with one thread, unless the user has said how many.

    With another number the last digits of scores are others, so that a run that is
    taken up by more or fewer processes, or on another machine, would not write the same
    rows. More threads made scoring no faster, and took three times the processor time.
    """
    # They are read once, when NumPy is imported.
    if "numpy" not in sys.modules and not any(
        name in os.environ for name in _VARIABLES
    ):
        os.environ.update(_of_one())


@contextlib.contextmanager
def one_thread_in_children() -> Iterator[None]:
    """Start processes that multiply with one thread, unless the user has said more."""
    added = {} if any(name in os.environ for name in _VARIABLES) else _of_one()
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


def _of_one() -> dict[str, str]:
    return dict.fromkeys(_VARIABLES, "1")
