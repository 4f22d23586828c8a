"""Table files: read whole to fit, in batches to score, and written all or not at all.

CSV (``.csv``, ``.csv.gz``) needs pandas only, Parquet (``.parquet``) needs pyarrow. A
batch carries its rows twice: as they stand in the file, for the output, and the fitted
columns as the model knows them, for the scorer.
"""

from .formats import open_table, table_writer
from .outputs import check_output, check_target

__all__ = ["check_output", "check_target", "open_table", "table_writer"]
