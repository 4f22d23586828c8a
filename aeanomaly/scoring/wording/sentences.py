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
    share : float
        Of the expected level in training rows; NaN for other columns.
    believed : bool
        Whether an expected level is more than what a line says of rows far out.
    rows_alike : float or None
        Training rows of a level; NaN where they were not counted one by one, None where
        the level may have been too rare to be.
    alone : bool
        Whether training rows had no other level than the expected one.
    together : str
        Other columns and their values which make this one unusual; empty for none.
    sole : bool
        Whether these are one column, which alone makes it so.
    aspect : str
        What of the value is unusual with them, or nothing if it is the value.
    """

    observed: Any
    number: float
    expected: Any
    low: float
    high: float
    probability: float
    own: float
    share: float
    believed: bool
    rows_alike: float | None
    alone: bool
    together: str
    sole: bool
    aspect: str

    @property
    def partner(self) -> str:
        """The column that alone makes this one unusual, and its value, or nothing."""
        return self.together if self.sole else ""


class ColumnWords:
    """What sentences about one column have in common.

    Parameters
    ----------
    name : str, int or tuple
        The column's, in which its unit may be.
    usual : Usual or None
    unit : str
        What stood behind or before the numbers in texts.

    Attributes
    ----------
    name : str
        As it is shown.
    decimals : int or None
        Digits after the point that the column's numbers have.
    """

    def __init__(self, name: Any, usual: Usual | None, unit: str = "") -> None:
        self.name = show_name(name)
        self.decimals: int | None = None
        self._usual, self._unit = usual, ""
        if isinstance(usual, UsualNumbers):
            self.decimals, self._unit = usual.decimals, unit_of(name) or unit

    def sentence(self, cell: Cell, shown: str) -> str:
        """Return a reason: the column, its value, and what is unusual about it.

        Parameters
        ----------
        cell : Cell
        shown : str
            The observed value, as `show_observed` gives it with `decimals`.
        """
        return f"{self.name} {shown}, {_words(self._usual, cell, shown, self._unit)}"


def sentence(name: Any, usual: Usual | None, cell: Cell, unit: str = "") -> str:
    """Return a reason; see `ColumnWords`."""
    words = ColumnWords(name, usual, unit)
    return words.sentence(cell, show_observed(cell.observed, words.decimals))


def _words(usual: Usual | None, cell: Cell, shown: str, unit: str) -> str:
    if usual is None:
        return _words_without_usual(cell, shown)
    if shown == "missing":
        return _words_of_missing(usual, cell, unit)
    if isinstance(usual, UsualNumbers):
        return _words_of_number(usual, cell, unit)
    if isinstance(usual, UsualTimes):
        return _words_of_time(usual, cell)
    if isinstance(usual, UsualClock):
        return _rare_in_cycle(usual, cell.number) or _combination(cell)
    assert isinstance(usual, UsualLevels)
    return _words_of_level(usual, cell, shown)


def _joined(first: str, second: str) -> str:
    return f"{first}; {second}" if first and second else first or second


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


def _words_of_missing(usual: Usual, cell: Cell, unit: str) -> str:
    expected = _expectation(usual, cell, unit)
    if isinstance(usual, UsualLevels) and not _is_telling(cell):
        expected = ""
    if isinstance(usual, UsualNumbers) and not _is_narrow(usual, cell):
        expected = ""
    expected = expected and f"expected {expected}"
    if not usual.n_missing:
        return _joined("never so in training", expected)
    if usual.n_missing < _RARE * usual.n_rows:
        return _joined(f"rare: {_of_rows(usual.n_missing, usual.n_rows)}", expected)
    often = f"as in {100 * usual.n_missing / usual.n_rows:.0f} % of rows"
    return _joined(often, expected or (_combination(cell) if cell.together else ""))


def _is_narrow(usual: UsualNumbers, cell: Cell) -> bool:
    """Return whether an expected range says more than that a value was usual."""
    if not usual.quantiles or math.isnan(cell.low):
        return False
    values = dict(usual.quantiles)
    middle = sorted(values, key=lambda share: abs(share - 0.5))[:2]
    usually = abs(values[middle[0]] - values[middle[-1]])
    return cell.high - cell.low < _NARROW * usually


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


def _few(usual: UsualLevels, cell: Cell) -> str:
    """Return how few rows have a level that is not rare, or nothing.

    Of many levels all are few: that one is, tells if others are more.
    """
    count, n_levels = cell.rows_alike, usual.encoded.shape[1]
    if count is None or math.isnan(count):
        return ""
    share = count / usual.n_rows
    if share >= _FEW or share * n_levels >= 1:
        return ""
    return f"seen in {100 * share:.0f} % of rows"


def _combination(cell: Cell) -> str:
    if not cell.together:
        return _WITH_THE_REST
    aspect = f"{cell.aspect} " if cell.aspect else ""
    return f"{aspect}unusual together with {cell.together}"


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
        tail, share = _tail(usual, cell)
        if rare or share >= _FAR:
            return rare or tail
        return _joined(tail, _combination(cell) if cell.together or not tail else "")
    expected = f"expected {_expectation(usual, cell, unit)}"
    if cell.partner and not _tail(usual, cell)[0]:
        expected += f" with {cell.partner}"
    return _joined(expected, rare if inside else _beyond(usual, cell, unit))


def _beyond(usual: UsualNumbers, cell: Cell, unit: str) -> str:
    least, greatest = usual.bounds
    word, bound = ("most", greatest) if cell.number > greatest else ("least", least)
    shown = show_number(bound, usual.decimals)
    return f"at {word} {shown}{f' {unit}' if unit else ''} in training"


def _tail(usual: UsualNumbers, cell: Cell) -> tuple[str, float]:
    """Return that a number is among the least or greatest, and of how many rows."""
    share = usual.share_below(cell.number)
    if share:
        return f"greater than in {100 * share:g} % of rows", share
    share = usual.share_above(cell.number)
    return (f"less than in {100 * share:g} % of rows", share) if share else ("", 0.0)


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
    if cell.alone and not usual.n_missing:
        return f"always {show_observed(cell.expected)} in training"
    rare = _rarity(cell.rows_alike, usual.n_rows)
    if rare and not (_is_telling(cell) and show_observed(cell.expected) != shown):
        return rare
    if not _is_telling(cell) or show_observed(cell.expected) == shown:
        few = _few(usual, cell)
        return _joined(few, _combination(cell) if cell.together or not few else "")
    expected = f"expected {_expectation(usual, cell)}"
    if cell.partner and not rare:
        expected += f" with {cell.partner}"
    return _joined(rare, expected)


def _is_telling(cell: Cell) -> bool:
    """Return whether the row makes a level so probable that it was expected."""
    if cell.expected is None or math.isnan(cell.probability) or not cell.believed:
        return False
    own = 0.0 if math.isnan(cell.own) else cell.own
    if cell.probability < _MORE_PROBABLE * cell.share and own * 100 > 1:
        # No more than it is anyway.
        return False
    telling = max(_TELLING, min(_PROBABLE, _OFTEN * own), _TWICE * own)
    return cell.probability >= telling
