"""The package mlflow, where it is installed."""

from __future__ import annotations

import importlib
from typing import Any


def check_mlflow(*modules: str) -> Any:
    """Return the package mlflow, with some of its modules imported.

    Parameters
    ----------
    *modules : str
        Such as "pyfunc".

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        mlflow = importlib.import_module("mlflow")
    except ImportError:
        raise ImportError(
            "Logging a model needs mlflow, which is not installed. Install it with: "
            'pip install "aeanomaly[mlflow]".'
        ) from None
    for module in modules:
        importlib.import_module(f"mlflow.{module}")
    return mlflow
