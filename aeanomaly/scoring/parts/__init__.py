"""The parts of a score: each a statistic of a row, and its share for each column.

Every part has

``statistic(evaluation, encoding)``
    one number a row, greater for more abnormal rows, of shape (n_samples,);
``cells(evaluation, encoding)``
    what each column of the table adds to it, of shape (n_samples, n_features), not
    negative. Reasons are made of nothing else.

What a whole score is made of has ``expected(evaluation, encoding)`` as well: the
encoded values that the row's columns should have had, (n_samples, n_encoded).
"""

from .combination import ScaledPart, TailCombination
from .covariance import Covariance
from .marginal import Marginal
from .neighbourhood import Neighbourhood
from .residual import Residual
from .surroundings import Surroundings
from .tails import TailScale

__all__ = [
    "Covariance",
    "Marginal",
    "Neighbourhood",
    "Residual",
    "ScaledPart",
    "Surroundings",
    "TailCombination",
    "TailScale",
]
