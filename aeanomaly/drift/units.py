"""What has become of numbers: other units, another sign, other hours, columns swapped.

Each is a guess of how the training rows became the rows now, for all of them or for a
share, and is believed where it leaves next to nothing to explain.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from .numbers import WatchedNumbers

# What a difference of two distribution functions stays below in 99 tables of 100, times
# the root of the sum of the inverse numbers of rows.
_BY_CHANCE = 1.63
# A guess leaves at most so much of the difference. Numbers twice as large in a part of
# the rows are what any other mixture of rows looks like: such factors are believed for
# all rows only, and where they leave less.
_LEFT, _LEFT_NEAR = 0.3, 0.15
_ALL, _LEAST, _NEAR_FACTOR = 0.9, 0.02, 6.5
_SAME_SHARE = 0.15

# Factors, what they make of what, and the part of a column's name that tells the unit
# it had. A factor that several changes have names the first, if no name tells.
UNITS: tuple[tuple[float, str, str, str], ...] = (
    (24.0, "hours", "days", "day"),
    (60.0, "minutes", "hours", "hour"),
    (60.0, "seconds", "minutes", "minute"),
    (60.0, "seconds", "minutes", "min"),
    (3600.0, "seconds", "hours", "hour"),
    (1440.0, "minutes", "days", "day"),
    (86400.0, "seconds", "days", "day"),
    (7.0, "days", "weeks", "week"),
    (12.0, "months", "years", "year"),
    (365.25, "days", "years", "year"),
    (100.0, "cents", "whole units", "amount"),
    (100.0, "cents", "whole units", "price"),
    (100.0, "per cent", "shares", "rate"),
    (100.0, "per cent", "shares", "share"),
    (100.0, "centimetres", "metres", "metre"),
    (1000.0, "metres", "kilometres", "km"),
    (1000.0, "grams", "kilograms", "kg"),
    (1000.0, "milliseconds", "seconds", "second"),
    (1000.0, "thousandths", "whole units", ""),
    (1e6, "millionths", "whole units", ""),
    (10.0, "tenths", "whole units", ""),
    (1 / 1.609344, "miles", "kilometres", "km"),
    (1 / 0.45359237, "pounds", "kilograms", "kg"),
    (1 / 0.3048, "feet", "metres", "metre"),
    (2.54, "centimetres", "inches", "inch"),
)


class Guess(NamedTuple):
    """How rows before became rows now.

    Parameters
    ----------
    factor : float
        What numbers are multiplied with; negative where the sign is another one.
    share : float
        Of the rows, in (0, 1].
    left : float
        Greatest difference of distribution functions that it leaves.
    """

    factor: float
    share: float
    left: float


def by_chance(n_before: float, n_now: float) -> float:
    """Return what a difference of distribution functions seldom exceeds by chance."""
    return _BY_CHANCE * math.sqrt(1 / max(n_before, 1.0) + 1 / max(n_now, 1.0))


def guess_factor(watched: WatchedNumbers) -> Guess | None:
    """Return the factor that makes the rows now of the rows before, if there is one."""
    before, now = watched.log_bins_before(), watched.histogram.shares
    chance = by_chance(watched.n_before, now_known(watched))
    factors = sorted({f for unit in UNITS for f in (unit[0], 1 / unit[0])})
    if watched.stays_whole:
        # Counts that have grown: no unit makes whole numbers of others with 3.281.
        factors = [f for f in factors if math.isclose(max(f, 1 / f) % 1, 0.0)]
    near = frozenset(f for f in factors if 1 / _NEAR_FACTOR < f < _NEAR_FACTOR)
    after = {f: watched.log_bins_before(f) for f in (-1.0, *factors)}
    return best_guess(before, now, after, chance, near)


def now_known(watched: WatchedNumbers) -> int:
    """Return the rows now that have a value."""
    return watched.n_rows - watched.n_missing


def best_guess(
    before: np.ndarray,
    now: np.ndarray,
    after: dict[float, np.ndarray],
    chance: float,
    near: frozenset[float] = frozenset(),
) -> Guess | None:
    """Return the guess that leaves the least, if it leaves next to nothing.

    Parameters
    ----------
    before, now : ndarray of shape (n_cells,)
        Shares of the rows.
    after : dict of float to ndarray of shape (n_cells,)
        By guess: what shares before would have become.
    chance : float
        Difference of distribution functions that chance may make.
    near : set of float
        Guesses that are believed for all rows only.
    """
    gap = np.cumsum(now - before)
    size = float(np.abs(gap).max())
    if size <= chance:
        return None
    found = []
    for factor, shares in after.items():
        change = np.cumsum(shares - before)
        share = min(1.0, float(gap @ change / max(change @ change, 1e-300)))
        left = float(np.abs(gap - share * change).max())
        most, least = _LEFT, _LEAST
        if factor in near:
            most, least = _LEFT_NEAR, _ALL
        if share >= least and left <= most * size:
            found.append(Guess(factor, share, left))
    return min(found, key=lambda guess: guess.left, default=None)


def are_swapped(one: WatchedNumbers, other: WatchedNumbers) -> bool:
    """Return whether two columns, both of which have changed, hold each other's.

    In all rows, or in about the same share of them.
    """
    shares = []
    for column, source in ((one, other), (other, one)):
        guess = best_guess(
            column.log_bins_before(),
            column.histogram.shares,
            {1.0: source.log_bins_before()},
            by_chance(min(source.n_before, column.n_before), now_known(column)),
        )
        if guess is None:
            return False
        shares.append(guess.share)
    return abs(shares[0] - shares[1]) < _SAME_SHARE


def guess_hours(before: np.ndarray, now: np.ndarray) -> Guess | None:
    """Return by how many hours the hours of the day have moved, if they have.

    Parameters
    ----------
    before, now : ndarray of shape (24,)
        Rows of each hour.

    Returns
    -------
    Guess or None
        Its factor is the number of hours, from -11 to 12.
    """
    shares, shares_now = before / before.sum(), now / max(1, now.sum())
    chance = by_chance(float(before.sum()), float(now.sum()))
    moved = {float(h): np.roll(shares, h) for h in range(-11, 13) if h}
    return best_guess(shares, shares_now, moved, chance)


def unit_in_words(name: object, factor: float) -> str:
    """Return what a factor means for a column of such a name.

    Examples
    --------
    >>> unit_in_words("days_since_last", 24.0)
    'is in hours now (24 times as large)'
    >>> unit_in_words("width", 1 / 7)
    'is 0.143 times as large (weeks in place of days?)'
    """
    if factor == -1.0:
        return "has the other sign"
    times, text = _times_in_words(factor), str(name).casefold()
    meanings = []
    for unit, new, old, part in UNITS:
        if math.isclose(unit, factor, rel_tol=1e-9):
            meanings.append((new, old, part))
        elif math.isclose(1 / unit, factor, rel_tol=1e-9):
            # What it is made of now is told by the name of the smaller unit.
            meanings.append((old, new, new.rstrip("s")))
    for new, _, part in meanings:
        if part and part in text and new != "whole units":
            return f"is in {new} now ({times})"
    texts = [f"{new} in place of {old}" for new, old, _ in meanings]
    options = list(dict.fromkeys(texts))
    return f"is {times} ({' or '.join(options[:2])}?)"


def _times_in_words(factor: float) -> str:
    if factor >= 1:
        return f"{factor:.4g} times as large"
    for whole, part in (10, "a tenth"), (100, "a hundredth"), (1000, "a thousandth"):
        if math.isclose(1 / factor, whole, rel_tol=1e-9):
            return f"{part} of what it was"
    return f"{factor:.3g} times as large"
