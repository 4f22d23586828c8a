"""Converters: for each class of a model, the function that writes it into a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..exceptions import ExportError


class Converters:
    """Functions that write objects of some classes into a graph.

    A class that inherits from one of them may compute something else: it needs a
    converter of its own.

    Parameters
    ----------
    noun : str
        What the objects are, for errors.
    name : str
        What this registry is called in `aeanomaly.onnx`.
    reasons : dict of type to str, default=None
        Why classes of the package have none.

    Examples
    --------
    >>> converters = Converters("part of the score", "PARTS")
    >>> @converters.register(int)
    ... def write_int(part):
    ...     return part + 1
    >>> converters.of(1)(1)
    2
    >>> converters.of(1.5)
    Traceback (most recent call last):
    aeanomaly.exceptions.ExportError: The part of the score float has no ONNX \
converter. Register one with aeanomaly.onnx.PARTS.register(float).
    """

    def __init__(
        self, noun: str, name: str, reasons: dict[type, str] | None = None
    ) -> None:
        self._noun, self._name = noun, name
        self._reasons = reasons or {}
        self._functions: dict[type, Callable[..., Any]] = {}

    def register(self, *classes: type) -> Callable[[Any], Any]:
        """Return a decorator that makes a function the converter of classes."""

        def decorate(function: Any) -> Any:
            self._functions.update(dict.fromkeys(classes, function))
            return function

        return decorate

    def of(self, one: Any, where: str = "") -> Callable[..., Any]:
        """Return the converter of an object.

        Parameters
        ----------
        one : object
        where : str, default=""
            Such as " of column 'amount'", for the error.

        Raises
        ------
        ExportError
            If its class has none.
        """
        cls = type(one)
        if cls in self._functions:
            return self._functions[cls]
        reason = self._reasons.get(
            cls,
            f"Register one with aeanomaly.onnx.{self._name}.register({cls.__name__}).",
        )
        raise ExportError(
            f"The {self._noun} {cls.__name__}{where} has no ONNX converter. {reason}"
        )
