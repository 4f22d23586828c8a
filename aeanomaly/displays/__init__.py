"""Pictures of tables and their scores: computed, held, and drawn when asked for.

`from_estimator`, and `from_scores` or the like, compute; the constructor only holds, so
that every number is an attribute; `plot(ax=None)` draws with matplotlib, which is the
extra ``plot``, and sets ``ax_`` and ``figure_``.
"""

from ..images.displays import ErrorMapDisplay
from .codes import CodeMapDisplay
from .drift import DriftDisplay
from .expected import ExpectedDisplay
from .first_reasons import FirstReasonsDisplay
from .history import HistoryDisplay
from .latent_size import LatentSizeDisplay
from .ranking import PrecisionAtKDisplay
from .reason_map import ReasonMapDisplay
from .row_reasons import RowReasonsDisplay
from .scores import ScoreDisplay
from .thresholds import ThresholdDisplay

__all__ = [
    "CodeMapDisplay",
    "DriftDisplay",
    "ErrorMapDisplay",
    "ExpectedDisplay",
    "FirstReasonsDisplay",
    "HistoryDisplay",
    "LatentSizeDisplay",
    "PrecisionAtKDisplay",
    "ReasonMapDisplay",
    "RowReasonsDisplay",
    "ScoreDisplay",
    "ThresholdDisplay",
]
