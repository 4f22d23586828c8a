"""Reasons: which columns make up a row's score, and what was expected of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..printable import printable
from .encoding.columns.base import show_value
from .encoding.tabular import column_at, take_rows
from .scorer import Scorer

_TINY = 1e-300


@dataclass(frozen=True)
class Reasons:
    """The columns that make up the scores of a block of rows, greatest share first.

    Parameters
    ----------
    columns : ndarray of shape (n_samples, top), int
        Position of each column in the table.
    shares : ndarray of shape (n_samples, top)
        Share of the score; those of all columns of a row sum to one.
    observed, expected : ndarray of shape (n_samples, top), object
        Values in original units and categories.
    probability : ndarray of shape (n_samples, top)
        Probability of the expected level of a category; NaN for other columns.
    """

    columns: np.ndarray
    shares: np.ndarray
    observed: np.ndarray
    expected: np.ndarray
    probability: np.ndarray


def iter_reasons(
    scorer: Scorer, table: Any, top: int
) -> Iterator[tuple[slice, np.ndarray, Reasons]]:
    """Yield the scores and the reasons of each block of rows.

    Parameters
    ----------
    scorer : Scorer
    table : DataFrame or ndarray of shape (n_samples, n_features)
        With the fitted columns in the fitted order.
    top : int
        Columns to name, at most as many as there are.

    Yields
    ------
    rows : slice
    scores : ndarray of shape (n_block,)
    reasons : Reasons
    """
    encoding, reduction = scorer.encoding, scorer.reduction
    top = min(top, len(encoding.columns))
    for rows, evaluation in scorer.model.iter_evaluations(table):
        cells = reduction.cells(evaluation, encoding)
        shares = cells / np.maximum(cells.sum(axis=1, keepdims=True), _TINY)
        columns = np.argsort(-shares, axis=1, kind="stable")[:, :top]
        expected, probability = _expected(scorer, evaluation)
        observed = _observed(table, rows)
        yield (
            rows,
            -reduction.statistic(evaluation, encoding),
            Reasons(
                columns,
                *(
                    np.take_along_axis(values, columns, axis=1)
                    for values in (shares, observed, expected, probability)
                ),
            ),
        )


def _expected(scorer: Scorer, evaluation: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return expected values, as objects, and the probability of expected levels."""
    encoding = scorer.encoding
    Z = scorer.reduction.expected(evaluation, encoding)
    shape = (len(Z), len(encoding.columns))
    values, probability = np.empty(shape, dtype=object), np.full(shape, np.nan)
    for position, restored in enumerate(encoding.restore(Z)):
        values[:, position] = restored
    for position, group in encoding.groups:
        levels = np.clip(Z[:, group], 0.0, None)
        total = np.maximum(levels.sum(axis=1), 1.0)
        probability[:, position] = levels.max(axis=1) / total
    return values, probability


def _observed(table: Any, rows: slice) -> np.ndarray:
    """Return a block of a table as objects."""
    block = take_rows(table, rows)
    observed = np.empty(block.shape, dtype=object)
    for position in range(block.shape[1]):
        observed[:, position] = np.asarray(column_at(block, position).astype(object))
    return observed


def score_with_reasons(
    scorer: Scorer, table: Any, top: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return scores, and the texts of the ``top`` reasons of each row.

    Returns
    -------
    scores : ndarray of shape (n_samples,)
    texts : ndarray of shape (n_samples, top), object
    """
    top = min(top, len(scorer.encoding.columns))
    if not top:
        return scorer.score_samples(table), np.empty((len(table), 0), dtype=object)
    scores = np.empty(len(table))
    texts = np.empty((len(table), top), dtype=object)
    for rows, block_scores, reasons in iter_reasons(scorer, table, top):
        scores[rows] = block_scores
        texts[rows] = reason_texts(scorer, reasons)
    return scores, texts


def reason_texts(scorer: Scorer, reasons: Reasons) -> np.ndarray:
    """Return one sentence for each reason, (n_samples, top), object.

    Such as "amount 912.4, expected about 35", or "country BR, expected FR (0.94)".
    """
    texts = np.empty(reasons.columns.shape, dtype=object)
    for index, position in np.ndenumerate(reasons.columns):
        column = scorer.encoding.columns[position]
        observed, expected = reasons.observed[index], reasons.expected[index]
        words = column.expectation(observed, expected, reasons.probability[index])
        texts[index] = f"{printable(column.name)} {show_value(observed)}, {words}"
    return texts
