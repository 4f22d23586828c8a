"""Which rows ``score`` and ``detect`` flag: below a threshold, or judged together."""

from __future__ import annotations

import argparse
import contextlib
from typing import Any

import numpy as np

from ..exceptions import ArchiveError
from ..notices import percent
from ..scoring.archive import SavedModel
from ..scoring.calibration import Calibration, added_names
from ..scoring.scorer import Scorer
from .column_choice import known_column
from .terminal import RowProgress, shows_progress


class Decision:
    """Flags rows batch by batch, in the order of the table.

    Parameters
    ----------
    offset : float
        Rows that score below it are outliers.
    selected : ndarray of shape (n_rows,), bool, default=None
        Which rows are flagged in place of those.
    words : str, default=None
        What flagged rows are; by default those below the offset.
    calibration : Calibration or None, default=None
        Where the added columns come from, if there are any.
    added : tuple of {"p_value", "severity"}, default=()
        Columns to add that say what scores mean.
    """

    def __init__(
        self,
        offset: float,
        selected: np.ndarray | None = None,
        words: str | None = None,
        calibration: Calibration | None = None,
        added: tuple[str, ...] = (),
    ) -> None:
        self.words = words or f"that score below the threshold of {offset:.6g}"
        self.calibration = calibration
        self.added = added
        # None where rows were judged together: no one number tells them apart.
        self.offset = offset if selected is None else None
        self._offset = offset
        self._selected = selected
        self._n_rows = 0

    def flag(self, scores: np.ndarray) -> np.ndarray:
        """Return which rows of the next batch are flagged."""
        start, self._n_rows = self._n_rows, self._n_rows + len(scores)
        if self._selected is None:
            return scores < self._offset
        return self._selected[start : self._n_rows]


def decide(
    table: Any,
    columns: dict[Any, Any],
    model: SavedModel,
    arguments: argparse.Namespace,
) -> Decision:
    """Return what the options of `aeanomaly score` flag.

    Rows that are judged together are scored once beforehand; eight bytes of each are
    kept.

    Raises
    ------
    ArchiveError
        If the model keeps no calibration scores, and they are needed.
    """
    scorer, calibration = model.scorer, model.calibration
    assert scorer is not None
    offset = offset_of(model, arguments)
    added = added_names(arguments.p_values, arguments.severity)
    if (added or arguments.fdr) and calibration is None:
        raise ArchiveError(
            f"{arguments.model} keeps no calibration scores, which --p-values, "
            f"--severity and --fdr need: it was written by an older aeanomaly, or is "
            f"private and without parts of the score. Fit the model again."
        )
    shown = calibration if added else None
    if arguments.fdr is None and arguments.budget is None:
        return Decision(offset, calibration=shown, added=added)
    scores, times = _scores_and_times(table, columns, scorer, arguments)
    from ..selection import select_by_budget, select_by_fdr

    if calibration is not None and arguments.fdr is not None:
        sure = arguments.confidence
        selected = select_by_fdr(calibration, scores, arguments.fdr, confidence=sure)
        words = f"at a false discovery rate of {percent(arguments.fdr)}"
    else:
        period = arguments.per or "D"
        selected = select_by_budget(scores, arguments.budget, times, period)
        words = f"with a budget of {arguments.budget:,}"
        words += f" per {period} of {arguments.time}" if arguments.per else ""
    return Decision(offset, selected, words, shown, added)


def offset_of(model: SavedModel, arguments: argparse.Namespace) -> float:
    """Return the score below which rows are flagged.

    Raises
    ------
    ArchiveError
        If the model keeps too few calibration scores for ``--share``.
    """
    if arguments.threshold is not None:
        return float(arguments.threshold)
    if arguments.share is None:
        return float(model.offset)  # type: ignore[arg-type]
    calibration = model.calibration
    if calibration is None:
        raise ArchiveError(
            f"{arguments.model} holds no scores of unseen rows, which --share needs: "
            f"an older aeanomaly wrote it. Fit again, or pass --threshold."
        )
    offset = calibration.offset_of_share(arguments.share)
    if offset is None:
        raise ArchiveError(
            f"--share {arguments.share} cannot be promised from the "
            f"{calibration.n_rows:,.0f} scores in {arguments.model}: the least is "
            f"{calibration.smallest_p_value:.3g}. Pass at least that."
        )
    return offset


def _scores_and_times(
    table: Any, columns: dict[Any, Any], scorer: Scorer, arguments: argparse.Namespace
) -> tuple[np.ndarray, list[str] | None]:
    name = arguments.time
    if name is not None:
        known_column(name, table.column_names, "--time")
    scores, times, n_rows = [np.empty(0)], [], 0
    progress = shows_progress(arguments.quiet)
    with contextlib.closing(RowProgress(table.n_rows, progress)) as line:
        for batch in table.iter_batches(columns):
            if name is not None:
                times += batch.values_of(name)
            if len(batch.features):
                scores.append(scorer.score_samples(batch.features))
            n_rows += len(batch.features)
            line.show(n_rows)
    return np.concatenate(scores), None if name is None else times
