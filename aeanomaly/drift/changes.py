"""What has become of a column, named as what it is."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..printable import quoted
from ..scoring.encoding.columns.base import show_number
from .levels import WatchedLevels, same_text
from .numbers import WatchedNumbers
from .times import WatchedConstant, WatchedTimes
from .units import are_swapped, guess_factor, guess_hours, unit_in_words
from .watched import Watched

# Shares of the rows from which on a change is worth an alarm: of a broken column, of
# missing values more or less, of values outside all that training rows showed, of new
# levels.
_BROKEN, _MISSING, _OUTSIDE, _NEW = 0.02, 0.02, 0.005, 0.02
# The stability index from which on it is, as is the custom.
LEAST_INDEX = 0.1
_ALL = 0.999
# One value has come in the place of others where its share has grown by so much, and
# that is most of the shift.
_LEAST_GAIN, _MOST_OF_GAIN = 0.05, 0.8
# A level that was at least so frequent, and of which so many rows were due, is gone.
_GONE_SHARE, _GONE_ROWS = 0.02, 20.0
# Most of the missing values that are too many lie in so few hours.
_BURST_SHARE, _BURST_HOURS = 0.9, 8
_SHOWN = 3


class Change(NamedTuple):
    """What has become of a column.

    Parameters
    ----------
    kind : str
        Such as "unit", "missing" or "values".
    text : str
        What follows the column's name in a sentence.
    broken : bool
        Whether the column is filled otherwise than it was, so that no fit mends it;
        else its rows are others.
    matters : bool
        Whether it is large enough for an alarm.
    """

    kind: str
    text: str
    broken: bool
    matters: bool


def changes_of(watched: Watched, index: float, tests: set[str]) -> list[Change]:
    """Return what has become of a column, the most telling first.

    Parameters
    ----------
    watched : Watched
    index : float
        Its stability index, less what chance makes of it.
    tests : set of str
        What is more than chance, of its comparisons.
    """
    if watched.n_missing == watched.n_rows:
        if "missing" in tests:
            return [Change("all missing", "is missing in all rows", True, True)]
        return []
    found: list[Change] = []
    if isinstance(watched, WatchedNumbers):
        found += _of_numbers(watched, index, tests)
    elif isinstance(watched, WatchedLevels):
        found += _of_levels(watched, index, tests)
    elif isinstance(watched, WatchedTimes):
        found += _of_hours(watched, index, tests)
    elif isinstance(watched, WatchedConstant) and "constant" in tests:
        found.append(_of_constant(watched))
    if "missing" in tests:
        found.append(_of_missing(watched))
    return found


# --- Numbers ---


def _of_numbers(watched: WatchedNumbers, index: float, tests: set[str]) -> list[Change]:
    if (value := watched.constant) is not None and len(watched.at) > 1:
        if tests & {"values", "outside"}:
            text = f"is {show_number(value)} in all rows"
            return [Change("constant", text, True, True)]
        return []
    found = []
    if "written" in tests:
        found.append(_of_decimals(watched))
    guess = guess_factor(watched) if tests & {"values", "outside"} else None
    if guess is not None:
        kind = "sign" if guess.factor == -1.0 else "unit"
        text = unit_in_words(watched.name, guess.factor) + _in_share(guess.share)
        return [Change(kind, text, True, guess.share >= _BROKEN), *found]
    code = _of_code(watched) if tests & {"values", "outside", "missing"} else None
    filled = _filled(watched) if {"values", "missing"} <= tests else None
    if code is not None or filled is not None:
        return [*filter(None, [code or filled]), *found]
    if "values" in tests:
        found.append(_of_one_value(watched, index) or _of_values(watched, index))
    if "outside" in tests:
        found.insert(0 if index < LEAST_INDEX else len(found), _of_outside(watched))
    return found


def _in_share(share: float) -> str:
    return "" if share >= 0.9 else f", in about {share:.0%} of the rows"


def _of_decimals(watched: WatchedNumbers) -> Change:
    decimals = watched.usual.decimals or 0
    now = "whole numbers" if decimals == 1 else f"at most {decimals - 1} decimals"
    if watched.n_whole == watched.n_rows - watched.n_missing:
        now = "whole numbers"
    word = "decimal" if decimals == 1 else "decimals"
    text = f"is rounded: it holds {now}, and had {decimals} {word}"
    return Change("rounded", text, True, True)


def _of_code(watched: WatchedNumbers) -> Change | None:
    """Return the change of a column in which one value stands for something else."""
    code = watched.far_value
    if code is None:
        return None
    share = code.n_rows / max(1, watched.n_rows - watched.n_missing)
    text = (
        f"is {show_number(code.value)} in {share:.1%} of the rows, which training rows "
        f"never were: a code for missing values?"
    )
    return Change("code", text, True, True)


def _of_outside(watched: WatchedNumbers) -> Change:
    n_far = watched.n_far_below + watched.n_far_above
    share = n_far / max(1, watched.n_rows - watched.n_missing)
    if watched.low >= 0 and watched.n_far_below > watched.n_far_above:
        share = watched.n_far_below / max(1, watched.n_rows - watched.n_missing)
        text = f"is negative in {share:.1%} of the rows, which no training row was"
        return Change("sign", text, True, share >= _OUTSIDE)
    above = watched.n_far_above >= watched.n_far_below
    side, bound = ("above", watched.high) if above else ("below", watched.low)
    text = f"is far {side} all training rows ({show_number(bound)}) in {share:.1%} of"
    return Change("outside", f"{text} the rows", False, share >= _OUTSIDE)


def _of_one_value(watched: WatchedNumbers, index: float) -> Change | None:
    """Return the change of a column in which one value takes the place of others."""
    n_known = max(1, watched.n_rows - watched.n_missing)
    cells = np.bincount(watched.cells, watched.counts) / n_known
    gains = cells - np.bincount(watched.cells, watched.masses) / watched.masses.sum()
    shares, before = watched.counts / n_known, watched.masses / watched.masses.sum()
    most = int((shares - before).argmax())
    gain = float(shares[most] - before[most])
    if gain < _LEAST_GAIN or gain < _MOST_OF_GAIN * gains[gains > 0].sum():
        return None
    about = "" if watched.usual.counts is not None else "about "
    text = (
        f"is {about}{show_number(float(watched.at[most]))} in {shares[most]:.1%} of "
        f"the rows, before {before[most]:.1%}"
    )
    matters = index >= LEAST_INDEX
    return Change("one value", text, bool(shares[most] >= 0.9), matters)


def _of_values(watched: WatchedNumbers, index: float) -> Change:
    before, now = watched.quantile_before(0.5), watched.quantile_now(0.5)
    spread = watched.quantile_before(0.75) - watched.quantile_before(0.25)
    if abs(now - before) > 0.05 * spread and now != before:
        word = "higher" if now > before else "lower"
        text = f"is {word}: median {show_number(now)}, before {show_number(before)}"
    else:
        middle = watched.quantile_now(0.75) - watched.quantile_now(0.25)
        word = "more" if middle > spread else "less"
        text = f"is {word} spread out about its median of {show_number(before)}"
        if math.isclose(middle, spread, rel_tol=0.05):
            text = "is spread otherwise"
    return Change("values", text, False, index >= LEAST_INDEX)


def _filled(watched: WatchedNumbers) -> Change | None:
    """Return the change of a column whose missing values became one number."""
    missing = watched.usual.n_missing / max(watched.usual.n_rows, 1.0)
    n_rows = watched.n_rows
    lost = missing - watched.n_missing / n_rows
    if lost < _MISSING:
        return None
    before = np.bincount(watched.cells, watched.masses) / watched.masses.sum()
    counts = np.bincount(watched.cells, watched.counts)
    gain = counts / n_rows - before * (1 - missing)
    cell = int(gain.argmax())
    if gain[cell] < 0.7 * lost:
        return None
    inside = np.where(watched.cells == cell, watched.counts, 0)
    value = float(watched.at[inside.argmax()])
    text = (
        f"is about {show_number(value)} where it was missing ({lost:.1%} of the rows)"
    )
    return Change("filled", text, True, lost >= _MISSING)


# --- Levels ---


def _of_levels(watched: WatchedLevels, index: float, tests: set[str]) -> list[Change]:
    n_known = watched.n_rows - watched.n_missing
    found: list[Change] = []
    if tests & {"levels", "new levels"} and watched.n_new:
        found.append(_of_new(watched, n_known))
        if found[0].kind == "spelling":
            return found
    if "levels" not in tests:
        return found
    shares_before = watched.before / max(watched.column.n_known, 1.0)
    shares = watched.counts / max(1, n_known)
    if shares.max(initial=0) >= _ALL and shares_before[shares.argmax()] < 0.98:
        level = quoted(watched.levels[int(shares.argmax())])
        return [Change("constant", f"is {level} in all rows", True, True)]
    gone = (watched.counts == 0) & (shares_before >= _GONE_SHARE)
    gone &= shares_before * n_known >= _GONE_ROWS
    if gone.any() and watched.n_new < n_known / 2:
        found.append(_of_gone(watched, gone, shares_before))
    if not found:
        most = int(np.abs(shares - shares_before).argmax())
        text = (
            f"is {quoted(watched.levels[most])} in {shares[most]:.1%} of the rows, "
            f"before {shares_before[most]:.1%}"
        )
        found.append(Change("levels", text, False, index >= LEAST_INDEX))
    return found


def _of_gone(watched: WatchedLevels, gone: np.ndarray, shares: np.ndarray) -> Change:
    names = [quoted(watched.levels[i]) for i in np.flatnonzero(gone)]
    word = "is" if len(names) == 1 else "are"
    text = (
        f"has lost {_listed(names)}, which {word} no longer there (before "
        f"{shares[gone].sum():.1%} of the rows)"
    )
    return Change("lost level", text, True, True)


def _of_new(watched: WatchedLevels, n_known: int) -> Change:
    share = watched.n_new / n_known
    names = sorted(watched.new, key=lambda name: (-watched.new[name], name))
    known = {same_text(level): level for level in watched.levels}
    alike = [name for name in names if known.get(same_text(name)) is not None]
    n_alike = sum(watched.new[name] for name in alike)
    shown = _listed([quoted(name) for name in names])
    if n_alike > 0.5 * sum(watched.new.values()):
        first = alike[0]
        text = (
            f"is spelled otherwise in {share:.1%} of the rows: {quoted(first)} in "
            f"place of {quoted(known[same_text(first)])}"
        )
        return Change("spelling", text, True, share >= _BROKEN)
    if share >= 0.9:
        text = f"holds other levels in {share:.1%} of the rows: {shown}"
        return Change("other levels", text, True, True)
    word = "a new level" if len(names) == 1 else f"{len(names):,} new levels"
    text = f"holds {word} in {share:.1%} of the rows: {shown}"
    return Change("new levels", text, False, share >= _NEW)


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


# --- Times, constants, missing values ---


def _of_hours(watched: WatchedTimes, index: float, tests: set[str]) -> list[Change]:
    if "hours" not in tests or watched.before is None:
        return []
    guess = guess_hours(watched.before, watched.counts)
    if guess is not None:
        word = "hour" if abs(guess.factor) == 1 else "hours"
        text = (
            f"is {abs(guess.factor):.0f} {word} "
            f"{'later' if guess.factor > 0 else 'earlier'} than it was"
            f"{_in_share(guess.share)}: another time zone?"
        )
        return [Change("time zone", text, True, guess.share >= _BROKEN)]
    if (watched.counts > 0).sum() == 1:
        hour = int(watched.counts.argmax())
        text = f"is between {hour:02}:00 and {hour:02}:59 in all rows"
        return [Change("constant", text, True, True)]
    shares = watched.before / watched.before.sum()
    shares_now = watched.counts / watched.counts.sum()
    hour = int(np.abs(shares_now - shares).argmax())
    text = (
        f"lies between {hour:02}:00 and {hour:02}:59 in {shares_now[hour]:.1%} of the "
        f"rows, before {shares[hour]:.1%}"
    )
    return [Change("hours", text, False, index >= LEAST_INDEX)]


def _of_constant(watched: WatchedConstant) -> Change:
    share = watched.n_other / max(1, watched.n_rows - watched.n_missing)
    if watched.example is None:
        text = f"was always missing, and is not in {share:.1%} of the rows"
    else:
        text = (
            f"was always {show_number(watched.value)}, and is another number in "
            f"{share:.1%} of the rows, such as {show_number(watched.example)}"
        )
    return Change("constant no more", text, False, share >= _NEW)


def _of_missing(watched: Watched) -> Change:
    comparison = next(c for c in watched.comparisons(None) if c.test == "missing")
    before, now = comparison.shares()
    text = f"is missing in {now:.1%} of the rows, before {before:.1%}"
    matters = abs(now - before) >= _MISSING
    hours = _burst(watched, before)
    if hours is not None:
        first, last = hours
        text += f", nearly all of them from {first:02}:00 to {last:02}:59"
        return Change("missing burst", text, True, matters)
    # Of what was often missing more may be so because rows are others.
    return Change("missing", text, now > 2 * before, matters)


def _burst(watched: Watched, before: float) -> tuple[int, int] | None:
    """Return the first and last of the few hours in which too much is missing."""
    missing, rows = watched.missing_by_hour, watched.rows_by_hour
    if not missing.any() or (rows > 0).sum() <= _BURST_HOURS:
        return None
    excess = missing - before * rows
    total = excess[excess > 0].sum()
    best: tuple[int, int] | None = None
    for length in range(1, _BURST_HOURS + 1):
        sums = [excess.take(range(h, h + length), mode="wrap").sum() for h in range(24)]
        start = int(np.argmax(sums))
        if sums[start] >= _BURST_SHARE * total:
            best = start, (start + length - 1) % 24
            break
    return best


# --- Several columns ---


def swapped_pairs(candidates: list[Watched]) -> list[tuple[Watched, Watched]]:
    """Return the pairs of changed columns that hold each other's values."""
    found: list[tuple[Watched, Watched]] = []
    for i, one in enumerate(candidates):
        for other in candidates[i + 1 :]:
            both: Any = (one, other)
            if all(isinstance(w, WatchedNumbers) for w in both):
                swapped = are_swapped(*both)
            elif all(isinstance(w, WatchedLevels) for w in both):
                swapped = _hold_each_other(one, other) and _hold_each_other(other, one)
            else:
                swapped = False
            if swapped:
                found.append((one, other))
    return found


def _hold_each_other(one: Any, other: Any) -> bool:
    """Return whether nearly all levels of a column are those of another."""
    known = {same_text(level) for level in other.levels}
    rows = sum(n for name, n in one.new.items() if same_text(name) in known)
    return rows > 0.8 * max(1, one.n_rows - one.n_missing)
