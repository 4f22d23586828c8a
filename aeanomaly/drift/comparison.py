"""Two samples of rows, counted in cells: those of the fit, and those now."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from .probability import log_beta_binomial, log_chi_square, log_kolmogorov
from .sizes import index_by_chance, stability_index

# Cells in which fewer rows are expected are put together: the distribution of the
# chi-square statistic does not hold for them.
_LEAST_EXPECTED = 5.0


@dataclass(frozen=True)
class Comparison:
    """Rows in cells, before and now.

    Parameters
    ----------
    test : str
        What is compared, such as "values" or "missing".
    kind : {"ordered", "cells", "share", "excess"}
        "ordered" compares distribution functions, "cells" frequencies, "share" the
        rows of the first of two cells, "excess" only whether they are more.
    before, now : ndarray of shape (n_cells,)
        Rows. Those before may be fractions: they carry weights.
    matched : ndarray of shape (n_cells,) or None
        Rows before that lie on the same weekdays and hours as those now; None where
        that makes no difference, or is not known.
    """

    test: str
    kind: Literal["ordered", "cells", "share", "excess"]
    before: np.ndarray
    now: np.ndarray
    matched: np.ndarray | None = None

    def and_also(self, rows: np.ndarray) -> Comparison:
        """Return the comparison with more rows before."""
        return replace(self, before=self.before + rows)

    def log_p(self) -> float:
        """Return the log p-value: how surprising it is if both are alike.

        Where there are rows of the same weekdays, the difference must surprise beside
        those as well: a Sunday is not a change.
        """
        found = _log_p(self.kind, self.before, self.now)
        if self.matched is None or found == 0.0:
            return found
        return max(found, _log_p(self.kind, self.matched, self.now))

    def index(self) -> float:
        """Return the population stability index, less what chance makes of it."""
        found = _index_above_chance(self.before, self.now)
        if self.matched is None:
            return found
        return min(found, _index_above_chance(self.matched, self.now))

    def shares(self) -> tuple[float, float]:
        """Return the share of the first cell before and now."""
        return (
            float(self.before[0] / max(self.before.sum(), 1e-300)),
            float(self.now[0] / max(self.now.sum(), 1)),
        )


def _index_above_chance(before: np.ndarray, now: np.ndarray) -> float:
    by_chance = index_by_chance(len(now), before.sum(), now.sum())
    return float(max(0.0, stability_index(before, now) - by_chance))


def _log_p(kind: str, before: np.ndarray, now: np.ndarray) -> float:
    n_before, n_now = float(before.sum()), int(now.sum())
    if n_before <= 0 or not n_now:
        return 0.0
    if kind == "ordered":
        gap = np.abs(np.cumsum(before) / n_before - np.cumsum(now) / n_now).max()
        return log_kolmogorov(float(gap), n_before, n_now)
    if kind == "cells":
        return _log_p_of_cells(before, now)
    k, others = float(before[0]), float(before[1])
    # The share itself is known from a sample only: a row more or less of it is within
    # what any threshold between two rows could be.
    more = log_beta_binomial(int(now[0]), n_now, k + 1.0, max(others, 0.5))
    if kind == "excess":
        return more
    fewer = 0.0
    if k > 0:
        fewer = log_beta_binomial(int(now[1]), n_now, others + 1.0, k)
    return min(0.0, math.log(2.0) + min(more, fewer))


def _log_p_of_cells(before: np.ndarray, now: np.ndarray) -> float:
    n_before, n_now = before.sum(), now.sum()
    both = before + now
    expected = both * min(n_before, n_now) / (n_before + n_now)
    few = expected < _LEAST_EXPECTED
    cells = [np.append(rows[~few], rows[few].sum()) for rows in (before, now)]
    both = cells[0] + cells[1]
    filled = both > 0
    if filled.sum() < 2:
        return 0.0
    difference = math.sqrt(n_before / n_now) * cells[1]
    difference -= math.sqrt(n_now / n_before) * cells[0]
    statistic = float((difference[filled] ** 2 / both[filled]).sum())
    return log_chi_square(statistic, int(filled.sum()) - 1)
