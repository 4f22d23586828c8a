"""The model file: written and read without executing anything that it says."""

from .model_file import (
    ESTIMATORS,
    MAX_BYTES,
    SavedModel,
    read_model,
    translated_errors,
    write_model,
)
from .protocols import PROTOCOL

__all__ = [
    "ESTIMATORS",
    "MAX_BYTES",
    "PROTOCOL",
    "SavedModel",
    "read_model",
    "translated_errors",
    "write_model",
]
