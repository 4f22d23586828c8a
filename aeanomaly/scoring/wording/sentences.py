"""What is said of values: what was expected, how rare they are, what they go with."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..usual import Usual, UsualClock, UsualLevels, UsualNumbers, UsualTimes
from ..usual.times import places_in_cycles
from .cells import Cells
from .times import MONTHS, WEEKDAYS, nameable, show_time_range
from .values import show_all, show_name, show_number, show_range, unit_of

# Values of a smaller share of the rows are rare.
_RARE = 0.01
# Of a smaller share they are few: said where there is nothing else to say.
_FEW = 0.25
# A level is expected, in words, if it is as probable as this and twice as probable as
# the one that is there, or so many times as probable; less than a tenth tells nothing.
_PROBABLE = 0.5
_TWICE, _OFTEN = 2.0, 3.0
_TELLING = 0.1
# And if the rest of the row makes it so many times as probable as it is by itself.
_MORE_PROBABLE = 1.1
# An expected range says something if it is narrower than this part of the usual range.
_NARROW = 0.5
# A number is among the least or greatest enough to say no more beyond this share.
_FAR = 0.99
# An hour, weekday or month with so many times fewer rows than its share of the cycle.
_RARE_IN_CYCLE = 4.0
_LABELS: dict[str, Callable[[int], str]] = {
    "hours": lambda hour: f"between {hour:02d}:00 and {(hour + 1) % 24:02d}:00",
    "weekdays": lambda day: f"on a {WEEKDAYS[day]}",
    "months": lambda month: f"in {MONTHS[month]}",
}
_WITH_THE_REST = "usual by itself, not with the rest of the row"
_ALWAYS_MISSING = "always missing in training"


def sentences(
    name: Any, usual: Usual | None, cells: Cells, unit: str = ""
) -> list[str]:
    """Return reasons: a column, its values, and what is unusual about each.

    Parameters
    ----------
    name : str, int or tuple
        The column's, in which its unit may be.
    usual : Usual or None
    cells : Cells
    unit : str
        What stood behind or before the numbers in texts.
    """
    shown_name = show_name(name)
    words = _words(usual, cells, unit_of(name) or unit)
    return [
        f"{shown_name} {shown}, {said}"
        for shown, said in zip(cells.shown, words, strict=True)
    ]


def _words(usual: Usual | None, cells: Cells, unit: str) -> np.ndarray:
    if usual is None:
        return _words_without_usual(cells)
    words = np.empty(len(cells), dtype=object)
    missing = cells.shown == "missing"
    if missing.any():
        words[missing] = _words_of_missing(usual, cells.of_rows(missing), unit)
    if missing.all():
        return words
    present = cells.of_rows(~missing) if missing.any() else cells
    if isinstance(usual, UsualNumbers):
        words[~missing] = _words_of_numbers(usual, present, unit)
    elif isinstance(usual, UsualTimes):
        words[~missing] = _words_of_times(usual, present)
    elif isinstance(usual, UsualClock):
        cycles = _rare_in_cycles(usual, present.number)
        words[~missing] = np.where(cycles != "", cycles, _combinations(present))
    else:
        assert isinstance(usual, UsualLevels)
        words[~missing] = _words_of_levels(usual, present)
    return words


def _joined(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return texts beside each other; either may be empty."""
    both = (first != "") & (second != "")
    return np.asarray(first + np.where(both, "; ", "").astype(object) + second)


def _repeated(text: str, cells: Cells) -> np.ndarray:
    return np.full(len(cells), text, dtype=object)


def _looked_up(values: np.ndarray, text_of: Callable[[float], str]) -> np.ndarray:
    """Return the text of each number, made once for each that there is."""
    distinct, places = np.unique(values, return_inverse=True)
    texts = np.array([text_of(value) for value in distinct.tolist()], dtype=object)
    return np.asarray(texts[places])


def _words_without_usual(cells: Cells) -> np.ndarray:
    """Return what files of older protocols can say."""
    words = _repeated(_WITH_THE_REST, cells)
    for row, expected in enumerate(show_all(cells.expected)):
        if expected in (cells.shown[row], "infrequent"):
            continue
        probability = cells.probability[row]
        if math.isnan(probability):
            about = "" if isinstance(cells.expected[row], str) else "about "
            words[row] = f"expected {about}{expected}"
        else:
            words[row] = f"expected {expected} ({probability:.2f})"
    return words


def _ranges(usual: Usual, cells: Cells, unit: str = "") -> list[str]:
    """Return the range in which each value was expected; nothing if not known."""
    assert isinstance(usual, UsualNumbers | UsualTimes)

    # Of counts and the like, many rows have the same.
    @functools.cache
    def shown(low: float, high: float, outside: float) -> str:
        if math.isnan(low):
            return ""
        if isinstance(usual, UsualTimes):
            is_outside = not math.isnan(outside)
            return show_time_range(low, high, outside if is_outside else None)
        return show_range(
            low,
            high,
            usual.decimals,
            unit,
            outside=outside,
            bounds=usual.bounds,
            # Between a few values there are none to round to.
            exact=usual.counts is not None,
        )

    outside = np.where(cells.within, math.nan, cells.number)
    return list(map(shown, cells.low.tolist(), cells.high.tolist(), outside.tolist()))


def _words_of_missing(usual: Usual, cells: Cells, unit: str) -> np.ndarray:
    expected = _expected_in_place(usual, cells, unit)
    expected[expected != ""] = "expected " + expected[expected != ""]
    if not usual.n_missing:
        return _joined(_repeated("never so in training", cells), expected)
    if usual.n_missing < _RARE * usual.n_rows:
        rare = f"rare: {_of_rows(usual.n_missing, usual.n_rows)}"
        return _joined(_repeated(rare, cells), expected)
    often = f"as in {100 * usual.n_missing / usual.n_rows:.0f} % of rows"
    together = np.where(cells.together != "", _combinations(cells), "")
    return _joined(
        _repeated(often, cells), np.where(expected != "", expected, together)
    )


def _expected_in_place(usual: Usual, cells: Cells, unit: str) -> np.ndarray:
    """Return what was expected where a value is missing, if that tells something."""
    expected = _repeated("", cells)
    if isinstance(usual, UsualLevels):
        telling = _are_telling(cells)
        expected[telling] = _expected_levels(cells.of_rows(telling))
    elif isinstance(usual, UsualNumbers):
        narrow = _are_narrow(usual, cells)
        expected[narrow] = _ranges(usual, cells.of_rows(narrow), unit)
    elif isinstance(usual, UsualTimes):
        expected[:] = _ranges(usual, cells)
    return expected


def _are_narrow(usual: UsualNumbers, cells: Cells) -> np.ndarray:
    """Return whether an expected range says more than that a value was usual."""
    if not usual.quantiles:
        return np.zeros(len(cells), dtype=bool)
    values = dict(usual.quantiles)
    middle = sorted(values, key=lambda share: abs(share - 0.5))[:2]
    usually = abs(values[middle[0]] - values[middle[-1]])
    return np.asarray(cells.high - cells.low < _NARROW * usually)


def _of_rows(count: float, n_rows: float) -> str:
    times = {1: "once", 2: "twice"}.get(round(count), f"{count:,.0f} times")
    return f"seen {times} in {n_rows:,.0f} rows"


def _rarity(count: float, n_rows: float) -> str:
    """Return how rare something is, or nothing if it is not."""
    if math.isnan(count):
        return ""
    if count < 0:
        return "rare or never seen in training"
    if round(count) == 0:
        return "never seen in training"
    return f"rare: {_of_rows(count, n_rows)}" if count < _RARE * n_rows else ""


def _few(count: float, usual: UsualLevels) -> str:
    """Return how few rows have a level that is not rare, or nothing.

    Of many levels all are few: that one is, tells if others are more.
    """
    if math.isnan(count):
        return ""
    share = count / usual.n_rows
    if share >= _FEW or share * usual.encoded.shape[1] >= 1:
        return ""
    return f"seen in {100 * share:.0f} % of rows"


def _combinations(cells: Cells) -> np.ndarray:
    """Return with what each value is unusual."""
    words = _repeated(_WITH_THE_REST, cells)
    at = np.flatnonzero(cells.together != "")
    words[at] = "unusual together with " + cells.together[at]
    at = at[cells.aspect[at].astype(bool)]
    words[at] = cells.aspect[at] + " " + words[at]
    return words


def _combined(first: np.ndarray, cells: Cells) -> np.ndarray:
    """Return texts, and with what each value is unusual if there is more to say."""
    enough = (first != "") & (cells.together == "")
    return _joined(first, np.where(enough, "", _combinations(cells)))


def _words_of_numbers(usual: UsualNumbers, cells: Cells, unit: str) -> np.ndarray:
    least, greatest = usual.bounds
    if math.isnan(least):
        return _repeated(_ALWAYS_MISSING, cells)
    if least == greatest:
        always = f"always {show_range(least, greatest, usual.decimals, unit)}"
        as_ever = cells.number == least
        return np.where(as_ever, _WITH_THE_REST, f"{always} in training")
    # A value between those that were seen is as good as one of them.
    inside = (least <= cells.number) & (cells.number <= greatest)
    rare = _repeated("", cells)
    if usual.counts is not None:
        counts = np.where(inside, usual.counts_of(cells.number), math.nan)
        rare = _looked_up(counts, lambda count: _rarity(count, usual.n_rows))
    signed = usual.tails(cells.number)
    tail = _looked_up(signed, _tail)
    known = ~np.isnan(cells.low)
    words = _combined(np.where(known, tail, ""), cells)
    far = known & (np.abs(signed) >= _FAR)
    words[far] = tail[far]
    words = np.where(rare != "", rare, words)
    at = known & ~cells.within
    words[at] = _words_of_unexpected(
        usual, cells.of_rows(at), unit, rare[at], tail[at], inside[at]
    )
    return words


def _words_of_unexpected(
    usual: UsualNumbers,
    cells: Cells,
    unit: str,
    rare: np.ndarray,
    tail: np.ndarray,
    inside: np.ndarray,
) -> np.ndarray:
    """Return what is said of numbers outside the ranges that were expected."""
    expected = _repeated("expected ", cells)
    expected += np.array(_ranges(usual, cells, unit), dtype=object)
    alone = (tail == "") & (cells.partner != "")
    expected[alone] += " with " + cells.partner[alone]
    beyond = np.where(
        cells.number > usual.bounds[1],
        _beyond("most", usual.bounds[1], usual, unit),
        _beyond("least", usual.bounds[0], usual, unit),
    )
    return _joined(expected, np.where(inside, rare, beyond))


def _beyond(word: str, bound: float, usual: UsualNumbers, unit: str) -> str:
    shown = show_number(bound, usual.decimals)
    return f"at {word} {shown}{f' {unit}' if unit else ''} in training"


def _tail(signed: float) -> str:
    """Return that a number is among the greatest or, with a minus, the least."""
    if not signed:
        return ""
    word = "greater" if signed > 0 else "less"
    return f"{word} than in {100 * abs(signed):g} % of rows"


def _words_of_times(usual: UsualTimes, cells: Cells) -> np.ndarray:
    if usual.bounds is None:
        return _repeated(_ALWAYS_MISSING, cells)
    first, last = usual.bounds
    cycle = _rare_in_cycles(usual, cells.number)
    words = np.where(cycle != "", cycle, _combinations(cells))
    outside = (cells.number < first) | (cells.number > last)
    for row in np.flatnonzero(outside):
        number = float(cells.number[row])
        side = "after" if number > last else "before"
        range_ = show_time_range(first, last, number)
        words[row] = f"{side} the training rows, {range_}"
    unexpected = ~(outside | np.isnan(cells.low) | cells.within)
    ranges = _ranges(usual, cells.of_rows(unexpected))
    words[unexpected] = [f"expected {range_}" for range_ in ranges]
    at = outside | unexpected
    words[at] = _joined(words[at], cycle[at])
    return words


def _rare_in_cycles(usual: UsualTimes | UsualClock, seconds: np.ndarray) -> np.ndarray:
    """Return which hour, weekday or month is rare, or nothing."""
    words = np.full(len(seconds), "", dtype=object)
    rarest = np.full(len(seconds), 1.0 / _RARE_IN_CYCLE)
    for name, places in places_in_cycles(nameable(seconds)).items():
        counts = getattr(usual, name, ())
        total = sum(counts)
        if not total:
            continue
        ratio = np.array(counts)[places] * len(counts) / total
        rarer = ratio < rarest
        rarest[rarer] = ratio[rarer]
        texts = [
            f"{_rarity(count, usual.n_rows) or f'only {count / total:.1%} of rows'} "
            f"{_LABELS[name](place)}"
            for place, count in enumerate(counts)
        ]
        words[rarer] = np.array(texts, dtype=object)[places[rarer]]
    return words


def _words_of_levels(usual: UsualLevels, cells: Cells) -> np.ndarray:
    expected = np.array(show_all(cells.expected), dtype=object)
    if cells.alone and not usual.n_missing:
        return np.asarray("always " + expected + " in training")
    rare = _looked_up(cells.rows_alike, lambda count: _rarity(count, usual.n_rows))
    few = _looked_up(cells.rows_alike, lambda count: _few(count, usual))
    words = np.where(rare != "", rare, _combined(few, cells))
    at = _are_telling(cells) & (expected != cells.shown)
    telling = cells.of_rows(at)
    said = "expected " + _expected_levels(telling)
    alone = (rare[at] == "") & (telling.partner != "")
    said[alone] += " with " + telling.partner[alone]
    words[at] = _joined(rare[at], said)
    return words


def _expected_levels(cells: Cells) -> np.ndarray:
    texts = [
        f"{shown} ({probability:.2f})"
        for shown, probability in zip(
            show_all(cells.expected), cells.probability.tolist(), strict=True
        )
    ]
    return np.array(texts, dtype=object)


def _are_telling(cells: Cells) -> np.ndarray:
    """Return whether the row makes a level so probable that it was expected."""
    own = np.nan_to_num(cells.own)
    telling = np.maximum(_TELLING, np.minimum(_PROBABLE, _OFTEN * own))
    telling = cells.probability >= np.maximum(telling, _TWICE * own)
    # No more than it is anyway.
    anyway = (cells.probability < _MORE_PROBABLE * cells.share) & (own * 100 > 1)
    known = np.array([level is not None for level in cells.expected], dtype=bool)
    return np.asarray(telling & ~anyway & known & cells.believed)
