"""The kinds of column, each in a file of its own and listed here once."""

from ....registry import Registry
from .base import Column, ColumnOptions, unseen_surprise
from .category import CategoricalColumn, plain_level
from .constant import ConstantColumn
from .numeric import NumericColumn
from .times import MARGIN_SECONDS, DatetimeColumn

# In the order in which they are asked whether they recognise a column.
COLUMN_KINDS = Registry(
    "kind of column",
    [NumericColumn, DatetimeColumn, CategoricalColumn, ConstantColumn],
    key="kind",
)

__all__ = [
    "COLUMN_KINDS",
    "MARGIN_SECONDS",
    "CategoricalColumn",
    "Column",
    "ColumnOptions",
    "ConstantColumn",
    "DatetimeColumn",
    "NumericColumn",
    "plain_level",
    "unseen_surprise",
]
