"""A head that tells known anomalies from other rows.

Rows that are not known to be abnormal stand for normal ones: a few anomalies among
them hurt little, since there are many of them (C. Elkan and K. Noto, "Learning
classifiers from only positive and unlabeled data", KDD 2008). A ridge logistic
regression and some trees tell the known anomalies from them; the fewer are known, the
stronger is the ridge, and the less their word weighs beside the score without labels.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import fields, replace
from typing import NamedTuple, cast

import numpy as np

from ..scoring.encoding.table import TableEncoding
from ..scoring.parts import (
    GrownHead,
    LabelHead,
    Marginal,
    SteeplyDoubtingCombination,
    TailCombination,
    TailScale,
)
from ..scoring.parts.labelled import nearness, raw_features, squared_distances
from ..scoring.parts.soft_trees import SoftTrees
from .calibration import Judgement
from .trees import grow_trees

# Known anomalies that the score keeps, to compare rows with.
_MOST_CASES = 100
# Squared distance at which nearness fades, in those of all pairs.
_WIDTH = 0.2
# What one known anomaly's nearness counts, and how many make it count in full.
_LEAST_NEARNESS = 0.4
_NEARNESS_A_NAT = 0.1
# Inverse of the ridge for one anomaly and one feature; grows with the root of both, and
# with the number of anomalies itself beyond the square of this one.
_RIDGE = 0.003
_RIDGE_FALLS_FASTER = 5
_MOST_RIDGE = 3.0
# Known anomalies at which the trees' word counts half.
_TREES_COUNT_HALF_AT = 10
_LEAST_SPREAD = 1e-6
# What the head's word weighs beside the parts', by the number of anomalies known.
_WEIGHT = 3.0
_WEIGHT_DOUBLES_AT = 50
# Its surprise of which half counts where one anomaly is known, in those of the most
# surprising usual row; falls with the root of their number. And how steeply
# (`SteeplyDoubtingCombination`).
_DOUBT = 0.9
_STEEPNESS = 4.0
# A known normal row counts like so many rows of which nothing is known.
_KNOWN_NORMAL = 5.0
# Rows that stand for normal ones, and cells of their features, at most.
MOST_ROWS = 10_000
_MOST_CELLS = 20_000_000
# Parts of the rows that are each judged by a head that learnt from the others.
_N_FOLDS = 3
# In bins of a histogram: see `Marginal`.
_RAMP = 0.9
# Least deviations: of features, so that rounding says nothing, and of nearness.
_LEAST_SCALE = 0.05
_LEAST_NEAR_SCALE = 0.01
_RESOLUTION = 0.02
_MAX_ITER = 100
_TOLERANCE = 1e-3


class JudgedRows(NamedTuple):
    """What the score without labels says about rows.

    Parameters
    ----------
    raw : ndarray of shape (n_samples, n_features)
        Features of a head, without nearness to cases.
    by_parts : ndarray of shape (n_samples,)
        The score, as a surprise.
    weights : ndarray of shape (n_samples,)
    """

    raw: np.ndarray
    by_parts: np.ndarray
    weights: np.ndarray


class _Examples(NamedTuple):
    """Features to learn from, and how much each row counts.

    Parameters
    ----------
    usual : ndarray of shape (n_usual, n_features)
        Rows not known to be abnormal.
    weights : ndarray of shape (n_usual,)
    normal, anomalies : ndarray of shape (..., n_features)
        Rows that are known.
    n_plain : int
        Features that are not nearness to a known anomaly, which come first.
    """

    usual: np.ndarray
    weights: np.ndarray
    normal: np.ndarray
    anomalies: np.ndarray
    n_plain: int

    def learnt(self, rng: np.random.Generator) -> tuple[np.ndarray, SoftTrees]:
        """Return weights of the features, and trees whose word counts beside them."""
        return self._learnt_from(np.ones(len(self.usual), dtype=bool), rng)

    def unseen(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return what both say of usual rows that they did not learn from."""
        fold = rng.permutation(len(self.usual)) % _N_FOLDS
        linear, grown = np.empty((2, len(self.usual)))
        for i in range(_N_FOLDS):
            weights, trees = self._learnt_from(fold != i, rng)
            own = self.usual[fold == i]
            linear[fold == i] = own @ weights
            grown[fold == i] = trees(own)
        return linear, grown

    def _learnt_from(
        self, chosen: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, SoftTrees]:
        """Return what is learnt from known rows and some of the usual ones."""
        X, y, weights = self._beside(chosen)
        trees = grow_trees(X[:, : self.n_plain], y, weights, rng)
        return _regression(X, y, weights), trees

    def _beside(self, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return rows, 1 for anomalies, and weights: some usual and all known rows."""
        usual, weights = self.usual[chosen], self.weights[chosen]
        most = weights.sum() / max(1, len(self.normal))
        normal = np.full(len(self.normal), min(_KNOWN_NORMAL * weights.mean(), most))
        weights = np.concatenate([weights, normal, np.ones(len(self.anomalies))])
        X = np.concatenate([usual, self.normal, self.anomalies])
        y = (np.arange(len(X)) >= len(X) - len(self.anomalies)).astype(int)
        return X, y, weights


def _regression(X: np.ndarray, y: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return what a ridge logistic regression weighs the features."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    # Both kinds weigh the same, and together as much as there are rows.
    shares = weights / np.bincount(y, weights)[y]
    n_anomalies = int(y.sum())
    ridge = _RIDGE * max(n_anomalies**0.5, n_anomalies / _RIDGE_FALLS_FASTER)
    ridge = min(_MOST_RIDGE, ridge) / X.shape[1] ** 0.5
    regression = LogisticRegression(C=ridge, max_iter=_MAX_ITER, tol=_TOLERANCE)
    with warnings.catch_warnings():
        # So many steps are enough, whether or not more would move a weight.
        warnings.simplefilter("ignore", ConvergenceWarning)
        regression.fit(X, y, 0.5 * len(X) * shares)
    return np.asarray(regression.coef_[0])


class Learnt(NamedTuple):
    """A score that has learnt, and what it says of usual rows.

    Parameters
    ----------
    reduction : SteeplyDoubtingCombination
    scores : ndarray of shape (n_usual,)
        Each by a head that has not learnt from the row.
    """

    reduction: SteeplyDoubtingCombination
    scores: np.ndarray


def learn_head(
    combination: TailCombination,
    marginal: Marginal | None,
    encoding: TableEncoding,
    usual: JudgedRows,
    anomalies: JudgedRows,
    normal: JudgedRows,
    keeps_cases: bool,
    rng: np.random.Generator,
) -> Learnt:
    """Return a score with a head that tells anomalies from usual and normal rows.

    Parameters
    ----------
    combination : TailCombination
        The score without labels.
    marginal : Marginal or None
        See `marginal_of`.
    encoding : TableEncoding
    usual, anomalies, normal : JudgedRows
        Of rows not known to be abnormal, of known anomalies, and of known normal rows.
    keeps_cases : bool
        Whether the score may keep known anomalies.
    rng : numpy.random.Generator
    """
    head = _standardised(
        marginal, usual, anomalies, combination, encoding, keeps_cases, rng
    )
    features = [
        head.standardised(rows.raw, len(combination.parts))
        for rows in (usual, normal, anomalies)
    ]
    n_plain = usual.raw.shape[1]
    examples = _Examples(features[0], usual.weights, features[1], features[2], n_plain)
    linear, grown = examples.unseen(rng)
    weights, trees = examples.learnt(rng)
    # Deviations make both comparable; trees that saw few anomalies say little.
    n_anomalies = len(anomalies.raw)
    share = n_anomalies / (n_anomalies + _TREES_COUNT_HALF_AT)
    share *= linear.std() / max(grown.std(), _LEAST_SPREAD)
    margins = linear + share * grown
    head = _grown(head, weights, replace(trees, values=trees.values * share))
    scale = TailScale.fit(margins, usual.weights, _RESOLUTION)
    weight = _WEIGHT * (1 + n_anomalies / _WEIGHT_DOUBLES_AT)
    doubt = _DOUBT * np.log(1 + len(usual.raw)) / n_anomalies**0.5
    reduction = SteeplyDoubtingCombination(
        combination.parts,
        combination.power,
        combination.expecting,
        head,
        scale,
        weight,
        float(doubt),
        _STEEPNESS,
    )
    scores = -reduction.weighted(usual.by_parts, reduction.word(margins))
    return Learnt(reduction, scores)


def _grown(head: LabelHead, weights: np.ndarray, trees: SoftTrees) -> GrownHead:
    """Return a head that has learnt."""
    known = {field.name: getattr(head, field.name) for field in fields(head)}
    return GrownHead(**known | {"weights": weights}, trees=trees)


def marginal_of(combination: TailCombination) -> Marginal | None:
    """Return the part that gives the surprise of units, with gentle slopes."""
    parts = (scaled.part for scaled in combination.parts)
    found = next((part for part in parts if isinstance(part, Marginal)), None)
    # A head may lean on a single column: its surprise must not jump between bins.
    return None if found is None else replace(found, ramp=_RAMP)


def judge_rows(
    source: Iterable[Judgement],
    marginal: Marginal | None,
    encoding: TableEncoding,
) -> JudgedRows:
    """Judge rows, each block by its reduction."""
    raw, by_parts, weights = [], [], []
    for evaluation, reduction, of_rows in source:
        combination = cast(TailCombination, reduction)
        surprises = combination.surprises(evaluation, encoding)
        raw.append(raw_features(marginal, evaluation, surprises, encoding))
        by_parts.append(combination.mean(surprises))
        weights.append(of_rows)
    if not raw:
        return JudgedRows(np.empty((0, 0)), np.empty(0), np.empty(0))
    return JudgedRows(*map(np.concatenate, (raw, by_parts, weights)))


def some_rows(rows: JudgedRows, rng: np.random.Generator) -> JudgedRows:
    """Return as many rows, at random, as a head can learn from."""
    most = min(MOST_ROWS, _MOST_CELLS // max(1, rows.raw.shape[1]))
    if len(rows.raw) <= most:
        return rows
    chosen = np.sort(rng.permutation(len(rows.raw))[:most])
    return JudgedRows(*(array[chosen] for array in rows))


def _standardised(
    marginal: Marginal | None,
    usual: JudgedRows,
    anomalies: JudgedRows,
    combination: TailCombination,
    encoding: TableEncoding,
    keeps_cases: bool,
    rng: np.random.Generator,
) -> LabelHead:
    """Return a head that has learnt nothing yet but what features usually are."""
    center = np.average(usual.raw, axis=0, weights=usual.weights)
    variance = np.average((usual.raw - center) ** 2, axis=0, weights=usual.weights)
    scale = np.maximum(np.sqrt(variance), _LEAST_SCALE)
    head = LabelHead(
        marginal,
        center,
        scale,
        cases=np.empty((0, encoding.n_encoded)),
        width=1.0,
        weights=np.zeros(len(center)),
    )
    if not keeps_cases:
        return head
    first = len(combination.parts)
    encoded = slice(first, first + encoding.n_encoded)
    rows = head.standardised(usual.raw, first)[:, encoded]
    chosen = rng.permutation(len(anomalies.raw))[:_MOST_CASES]
    cases = head.standardised(anomalies.raw[np.sort(chosen)], first)[:, encoded]
    apart = squared_distances(rows, cases, head.near_clip)
    width = max(_WIDTH * float(np.median(apart)), _LEAST_SCALE)
    near = nearness(rows, cases, width, head.near_clip)
    counts = min(1.0, _LEAST_NEARNESS + _NEARNESS_A_NAT * np.log(len(anomalies.raw)))
    near_scale = np.maximum(near.std(axis=0), _LEAST_NEAR_SCALE) / counts
    return replace(
        head,
        center=np.append(center, near.mean(axis=0)),
        scale=np.append(scale, near_scale),
        cases=cases,
        width=width,
        weights=np.zeros(len(center) + len(cases)),
    )
