"""Memory that TensorFlow would keep of programs that nobody uses any longer.

Two lists of the process outlive a program. The registry of gradients holds the gradient
of every operation that brings its own, and with it the whole graph around it: each
step of a Keras optimizer has one. The cache of kernels holds one for each variable that
there ever was. Together they are several megabytes a program.
"""

from __future__ import annotations

import contextlib
import gc
import weakref
from collections.abc import Iterable, Iterator
from typing import Any

_GRADIENT_ATTRIBUTE = "_gradient_op_type"
# What TensorFlow calls gradients that operations bring along; its own have the names of
# their operations, and stay.
_OF_ONE_GRAPH = "CustomGradient-"
# These lists are TensorFlow's own: where a version has them elsewhere, memory grows,
# and nothing else is amiss.
_IF_THERE = contextlib.suppress(AttributeError, ImportError)


def forget_with(program: Any, function: Any) -> None:
    """See to it that a function's gradients are forgotten when its program is.

    Parameters
    ----------
    program : object
    function : tf.types.experimental.ConcreteFunction
        What the program calls.
    """
    names: frozenset[str] = frozenset()
    with _IF_THERE:
        names = frozenset(_gradients(function.graph))
    if names:
        weakref.finalize(program, _forget, names).atexit = False


def release_unused() -> None:
    """Free what is left of programs that were forgotten.

    The kernels in use are made again, at the cost of a few milliseconds each.
    """
    # A program and its graphs refer to each other.
    gc.collect()
    with _IF_THERE:
        from tensorflow.python.eager import context

        context.context().clear_kernel_cache()


def _gradients(graph: Any) -> Iterator[str]:
    """Yield the names of gradients in a graph and in the loops within it."""
    for inner in _with_inner(graph):
        for operation in inner.get_operations():
            # Most have no such attribute, and asking for it raises an error.
            if operation.type != "IdentityN":
                continue
            try:
                name = operation.get_attr(_GRADIENT_ATTRIBUTE).decode()
            except ValueError:
                continue
            if name.startswith(_OF_ONE_GRAPH):
                yield name


def _with_inner(graph: Any) -> list[Any]:
    """Return a graph, and the graphs of the functions that it calls."""
    found, new = [graph], [graph]
    while new:
        functions = new.pop()._functions.values()
        for inner in (getattr(f, "_cached_graph", None) for f in functions):
            if inner is not None and all(inner is not known for known in found):
                found.append(inner)
                new.append(inner)
    return found


def _forget(names: Iterable[str]) -> None:
    with _IF_THERE:
        from tensorflow.python.framework import ops

        registered = ops.gradient_registry._registry
        for name in names:
            registered.pop(name, None)
