"""Night after night: evidence that grows, and cries wolf once in a hundred nights.

See ``docs/drift.md`` for the reasons and the sources.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .comparison import Comparison

# Mean number of nights between two alarms where nothing changes: twice what is
# promised, as p-values are good approximations and no more.
NIGHTS = 200
# Nights that the first surprises are given: what nights vary by is not known yet.
_PRIOR_NIGHTS = 5.0
# Later nights count as if there were no more than so many before; and however many,
# what nights vary by is known no better than from a few: they are not all of one kind.
_MOST_NIGHTS, _MOST_FREEDOM = 60.0, 20.0
# Once so many nights have told what they vary by, later ones do so only after as many
# more: a small shift that stays must not be taken for variation before it has added up.
_LAG = 10
# So many times the mean surprise an alarm's counts at most. Where all nights vary more
# than rows that are independent do, alarms teach it; a column that broke stays an alarm
# for weeks.
_LEARNT_OF_ALARM = 3.0
# Half of the stake is on one night that tells by itself, half on many that add up.
_ON_ONE_NIGHT = 0.5
_LEAST_LOG_P = math.log(1e-12)


class NightEvidence:
    """What nights have shown of each column.

    Parameters
    ----------
    columns : dict of str to dict, default=None
        As `columns` was after the last night. Of each column "nights" that were
        stable, "surprise", the sum of their surprises in nats, "recent", surprises that
        are not yet in the sum, "evidence", and "rows" of those nights in the cells of
        each comparison.
    n_columns : int
        Number of columns that can be compared, the score among them.
    """

    def __init__(self, n_columns: int, columns: Any = None) -> None:
        self.n_columns = max(1, n_columns)
        self.columns: dict[str, dict[str, Any]] = columns or {}

    def _of(self, place: str) -> dict[str, Any]:
        return self.columns.setdefault(
            place,
            {"nights": 0.0, "surprise": 0.0, "recent": [], "evidence": 0.0, "rows": {}},
        )

    def with_earlier_nights(self, place: str, comparison: Comparison) -> Comparison:
        """Return a comparison with the rows of stable nights beside the training rows.

        So a night is compared with all that came before it, and what is surprising in
        one night says nothing of the next, as long as all are alike: the training
        rows' own sampling error, which is the same every night, does not add up.
        """
        rows = self._of(place)["rows"].get(comparison.test)
        if rows is None or len(rows) != len(comparison.before):
            return comparison
        return comparison.and_also(np.array(rows, dtype=np.float64))

    def add(self, log_p_values: dict[str, float]) -> set[str]:
        """Add a night; return the columns whose evidence is enough for an alarm.

        Parameters
        ----------
        log_p_values : dict of str to float
            Of each column, by its place.
        """
        self._surprises = {place: -log_p for place, log_p in log_p_values.items()}
        for place, surprise in self._surprises.items():
            own = self._of(place)
            log_p = _predictive(surprise, own["nights"], own["surprise"])
            gain = _gain(log_p, self.n_columns)
            own["evidence"] = (1.0 + own["evidence"]) * gain
        total = sum(self._of(place)["evidence"] for place in log_p_values)
        if total < NIGHTS * self.n_columns:
            return set()
        # Those that make up most of it.
        greatest = max(self._of(place)["evidence"] for place in log_p_values)
        least = min(NIGHTS * self.n_columns / 2, greatest)
        return {p for p in log_p_values if self._of(p)["evidence"] >= least}

    def settle(
        self,
        alarming: set[str],
        suspects: set[str],
        compared: Any,
        accept: bool = False,
    ) -> None:
        """Learn from the night, if it was stable, and begin anew after an alarm.

        Parameters
        ----------
        alarming, suspects : set of str
            Columns that are an alarm, and those that have changed by too little.
        compared : dict of str to list of Comparison
            What was compared.
        accept : bool, default=False
            Whether somebody says that it was stable, whatever it looks like.
        """
        for place in suspects:
            self._of(place)["evidence"] = 0.0
        is_stable = accept or not alarming
        for place, surprise in self._surprises.items():
            self._learn(self._of(place), surprise, is_stable)
        if not is_stable:
            for own in self.columns.values():
                own["evidence"] = 0.0
            return
        for place, comparisons in compared.items():
            own = self._of(place)
            for comparison in comparisons:
                earlier = own["rows"].get(comparison.test, [])
                now = comparison.now.tolist()
                if len(earlier) == len(now):
                    now = [a + b for a, b in zip(earlier, now, strict=True)]
                own["rows"][comparison.test] = now

    @staticmethod
    def _learn(own: dict[str, Any], surprise: float, is_stable: bool) -> None:
        """Learn what nights vary by; of a night with an alarm no more than a little."""
        if not is_stable:
            mean = _mean_surprise(own["nights"], own["surprise"])
            surprise = min(surprise, _LEARNT_OF_ALARM * mean)
        if own["nights"] >= _LAG:
            own["recent"].append(surprise)
            if len(own["recent"]) <= _LAG:
                return
            surprise = own["recent"].pop(0)
        own["nights"] += 1.0
        own["surprise"] += surprise
        if own["nights"] > _MOST_NIGHTS:
            own["surprise"] *= _MOST_NIGHTS / own["nights"]
            own["nights"] = _MOST_NIGHTS


def _mean_surprise(nights: float, total: float) -> float:
    return (_PRIOR_NIGHTS + max(total, nights)) / (_PRIOR_NIGHTS + nights)


def _predictive(surprise: float, nights: float, total: float) -> float:
    """Return the log p-value of a surprise, by how much nights vary.

    Surprises in nats are exponential, with a mean of one where rows are independent
    and a greater one where they come in lumps, such as the purchases of a customer.
    Their mean in earlier nights is known from few; so much more must a night surprise.
    """
    n = min(_PRIOR_NIGHTS + nights, _MOST_FREEDOM)
    return -n * math.log1p(surprise / (n * _mean_surprise(nights, total)))


def _gain(log_p: float, n_columns: int) -> float:
    """Return what a stake of one becomes: one on average, if p-values are uniform."""
    log_p = max(log_p, _LEAST_LOG_P)
    level = _ON_ONE_NIGHT / (NIGHTS * n_columns)
    one_night = 1.0 / level if log_p <= math.log(level) else 0.0
    return _ON_ONE_NIGHT * one_night + (1.0 - _ON_ONE_NIGHT) * mixture(log_p)


def mixture(log_p: float) -> float:
    """Return the mean of ``k * p ** (k - 1)`` over k from 0 to 1.

    Each of them is one on average over p-values, and so is the mean.

    References
    ----------
    V. Vovk and R. Wang, "E-values: Calibration, Combination and Applications", *Annals
    of Statistics* 49, 2021.

    Examples
    --------
    >>> import math
    >>> round(mixture(math.log(0.001)), 2)
    20.79
    """
    if log_p > -1e-3:
        return 0.5
    p = math.exp(log_p)
    return (1.0 - p + p * log_p) / (p * log_p**2)
