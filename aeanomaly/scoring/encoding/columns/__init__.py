"""The kinds of column, each in a file of its own and listed here once."""

from ....registry import Registry
from .base import Column, ColumnFacts, ColumnOptions, unseen_surprise
from .category import CategoricalColumn
from .clock import ClockColumn
from .constant import ConstantColumn
from .ignored import IgnoredColumn, no_information
from .levels import plain_level
from .numeric import NumericColumn
from .times import MARGIN_SECONDS, DatetimeColumn

# In the order in which they are asked whether they recognise a column.
COLUMN_KINDS = Registry(
    "kind of column",
    [
        NumericColumn,
        DatetimeColumn,
        ClockColumn,
        CategoricalColumn,
        ConstantColumn,
        IgnoredColumn,
    ],
    key="kind",
)

__all__ = [
    "COLUMN_KINDS",
    "MARGIN_SECONDS",
    "CategoricalColumn",
    "ClockColumn",
    "Column",
    "ColumnFacts",
    "ColumnOptions",
    "ConstantColumn",
    "DatetimeColumn",
    "IgnoredColumn",
    "NumericColumn",
    "no_information",
    "plain_level",
    "unseen_surprise",
]
