"""Errors as sentences."""

from __future__ import annotations

from ..exceptions import AeanomalyError, ColumnWarning

# Errors that a user can cause, and whose text says what to do.
_EXPECTED = (AeanomalyError, ColumnWarning, ValueError, OSError, ImportError)


def in_a_sentence(error: Exception) -> str:
    """Return an error as one line."""
    text = " ".join(str(error).split())
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}."
    if isinstance(error, _EXPECTED) and text:
        return text
    if isinstance(error, MemoryError):
        return "There is not enough memory. Pass fewer rows or columns."
    return (
        f"Unexpected {type(error).__name__}: {text}. Run `python -X dev -m aeanomaly` "
        f"with the same arguments for a traceback to report."
    )
