"""How far a table has drifted from the training rows of a model."""

from .result import Drift
from .shifts import ColumnShift, column_shifts
from .table import TableWatch
from .watch import drift_of

__all__ = [
    "ColumnShift",
    "Drift",
    "TableWatch",
    "column_shifts",
    "drift_of",
]
