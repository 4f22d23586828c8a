"""Combined scores as graphs: parts, what labels taught, and feedback."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..scoring.encoding.table import TableEncoding
from ..scoring.parts import (
    DoubtingCombination,
    FeedbackReduction,
    GrownHead,
    LabelHead,
    LabelledCombination,
    SteeplyDoubtingCombination,
    TailCombination,
)
from ..scoring.parts.soft_trees import SoftTrees
from .graph import Value, concatenated, function, maximum
from .parts import REDUCTIONS, unit_surprise, write_reduction
from .residuals import Evaluation
from .scales import SCALES

_TINY = 1e-12


def _surprises(
    combination: TailCombination, evaluation: Evaluation, encoding: TableEncoding
) -> Value:
    """Return the tail surprise of each part, (n, n_parts)."""
    surprises = []
    for scaled in combination.parts:
        statistic = write_reduction(scaled.part, evaluation, encoding)
        surprises.append(SCALES.of(scaled.scale)(scaled.scale, statistic))
    return concatenated(surprises)


def _power_mean(combination: TailCombination, surprises: Value) -> Value:
    power = float(combination.power)
    return (surprises**power).mean() ** (1.0 / power)


@REDUCTIONS.register(TailCombination)
def write_combination(
    combination: TailCombination, evaluation: Evaluation, encoding: TableEncoding
) -> Value:
    """Write the power mean of the parts' surprises."""
    return _power_mean(combination, _surprises(combination, evaluation, encoding))


@REDUCTIONS.register(
    LabelledCombination, DoubtingCombination, SteeplyDoubtingCombination
)
def write_labelled(
    combination: LabelledCombination, evaluation: Evaluation, encoding: TableEncoding
) -> Value:
    """Write the weighted mean of what the parts say and what labels taught."""
    surprises = _surprises(combination, evaluation, encoding)
    margin = _margin(combination.head, evaluation, surprises, encoding)
    by_head = SCALES.of(combination.scale)(combination.scale, margin)
    if isinstance(combination, DoubtingCombination):
        belief = by_head / float(combination.doubt)
        belief = belief ** float(combination.power_of_doubt)
        by_head = by_head * (belief / (belief + 1.0))
    by_parts = _power_mean(combination, surprises)
    weight = float(combination.weight)
    return (by_parts + by_head * weight) / (1.0 + weight)


def _margin(
    head: LabelHead, evaluation: Evaluation, surprises: Value, encoding: TableEncoding
) -> Value:
    """Return the log odds of each row, (n, 1)."""
    raw = [surprises, evaluation.Z]
    if head.marginal is not None:
        raw.append(unit_surprise(head.marginal, evaluation.Z, encoding))
    n_plain = len(head.center) - head.n_cases
    plain = _standardised(head, concatenated(raw), slice(0, n_plain))
    features = [plain]
    if head.n_cases:
        first = n_plain - encoding.n_encoded
        if head.marginal is not None:
            first -= len(encoding.unit_columns)
        encoded = plain.columns(slice(first, first + encoding.n_encoded))
        near = _nearness(head, encoded)
        features.append(_standardised(head, near, slice(n_plain, None)))
    linear = concatenated(features) @ head.weights.astype(np.float64)[:, None]
    if not isinstance(head, GrownHead):
        return linear
    return linear + _said_by(head.trees, plain)


def _said_by(trees: SoftTrees, features: Value) -> Value:
    """Return what trees say of each row, (n, 1): from the deepest branches up."""
    branches, n_trees = trees.branches, float(trees.features.shape[1])
    if not branches.levels:
        return features.columns([0]) * 0.0 + branches.always / n_trees
    thresholds = branches.thresholds.astype(np.float64)
    right = (features.columns(branches.features) - thresholds) / (2 * trees.ramp)
    right = (right + 0.5).clip(0.0, 1.0)
    # First arrays, then what rows have come to.
    below: Any = None
    for level in reversed(branches.levels):
        children = level.said.astype(np.float64)
        n_own = len(children) // 2
        if below is None:
            left, more = children[:n_own], children[n_own:] - children[:n_own]
        else:
            source, is_branch = np.zeros((2, 2 * n_own), dtype=int)
            source[level.deeper] = np.arange(len(level.deeper))
            is_branch[level.deeper] = 1
            said = below.columns(source) * is_branch.astype(np.float64)
            said = said + children * (1 - is_branch)
            left = said.columns(slice(0, n_own))
            more = said.columns(slice(n_own, 2 * n_own)) - left
        below = right.columns(level.branches) * more + left
    return (below.sum() + branches.always) / n_trees


def _standardised(head: LabelHead, features: Value, which: slice) -> Value:
    center = head.center[which].astype(np.float64)
    inverse = 1.0 / head.scale[which].astype(np.float64)
    return ((features - center) * inverse).clip(-head.clip, head.clip)


def _nearness(head: LabelHead, encoded: Value) -> Value:
    """Return how near rows are to known anomalies, (n, n_cases)."""
    rows = encoded.clip(-head.near_clip, head.near_clip)
    cases = np.clip(head.cases, -head.near_clip, head.near_clip).astype(np.float64)
    squared = rows @ (-2.0 * cases.T) + (rows * rows).sum()
    squared = maximum(squared + np.square(cases).sum(axis=1), 0.0)
    return function("Exp", squared * (-1.0 / head.width))


@REDUCTIONS.register(FeedbackReduction)
def write_feedback(
    reduction: FeedbackReduction, evaluation: Evaluation, encoding: TableEncoding
) -> Value:
    """Write a score that is moved near rows which people have judged."""
    surprise = write_reduction(reduction.unmoved, evaluation, encoding)
    if not len(reduction.cases):
        return surprise
    near = _near_cases(reduction, evaluation.Z)
    confirmed = _greatest(near, np.flatnonzero(reduction.is_anomaly))
    dismissed = _greatest(near, np.flatnonzero(~reduction.is_anomaly))
    total = maximum(confirmed + dismissed, _TINY)
    fall = dismissed * dismissed / total * maximum(surprise - reduction.low, 0.0)
    if reduction.learnt is not None:
        return surprise - fall
    more = maximum(reduction.high - surprise, 0.0)
    return surprise + confirmed * confirmed / total * more - fall


def _near_cases(reduction: FeedbackReduction, Z: Value) -> Value:
    """Return how near rows are to each case, (n, n_cases)."""
    shares = reduction.shares.astype(np.float64)
    pulled = shares * reduction.cases
    squares = (Z * Z) @ shares.T - (Z * 2.0) @ pulled.T
    squares = maximum(squares + (pulled * reduction.cases).sum(axis=1), 0.0)
    return function("Exp", -(squares / reduction.widths))


def _greatest(near: Value, which: np.ndarray) -> Value:
    """Return how near the nearest of some cases is, zero where there are none."""
    if not len(which):
        return 0.0 * near.columns([0])
    return near.columns(which).max()
