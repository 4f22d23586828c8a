"""Columns of strings, categories and booleans."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ....exceptions import ColumnError
from .base import Column, ColumnOptions, Storage, show_value, unseen_surprise

# What an infrequent level is called in decoded tables and reasons.
INFREQUENT = "infrequent"
# Rare levels are remembered one by one up to this number, to tell them from unseen
# ones; beyond, unseen levels count as rare ones.
_MAX_INFREQUENT = 10_000
_SHOWN_LEVELS = 5


@dataclass(frozen=True)
class CategoricalColumn(Column):
    """A column of strings, categories or booleans.

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
    """

    name: Any
    levels: tuple[Any, ...]
    infrequent: tuple[Any, ...]
    has_missing: bool
    novelty: float

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
        # Categories of a pandas dtype that no training row shows are unseen.
        order = sorted(
            np.flatnonzero(counts), key=lambda i: (-counts[i], str(levels[i]))
        )
        n_own = options.max_categories
        frequent = sorted(order[:n_own], key=lambda i: str(levels[i]))
        infrequent = order[n_own:]
        n_singletons = float((counts[order] <= 1).sum()) if order else 0.0
        novelty = unseen_surprise(weights.sum(), n_singletons)
        if len(infrequent) > _MAX_INFREQUENT:
            novelty, infrequent = 0.0, infrequent[:_MAX_INFREQUENT]
        return cls(
            name,
            tuple(levels[i] for i in frequent),
            tuple(levels[i] for i in infrequent),
            bool((~known).any()),
            novelty,
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
    def labels(self) -> list[Any]:
        """What each encoded column stands for."""
        return [
            *self.levels,
            *([INFREQUENT] if self.infrequent else []),
            *([None] if self.has_missing else []),
        ]

    @property
    def _holds_strings(self) -> bool:
        return bool(self.levels) and all(isinstance(v, str) for v in self.levels)

    def codes(self, values: Any) -> np.ndarray:
        """Return each row's encoded column, -1 where its level was never seen."""
        import pandas as pd

        values = pd.Series(values)
        if pd.api.types.is_numeric_dtype(values) and self._holds_strings:
            raise ColumnError(
                f"Column {self.name!r} held categories such as {self.levels[0]!r} when "
                f"the model was fitted and holds {values.dtype} numbers now. Convert "
                f"it, for example with astype(str), or fit again."
            )
        codes, uniques = pd.factorize(values)
        lookup = {level: i for i, level in enumerate(self.levels)}
        lookup |= dict.fromkeys(self.infrequent, len(self.levels))
        found = (lookup.get(plain_level(level), -1) for level in uniques)
        position = np.array([*found, -1], dtype=np.intp)
        if self.has_missing:
            position[-1] = len(self.levels) + bool(self.infrequent)
        return np.asarray(position[codes])

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
        shown = [repr(level) for level in self.levels[:_SHOWN_LEVELS]]
        more = ["..."] if n_levels > len(shown) else []
        missing = ", and missing" if self.has_missing else ""
        return f"category  {n_levels} levels: {', '.join(shown + more)}{missing}"

    def expectation(self, observed: Any, expected: Any, probability: float) -> str:
        """Return the expected level and its probability."""
        expected = show_value(expected, digits=4)
        sure = "" if math.isnan(probability) else f" ({probability:.2f})"
        # Rare levels may be no surprise beside the row's other columns.
        usual = show_value(observed) == expected
        return f"{'as expected' if usual else f'expected {expected}'}{sure}"

    def check(self) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        super().check()
        for level in (*self.levels, *self.infrequent):
            if not isinstance(level, str | bool | int | float):
                raise ValueError(f"column {self.name!r} has a level of unknown type")


def plain_level(level: Any) -> Any:
    """Return a category's level as a Python object that a file can hold."""
    level = level.item() if isinstance(level, np.generic) else level
    return level if isinstance(level, str | bool | int | float) else str(level)


def factorize_levels(values: Any, name: Any) -> tuple[np.ndarray, list[Any]]:
    """Return each row's position among the levels, -1 where missing, and the levels.

    Raises
    ------
    ColumnError
        If the values cannot be told apart, as lists cannot.
    """
    import pandas as pd

    try:
        codes, uniques = pd.factorize(values)
    except TypeError as error:
        raise ColumnError(
            f"Column {name!r} holds values that are neither numbers nor categories "
            f"({error}). Convert them to strings or numbers, or drop the column."
        ) from error
    return codes, [plain_level(level) for level in uniques]
