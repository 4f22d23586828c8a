"""How the columns of a table were read, as plain data for people and programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .table import TableEncoding


class ColumnDescription(NamedTuple):
    """How one column of a table was read.

    Parameters
    ----------
    column : str or int
        Name, or position in an array.
    kind : str
        "number", "datetime", "clock", "category", "constant" or "ignored", or the
        class of a kind of your own.
    values : str
        Its levels with their shares, or its range.
    missing : float
        Share of the training rows in which it was missing, in [0, 1].
    read_as : str
        How texts became numbers or times; empty where nothing was read.
    left_out : str
        Why the column has no part in the score; empty where it has.
    notes : str
        What is odd about it: cells that could not be read, numbers that seem to stand
        for missing ones. Empty where nothing is.
    """

    column: Any
    kind: str
    values: str
    missing: float
    read_as: str
    left_out: str
    notes: str


def describe_columns(encoding: TableEncoding) -> list[ColumnDescription]:
    """Return how each column was read, in the order of the table.

    Parameters
    ----------
    encoding : TableEncoding

    Returns
    -------
    list of ColumnDescription

    Examples
    --------
    >>> from aeanomaly import NumericColumn
    >>> from aeanomaly.scoring.encoding.table import TableEncoding
    >>> age = NumericColumn("age", center=40.0, scale=9.0, low=18.0, high=89.5)
    >>> described, = describe_columns(TableEncoding((age,), named=True))
    >>> described.kind, described.values
    ('number', '18 to 89.5')
    """
    return [_described(column) for column in encoding.columns]


def left_out_columns(encoding: TableEncoding) -> dict[Any, str]:
    """Return the columns without a part in the score, and why."""
    return {d.column: d.left_out for d in describe_columns(encoding) if d.left_out}


def _described(column: Any) -> ColumnDescription:
    facts = column.facts()
    return ColumnDescription(
        column.name,
        getattr(column, "kind", type(column).__name__),
        facts.values,
        facts.missing,
        facts.read_as,
        facts.left_out,
        "; ".join(facts.notes),
    )
