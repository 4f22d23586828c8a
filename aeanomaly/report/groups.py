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
N_REASONS, _LEAST_SHARE = 5, 0.05
# Reasons that may tell groups apart, the most frequent ones.
_MOST_REASONS = 150
# Rows of a group, where there are many rows, and how much of what rows differ in a
# division must explain.
_LEAST_ROWS, _FEW_ROWS, _LEAST_GAIN = 5, 50, 0.004
# What so many rows of a group have is said of it, at most so many reasons.
_SHARED, _SAID = 0.9, 3


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
        Those that nine of ten of them have, the greatest share first; or the most
        frequent one.
    share : float
        Of the rows that have the first of them.
    rows : ndarray of shape (n_rows,), int
        Places of the rows among those that were grouped, in their order.
    """

    reasons: tuple[Reason, ...]
    share: float
    rows: np.ndarray


def shared_reasons(scorer: Scorer, reasons: Reasons) -> list[dict[Reason, float]]:
    """Return the reasons of each row that others may share, with their shares.

    Parameters
    ----------
    scorer : Scorer
    reasons : Reasons
        Of a block of rows.
    """
    found = []
    for row, columns in enumerate(reasons.columns[:, :N_REASONS].tolist()):
        shares = reasons.shares[row].tolist()
        found.append(
            {
                _reason(scorer, reasons, row, rank): shares[rank]
                for rank in range(len(columns))
                if rank == 0 or shares[rank] >= _LEAST_SHARE
            }
        )
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
        is_time = isinstance(usual, UsualTimes)
        if number > high or number < low:
            ends = ("too early", "too late") if is_time else ("too low", "too high")
            return Reason(position, ends[int(number > high)], False)
        if aspect := reasons.aspect[row, rank]:
            return Reason(position, f"unusual in {aspect}", False)
        # Within the range, and yet not with its other columns.
        if low < high and not is_time:
            is_high = number > (low + high) / 2
            side = "unusually high" if is_high else "unusually low"
            return Reason(position, side, False)
    return Reason(position, "unusual", False)


def group_rows(found: list[dict[Reason, float]], most: int = 20) -> list[Group]:
    """Return groups of rows: by whether they have a reason, again and again.

    Each time that group is divided, by that reason, after which the rows of groups
    differ least in their reasons: a tree whose leaves are the groups.

    Parameters
    ----------
    found : list of dict of Reason to float
        What `shared_reasons` returned for each row.
    most : int, default=20
        Groups at most.

    Returns
    -------
    list of Group
        The greatest first. Of equal ones that whose rows come first.
    """
    counts = Counter(reason for own in found for reason in own)
    known = [reason for reason, _ in counts.most_common(_MOST_REASONS)]
    place = {reason: i for i, reason in enumerate(known)}
    weights = np.zeros((len(found), len(known)))
    for row, own in enumerate(found):
        for reason, share in own.items():
            if reason in place:
                # Half of the score in two columns differs from all of it in one.
                weights[row, place[reason]] = np.sqrt(share)
    least = _LEAST_ROWS if len(found) >= _FEW_ROWS else 1
    leaves = [np.arange(len(found))]
    divisions = [_division(weights, leaves[0], least)]
    wanted = _LEAST_GAIN * _spread(weights)
    while len(leaves) < most:
        best = int(np.argmax([gain for gain, _ in divisions]))
        gain, place_of_best = divisions[best]
        if gain <= wanted:
            break
        rows = leaves.pop(best)
        divisions.pop(best)
        has = weights[rows, place_of_best] > 0
        for part in (rows[has], rows[~has]):
            leaves.append(part)
            divisions.append(_division(weights, part, least))
    groups = [_group(weights[rows], known, rows) for rows in leaves]
    return sorted(groups, key=lambda group: (-len(group.rows), group.rows[0]))


def _spread(weights: np.ndarray) -> float:
    """Return the sum of squared differences of rows from their mean."""
    total = weights.sum(axis=0)
    return float(np.square(weights).sum() - total @ total / max(1, len(weights)))


def _division(weights: np.ndarray, rows: np.ndarray, least: int) -> tuple[float, int]:
    """Return by how much the best division lessens the spread, and its reason."""
    own = weights[rows]
    has = (own > 0).astype(np.float64)
    n_with = has.sum(axis=0)
    n_without = len(own) - n_with
    possible = (n_with >= least) & (n_without >= least)
    if not possible.any():
        return 0.0, 0
    total = own.sum(axis=0)
    with_it = has.T @ own
    without = total - with_it
    gains = np.square(with_it).sum(axis=1) / np.maximum(n_with, 1)
    gains += np.square(without).sum(axis=1) / np.maximum(n_without, 1)
    gains -= total @ total / len(own)
    gains[~possible] = -1.0
    return float(gains.max()), int(gains.argmax())


def _group(weights: np.ndarray, known: list[Reason], rows: np.ndarray) -> Group:
    """Return rows with what most of them share."""
    shares = (weights > 0).mean(axis=0)
    order = np.argsort(-weights.mean(axis=0), kind="stable")
    said = [i for i in order if shares[i] >= _SHARED][:_SAID]
    said = said or [int(np.argmax(shares))]
    return Group(tuple(known[i] for i in said), float(shares[said[0]]), rows)


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
            "share": round(group.share, 4),
            "rows": len(group.rows),
            "examples": [names[row] for row in group.rows[:3].tolist()],
        }
        for number, group in enumerate(groups, start=1)
    ]
