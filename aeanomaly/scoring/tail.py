"""What lies below the lowest of some scores, extrapolated as an exponential tail."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Share of the scores, and least and greatest number of them, that a tail is fitted to:
# more of many would tell of scores that are no tail.
_SHARE, _LEAST, _MOST = 0.1, 10, 50


@dataclass(frozen=True)
class ExponentialTail:
    """The lowest scores as an exponential tail, its scale not known for certain.

    Of n scores, m lie below the start of the tail, by S in all. A new row lies below
    the start with a probability p that is (m + 1) / (n + 1) on average, and by more
    than x * S with one of p * exp(-x * G), where G has a gamma distribution with the
    parameter m: on average p / (1 + x)**m.

    Parameters
    ----------
    start : float
        Where the tail begins.
    below : float
        How far below it its scores lie in all: S.
    n_tail, n_rows : float
        Rows in the tail, m, and in all, n; copies counted.
    """

    start: float
    below: float
    n_tail: float
    n_rows: float

    @classmethod
    def of_scores(cls, scores: np.ndarray, weights: np.ndarray) -> ExponentialTail:
        """Return the tail of scores.

        Parameters
        ----------
        scores, weights : ndarray of shape (n_samples,)
            In any order; weights count as copies.
        """
        n_rows = float(weights.sum())
        n_tail = min(max(_LEAST, _SHARE * n_rows), _MOST, n_rows / 2)
        order = np.argsort(scores, kind="stable")
        ends = np.cumsum(weights[order])
        first = int(np.searchsorted(ends, n_tail, side="right"))
        start = float(scores[order[min(first, len(order) - 1)]])
        tail = np.diff(np.minimum(ends, n_tail), prepend=0.0)
        below = float(tail @ (start - scores[order]))
        return cls(start, below, n_tail, n_rows)

    def share_below(self, scores: np.ndarray) -> np.ndarray:
        """Return the share of new rows that lie below scores in the tail, on average.

        Where the scores of the tail are all equal nothing is known of its scale: what
        lies below has the share of the tail.
        """
        share = (self.n_tail + 1) / (self.n_rows + 1)
        if not self.below > 0:
            return np.full(len(scores), share)
        with np.errstate(over="ignore"):
            reach = np.maximum(self.start - scores, 0.0) / self.below
        return np.asarray(share * np.exp(-self.n_tail * np.log1p(reach)))

    def score_of_share(self, share: float) -> float:
        """Return the score below which a share of new rows lies, on average."""
        reach = ((self.n_tail + 1) / (self.n_rows + 1) / share) ** (1 / self.n_tail) - 1
        return self.start - max(0.0, reach) * self.below
