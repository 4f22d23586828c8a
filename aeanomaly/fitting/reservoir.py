"""A uniform sample of rows that pass by, the same however they are cut into blocks.

Each row has a random number, by its position alone, and the rows with the least numbers
are the sample: what is seen of it in one block or another, on one machine or another,
adds up to the same rows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

# Rows that train, if it is not said: a detector makes no more steps for more of them.
DEFAULT_SAMPLE = 100_000
# Positions whose numbers are drawn at once where only the numbers are needed.
_BLOCK = 1 << 20


class RowKeys:
    """The random numbers of the rows of a table, one after another, each in [0, 1).

    Parameters
    ----------
    seed : int
    start : int, default=0
        Position in the table of the first row that is asked for.

    Examples
    --------
    >>> bool((RowKeys(7).take(5)[3:] == RowKeys(7, start=3).take(2)).all())
    True
    """

    def __init__(self, seed: int, start: int = 0) -> None:
        bits = np.random.PCG64(seed)
        bits.advance(start)
        self._numbers = np.random.Generator(bits)

    def take(self, n_rows: int) -> np.ndarray:
        """Return the numbers of the next rows."""
        return self._numbers.random(n_rows)


def last_key(seed: int, n_rows: int, size: int) -> float:
    """Return the greatest number that is in a sample of a table of known length.

    Parameters
    ----------
    seed : int
    n_rows : int
        Of the whole table.
    size : int
        Of the sample.
    """
    if n_rows <= size:
        return 1.0
    keys, least = RowKeys(seed), np.empty(0)
    for start in range(0, n_rows, _BLOCK):
        least = np.append(least, keys.take(min(_BLOCK, n_rows - start)))
        if len(least) > size:
            least = np.partition(least, size - 1)[:size]
    return float(least.max())


class Reservoir:
    """The rows with the least numbers among those that were added.

    Parameters
    ----------
    size : int or None
        Most rows that it holds; None for all.
    select : callable
        From a block of rows and a mask to the rows where it holds.
    last : float, default=1.0
        The greatest number that a row may have, if it is known before.

    Attributes
    ----------
    n_rows : int
        Rows that were added.

    Examples
    --------
    >>> numbers, samples = np.arange(1_000), []
    >>> for n_blocks in (1, 7):
    ...     reservoir = Reservoir(5, lambda block, mask: block[mask])
    ...     keys = RowKeys(seed=0)
    ...     for block in np.array_split(numbers, n_blocks):
    ...         reservoir.add(block, keys.take(len(block)))
    ...     samples.append(np.concatenate(reservoir.blocks()))
    >>> bool((samples[0] == samples[1]).all()), len(samples[0])
    (True, 5)
    """

    def __init__(
        self,
        size: int | None,
        select: Callable[[Any, np.ndarray], Any],
        last: float = 1.0,
    ) -> None:
        self.size = size
        self.n_rows = 0
        self._select = select
        self._last = last
        self._blocks: list[Any] = []
        self._keys: list[np.ndarray] = []
        self._n_held = 0

    @property
    def is_complete(self) -> bool:
        """Whether it holds all rows that were added."""
        return self.size is None or self.n_rows <= self.size

    def add(self, block: Any, keys: np.ndarray) -> None:
        """Look at the next rows, and their numbers."""
        self.n_rows += len(keys)
        self._take(block, keys)

    def _take(self, block: Any, keys: np.ndarray) -> None:
        chosen = keys <= self._last
        if not chosen.any():
            return
        whole = chosen.all()
        self._blocks.append(block if whole else self._select(block, chosen))
        self._keys.append(keys if whole else keys[chosen])
        self._n_held += len(self._keys[-1])
        # Seldom, so that each row is looked at again only a few times.
        if self.size is not None and self._n_held > 2 * self.size:
            self._prune()

    def merge(self, other: Reservoir) -> None:
        """Take the rows of another one, which come after those that were added."""
        self.n_rows += other.n_rows
        for block, keys in zip(other._blocks, other._keys, strict=True):
            self._take(block, keys)

    def _prune(self) -> None:
        if self.size is None or self._n_held <= self.size:
            return
        keys = np.concatenate(self._keys)
        self._last = float(np.partition(keys, self.size - 1)[self.size - 1])
        held, self._blocks, self._keys = (
            list(zip(self._blocks, self._keys, strict=True)),
            [],
            [],
        )
        self._n_held = 0
        for block, of_block in held:
            self._take(block, of_block)

    def blocks(self) -> list[Any]:
        """Return the rows that it holds, in the order in which they came."""
        self._prune()
        return self._blocks
