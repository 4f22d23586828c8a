"""The table of columns as they were read."""

from __future__ import annotations

from typing import Any

from ..printable import printable
from ..scoring.encoding.description import ColumnDescription, describe_columns
from .parameter_names import in_options

_MAX_VALUES, _MAX_REMARKS = 44, 500


def report_columns(encoding: Any, left_out: dict[str, str]) -> str:
    """Return a table of the columns: kind, values, what is missing or odd.

    Parameters
    ----------
    encoding : TableEncoding
    left_out : dict of str to str
        Columns that were left out before, and why.
    """
    described = describe_columns(encoding)
    described += [
        ColumnDescription(name, "left out", "", 0.0, "", why, "")
        for name, why in left_out.items()
    ]
    rows = [
        [
            printable(d.column),
            "left out" if d.left_out else d.kind,
            printable(d.values, _MAX_VALUES),
            f"{d.missing:.1%}" if d.missing else "",
            in_options(printable(_remarks(d), _MAX_REMARKS)),
        ]
        for d in described
    ]
    table = [["column", "kind", "levels or range", "missing", "notes"], *rows]
    widths = [max(len(row[i]) for row in table) for i in range(4)]
    lines = (
        "  ".join(
            [*(f"{text:<{w}}" for text, w in zip(row, widths, strict=False)), row[4]]
        )
        for row in table
    )
    return "\n".join(line.rstrip() for line in lines)


def _remarks(described: ColumnDescription) -> str:
    remarks = (described.left_out, described.read_as, described.notes)
    return "; ".join(filter(None, remarks))
