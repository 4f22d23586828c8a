"""What became of alerts goes back into a model, without training."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from .labels import anomaly_labels
from .scoring.calibration import Calibration
from .scoring.encoding.tabular import take_rows
from .scoring.kept_rows import kept_rows
from .scoring.parts import (
    FeedbackEntry,
    FeedbackReduction,
    LabelledCombination,
    TailCombination,
)
from .scoring.parts.feedback import weighted_distances
from .scoring.scorer import Scorer

# Cases that a model keeps, of either kind.
_MOST_CASES = 500
# Of more cases some at random are looked at.
_MOST_COMPARED = 1_500
# Rows so near to a case of their kind say nothing new.
_SAID = 0.95
# A third of a deviation, squared.
_WIDTH = 0.1
# Share of the training rows that a case reaches, at most; and how far at least.
_COMMON, _LEAST_WIDTH = 0.005, 1e-3
# Of unseen rows: where dismissed and confirmed ones are moved to.
_LOW, _HIGH = 0.5, 0.999
_BLOCK_ROWS = 4_096
# Candidates for each row that is suggested, and at least so many.
_CANDIDATES, _LEAST_CANDIDATES = 20, 500
_TINY = 1e-12
# What is true of a threshold after a score has learnt from feedback.
_MOVED = (
    "The threshold was moved by feedback: it flags as many of the training rows in the "
    "model as was promised, and promises nothing of new ones."
)


class FeedbackMixin:
    """What a detector learns from closed alerts.

    Needs ``scorer_``, ``offset_``, ``calibration_`` and the way of input to them.
    """

    scorer_: Scorer
    offset_: float
    calibration_: Calibration | None
    threshold_: Any
    _check_table: Any

    def feedback(self, X, y, *, normal=None):
        """Take judged rows into the model, without training.

        From confirmed anomalies the score learns what sets them apart from the training
        rows that the model keeps, as with ``labels="learn"``, and the threshold moves:
        as many rows are flagged as before. Rows like dismissed alerts, in the
        columns that made their score, are raised to where ordinary rows score. Without
        a confirmed anomaly all other rows keep their score, and the threshold stays.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Rows that were looked at.
        y : array-like of shape (n_samples,)
            What they were: 0 and 1, False and True, or 1 and -1, where 1, True and -1
            are anomalies. Rows without a label are left out.
        normal : object, default=None
            The label of normal rows, for labels of any other kind, or of one kind.

        Returns
        -------
        self : AutoencoderOutlierDetector

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        ValueError
            If it is unclear which label is normal, or no row has a label.

        Notes
        -----
        Up to 500 cases of either kind are kept in the model; rows nearly like one of
        their kind say nothing new. A later label of the same row replaces an earlier
        one. A model that keeps no training rows, or whose score has no parts, learns
        from confirmed anomalies only where they are: rows like them are outliers.
        P-values and threshold then are those of training rows, not of unseen ones; fit
        with ``labels="learn"`` where the promise must hold.

        Examples
        --------
        >>> import numpy as np
        >>> from aeanomaly import AutoencoderOutlierDetector
        >>> X = np.random.default_rng(0).normal(size=(300, 3))
        >>> X[0] = [8.0, 0.0, 0.0]
        >>> detector = AutoencoderOutlierDetector(max_iter=20, random_state=0).fit(X)
        >>> int(detector.predict(X[:1])[0])
        -1
        >>> detector.feedback(X[:1], ["fine"], normal="fine").predict(X[:1]).tolist()
        [1]
        >>> detector.forget_feedback().predict(X[:1]).tolist()
        [-1]
        """
        check_is_fitted(self)
        check_consistent_length(X, y)
        is_anomaly, known = anomaly_labels(y, normal)
        if not known.any():
            raise ValueError("No row of y has a label. Pass at least one.")
        table = take_rows(self._check_table(X), np.flatnonzero(known))
        is_anomaly = is_anomaly[known]
        before, cut = self.scorer_, self.offset_
        moved = self._plain_feedback()
        chosen = _some_of_each(is_anomaly)
        moved = _with_cases(before, moved, take_rows(table, chosen), is_anomaly[chosen])
        moved, self.calibration_, self.offset_ = _learnt(before, moved)
        after = replace(before, reduction=moved)
        entry = _entry(before, after, table, is_anomaly, (cut, self.offset_))
        moved = replace(moved, log=(*moved.log, entry))
        self.scorer_ = replace(after, reduction=moved)
        self._say(moved.summary if moved.learnt is None else _MOVED)
        return self

    def _say(self, summary: str) -> None:
        """Let the rule say what is true of the threshold."""
        if hasattr(self.threshold_, "summary_"):
            self.threshold_.summary_ = summary

    def _plain_feedback(self) -> FeedbackReduction:
        """Return the feedback so far, or none."""
        reduction = self.scorer_.reduction
        if isinstance(reduction, FeedbackReduction):
            return reduction
        low, high = _levels_of(self.calibration_, self.offset_)
        empty = np.empty((0, self.scorer_.encoding.n_encoded))
        return FeedbackReduction(
            reduction,
            learnt=None,
            offset=self.offset_,
            calibration=self.calibration_,
            summary=getattr(self.threshold_, "summary_", ""),
            cases=empty,
            shares=empty,
            is_anomaly=np.empty(0, dtype=bool),
            widths=np.empty(0),
            low=low,
            high=high,
            log=(),
        )

    def forget_feedback(self):
        """Return to the score without feedback.

        Returns
        -------
        self : AutoencoderOutlierDetector
        """
        check_is_fitted(self)
        reduction = self.scorer_.reduction
        if isinstance(reduction, FeedbackReduction):
            self.offset_, self.calibration_ = reduction.offset, reduction.calibration
            self.scorer_ = replace(self.scorer_, reduction=reduction.base)
            self._say(reduction.summary)
        return self

    @property
    def feedback_(self) -> list[dict[str, Any]]:
        """What each call of `feedback` changed; see `FeedbackEntry`."""
        check_is_fitted(self)
        reduction = self.scorer_.reduction
        log = reduction.log if isinstance(reduction, FeedbackReduction) else ()
        return [asdict(entry) for entry in log]

    def suggest(self, X, n=10):
        """Return the rows whose labels would teach most.

        The most abnormal row comes first; every next one is abnormal or near the
        threshold, and unlike those before it and those that were judged already.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
        n : int, default=10

        Returns
        -------
        positions : ndarray of shape (n,), int
            Of rows of X; fewer where X has fewer, none where a DataFrame has none.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        ValueError
            If `n` is not positive.
        """
        if n < 1:
            raise ValueError(f"n must be at least 1. Got {n} instead.")
        table = self._check_table(X)
        scores = self.scorer_.score_samples(table)
        most = max(_CANDIDATES * n, _LEAST_CANDIDATES)
        candidates = np.argsort(scores, kind="stable")[:most]
        if not len(candidates):
            return candidates
        rows = take_rows(table, candidates)
        Z = self.scorer_.encoding.encode(rows).Z.astype(np.float64)
        worth = _worth(scores[candidates], self.offset_)
        reduction = self.scorer_.reduction
        news = np.ones(len(Z))
        if isinstance(reduction, FeedbackReduction):
            news = 1.0 - reduction.nearness(Z).max(axis=1)
        shares = _shares(self.scorer_, rows)
        return candidates[_unlike(Z, shares, worth, news, n)]


def _some_of_each(is_anomaly: np.ndarray) -> np.ndarray:
    """Return positions of rows of either kind, at random where there are many."""
    rng = np.random.default_rng(0)
    kinds = (np.flatnonzero(is_anomaly == kind) for kind in (True, False))
    some = [rng.permutation(positions)[:_MOST_COMPARED] for positions in kinds]
    return np.sort(np.concatenate(some))


def _with_cases(
    scorer: Scorer, old: FeedbackReduction, table: Any, is_anomaly: np.ndarray
) -> FeedbackReduction:
    """Return feedback with the rows of a table among its cases."""
    Z = scorer.encoding.encode(table).Z.astype(np.float64)
    shares = _shares(replace(scorer, reduction=old.base), table)
    rows = kept_rows(scorer)
    widths = np.full(len(Z), _WIDTH)
    if rows is not None:
        # What many rows have in common says little: of such cases only the like count.
        apart = weighted_distances(rows, Z, shares)
        widths = np.clip(np.quantile(apart, _COMMON, axis=0), _LEAST_WIDTH, _WIDTH)
    new = replace(old, cases=Z, shares=shares, is_anomaly=is_anomaly, widths=widths)
    # What is said now of a row replaces what was said before.
    said = new.nearness(old.cases).max(axis=1, initial=0.0) > _SAID
    every = replace(
        new,
        cases=np.concatenate([Z, old.cases[~said]]),
        shares=np.concatenate([shares, old.shares[~said]]),
        is_anomaly=np.append(is_anomaly, old.is_anomaly[~said]),
        widths=np.append(widths, old.widths[~said]),
    )
    kinds = (np.flatnonzero(every.is_anomaly == kind) for kind in (True, False))
    kept = np.sort(np.concatenate([_distinct(every, kind) for kind in kinds]))
    return _chosen(every, kept)


def _chosen(reduction: FeedbackReduction, positions: np.ndarray) -> FeedbackReduction:
    """Return feedback with some of its cases."""
    names = ("cases", "shares", "is_anomaly", "widths")
    some = {name: getattr(reduction, name)[positions] for name in names}
    return replace(reduction, **some)


def _distinct(reduction: FeedbackReduction, positions: np.ndarray) -> np.ndarray:
    """Return those of cases that are least alike, up to as many as are kept."""
    news = np.ones(len(positions))
    kept: list[int] = []
    while len(kept) < min(_MOST_CASES, len(positions)):
        first = int(np.argmax(news))
        if news[first] < 1.0 - _SAID:
            break
        kept.append(first)
        one = _chosen(reduction, positions[first : first + 1])
        near = one.nearness(reduction.cases[positions])[:, 0]
        news = np.minimum(news, 1.0 - near)
        news[first] = -1.0
    return positions[kept]


def _learnt(
    scorer: Scorer, feedback: FeedbackReduction
) -> tuple[FeedbackReduction, Calibration | None, float]:
    """Learn from the cases beside the rows that the model keeps, if it keeps any.

    Returns
    -------
    feedback : FeedbackReduction
    calibration : Calibration or None
    offset : float
        The threshold that flags as many of the kept rows as was promised.
    """
    from .fitting.labelled import learn_from_encoded

    rows, plain = kept_rows(scorer), feedback.base
    confirmed, dismissed = (
        feedback.cases[feedback.is_anomaly == kind] for kind in (True, False)
    )
    if rows is None or not len(confirmed) or not isinstance(plain, TailCombination):
        return (
            replace(feedback, learnt=None),
            feedback.calibration,
            feedback.offset,
        )
    if isinstance(plain, LabelledCombination):
        # What fit has learnt from goes on counting.
        earlier = plain.known_anomalies(scorer.encoding)
        confirmed = np.concatenate([earlier, confirmed])
    plain = TailCombination(plain.parts, plain.power, plain.expecting)
    rng = np.random.default_rng(0)
    reduction, scores = learn_from_encoded(
        scorer.model, plain, rows, confirmed, dismissed, rng
    )
    calibration = Calibration.of_scores(scores, np.ones(len(scores)))
    before = feedback.calibration
    if before is None:
        share = _flagged(
            replace(scorer, reduction=feedback.base), rows, feedback.offset
        )
    else:
        below = before.weights[before.scores < feedback.offset].sum()
        share = (below + 1) / (before.n_rows + 1)
    ascending = np.sort(scores)
    offset = float(ascending[max(0, int(share * (len(scores) + 1)) - 1)])
    levels = _levels_of(calibration, offset)
    moved = replace(feedback, learnt=reduction, low=levels[0], high=levels[1])
    return moved, calibration, offset


def _levels_of(calibration: Calibration | None, offset: float) -> tuple[float, float]:
    """Return the surprises that dismissed and confirmed rows are moved to."""
    cut = max(0.0, -offset)
    if calibration is None:
        return 0.5 * cut, 2.0 * cut
    low, high = np.quantile(
        -calibration.scores,
        [_LOW, _HIGH],
        weights=calibration.weights,
        method="inverted_cdf",
    )
    # A confirmed row is an outlier, a dismissed one is not.
    return max(0.0, min(low, 0.9 * cut)), max(high, 1.5 * cut)


def _shares(scorer: Scorer, table: Any) -> np.ndarray:
    """Return what encoded columns count in the distance to rows, by their reasons."""
    encoding = scorer.encoding
    columns = encoding.encoded_columns
    found = []
    for _, evaluation in scorer.iter_evaluations(table):
        cells = scorer.reduction.cells(evaluation, encoding).astype(np.float64)
        found.append(cells / np.maximum(cells.sum(axis=1, keepdims=True), _TINY))
    return np.concatenate(found)[:, columns]


def _entry(
    before: Scorer,
    after: Scorer,
    table: Any,
    is_anomaly: np.ndarray,
    offsets: tuple[float, float],
) -> FeedbackEntry:
    """Return what changed."""
    scorers = list(zip((before, after), offsets, strict=True))
    old, new = (scorer.score_samples(table) < cut for scorer, cut in scorers)
    rows = kept_rows(before)
    flagged = [
        np.nan if rows is None else _flagged(scorer, rows, cut)
        for scorer, cut in scorers
    ]
    return FeedbackEntry(
        datetime.now(UTC).isoformat(timespec="seconds"),
        n_anomalies=int(is_anomaly.sum()),
        n_normal=int((~is_anomaly).sum()),
        n_raised=int((new & ~old).sum()),
        n_lowered=int((old & ~new).sum()),
        flagged_before=float(flagged[0]),
        flagged_after=float(flagged[1]),
    )


def _flagged(scorer: Scorer, rows: np.ndarray, offset: float) -> float:
    scores = [
        -scorer.reduction.statistic(
            scorer.model.evaluate(block.astype(np.float64)), scorer.encoding
        )
        for block in np.split(rows, range(_BLOCK_ROWS, len(rows), _BLOCK_ROWS))
    ]
    return float((np.concatenate(scores) < offset).mean())


def _worth(scores: np.ndarray, offset: float) -> np.ndarray:
    """Return what a label is worth: much for abnormal rows and for uncertain ones."""
    spread = max(float(np.ptp(scores)), _TINY)
    abnormal = (scores.max() - scores) / spread
    uncertain = np.exp(-np.abs(scores - offset) / (0.1 * spread))
    return np.asarray(abnormal + 0.5 * uncertain)


def _unlike(
    Z: np.ndarray, shares: np.ndarray, worth: np.ndarray, news: np.ndarray, n: int
) -> np.ndarray:
    """Return up to n positions, each of much worth and unlike those before it."""
    chosen: list[int] = []
    # The most abnormal row of which nothing like is known.
    best = int(np.argmax(news > 0.5))
    for _ in range(min(n, len(Z))):
        if chosen:
            value = worth * news
            value[chosen] = -1.0
            best = int(np.argmax(value))
        chosen.append(best)
        squares = np.square(Z - Z[best]) @ shares[best]
        news = np.minimum(news, 1.0 - np.exp(-squares / _WIDTH))
        news = np.maximum(news, _TINY)
    return np.array(chosen, dtype=np.intp)
