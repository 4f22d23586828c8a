"""Scores, watched: beside those of unseen rows that the model keeps."""

from __future__ import annotations

import numpy as np

from ..scoring.calibration import Calibration
from .comparison import Comparison
from .sizes import wasserstein

_N_CELLS = 32
# Scores of which the distance is made.
_N_VALUES = 512


class WatchedScores:
    """Scores, and the share of the rows that are flagged.

    Parameters
    ----------
    calibration : Calibration
        Scores of unseen rows.
    offset : float
        Rows that score below it are flagged.

    Attributes
    ----------
    n_rows, n_flagged : int
        Rows now.
    """

    def __init__(self, calibration: Calibration, offset: float) -> None:
        self.offset = offset
        reached = np.cumsum(calibration.weights) / calibration.n_rows
        shares = (np.arange(_N_VALUES) + 0.5) / _N_VALUES
        places = np.unique(np.searchsorted(reached, shares))
        self.at, last = np.unique(calibration.scores[places], return_index=True)
        self.reached = reached[places][np.append(last[1:] - 1, len(places) - 1)]
        self.reached[-1] = 1.0
        masses = np.diff(self.reached, prepend=0.0)
        middles = self.reached - masses / 2
        places = (middles * _N_CELLS).astype(int)
        self._cells = np.unique(places, return_inverse=True)[1]
        self._masses = masses * calibration.n_rows
        n_below = float(calibration.shares_below(np.array([offset]))[0])
        self.promised = n_below
        self._flagged_before = np.array([n_below, 1 - n_below]) * calibration.n_rows
        self.counts = np.zeros(len(self.at), dtype=np.int64)
        self.n_rows = self.n_flagged = 0

    def add(self, scores: np.ndarray) -> None:
        """Count the scores of some rows."""
        self.n_rows += len(scores)
        self.n_flagged += int((scores < self.offset).sum())
        places = np.minimum(np.searchsorted(self.at, scores), len(self.at) - 1)
        self.counts += np.bincount(places, minlength=len(self.at))

    def merge(self, other: WatchedScores) -> None:
        """Count what another part of the same table counted."""
        self.n_rows += other.n_rows
        self.n_flagged += other.n_flagged
        self.counts += other.counts

    def comparisons(self) -> list[Comparison]:
        """Return what is compared: all scores, and the share that is flagged."""
        flagged = np.array([self.n_flagged, self.n_rows - self.n_flagged])
        return [
            Comparison(
                "values",
                "ordered",
                np.bincount(self._cells, self._masses),
                np.bincount(self._cells, self.counts).astype(np.int64),
            ),
            Comparison("flagged", "share", self._flagged_before, flagged),
        ]

    def distance(self) -> float:
        """Return Wasserstein's distance between scores, within those of unseen rows."""
        if not self.n_rows:
            return 0.0
        return wasserstein(self.at, self.reached, np.cumsum(self.counts) / self.n_rows)
