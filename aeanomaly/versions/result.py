"""What two versions of a model make of the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..printable import printable
from .ranks import kendall, overlaps, spearman

APPEARS, DISAPPEARS = "appears", "disappears"
_SHOWN_COLUMNS = 3


@dataclass(frozen=True)
class VersionFacts:
    """What one of two models says of itself, and of the rows.

    Parameters
    ----------
    name : str
    threshold : float
        Score below which a row is flagged.
    n_flagged : int
    promise : str or None
        What the rule of the threshold promises, if the model says so.
    expected_share : float or None
        Share of new normal rows below the threshold, by the calibration scores.
    columns : tuple
        Names that the other does not know.
    first_reasons : dict of str to float
        Of the rows that it alone flags: share by the column that is the first reason.
    """

    name: str
    threshold: float
    n_flagged: int
    promise: str | None
    expected_share: float | None
    columns: tuple[Any, ...]
    first_reasons: dict[str, float]


@dataclass(frozen=True, eq=False)
class ModelComparison:
    """Which alerts appear and disappear between two models; see `compare`.

    Parameters
    ----------
    old, new : VersionFacts
    n_both : int
        Rows that both flag.
    old_scores, new_scores : ndarray of shape (n_samples,)
        Lower is more abnormal, each in its own model's units.
    changed : DataFrame or None
        The rows that one model alone flags: "change" ("appears" or "disappears"),
        "old_score", "new_score", and the reasons of the model that flags it.
    spearman, kendall : float or None
        Agreement of the rankings, in [-1, 1].
    overlaps : dict of int to float
        Share of the lowest k rows by the old model that are among the lowest k by the
        new one, by k: 10, 100 and so on, and as many as the old one flags.
    """

    old: VersionFacts
    new: VersionFacts
    n_both: int
    old_scores: np.ndarray
    new_scores: np.ndarray
    changed: Any
    spearman: float | None
    kendall: float | None
    overlaps: dict[int, float]

    @classmethod
    def of(
        cls,
        old: VersionFacts,
        new: VersionFacts,
        n_both: int,
        scores: tuple[np.ndarray, np.ndarray],
        changed: Any = None,
    ) -> ModelComparison:
        """Return a comparison, its rankings compared."""
        return cls(
            old,
            new,
            n_both,
            *scores,
            changed,
            spearman(*scores),
            kendall(*scores),
            overlaps(*scores, also=old.n_flagged),
        )

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.old_scores)

    @property
    def n_appear(self) -> int:
        """Rows that the new model alone flags."""
        return self.new.n_flagged - self.n_both

    @property
    def n_disappear(self) -> int:
        """Rows that the old model alone flags."""
        return self.old.n_flagged - self.n_both

    def to_dict(self) -> dict[str, Any]:
        """Return all but the rows, for JSON."""
        return {
            "rows": self.n_rows,
            "old": self._facts(self.old),
            "new": self._facts(self.new),
            "flagged_by_both": self.n_both,
            APPEARS: self.n_appear,
            DISAPPEARS: self.n_disappear,
            "spearman": self.spearman,
            "kendall": self.kendall,
            "overlaps": {str(k): share for k, share in self.overlaps.items()},
        }

    def _facts(self, version: VersionFacts) -> dict[str, Any]:
        return {
            "model": version.name,
            "threshold": version.threshold,
            "flagged": version.n_flagged,
            "share_flagged": self._share(version.n_flagged),
            "promise": version.promise,
            "expected_share": version.expected_share,
            "columns_of_it_alone": [str(name) for name in version.columns],
            "first_reasons_alone": version.first_reasons,
        }

    def _share(self, n: int) -> float:
        return n / self.n_rows if self.n_rows else 0.0

    def __str__(self) -> str:
        """Return the comparison as lines of text."""
        if not self.n_rows:
            return "The table has no rows."
        return "\n".join(
            [
                *self._table(),
                *self._promises(),
                *self._columns(),
                "",
                f"{self.n_both:,} rows are flagged by both; {self.n_appear:,} alerts "
                f"appear and {self.n_disappear:,} disappear.",
                *_first_reasons("appear", self.new),
                *_first_reasons("disappear", self.old),
                self._agreement(),
            ]
        )

    def _table(self) -> list[str]:
        versions = (self.old, self.new)
        width = max(len(printable(v.name)) for v in versions)
        lines = [f"{'':{width}}  threshold    flagged   share  expected of normal rows"]
        for v in versions:
            expected = "" if v.expected_share is None else f"{v.expected_share:.2%}"
            lines.append(
                f"{printable(v.name):{width}}  {v.threshold:9.4g}  {v.n_flagged:9,}  "
                f"{self._share(v.n_flagged):6.2%}  {expected:>7}".rstrip()
            )
        return lines

    def _promises(self) -> list[str]:
        versions = (self.old, self.new)
        return [f"{printable(v.name)}: {v.promise}" for v in versions if v.promise]

    def _columns(self) -> list[str]:
        return [
            f"Only {printable(v.name)} knows: {', '.join(map(printable, v.columns))}."
            for v in (self.old, self.new)
            if v.columns
        ]

    def _agreement(self) -> str:
        if self.spearman is None or self.kendall is None:
            return "All scores of a model are equal: there are no ranks to compare."
        text = f"Ranks: Spearman {self.spearman:.3f}, Kendall {self.kendall:.3f}."
        if self.overlaps:
            same = ", ".join(
                f"{round(k * share):,} of {k:,}" for k, share in self.overlaps.items()
            )
            text += f" The most abnormal rows are the same in {same}."
        return text


def _first_reasons(verb: str, version: VersionFacts) -> list[str]:
    if not version.first_reasons:
        return []
    columns = ", ".join(
        f"{printable(name)} ({share:.0%})"
        for name, share in list(version.first_reasons.items())[:_SHOWN_COLUMNS]
    )
    return [
        f"Alerts that {verb} are most often flagged by {printable(version.name)} for "
        f"{columns}."
    ]
