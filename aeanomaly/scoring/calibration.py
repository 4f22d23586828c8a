"""Scores of unseen normal rows, and what a score means beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .tail import ExponentialTail

# Scores this near to each other, relative to their size, are equal: equal rows may
# differ by as much where one is scored in single precision and one in double.
TIE = 1e-4

# Scores that are kept one by one, the lowest; the others are kept in groups, of which
# there are so many at most.
_KEPT, _GROUPS = 20_000, 5_000

# The greatest severity, one row in a million: what calibrates says no more than that.
MAX_SEVERITY = 99.9999
_SEVERITY_DIGITS = 4

# Bounds above which normal rows are counted, in units of the greatest of them.
_SHARES_OF_BOUND = (0.6, 0.8, 1.0)


@dataclass(frozen=True)
class Calibration:
    """Scores of normal rows that nothing of the score has seen.

    Parameters
    ----------
    scores : ndarray of shape (n_scores,), float64
        In ascending order.
    weights : ndarray of shape (n_scores,), float64
        How often each of them counts.
    """

    scores: np.ndarray
    weights: np.ndarray

    @classmethod
    def of_scores(cls, scores: np.ndarray, weights: np.ndarray) -> Calibration:
        """Return a calibration of bounded size.

        The 20,000 lowest scores are kept as they are. Where there are more, groups of
        the others count as their lowest score: no p-value becomes smaller by it, and
        none below the share of what is kept changes.

        Parameters
        ----------
        scores, weights : ndarray of shape (n_samples,)
        """
        order = np.argsort(scores, kind="stable")
        scores = np.asarray(scores, dtype=np.float64)[order]
        weights = np.asarray(weights, dtype=np.float64)[order]
        n_above = len(scores) - _KEPT
        if n_above > _GROUPS:
            above = _KEPT + np.unique(np.linspace(0, n_above - 1, _GROUPS).astype(int))
            starts = np.concatenate([np.arange(_KEPT), above])
            scores, weights = scores[starts], np.add.reduceat(weights, starts)
        return cls(scores, weights)

    @property
    def n_rows(self) -> float:
        """Number of rows, copies counted."""
        return float(self.weights.sum())

    @property
    def smallest_p_value(self) -> float:
        """The p-value of a row below all calibration scores."""
        return 1.0 / (self.n_rows + 1.0)

    def p_values(
        self, scores: np.ndarray, rng: np.random.Generator | None = None
    ) -> np.ndarray:
        """Return conformal p-values.

        Parameters
        ----------
        scores : ndarray of shape (n_samples,)
        rng : numpy.random.Generator or None
            Breaks ties at random, so that the p-values of new normal rows are uniform.
            None counts equal scores as abnormal as the row: p-values are a little
            too large.

        Returns
        -------
        ndarray of shape (n_samples,), float64
            In (0, 1]. (1 + number of calibration scores that are not higher) / (1 +
            number of calibration scores).
        """
        not_higher = self._weight_up_to(scores, lowered(self.scores))
        if rng is not None:
            lower = self._weight_up_to(scores, -lowered(-self.scores))
            ties = not_higher - lower + 1.0
            # From (0, 1]: a p-value is never zero.
            return (lower + (1.0 - rng.random(len(scores))) * ties) / (self.n_rows + 1)
        return (1.0 + not_higher) / (self.n_rows + 1.0)

    def severities(self, scores: np.ndarray) -> np.ndarray:
        """Return how severe scores are, in a unit that is the same for every model.

        The share of new normal rows that score higher, in percent: 100 times one minus
        the p-value. Below all calibration scores an exponential tail of the lowest
        goes on where they end.

        Parameters
        ----------
        scores : ndarray of shape (n_samples,)

        Returns
        -------
        ndarray of shape (n_samples,), float64
            In [0, 99.9999], cut after four decimals. Where one score is lower than
            another, its severity is not lower.
        """
        p_values = self.p_values(scores)
        end = lowered(self.scores[:1])
        beyond = scores < end[0]
        if beyond.any():
            tail = ExponentialTail.of_scores(self.scores, self.weights)
            fall = tail.share_below(scores[beyond]) / tail.share_below(end)
            p_values[beyond] *= fall
        # Cut, not rounded: a severity of 99 is a p-value of at most 0.01.
        digits = 10.0**_SEVERITY_DIGITS
        shown = np.floor(100.0 * (1.0 - p_values) * digits + 1e-6) / digits
        return np.asarray(np.clip(shown, 0.0, MAX_SEVERITY))

    def columns(self, scores: np.ndarray, names: tuple[str, ...]) -> dict[str, Any]:
        """Return what scores mean, by the names of columns; see `added_names`."""
        meanings = {"p_value": self.p_values, "severity": self.severities}
        return {name: meanings[name](scores) for name in names}

    def offset_of_share(self, share: float) -> float | None:
        """Return the greatest offset with p-values of at most a share below it.

        None where there are too few scores for that.
        """
        rank = np.floor(share * (self.n_rows + 1.0) + 1e-9)
        if rank < 1:
            return None
        position = np.searchsorted(np.cumsum(self.weights), rank * (1 - 1e-9))
        position = min(int(position), len(self.scores) - 1)
        return float(lowered(self.scores[position]))

    def shares_below(self, offsets: np.ndarray) -> np.ndarray:
        """Return the share of the calibration scores below each of some offsets."""
        ends = np.concatenate([[0.0], np.cumsum(self.weights)])
        return ends[np.searchsorted(self.scores, offsets)] / self.n_rows

    def _weight_up_to(self, scores: np.ndarray, edges: np.ndarray) -> np.ndarray:
        """Return how many calibration scores have an edge that is not above a score."""
        ends = np.concatenate([[0.0], np.cumsum(self.weights)])
        return ends[np.searchsorted(edges, scores, side="right")]

    def check(self) -> None:
        """Raise a `ValueError` if a calibration from a file cannot be used."""
        scores, weights = self.scores, self.weights
        if scores.ndim != 1 or scores.shape != weights.shape or not len(scores):
            raise ValueError("calibration scores and weights differ in length")
        if not (np.isfinite(scores).all() and np.isfinite(weights).all()):
            raise ValueError("calibration scores and weights must be finite")
        if (weights <= 0).any() or (np.diff(scores) < 0).any():
            raise ValueError("calibration scores are not sorted, or weigh nothing")


def added_names(p_values: bool, severity: bool) -> tuple[str, ...]:
    """Return the names of the columns that say what scores mean, in their order."""
    asked = {"p_value": p_values, "severity": severity}
    return tuple(name for name, is_asked in asked.items() if is_asked)


def normal_share(
    p_values: np.ndarray, max_p: float = 0.5, weights: np.ndarray | None = None
) -> float:
    """Return the estimated share of normal rows, from those with a large p-value.

    The greatest of the estimates above `max_p` and above three and four fifths of it:
    where many rows are equal, their p-values lie together, and an estimate jumps as
    they come to lie below its bound. None of the three is too low on average.

    Parameters
    ----------
    p_values : ndarray of shape (n_samples,)
    max_p : float, default=0.5
        P-values above it are those of normal rows.
    weights : ndarray of shape (n_samples,), default=None

    Returns
    -------
    float
        In (0, 1].

    References
    ----------
    J. D. Storey, "A Direct Approach to False Discovery Rates", *Journal of the Royal
    Statistical Society B* 64, 2002.
    """
    weights = np.ones(len(p_values)) if weights is None else weights

    def above(bound: float) -> float:
        counted = 1.0 + weights[p_values > bound].sum()
        return float(counted / (weights.sum() * (1.0 - bound)))

    return min(1.0, max(above(share * max_p) for share in _SHARES_OF_BOUND))


def lowered(scores: Any) -> Any:
    """Return scores less what ties may differ by; their order stays."""
    return scores - TIE * np.abs(scores)
