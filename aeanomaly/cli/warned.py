"""Warnings as lines on standard error, those of unread cells counted first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..exceptions import UnreadCellsWarning
from .parameter_names import in_options
from .terminal import complain


class WarningLines:
    """Writes warnings, each as one line; a column's unread cells once for all batches.

    Parameters
    ----------
    name : str
        What lines begin with.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._of_fit: set[Any] = set()
        self._unread: dict[Any, UnreadCellsWarning] = {}

    def show(self, message: Warning | str, *_: Any, **__: Any) -> None:
        """Take the place of ``warnings.showwarning``."""
        if not isinstance(message, UnreadCellsWarning):
            self._write(message)
        elif message.in_training:
            self._of_fit.add(message.column)
            self._write(message)
        elif message.column not in self._of_fit:
            known = self._unread.get(message.column)
            self._unread[message.column] = known + message if known else message

    def close(self) -> None:
        """Write what was counted."""
        for message in self._drained():
            self._write(message)

    def _drained(self) -> Iterator[UnreadCellsWarning]:
        while self._unread:
            yield self._unread.pop(next(iter(self._unread)))

    def _write(self, message: Warning | str) -> None:
        text = in_options(" ".join(str(message).split()))
        complain(f"{self._name}: warning: {text}")
