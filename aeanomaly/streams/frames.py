"""Tables of any size, of whatever library, as DataFrames that fit in memory."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

from ..scoring.door import as_pandas
from ..tables import open_table, sample_table

# Rows of a piece of a table that is in memory already.
_PIECE_ROWS = 65_536
_ALLOWED = (
    "Allowed are paths of table files and folders, a table or lazy frame of pandas, "
    "Polars, Arrow or Dask, and an iterable of tables."
)


def iter_frames(table: Any, size: int | None, seed: int) -> Generator[Any, None, None]:
    """Yield the rows of a table as DataFrames, one after another.

    Parameters
    ----------
    table : path, sequence of paths, table or iterable of tables
        See `StreamMixin.fit_stream`.
    size : int or None
        Rows of files that tell what their columns hold; None for all.
    seed : int
        Which rows these are.

    Raises
    ------
    TypeError
        If it is none of these.
    """
    paths = _as_paths(table)
    if paths is not None:
        yield from _of_files(paths, size, seed)
    elif (pieces := _pieces(table)) is not None:
        yield from pieces
    elif isinstance(table, Iterable) and not hasattr(table, "__array__"):
        for part in table:
            frame = as_pandas(part)
            if frame is None:
                raise TypeError(
                    f"A part of the table is of type {type(part).__name__}. {_ALLOWED}"
                )
            yield frame
    else:
        raise TypeError(f"The table is of type {type(table).__name__}. {_ALLOWED}")


def _as_paths(table: Any) -> list[Any] | None:
    if isinstance(table, str | os.PathLike):
        return [table]
    is_paths = isinstance(table, list | tuple) and len(table) > 0
    if is_paths and all(isinstance(path, str | os.PathLike) for path in table):
        return list(table)
    return None


def _of_files(paths: list[Any], size: int | None, seed: int) -> Iterator[Any]:
    source = open_table(paths)
    sample = sample_table(source, size, seed)
    if sample.is_complete:
        yield sample.frame
    else:
        yield from source.iter_frames(sample.frame)


def _pieces(table: Any) -> Iterator[Any] | None:
    """Return pieces of a table that is one object, None if it is not."""
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(table, polars.LazyFrame):
        return _of_lazy(table)
    arrow = sys.modules.get("pyarrow")
    if arrow is not None and isinstance(table, arrow.RecordBatchReader):
        return (batch.to_pandas() for batch in table)
    dataset = sys.modules.get("pyarrow.dataset")
    if dataset is not None and isinstance(table, dataset.Dataset):
        return (batch.to_pandas() for batch in table.to_batches())
    if hasattr(table, "dask") and hasattr(table, "partitions"):
        return (table.partitions[i].compute() for i in range(table.npartitions))
    frame = as_pandas(table)
    return None if frame is None else _sliced(frame)


def _sliced(frame: Any) -> Iterator[Any]:
    for start in range(0, max(1, len(frame)), _PIECE_ROWS):
        yield frame.iloc[start : start + _PIECE_ROWS]


def _of_lazy(table: Any) -> Iterator[Any]:
    """Yield what a lazy frame of Polars computes."""
    if hasattr(table, "collect_batches"):
        yield from map(as_pandas, table.collect_batches(chunk_size=_PIECE_ROWS))
        return
    # Older ones write a file, which is gone at the end.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.parquet")
        table.sink_parquet(path)
        import pyarrow.parquet as pq

        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_PIECE_ROWS):
                yield batch.to_pandas()
