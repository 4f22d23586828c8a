"""What a watch found: columns, score, and a verdict in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..printable import printable
from .changes import Change
from .judge import ColumnDrift

_SHOWN_COLUMNS = 5
FINE, BROKEN, FIT, THRESHOLD = "fine", "broken", "fit again", "set the threshold again"


@dataclass(frozen=True)
class Drift:
    """How far a table has drifted from the training rows of a model.

    Parameters
    ----------
    n_rows : int
    columns : tuple of ColumnDrift
    score : ColumnDrift or None
        None where scores were not compared.
    promised, flagged : float or None
        Shares of the rows that were to be flagged, and that are.
    absent : tuple
        Names of fitted columns that the table does not have.
    renamed : dict
        For absent columns: the column of the table that seems to be it.
    has_drifted : bool
        Whether it is an alarm.
    notes : tuple of str
        What was not compared, and why.
    n_nights : int or None
        Stable nights that the state knows of; None without a state.

    Examples
    --------
    >>> from aeanomaly.drift import Drift
    >>> from aeanomaly.drift.judge import ColumnDrift
    >>> amount = ColumnDrift("amount", 0.01, 0.4, -0.2, 0.0, 0.0, ())
    >>> drift = Drift(1_000, (amount,), None, 0.01, 0.012, (), {}, False)
    >>> print(drift)
    Nothing has changed. Compared 1,000 rows with those of the fit.
    1.20% of the rows are flagged, 1.00% were to be.
    """

    n_rows: int
    columns: tuple[ColumnDrift, ...]
    score: ColumnDrift | None
    promised: float | None
    flagged: float | None
    absent: tuple[Any, ...]
    renamed: dict[Any, Any]
    has_drifted: bool
    notes: tuple[str, ...] = ()
    n_nights: int | None = None

    @property
    def advice(self) -> str:
        """What to do: "fine", "broken", "fit again" or "set the threshold again"."""
        if not self.has_drifted:
            return FINE
        changes = self._changes()
        if self.absent or any(change.broken for _, change in changes):
            return BROKEN
        if changes or self._score_change("scores"):
            return FIT
        return THRESHOLD

    @property
    def verdict(self) -> str:
        """The advice and its reason, in a sentence or two."""
        advice = self.advice
        if advice == FINE:
            return self._fine()
        if advice == BROKEN:
            return self._broken()
        if advice == FIT:
            return self._fit_again()
        change = self._score_change("flagged")
        reason = change.text if change else "the share of flagged rows is another one"
        return f"Set the threshold again: {reason}."

    def _fine(self) -> str:
        if not self.n_rows:
            return "Nothing can be said: the table has no rows."
        if not self.columns and self.score is None:
            return "Nothing can be said: the model keeps nothing to compare with."
        return "Nothing has changed."

    def _changes(self) -> list[tuple[Any, Change]]:
        """Return the changes that matter, each with its column."""
        return [(c.column, x) for c in self.columns for x in c.changes if x.matters]

    def _score_change(self, kind: str) -> Change | None:
        changes = self.score.changes if self.score is not None else ()
        return next((x for x in changes if x.kind == kind and x.matters), None)

    def _broken(self) -> str:
        texts = [self._absent_text(name) for name in self.absent]
        columns = list(self.absent)
        for name, change in self._changes():
            if change.broken and name not in columns:
                columns.append(name)
                texts.append(f"{name} {change.text}")
        head = "One column" if len(columns) == 1 else f"{len(columns)} columns"
        return _ended(f"{head} broke: {_joined(texts)}")

    def _absent_text(self, name: Any) -> str:
        if name in self.renamed:
            return f"{name} is gone, and seems to be called {self.renamed[name]!r} now"
        return f"{name} is gone"

    def _fit_again(self) -> str:
        changes = self._changes()
        if not changes:
            return (
                "Fit again: each column holds what it held, but they no longer go "
                "together as they did."
            )
        first: dict[Any, str] = {}
        for name, change in changes:
            first.setdefault(name, f"{name} {change.text}")
        word = "one column has" if len(first) == 1 else f"{len(first)} columns have"
        return _ended(f"Fit again: {word} shifted. {_joined(list(first.values()))}")

    # --- Shown ---

    def __str__(self) -> str:
        nights = "" if not self.n_nights else f" and {self.n_nights:,} stable tables"
        lines = [
            f"{self.verdict} Compared {self.n_rows:,} rows with those of the fit"
            f"{nights}."
        ]
        changed = [c for c in self.columns if c.changes]
        changed.sort(key=lambda c: (not c.matters, -c.stability))
        lines += [_line(column) for column in changed]
        if self.flagged is not None and self.promised is not None:
            lines.append(
                f"{self.flagged:.2%} of the rows are flagged, {self.promised:.2%} were "
                f"to be."
            )
        lines += [f"Not compared: {note}." for note in self.notes]
        return printable_lines(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as numbers, texts, lists and dicts."""
        return {
            "has_drifted": self.has_drifted,
            "advice": self.advice,
            "verdict": self.verdict,
            "rows": self.n_rows,
            "flagged": self.flagged,
            "promised": self.promised,
            "absent": [str(name) for name in self.absent],
            "columns": [_as_dict(column) for column in self.columns],
            "score": None if self.score is None else _as_dict(self.score),
            "notes": list(self.notes),
            "stable_tables": self.n_nights,
        }

    def to_frame(self) -> Any:
        """Return a row for each column, and one for the score, as a DataFrame."""
        import pandas as pd

        every = [*self.columns, *([self.score] if self.score is not None else [])]
        frame = pd.DataFrame([_as_dict(column) for column in every])
        if len(frame):
            frame["changes"] = [
                "; ".join(x["text"] for x in c) for c in frame["changes"]
            ]
        return frame


def _as_dict(found: ColumnDrift) -> dict[str, Any]:
    return {
        "column": "score" if found.column is None else found.column,
        "stability_index": found.stability,
        "distance": found.distance,
        "p_value": found.p_value,
        "missing_before": found.missing_before,
        "missing_now": found.missing_now,
        "changes": [
            {
                "kind": change.kind,
                "text": change.text,
                "broken": change.broken,
                "matters": bool(change.matters),
            }
            for change in found.changes
        ],
    }


def _line(found: ColumnDrift) -> str:
    moved = ""
    if found.distance is not None:
        moved = f", values moved by {found.distance:.3g} on average"
    text = "; ".join(change.text for change in found.changes)
    small = "" if found.matters else " (too little for an alarm)"
    p = "p < 1e-16" if found.p_value < 1e-16 else f"p = {found.p_value:.2g}"
    told = _ended(f"{found.column} {text}{small}")
    return f"  {told} Index {found.stability:.2f}{moved}, {p}."


def _ended(text: str) -> str:
    """Return a sentence with its end: a question has one."""
    return text if text.endswith("?") else f"{text}."


def _joined(texts: list[str]) -> str:
    more = len(texts) - _SHOWN_COLUMNS
    shown = "; ".join(texts[:_SHOWN_COLUMNS])
    return shown if more <= 0 else f"{shown}; and {more} more"


def printable_lines(lines: list[str]) -> str:
    """Return lines, control characters escaped."""
    return "\n".join(
        line[: len(line) - len(line.lstrip())] + printable(line.lstrip(), 10_000)
        for line in lines
    )
