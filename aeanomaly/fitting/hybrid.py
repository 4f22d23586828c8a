"""The hybrid score: its parts and their scales, fitted to training rows.

See ``docs/hybrid_score.md`` for what is computed, why, and what each part brings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..scoring.evaluation import Evaluation
from ..scoring.model import Model
from ..scoring.parts import (
    PARTS,
    FarScale,
    Marginal,
    PartRows,
    ScaledPart,
    ScorePart,
    TailCombination,
    TailScale,
)
from .unseen_values import UnseenValues

# Rows that calibrate the scales of the parts.
_N_CALIBRATION = 10_000
# Rows that estimate what would take too long from all, such as a covariance.
_N_SAMPLE = 20_000
# A part that finds a row extreme outweighs all that find it ordinary.
_POWER = 5.0
_EVERY = slice(None)


def suspicious_rows(
    Z: np.ndarray, weights: np.ndarray, encoding: Any, share: float
) -> np.ndarray:
    """Return which rows are the most surprising, column by column.

    Leaving them out of training keeps the network from learning to reconstruct the
    anomalies among its training rows. The marginal part finds them without a network.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_encoded)
    weights : ndarray of shape (n_samples,)
    encoding : TableEncoding
    share : float
        Share of the rows to find, in [0, 1).

    Returns
    -------
    ndarray of shape (n_samples,), bool
    """
    marginal = Marginal.of_rows(Z, weights, encoding)
    surprise = marginal.unit_surprise(Z, encoding, seen=True).mean(axis=1)
    return surprise > np.quantile(surprise, 1 - share)


def resolve_parts(parts: Iterable[str | type[ScorePart]]) -> list[type[ScorePart]]:
    """Return classes of parts from their names, or as they are.

    Raises
    ------
    ValueError
        If one is neither a known name nor a subclass of `ScorePart`, or none is given.
    """
    resolved: list[type[ScorePart]] = []
    for part in parts:
        if isinstance(part, str) and part in PARTS:
            part = PARTS[part]
        if not (isinstance(part, type) and issubclass(part, ScorePart)):
            raise ValueError(
                f"A score_type that lists parts must hold names among {PARTS}, or "
                f"subclasses of ScorePart. Got {part!r} instead."
            )
        resolved.append(part)
    if not resolved:
        raise ValueError(
            f"A score_type that lists parts must hold at least one of {PARTS}. Got "
            f"none."
        )
    return resolved


def fit_combination(
    model: Model,
    Z: np.ndarray,
    weights: np.ndarray,
    parts: Iterable[type[ScorePart]],
    n_references: int,
    rng: np.random.Generator,
    n_scale: int = _N_CALIBRATION,
    members: slice = _EVERY,
) -> TailCombination:
    """Fit the parts of a score, and their scales, to encoded rows.

    Parameters
    ----------
    model : Model
        The model whose network evaluates the rows.
    Z : ndarray of shape (n_samples, n_encoded)
        Distinct encoded rows.
    weights : ndarray of shape (n_samples,)
        How often each row counts; rows of weight zero are not looked at.
    parts : iterable of type
        Subclasses of `ScorePart`.
    n_references : int
        Training rows that the score keeps; zero leaves out the parts that keep some.
    rng : numpy.random.Generator
    n_scale : int
        Rows, at most, that the scales are fitted to.
    members : slice
        Networks that the score listens to.
    """
    if not (weights > 0).all():
        Z, weights = Z[weights > 0], weights[weights > 0]
    order = rng.permutation(len(Z))
    references = rng.permutation(len(Z))[:n_references]

    def evaluate(Z: np.ndarray) -> Evaluation:
        # Scores of new rows are computed as precisely, where that matters.
        return of_members(model.evaluate(Z.astype(np.float64)), members)

    rows = PartRows(Z, weights, model.encoding, order[:_N_SAMPLE], references, evaluate)
    chosen = [cls for cls in parts if n_references or not cls.keeps_rows]
    if not chosen:
        raise ValueError(
            "n_references=0 leaves out every part of the score. Keep references, or "
            "name a part that keeps no rows, such as 'residual'."
        )
    fitted = [cls.fit(rows) for cls in chosen]
    calibration = order[:n_scale]
    evaluation = evaluate(Z[calibration])
    as_new = _as_new(model, Z, weights, calibration, evaluate) or evaluation

    def scale(part: ScorePart) -> TailScale:
        judged = as_new if part.counts_novelty else evaluation
        return _fit_scale(part, judged, model, weights[calibration])

    scaled = tuple(ScaledPart(part, scale(part)) for part in fitted)
    expecting = (i for i, part in enumerate(fitted) if part.expects)
    return TailCombination(scaled, _POWER, next(expecting, None))


def _as_new(
    model: Model,
    Z: np.ndarray,
    weights: np.ndarray,
    calibration: np.ndarray,
    evaluate: Callable[[np.ndarray], Evaluation],
) -> Evaluation | None:
    """Return training rows as new ones: what a row alone shows is new to the others.

    None where no row shows what others do not.
    """
    if not model.encoding.watches_constants:
        return None
    unseen = UnseenValues.of_single_rows(model.encoding, Z, weights)
    if unseen is None:
        return None
    rows, novelty = unseen.as_new(Z[calibration])
    return evaluate(rows)._replace(novelty=novelty)


def of_members(evaluation: Evaluation, members: slice) -> Evaluation:
    """Return what some of the networks say."""
    return evaluation._replace(
        codes=evaluation.codes[members], output=evaluation.output[members]
    )


def _fit_scale(
    part: ScorePart, evaluation: Evaluation, model: Model, weights: np.ndarray
) -> TailScale:
    """Return a part's scale from training rows, each judged as if it were unseen."""
    statistic = part.unseen_statistic(evaluation, model.encoding)
    if not np.isfinite(statistic).all():
        raise ValueError(
            f"The part {part.name!r} of the score is not a finite number for "
            f"{int((~np.isfinite(statistic)).sum()):,} training rows. Leave it out of "
            f"score_type, or correct its statistic."
        )
    scale = FarScale if part.sees_groups else TailScale
    fitted = scale.fit(statistic, weights, part.resolution, part.discount)
    return fitted.times(part.factor)
