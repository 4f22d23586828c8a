"""A score that has heard what became of its alerts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..calibration import Calibration
from ..encoding.table import TableEncoding
from ..evaluation import Evaluation
from .base import Reduction, check_finite

_TINY = 1e-12


@dataclass(frozen=True)
class FeedbackEntry:
    """What one call of `feedback` changed.

    Parameters
    ----------
    when : str
        Date and time, UTC.
    n_anomalies, n_normal : int
        Labels that it was given.
    n_raised, n_lowered : int
        Rows among them that were outliers only after it, and only before it.
    flagged_before, flagged_after : float
        Share of the training rows in the model that were outliers, NaN if it keeps
        none.
    """

    when: str
    n_anomalies: int
    n_normal: int
    n_raised: int
    n_lowered: int
    flagged_before: float
    flagged_after: float


@dataclass(frozen=True)
class FeedbackReduction(Reduction):
    """A score that is moved near rows which people have judged.

    Near a dismissed alert the surprise falls, at the alert itself to `low`; near a
    confirmed one it rises to `high`, unless the score has learnt what confirmed ones
    have in common. Near means alike in the columns that made the case's score: the
    squared distance of a column counts by its share in the reasons, so that "this
    merchant, at night" is recognised whatever the amount. Where cases of both kinds are
    near, each counts by its nearness.

    Parameters
    ----------
    base : Reduction
        The score without feedback.
    learnt : Reduction or None
        The score that has learnt from confirmed cases; None if it has not.
    offset : float
        The threshold without feedback.
    calibration : Calibration or None
        Scores of unseen rows without feedback.
    summary : str
        What was said of the threshold without feedback.
    cases : ndarray of shape (n_cases, n_encoded)
        Encoded rows.
    shares : ndarray of shape (n_cases, n_encoded)
        What each encoded column counts in the distance to a case.
    is_anomaly : ndarray of shape (n_cases,), bool
    widths : ndarray of shape (n_cases,)
        Squared distance at which nearness to a case falls to 1/e.
    low, high : float
        Surprise of dismissed and of confirmed rows.
    log : tuple of FeedbackEntry
    """

    base: Reduction
    learnt: Reduction | None
    offset: float
    calibration: Calibration | None
    summary: str
    cases: np.ndarray
    shares: np.ndarray
    is_anomaly: np.ndarray
    widths: np.ndarray
    low: float
    high: float
    log: tuple[FeedbackEntry, ...]

    @property
    def unmoved(self) -> Reduction:
        """The score that cases move."""
        return self.base if self.learnt is None else self.learnt

    def nearness(self, Z: np.ndarray) -> np.ndarray:
        """Return how near rows are to each case, (n_samples, n_cases), in (0, 1]."""
        squares = weighted_distances(Z, self.cases, self.shares)
        return np.asarray(np.exp(-squares / self.widths))

    @property
    def precise(self) -> bool:
        """Whether what it starts from needs double precision."""
        return self.base.precise

    def statistic(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the surprise of each row, moved near cases."""
        return self._moved(self.unmoved.statistic(evaluation, encoding), evaluation)

    def _moved(self, surprise: np.ndarray, evaluation: Evaluation) -> np.ndarray:
        near = self.nearness(evaluation.Z)
        confirmed = near[:, self.is_anomaly].max(axis=1, initial=0.0)
        dismissed = near[:, ~self.is_anomaly].max(axis=1, initial=0.0)
        total = np.maximum(confirmed + dismissed, _TINY)
        rise = confirmed**2 / total * np.maximum(self.high - surprise, 0.0)
        if self.learnt is not None:
            rise = np.zeros(len(surprise))
        fall = dismissed**2 / total * np.maximum(surprise - self.low, 0.0)
        return np.asarray(surprise + rise - fall)

    def cells(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the statistic, divided as without feedback."""
        return self.divided(evaluation, encoding)[1]

    def divided(
        self, evaluation: Evaluation, encoding: TableEncoding
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the moved surprise, divided as without feedback."""
        surprise, cells = self.unmoved.divided(evaluation, encoding)
        moved = self._moved(surprise, evaluation)
        factors = moved / np.maximum(cells.sum(axis=1), _TINY)
        return moved, cells * factors[:, None]

    def expected(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return what the score without feedback expects."""
        return self.base.expected(evaluation, encoding)

    def known_anomalies(self, encoding: TableEncoding) -> np.ndarray:
        """Return the known anomalies from which the score has learnt."""
        return self.unmoved.known_anomalies(encoding)

    def like_cases(
        self, evaluation: Evaluation, encoding: TableEncoding
    ) -> np.ndarray | None:
        """Return which known anomaly each row is like."""
        return self.unmoved.like_cases(evaluation, encoding)

    def pulls(
        self,
        evaluation: Evaluation,
        encoding: TableEncoding,
        rows: np.ndarray,
        column: int,
        encoded: np.ndarray,
    ) -> np.ndarray | None:
        """Return what moves what the score without feedback expects."""
        return self.base.pulls(evaluation, encoding, rows, column, encoded)

    def check(self, encoding: TableEncoding) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        for reduction in (self.base, self.unmoved):
            if not isinstance(reduction, Reduction) or isinstance(
                reduction, FeedbackReduction
            ):
                raise ValueError("feedback has no score that it moves")
            reduction.check(encoding)
        if self.calibration is not None:
            self.calibration.check()
        if not np.isfinite(self.offset):
            raise ValueError("feedback has no threshold to go back to")
        check_finite(self, cases=self.cases, shares=self.shares, widths=self.widths)
        shape = (len(self.cases), encoding.n_encoded)
        if self.cases.shape != shape or self.shares.shape != shape:
            raise ValueError("feedback has cases that are no encoded rows")
        if self.is_anomaly.shape != shape[:1] or self.is_anomaly.dtype != bool:
            raise ValueError("feedback has no kind for each of its cases")
        if self.widths.shape != shape[:1]:
            raise ValueError("feedback has no width for each of its cases")
        if (self.shares < 0).any() or not (self.widths > 0).all():
            raise ValueError("feedback has negative shares or no positive width")
        if not 0 <= self.low <= self.high < np.inf:
            raise ValueError("feedback moves scores to where none are")
        if not all(isinstance(entry, FeedbackEntry) for entry in self.log):
            raise ValueError("feedback has a log of something else")


def weighted_distances(
    Z: np.ndarray, cases: np.ndarray, shares: np.ndarray
) -> np.ndarray:
    """Return squared distances, of which each column counts by a case's shares.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_encoded)
    cases, shares : ndarray of shape (n_cases, n_encoded)

    Returns
    -------
    ndarray of shape (n_samples, n_cases)
    """
    rows, pulled = Z.astype(np.float64), shares * cases
    squares = np.square(rows) @ shares.T - 2.0 * rows @ pulled.T
    return np.maximum(squares + (pulled * cases).sum(axis=1), 0.0)


def without_feedback(reduction: Reduction) -> Reduction:
    """Return a score as it is without feedback."""
    return reduction.base if isinstance(reduction, FeedbackReduction) else reduction
