"""What is said of a value: what was expected, how rare it is, what it goes with."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from ..usual import Usual, UsualClock, UsualLevels, UsualNumbers, UsualTimes
from .times import MONTHS, WEEKDAYS, moment, show_time_range
from .values import show_name, show_number, show_observed, show_range, unit_of

# Values of a smaller share of the rows are rare.
_RARE = 0.01
# Of a smaller share they are few: said where there is nothing else to say.
_FEW = 0.1
# A level is expected, in words, if it is as probable as this and twice as probable as
# the one that is there, or so many times as probable; less than a tenth tells nothing.
_PROBABLE = 0.5
_TWICE, _OFTEN = 2.0, 3.0
_TELLING = 0.1
# An hour, weekday or month with so many times fewer rows than its share of the cycle.
_RARE_IN_CYCLE = 4.0
_LABELS: dict[str, Callable[[int], str]] = {
    "hours": lambda hour: f"between {hour:02d}:00 and {(hour + 1) % 24:02d}:00",
    "weekdays": lambda day: f"on a {WEEKDAYS[day]}",
    "months": lambda month: f"in {MONTHS[month]}",
}
_WITH_THE_REST = "usual by itself, not with the rest of the row"


class Cell(NamedTuple):
    """One value of a row, and what was expected in its place.

    Parameters
    ----------
    observed : object
        As the table has it.
    number : float
        The same as a number, or in seconds since 1970; NaN for levels.
    expected : object
        In original units.
    low, high : float
        Ends of the expected range; NaN where it is not known.
    probability, own : float
        Of the expected level and of the observed one; NaN for other columns.
    rows_alike : float or None
        Training rows of a level; NaN where they were not counted one by one, None where
        the level may have been too rare to be.
    alone : bool
        Whether training rows had no other level than the expected one.
    partner : str
        Another column and its value which make this one unusual, or nothing.
    """

    observed: Any
    number: float
    expected: Any
    low: float
    high: float
    probability: float
    own: float
    rows_alike: float | None
    alone: bool
    partner: str


def sentence(name: Any, usual: Usual | None, cell: Cell) -> str:
    """Return a reason: a column, its value, and what is unusual about it."""
    decimals = usual.decimals if isinstance(usual, UsualNumbers) else None
    unit = unit_of(name) if isinstance(usual, UsualNumbers) else ""
    shown = show_observed(cell.observed, decimals)
    return f"{show_name(name)} {shown}, {_words(usual, cell, shown, unit)}"


def _words(usual: Usual | None, cell: Cell, shown: str, unit: str) -> str:
    if usual is None:
        return _words_without_usual(cell, shown)
    if shown == "missing":
        expected = _expectation(usual, cell, unit)
        words = _joined(_missing(usual), expected and f"expected {expected}")
        return words or _combination(cell)
    if isinstance(usual, UsualNumbers):
        return _words_of_number(usual, cell, unit)
    if isinstance(usual, UsualTimes):
        return _words_of_time(usual, cell)
    if isinstance(usual, UsualClock):
        return _rare_in_cycle(usual, cell.number) or _combination(cell)
    assert isinstance(usual, UsualLevels)
    return _words_of_level(usual, cell, shown)


def _joined(*phrases: str) -> str:
    return "; ".join(phrase for phrase in phrases if phrase)


def _words_without_usual(cell: Cell, shown: str) -> str:
    """Return what files of older protocols can say."""
    expected = show_observed(cell.expected)
    if expected in (shown, "infrequent"):
        return _WITH_THE_REST
    if math.isnan(cell.probability):
        about = "" if isinstance(cell.expected, str) else "about "
        return f"expected {about}{expected}"
    return f"expected {expected} ({cell.probability:.2f})"


def _expectation(usual: Usual, cell: Cell, unit: str = "") -> str:
    """Return what was expected: a range, or a level and its probability."""
    if isinstance(usual, UsualLevels):
        if cell.expected is None or math.isnan(cell.probability):
            return ""
        return f"{show_observed(cell.expected)} ({cell.probability:.2f})"
    if math.isnan(cell.low):
        return ""
    outside = not (math.isnan(cell.number) or _within(cell))
    if isinstance(usual, UsualTimes):
        return show_time_range(cell.low, cell.high, cell.number if outside else None)
    assert isinstance(usual, UsualNumbers)
    return show_range(
        cell.low,
        cell.high,
        usual.decimals,
        unit,
        outside=cell.number if outside else math.nan,
        bounds=usual.bounds,
        # Between a few values there are none to round to.
        exact=usual.counts is not None,
    )


def _within(cell: Cell) -> bool:
    slack = 1e-6 * max(abs(cell.low), abs(cell.high))
    return cell.low - slack <= cell.number <= cell.high + slack


def _missing(usual: Usual) -> str:
    if not usual.n_missing:
        return "never so in training"
    if usual.n_missing < _RARE * usual.n_rows:
        return f"rare: {_of_rows(usual.n_missing, usual.n_rows)}"
    return ""


def _of_rows(count: float, n_rows: float) -> str:
    times = {1: "once", 2: "twice"}.get(round(count), f"{count:,.0f} times")
    return f"seen {times} in {n_rows:,.0f} rows"


def _rarity(count: float | None, n_rows: float) -> str:
    """Return how rare something is, or nothing if it is not."""
    if count is None:
        return "rare or never seen in training"
    if math.isnan(count):
        return ""
    if round(count) == 0:
        return "never seen in training"
    return f"rare: {_of_rows(count, n_rows)}" if count < _RARE * n_rows else ""


def _few(cell: Cell, n_rows: float) -> str:
    """Return how few rows have a level that is not rare, or nothing."""
    count = cell.rows_alike
    if cell.partner or count is None or not count < _FEW * n_rows:
        return ""
    return f"seen in {100 * count / n_rows:.0f} % of rows"


def _combination(cell: Cell) -> str:
    return f"unusual with {cell.partner}" if cell.partner else _WITH_THE_REST


def _words_of_number(usual: UsualNumbers, cell: Cell, unit: str) -> str:
    least, greatest = usual.bounds
    if math.isnan(least):
        return "always missing in training"
    if least == greatest:
        if cell.number == least:
            return _WITH_THE_REST
        return f"always {show_range(least, greatest, usual.decimals, unit)} in training"
    count = usual.count(cell.number)
    inside = least <= cell.number <= greatest
    # A value between those that were seen is as good as one of them.
    rare = "" if count is None or not inside else _rarity(count, usual.n_rows)
    if math.isnan(cell.low):
        return rare or _combination(cell)
    if _within(cell):
        return rare or _tail(usual, cell) or _combination(cell)
    expected = f"expected {_expectation(usual, cell, unit)}"
    if cell.partner and not _tail(usual, cell):
        expected += f" with {cell.partner}"
    return _joined(expected, rare if inside else _beyond(usual, cell, unit))


def _beyond(usual: UsualNumbers, cell: Cell, unit: str) -> str:
    least, greatest = usual.bounds
    word, bound = ("most", greatest) if cell.number > greatest else ("least", least)
    shown = show_number(bound, usual.decimals)
    return f"at {word} {shown}{f' {unit}' if unit else ''} in training"


def _tail(usual: UsualNumbers, cell: Cell) -> str:
    """Return that a number is among the least or greatest, or nothing."""
    above = [s for s, q in usual.quantiles if s > 0.5 and cell.number > q]
    below = [s for s, q in usual.quantiles if s < 0.5 and cell.number < q]
    if above:
        return f"greater than in {100 * max(above):g} % of rows"
    if below:
        return f"less than in {100 * (1 - min(below)):g} % of rows"
    return ""


def _words_of_time(usual: UsualTimes, cell: Cell) -> str:
    if usual.bounds is None:
        return "always missing in training"
    first, last = usual.bounds
    cycle = _rare_in_cycle(usual, cell.number)
    if not first <= cell.number <= last:
        side = "after" if cell.number > last else "before"
        range_ = show_time_range(first, last, cell.number)
        return _joined(f"{side} the training rows, {range_}", cycle)
    if not math.isnan(cell.low) and not _within(cell):
        words = f"expected {_expectation(usual, cell)}"
        return _joined(words, cycle)
    return cycle or _combination(cell)


def _rare_in_cycle(usual: UsualTimes | UsualClock, seconds: float) -> str:
    """Return which hour, weekday or month is rare, or nothing."""
    rarest, words = 1.0 / _RARE_IN_CYCLE, ""
    time = moment(seconds)
    places = (("hours", time.hour), ("weekdays", time.weekday()))
    for name, at in (*places, ("months", time.month - 1)):
        counts = getattr(usual, name, ())
        total = sum(counts)
        if total and counts[at] * len(counts) < rarest * total:
            rarest = counts[at] * len(counts) / total
            few = f"only {counts[at] / total:.1%} of rows"
            rows = _rarity(counts[at], usual.n_rows) or few
            words = f"{rows} {_LABELS[name](at)}"
    return words


def _words_of_level(usual: UsualLevels, cell: Cell, shown: str) -> str:
    if cell.alone:
        return f"always {show_observed(cell.expected)} in training"
    rare = _rarity(cell.rows_alike, usual.n_rows)
    if cell.expected is None or show_observed(cell.expected) == shown:
        return rare or _few(cell, usual.n_rows) or _combination(cell)
    own = 0.0 if math.isnan(cell.own) else cell.own
    telling = max(_TELLING, min(_PROBABLE, _OFTEN * own), _TWICE * own)
    if cell.probability < telling:
        return rare or _few(cell, usual.n_rows) or _combination(cell)
    expected = f"expected {_expectation(usual, cell)}"
    if cell.partner and not rare:
        expected += f" with {cell.partner}"
    return _joined(rare, expected)
