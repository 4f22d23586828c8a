"""How many rows of a table are flagged, and which columns they are flagged for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..printable import printable
from ..scoring.reasons import iter_reasons
from ..scoring.scorer import Scorer
from .column_choice import drop_option
from .decision import Decision

# Flagged rows of each batch that are explained: all would take longer than scoring.
_EXPLAINED_ROWS = 20
_SHOWN_COLUMNS = 3


class FlaggedRows:
    """Counts, batch by batch, the rows that are flagged.

    Parameters
    ----------
    scorer : Scorer
    decision : Decision
        Says what flagged rows are.
    explained : bool
        Whether to look for the columns that rows are flagged for.

    Attributes
    ----------
    n_rows : int
        Rows so far.
    """

    def __init__(self, scorer: Scorer, decision: Decision, *, explained: bool) -> None:
        self._scorer = scorer
        self._decision = decision
        self._explained = explained
        self.n_rows = 0
        self._n_flagged = 0
        # Estimated flagged rows by the column that is their first reason.
        # Each explained row counts for those like it: not a whole number.
        self._by_column: Any = Counter()

    def add(self, features: Any, is_outlier: np.ndarray) -> None:
        """Count a batch.

        Parameters
        ----------
        features : DataFrame of shape (n_rows, n_features)
            The fitted columns in their order.
        is_outlier : ndarray of shape (n_rows,), bool
        """
        flagged = np.flatnonzero(is_outlier)
        self.n_rows += len(is_outlier)
        self._n_flagged += len(flagged)
        if not self._explained or not len(flagged):
            return
        n_explained = min(_EXPLAINED_ROWS, len(flagged))
        spread = np.linspace(0, len(flagged) - 1, n_explained).astype(np.intp)
        rows = features.iloc[flagged[spread]]
        names = self._scorer.encoding.names
        for _, _, reasons in iter_reasons(self._scorer, rows, 1):
            for position in reasons.columns[:, 0]:
                self._by_column[names[position]] += len(flagged) / n_explained

    def add_counted(
        self, n_rows: int, n_flagged: int, first_reasons: Mapping[str, float]
    ) -> None:
        """Count rows that another has counted.

        Parameters
        ----------
        n_rows, n_flagged : int
        first_reasons : mapping of str to float
            As `summary` gives them.
        """
        self.n_rows += n_rows
        self._n_flagged += n_flagged
        for name, share in first_reasons.items():
            self._by_column[name] += share * n_flagged

    def describe(self) -> str:
        """Return lines that say how many rows are flagged, and what for."""
        if not self.n_rows:
            return "The table has no rows."
        lines = [
            f"Flagged {self._n_flagged:,} rows ({self._n_flagged / self.n_rows:.2%}) "
            f"{self._decision.words}."
        ]
        if self._by_column:
            columns = ", ".join(
                f"{printable(name)} ({count / self._n_flagged:.0%})"
                for name, count in self._by_column.most_common(_SHOWN_COLUMNS)
            )
            lines.append(f"Their first reason is most often {columns}.")
        return "\n".join(lines)

    def summary(self) -> dict[str, Any]:
        """Return the same for programs."""
        return {
            "flagged": self._n_flagged,
            "threshold": self._decision.offset,
            "first_reasons": {
                str(name): round(count / self._n_flagged, 4)
                for name, count in self._by_column.most_common()
            },
        }

    def suspicion(self) -> str | None:
        """Return what to look into if most rows are flagged, which few should be."""
        if self._n_flagged <= self.n_rows / 2 or not self._by_column:
            return None
        ((name, _),) = self._by_column.most_common(1)
        return (
            f"more than half of the rows are flagged, most often for {name!r}. If all "
            f"rows changed in it since training, as in a time or a counter, fit again "
            f"on recent rows, or with {drop_option(str(name))}."
        )
