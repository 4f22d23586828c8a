"""Some rows of table files of any size, and then all of them in the same types.

What the columns of a text file hold, all rows tell together. Where there are too many,
some at random tell it; then every row is read so.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..fitting.reservoir import Reservoir, RowKeys
from .columns import no_rows


class TableSample(NamedTuple):
    """Some rows of a table.

    Parameters
    ----------
    frame : DataFrame of shape (n_sampled, n_columns)
        In the order of the table; all of its rows where they are not too many: then it
        is what ``read`` returns.
    n_rows : int
        Of the table.
    """

    frame: Any
    n_rows: int

    @property
    def is_complete(self) -> bool:
        """Whether these are all rows."""
        return len(self.frame) == self.n_rows


class _Block(NamedTuple):
    """Rows of one of several files, as they stand."""

    table: Any
    rows: Any


def sample_table(source: Any, size: int | None, seed: int) -> TableSample:
    """Return rows at random, the types of their columns inferred from them.

    Parameters
    ----------
    source : TextTable, ParquetTable, JsonTable or SeveralTables
    size : int or None
        Most rows; None for all.
    seed : int

    Raises
    ------
    TableError
        If there are no rows, or the table cannot be read.
    """
    tables = getattr(source, "tables", [source])
    reservoir, keys = Reservoir(size, _select), RowKeys(seed)
    for table in tables:
        for rows, n_rows in table.iter_raw():
            reservoir.add(_Block(table, rows), keys.take(n_rows))
    if not reservoir.n_rows:
        raise no_rows(source.path)
    frame = _frame_of(source, tables, reservoir.blocks())
    return TableSample(frame, reservoir.n_rows)


def _select(block: _Block, chosen: Any) -> _Block:
    return block._replace(rows=block.table.select_raw(block.rows, chosen))


def _frame_of(source: Any, tables: list[Any], blocks: list[_Block]) -> Any:
    import pandas as pd

    frames = []
    for table in tables:
        if rows := [block.rows for block in blocks if block.table is table]:
            frames.append(table.frame_of(rows)[source.column_names])
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)
