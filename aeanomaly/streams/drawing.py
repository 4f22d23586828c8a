"""Draws the rows that train from a table that passes by, and counts all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ..exceptions import ColumnError
from ..fitting.census import Census
from ..fitting.reservoir import Reservoir

# Rows that train: a detector makes no more steps of training for more of them.
DEFAULT_SAMPLE = 100_000
# Known anomalies that are kept beside them: as many as a score learns from.
_MOST_KNOWN = 10_000


class KnownLabels(NamedTuple):
    """The column that says which rows are anomalies.

    Parameters
    ----------
    name : str or int
    masks : callable
        From labels to a dict of masks, by names of one's own: of rows that may turn out
        to be anomalies when all labels are known. All such rows are kept, up to 10,000
        for each name, beside the sample.
    is_anomaly : callable
        From the labels of all rows that were drawn to a mask.
    """

    name: Any
    masks: Callable[[Any], dict[Any, np.ndarray]]
    is_anomaly: Callable[[Any], np.ndarray]


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
    """

    def __init__(
        self, size: int | None, seed: int, labels: KnownLabels | None = None
    ) -> None:
        self._size, self._seed, self._known = size, seed, labels
        self._sample = Reservoir(size, seed, _select)
        self._beside: dict[Any, Reservoir] = {}
        self._census = Census()
        self._columns: list[Any] | None = None

    def add(self, frame: Any) -> None:
        """Look at the rows of a DataFrame."""
        frame = self._checked(frame)
        start = self._sample.n_rows
        # The index says later where in the whole table a row stood.
        frame = frame.set_axis(np.arange(start, start + len(frame)), axis=0)
        self._sample.add(frame, len(frame))
        features = frame
        if self._known is not None:
            name = self._known.name
            for key, mask in self._known.masks(frame[name]).items():
                beside = self._beside.setdefault(key, self._reservoir_beside())
                beside.add(frame[mask], int(mask.sum()))
            features = frame.drop(columns=name)
        if self._size is not None:
            self._census.add(features)

    def _reservoir_beside(self) -> Reservoir:
        return Reservoir(_MOST_KNOWN, self._seed, _select)

    def _checked(self, frame: Any) -> Any:
        """Return a frame with the columns of the first one, in their order."""
        names = list(frame.columns)
        if self._columns is None:
            self._columns = names
            if self._known is not None and self._known.name not in names:
                raise ColumnError(
                    f"label={self._known.name!r} is not a column of the table, which "
                    f"has {', '.join(map(repr, names[:10]))}. Pass one of these."
                )
        if names == self._columns:
            return frame
        for name in {*names} ^ {*self._columns}:
            verb = "lacks" if name in self._columns else "has"
            raise ColumnError(
                f"A part of the table {verb} column {name!r}, unlike the first part. "
                f"Pass parts of the same columns."
            )
        return frame[self._columns]

    def drawn(self) -> Drawn:
        """Return what was drawn.

        Raises
        ------
        ValueError
            If there were no rows.
        """
        n_rows = self._sample.n_rows
        if not n_rows:
            raise ValueError("The table holds no rows. Pass at least two.")
        rows = _joined(self._sample.blocks())
        n_sampled, labels = len(rows), None
        if self._known is not None:
            rows, labels = self._with_known(rows)
        census = None if self._sample.is_complete else self._census
        table = rows.reset_index(drop=True)
        return Drawn(table, labels, census, n_rows, n_sampled)

    def _with_known(self, rows: Any) -> tuple[Any, Any]:
        """Return rows, known anomalies that were not among them as well, and labels."""
        import pandas as pd

        assert self._known is not None
        name = self._known.name
        for beside in self._beside.values():
            more = _joined(beside.blocks())
            if more is not None:
                more = more[~more.index.isin(rows.index)]
                rows = pd.concat([rows, more]) if len(more) else rows
        rows = rows.sort_index(kind="stable")
        is_sampled = rows.index.isin(self._sampled_index())
        kept = is_sampled | self._known.is_anomaly(rows[name])
        rows = rows[kept]
        return rows.drop(columns=name), rows[name].reset_index(drop=True)

    def _sampled_index(self) -> np.ndarray:
        return np.concatenate([block.index for block in self._sample.blocks()])


def _select(frame: Any, chosen: np.ndarray) -> Any:
    return frame[chosen]


def _joined(frames: Iterator[Any]) -> Any:
    """Return frames as one; None of none."""
    import pandas as pd

    parts = list(frames)
    if len(parts) < 2:
        return parts[0] if parts else None
    # What holds nothing must not say what the others hold.
    held = [part for part in parts if len(part)]
    return pd.concat(held) if held else parts[0]


def sampling_seed(random_state: Any) -> int:
    """Return the seed of the sample that a random state means."""
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31))
    return int(np.random.default_rng(random_state).integers(2**63))
