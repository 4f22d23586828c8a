"""The hybrid score: what it is made of, fitted to training rows.

See ``docs/hybrid_score.md`` for what is computed, why, and what each part brings.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..scoring.evaluation import Evaluation
from ..scoring.parts import (
    Covariance,
    Marginal,
    Neighbourhood,
    Residual,
    ScaledPart,
    Surroundings,
    TailCombination,
    TailScale,
)
from ..scoring.scorer import Scorer

# Rows that calibrate the scales of the parts.
_N_CALIBRATION = 10_000
# Rows that estimate the covariance.
_N_COVARIANCE = 20_000
# A part that finds a row extreme outweighs all that find it ordinary.
_POWER = 5.0


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
    marginal = Marginal.fit(Z, weights, encoding)
    surprise = marginal.unit_surprise(Z, encoding, seen=True).mean(axis=1)
    return surprise > np.quantile(surprise, 1 - share)


def fit_combination(
    scorer: Scorer,
    Z: np.ndarray,
    weights: np.ndarray,
    n_references: int,
    rng: np.random.Generator,
) -> TailCombination:
    """Fit the parts of the hybrid score, and their scales, to encoded rows.

    Parameters
    ----------
    scorer : Scorer
        Whose network evaluates the rows; its reduction is not used.
    Z : ndarray of shape (n_samples, n_encoded)
        Distinct encoded rows.
    weights : ndarray of shape (n_samples,)
        How often each row counts.
    n_references : int
        Training rows that the score keeps; zero leaves out neighbourhood and
        surroundings.
    rng : numpy.random.Generator
    """
    encoding = scorer.encoding
    order = rng.permutation(len(Z))
    inner = order[:_N_COVARIANCE]
    calibration = order[:_N_CALIBRATION]
    parts: list[Any] = [
        Residual(np.ones(len(encoding.unit_columns), dtype=np.float32)),
        Marginal.fit(Z, weights, encoding),
        Covariance.fit(Z[inner], weights[inner]),
    ]
    if n_references:
        references = rng.permutation(len(Z))[:n_references]
        parts.append(Neighbourhood.fit(scorer.evaluate(Z[references], None)))
        parts.append(Surroundings.fit(Z[references]))
    evaluation = scorer.evaluate(Z[calibration], None)
    scaled = [
        ScaledPart(part, _fit_scale(part, evaluation, encoding, weights[calibration]))
        for part in parts
    ]
    return TailCombination(tuple(scaled), _POWER)


def _fit_scale(
    part: Any, evaluation: Evaluation, encoding: Any, weights: np.ndarray
) -> TailScale:
    """Return a part's scale from training rows, each judged as if it were unseen."""
    if isinstance(part, Marginal):
        statistic = part.statistic(evaluation, encoding, seen=True)
    else:
        statistic = part.statistic(evaluation, encoding)
    return TailScale.fit(statistic, weights)
