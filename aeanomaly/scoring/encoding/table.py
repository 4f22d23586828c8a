"""The frozen encoding of a table: from rows of any kind to float32 and back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np

from ...exceptions import ColumnError
from .columns import Column
from .names import MAX_NAME_LENGTH, check_names, is_label, name_length
from .squash import bound, squash, unscale, unsquash
from .tabular import is_frame, iter_columns, with_columns
from .values import infinite_values

# Standard deviations up to which a value enters the network as it is. Beyond, its
# logarithm does: far values stay visible, and monotone, without drowning the rest.
SQUASH_KNEE = 6.0

# Encoded columns times columns up to which they are summed by a product of matrices.
_MOST_PRODUCTS = 4_000_000


class EncodedBlock(NamedTuple):
    """Encoded rows, and the novelty of their cells where there is any.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_encoded), float32
    novelty : ndarray of shape (n_samples, n_features) or None
        Surprise, in nats, of values that training rows never showed.
    """

    Z: np.ndarray
    novelty: np.ndarray | None


@dataclass(frozen=True)
class TableEncoding:
    """How each column of a table is encoded, in the order of the columns.

    The encoded matrix holds the linear columns first, then one group of columns
    for each category with levels to tell apart.

    Parameters
    ----------
    columns : tuple of Column
        One for each column of the table, in its order.
    named : bool
        Whether the table is a DataFrame, whose columns are matched by name.
    knee : float or None
        Where `squash` sets in, in deviations of a linear column; None for nowhere.
    """

    columns: tuple[Column, ...]
    named: bool
    knee: float | None = SQUASH_KNEE

    # Whether a column that held one number is watched, and not encoded.
    watches_constants: ClassVar[bool] = True

    @property
    def names(self) -> list[Any]:
        """Names of the columns."""
        return [column.name for column in self.columns]

    @cached_property
    def n_linear(self) -> int:
        """Number of linear encoded columns."""
        return sum(column.n_linear for column in self.columns)

    @cached_property
    def linear_source(self) -> np.ndarray:
        """Position in the table of each linear encoded column's source."""
        counts = [column.n_linear for column in self.columns]
        return np.repeat(np.arange(len(self.columns)), counts)

    @cached_property
    def may_miss(self) -> tuple[np.ndarray, np.ndarray]:
        """Linear columns whose value may be missing, and those that say whether."""
        values: list[int] = []
        indicators: list[int] = []
        start = 0
        for column in self.columns:
            stop = start + column.n_linear
            if column.has_indicator:
                values += range(start, stop - 1)
                indicators += [stop - 1] * (stop - 1 - start)
            start = stop
        return np.array(values, dtype=np.intp), np.array(indicators, dtype=np.intp)

    @cached_property
    def groups(self) -> tuple[tuple[int, slice], ...]:
        """Position in the table, and encoded columns, of each category."""
        groups, start = [], self.n_linear
        for position, column in enumerate(self.columns):
            if column.n_levels:
                groups.append((position, slice(start, start + column.n_levels)))
                start += column.n_levels
        return tuple(groups)

    @cached_property
    def rarities(self) -> np.ndarray:
        """Linear encoded columns that say how rare a level is."""
        ranked = np.array([column.ranked for column in self.columns])
        return np.flatnonzero(ranked[self.linear_source])

    @cached_property
    def ranked_columns(self) -> np.ndarray:
        """Encoded columns of categories in which levels share a column.

        Distances put levels with a column of their own farther out than rarer ones
        without, and have two sides where how rare a level is has one.
        """
        ranked = np.array([column.ranked for column in self.columns])
        return np.flatnonzero(ranked[self.encoded_columns])

    def without_ranked(self, Z: np.ndarray) -> np.ndarray:
        """Return encoded rows, zero in the levels of `ranked_columns`.

        Parameters
        ----------
        Z : ndarray of shape (n_samples, n_encoded)
            Or with a multiple of columns: several such matrices side by side.
        """
        levels = self.ranked_columns[self.ranked_columns >= self.n_linear]
        if not len(levels):
            return Z
        Z = Z.copy()
        for start in range(0, Z.shape[1], self.n_encoded):
            Z[:, start + levels] = 0.0
        return Z

    @cached_property
    def shared_groups(self) -> dict[int, np.ndarray]:
        """Surprise of each level, by the group's place, of groups with a shared one."""
        return {
            i: self.columns[position].surprises
            for i, (position, _) in enumerate(self.groups)
            if self.columns[position].ranked
        }

    @cached_property
    def unit_columns(self) -> np.ndarray:
        """Position in the table of each unit: linear encoded columns, then groups."""
        positions = [position for position, _ in self.groups]
        return np.append(self.linear_source, positions).astype(np.intp)

    @cached_property
    def encoded_columns(self) -> np.ndarray:
        """Position in the table of each encoded column's source."""
        widths = [group.stop - group.start for _, group in self.groups]
        return np.repeat(self.unit_columns, [1] * self.n_linear + widths)

    @cached_property
    def blocks(self) -> tuple[tuple[int, np.ndarray], ...]:
        """Each column of the table that is encoded, and its encoded columns."""
        order = np.argsort(self.encoded_columns, kind="stable")
        counts = np.bincount(self.encoded_columns, minlength=len(self.columns))
        every = enumerate(np.split(order, np.cumsum(counts)[:-1]))
        return tuple((column, block) for column, block in every if len(block))

    @cached_property
    def blocks_by_size(
        self,
    ) -> tuple[np.ndarray, np.ndarray, list[tuple[int, np.ndarray]]]:
        """Encoded columns that stand for a table's column alone, and other blocks.

        Returns
        -------
        single, sources : ndarray of int
            Those encoded columns, and the columns of the table that they stand for.
        wide : list of (int, ndarray)
            Each other column of the table, and its encoded columns.
        """
        alone = [(block[0], column) for column, block in self.blocks if len(block) == 1]
        single, sources = np.array(alone, dtype=np.intp).reshape(-1, 2).T
        return single, sources, [pair for pair in self.blocks if len(pair[1]) > 1]

    def sum_units(self, values: np.ndarray) -> np.ndarray:
        """Sum values of units, (n_samples, n_units), to columns of the table."""
        return self._sum_to_columns(values, self.unit_columns)

    def sum_encoded(self, values: np.ndarray) -> np.ndarray:
        """Sum values of encoded columns, (n_samples, n_encoded), to table columns."""
        return self._sum_to_columns(values, self.encoded_columns)

    def _sum_to_columns(self, values: np.ndarray, columns: np.ndarray) -> np.ndarray:
        if np.array_equal(columns, np.arange(len(self.columns))):
            return values
        if len(columns) * len(self.columns) > _MOST_PRODUCTS:
            order = np.argsort(columns, kind="stable")
            found, starts = np.unique(columns[order], return_index=True)
            sums = np.zeros((len(values), len(self.columns)), values.dtype)
            sums[:, found] = np.add.reduceat(values[:, order], starts, axis=1)
            return sums
        # A product with a matrix of zeros and ones beats np.add.at by far.
        members = columns[:, None] == np.arange(len(self.columns))
        return values @ members.astype(values.dtype)

    @cached_property
    def n_judged(self) -> int:
        """Number of columns that have a part in the score."""
        return sum(not column.ignored for column in self.columns)

    @property
    def n_encoded(self) -> int:
        """Number of encoded columns."""
        return self.groups[-1][1].stop if self.groups else self.n_linear

    @cached_property
    def linear_centers(self) -> np.ndarray:
        """What is subtracted from each unscaled linear column."""
        return np.array([c for column in self.columns for c in column.centers], float)

    @cached_property
    def linear_scales(self) -> np.ndarray:
        """What each linear column is divided by."""
        return np.array([s for column in self.columns for s in column.scales], float)

    @cached_property
    def inverse_scales(self) -> np.ndarray:
        """What each linear column is multiplied by."""
        # A product takes a quarter of a division's time.
        return np.asarray(1.0 / np.maximum(self.linear_scales, np.finfo(float).tiny))

    @cached_property
    def _plain(self) -> bool:
        """Whether every column is one number, so that the table is one matrix."""
        return all(column.is_plain for column in self.columns)

    def select(self, table: Any) -> Any:
        """Return a table with the fitted columns in the fitted order, read.

        Texts become numbers and times where the training rows had such; see
        `Column.read`.

        Raises
        ------
        ColumnError
            If a fitted column is missing or an unknown one is there.
        """
        if not is_frame(table):
            if table.shape[1] != len(self.columns):
                raise ColumnError(
                    f"X has {table.shape[1]} features, but the model was fitted on "
                    f"{len(self.columns)} features. Pass the same columns."
                )
            return table
        if not self.named:
            return self._read(table)
        check_names(self.names, list(table.columns))
        if list(table.columns) != self.names:
            table = table[self.names]
        return self._read(table)

    def _read(self, table: Any) -> Any:
        """Return a frame whose columns are of the types that the columns take."""
        changed = {}
        pairs = zip(self.columns, iter_columns(table), strict=True)
        for position, (column, values) in enumerate(pairs):
            read = column.read(values)
            if read is not values:
                changed[position] = read
        return with_columns(table, changed) if changed else table

    def encode(self, table: Any) -> EncodedBlock:
        """Encode rows of a table whose columns are in the fitted order.

        Parameters
        ----------
        table : DataFrame or ndarray of shape (n_samples, n_features)

        Returns
        -------
        EncodedBlock

        Raises
        ------
        ColumnError
            If a column is of another kind than in the training rows.
        InfiniteValueError
            If a column holds infinite values.
        """
        codes: dict[int, np.ndarray] = {}
        linear, novelty = self._matrix_of(table) if self._plain else None, None
        if linear is None:
            linear, novelty, codes = self._linear_of(table)
        Z = np.zeros((len(table), self.n_encoded), dtype=np.float32)
        finite = self._scale_into(linear, Z[:, : self.n_linear])
        if self._plain and novelty is None and not finite:
            novelty = self._missing_novelty(linear)
        return EncodedBlock(Z, self._set_levels(codes, Z, novelty))

    def _matrix_of(self, table: Any) -> np.ndarray | None:
        """Return a table as one matrix, or None if it holds other than numbers."""
        if not is_frame(table):
            return table if table.dtype.kind in "fiu" else None
        matrix = table.to_numpy()
        return matrix.astype(np.float64) if matrix.dtype.kind in "fiu" else None

    def _linear_of(
        self, table: Any
    ) -> tuple[np.ndarray, np.ndarray | None, dict[int, np.ndarray]]:
        """Return unscaled linear columns, novelty of their cells, codes of levels."""
        linear = np.empty((len(table), self.n_linear))
        novelty = None
        codes: dict[int, np.ndarray] = {}
        start = 0
        pairs = zip(self.columns, iter_columns(table), strict=True)
        for position, (column, values) in enumerate(pairs):
            stop = start + column.n_linear
            out, start = linear[:, start:stop], stop
            if column.categorical:
                codes[position] = column.codes_and_linear(values, out)
                continue
            surprise = column.linear(values, out)
            if surprise is not None:
                novelty = self._no_novelty(table) if novelty is None else novelty
                novelty[:, position] = surprise
        return linear, novelty, codes

    def _no_novelty(self, table: Any) -> np.ndarray:
        return np.zeros((len(table), len(self.columns)))

    def _scale_into(self, linear: np.ndarray, out: np.ndarray) -> bool:
        """Write the scaled columns; return whether no value was missing."""
        # The greatest numbers overflow; as the greatest float they are far enough.
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = linear - self.linear_centers
            scaled *= self.inverse_scales
            # One sum tells whether any value is not finite; the details are rare.
            finite = not scaled.size or bool(np.isfinite(scaled.sum()))
        if not finite:
            self._reject_infinite(linear)
            np.nan_to_num(scaled, copy=False, nan=0.0)
        if self.knee is not None:
            squash(scaled, self.knee)
        else:
            bound(scaled)
        out[:] = scaled
        return finite

    def _reject_infinite(self, linear: np.ndarray) -> None:
        infinite = np.isinf(linear)
        if not infinite.any():
            return
        encoded = int(infinite.any(axis=0).argmax())
        name = self.columns[self.linear_source[encoded]].name
        raise infinite_values(name, infinite[:, encoded])

    def _missing_novelty(self, linear: np.ndarray) -> np.ndarray | None:
        with np.errstate(over="ignore", invalid="ignore"):
            if linear.dtype.kind != "f" or not np.isnan(linear.sum()):
                return None
        missing = np.isnan(linear)
        if not missing.any():
            return None
        return missing * np.array([column.novelty for column in self.columns])

    def _set_levels(
        self,
        codes: dict[int, np.ndarray],
        Z: np.ndarray,
        novelty: np.ndarray | None,
    ) -> np.ndarray | None:
        """Set the encoded columns of levels; add the novelty of those never seen."""
        spans = dict(self.groups)
        for position, own in codes.items():
            column, new = self.columns[position], own < 0
            seen = np.flatnonzero(~new)
            if position in spans:
                Z[seen, spans[position].start + own[seen]] = 1.0
            if len(seen) == len(own):
                continue
            if position in spans and column.shared is not None:
                Z[new, spans[position].start + column.shared] = 1.0
            novelty = self._no_novelty(Z) if novelty is None else novelty
            novelty[:, position] = new * column.novelty
        return novelty

    def decode(self, Z: np.ndarray) -> Any:
        """Return rows in original units.

        Parameters
        ----------
        Z : ndarray of shape (n_samples, n_encoded)
            Encoded values, or values of the same kind that a network put out.

        Returns
        -------
        DataFrame or ndarray of shape (n_samples, n_features)
            A table of the kind on which the encoding was fitted. Categories are the
            most probable level.
        """
        restored = self.restore(Z)
        if not self.named and all(column.dtype != object for column in restored):
            return np.column_stack(restored)
        import pandas as pd

        frame = dict(enumerate(restored))
        names = self.names if self.named else range(len(restored))
        return pd.DataFrame(frame).set_axis(names, axis=1)

    def restore(self, Z: np.ndarray) -> list[np.ndarray]:
        """Return each column's values in original units."""
        linear = np.array(Z[:, : self.n_linear], dtype=np.float64)
        if self.knee is not None:
            unsquash(linear, self.knee)
        unscale(linear, self.linear_scales, self.linear_centers)
        spans = dict(self.groups)
        restored, start = [], 0
        for position, column in enumerate(self.columns):
            stop = start + column.n_linear
            group = Z[:, spans.get(position, slice(0, 0))]
            restored.append(column.restore(linear[:, start:stop], group))
            start = stop
        return restored

    def check(self) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        for column in self.columns:
            if not is_label(column.name):
                raise ValueError(f"{column.name!r} is not the name of a column")
            if (length := name_length(column.name)) > MAX_NAME_LENGTH:
                raise ValueError(
                    f"the name of a column has {length} characters; allowed are "
                    f"{MAX_NAME_LENGTH}"
                )
            column.check()
        if len(set(self.names)) != len(self.names):
            raise ValueError("two columns have the same name")
        if not self.n_encoded:
            raise ValueError("the encoding has no columns")
        if self.knee is not None and not 0 < self.knee < np.inf:
            raise ValueError(f"values cannot be squashed from {self.knee} on")
