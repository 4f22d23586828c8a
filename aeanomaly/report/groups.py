"""Flagged rows that are flagged for the same reasons, together."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from ..scoring.reasons import Reasons
from ..scoring.scorer import Scorer
from ..scoring.usual import UsualNumbers, UsualTimes
from .words import name_of, text_of

# Reasons of a row that count, and the share of the score that each must make up.
_N_REASONS, _LEAST_SHARE = 3, 0.10
# A group is divided by a reason that this share of its rows has, and so many of them.
_DIVIDES, _LEAST_ROWS = 0.15, 5


class Reason(NamedTuple):
    """One reason that rows share.

    Parameters
    ----------
    position : int
        Of the column.
    how : str
        "too high", "unusually low" or the like, "missing", or the observed level.
    is_level : bool
        Whether `how` is a level.
    """

    position: int
    how: str
    is_level: bool

    def in_words(self, scorer: Scorer) -> str:
        """Return the reason as text."""
        return f"{name_of(scorer.encoding.names[self.position])} is {self.how}"


class Group(NamedTuple):
    """Rows that share reasons.

    Parameters
    ----------
    reasons : tuple of Reason
        Those that all of them have, the first of each row first.
    rows : ndarray of shape (n_rows,), int
        Places of the rows among those that were grouped, in their order.
    """

    reasons: tuple[Reason, ...]
    rows: np.ndarray


def shared_reasons(scorer: Scorer, reasons: Reasons) -> list[list[Reason]]:
    """Return the reasons of each row that others may share, the greatest first.

    Parameters
    ----------
    scorer : Scorer
    reasons : Reasons
        Of a block of rows.
    """
    found = []
    for row, columns in enumerate(reasons.columns[:, :_N_REASONS].tolist()):
        own = [
            _reason(scorer, reasons, row, rank)
            for rank in range(len(columns))
            if rank == 0 or reasons.shares[row, rank] >= _LEAST_SHARE
        ]
        found.append(own)
    return found


def _reason(scorer: Scorer, reasons: Reasons, row: int, rank: int) -> Reason:
    position = int(reasons.columns[row, rank])
    observed = reasons.observed[row, rank]
    usual = scorer.usual_of(position)
    if scorer.encoding.columns[position].categorical:
        return Reason(position, text_of(observed), True)
    if isinstance(usual, UsualNumbers | UsualTimes):
        number = reasons.number[row, rank]
        if np.isnan(number):
            return Reason(position, "missing", False)
        low, high = reasons.low[row, rank], reasons.high[row, rank]
        if number > high:
            return Reason(position, "too high", False)
        if number < low:
            return Reason(position, "too low", False)
        # Within the range, and yet not with its other columns.
        middle = (low + high) / 2
        side = "unusually high" if number > middle else "unusually low"
        return Reason(position, side if low < high else "unusual", False)
    return Reason(position, "unusual", False)


def group_rows(found: list[list[Reason]], most: int = 20) -> list[Group]:
    """Return groups of rows: by the reasons that most of them share.

    The reason that most rows have divides them; either part is divided again, until no
    reason is shared by many. Rows that share none go by their first reason.

    Parameters
    ----------
    found : list of list of Reason
        What `shared_reasons` returned for each row.
    most : int, default=20
        Groups at most; what is beyond is in none.

    Returns
    -------
    list of Group
        The greatest first. Of equal ones those whose rows come first.
    """
    groups = _divided((), list(range(len(found))), found)
    groups.sort(key=lambda group: (-len(group.rows), group.rows[0]))
    return groups[:most]


def _divided(
    reasons: tuple[Reason, ...], rows: list[int], found: list[list[Reason]]
) -> list[Group]:
    """Return a group, divided by the other reasons that many of its rows share."""
    counts: Counter[Reason] = Counter()
    for row in rows:
        counts.update(set(found[row]) - set(reasons))
    least = max(_LEAST_ROWS, _DIVIDES * len(rows))
    frequent = [reason for reason, n in counts.items() if n >= least]
    if not frequent:
        return [Group(reasons, np.array(rows))] if reasons else _by_first(rows, found)
    divider = max(frequent, key=lambda reason: counts[reason])
    having = [row for row in rows if divider in found[row]]
    others = [row for row in rows if divider not in found[row]]
    divided = _divided((*reasons, divider), having, found)
    return divided + (_divided(reasons, others, found) if others else [])


def _by_first(rows: list[int], found: list[list[Reason]]) -> list[Group]:
    by_first: dict[Reason, list[int]] = {}
    for row in rows:
        by_first.setdefault(found[row][0], []).append(row)
    return [Group((first,), np.array(own)) for first, own in by_first.items()]


def described(groups: list[Group], scorer: Scorer, names: list[str]) -> list[Any]:
    """Return groups as plain data.

    Parameters
    ----------
    groups : list of Group
    scorer : Scorer
    names : list of str
        What the rows are called.
    """
    return [
        {
            "number": number,
            "reasons": [reason.in_words(scorer) for reason in group.reasons],
            "rows": len(group.rows),
            "examples": [names[row] for row in group.rows[:3].tolist()],
        }
        for number, group in enumerate(groups, start=1)
    ]
