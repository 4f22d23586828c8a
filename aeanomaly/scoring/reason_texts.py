"""Reasons as sentences."""

from __future__ import annotations

import math
from itertools import repeat
from typing import Any

import numpy as np

from .encoding.columns import CategoricalColumn, Column
from .encoding.reading import DurationReading
from .reasons import Reasons, iter_reasons
from .scorer import Scorer
from .wording.sentences import Cell, ColumnWords
from .wording.values import show_all, show_name


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

    Such as "amount 912.4, expected 12 to 96", or "country BR, expected FR (0.94)". The
    first of a row says which known anomaly the row is like, if it is like one.
    """
    texts = np.empty(reasons.columns.shape, dtype=object)
    together = _together(scorer, reasons)
    for position in np.unique(reasons.columns):
        at = np.nonzero(reasons.columns == position)
        texts[at] = _texts_of_column(scorer, reasons, position, at, together[at])
    if reasons.like is not None and texts.size:
        for row in np.flatnonzero(reasons.like):
            texts[row, 0] += f"; like known case {reasons.like[row]}"
    return texts


def _together(scorer: Scorer, reasons: Reasons) -> np.ndarray:
    """Return the columns beside each reason, with their values, (n_samples, top).

    Texts, empty where there are none.
    """
    partners = reasons.partners
    shown = np.full(partners.shape, "", dtype=object)
    for position in np.unique(partners[partners >= 0]):
        at = np.nonzero(partners == position)
        name = show_name(scorer.encoding.columns[position].name)
        values = show_all(reasons.partners_observed[at])
        shown[at] = [f"{name} {value}" for value in values]
    first, *others = np.moveaxis(shown, -1, 0)
    for other in others:
        both = other != ""
        first[both] += " and " + other[both]
    return first


def _texts_of_column(
    scorer: Scorer,
    reasons: Reasons,
    position: int,
    at: tuple[np.ndarray, ...],
    together: np.ndarray,
) -> list[str]:
    column, usual = scorer.encoding.columns[position], scorer.usual_of(position)
    words = ColumnWords(column.name, usual, _unit(column))
    observed = reasons.observed[at]
    shown = show_all(observed, None if column.ignored else words.decimals)
    if column.ignored:
        return [f"{words.name} {text}, left out" for text in shown]
    cells = map(
        Cell,
        observed,
        reasons.number[at].tolist(),
        reasons.expected[at],
        reasons.low[at].tolist(),
        reasons.high[at].tolist(),
        reasons.probability[at].tolist(),
        reasons.own[at].tolist(),
        reasons.share[at].tolist(),
        reasons.believed[at].tolist(),
        _counts(column, observed),
        repeat(getattr(column, "n_distinct", 0) == 1),
        together,
        reasons.sole[at].tolist(),
        reasons.aspect[at],
    )
    if type(column).expectation is Column.expectation:
        return list(map(words.sentence, cells, shown))
    return [_text(column, words, *said) for said in zip(cells, shown, strict=True)]


def _text(column: Column, words: ColumnWords, cell: Cell, shown: str) -> str:
    """Return the reason of a column whose class may have words of its own."""
    own = column.expectation(cell.observed, cell.expected, cell.probability)
    if own is None:
        return words.sentence(cell, shown)
    (plain,) = show_all([cell.observed])
    return f"{words.name} {plain}, {own}"


def _unit(column: Column) -> str:
    """Return what stood behind or before the numbers in texts of a column."""
    reading = getattr(column, "reading", None)
    unit = "s" if isinstance(reading, DurationReading) else ""
    return str(getattr(reading, "unit", unit))


def _counts(column: Column, observed: np.ndarray) -> list[float | None]:
    """Return how many training rows had each level; see `Cell`."""
    if not isinstance(column, CategoricalColumn) or not column.counts:
        return [math.nan] * len(observed)
    complete = column.n_distinct == len(column.levels) + len(column.infrequent)
    counts = [column.count(level) for level in observed]
    return [0.0 if c is None and complete else c for c in counts]
