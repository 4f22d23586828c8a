"""Columns of levels of which only salted hashes are kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from .base import Storage
from .category import CategoricalColumn
from .levels import LevelIndex, level_text, plain_level

_SALT_BYTES = 16
_HASH_LENGTH = 16
# What stands for a level in reasons and decoded tables.
_UNNAMED = "a usual level"


class HashedIndex(LevelIndex):
    """Finds a level among hashes."""

    def __init__(self, hashes: tuple[str, ...], salt: str) -> None:
        self._places = {hashed: i for i, hashed in enumerate(hashes)}
        self._salt = salt

    def find_all(self, levels: Iterable[Any]) -> list[int]:
        """Return the position of each level, -1 where it is none of them."""
        hashes = (hashed_level(plain_level(level), self._salt) for level in levels)
        return [self._places.get(hashed, -1) for hashed in hashes]


def hashed_level(level: Any, salt: str) -> str:
    """Return the hash of a level, the same whatever type it comes as.

    Examples
    --------
    >>> hashed_level(5411, "salt") == hashed_level("5411", "salt")
    True
    >>> hashed_level("FR", "salt") == hashed_level("FR", "other salt")
    False
    """
    text = f"{salt}:{level_text(level)}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[
        :_HASH_LENGTH
    ]


@dataclass(frozen=True)
class HashedCategoricalColumn(CategoricalColumn):
    """A column of levels that are known by their hashes only.

    It scores as the column that it was made of. What it expects has no name.

    Parameters
    ----------
    salt : str
        What is hashed with each level, so that hashes of two files differ.
    stored : {"number", "text", "boolean", "time"}
        What the column is in a file.
    """

    salt: str = ""
    stored: Storage = "text"

    @classmethod
    def of_column(cls, column: CategoricalColumn) -> HashedCategoricalColumn:
        """Return a column of hashes, with a salt of its own."""
        salt = secrets.token_hex(_SALT_BYTES)
        own = {field.name: getattr(column, field.name) for field in fields(column)}
        for name in ("levels", "infrequent"):
            own[name] = tuple(hashed_level(level, salt) for level in own[name])
        return cls(**own, salt=salt, stored=column.storage)

    @property
    def storage(self) -> Storage:
        """What the column is in a file."""
        return self.stored

    @cached_property
    def _index(self) -> LevelIndex:
        return HashedIndex((*self.levels, *self.infrequent), self.salt)

    @property
    def _holds_strings(self) -> bool:
        # There is no level to show in an error.
        return False

    def restore(self, linear: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """Return for each row that its level is a usual one."""
        return np.full(len(linear), _UNNAMED, dtype=object)

    def describe(self) -> str:
        """Return the kind and the number of levels."""
        n_levels = len(self.levels) + len(self.infrequent)
        missing = ", and missing" if self.has_missing else ""
        return f"category  {n_levels} levels, stored as hashes{missing}"
