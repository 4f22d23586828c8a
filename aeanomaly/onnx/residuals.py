"""What a network says about rows as a graph, and the error of each unit."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..scoring.encoding.table import TableEncoding
from .graph import Value, concatenated, function, maximum, minimum


class Evaluation(NamedTuple):
    """What the network says about rows, as `aeanomaly.scoring.evaluation` has it.

    Parameters
    ----------
    Z : Value of shape (n, n_encoded)
    novelty : Value of shape (n, n_novel) or None
        Of the columns that can have any.
    output : Value of shape (n_members, n, n_encoded)
    """

    Z: Value
    novelty: Value | None
    output: Value


def members_of(encoding: TableEncoding) -> np.ndarray:
    """Return which encoded levels are in which group, (n_levels, n_groups)."""
    start = encoding.n_linear
    members = np.zeros((encoding.n_encoded - start, len(encoding.groups)))
    for i, (_, group) in enumerate(encoding.groups):
        members[group.start - start : group.stop - start, i] = 1.0
    return members


def unit_errors(evaluation: Evaluation, encoding: TableEncoding) -> Value:
    """Return the error of each unit; see `aeanomaly.scoring.errors.unit_errors`."""
    parts = []
    if encoding.n_linear:
        parts.append(_linear_errors(evaluation, encoding))
    if encoding.groups:
        parts.append(_level_errors(evaluation, encoding))
    return concatenated(parts)


def _linear_errors(evaluation: Evaluation, encoding: TableEncoding) -> Value:
    linear = slice(0, encoding.n_linear)
    residual = evaluation.output.columns(linear) - evaluation.Z.columns(linear)
    if len(encoding.rarities):
        # A level that is more frequent than expected is no error.
        most = np.full(encoding.n_linear, np.inf)
        most[encoding.rarities] = 0.0
        residual = minimum(residual, most)
    errors = (residual * residual).mean(axis=0, keepdims=False)
    values, indicators = encoding.may_miss
    if not len(values):
        return errors
    # Indicators of 0 and 1 are centred: above zero they say "missing".
    source = np.zeros(encoding.n_linear, dtype=np.int64)
    source[values] = indicators
    least = np.full(encoding.n_linear, np.inf)
    least[values] = 0.0
    return errors * (evaluation.Z.columns(source) <= least).cast("double")


def _level_errors(evaluation: Evaluation, encoding: TableEncoding) -> Value:
    levels = slice(encoding.n_linear, None)
    Z = evaluation.Z.columns(levels)
    # The least number of single precision, as where networks run in it.
    tiny = float(np.finfo(np.float32).tiny)
    surprise = -function("Log", maximum(evaluation.output.columns(levels), tiny)) * Z
    errors = surprise.mean(axis=0, keepdims=False) @ members_of(encoding)
    if not encoding.shared_groups:
        return errors
    usual = np.zeros_like(members_of(encoding))
    least = np.full(len(encoding.groups), -np.inf)
    for i, surprises in encoding.shared_groups.items():
        group = encoding.groups[i][1]
        usual[group.start - encoding.n_linear : group.stop - encoding.n_linear, i] = (
            surprises
        )
        least[i] = 0.0
    return maximum(errors - Z @ usual, least)
