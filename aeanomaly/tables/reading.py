"""What a user can say about how a table file is to be read."""

from __future__ import annotations

from typing import NamedTuple


class ReadOptions(NamedTuple):
    """How a table file is to be read; None where the file itself decides.

    Parameters
    ----------
    sep : str or None, default=None
        What separates fields; a blank stands for runs of blanks and tabs.
    decimal, thousands : str or None, default=None
        The decimal mark, and what groups digits.
    encoding : str or None, default=None
        A name that Python knows.
    skip_rows : int or None, default=None
        Lines before the header, or before the first row where there is none.
    header : bool or None, default=None
        Whether the first line that is not skipped holds the names of the columns.
    na_values : tuple of str, default=()
        What stands for a missing value, beside what pandas knows.
    strict : bool, default=False
        Whether what would be dropped is an error.

    Examples
    --------
    >>> ReadOptions(sep=";").decimal is None
    True
    """

    sep: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    encoding: str | None = None
    skip_rows: int | None = None
    header: bool | None = None
    na_values: tuple[str, ...] = ()
    strict: bool = False


BY_ITSELF = ReadOptions()
