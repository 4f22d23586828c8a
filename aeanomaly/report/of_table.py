"""The report of a table in memory."""

from __future__ import annotations

from typing import Any

from ..scoring.encoding.tabular import row_index, take_rows
from .content import report_content
from .gather import Gathered

_BLOCK_ROWS = 50_000


def report_of_table(
    detector: Any, table: Any, X: Any, y: Any = None, **options: Any
) -> dict[str, Any]:
    """Return what the report says of a table in memory.

    Parameters
    ----------
    detector : AutoencoderOutlierDetector
        Fitted.
    table : DataFrame or ndarray of shape (n_samples, n_features)
        With the fitted columns in the fitted order.
    X : DataFrame or array-like
        The table as it was given: its index names the rows.
    y : array-like of shape (n_samples,), default=None
    **options
        See `report_content`.
    """
    scorer = detector.scorer_
    gathered = Gathered(scorer, options.get("random_state", 0))
    if y is not None and len(y) != len(table):
        raise ValueError(
            f"y has {len(y)} labels for {len(table)} rows. Pass one label for each row."
        )
    gathered.labels = y
    index = row_index(X)
    for start in range(0, len(table), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        block = take_rows(table, rows)
        gathered.add(
            block,
            scorer.score_samples(block),
            None if index is None else index[rows],
        )
    return report_content(detector, gathered, **options)
