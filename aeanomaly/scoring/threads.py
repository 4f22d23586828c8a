"""Blocks of rows, worked through by as many threads as BLAS may use."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import cache
from typing import Any, TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

# Each thread holds a block and all that is computed of it, tens of megabytes; and the
# more there are, the more wait for Python's lock.
_MOST_THREADS = 4

_lock = threading.Lock()
_n_holders = 0
_limits: Any = None


def iter_results(
    function: Callable[[_Item], _Result], items: Iterable[_Item]
) -> Iterator[_Result]:
    """Yield what a function returns for each item, in their order.

    Several threads with a product each are nearly twice as fast on two cores as one
    thread whose products are divided among the cores, which takes twice the processor
    time. So there are as many threads as BLAS may use (``OMP_NUM_THREADS`` and the like
    say how many), but at most four, and each multiplies on its own. At most one result
    more is held than there are threads.

    Parameters
    ----------
    function : callable
        Called from several threads.
    items : iterable
    """
    items = list(items)
    n_threads = 1
    if len(items) > 1:
        n_threads = min(_blas_threads(), len(items), _MOST_THREADS)
    if n_threads < 2:
        yield from map(function, items)
        return
    with _one_blas_thread(), ThreadPoolExecutor(n_threads) as pool:
        waiting: deque[Future[_Result]] = deque()
        for item in items:
            # With the caller's context, in which NumPy keeps what `errstate` says.
            waiting.append(pool.submit(copy_context().run, function, item))
            if len(waiting) > n_threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@cache
def _blas() -> Any:
    """Return what sets the threads of BLAS, None where threadpoolctl is missing.

    scikit-learn brings it; scoring alone may go without, in the caller's thread.
    """
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None
    return ThreadpoolController().select(user_api="blas")


def _blas_threads() -> int:
    """Return how many threads a product may use; one while another call holds them."""
    blas = _blas()
    if blas is None or _n_holders:
        return 1
    return max((one.num_threads for one in blas.lib_controllers), default=1)


@contextlib.contextmanager
def _one_blas_thread() -> Iterator[None]:
    """Hold BLAS to one thread until the last of those who ask for it has left.

    The setting is the process's: of two callers in turns, the second would otherwise
    take the first one's for the user's.
    """
    global _n_holders, _limits
    with _lock:
        _n_holders += 1
        if _n_holders == 1:
            _limits = _blas().limit(limits=1)
    try:
        yield
    finally:
        with _lock:
            _n_holders -= 1
            if not _n_holders:
                _limits.restore_original_limits()
                _limits = None
