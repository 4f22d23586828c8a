"""Fitted estimators as ONNX graphs: raw columns in, scores out, without Python.

`AutoencoderOutlierDetector.to_onnx` writes the file, and `convert` one from a model
file. Each class of a model has a
converter, a function that writes it into a graph, in one of the registries
`COLUMNS`, `ENCODINGS`, `NETWORKS`, `REDUCTIONS` and `SCALES`; a class of your own needs
one, registered with ``REDUCTIONS.register(MyPart)``.
"""

from . import combinations, neighbours
from .columns import COLUMNS, Piece
from .encodings import ENCODINGS
from .export import convert, graph_inputs
from .graph import Graph, Value
from .networks import NETWORKS
from .parts import REDUCTIONS
from .residuals import Evaluation
from .scales import SCALES

__all__ = [
    "COLUMNS",
    "ENCODINGS",
    "NETWORKS",
    "REDUCTIONS",
    "SCALES",
    "Evaluation",
    "Graph",
    "Piece",
    "Value",
    "combinations",
    "convert",
    "graph_inputs",
    "neighbours",
]
