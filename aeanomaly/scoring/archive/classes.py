"""The closed table of what a frozen model may consist of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..calibration import Calibration
from ..encoding.columns import COLUMN_KINDS, Column
from ..encoding.columns.hashed import HashedCategoricalColumn
from ..encoding.images import ImageEncoding
from ..encoding.reading import READINGS
from ..encoding.table import TableEncoding
from ..model import Model
from ..networks.dense import DenseLayer, Network
from ..networks.keras import KerasNetwork
from ..parts import (
    PARTS,
    DoubtingCombination,
    FarScale,
    FeedbackEntry,
    FeedbackReduction,
    GrownHead,
    LabelHead,
    LabelledCombination,
    Reduction,
    ScaledPart,
    ScorePart,
    SteeplyDoubtingCombination,
    TailCombination,
    TailScale,
)
from ..parts.low_rank import LowRankMatrix
from ..parts.protocol_1 import (
    InterpolatedScale,
    KeyedNeighbourhood,
    KeyedSurroundings,
)
from ..parts.protocol_2 import ColumnwiseCovariance
from ..parts.rebinned import RebinnedMarginal
from ..parts.soft_trees import SoftTrees
from ..usual import USUAL_CLASSES, ExpectedRange

_FIXED = (
    Calibration,
    ColumnwiseCovariance,
    DenseLayer,
    DoubtingCombination,
    FarScale,
    FeedbackEntry,
    FeedbackReduction,
    GrownHead,
    HashedCategoricalColumn,
    ImageEncoding,
    InterpolatedScale,
    KerasNetwork,
    KeyedNeighbourhood,
    KeyedSurroundings,
    LabelHead,
    LabelledCombination,
    LowRankMatrix,
    Model,
    Network,
    RebinnedMarginal,
    ScaledPart,
    SoftTrees,
    SteeplyDoubtingCombination,
    TableEncoding,
    TailCombination,
    TailScale,
    ExpectedRange,
    *USUAL_CLASSES,
)


def model_classes(own: Iterable[type] = ()) -> dict[str, type]:
    """Return the classes that a model and its score may consist of, by name.

    Parameters
    ----------
    own : iterable of type
        A user's classes; only parts of a score and kinds of column are taken.
    """
    known = (*_FIXED, *READINGS, *COLUMN_KINDS.values(), *PARTS.values())
    table = {cls.__name__: cls for cls in own if issubclass(cls, ScorePart | Column)}
    # What the package defines cannot be replaced.
    return table | {cls.__name__: cls for cls in known}


def own_classes(model: Model, reduction: Reduction | None) -> list[type]:
    """Return the classes of a model that the package does not define."""
    known = set(model_classes().values())
    found = dict.fromkeys(_replaceable(model, reduction))
    return [cls for cls in found if cls not in known]


def _replaceable(model: Model, reduction: Reduction | None) -> Iterator[Any]:
    """Yield the classes of everything that a user may have written."""
    yield from map(type, model.encoding.columns)
    if isinstance(reduction, FeedbackReduction):
        reduction = reduction.base
    if isinstance(reduction, TailCombination):
        yield from (type(scaled.part) for scaled in reduction.parts)
