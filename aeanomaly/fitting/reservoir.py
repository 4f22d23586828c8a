"""A uniform sample of rows that pass by, the same however they are cut into blocks.

Each row has a random number, by its position alone, and the rows with the least numbers
are the sample: what is seen of it in one block or another, on one machine or another,
adds up to the same rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

# Positions whose numbers are drawn at once where only the numbers are needed.
_BLOCK = 1 << 20


def row_keys(seed: int, start: int, n_rows: int) -> np.ndarray:
    """Return the random numbers of some rows in a row, each in [0, 1).

    Parameters
    ----------
    seed : int
    start : int
        Position of the first row in the whole table.
    n_rows : int

    Examples
    --------
    >>> bool((row_keys(7, 0, 5)[3:] == row_keys(7, 3, 2)).all())
    True
    """
    bits = np.random.PCG64(seed)
    bits.advance(start)
    return np.random.Generator(bits).random(n_rows)


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
    least = np.empty(0)
    for start in range(0, n_rows, _BLOCK):
        keys = row_keys(seed, start, min(_BLOCK, n_rows - start))
        least = np.append(least, keys)
        if len(least) > size:
            least = np.partition(least, size - 1)[:size]
    return float(least.max())


class Reservoir:
    """The sample of the rows that were added.

    Parameters
    ----------
    size : int or None
        Most rows that it holds; None for all.
    seed : int
    select : callable
        From a block of rows and a mask to the rows where it holds.

    Attributes
    ----------
    n_rows : int
        Rows that were added.

    Examples
    --------
    >>> import numpy as np
    >>> numbers = np.arange(1_000)
    >>> samples = []
    >>> for n_blocks in (1, 7):
    ...     reservoir = Reservoir(5, 0, lambda block, mask: block[mask])
    ...     for block in np.array_split(numbers, n_blocks):
    ...         reservoir.add(block, len(block))
    ...     samples.append(np.concatenate(list(reservoir.blocks())))
    >>> bool((samples[0] == samples[1]).all()), len(samples[0])
    (True, 5)
    """

    def __init__(
        self, size: int | None, seed: int, select: Callable[[Any, np.ndarray], Any]
    ) -> None:
        self.size = size
        self.n_rows = 0
        self._select = select
        self._bits = np.random.Generator(np.random.PCG64(seed))
        self._last = np.inf
        self._blocks: list[Any] = []
        self._keys: list[np.ndarray] = []
        self._n_held = 0

    @property
    def is_complete(self) -> bool:
        """Whether it holds all rows that were added."""
        return self.size is None or self.n_rows <= self.size

    def add(self, block: Any, n_rows: int) -> None:
        """Look at the next rows."""
        self.n_rows += n_rows
        if not n_rows:
            return
        keys = self._bits.random(n_rows)
        chosen = keys <= self._last
        if chosen.any():
            whole = chosen.all()
            self._blocks.append(block if whole else self._select(block, chosen))
            self._keys.append(keys if whole else keys[chosen])
            self._n_held += len(self._keys[-1])
        # Seldom, so that each row is looked at again only a few times.
        if self.size is not None and self._n_held > 2 * self.size:
            self._prune()

    def _prune(self) -> None:
        if self.size is None or self._n_held <= self.size:
            return
        keys = np.concatenate(self._keys)
        self._last = float(np.partition(keys, self.size - 1)[self.size - 1])
        blocks, kept = [], []
        for block, of_block in zip(self._blocks, self._keys, strict=True):
            chosen = of_block <= self._last
            if chosen.all():
                blocks.append(block)
                kept.append(of_block)
            elif chosen.any():
                blocks.append(self._select(block, chosen))
                kept.append(of_block[chosen])
        self._blocks, self._keys = blocks, kept
        self._n_held = sum(map(len, kept))

    def blocks(self) -> Iterator[Any]:
        """Yield the rows of the sample, in the order in which they came."""
        self._prune()
        yield from self._blocks
