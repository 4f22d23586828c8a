"""The training rows that a model keeps, as far as it keeps any."""

from __future__ import annotations

import numpy as np

from .parts import Neighbourhood, TailCombination
from .parts.feedback import without_feedback
from .scorer import Scorer


def kept_rows(scorer: Scorer) -> np.ndarray | None:
    """Return encoded training rows, or None if the model keeps none.

    Parameters
    ----------
    scorer : Scorer

    Returns
    -------
    ndarray of shape (n_references, n_encoded), float32, or None
        Distinct rows at random. Levels of columns in which levels share an encoded
        column are zero; see `TableEncoding.ranked_columns`.
    """
    reduction = without_feedback(scorer.reduction)
    if isinstance(reduction, TailCombination):
        for scaled in reduction.parts:
            if isinstance(scaled.part, Neighbourhood):
                return scaled.part.references[:, : scorer.encoding.n_encoded]
    return None
