"""The most abnormal rows of a table that is scored batch by batch."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..printable import printable
from ..scoring.reason_texts import score_with_reasons
from ..scoring.scorer import Scorer

_SHOWN_REASONS = 2


class ListedRow(NamedTuple):
    """A row in the list.

    Parameters
    ----------
    row : int
        Counted from 0.
    name : str or None
        What the column of ``--id`` holds.
    score : float
    reasons : list of str
    """

    row: int
    name: str | None
    score: float
    reasons: list[str]


class TopRows:
    """Keeps the rows that score lowest.

    Parameters
    ----------
    n_rows : int
        How many.
    id_column : str or None
        What names them.
    """

    def __init__(self, n_rows: int, id_column: str | None) -> None:
        self._n_rows = n_rows
        self._id_column = id_column
        self._n_seen = 0
        self._rows = np.empty(0, dtype=np.int64)
        self._scores = np.empty(0)
        self._names: list[Any] = []
        self._features: Any = None

    def add(self, batch: Any, scores: np.ndarray) -> None:
        """Look at a batch.

        Parameters
        ----------
        batch : TextBatch or another
        scores : ndarray of shape (n_rows,)
        """
        start, self._n_seen = self._n_seen, self._n_seen + len(scores)
        if not self._n_rows or not len(scores):
            return
        lowest = np.argsort(scores, kind="stable")[: self._n_rows]
        if len(self._scores) == self._n_rows:
            lowest = lowest[scores[lowest] < self._scores[-1]]
        if not len(lowest):
            return
        names: list[Any] = [None] * len(lowest)
        if self._id_column is not None:
            held = batch.values_of(self._id_column)
            names = [held[i] for i in lowest]
        self._merge(start + lowest, scores[lowest], names, batch.features.iloc[lowest])

    def _merge(
        self, rows: np.ndarray, scores: np.ndarray, names: list[Any], features: Any
    ) -> None:
        import pandas as pd

        if self._features is not None:
            rows = np.concatenate([self._rows, rows])
            scores = np.concatenate([self._scores, scores])
            names = [*self._names, *names]
            features = pd.concat([self._features, features], ignore_index=True)
        # Ties in the order of the table.
        kept = np.argsort(scores, kind="stable")[: self._n_rows]
        self._rows, self._scores = rows[kept], scores[kept]
        self._names = [names[i] for i in kept]
        self._features = features.iloc[kept]

    def listed(self, scorer: Scorer) -> list[ListedRow]:
        """Return the rows with their reasons, the most abnormal first."""
        if self._features is None:
            return []
        _, reasons = score_with_reasons(scorer, self._features, _SHOWN_REASONS)
        return [
            ListedRow(int(row), None if name is None else str(name), float(score), [*t])
            for row, name, score, t in zip(
                self._rows, self._names, self._scores, reasons, strict=True
            )
        ]

    def in_words(self, listed: list[ListedRow]) -> str:
        """Return the rows as lines of a table."""
        if self._id_column is None:
            names = [f"{row.row:,}" for row in listed]
            how = "The most abnormal rows, counted from 0"
            return rows_in_words(listed, names, "row", how)
        names = [printable(row.name or "") for row in listed]
        shown = printable(self._id_column)
        how = f"The most abnormal rows, by {shown}"
        return rows_in_words(listed, names, shown, how)


def rows_in_words(
    listed: list[ListedRow], names: list[str], head: str, how: str
) -> str:
    """Return rows as lines of a table.

    Parameters
    ----------
    listed : list of ListedRow
    names : list of str
        Of each row.
    head : str
        Of the column of names.
    how : str
        What stands above the table.
    """
    heads = [head, "score", "reasons"]
    width = max(9, *map(len, [head, *names]))
    lines = [f"{heads[0]:>{width}}  {heads[1]:>8}  {heads[2]}"]
    lines += [
        f"{name:>{width}}  {row.score:>8.3f}  {'; '.join(filter(None, row.reasons))}"
        for name, row in zip(names, listed, strict=True)
    ]
    return f"{how}:\n" + "\n".join(lines)
