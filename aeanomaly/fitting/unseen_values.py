"""What a row shows and no other does, read as it would be in a new row."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..scoring.encoding.columns import (
    ConstantColumn,
    NumericColumn,
    unseen_surprise,
)
from ..scoring.encoding.squash import squash, unscale, unsquash
from ..scoring.encoding.table import TableEncoding

# Of fewer rows nothing is usual.
_LEAST_ROWS = 3


class _Ranked(NamedTuple):
    """A category of which a linear column says how rare each level is.

    Parameters
    ----------
    position : int
        Of the column in the table.
    shared : int
        Encoded column that levels without one of their own share.
    linear : int
        Encoded column of how rare a level is.
    rarities : ndarray of shape (n_counts,)
        What it holds, ascending: the more rows show a level, the less.
    less_one : ndarray of shape (n_counts,)
        What it would hold in a new row, if one row less showed the level.
    novelty : float
        Of a level that no row shows.
    """

    position: int
    shared: int
    linear: int
    rarities: np.ndarray
    less_one: np.ndarray
    novelty: float

    def set_new(self, Z: np.ndarray, novelty: np.ndarray) -> None:
        """Take each row out of the count of its level, in place."""
        between = (self.rarities[1:] + self.rarities[:-1]) / 2
        place = np.searchsorted(between, Z[:, self.linear])
        # Levels of single rows are the rarest, and share a column.
        alone = (place == len(self.rarities) - 1) & (Z[:, self.shared] == 1)
        novelty[alone, self.position] = self.novelty
        Z[:, self.linear] = self.less_one[place]


class UnseenValues:
    """Values of rows that no other row shows.

    All rows make the encoding, and so a value that one row alone shows has a place in
    it. In a new row such a value has none: a column that held one number is not encoded
    but watched, a level that nobody showed has no column, and both add their novelty.
    Rows that stand for new ones are to be judged as those are.

    Parameters
    ----------
    encoding : TableEncoding
    n_rows : float
        Number of all rows, by weight.
    usual : ndarray of shape (n_encoded,)
        What the other rows hold where they hold one value alone.
    constant : ndarray of shape (n_linear,), bool
        Linear encoded columns of which that is so.
    hidden : ndarray of shape (n_encoded,), bool
        Encoded columns of levels that the other rows do not show.
    alone : bool
        Whether these are values of single rows, each beside all others.
    """

    def __init__(
        self,
        encoding: TableEncoding,
        n_rows: float,
        usual: np.ndarray,
        constant: np.ndarray,
        hidden: np.ndarray,
        *,
        alone: bool,
    ) -> None:
        self._encoding = encoding
        self._surprise = unseen_surprise(n_rows)
        self._usual = usual
        self._alone = alone
        self._numbers = [
            (encoded, position)
            for encoded, position in _number_columns(encoding)
            if constant[encoded]
        ]
        self._indicators = [
            (value, indicator)
            for value, indicator in zip(*encoding.may_miss, strict=True)
            if constant[indicator]
        ]
        self._hidden = [
            (position, span, hidden[span])
            for position, span in encoding.groups
            if hidden[span].any()
        ]
        self._ranked = _ranked(encoding)

    @classmethod
    def of_held_out(
        cls, encoding: TableEncoding, Z: np.ndarray, seen: np.ndarray, n_rows: float
    ) -> UnseenValues:
        """Return what only held-out rows show.

        Parameters
        ----------
        encoding : TableEncoding
        Z : ndarray of shape (n_samples, n_encoded)
            All rows.
        seen : ndarray of shape (n_samples,)
            How often each counts among those that are not held out; at least one does.
        n_rows : float
        """
        others = Z[seen > 0]
        linear = others[:, : encoding.n_linear]
        constant = (linear == linear[0]).all(axis=0)
        hidden = np.asarray(~others.any(axis=0))
        return cls(encoding, n_rows, others[0], constant, hidden, alone=False)

    @classmethod
    def of_single_rows(
        cls, encoding: TableEncoding, Z: np.ndarray, weights: np.ndarray
    ) -> UnseenValues | None:
        """Return what single rows show, each beside all others; None if nothing.

        Parameters
        ----------
        encoding : TableEncoding
        Z : ndarray of shape (n_samples, n_encoded)
            Distinct rows.
        weights : ndarray of shape (n_samples,)
            How often each counts; the copies of a row are others.
        """
        if len(Z) < _LEAST_ROWS:
            return None
        # Where all but one row hold a value, two of the first three do.
        usual = np.where(Z[0] == Z[1], Z[0], Z[2])
        n_linear = encoding.n_linear
        constant = _one_row(Z[:, :n_linear] != usual[:n_linear], weights)
        hidden = _one_row(Z != 0, weights)
        found = cls(encoding, weights.sum(), usual, constant, hidden, alone=True)
        parts = found._numbers, found._indicators, found._hidden, found._ranked
        return found if any(parts) else None

    def as_new(self, Z: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Return encoded rows, and the novelty of their cells, as of new rows.

        Parameters
        ----------
        Z : ndarray of shape (n_samples, n_encoded)
            Rows that stand for new ones.

        Returns
        -------
        Z : ndarray of shape (n_samples, n_encoded)
        novelty : ndarray of shape (n_samples, n_features) or None
            None if no cell is new.
        """
        Z = Z.copy()
        novelty = np.zeros((len(Z), len(self._encoding.columns)))
        for ranked in self._ranked:
            ranked.set_new(Z, novelty)
        for encoded, position in self._numbers:
            novelty[:, position] = self._new_number(Z[:, encoded], encoded)
            Z[:, encoded] = self._usual[encoded]
        for value, indicator in self._indicators:
            new = Z[:, indicator] != self._usual[indicator]
            novelty[new, self._encoding.linear_source[indicator]] = self._surprise
            # As where it is missing: of a column that was never so, or always.
            Z[new, value] = 0.0
            Z[:, indicator] = self._usual[indicator]
        for position, span, hidden in self._hidden:
            self._set_levels(Z[:, span], novelty[:, position], position, span, hidden)
        return Z, novelty if novelty.any() else None

    def _new_number(self, values: np.ndarray, encoded: int) -> np.ndarray:
        """Return the novelty of numbers where the other rows hold one alone."""
        usual = self._usual[encoded]
        if (values == usual).all():
            return np.zeros(len(values))
        numbers = np.append(values, usual).astype(np.float64)
        if self._encoding.knee is not None:
            unsquash(numbers, self._encoding.knee)
        one = slice(encoded, encoded + 1)
        scale, center = self._encoding.linear_scales, self._encoding.linear_centers
        unscale(numbers, scale[one], center[one])
        column = ConstantColumn.of("", float(numbers[-1]), self._surprise)
        found: Any = column.linear(numbers[:-1], np.empty((len(values), 0)))
        return np.zeros(len(values)) if found is None else np.asarray(found)

    def _set_levels(
        self,
        levels: np.ndarray,
        novelty: np.ndarray,
        position: int,
        span: slice,
        hidden: np.ndarray,
    ) -> None:
        """Let levels that are hidden from the other rows be new ones, in place."""
        new = levels[:, hidden].any(axis=1)
        if not new.any():
            return
        column = self._encoding.columns[position]
        n_others = len(hidden) - (1 if self._alone else hidden.sum())
        if n_others == 1:
            # The other rows hold one level alone: a column that is not encoded.
            levels[new], novelty[new] = self._usual[span], self._surprise
            return
        levels[new], novelty[new] = 0.0, column.novelty
        if column.shared is not None:
            levels[new, column.shared] = 1.0


def _ranked(encoding: TableEncoding) -> list[_Ranked]:
    """Return the categories of which a linear column says how rare a level is."""
    linear = {int(encoding.linear_source[i]): int(i) for i in encoding.rarities}
    found = []
    for position, span in encoding.groups:
        if position not in linear:
            continue
        i = linear[position]
        column: Any = encoding.columns[position]
        counts, rarities, less_one = _rarities(column)
        encoded = np.array([rarities, less_one]) - encoding.linear_centers[i]
        encoded *= encoding.inverse_scales[i]
        if encoding.knee is not None:
            squash(encoded, encoding.knee)
        novelty = column.novelty if counts[-1] <= 1 else 0.0
        shared = span.start + column.shared
        found.append(_Ranked(position, shared, i, encoded[0], encoded[1], novelty))
    return found


def _rarities(column: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return counts of levels, descending, how rare they are, and with one row less."""
    counts = np.array([*column.counts, column.n_missing])
    different, first = np.unique(np.maximum(counts, 1.0), return_index=True)
    total = column.n_known + column.n_missing
    # Of a level that one row less shows there are no more than the others have.
    above = np.array(
        [
            counts[counts > max(count - 1, 1)].sum() - (count if count > 1 else 0)
            for count in different
        ]
    )
    less_one = -np.log((total - above) / total)
    rarities = column.rarity_of_place[:-1][first]
    return different[::-1], rarities[::-1], less_one[::-1]


def _one_row(holds: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return of which columns a single row holds, and counts once."""
    return (np.count_nonzero(holds, axis=0) == 1) & (weights @ holds <= 1)


def _number_columns(encoding: TableEncoding) -> list[tuple[int, int]]:
    """Return the encoded column and the column of each number."""
    first = np.searchsorted(encoding.linear_source, np.arange(len(encoding.columns)))
    return [
        (int(first[position]), position)
        for position, column in enumerate(encoding.columns)
        if isinstance(column, NumericColumn)
    ]
