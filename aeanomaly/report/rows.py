"""The most abnormal rows: why, and what would make them ordinary."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..counterfactuals import Counterfactual, OrdinaryRows, find_counterfactuals
from ..scoring.encoding.tabular import take_rows
from ..scoring.reason_texts import reason_texts
from ..scoring.reasons import Reasons, iter_reasons
from ..scoring.scorer import Scorer
from .groups import N_REASONS, Group, group_rows, shared_reasons
from .words import expected_text, name_of, text_of

_N_REASONS = 3
# Cells that the page holds of all its rows, observed beside expected.
_MOST_CELLS = 12_000


def grouped_rows(scorer: Scorer, features: Any) -> list[Group]:
    """Return groups of flagged rows by the reasons that they share.

    Parameters
    ----------
    scorer : Scorer
    features : DataFrame or ndarray of shape (n_flagged, n_features)
    """
    found: list[Any] = []
    for _, _, reasons in iter_reasons(scorer, features, N_REASONS):
        found += shared_reasons(scorer, reasons)
    return group_rows(found)


def described_rows(scorer: Scorer, offset: float, features: Any) -> list[dict]:
    """Return rows as plain data, with all that a reader may ask of one.

    Parameters
    ----------
    scorer : Scorer
    offset : float
    features : DataFrame or ndarray of shape (n_rows, n_features)
        The rows, with the fitted columns in their order.
    """
    if not len(features):
        return []
    ordinary = OrdinaryRows.of_scorer(scorer, offset, features)
    changes = find_counterfactuals(scorer, offset, features, ordinary)
    nearest = None
    if ordinary is not None:
        Z, _ = scorer.encoding.encode(features)
        nearest = ordinary.nearest(Z, 1)[:, 0]
    n_columns = len(scorer.encoding.columns)
    shown = min(n_columns, max(10, _MOST_CELLS // len(features)))
    rows = []
    for block, _, reasons in iter_reasons(scorer, features, n_columns):
        first = reasons.first(_N_REASONS)
        texts = reason_texts(scorer, first)
        for i in range(len(reasons.columns)):
            row = block.start + i
            held = None
            if ordinary is not None and nearest is not None:
                held = [values[nearest[row]] for values in ordinary.values]
            rows.append(
                {
                    "reasons": [text for text in texts[i].tolist() if text],
                    "columns": _columns(scorer, reasons, i, changes[row], held, shown),
                    "columns_not_shown": n_columns - shown,
                    "counterfactual": _counterfactual(scorer, changes[row]),
                    "nearest_ordinary": held is not None,
                }
            )
    return rows


def _columns(
    scorer: Scorer,
    reasons: Reasons,
    row: int,
    counterfactual: Counterfactual,
    held: list[Any] | None,
    shown: int,
) -> list[dict[str, Any]]:
    """Return each column of a row, observed beside expected."""
    changed = {one.position: one.changed for one in counterfactual.changes}
    cells = []
    for rank, position in enumerate(reasons.columns[row, :shown].tolist()):
        column = scorer.encoding.columns[position]
        cells.append(
            {
                "column": name_of(column.name),
                "observed": text_of(reasons.observed[row, rank]),
                "expected": "left out"
                if column.ignored
                else expected_text(reasons, row, rank, column.storage == "time"),
                "share": round(float(reasons.shares[row, rank]), 4),
                "nearest_ordinary": None
                if held is None or column.ignored or column.ranked
                else text_of(held[position]),
                "changed": text_of(changed[position]) if position in changed else None,
            }
        )
    return cells


def _counterfactual(scorer: Scorer, found: Counterfactual) -> dict[str, Any]:
    return {
        "found": found.found,
        "score": round(found.score, 4),
        "changes": [
            {
                "column": name_of(scorer.encoding.names[one.position]),
                "observed": text_of(one.observed),
                "changed": text_of(one.changed),
            }
            for one in found.changes
        ],
    }


def first_rows(features: Any, n_rows: int) -> Any:
    """Return the first rows of a table."""
    return take_rows(features, np.arange(min(n_rows, len(features))))
