"""Scores, and scores of rows that nothing of a score has seen.

Where rows are many, or few for their columns, those that are held out are held out of
networks and score alike. Elsewhere each fold's rows are scored by the networks that did
not see them and by a score that is fitted to the others: every held-out row is unseen
once (V. Vovk, "Cross-conformal predictors", *Annals of Mathematics and Artificial
Intelligence* 74, 2015).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ..scoring.evaluation import Evaluation
from ..scoring.model import Model
from ..scoring.parts import Reduction, Residual, ScorePart
from ..scoring.parts.tails import quantile_of
from .hybrid import fit_combination, of_members
from .reconstruction import fit_residual, residual_of_errors, row_errors
from .split import FitRows
from .unseen_values import UnseenValues

# Rows that calibrate the scales of the parts where several scores are fitted.
_N_CROSSED_SCALE = 4_000
_BLOCK_ROWS = 1_024
_EVERY = slice(None)
# Quantile of the errors that networks are compared by.
_USUAL = 0.75
_TINY = 1e-12


class Judgement(NamedTuple):
    """A block of rows, and what judges them.

    Parameters
    ----------
    evaluation : Evaluation
    reduction : Reduction
    weights : ndarray of shape (n_samples,)
        How often each row counts.
    """

    evaluation: Evaluation
    reduction: Reduction
    weights: np.ndarray


class Calibrated(NamedTuple):
    """A score, and what it says of unseen rows.

    Parameters
    ----------
    reduction : Reduction
    scores : ndarray of shape (n_unseen,)
    weights : ndarray of shape (n_unseen,)
        How often each of them counts.
    blind : tuple of Reduction
        What judged the rows of each fold, fitted to the others; empty where
        `reduction` itself has not seen them.
    """

    reduction: Reduction
    scores: np.ndarray
    weights: np.ndarray
    blind: tuple[Reduction, ...] = ()


def fit_hybrid(
    model: Model,
    rows: FitRows,
    parts: Iterable[type[ScorePart]],
    n_references: int,
    rng: np.random.Generator,
) -> Calibrated:
    """Fit parts of a score and their scales; see `fit_combination`."""
    parts = list(parts)
    if rows.n_folds == 1:
        weights = rows.training_weights[0] if rows.apart else rows.weights
        whole = fit_combination(model, rows.Z, weights, parts, n_references, rng)
        return _unseen_by_all(model, rows, whole)
    # As many rows for all scales: how far they reach depends on it.
    seen = rows.training_weights
    n_scale = min(_N_CROSSED_SCALE, int(np.count_nonzero(seen, axis=1).min()))

    def fitted(weights: np.ndarray, members: slice) -> Reduction:
        return fit_combination(
            model, rows.Z, weights, parts, n_references, rng, n_scale, members
        )

    blind = [fitted(fold, _members(rows, i)) for i, fold in enumerate(seen)]
    return _unseen_once(model, rows, fitted(rows.weights, slice(None)), blind)


def fit_reconstruction(model: Model, rows: FitRows) -> Calibrated:
    """Fit the weights of errors, each column's in units of its own."""
    if rows.n_folds > 1:
        return _crossed_reconstruction(model, rows)
    if not rows.apart:
        return _unseen_by_all(model, rows, fit_residual(model, rows))
    # The errors of every second one weigh the columns.
    whole = fit_residual(model, rows, rows.held_out[::2])
    others = rows.held.copy()
    others[0, rows.held_out[::2]] = 0.0
    return _unseen_by_all(model, rows._replace(held=others), whole)


def _crossed_reconstruction(model: Model, rows: FitRows) -> Calibrated:
    held = [np.flatnonzero(fold) for fold in rows.held]
    errors = [
        row_errors(model, rows.Z[found], _members(rows, fold))
        for fold, found in enumerate(held)
    ]
    weights = [rows.held[fold, found] for fold, found in enumerate(held)]

    def residual(folds: list[int]) -> Residual:
        return residual_of_errors(
            np.concatenate([errors[fold] for fold in folds]),
            np.concatenate([weights[fold] for fold in folds]),
            model.encoding,
        )

    every = list(range(rows.n_folds))
    whole = residual(every)
    # Errors of the other folds weigh the columns.
    blind = [
        residual([i for i in every if i != fold]).enlarged(factor)
        for fold, factor in enumerate(_alike(errors, weights, whole))
    ]
    return _unseen_once(model, rows, whole, blind)


def _alike(
    errors: list[np.ndarray], weights: list[np.ndarray], whole: Residual
) -> np.ndarray:
    """Return factors that make the usual errors of all folds that of their mean.

    The score is the mean of all networks' errors. If one network is much worse than
    the others, the rows that it alone judges would all seem abnormal beside new ones.
    """
    usual = np.array(
        [
            max(_TINY, quantile_of(of_fold @ whole.weights, weighs, _USUAL))
            for of_fold, weighs in zip(errors, weights, strict=True)
        ]
    )
    return np.asarray(usual.mean() / usual)


def _unseen_by_all(model: Model, rows: FitRows, whole: Reduction) -> Calibrated:
    """Score the rows that no network has seen."""
    held, found = rows.held_out_weights, rows.held_out
    if rows.apart:
        judged = iter_apart(model, rows, whole)
    else:
        judged = iter_judged(model, rows.Z, held, found, whole)
    scores = [-whole.statistic(one.evaluation, model.encoding) for one in judged]
    return Calibrated(whole, np.concatenate(scores), held[found])


def _unseen_once(
    model: Model, rows: FitRows, whole: Reduction, blind: Sequence[Reduction]
) -> Calibrated:
    """Score each fold's rows by the networks and the score that did not see them."""
    scores, weights = [], []
    for evaluation, reduction, of_block in iter_unseen(model, rows, blind):
        scores.append(-reduction.statistic(evaluation, model.encoding))
        weights.append(of_block)
    return Calibrated(
        whole, np.concatenate(scores), np.concatenate(weights), tuple(blind)
    )


def iter_unseen(
    model: Model, rows: FitRows, blind: Iterable[Reduction]
) -> Iterator[Judgement]:
    """Yield blocks of held-out rows, with the reduction that has not seen them."""
    for fold, (reduction, held) in enumerate(zip(blind, rows.held, strict=True)):
        members, unseen = _members(rows, fold), unseen_values(model, rows, fold)
        yield from iter_judged(
            model, rows.Z, held, np.flatnonzero(held), reduction, members, unseen
        )


def iter_apart(
    model: Model, rows: FitRows, reduction: Reduction
) -> Iterator[Judgement]:
    """Yield blocks of rows that are held out of all that a score learns."""
    unseen = unseen_values(model, rows, 0) if rows.novelty is None else None
    held, found = rows.held_out_weights, rows.held_out
    yield from iter_judged(
        model, rows.Z, held, found, reduction, unseen=unseen, novelty=rows.novelty
    )


def unseen_values(model: Model, rows: FitRows, fold: int) -> UnseenValues | None:
    """Return what only the rows that a fold holds out show."""
    if not model.encoding.watches_constants:
        return None
    weights = rows.training_weights[fold]
    return UnseenValues.of_held_out(model.encoding, rows.Z, weights, rows.weights.sum())


def iter_judged(
    model: Model,
    Z: np.ndarray,
    weights: np.ndarray,
    positions: np.ndarray,
    reduction: Reduction,
    members: slice = _EVERY,
    unseen: UnseenValues | None = None,
    novelty: np.ndarray | None = None,
) -> Iterator[Judgement]:
    """Yield blocks of rows, what judges them, and how often each row counts.

    Parameters
    ----------
    model : Model
    Z : ndarray of shape (n_samples, n_encoded)
    weights : ndarray of shape (n_samples,)
    positions : ndarray of int
        Of the rows that are judged.
    reduction : Reduction
    members : slice, default=all
        Networks that judge them.
    unseen : UnseenValues, default=None
        What only these rows show, which counts as in new rows then.
    novelty : ndarray of shape (n_samples, n_features), default=None
        What the encoding has not seen.
    """
    for start in range(0, len(positions), _BLOCK_ROWS):
        block = positions[start : start + _BLOCK_ROWS]
        dtype = np.float64 if reduction.precise else Z.dtype
        of_block, new = Z[block], None if novelty is None else novelty[block]
        if unseen is not None:
            of_block, new = unseen.as_new(of_block)
        evaluation = model.evaluate(of_block.astype(dtype), new)
        evaluation = of_members(evaluation, members)
        yield Judgement(evaluation, reduction, weights[block])


def _members(rows: FitRows, fold: int) -> slice:
    """Return the networks of a fold."""
    return slice(fold, None, rows.n_folds)
