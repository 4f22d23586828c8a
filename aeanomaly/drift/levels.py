"""Columns of levels, watched: counts of known levels, and of new ones."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from ..scoring.encoding.columns.levels import factorize_levels, level_text, plain_level
from ..scoring.scorer import Scorer
from .comparison import Comparison
from .watched import Watched

# Levels that are compared one by one: the most frequent ones.
_N_OWN = 100
# In the stability index a level counts by itself from this share of the rows on.
_LEAST_SHARE = 0.01
# New levels whose names are remembered.
_MOST_NEW = 1_000
_LONGEST_NAME = 200


class WatchedLevels(Watched):
    """A column of strings, categories or booleans.

    Parameters
    ----------
    scorer : Scorer
    position : int
    kept : ndarray of shape (n_kept, n_encoded) or None
        Training rows.

    Attributes
    ----------
    levels : tuple
        That the model knows.
    before : ndarray of shape (n_levels,)
        Training rows of each.
    counts : ndarray of shape (n_levels,), int
        Rows now.
    n_new : int
        Rows now of levels that the model does not know.
    new : dict of str to int
        Names of such levels, and their rows.
    """

    def __init__(self, scorer: Scorer, position: int, kept: np.ndarray | None) -> None:
        super().__init__(scorer, position)
        self.levels = (*self.column.levels, *self.column.infrequent)
        self.before = np.array(self.column.counts, dtype=np.float64)
        self.forgotten = max(0.0, self.column.n_known - self.before.sum())
        self.counts = np.zeros(len(self.levels), dtype=np.int64)
        self.n_new = 0
        self.new: dict[str, int] = {}
        order = np.argsort(-self.before, kind="stable")
        # The last cell is of all others.
        self._cells = np.full(len(self.levels), min(_N_OWN, len(order)))
        self._cells[order[:_N_OWN]] = np.arange(min(_N_OWN, len(order)))
        self._kept_levels = _kept_levels(scorer, position, kept)

    def add(self, values: Any, hours: np.ndarray | None) -> None:
        """Count the levels of some rows."""
        codes, levels = factorize_levels(values, self.name)
        found = np.array([*self.column._index.find_all(levels), -2], dtype=np.intp)
        words = self.column.missing_values
        for i, level in enumerate(levels if words else ()):
            if level in words:
                found[i] = -2
        places = found[codes]
        self.count_missing(places == -2, hours)
        known = places[places >= 0]
        self.counts += np.bincount(known, minlength=len(self.levels))
        unknown = codes[places == -1]
        self.n_new += len(unknown)
        numbers, rows = np.unique(unknown, return_counts=True)
        for number, n in zip(numbers.tolist(), rows.tolist(), strict=True):
            name = str(plain_level(levels[number]))[:_LONGEST_NAME]
            self.new[name] = self.new.get(name, 0) + n
        self._forget()

    def _forget(self) -> None:
        """Keep no more than so many names, the same ones in whatever order they came.

        Which is decided by a hash. A name that is left out once would be left out
        again, so that the counts of the others are whole.
        """
        if len(self.new) > _MOST_NEW:
            least = sorted(self.new, key=_hash)[:_MOST_NEW]
            self.new = {name: self.new[name] for name in least}

    def merge(self, other: Any) -> None:
        """Count what another part of the same table counted."""
        super().merge(other)
        self.counts += other.counts
        self.n_new += other.n_new
        for name, n in other.new.items():
            self.new[name] = self.new.get(name, 0) + n
        self._forget()

    def comparisons(self, weights: np.ndarray | None) -> list[Comparison]:
        """Return what is compared; see `Watched.comparisons`."""
        n_now = self.n_rows - self.n_missing
        # What share of new rows is of levels never seen is told by the levels that
        # were seen once (Good, 1953), and by those that are not remembered.
        once = float((self.before <= 1).sum()) + self.forgotten
        rest = max(self.column.n_known - once, 0.5)
        return [
            Comparison("levels", "cells", *self._counted(weights)),
            self.missing(
                self.column.n_missing, self.column.n_known + self.column.n_missing
            ),
            Comparison(
                "new levels",
                "excess",
                np.array([once, rest]),
                np.array([self.n_new, n_now - self.n_new]),
            ),
        ]

    def _counted(self, weights: np.ndarray | None) -> tuple[Any, Any, Any]:
        """Return the rows of frequent levels, and of all others together."""
        size = int(self._cells.max(initial=0)) + 2
        before = np.bincount(self._cells, self.before, minlength=size)
        now = np.bincount(self._cells, self.counts, minlength=size).astype(np.int64)
        # New levels are compared by themselves; here they are among the others.
        before[-1] += self.forgotten
        now[-1] += self.n_new
        matched = None
        if weights is not None and self._kept_levels is not None:
            known = self._kept_levels >= 0
            matched = np.bincount(
                self._cells[self._kept_levels[known]], weights[known], minlength=size
            )
        return before, now, matched

    def index_comparison(self, weights: np.ndarray | None) -> Comparison:
        """Return the cells of the stability index: others, new ones, missing last."""
        total = self.column.n_known + self.column.n_missing
        large = self.before >= _LEAST_SHARE * total
        before, now = self.before[large], self.counts[large]
        extra = [self.before[~large].sum() + self.forgotten, 0.0, self.column.n_missing]
        n_others = int(self.counts[~large].sum())
        matched = None
        if weights is not None and self._kept_levels is not None:
            known = self._kept_levels >= 0
            rows = np.bincount(
                self._kept_levels[known], weights[known], minlength=len(self.levels)
            )
            unknown = float(weights[~known].sum())
            matched = np.concatenate([rows[large], [rows[~large].sum(), 0.0, unknown]])
        return Comparison(
            "index",
            "cells",
            np.concatenate([before, extra]),
            np.concatenate([now, [n_others, self.n_new, self.n_missing]]),
            matched,
        )


def _hash(name: str) -> bytes:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()


def _kept_levels(
    scorer: Scorer, position: int, kept: np.ndarray | None
) -> np.ndarray | None:
    """Return the level of each kept row, -1 where missing; None if they do not tell."""
    encoding = scorer.encoding
    column: Any = encoding.columns[position]
    group = dict(encoding.groups).get(position)
    if kept is None or group is None or column.ranked or column.infrequent:
        return None
    places = kept[:, group].argmax(axis=1)
    return np.where(places < len(column.levels), places, -1)


def same_text(level: Any) -> str:
    """Return a text that is the same for levels that are only spelled otherwise."""
    return "".join(c for c in level_text(level).casefold() if c.isalnum())
