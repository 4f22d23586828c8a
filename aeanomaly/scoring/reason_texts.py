"""Reasons as sentences."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .encoding.columns import CategoricalColumn, Column
from .encoding.reading import DurationReading
from .reasons import Reasons, iter_reasons
from .scorer import Scorer
from .wording.cells import TOO_RARE, Cells
from .wording.sentences import sentences
from .wording.values import show_all, show_name

# What `Cells` takes as `Reasons` has it.
_SAID = (
    *("number", "expected", "low", "high", "probability", "own", "share"),
    *("believed", "sole", "aspect"),
)


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
        shown[at] = [f"{name} {value}" for value in reasons.partners_shown[at]]
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
    name = show_name(column.name)
    observed, shown = reasons.observed[at], reasons.shown[at]
    if column.ignored:
        return [f"{name} {text}, left out" for text in shown]
    said = {name: getattr(reasons, name)[at] for name in _SAID}
    cells = Cells(
        shown=shown,
        rows_alike=_counts(column, observed),
        together=together,
        alone=getattr(column, "n_distinct", 0) == 1,
        **said,
    )
    texts = sentences(column.name, usual, cells, _unit(column))
    if type(column).expectation is not Column.expectation:
        _set_own_words(column, name, observed, cells, texts)
    return texts


def _set_own_words(
    column: Column, name: str, observed: np.ndarray, cells: Cells, texts: list[str]
) -> None:
    """Set the reasons of a column whose class has words of its own for them."""
    said = zip(observed, cells.expected, cells.probability.tolist(), strict=True)
    for row, value in enumerate(said):
        own = column.expectation(*value)
        if own is not None:
            (plain,) = show_all(observed[row : row + 1])
            texts[row] = f"{name} {plain}, {own}"


def _unit(column: Column) -> str:
    """Return what stood behind or before the numbers in texts of a column."""
    reading = getattr(column, "reading", None)
    unit = "s" if isinstance(reading, DurationReading) else ""
    return str(getattr(reading, "unit", unit))


def _counts(column: Column, observed: np.ndarray) -> np.ndarray:
    """Return how many training rows had each level; see `Cells`."""
    if not isinstance(column, CategoricalColumn) or not column.counts:
        return np.full(len(observed), math.nan)
    complete = column.n_distinct == len(column.levels) + len(column.infrequent)
    unknown = 0.0 if complete else TOO_RARE
    counts = [column.count(level) for level in observed]
    return np.array([unknown if count is None else count for count in counts])
