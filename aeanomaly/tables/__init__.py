"""Table files: some rows to fit, batches to score; written all or not at all.

Text (CSV and its kin, plain or compressed) needs pandas only, Parquet needs pyarrow.
How text is written is recognised from its first lines. A batch carries its rows twice:
as they stand in the file, for the output, and the fitted columns as the model knows
them, for the scorer.
"""

from .formats import has_format, table_writer
from .outputs import check_output, check_target
from .reading import ReadOptions
from .sampled import TableSample, sample_table
from .several import open_table, part_files
from .sources import STANDARD_STREAM

__all__ = [
    "STANDARD_STREAM",
    "ReadOptions",
    "TableSample",
    "check_output",
    "check_target",
    "has_format",
    "open_table",
    "part_files",
    "sample_table",
    "table_writer",
]
