"""What a run over a folder has come to, as text and for programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from ...drift import Drift
from ..drifted import DRIFTED
from ..flagged import FlaggedRows
from ..top_rows import ListedRow, rows_in_words
from .manifest import MANIFEST
from .words import n_parts


class RunSummary(NamedTuple):
    """The end of a run.

    Parameters
    ----------
    folder : Path
    flagged : FlaggedRows
        Of all parts that are there, those of earlier runs too.
    n_parts, n_scored, n_before : int
        All parts, those that this run scored, and those that were done already.
    failed : dict of str to str
        Errors by the names of parts.
    top : list of tuple of (str, ListedRow)
        The most abnormal rows, with the names of their parts.
    drift : Drift or None
    """

    folder: Path
    flagged: FlaggedRows
    n_parts: int
    n_scored: int
    n_before: int
    failed: dict[str, str]
    top: list[tuple[str, ListedRow]]
    drift: Drift | None

    @property
    def code(self) -> int:
        """The exit code."""
        if self.failed:
            return 1
        return DRIFTED if self.drift is not None and self.drift.has_drifted else 0

    def counts(self) -> dict[str, Any]:
        """Return the numbers for programs, and the drift if it was judged."""
        drift = {} if self.drift is None else {"drift": self.drift.to_dict()}
        return {
            "rows": self.flagged.n_rows,
            **self.flagged.summary(),
            "parts": self.n_parts,
            "scored": self.n_scored,
            "done_before": self.n_before,
            "failed": self.failed,
            **drift,
        }

    def listed(self) -> list[dict[str, Any]]:
        """Return the most abnormal rows for programs."""
        return [{"part": name, **row._asdict()} for name, row in self.top]

    def in_words(self, seconds: float, id_column: str | None) -> str:
        """Return the end as text.

        Parameters
        ----------
        seconds : float
            That the run took.
        id_column : str or None
            Column that names rows.
        """
        before = f"; {self.n_before:,} were done already" if self.n_before else ""
        lines = [
            f"Scored {n_parts(self.n_scored)} in {seconds:.1f} s{before}.",
            f"{self.flagged.n_rows:,} rows in all. {self.flagged.describe()}",
        ]
        if self.top:
            lines.append(f"\n{self._list_in_words(id_column)}\n")
        lines.append(f"Written to {self.folder}; {MANIFEST} there says from what.")
        if self.drift is not None:
            lines.append(f"\n{self.drift}")
        return "\n".join(lines)

    def _list_in_words(self, id_column: str | None) -> str:
        head = "row" if id_column is None else id_column
        names = [
            f"{name}: {f'{row.row:,}' if row.name is None else row.name}"
            for name, row in self.top
        ]
        rows = [row for _, row in self.top]
        how = f"The most abnormal rows, by part and {head}"
        return rows_in_words(rows, names, f"part: {head}", how)
