"""How the rows of a text file are written, in one object and in one line of words."""

from __future__ import annotations

from dataclasses import dataclass

_SEPARATORS = {
    ",": "commas",
    ";": "semicolons",
    "\t": "tabs",
    "|": "bars",
    " ": "blanks",
}
_MARKS = {",": "comma", ".": "point", " ": "blank", "'": "apostrophe"}
_LATIN = ("cp1252", "latin-1")


@dataclass(frozen=True)
class Dialect:
    """How the rows of a text file are written.

    Parameters
    ----------
    sep : str, default=","
        What separates fields; a blank stands for runs of blanks and tabs.
    decimal : str, default="."
        The decimal mark.
    thousands : str or None, default=None
        What groups the digits of numbers.
    encoding : str, default="utf-8-sig"
        Python's name of the encoding.
    skipped : int, default=0
        Physical lines before the header, or before the first row.
    n_comments : int, default=0
        How many of these are comments or blank.
    header : tuple of str, default=()
        The names as they are written; empty where the file has none.
    width : int, default=0
        Fields of a row.
    trailing : bool, default=False
        Whether the header, or every row, ends in a separator after which nothing comes.

    Examples
    --------
    >>> print(Dialect(sep=";", decimal=",", header=("day", "amount"), width=2))
    separated by semicolons, decimal comma, UTF-8, header in line 1
    """

    sep: str = ","
    decimal: str = "."
    thousands: str | None = None
    encoding: str = "utf-8-sig"
    skipped: int = 0
    n_comments: int = 0
    header: tuple[str, ...] = ()
    width: int = 0
    trailing: bool = False

    @property
    def names(self) -> list[str]:
        """Names of the columns: unique and not empty, as pandas makes them.

        Columns of a file without a header are ``column_1``, ``column_2`` and so on.
        """
        if not self.header:
            return [f"column_{i}" for i in range(1, self.width + 1)]
        taken, names = set(self.header), []
        seen: dict[str, int] = {}
        for i, name in enumerate(self.header):
            name = name or f"Unnamed: {i}"
            unique = name
            while unique in seen or (unique != name and unique in taken):
                seen[name] = seen.get(name, 0) + 1
                unique = f"{name}.{seen[name]}"
            seen.setdefault(unique, 0)
            names.append(unique)
        return names

    @property
    def is_plain(self) -> bool:
        """Whether the file is what everybody calls CSV, in UTF-8."""
        return (
            self.sep == ","
            and self.decimal == "."
            and self.thousands is None
            and self.encoding == "utf-8-sig"
            and self.skipped == 0
            and bool(self.header)
            and not self.trailing
        )

    def __str__(self) -> str:
        sep = _SEPARATORS.get(self.sep, repr(self.sep))
        words = [
            "one column" if self.width == 1 else f"separated by {sep}",
            f"decimal {_MARKS.get(self.decimal, repr(self.decimal))}",
        ]
        if self.thousands is not None:
            mark = _MARKS.get(self.thousands, repr(self.thousands))
            words.append(f"{mark} between thousands")
        words.append(self._encoding_in_words())
        if self.header:
            words.append(f"header in line {self.skipped + 1}")
        else:
            words.append("no header: the columns are column_1, column_2, ...")
        if n_titles := self.skipped - self.n_comments:
            words.append(f"{n_titles} title line{'s'[: n_titles != 1]} skipped")
        if self.n_comments:
            lines = f"line{'s'[: self.n_comments != 1]}"
            words.append(f"{self.n_comments} {lines} of comment or blanks skipped")
        if self.trailing:
            words.append("an empty field at the end of each line left out")
        return ", ".join(words)

    def _encoding_in_words(self) -> str:
        if self.encoding in _LATIN:
            return f"Latin-1 ({self.encoding}), as it is not UTF-8"
        return "UTF-8" if self.encoding == "utf-8-sig" else self.encoding.upper()
