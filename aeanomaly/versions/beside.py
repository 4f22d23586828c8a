"""Two models beside each other, batch by batch."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..scoring.calibration import Calibration
from ..scoring.reason_texts import reason_texts
from ..scoring.reasons import iter_reasons
from ..scoring.scorer import Scorer
from .result import APPEARS, DISAPPEARS, ModelComparison, VersionFacts


@dataclass(frozen=True)
class Version:
    """One of two models.

    Parameters
    ----------
    name : str
        What messages call it.
    scorer : Scorer
    offset : float
        Score below which a row is flagged.
    calibration : Calibration or None, default=None
        Scores of unseen normal rows.
    promise : str or None, default=None
        What the rule of its threshold promises.
    """

    name: str
    scorer: Scorer
    offset: float
    calibration: Calibration | None = None
    promise: str | None = None

    def facts(
        self, n_flagged: int, other: Version, first: Counter[Any]
    ) -> VersionFacts:
        """Return what is to be said of it."""
        expected = None
        if self.calibration is not None:
            offset = np.array([self.offset])
            expected = float(self.calibration.shares_below(offset)[0])
        names, known = self.scorer.encoding.names, set(other.scorer.encoding.names)
        n_explained = sum(first.values())
        return VersionFacts(
            name=self.name,
            threshold=self.offset,
            n_flagged=n_flagged,
            promise=self.promise,
            expected_share=expected,
            columns=tuple(name for name in names if name not in known),
            first_reasons={
                str(name): round(count / n_explained, 4)
                for name, count in first.most_common()
            },
        )


class ChangedRows(NamedTuple):
    """The rows of a batch that one model alone flags.

    Parameters
    ----------
    mask : ndarray of shape (n_batch,), bool
        Which rows of the batch.
    change : ndarray of shape (n_changed,), object
        "appears" or "disappears".
    old_scores, new_scores : ndarray of shape (n_changed,)
    reasons : ndarray of shape (n_changed, n_reasons), object
        By the model that flags the row; None where it has fewer columns.
    """

    mask: np.ndarray
    change: np.ndarray
    old_scores: np.ndarray
    new_scores: np.ndarray
    reasons: np.ndarray

    def columns(self) -> dict[str, np.ndarray]:
        """Return them as columns, by the names that a table of them has."""
        return {
            "change": self.change,
            "old_score": self.old_scores,
            "new_score": self.new_scores,
            **{f"reason_{i}": text for i, text in enumerate(self.reasons.T, start=1)},
        }


class Beside:
    """Two models that score the same rows.

    Parameters
    ----------
    old, new : Version
    n_reasons : int
        How many reasons to give for each row that one alone flags.
    """

    def __init__(self, old: Version, new: Version, n_reasons: int) -> None:
        self._old, self._new = old, new
        self._n_reasons = n_reasons
        self._old_scores: list[np.ndarray] = []
        self._new_scores: list[np.ndarray] = []
        self._first: dict[str, Counter[Any]] = {
            change: Counter() for change in (APPEARS, DISAPPEARS)
        }
        self._n_both = self._n_old = self._n_new = 0

    def add(self, old_rows: Any, new_rows: Any) -> ChangedRows:
        """Score a batch, and return what has changed in it.

        Parameters
        ----------
        old_rows, new_rows : DataFrame or ndarray of shape (n_batch, n_features)
            The same rows, each with the fitted columns of its model in their order.
        """
        old_scores = _scores(self._old.scorer, old_rows)
        new_scores = _scores(self._new.scorer, new_rows)
        self._old_scores.append(old_scores)
        self._new_scores.append(new_scores)
        by_old, by_new = old_scores < self._old.offset, new_scores < self._new.offset
        self._n_old += int(by_old.sum())
        self._n_new += int(by_new.sum())
        self._n_both += int((by_old & by_new).sum())
        mask = by_old != by_new
        appears = by_new[mask]
        reasons = np.empty((len(appears), self._n_reasons), dtype=object)
        self._explain(APPEARS, self._new, new_rows, by_new & ~by_old, reasons, appears)
        gone = by_old & ~by_new
        self._explain(DISAPPEARS, self._old, old_rows, gone, reasons, ~appears)
        return ChangedRows(
            mask,
            np.where(appears, APPEARS, DISAPPEARS).astype(object),
            old_scores[mask],
            new_scores[mask],
            reasons,
        )

    def _explain(
        self,
        change: str,
        version: Version,
        rows: Any,
        chosen: np.ndarray,
        reasons: np.ndarray,
        places: np.ndarray,
    ) -> None:
        """Fill in the reasons of some rows, and count the columns that come first."""
        if not chosen.any():
            return
        names = version.scorer.encoding.names
        top = min(max(1, self._n_reasons), len(names))
        texts: list[np.ndarray] = []
        for _, _, found in iter_reasons(version.scorer, rows[chosen], top):
            texts.append(reason_texts(version.scorer, found))
            self._first[change].update(names[i] for i in found.columns[:, 0])
        n_given = min(top, self._n_reasons)
        filled = np.empty((int(chosen.sum()), self._n_reasons), dtype=object)
        filled[:, :n_given] = np.vstack(texts)[:, :n_given]
        reasons[places] = filled

    def result(self, changed: Any = None) -> ModelComparison:
        """Return the comparison of all batches.

        Parameters
        ----------
        changed : DataFrame or None, default=None
        """
        first = self._first
        return ModelComparison.of(
            self._old.facts(self._n_old, self._new, first[DISAPPEARS]),
            self._new.facts(self._n_new, self._old, first[APPEARS]),
            self._n_both,
            (_joined(self._old_scores), _joined(self._new_scores)),
            changed,
        )


def _joined(scores: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.empty(0), *scores])


def _scores(scorer: Scorer, rows: Any) -> np.ndarray:
    return scorer.score_samples(rows) if len(rows) else np.empty(0)
