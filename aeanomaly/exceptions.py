"""Errors of aeanomaly.

::

    AeanomalyError
    ├── ColumnError(ValueError)          a column is missing, unknown or of another kind
    │   └── InfiniteValueError           a column holds infinite values
    ├── TrainingError(ValueError)        training ended with weights that are not finite
    ├── TableError(ValueError)           a table file cannot be read or written
    ├── ExportError(ValueError)          a model cannot be written as ONNX
    ├── StateError(ValueError)           a file is not the state of a drift watch
    └── ArchiveError(ValueError)         a model file cannot be read
        ├── ArchiveFormatError           it is not an aeanomaly archive, or is truncated
        ├── ArchiveProtocolError         a newer aeanomaly wrote it
        ├── ArchiveIntegrityError        its contents differ from what was written
        └── ArchiveSizeError             it claims to be larger than allowed

    ColumnWarning(UserWarning)           a column is read otherwise than it stands there
    └── UnreadCellsWarning               some of its cells could not be read

To stop at cells that could not be read, make errors of their warnings:
``warnings.simplefilter("error", UnreadCellsWarning)``.

Wrong parameters raise scikit-learn's `InvalidParameterError`, unfitted estimators
its `NotFittedError`.
"""

from __future__ import annotations

__all__ = [
    "AeanomalyError",
    "ArchiveError",
    "ArchiveFormatError",
    "ArchiveIntegrityError",
    "ArchiveProtocolError",
    "ArchiveSizeError",
    "ColumnError",
    "ColumnWarning",
    "ExportError",
    "InfiniteValueError",
    "StateError",
    "TableError",
    "TrainingError",
    "UnreadCellsWarning",
]


class AeanomalyError(Exception):
    """Base of all errors that aeanomaly defines."""


class ColumnError(AeanomalyError, ValueError):
    """A column is missing, unknown, or of another kind than in `fit`."""


class InfiniteValueError(ColumnError):
    """A column holds infinite values."""


class ColumnWarning(UserWarning):
    """A column is left out, or read otherwise than it stands there."""


class UnreadCellsWarning(ColumnWarning):
    """Cells that are neither numbers nor times, as the column is, count as missing.

    Parameters
    ----------
    column : str or int
    n_unread : int
        Cells that could not be read.
    noun : str
        What they are not: "a number".
    example : str
        One of them.
    in_training : bool, default=False
        Whether they are cells that `fit` was given.
    """

    def __init__(
        self,
        column: object,
        n_unread: int,
        noun: str,
        example: object,
        in_training: bool = False,
    ) -> None:
        self.column = column
        self.n_unread = n_unread
        self.noun = noun
        self.example = example
        self.in_training = in_training
        super().__init__(column, n_unread, noun, example, in_training)

    def __str__(self) -> str:
        cells = "cell is" if self.n_unread == 1 else "cells are"
        return (
            f"Column {self.column!r}: {self.n_unread:,} {cells} not {self.noun}, such "
            f"as {self.example!r}. What cannot be read is missing."
        )

    def __add__(self, other: UnreadCellsWarning) -> UnreadCellsWarning:
        """Return the warning of both, with the first example."""
        n_unread = self.n_unread + other.n_unread
        return UnreadCellsWarning(self.column, n_unread, self.noun, self.example)


class TrainingError(AeanomalyError, ValueError):
    """Training diverged: its losses or weights are not finite."""


class TableError(AeanomalyError, ValueError):
    """A table file cannot be read or written."""


class ExportError(AeanomalyError, ValueError):
    """A model holds something that an ONNX graph cannot compute."""


class StateError(AeanomalyError, ValueError):
    """A file is not the state of a drift watch."""


class ArchiveError(AeanomalyError, ValueError):
    """A model file cannot be read."""


class ArchiveFormatError(ArchiveError):
    """A file is not an aeanomaly archive, or is truncated."""


class ArchiveProtocolError(ArchiveError):
    """A file was written with a protocol that this version does not know."""


class ArchiveIntegrityError(ArchiveError):
    """The contents of a file differ from what was written."""


class ArchiveSizeError(ArchiveError):
    """A file claims to hold more than a reader should accept."""
