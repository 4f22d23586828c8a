"""A score learns from known anomalies, and is judged by what it has not learnt from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ..scoring.encoding.tabular import take_rows
from ..scoring.model import Model
from ..scoring.parts import TailCombination
from .calibration import (
    Calibrated,
    Judgement,
    iter_apart,
    iter_judged,
    iter_unseen,
)
from .label_head import (
    MOST_ROWS,
    JudgedRows,
    Learnt,
    judge_rows,
    learn_head,
    marginal_of,
    some_rows,
)
from .split import FitRows

# Rows that are not known to be abnormal, at least.
_LEAST_OTHERS = 10
# Parts of the known rows that are each judged by a head that learnt from the others.
_N_CROSSED = 5

NEEDS_PARTS = (
    'labels="learn" needs a score of several parts. Pass score_type="hybrid" or a list '
    "of parts."
)


class KnownRows(NamedTuple):
    """Rows whose labels are known.

    Parameters
    ----------
    anomalies : DataFrame or ndarray of shape (n_anomalies, n_features)
    normal : DataFrame or ndarray of shape (n_normal, n_features)
        Those that must not drown among rows without a label; may be empty.
    are_all : bool
        Whether every other row is known to be normal.
    """

    anomalies: Any
    normal: Any
    are_all: bool


def check_learnable(labels: np.ndarray) -> None:
    """Raise a `ValueError` if there are too few rows to tell known anomalies from."""
    n_others = int((labels != -1).sum())
    if n_others < _LEAST_OTHERS:
        raise ValueError(
            f'labels="learn" tells known anomalies from other rows, and needs at least '
            f"{_LEAST_OTHERS} of those. Got {n_others} beside {(labels == -1).sum()} "
            f"anomalies: pass normal or unlabelled rows as well."
        )


def known_rows(table: Any, labels: np.ndarray) -> KnownRows:
    """Return the rows of a table that are known, by labels of -1, 1, and 0 for unknown.

    Normal rows are named only beside unknown ones. Where all are known, every row that
    is no anomaly is normal, and counts once.
    """
    are_all = not (labels == 0).any()
    normal = np.arange(0) if are_all else np.flatnonzero(labels == 1)
    return KnownRows(
        take_rows(table, np.flatnonzero(labels == -1)),
        take_rows(table, normal),
        are_all,
    )


def weights_without_anomalies(sample_weight: Any, labels: np.ndarray) -> np.ndarray:
    """Return sample weights that are zero for known anomalies."""
    weights = np.ones(len(labels)) if sample_weight is None else sample_weight
    return np.where(labels == -1, 0.0, weights)


class KnownScores(NamedTuple):
    """Scores of rows whose labels are known, by heads that have not learnt from them.

    Parameters
    ----------
    scores : ndarray of shape (n_known,)
    weights : ndarray of shape (n_known,)
        How often each row counts: where only held-out rows stand for normal ones, an
        anomaly counts as many times less.
    is_anomaly : ndarray of shape (n_known,), bool
    """

    scores: np.ndarray
    weights: np.ndarray
    is_anomaly: np.ndarray

    @property
    def note(self) -> str:
        """What is to be said of how they were judged."""
        text = " Each labelled row was judged without its own label."
        if self.weights[0] >= 1:
            return text
        return (
            f"{text} The normal rows are those held out, so that each known anomaly "
            f"counts as {self.weights[0]:.2g} of one."
        )


class Taught(NamedTuple):
    """A score that has learnt from labels.

    Parameters
    ----------
    calibrated : Calibrated
        With the scores of rows not known to be abnormal.
    known : KnownScores or None
        None if nobody asked.
    """

    calibrated: Calibrated
    known: KnownScores | None


def fit_labelled(
    model: Model,
    rows: FitRows,
    calibrated: Calibrated,
    known: KnownRows,
    keeps_cases: bool,
    rng: np.random.Generator,
    judges_known: bool = False,
) -> Taught:
    """Return a score that has learnt from known anomalies, and what it says unseen.

    Each row that calibrates is judged by a head that has not learnt from it.

    Parameters
    ----------
    model : Model
    rows : FitRows
        Rows not known to be abnormal.
    calibrated : Calibrated
        The score without labels.
    known : KnownRows
        At least one anomaly.
    keeps_cases : bool
        Whether the score may keep known anomalies.
    rng : numpy.random.Generator
    judges_known : bool
        Whether to judge the known rows, too.

    Raises
    ------
    ValueError
        If the score does not combine parts.
    """
    whole, encoding = calibrated.reduction, model.encoding
    if not isinstance(whole, TailCombination):
        raise ValueError(NEEDS_PARTS)
    marginal = marginal_of(whole)

    def judged(source: Iterable[Judgement]) -> JudgedRows:
        return judge_rows(source, marginal, encoding)

    crossed = bool(calibrated.blind) or not rows.holds_out
    if calibrated.blind:
        usual = judged(iter_unseen(model, rows, calibrated.blind))
    else:
        weights = rows.training_weights[0]
        trained = rng.permutation(np.flatnonzero(weights))[:MOST_ROWS]
        usual = judged(iter_judged(model, rows.Z, weights, np.sort(trained), whole))
    usual = some_rows(usual, rng)
    anomalies = some_rows(judged(_of_table(model, known.anomalies, whole)), rng)
    normal = some_rows(judged(_of_table(model, known.normal, whole)), rng)

    def learn(anomalies: JudgedRows, normal: JudgedRows) -> Learnt:
        return learn_head(
            whole, marginal, encoding, usual, anomalies, normal, keeps_cases, rng
        )

    learnt = learn(anomalies, normal)
    scores, of_rows = learnt.scores, usual.weights
    if not crossed:
        held = judged(iter_apart(model, rows, whole))
        scores = learnt.reduction.scores_of(held.raw, held.by_parts)
        of_rows = held.weights
    taught = Calibrated(learnt.reduction, scores, of_rows)
    if not judges_known:
        return Taught(taught, None)
    of_anomalies, of_normal = _crossed_scores(anomalies, normal, learn, rng)
    if not known.are_all:
        return Taught(taught, _together(of_anomalies, of_normal))
    share = min(1.0, of_rows.sum() / rows.weights.sum())
    counts = np.full(
        len(of_anomalies), share * len(known.anomalies) / len(of_anomalies)
    )
    together = _together(of_anomalies, scores)
    return Taught(taught, together._replace(weights=np.append(counts, of_rows)))


def learn_from_encoded(
    model: Model,
    combination: TailCombination,
    usual: np.ndarray,
    anomalies: np.ndarray,
    normal: np.ndarray,
    rng: np.random.Generator,
) -> Learnt:
    """Return a score that has learnt from encoded rows that a model keeps.

    Parameters
    ----------
    model : Model
    combination : TailCombination
    usual : ndarray of shape (n_usual, n_encoded)
        Training rows, without levels that share an encoded column; from those nothing
        is learnt.
    anomalies, normal : ndarray of shape (..., n_encoded)
        Rows that are known; at least one anomaly.
    rng : numpy.random.Generator
    """
    encoding, marginal = model.encoding, marginal_of(combination)
    n_parts = len(combination.parts)

    def judged(Z: np.ndarray) -> JudgedRows:
        # As the model keeps training rows: else known rows would differ by it.
        Z = encoding.without_ranked(Z)
        every = iter_judged(model, Z, np.ones(len(Z)), np.arange(len(Z)), combination)
        rows = judge_rows(every, marginal, encoding)
        if len(rows.raw):
            rows.raw[:, n_parts + encoding.ranked_columns] = 0.0
        return rows

    return learn_head(
        combination,
        marginal,
        encoding,
        judged(usual),
        judged(anomalies),
        judged(normal),
        keeps_cases=True,
        rng=rng,
    )


def _crossed_scores(
    anomalies: JudgedRows,
    normal: JudgedRows,
    learn: Callable[[JudgedRows, JudgedRows], Learnt],
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Return scores of known anomalies and normal rows, each by the others' labels.

    An anomaly without others is judged without labels.
    """
    both = anomalies, normal
    n_folds = min(_N_CROSSED, len(anomalies.raw))
    folds = [rng.permutation(len(rows.raw)) % n_folds for rows in both]
    scores = [-rows.by_parts for rows in both]
    for fold in range(n_folds if n_folds > 1 else 0):
        others = [
            JudgedRows(*(array[of_rows != fold] for array in rows))
            for rows, of_rows in zip(both, folds, strict=True)
        ]
        reduction = learn(*others).reduction
        for rows, of_rows, own in zip(both, folds, scores, strict=True):
            out = of_rows == fold
            own[out] = reduction.scores_of(rows.raw[out], rows.by_parts[out])
    return scores[0], scores[1]


def _together(anomalies: np.ndarray, normal: np.ndarray) -> KnownScores:
    scores = np.concatenate([anomalies, normal])
    is_anomaly = np.arange(len(scores)) < len(anomalies)
    return KnownScores(scores, np.ones(len(scores)), is_anomaly)


def _of_table(
    model: Model, table: Any, reduction: TailCombination
) -> Iterator[Judgement]:
    for rows, evaluation in model.iter_evaluations(table, precise=reduction.precise):
        yield Judgement(evaluation, reduction, np.ones(rows.stop - rows.start))
