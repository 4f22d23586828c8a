"""What would make a flagged row ordinary: the fewest columns, and their values.

`find_counterfactuals` searches on the scorer itself, `counterfactual_frame` gives
what it finds as a table, and `OrdinaryRows` are the training rows that a model keeps.
"""

from .frame import counterfactual_frame
from .ordinary import OrdinaryRows
from .search import Change, Counterfactual, find_counterfactuals

__all__ = [
    "Change",
    "Counterfactual",
    "OrdinaryRows",
    "counterfactual_frame",
    "find_counterfactuals",
]
