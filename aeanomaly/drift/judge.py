"""From counts to findings: which columns have changed, by how much, and how sure."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .changes import Change, changes_of, swapped_pairs
from .comparison import Comparison
from .evidence import NightEvidence
from .numbers import WatchedNumbers
from .probability import log_holm
from .scores import WatchedScores
from .table import TableWatch
from .watched import Watched

# An alarm at most once in a hundred tables that have not changed.
LEVEL = 0.01
# A share of flagged rows is another one from so many times the promised share on.
_MORE, _FEWER = 1.5, 0.5
# The stability index of scores must be great, by the custom, to be an alarm by itself.
# Scores move as times become newer than those of the fit, which is no drift: there it
# must be greater still, unless earlier nights tell what scores of new rows are.
_LEAST_INDEX, _LEAST_INDEX_OF_NEWER = 0.25, 0.5


class ColumnDrift(NamedTuple):
    """What has become of one column, or of the score.

    Parameters
    ----------
    column : str or int or None
        Name; None for the score.
    stability : float
        Population stability index, less what chance makes of it.
    distance : float or None
        Wasserstein's distance, in the column's units; None where it has none.
    log_p : float
        Logarithm of the p-value that holds for all columns together.
    missing_before, missing_now : float
        Shares of the rows.
    changes : tuple of Change
        Empty where nothing is more than chance.
    """

    column: Any
    stability: float
    distance: float | None
    log_p: float
    missing_before: float
    missing_now: float
    changes: tuple[Change, ...]

    @property
    def p_value(self) -> float:
        """P-value that holds for all columns together."""
        return math.exp(max(self.log_p, -700.0))

    @property
    def matters(self) -> bool:
        """Whether a change is large enough for an alarm."""
        return any(change.matters for change in self.changes)


class Judgement(NamedTuple):
    """What a table shows.

    Parameters
    ----------
    columns : tuple of ColumnDrift
        In the order of the model.
    score : ColumnDrift or None
    is_alarm : bool
    compared : dict of str to list of Comparison
        By the place of the column, or "score".
    """

    columns: tuple[ColumnDrift, ...]
    score: ColumnDrift | None
    is_alarm: bool
    compared: dict[str, list[Comparison]]


def judge(
    watch: TableWatch, evidence: NightEvidence | None = None, *, accept: bool = False
) -> Judgement:
    """Return which columns have changed.

    Parameters
    ----------
    watch : TableWatch
    evidence : NightEvidence or None
        What earlier nights have shown; is told of this one. None: this table is
        judged by itself.
    accept : bool, default=False
        Whether somebody says that the table is a stable one.
    """
    weights = watch.calendar.weights()
    compared: dict[str, list[Comparison]] = {
        str(position): watched.comparisons(weights)
        for position, watched in watch.present.items()
    }
    if watch.scores is not None and watch.scores.n_rows:
        compared["score"] = watch.scores.comparisons()
    tests = {
        place: _log_p_values(watch, place, comparisons, evidence)
        for place, comparisons in compared.items()
    }
    # Of the tests of a column the least p-value counts, times their number.
    found = {
        place: min(0.0, min(own.values()) + math.log(len(own)))
        for place, own in tests.items()
    }
    suspects = _suspects(found, evidence)
    adjusted = dict(zip(found, log_holm(list(found.values())), strict=True))
    limit = math.log(LEVEL) - math.log(max(1, sum(map(len, tests.values()))))
    telling = {}
    for place in found:
        telling[place] = {test for test, p in tests[place].items() if p <= limit}
        if place in suspects and not telling[place]:
            telling[place] = {min(tests[place], key=tests[place].__getitem__)}
    columns = _columns(watch, weights, adjusted, telling)
    score = None
    if "score" in compared:
        assert watch.scores is not None
        earlier = compared["score"][0]
        if evidence is not None:
            earlier = evidence.with_earlier_nights("score", earlier)
        least = _LEAST_INDEX
        if watch.calendar.is_newer and earlier is compared["score"][0]:
            least = _LEAST_INDEX_OF_NEWER
        index = earlier.index()
        moved = index >= least
        score = _score(watch.scores, index, moved, adjusted["score"], telling["score"])
    named = {c.column: c for c in columns}
    alarming = {p for p in suspects if _of(p, watch, named, score).matters}
    if evidence is not None:
        evidence.settle(alarming, suspects, compared, accept)
    is_alarm = bool(alarming or watch.absent)
    return Judgement(columns, score, is_alarm, compared)


def _of(place: str, watch: TableWatch, named: Any, score: Any) -> ColumnDrift:
    return score if place == "score" else named[watch.names[int(place)]]


def _log_p_values(
    watch: TableWatch,
    place: str,
    comparisons: list[Comparison],
    evidence: NightEvidence | None,
) -> dict[str, float]:
    """Return the log p-value of each test of a column."""
    found = {}
    for comparison in comparisons:
        if evidence is not None:
            comparison = evidence.with_earlier_nights(place, comparison)
        found[comparison.test] = comparison.log_p()
    watched = None if place == "score" else watch.columns[int(place)]
    if isinstance(watched, WatchedNumbers) and watched.usual.decimals:
        found["written"] = watched.log_p_written()
    return found


def _suspects(found: dict[str, float], evidence: NightEvidence | None) -> set[str]:
    """Return the columns of which it is too surprising to be chance."""
    if evidence is not None:
        return evidence.add(found)
    limit = math.log(LEVEL) - math.log(max(1, len(found)))
    adjusted = dict(zip(found, log_holm(list(found.values())), strict=True))
    least = min(found.values(), default=0.0)
    if least > limit:
        return set()
    return {place for place, log_p in adjusted.items() if log_p <= math.log(LEVEL)}


def _columns(
    watch: TableWatch,
    weights: np.ndarray | None,
    adjusted: dict[str, float],
    telling: dict[str, set[str]],
) -> tuple[ColumnDrift, ...]:
    swapped = _swapped(watch, telling)
    found = []
    for position, watched in watch.present.items():
        if not watched.n_rows:
            continue
        index = watched.index_comparison(weights).index()
        changes: list[Change] = []
        if watched.name in swapped:
            changes = [swapped[watched.name]]
        elif telling[str(position)]:
            changes = changes_of(watched, index, telling[str(position)])
        missing = next(c for c in watched.comparisons(None) if c.test == "missing")
        shares = missing.shares()
        found.append(
            ColumnDrift(
                watched.name,
                index,
                watched.distance(),
                adjusted[str(position)],
                *shares,
                tuple(changes),
            )
        )
    return tuple(found)


def _swapped(watch: TableWatch, telling: dict[str, set[str]]) -> dict[Any, Change]:
    """Return the changes of columns that hold each other's values."""
    changed: list[Watched] = [
        watched
        for position, watched in watch.present.items()
        if telling[str(position)] & {"values", "levels", "new levels", "outside"}
    ]
    found = {}
    for one, other in swapped_pairs(changed):
        for here, there in (one, other), (other, one):
            text = f"holds what {there.name} held: the two are swapped"
            found[here.name] = Change("swapped", text, True, True)
    return found


def _score(
    scores: WatchedScores, index: float, moved: bool, log_p: float, telling: set[str]
) -> ColumnDrift:
    changes = []
    flagged = next(c for c in scores.comparisons() if c.test == "flagged")
    if "values" in telling:
        text = f"are others than those of unseen rows of the fit (index {index:.2f})"
        changes.append(Change("scores", text, False, moved))
    if "flagged" in telling:
        before, now = flagged.shares()
        # A row more or less is within what the scores of the fit can tell.
        row = 1.0 / flagged.before.sum()
        matters = now >= _MORE * (before + row) or now <= _FEWER * before
        text = f"{now:.2%} of the rows are flagged, where {before:.2%} were to be"
        changes.append(Change("flagged", text, False, bool(matters)))
    return ColumnDrift(None, index, scores.distance(), log_p, 0.0, 0.0, tuple(changes))
