"""The parts of a score, each in a file of its own and listed here once."""

from ...registry import Registry
from .base import PartRows, Reduction, ScorePart
from .combination import ScaledPart, TailCombination
from .covariance import Covariance
from .extremes import Extremes
from .far import FarScale
from .feedback import FeedbackEntry, FeedbackReduction
from .labelled import (
    DoubtingCombination,
    GrownHead,
    LabelHead,
    LabelledCombination,
    SteeplyDoubtingCombination,
)
from .marginal import Marginal
from .neighbourhood import Neighbourhood
from .relation import Relation
from .residual import Residual
from .surroundings import Surroundings
from .tails import TailScale

PARTS = Registry(
    "part of the score",
    [
        Residual,
        Marginal,
        Extremes,
        Covariance,
        Relation,
        Neighbourhood,
        Surroundings,
    ],
)
# Those of the hybrid score. Beside extremes the surroundings bring nothing: see
# docs/hybrid_score.md.
HYBRID = tuple(name for name in PARTS if name != Surroundings.name)

__all__ = [
    "HYBRID",
    "PARTS",
    "Covariance",
    "Extremes",
    "FarScale",
    "FeedbackEntry",
    "FeedbackReduction",
    "GrownHead",
    "LabelHead",
    "DoubtingCombination",
    "LabelledCombination",
    "Marginal",
    "Neighbourhood",
    "PartRows",
    "Reduction",
    "Relation",
    "Residual",
    "ScaledPart",
    "ScorePart",
    "SteeplyDoubtingCombination",
    "Surroundings",
    "TailCombination",
    "TailScale",
]
