"""TensorFlow does not survive a fork: an error in place of a process that hangs."""

from __future__ import annotations

import os

# The process whose TensorFlow has run; its threads are not there after a fork.
_started_in: list[int] = []


def use_tensorflow() -> None:
    """Say that TensorFlow is about to run.

    Raises
    ------
    RuntimeError
        If it ran in the process of which this one is a fork.
    """
    if not _started_in:
        _started_in.append(os.getpid())
    if _started_in[0] != os.getpid():
        raise RuntimeError(
            "TensorFlow ran in this process before it was forked, and would wait for "
            "ever for threads that a fork does not copy. Start processes with "
            "multiprocessing.get_context('spawn'), or with joblib's default backend "
            "loky; or train in the forked processes only."
        )
