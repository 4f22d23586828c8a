"""A model without what would tell rows or words of the training table."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from .encoding.columns import CategoricalColumn, Column
from .encoding.columns.hashed import HashedCategoricalColumn
from .model import Model
from .parts import (
    Extremes,
    FeedbackReduction,
    LabelHead,
    LabelledCombination,
    Marginal,
    Reduction,
    TailCombination,
)
from .parts.base import ScorePart
from .parts.rebinned import RebinnedMarginal

# Mean length of a month, in seconds.
_MONTH = 365.2425 * 86_400.0 / 12


class PrivateModel(NamedTuple):
    """What a private file holds.

    Parameters
    ----------
    model : Model
    reduction : Reduction or None
    offset : float or None
    same_scores : bool
        Whether scores are those of the model that it was made of, up to the edges of
        histograms. Else parts that kept rows were left out.
    """

    model: Model
    reduction: Reduction | None
    offset: float | None
    same_scores: bool


def private_model(
    model: Model, reduction: Reduction | None, offset: float | None
) -> PrivateModel:
    """Return a model that holds no row, no level and no extreme value of its table.

    Parts of the score that keep rows are left out. The threshold then flags as many of
    the rows that they kept as before.

    Raises
    ------
    ValueError
        If no part of the score is left, or what it learnt from labels would be lost.
    """
    if isinstance(reduction, FeedbackReduction):
        raise ValueError(
            "private=True would lose what feedback has taught the model, which is kept "
            "as rows. Call forget_feedback, or pass private=False."
        )
    encoding = model.encoding
    columns = tuple(map(_private_column, encoding.columns))
    private = replace(model, encoding=replace(encoding, columns=columns))
    if not isinstance(reduction, TailCombination):
        return PrivateModel(private, reduction, offset, same_scores=True)
    kept = [scaled for scaled in reduction.parts if not scaled.part.keeps_rows]
    if not kept:
        raise ValueError(
            "private=True leaves out every part of the score, since all keep rows. "
            "Fit with another score_type, or pass private=False."
        )
    changes: dict[str, Any] = {}
    if isinstance(reduction, LabelledCombination):
        changes = {"head": _private_head(reduction)}
    expecting = [i for i, scaled in enumerate(kept) if scaled.part.expects]
    parts = tuple(replace(scaled, part=_private_part(scaled.part)) for scaled in kept)
    rest = replace(
        reduction,
        parts=parts,
        expecting=expecting[0]
        if expecting and reduction.expecting is not None
        else None,
        **changes,
    )
    if len(kept) == len(reduction.parts):
        return PrivateModel(private, rest, offset, same_scores=True)
    if offset is not None:
        offset = _moved(model, reduction, rest, offset)
    return PrivateModel(private, rest, offset, same_scores=False)


def n_kept_rows(reduction: Reduction | None) -> int:
    """Return how many training rows a reduction keeps, known anomalies among them."""
    n_cases = 0
    if isinstance(reduction, FeedbackReduction):
        n_cases, reduction = len(reduction.cases), reduction.base
    if isinstance(reduction, LabelledCombination):
        n_cases += reduction.head.n_cases
    references = _references(reduction)
    return n_cases + (0 if references is None else len(references))


def levels_are_hashed(columns: Any) -> bool | None:
    """Return whether all levels are hashed; None where there are none."""
    categories = [c for c in columns if isinstance(c, CategoricalColumn)]
    if not categories:
        return None
    return all(isinstance(column, HashedCategoricalColumn) for column in categories)


def _private_column(column: Column) -> Column:
    changes: Any = {}
    if isinstance(column, HashedCategoricalColumn):
        return column
    if type(column) is CategoricalColumn:
        return HashedCategoricalColumn.of_column(column)
    if hasattr(column, "low") and hasattr(column, "high"):
        changes = {"low": None, "high": None}
    if hasattr(column, "first") and hasattr(column, "last"):
        first, last = column.first / _MONTH, column.last / _MONTH
        changes |= {
            "first": math.floor(first) * _MONTH,
            "last": math.ceil(last) * _MONTH,
        }
    return replace(column, **changes) if changes else column  # type: ignore[type-var]


def _private_part(part: ScorePart) -> ScorePart:
    if isinstance(part, Extremes):
        return replace(part, marginal=_private_marginal(part.marginal))
    return _private_marginal(part) if isinstance(part, Marginal) else part


def _private_marginal(part: Marginal) -> Marginal:
    return RebinnedMarginal.of_marginal(part) if type(part) is Marginal else part


def _private_head(reduction: LabelledCombination) -> LabelHead:
    """Return what was learnt from labels, without rows.

    Raises
    ------
    ValueError
        If it was learnt beside rows that the score keeps.
    """
    head = reduction.head
    if head.n_cases or any(scaled.part.keeps_rows for scaled in reduction.parts):
        raise ValueError(
            "private=True would lose what was learnt from labels, which looks at rows "
            "that the score keeps. Fit with n_references=0, or pass private=False."
        )
    marginal = None if head.marginal is None else _private_marginal(head.marginal)
    return replace(head, marginal=marginal)


def _references(reduction: Reduction | None) -> np.ndarray | None:
    if isinstance(reduction, TailCombination):
        for scaled in reduction.parts:
            if scaled.part.keeps_rows and hasattr(scaled.part, "references"):
                return np.asarray(scaled.part.references)
    return None


def _moved(model: Model, old: Reduction, new: Reduction, offset: float) -> float:
    """Return the threshold that flags as many of the kept rows as the old one."""
    references = _references(old)
    if references is None:
        return offset
    encoding = model.encoding
    before, after = [], []
    for start in range(0, len(references), 1_024):
        block = references[start : start + 1_024, : encoding.n_encoded]
        evaluation = model.evaluate(block.astype(np.float64))
        before.append(-old.statistic(evaluation, encoding))
        after.append(-new.statistic(evaluation, encoding))
    scores, others = np.sort(np.concatenate(before)), np.sort(np.concatenate(after))
    n_flagged = int(np.searchsorted(scores, offset))
    if n_flagged == 0:
        return float(others[0] - (scores[0] - offset))
    if n_flagged == len(scores):
        return float(others[-1] + (offset - scores[-1]))
    return float(0.5 * (others[n_flagged - 1] + others[n_flagged]))
