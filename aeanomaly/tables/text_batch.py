"""Rows of a text table: their fields as text, and the fitted columns typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..scoring.encoding.columns import Column
from .columns import arrow_array
from .text_rows import TextRows


class TextBatch:
    """Rows of a text table.

    Parameters
    ----------
    header : list of str
        Names of the columns as the output writes them.
    names : list of str
        Unique names.
    rows : TextRows
        As they stand in the file.
    features : DataFrame of shape (n_rows, n_features)
        The fitted columns, typed.
    columns : dict of str to Column
        The fitted columns' encoding.
    """

    def __init__(
        self,
        header: list[str],
        names: list[str],
        rows: TextRows,
        features: Any,
        columns: Mapping[str, Column],
    ) -> None:
        self.column_names = header
        self.features = features
        self.names = names
        self.rows = rows
        self._columns = columns

    def text_rows(self) -> Iterable[list[Any]]:
        """Return the fields of each row, None where one is missing."""
        return self.rows.fields

    def values_of(self, name: str) -> list[str]:
        """Return the fields of a column."""
        return self.rows.column(self.names.index(name))

    def select(self, chosen: np.ndarray) -> TextBatch:
        """Return the rows where a mask holds."""
        rows, features = self.rows.select(chosen), self.features[chosen]
        return TextBatch(self.column_names, self.names, rows, features, self._columns)

    def in_order(self, names: list[str]) -> TextBatch:
        """Return the batch with its columns in another order."""
        if names == self.names:
            return self
        order = [self.names.index(name) for name in names]
        header = [self.column_names[i] for i in order]
        rows = self.rows.in_order(order)
        return TextBatch(header, names, rows, self.features, self._columns)

    def arrow(self) -> Any:
        """Return an Arrow table: fitted columns typed, all others as text."""
        import pyarrow as pa

        fields = list(zip(*self.rows.fields, strict=True)) or [()] * len(self.names)
        arrays = [
            arrow_array(name, self.features[name], self._columns[name])
            if name in self._columns
            else pa.array([field or None for field in column], pa.string())
            for name, column in zip(self.names, fields, strict=True)
        ]
        return pa.table(arrays, names=self.names)
