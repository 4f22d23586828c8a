"""Columns of strings, categories and booleans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ....exceptions import ColumnError
from ....printable import quoted
from .base import (
    Column,
    ColumnFacts,
    ColumnOptions,
    Storage,
    unseen_surprise,
)
from .levels import MAX_LEVEL_LENGTH, LevelIndex, factorize_levels, missing_texts

# What a level without an encoded column of its own is called in decoded tables.
INFREQUENT = "infrequent"
# Levels that are remembered one by one; beyond, unseen levels count as rare ones.
_MAX_LEVELS = 10_000
# Where there are more levels than `max_categories`, least share of the rows of a level
# with a column of its own: fewer rows do not tell how it goes with other columns, and
# would be far from all others for the sole reason that they have a column.
_MIN_OWN_SHARE = 0.01
# In nats: a level as rare as one row in a thousand is some two deviations out. Less
# would put the most frequent levels, which are at the other end, too far out as well.
_RARITY_SCALE = 3.0
_SHOWN_LEVELS = 5


@dataclass(frozen=True)
class CategoricalColumn(Column):
    """A column of strings, categories or booleans.

    Up to `max_categories` levels have an encoded column each. Where there are more, the
    most frequent ones have, all others share one, and a linear column says how rare
    each level is: minus the logarithm of the share of the training rows whose level is
    no more frequent (see `rarity`). So a rarer level is never less surprising, and a
    column in which every level is rare surprises nobody.

    Parameters
    ----------
    name : str or int
        Name, or position in an array.
    levels : tuple of str, bool, int or float
        Levels with an encoded column of their own.
    infrequent : tuple
        Levels that share one encoded column, after those of `levels`.
    has_missing : bool
        Whether missing values have an encoded column, the last.
    novelty : float
        Surprise of a level that is in neither tuple, in nats.
    counts : tuple of float
        Training rows of each of `levels` and then of each of `infrequent`, by weight;
        empty in models that do not know them.
    n_known, n_missing : float
        Training rows with a level, and without, by weight.
    n_distinct : int
        Number of levels in training, those included that are not remembered.
    rarity_scale : float
        What the rarity is divided by when it is encoded.
    missing_values : tuple of str
        Texts that stand for a missing value.
    """

    name: Any
    levels: tuple[Any, ...]
    infrequent: tuple[Any, ...]
    has_missing: bool
    novelty: float
    counts: tuple[float, ...] = ()
    n_known: float = 0.0
    n_missing: float = 0.0
    n_distinct: int = 0
    rarity_scale: float = _RARITY_SCALE
    missing_values: tuple[str, ...] = ()

    kind: ClassVar[str] = "category"
    categorical: ClassVar[bool] = True

    @classmethod
    def recognises(cls, values: Any) -> bool:
        """Return whether values are booleans, categories, strings or mixed objects."""
        if isinstance(values, np.ndarray):
            return False
        import pandas as pd

        types = pd.api.types
        return bool(
            types.is_bool_dtype(values)
            or isinstance(values.dtype, pd.CategoricalDtype)
            or types.is_object_dtype(values)
            or types.is_string_dtype(values)
        )

    @classmethod
    def canonical(cls, values: Any, name: Any) -> np.ndarray:
        """Return hashes of the levels; see `Column.canonical`."""
        import pandas as pd

        codes, levels = factorize_levels(values, name)
        texts = np.array([*map(repr, levels), "missing"], dtype=object)
        return np.asarray(pd.util.hash_array(texts)[codes])

    @classmethod
    def fit(
        cls, values: Any, name: Any, weights: np.ndarray, options: ColumnOptions
    ) -> CategoricalColumn:
        """Count the levels; see `Column.fit`."""
        codes, levels = factorize_levels(values, name)
        known = codes >= 0
        counts = np.bincount(codes[known], weights[known], minlength=len(levels))
        missing = weights[~known] if not known.all() else None
        n_missing = None if missing is None else float(missing.sum())
        return cls.of_counts(name, levels, counts, n_missing, options)

    @classmethod
    def of_counts(
        cls,
        name: Any,
        levels: Sequence[Any],
        counts: np.ndarray,
        n_missing: float | None,
        options: ColumnOptions,
    ) -> CategoricalColumn:
        """Return the column of levels that were counted.

        Parameters
        ----------
        name : str or int
        levels : sequence of str, bool, int or float
        counts : ndarray of shape (n_levels,)
            Training rows of each level, by weight.
        n_missing : float or None
            Training rows without a level, by weight; None if there are none.
        options : ColumnOptions
        """
        words = missing_texts(options.missing_values)
        if words:
            is_word = np.array([level in words for level in levels], dtype=bool)
            if (counts[is_word] > 0).any():
                n_missing = (n_missing or 0.0) + float(counts[is_word].sum())
            counts = np.where(is_word, 0.0, counts)
        n_known = float(counts.sum())
        n_rows = n_known + (n_missing or 0.0)
        # Categories of a pandas dtype that no training row shows are unseen.
        order = sorted(
            np.flatnonzero(counts).tolist(),
            key=lambda i: (-counts[i], str(levels[i])),
        )
        n_own = len(order)
        if n_own > options.max_categories:
            n_own = _n_own(counts[order], n_rows, options.max_categories)
        frequent = sorted(order[:n_own], key=lambda i: str(levels[i]))
        infrequent = order[n_own:]
        n_singletons = float((counts[order] <= 1).sum()) if order else 0.0
        novelty = unseen_surprise(n_rows, n_singletons)
        if len(infrequent) > _MAX_LEVELS:
            # Of levels that are equally rare, all are remembered or none.
            least = counts[infrequent[_MAX_LEVELS]]
            novelty, infrequent = 0.0, [i for i in infrequent if counts[i] > least]
        return cls(
            name,
            tuple(levels[i] for i in frequent),
            tuple(levels[i] for i in infrequent),
            n_missing is not None,
            novelty,
            tuple(float(counts[i]) for i in (*frequent, *infrequent)),
            n_known=n_known,
            n_missing=n_missing or 0.0,
            n_distinct=len(order),
            missing_values=words,
        )

    @property
    def storage(self) -> Storage:
        """What the column is in a file: text if any level is, booleans if any is."""
        levels = (*self.levels, *self.infrequent)
        if any(isinstance(level, str) for level in levels):
            return "text"
        if any(isinstance(level, bool) for level in self.levels):
            return "boolean"
        return "number"

    @property
    def n_levels(self) -> int:
        """Number of encoded columns; none where there is nothing to tell apart."""
        n = len(self.labels)
        return n if n > 1 else 0

    @property
    def ranked(self) -> bool:
        """Whether a linear column says how rare each level is."""
        return bool(self.n_known) and self.n_distinct > len(self.levels)

    @property
    def n_linear(self) -> int:
        """Number of linear encoded columns: the rarity, if levels share a column."""
        return int(self.ranked)

    @property
    def shared(self) -> int | None:
        """Position in the group of the column that rare and new levels share."""
        return len(self.levels) if self.ranked else None

    @property
    def labels(self) -> list[Any]:
        """What each encoded column stands for."""
        return [
            *self.levels,
            *([INFREQUENT] if self.infrequent or self.ranked else []),
            *([None] if self.has_missing else []),
        ]

    @cached_property
    def _index(self) -> LevelIndex:
        return LevelIndex((*self.levels, *self.infrequent))

    @cached_property
    def group_of_place(self) -> np.ndarray:
        """Position in the group of each level, of missing values, of new levels."""
        n_own = len(self.levels)
        shared = [n_own] * len(self.infrequent)
        missing = n_own + bool(self.infrequent or self.ranked)
        return np.array(
            [*range(n_own), *shared, missing if self.has_missing else -1, -1]
        )

    @cached_property
    def rarity_of_place(self) -> np.ndarray:
        """Rarity of each level, of missing values, of new levels."""
        counts = np.array([*self.counts, self.n_missing, 0.0])
        order = np.sort(counts)
        total = self.n_known + self.n_missing
        # Rows of levels more frequent than each; what was seen at most once is alike.
        above = np.concatenate([np.cumsum(order[::-1])[::-1], [0.0]])
        following = np.searchsorted(order, np.maximum(counts, 1.0), side="right")
        return np.asarray(-np.log((total - above[following] + 1.0) / (total + 1.0)))

    @cached_property
    def _mean_rarity(self) -> float:
        counts = np.array([*self.counts, self.n_missing])
        total = self.n_known + self.n_missing
        forgotten = total - counts.sum()
        rarities = self.rarity_of_place
        return float((counts @ rarities[:-1] + forgotten * rarities[-1]) / total)

    def rarity(self, level: Any) -> float:
        """Return how rare a level is, in nats.

        Minus the logarithm of the share of the training rows whose level is at most as
        frequent; the most frequent level has zero.
        """
        return float(self.rarity_of_place[self._index.find(level)])

    def place(self, level: Any) -> int:
        """Return which of the levels a value is, whatever its type; -1 for none."""
        return self._index.find(level)

    def count(self, level: Any) -> float | None:
        """Return the training rows of a level; None if it is new or not remembered."""
        found = self._index.find(level)
        return self.counts[found] if 0 <= found < len(self.counts) else None

    @property
    def centers(self) -> list[float]:
        """What is subtracted from the rarity: its mean."""
        return [self._mean_rarity] if self.ranked else []

    @property
    def scales(self) -> list[float]:
        """What the rarity is divided by."""
        return [self.rarity_scale] if self.ranked else []

    @cached_property
    def surprises(self) -> np.ndarray:
        """Surprise of each encoded column of the group, in nats, from its share."""
        own = self.counts[: len(self.levels)]
        counts = [*own, self.n_known - sum(own)] + [self.n_missing] * self.has_missing
        return -np.log(np.array(counts) / (self.n_known + self.n_missing))

    @property
    def _holds_strings(self) -> bool:
        return bool(self.levels) and all(isinstance(v, str) for v in self.levels)

    def codes(self, values: Any) -> np.ndarray:
        """Return each row's encoded column, -1 where its level was never seen."""
        return np.asarray(self.group_of_place[self._positions(values)])

    def codes_and_linear(self, values: Any, out: np.ndarray) -> np.ndarray:
        """Return `codes`, and write how rare each row's level is."""
        positions = self._positions(values)
        if self.ranked:
            out[:, 0] = self.rarity_of_place[positions]
        return np.asarray(self.group_of_place[positions])

    def _positions(self, values: Any) -> np.ndarray:
        """Return each row's position among levels, missing (-2) and new (-1)."""
        import pandas as pd

        values = pd.Series(values)
        codes, uniques = factorize_levels(values, self.name)
        found = self._index.find_all(uniques)
        if words := self.missing_values:
            pairs = zip(found, uniques, strict=True)
            found = [-2 if level in words else i for i, level in pairs]
        if (
            found
            and max(found) < 0
            and self._holds_strings
            and pd.api.types.is_numeric_dtype(values)
        ):
            raise ColumnError(
                f"Column {self.name!r} held categories such as "
                f"{quoted(self.levels[0])} when "
                f"the model was fitted and holds {values.dtype} numbers now. Convert "
                f"it, for example with astype(str), or fit again."
            )
        return np.array([*found, -2], dtype=np.intp)[codes]

    def restore(self, linear: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """Return the most probable level of each row."""
        labels = np.empty(len(self.labels), dtype=object)
        labels[:] = self.labels
        if self.n_levels == 0:
            return np.full(len(linear), labels[0] if len(labels) else None, object)
        return labels[probabilities.argmax(axis=1)]

    def describe(self) -> str:
        """Return the kind and the first levels."""
        n_levels = len(self.levels) + len(self.infrequent)
        shown = [quoted(level) for level in self.levels[:_SHOWN_LEVELS]]
        more = ["..."] if n_levels > len(shown) else []
        missing = ", and missing" if self.has_missing else ""
        return f"category  {n_levels} levels: {', '.join(shown + more)}{missing}"

    def facts(self) -> ColumnFacts:
        """Return the most frequent levels; see `Column.facts`."""
        levels = (*self.levels, *self.infrequent)
        # Files of the first protocol count nothing.
        n_levels = max(self.n_distinct, len(levels))
        shown = [quoted(level) for level in levels[:_SHOWN_LEVELS]]
        if self.counts:
            shares = np.array(self.counts[: len(levels)]) / max(1.0, self.n_known)
            order = np.argsort(-shares, kind="stable")[:_SHOWN_LEVELS]
            shown = [f"{quoted(levels[i])} {shares[i]:.2g}" for i in order]
        more = ["..."] if n_levels > len(shown) else []
        word = "level" if n_levels == 1 else "levels"
        total = max(1.0, self.n_known + self.n_missing)
        return ColumnFacts(
            f"{n_levels:,} {word}: {', '.join(shown + more)}",
            self.n_missing / total,
        )

    def check(self) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        super().check()
        for level in (*self.levels, *self.infrequent):
            if not isinstance(level, str | bool | int | float):
                raise ValueError(f"column {self.name!r} has a level of unknown type")
            if len(str(level)) > MAX_LEVEL_LENGTH:
                raise ValueError(
                    f"column {self.name!r} has a level of {len(str(level))} "
                    f"characters; allowed are {MAX_LEVEL_LENGTH}"
                )


def _n_own(counts: np.ndarray, n_rows: float, most: int) -> int:
    """Return how many levels, the most frequent first, have a column of their own.

    Parameters
    ----------
    counts : ndarray of shape (n_levels,)
        In falling order.
    n_rows : float
    most : int
        Fewer than there are levels. Of levels that are equally frequent, all have a
        column or none: nothing else tells which of them should.
    """
    own = (counts >= _MIN_OWN_SHARE * n_rows) & (counts > counts[most])
    return int(own.sum())
