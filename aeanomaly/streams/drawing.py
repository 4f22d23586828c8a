"""Draws the rows that train from a table that passes by, and counts all of them."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import numpy as np

from ..exceptions import ColumnError
from ..fitting.census import Census
from ..fitting.reservoir import Reservoir, RowKeys

# Known anomalies that are kept beside them: as many as a score learns from.
_MOST_KNOWN = 10_000


class KnownLabels(ABC):
    """A column that says which rows are anomalies.

    Parameters
    ----------
    name : str or int
    """

    def __init__(self, name: Any) -> None:
        self.name = name

    @abstractmethod
    def masks(self, labels: Any) -> dict[Any, np.ndarray]:
        """Return which rows may turn out to be anomalies when all labels are known.

        All such rows are kept, up to 10,000 under each name, beside the sample.

        Parameters
        ----------
        labels : Series of shape (n_rows,)
            Of some rows.
        """

    @abstractmethod
    def is_anomaly(self, labels: Any) -> np.ndarray:
        """Return which rows are anomalies.

        Parameters
        ----------
        labels : Series of shape (n_drawn,)
            Of all rows that were drawn.
        """


class Drawn(NamedTuple):
    """Rows to train on, and what all rows showed.

    Parameters
    ----------
    table : DataFrame of shape (n_drawn, n_features)
    labels : Series of shape (n_drawn,) or None
    census : Census or None
        None where all rows were drawn.
    n_rows : int
        Of the whole table.
    n_sampled : int
        Rows of the sample, without known anomalies that were kept beside it.
    """

    table: Any
    labels: Any
    census: Census | None
    n_rows: int
    n_sampled: int

    def in_words(self) -> str:
        """Return what was trained on.

        Examples
        --------
        >>> Drawn(range(120), None, None, 5_000, 100).in_words()
        'Trained on a sample of 100 of 5,000 rows, and 20 more known anomalies.'
        """
        more = len(self.table) - self.n_sampled
        known = f", and {more:,} more known anomalies" if more else ""
        if self.n_sampled == self.n_rows:
            return f"Trained on all {self.n_rows:,} rows."
        return (
            f"Trained on a sample of {self.n_sampled:,} of {self.n_rows:,} rows{known}."
        )


class Drawing:
    """Takes frames one after another.

    Parameters
    ----------
    size : int or None
        Most rows to draw; None for all.
    seed : int
    labels : KnownLabels or None, default=None
    start : int, default=0
        Position of the first row in the whole table.
    last : float, default=1.0
        The `last_key` of the table, where its length is known before.
    """

    def __init__(
        self,
        size: int | None,
        seed: int,
        labels: KnownLabels | None = None,
        start: int = 0,
        last: float = 1.0,
    ) -> None:
        self._known = labels
        self._sample = Reservoir(size, _select, last)
        self._beside: dict[Any, Reservoir] = {}
        self._keys, self._next = RowKeys(seed, start), start
        self._census = Census()
        self._columns: list[Any] | None = None

    @property
    def n_rows(self) -> int:
        """Rows that were looked at."""
        return self._sample.n_rows

    @property
    def label(self) -> Any:
        """The column of labels, None without."""
        return None if self._known is None else self._known.name

    def add(self, frame: Any) -> None:
        """Look at the rows of a DataFrame."""
        frame = self._checked(frame)
        keys, start = self._keys.take(len(frame)), self._next
        self._next += len(frame)
        # The index says later where in the whole table a row stood.
        frame = frame.set_axis(np.arange(start, self._next), axis=0)
        self._sample.add(frame, keys)
        features = frame
        if self._known is not None:
            for key, mask in self._known.masks(frame[self.label]).items():
                self._reservoir_beside(key).add(frame[mask], keys[mask])
            features = frame.drop(columns=self.label)
        if self._sample.size is not None:
            self._census.add(features)

    def _reservoir_beside(self, key: Any) -> Reservoir:
        return self._beside.setdefault(key, Reservoir(_MOST_KNOWN, _select))

    def merge(self, other: Drawing) -> None:
        """Take what another one drew from the rows that follow."""
        if other._columns is not None:
            self._check_columns(other._columns)
        self._sample.merge(other._sample)
        for key, beside in other._beside.items():
            self._reservoir_beside(key).merge(beside)
        self._census.merge(other._census)

    def _checked(self, frame: Any) -> Any:
        """Return a frame with the columns of the first one, in their order."""
        names = list(frame.columns)
        self._check_columns(names)
        return frame if names == self._columns else frame[self._columns]

    def _check_columns(self, names: list[Any]) -> None:
        if self._columns is None:
            self._columns = names
            if self.label is not None and self.label not in names:
                raise ColumnError(
                    f"label={self.label!r} is not a column of the table, which has "
                    f"{', '.join(map(repr, names[:10]))}. Pass one of these."
                )
        for name in {*names} ^ {*self._columns}:
            verb = "lacks" if name in self._columns else "has"
            raise ColumnError(
                f"A part of the table {verb} column {name!r}, unlike the first part. "
                f"Pass parts of the same columns."
            )

    def drawn(self) -> Drawn:
        """Return what was drawn.

        Raises
        ------
        ValueError
            If there were no rows.
        """
        n_rows = self.n_rows
        if not n_rows:
            raise ValueError("The table holds no rows. Pass at least two.")
        rows = _joined(self._sample.blocks())
        n_sampled, labels = len(rows), None
        if self._known is not None:
            rows, labels = self._with_known(rows)
        census = None if self._sample.is_complete else self._census
        _give_back_memory()
        table = rows.reset_index(drop=True)
        return Drawn(table, labels, census, n_rows, n_sampled)

    def _with_known(self, rows: Any) -> tuple[Any, Any]:
        """Return rows, known anomalies that were not among them as well, and labels."""
        import pandas as pd

        assert self._known is not None
        name = self._known.name
        sampled = rows.index
        for beside in self._beside.values():
            more = _joined(beside.blocks())
            if more is not None:
                more = more[~more.index.isin(rows.index)]
                rows = pd.concat([rows, more]) if len(more) else rows
        rows = rows.sort_index(kind="stable")
        is_sampled = rows.index.isin(sampled)
        kept = is_sampled | self._known.is_anomaly(rows[name])
        rows = rows[kept]
        return rows.drop(columns=name), rows[name].reset_index(drop=True)


def _select(frame: Any, chosen: np.ndarray) -> Any:
    return frame[chosen]


def _joined(parts: list[Any]) -> Any:
    """Return frames as one; None of none."""
    import pandas as pd

    if len(parts) < 2:
        return parts[0] if parts else None
    # What holds nothing must not say what the others hold.
    held = [part for part in parts if len(part)]
    return pd.concat(held) if held else parts[0]


def _give_back_memory() -> None:
    """Return what Arrow keeps for more tables: what comes next is TensorFlow."""
    arrow = sys.modules.get("pyarrow")
    if arrow is not None:
        arrow.default_memory_pool().release_unused()


def sampling_seed(random_state: Any) -> int:
    """Return the seed of the sample that a random state means."""
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31))
    return int(np.random.default_rng(random_state).integers(2**63))
