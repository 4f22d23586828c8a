"""The score of a rank, counted from the lowest one."""

from __future__ import annotations

import numpy as np

# Scores this near to each other, relative to their size, are equal: equal rows may
# differ by as much where one is scored in single precision and one in double.
_TIE = 1e-4


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
    score = float(scores[order[position]])
    return score - _TIE * abs(score)
