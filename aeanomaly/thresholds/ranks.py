"""The score of a rank, counted from the lowest one."""

from __future__ import annotations

import numpy as np

from ..scoring.calibration import lowered

_MOST_REPEATED = 200_000


def score_of_rank(scores: np.ndarray, weights: np.ndarray, rank: float) -> float:
    """Return the score of a rank, less what ties may differ by.

    Rows of that score, or of nearly that score, do not lie below it.

    Parameters
    ----------
    scores, weights : ndarray of shape (n_samples,)
        Weights count as copies.
    rank : float
        From one on: the lowest score.
    """
    order = np.argsort(scores, kind="stable")
    ends = np.cumsum(weights[order])
    position = min(len(order) - 1, int(np.searchsorted(ends, rank * (1 - 1e-9))))
    return float(lowered(scores[order[position]]))


def repeated(scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return scores as often as they count, for what takes no weights.

    Weights are rounded to whole numbers; where they add up to more than 200,000 they
    are made smaller together.
    """
    factor = min(1.0, _MOST_REPEATED / weights.sum())
    return np.repeat(scores, np.maximum(1, np.round(factor * weights)).astype(int))
