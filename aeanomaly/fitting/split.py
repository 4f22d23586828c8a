"""The distinct rows of a fit, and which of them are held out of training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..exceptions import ColumnError
from ..scoring.encoding.table import TableEncoding
from ..scoring.encoding.tabular import take_rows
from .distinct_rows import DistinctRows

# Fits an encoding to rows of a table and their weights.
FitEncoding = Callable[[Any, np.ndarray], TableEncoding]

# Fewer held-out rows than this say nothing: the training rows stand in for them.
_MIN_HELD_OUT = 5
# From so many rows on, what is held out is held out of all that a score learns.
MANY_ROWS = 10_000
# Share of the table above which copies of a row are divided between both sides: were
# all of them held out, what is frequent would be unknown.
_HEAVY = 0.02
# Share of the rows that each of several folds holds out.
_FOLD = 0.25
# The same where rows are up to so many times as many as columns: networks know such
# rows by heart, and what one says of a row says little of what the others would.
_WIDE, _WIDE_RATIO = 1 / 3, 2


class FitRows(NamedTuple):
    """The distinct rows of a fit.

    Parameters
    ----------
    rows : DistinctRows
    Z : ndarray of shape (n_distinct, n_encoded)
        The rows, encoded.
    held : ndarray of shape (n_folds, n_distinct)
        How often each row counts among those that do not train the networks of a fold;
        network i is of fold i modulo n_folds. All zero where holding some out would
        leave too few; then all rows are both.
    apart : bool, default=False
        Whether what is held out is held out of all that a score learns.
    novelty : ndarray of shape (n_distinct, n_features) or None, default=None
        What is new in rows that the encoding has not seen either.
    """

    rows: DistinctRows
    Z: np.ndarray
    held: np.ndarray
    apart: bool = False
    novelty: np.ndarray | None = None

    @property
    def weights(self) -> np.ndarray:
        """How often each row counts."""
        return self.rows.weights

    @property
    def holds_out(self) -> bool:
        """Whether there are rows that do not train every network."""
        return bool(self.held.any())

    @property
    def n_folds(self) -> int:
        """Number of sets of rows that networks of their own do not see."""
        return len(self.held)

    @property
    def training_weights(self) -> np.ndarray:
        """How often each row trains the networks of each fold."""
        return self.weights - self.held

    @property
    def held_out_weights(self) -> np.ndarray:
        """How often each row is held out by some fold, or the weights of all rows."""
        return self.held.sum(axis=0) if self.holds_out else self.weights

    @property
    def held_out(self) -> np.ndarray:
        """Positions of the rows that some fold holds out, or of all rows."""
        return np.flatnonzero(self.held_out_weights)

    @property
    def are_many(self) -> bool:
        """Whether the rows that are held out are enough to learn from, too."""
        return self.apart and self.weights.sum() >= MANY_ROWS


def split_rows(
    rows: DistinctRows,
    Z: np.ndarray,
    held_out: float,
    rng: np.random.Generator,
    n_folds: int = 1,
    n_columns: int = 0,
) -> FitRows:
    """Hold a share of the rows out of training; each fold holds out others.

    Where rows are few there are `n_folds`, each of a quarter of the rows, at most;
    where they are many there is one, of which the score learns nothing at all.

    Parameters
    ----------
    rows : DistinctRows
    Z : ndarray of shape (n_distinct, n_encoded)
    held_out : float
        Share of the rows, in [0, 1).
    rng : numpy.random.Generator
    n_folds : int, default=1
    n_columns : int, default=0
        Rows up to twice as many make one fold, of a third of them, as well.
    """
    weights = rows.weights
    are_many = weights.sum() >= MANY_ROWS
    is_wide = not are_many and weights.sum() <= _WIDE_RATIO * n_columns
    apart = are_many or is_wide
    if apart or not held_out:
        n_folds = 1
    if is_wide and held_out:
        held_out = max(held_out, _WIDE)
    if n_folds > 1:
        held_out = min(max(held_out, _FOLD), 1 / n_folds)
    heavy = (weights > _HEAVY * weights.sum()) & (held_out * weights >= 1)
    light = rng.permutation(np.flatnonzero(~heavy))
    size = round(held_out * len(light))
    held = np.zeros((n_folds, len(weights)))
    held[:, heavy] = np.floor(held_out * weights[heavy])
    for fold in range(n_folds):
        chosen = light[fold * size : (fold + 1) * size]
        held[fold, chosen] = weights[chosen]
    if np.count_nonzero(held[0]) < _MIN_HELD_OUT > held[0].sum():
        held = np.zeros((1, len(weights)))
    return FitRows(rows, Z, held, apart and bool(held.any()))


def encoded_apart(
    encode: FitEncoding, encoding: TableEncoding, rows: FitRows
) -> tuple[TableEncoding, FitRows]:
    """Return an encoding that has not seen the held-out rows, and the rows by it.

    Where rows are as few as columns, a mean that a row is part of is nearer to it than
    to a new row by what all columns together show.

    Parameters
    ----------
    encode : callable
        Fits an encoding to rows and their weights.
    encoding : TableEncoding
        Of all rows, which is kept where the others are all alike.
    rows : FitRows
    """
    seen = np.flatnonzero(rows.training_weights[0])
    table = rows.rows.table
    try:
        encoding = encode(take_rows(table, seen), rows.training_weights[0, seen])
    except ColumnError:
        return encoding, rows
    Z, novelty = encoding.encode(table)
    return encoding, rows._replace(Z=Z, novelty=novelty)
