"""Parts of the score that compare with reference rows as graphs."""

from __future__ import annotations

import numpy as np

from ..scoring.encoding.table import TableEncoding
from ..scoring.parts import Neighbourhood, Surroundings
from .graph import Value, concatenated, function, maximum, minimum, two_least
from .parts import REDUCTIONS, times_matrix
from .residuals import Evaluation


def _without_ranked(Z: Value, encoding: TableEncoding, copies: int) -> Value:
    """Return encoded rows, zero in levels that share a column with others."""
    levels = encoding.ranked_columns[encoding.ranked_columns >= encoding.n_linear]
    if not len(levels):
        return Z
    kept = np.ones(encoding.n_encoded)
    kept[levels] = 0.0
    return Z * np.tile(kept, copies)


def _distances(rows: Value, references: np.ndarray) -> Value:
    """Return squared distances from references, less each row's own squared norm."""
    norms = np.square(references.astype(np.float64)).sum(axis=1)
    turned = np.ascontiguousarray(references.T)
    return (rows * -2.0) @ turned + norms


def _log_distance(first: Value, second: Value, near: float) -> Value:
    """Return the log distance to the nearest reference that is evidence."""
    share = minimum(first / near, 1.0)
    first, second = (function("Log", one + near) for one in (first, second))
    return (share * first + (1.0 - share) * second) * 0.5


@REDUCTIONS.register(Neighbourhood)
def write_neighbourhood(
    part: Neighbourhood, evaluation: Evaluation, encoding: TableEncoding
) -> Value:
    """Write the log distance to the nearest reference in the joint space."""
    residual = evaluation.output.mean(axis=0, keepdims=False) - evaluation.Z
    whitened = times_matrix(residual, part.whitening)
    joint = _without_ranked(concatenated([evaluation.Z, whitened]), encoding, 2)
    _, places = two_least(_distances(joint, part.references), len(part.references))
    # Once more from differences: one of norms loses the digits of small distances.
    nearest = joint.graph.constant(part.references).rows_at(places)
    differences = nearest - joint.reshape(-1, 1, part.references.shape[1])
    squared = (differences * differences).sum(keepdims=False)
    first, second = squared.columns([0]), squared.columns([1])
    least, other = minimum(first, second), maximum(first, second)
    return _log_distance(least, other, part.near_squared)


@REDUCTIONS.register(Surroundings)
def write_surroundings(
    part: Surroundings, evaluation: Evaluation, encoding: TableEncoding
) -> Value:
    """Write the mean log distance to the nearest row of each block."""
    Z = _without_ranked(evaluation.Z, encoding, 1)
    n_blocks = len(part.references) // part.block_size
    references = part.references[: n_blocks * part.block_size]
    distances = _distances(Z, references).reshape(-1, n_blocks, part.block_size)
    least, _ = two_least(distances, part.block_size)
    own = (Z * Z).sum().reshape(-1, 1, 1)
    squared = maximum(least + own, 0.0)
    logs = _log_distance(squared.columns([0]), squared.columns([1]), part.near_squared)
    return logs.reshape(-1, n_blocks).mean()
