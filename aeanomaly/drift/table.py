"""A table, watched batch by batch, in memory that does not grow with its rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..scoring.calibration import Calibration
from ..scoring.encoding.columns import ConstantColumn
from ..scoring.encoding.tabular import column_at
from ..scoring.kept_rows import kept_rows
from ..scoring.scorer import Scorer
from ..scoring.usual import UsualClock, UsualNumbers, UsualTimes
from .calendar import Calendar
from .levels import WatchedLevels
from .numbers import WatchedNumbers
from .scores import WatchedScores
from .times import WatchedConstant, WatchedTimes
from .watched import Watched


class TableWatch:
    """What a table shows, beside what a model knows of its training rows.

    Batches may come in any order and in any size, and parts of a table be watched apart
    and merged: all that is counted are whole numbers.

    Parameters
    ----------
    scorer : Scorer
    calibration : Calibration or None
        Scores of unseen rows; without them scores are not compared.
    offset : float or None
        The threshold.
    absent : iterable of int, default=()
        Positions of fitted columns that the table does not have.

    Attributes
    ----------
    columns : dict of int to Watched
        By position; columns of which the model knows nothing are left out.
    scores : WatchedScores or None
    calendar : Calendar
    n_rows : int
    """

    def __init__(
        self,
        scorer: Scorer,
        calibration: Calibration | None = None,
        offset: float | None = None,
        absent: Iterable[int] = (),
    ) -> None:
        kept = kept_rows(scorer)
        self.absent = frozenset(absent)
        self.columns: dict[int, Watched] = {}
        for position in range(len(scorer.encoding.columns)):
            watched = _watched(scorer, position, kept)
            if watched is not None:
                self.columns[position] = watched
        self.names = scorer.encoding.names
        self.calendar = Calendar(scorer, kept)
        self.scores = None
        if calibration is not None and offset is not None:
            self.scores = WatchedScores(calibration, offset)
        self.n_rows = 0

    def add(self, table: Any, scores: np.ndarray | None = None) -> None:
        """Count some rows.

        Parameters
        ----------
        table : DataFrame or ndarray of shape (n_rows, n_features)
            With the fitted columns in the fitted order, those that are absent left
            out.
        scores : ndarray of shape (n_rows,), default=None
        """
        if not len(table):
            return
        self.n_rows += len(table)
        present = [i for i in range(len(self.names)) if i not in self.absent]
        places = {position: place for place, position in enumerate(present)}
        hours = self.calendar.add(table, places)
        for position, watched in self.columns.items():
            if position in places:
                watched.add(column_at(table, places[position]), hours)
        if scores is not None and self.scores is not None:
            self.scores.add(scores)

    def merge(self, other: TableWatch) -> None:
        """Count what another watch of a part of the same table counted."""
        self.n_rows += other.n_rows
        self.calendar.merge(other.calendar)
        for position, watched in self.columns.items():
            watched.merge(other.columns[position])
        if self.scores is not None and other.scores is not None:
            self.scores.merge(other.scores)

    @property
    def present(self) -> dict[int, Watched]:
        """The watched columns that the table has."""
        return {i: w for i, w in self.columns.items() if i not in self.absent}

    def digests(self) -> tuple[str, str]:
        """Return hashes of what the model knows, and of what the table shows."""
        model, table = hashlib.sha256(), hashlib.sha256(str(self.n_rows).encode())
        every = [w.comparisons(None) for w in self.columns.values()]
        if self.scores is not None:
            every.append(self.scores.comparisons())
        for comparison in (c for comparisons in every for c in comparisons):
            # What a table shows decides whether hours are compared at all.
            if comparison.test != "hours":
                model.update(np.asarray(comparison.before, dtype="<f8").tobytes())
            table.update(np.asarray(comparison.now, dtype="<i8").tobytes())
        return model.hexdigest(), table.hexdigest()


def _watched(scorer: Scorer, position: int, kept: np.ndarray | None) -> Watched | None:
    column: Any = scorer.encoding.columns[position]
    usual = scorer.usual_of(position)
    if column.ignored:
        return None
    if isinstance(column, ConstantColumn):
        # Files of older protocols do not say of how many rows it is known.
        return None if usual is None else WatchedConstant(scorer, position)
    if column.categorical:
        # Files of the first protocol count no levels.
        known = bool(getattr(column, "counts", ())) and column.n_known > 0
        return WatchedLevels(scorer, position, kept) if known else None
    if isinstance(usual, UsualTimes | UsualClock):
        return WatchedTimes(scorer, position)
    if isinstance(usual, UsualNumbers) and usual.quantiles:
        return WatchedNumbers(scorer, position, kept)
    return None
