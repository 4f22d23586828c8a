"""What a report keeps of a table that passes batch by batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..scoring.encoding.tabular import column_at, is_frame, take_rows
from ..scoring.scorer import Scorer
from ..scoring.usual import UsualTimes

# The most abnormal rows, which are looked at one by one, and rows at random, which
# stand for all of them.
_LOWEST, _SAMPLE = 10_000, 50_000


class KeptRows:
    """Some rows of the table.

    Attributes
    ----------
    positions : ndarray of shape (n_kept,), int
        Of the rows in the table.
    features : DataFrame or ndarray of shape (n_kept, n_features), or None
        None before the first row.
    """

    def __init__(self) -> None:
        self.positions = np.empty(0, dtype=np.int64)
        self.keys = np.empty(0)
        self.features: Any = None

    def add(
        self, positions: np.ndarray, keys: np.ndarray, features: Any, most: int
    ) -> None:
        """Keep the rows of the least keys.

        Parameters
        ----------
        positions : ndarray of shape (n_rows,), int
        keys : ndarray of shape (n_rows,)
        features : DataFrame or ndarray of shape (n_rows, n_features)
        most : int
            Rows to keep.
        """
        chosen = np.arange(len(keys))
        if len(self.keys) == most:
            chosen = np.flatnonzero(keys < self.keys[-1])
        # Only few of a batch are kept: the others are never copied.
        if len(chosen) > most:
            least = np.argpartition(keys[chosen], most - 1)[:most]
            chosen = chosen[np.sort(least)]
        if not len(chosen):
            return
        keys = np.concatenate([self.keys, keys[chosen]])
        positions = np.concatenate([self.positions, positions[chosen]])
        kept = np.argsort(keys, kind="stable")[:most]
        self.keys, self.positions = keys[kept], positions[kept]
        self.features = _both(self.features, take_rows(features, chosen), kept)


class Gathered:
    """All that a report needs of a table, in memory that hardly grows with its rows.

    Of every row the score, the time and the label are kept.

    Parameters
    ----------
    scorer : Scorer
    random_state : int
        Seed of the rows at random.

    Attributes
    ----------
    lowest, sample : KeptRows
        The most abnormal rows, the first the most, and rows at random.
    names : dict of int to str
        What the most abnormal rows are called, by position; empty without names.
    labels : array-like of shape (n_rows,) or None
        Labels of either coding, to be set by whoever has them.
    """

    def __init__(self, scorer: Scorer, random_state: int = 0) -> None:
        self._rng = np.random.default_rng(random_state)
        self._scores: list[np.ndarray] = []
        self._times: list[np.ndarray] = []
        self.n_rows = 0
        self.lowest, self.sample = KeptRows(), KeptRows()
        self.names: dict[int, str] = {}
        self.labels: Any = None
        self.scorer = scorer
        self.time_position = _time_position(scorer)

    def add(self, features: Any, scores: Any, names: Any = None) -> None:
        """Look at a batch.

        Parameters
        ----------
        features : DataFrame or ndarray of shape (n_rows, n_features)
            The fitted columns in their order.
        scores : ndarray of shape (n_rows,)
        names : sequence of str, default=None
            What the rows are called.
        """
        positions = np.arange(self.n_rows, self.n_rows + len(scores))
        self.n_rows += len(scores)
        if not len(scores):
            return
        self._scores.append(np.asarray(scores, dtype=np.float64))
        if self.time_position is not None:
            column = self.scorer.encoding.columns[self.time_position]
            values = column_at(features, self.time_position)
            self._times.append(np.asarray(column.canonical(values, column.name)))
        before = set(self.lowest.positions.tolist())
        self.lowest.add(positions, self._scores[-1], features, _LOWEST)
        if names is not None:
            first = int(positions[0])
            self.names = {
                p: self.names[p] if p in before else str(names[p - first])
                for p in self.lowest.positions.tolist()
            }
        self.sample.add(positions, self._rng.random(len(scores)), features, _SAMPLE)

    @property
    def scores(self) -> np.ndarray:
        """Score of each row."""
        return np.concatenate([np.empty(0), *self._scores])

    @property
    def times(self) -> np.ndarray | None:
        """Time of each row, in seconds since 1970; None without a column of times."""
        return np.concatenate(self._times) if self._times else None


def _time_position(scorer: Scorer) -> int | None:
    """Return the first column of dates, if there is one."""
    for position in range(len(scorer.encoding.columns)):
        if isinstance(scorer.usual_of(position), UsualTimes):
            return position
    return None


def _both(first: Any, second: Any, kept: np.ndarray) -> Any:
    """Return some of the rows of two tables, one below the other."""
    if first is None:
        return take_rows(second, kept)
    if not is_frame(second):
        return np.concatenate([first, second])[kept]
    import pandas as pd

    return pd.concat([first, second], ignore_index=True).iloc[kept]
