"""``aeanomaly export``: a model file as a file for another runtime."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..exceptions import TableError
from ..scoring.archive import read_model
from ..tables.outputs import check_target
from .column_choice import chosen_columns
from .terminal import say

_ENDING = ".onnx"


def run(arguments: argparse.Namespace) -> None:
    """Write the graph of a saved detector or transformer."""
    from ..onnx import convert

    path = Path(arguments.onnx)
    if path.suffix.lower() != _ENDING:
        # Another model file, given by mistake, would be replaced.
        raise TableError(
            f"--onnx {path}: the name of an ONNX file ends in {_ENDING}. Name another."
        )
    check_target(path, arguments.model)
    typed = []
    if arguments.typed:
        names = read_model(arguments.model).model.encoding.names
        typed = chosen_columns(
            arguments.typed, list(map(str, names)), "--typed", "model"
        )
    convert(arguments.model, path, typed=typed)
    if not arguments.quiet:
        say(f"Wrote {arguments.model} to {path}, as an ONNX graph.")
