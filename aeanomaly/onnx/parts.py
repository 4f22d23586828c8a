"""Parts of the score as graphs: one statistic a row, (n, 1)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..scoring.encoding.table import TableEncoding
from ..scoring.parts import Covariance, Extremes, Marginal, Relation, Residual
from ..scoring.parts.low_rank import LowRankMatrix, Matrix, block_of
from ..scoring.parts.protocol_1 import KeyedNeighbourhood, KeyedSurroundings
from ..scoring.parts.protocol_2 import ColumnwiseCovariance
from ..scoring.parts.rebinned import RebinnedMarginal
from .graph import (
    Value,
    concatenated,
    function,
    log1p,
    maximum,
    where,
)
from .registry import Converters
from .residuals import Evaluation, members_of, unit_errors

_OLD = (
    "It is of a model file of protocol 1, and compares hashes of rows, which no graph "
    "computes. Fit again."
)
REDUCTIONS = Converters(
    "part of the score",
    "REDUCTIONS",
    {KeyedNeighbourhood: _OLD, KeyedSurroundings: _OLD},
)
# Encoded columns of categories whose matrices are put together into one.
_TOGETHER = 512


def write_reduction(
    reduction: Any, evaluation: Evaluation, encoding: TableEncoding
) -> Value:
    """Return one number for each row, greater for more abnormal rows, (n, 1)."""
    return REDUCTIONS.of(reduction)(reduction, evaluation, encoding)


@REDUCTIONS.register(Residual)
def write_residual(
    part: Residual, evaluation: Evaluation, encoding: TableEncoding
) -> Value:
    """Write the weighted mean of the units' errors."""
    errors = unit_errors(evaluation, encoding)
    total = errors @ part.weights.astype(np.float64)[:, None]
    if evaluation.novelty is not None:
        total = total + evaluation.novelty.sum()
    return total / float(max(1, encoding.n_judged))


@REDUCTIONS.register(Marginal, RebinnedMarginal)
def write_marginal(
    part: Marginal, evaluation: Evaluation, encoding: TableEncoding
) -> Value:
    """Write the mean surprise of the units."""
    surprise = unit_surprise(part, evaluation.Z, encoding).mean()
    if evaluation.novelty is None:
        return surprise
    return surprise + evaluation.novelty.sum() / float(len(encoding.unit_columns))


@REDUCTIONS.register(Extremes)
def write_extremes(
    part: Extremes, evaluation: Evaluation, encoding: TableEncoding
) -> Value:
    """Write the power mean of the units' surprises."""
    n_linear, n_units = encoding.n_linear, len(encoding.unit_columns)
    surprise = unit_surprise(part.marginal, evaluation.Z, encoding) - part.usual
    units = []
    if n_linear:
        z = (evaluation.Z.columns(slice(0, n_linear)) - part.center) / part.unit
        linear = surprise.columns(slice(0, n_linear))
        units.append(maximum(linear, log1p(z * z)))
    if n_units > n_linear:
        units.append(maximum(surprise.columns(slice(n_linear, None)), 0.0))
    total = (concatenated(units) ** float(part.power)).sum()
    if evaluation.novelty is not None:
        total = total + (evaluation.novelty ** float(part.power)).sum()
    return (total / float(max(1, n_units))) ** (1.0 / part.power)


def unit_surprise(part: Marginal, Z: Value, encoding: TableEncoding) -> Value:
    """Return the surprise of each unit, (n, n_units)."""
    parts = []
    if encoding.n_linear:
        linear = Z.columns(slice(0, encoding.n_linear))
        parts.append(_linear_surprise(part, linear, encoding))
    if encoding.groups:
        levels = members_of(encoding) * _surprise_of_levels(part, encoding)[:, None]
        # Levels that share a column: their rarity is a linear column.
        levels[:, list(encoding.shared_groups)] = 0.0
        parts.append(Z.columns(slice(encoding.n_linear, None)) @ levels)
    return concatenated(parts)


def _surprise_of_levels(part: Marginal, encoding: TableEncoding) -> np.ndarray:
    return np.concatenate(
        [part.surprise_of_levels(group, encoding) for _, group in encoding.groups]
    )


def _linear_surprise(part: Marginal, linear: Value, encoding: TableEncoding) -> Value:
    n_bins, last = part.n_bins, part.n_bins - 1
    position = (linear - part.low) / part.width
    bins = function("Floor", position + part.above_edge).clip(0.0, last)
    place = bins.cast("int64") + np.arange(encoding.n_linear) * n_bins
    table = np.asarray(part.surprise_of_bins, dtype=np.float64)
    following = np.hstack([table[:, 1:], table[:, -1:]])
    surprise, after = (
        linear.graph.constant(one.ravel()).rows_at(place) for one in (table, following)
    )
    if part.ramp:
        below = bins + (1 - part.above_edge) - position
        # At the last bin there is none to pass to.
        way = (1.0 - below / part.ramp).clip(0.0, 1.0)
        surprise = surprise + way * (after - surprise)
    outside = maximum(maximum(-position, position - float(n_bins)), 0.0)
    outside = outside / getattr(part, "bins_together", 1.0)
    return _with_rarities(surprise + log1p(outside), linear, encoding)


def _with_rarities(surprise: Value, linear: Value, encoding: TableEncoding) -> Value:
    """Return surprises, in which columns of rarities hold those."""
    if not len(encoding.rarities):
        return surprise
    is_rarity = np.zeros(encoding.n_linear, dtype=bool)
    is_rarity[encoding.rarities] = True
    rarity = linear * encoding.linear_scales + encoding.linear_centers
    return where(linear.graph.constant(is_rarity), maximum(rarity, 0.0), surprise)


def times_matrix(rows: Value, matrix: Matrix) -> Value:
    """Return rows multiplied by a matrix of either kind."""
    if isinstance(matrix, LowRankMatrix):
        return rows * matrix.diagonal + (rows @ matrix.left) @ matrix.right
    return rows @ matrix


@REDUCTIONS.register(Covariance, ColumnwiseCovariance)
def write_covariance(
    part: Covariance, evaluation: Evaluation, encoding: TableEncoding
) -> Value:
    """Write the squared distance."""
    deviations = evaluation.Z - part.center
    squares = deviations * times_matrix(deviations, part.precision)
    return maximum(squares.sum(), 0.0)


@REDUCTIONS.register(Relation)
def write_relation(
    part: Relation, evaluation: Evaluation, encoding: TableEncoding
) -> Value:
    """Write the power mean of the columns' squared deviations."""
    pulled = times_matrix(
        evaluation.Z - part.covariance.center, part.covariance.precision
    )
    falls, columns = _falls(part.covariance, pulled, encoding)
    powers = (falls / part.units[columns]) ** float(part.power)
    return powers.mean() ** (0.5 / part.power)


def _falls(
    covariance: Covariance, pulled: Value, encoding: TableEncoding
) -> tuple[Value, np.ndarray]:
    """Return what the distance falls by, and of which columns of the table."""
    single, sources, wide = encoding.blocks_by_size
    columns, parts = [sources], []
    if type(covariance) is ColumnwiseCovariance:
        return _columnwise_falls(covariance, pulled, encoding)
    if len(single):
        own = pulled.columns(single)
        parts.append(own * own / covariance.diagonal[single])
    for bundle in _bundles(wide):
        columns.append(np.array([column for column, _ in bundle]))
        parts.append(_wide_falls(covariance, pulled, [block for _, block in bundle]))
    return concatenated(parts), np.concatenate(columns)


def _columnwise_falls(
    covariance: Covariance, pulled: Value, encoding: TableEncoding
) -> tuple[Value, np.ndarray]:
    counted = np.array([column for column, _ in encoding.blocks])
    members = (encoding.encoded_columns[:, None] == counted).astype(np.float64)
    squares = pulled * pulled / covariance.diagonal
    return squares @ members, counted


def _bundles(
    wide: list[tuple[int, np.ndarray]],
) -> list[list[tuple[int, np.ndarray]]]:
    """Return columns of several encoded ones, so many at a time."""
    bundles: list[list[tuple[int, np.ndarray]]] = []
    n_together = _TOGETHER
    for column, block in wide:
        if n_together + len(block) > _TOGETHER:
            bundles.append([])
            n_together = 0
        bundles[-1].append((column, block))
        n_together += len(block)
    return bundles


def _wide_falls(
    covariance: Covariance, pulled: Value, blocks: list[np.ndarray]
) -> Value:
    """Return what the distance falls by for columns of several encoded ones."""
    size = sum(map(len, blocks))
    inverse, members, start = np.zeros((size, size)), np.zeros((size, len(blocks))), 0
    for i, block in enumerate(blocks):
        stop = start + len(block)
        own = block_of(covariance.precision, block, block).astype(np.float64)
        inverse[start:stop, start:stop] = np.linalg.inv(own).T
        members[start:stop, i] = 1.0
        start = stop
    pulls = pulled.columns(np.concatenate(blocks))
    return maximum((pulls * (pulls @ inverse)) @ members, 0.0)
