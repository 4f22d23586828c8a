"""What a row's other columns let expect of a column, in original units."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .encoding.columns.category import INFREQUENT
from .evaluation import Evaluation
from .scorer import Scorer
from .usual import Usual, UsualClock, UsualLevels, UsualNumbers, UsualTimes
from .usual.levels import as_probabilities

# Another column makes a value unusual if it accounts for this share of its distance
# from what was expected, or more.
_PARTNER_SHARE = 0.5
# Where none does, those are named that account for this much, and the second if it is
# worth so much of the first.
_NAMED_SHARE, _SECOND_SHARE = 0.25, 0.5
# Probabilities of levels that are so far beyond zero and one are those of rows far out.
_BEYOND = 0.25
# Levels of at least this share should be expected of some rows.
_SHARE_EXPECTED = 0.01
# And if they move it by this much: deviations of numbers, probabilities of levels.
_LEAST_PULL = {False: 0.5, True: 0.15}
# Values that are found one after another, not by sorting.
_MOST_PASSES = 5
# Columns that are named together with one.
N_PARTNERS = 2
_DAY = 86_400.0


class Expected(NamedTuple):
    """What was expected of one column of some rows.

    Parameters
    ----------
    values : ndarray of shape (n_rows,), object
        In original units.
    low, high : ndarray of shape (n_rows,)
        Ends of the expected range, times in seconds since 1970; NaN if not known.
    probability, own : ndarray of shape (n_rows,)
        Of the expected level and of the observed one; NaN for other columns.
    share : ndarray of shape (n_rows,)
        Of the expected level in training rows; NaN where that is not known.
    believed : ndarray of shape (n_rows,), bool
        Whether an expected level is more than what a line says of rows far out.
    partners : ndarray of shape (n_rows, N_PARTNERS), int
        The columns that make the value unusual, the first the most; -1 for none.
    sole : ndarray of shape (n_rows,), bool
        Whether the first partner alone makes it so.
    encoded : ndarray of shape (n_rows,), int
        Which of the column's encoded columns is the farthest from what was expected.
    """

    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    probability: np.ndarray
    own: np.ndarray
    share: np.ndarray
    believed: np.ndarray
    partners: np.ndarray
    sole: np.ndarray
    encoded: np.ndarray


class Expectations:
    """What a block of rows lets expect of its columns.

    Parameters
    ----------
    scorer : Scorer
    evaluation : Evaluation
        Of the block.
    """

    def __init__(self, scorer: Scorer, evaluation: Evaluation) -> None:
        self._scorer = scorer
        self._evaluation = evaluation
        self._predicted = scorer.reduction.expected(evaluation, scorer.encoding)
        self._restored = scorer.encoding.restore(self._predicted)
        self._groups = dict(scorer.encoding.groups)

    def of_column(
        self, position: int, rows: np.ndarray, *, beside: bool = True
    ) -> Expected:
        """Return what was expected of a column.

        Parameters
        ----------
        position : int
        rows : ndarray of shape (n_rows,), int
        beside : bool, default=True
            Whether to look for partners.
        """
        usual = self._scorer.usual_of(position)
        restored = self._restored[position][rows]
        nothing = np.full(len(rows), np.nan)
        asked = usual if beside else None
        partners, sole, encoded = self._partners(asked, position, rows)
        expected = Expected(
            values=restored.astype(object),
            low=nothing,
            high=nothing,
            probability=nothing,
            own=nothing,
            share=nothing,
            believed=np.ones(len(rows), dtype=bool),
            partners=partners,
            sole=sole,
            encoded=encoded,
        )
        if position in self._groups:
            return self._of_levels(expected, usual, position, rows)
        if isinstance(usual, UsualNumbers) and usual.expected is not None:
            return _of_numbers(expected, usual, restored)
        if isinstance(usual, UsualTimes) and usual.expected is not None:
            return _of_times(expected, usual, restored)
        return expected

    def _of_levels(
        self, expected: Expected, usual: Usual | None, position: int, rows: np.ndarray
    ) -> Expected:
        group = self._groups[position]
        column = self._scorer.encoding.columns[position]
        predicted = self._predicted[rows, group]
        shares = np.full(predicted.shape[1], np.nan)
        if isinstance(usual, UsualLevels):
            probabilities = usual.probabilities(predicted)
            shares = usual.encoded[0]
        else:
            probabilities = as_probabilities(predicted)
        there = self._evaluation.Z[rows, group]
        own = (there * probabilities).sum(axis=1)
        nothing = np.empty((len(rows), column.n_linear))
        values = column.restore(nothing, probabilities)
        # No reader expects "infrequent": the most probable level with a name is meant.
        shared = np.flatnonzero([value == INFREQUENT for value in values])
        if len(shared) and INFREQUENT in getattr(column, "labels", ()):
            probabilities = probabilities.copy()
            probabilities[shared, probabilities[shared].argmax(axis=1)] = -1.0
            values = column.restore(nothing, probabilities)
        most = probabilities.argmax(axis=1)
        return expected._replace(
            values=values.astype(object),
            probability=probabilities[np.arange(len(rows)), most],
            own=own,
            share=shares[most],
            believed=_believed(usual, predicted, there),
        )

    def _partners(
        self, usual: Usual | None, position: int, rows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return `partners`, `sole` and `encoded` of `Expected`."""
        encoding = self._scorer.encoding
        block = np.flatnonzero(encoding.encoded_columns == position)
        partners = np.full((len(rows), N_PARTNERS), -1)
        sole, chosen = np.zeros((2, len(rows)), dtype=np.intp)
        if usual is None:
            return partners, sole.astype(bool), chosen
        is_level = position in self._groups
        strongest = np.full(len(rows), _LEAST_PULL[is_level])
        for encoded in self._to_ask(position, block, rows):
            pulls = self._scorer.reduction.pulls(
                self._evaluation, encoding, rows, position, encoded
            )
            if pulls is None:
                break
            away, shares = self._away(pulls, rows, encoded)
            found, is_sole = _named(away, shares)
            # A time may be usual, and its hour not with the others.
            most = away.max(axis=1)
            better = (found[:, 0] >= 0) & (most > strongest)
            strongest[better] = most[better]
            partners[better], sole[better] = found[better], is_sole[better]
            chosen[better] = np.where(
                is_sole[better], np.searchsorted(block, encoded[better]), 0
            )
        return partners, sole.astype(bool), chosen

    def _to_ask(
        self, position: int, block: np.ndarray, rows: np.ndarray
    ) -> list[np.ndarray]:
        """Return encoded columns of each row that may be unusual with others."""
        if position not in self._groups:
            return [np.full(len(rows), encoded) for encoded in block]
        group = self._groups[position]
        return [group.start + self._evaluation.Z[rows, group].argmax(axis=1)]

    def _away(
        self, pulls: np.ndarray, rows: np.ndarray, encoded: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return how far columns move what is expected from what is there.

        In deviations, and as a share of the distance, (n_rows, n_features) each.
        """
        distance = self._evaluation.Z[rows, encoded] - self._predicted[rows, encoded]
        away = -pulls * np.sign(distance)[:, None]
        tiny = np.finfo(np.float32).tiny
        return away, away / np.maximum(np.abs(distance), tiny)[:, None]


def greatest(values: np.ndarray, n: int) -> np.ndarray:
    """Return the columns of the ``n`` greatest values of each row, in descending order.

    Of equal ones the first comes first. A few passes take less than sorting does.
    """
    n = min(n, values.shape[1])
    if n > _MOST_PASSES:
        return np.argsort(-values, axis=1, kind="stable")[:, :n]
    order, values = np.empty((len(values), n), dtype=np.intp), values.copy()
    rows = np.arange(len(values))
    for rank in range(n):
        order[:, rank] = values.argmax(axis=1)
        values[rows, order[:, rank]] = -np.inf
    return order


def _named(away: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the columns to name with one, and whether the first alone counts."""
    order = greatest(shares, N_PARTNERS)
    most = np.take_along_axis(shares, order, axis=1)
    moved = np.take_along_axis(away, order, axis=1)[:, 0] > 0
    sole = moved & (most[:, 0] >= _PARTNER_SHARE)
    wanted = most >= _SECOND_SHARE * most[:, :1]
    wanted &= (moved & (most[:, 0] >= _NAMED_SHARE))[:, None]
    wanted[:, 1:] &= ~sole[:, None]
    found = np.full((len(away), N_PARTNERS), -1)
    found[:, : order.shape[1]] = np.where(wanted, order, -1)
    return found, sole


def _of_numbers(
    expected: Expected, usual: UsualNumbers, predicted: np.ndarray
) -> Expected:
    assert usual.expected is not None
    low, middle, high = usual.expected(predicted)
    if usual.counts is not None:
        low, middle, high = (_nearest(v, usual.counts[0]) for v in (low, middle, high))
    elif usual.decimals is not None:
        low, middle, high = (np.round(v, usual.decimals) for v in (low, middle, high))
    values = middle.astype(object)
    if usual.decimals == 0:
        values = np.array([int(value) for value in middle], dtype=object)
    return expected._replace(values=values, low=low, high=high)


def _believed(
    usual: Usual | None, predicted: np.ndarray, there: np.ndarray
) -> np.ndarray:
    """Return whether lines say of levels what can be: about zero to one.

    And not of a level that they never expect, as the innermost rows had none of it:
    whatever they expect in its place, its other columns may well go with it.
    """
    within = np.all(np.abs(predicted - 0.5) <= 0.5 + _BEYOND, axis=1)
    if not isinstance(usual, UsualLevels):
        return np.ones(len(predicted), dtype=bool)
    shares, _, greatest = usual.encoded
    never = (shares >= _SHARE_EXPECTED) & (greatest < shares)
    return np.asarray(within & ~(there[:, never] > 0).any(axis=1))


def _nearest(numbers: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return for each number the nearest of ascending values."""
    middles = (values[1:] + values[:-1]) / 2
    return np.asarray(values[np.searchsorted(middles, numbers)])


def _of_times(expected: Expected, usual: UsualTimes, predicted: np.ndarray) -> Expected:
    assert usual.expected is not None
    seconds = predicted.astype("datetime64[us]").astype(np.int64) / 1e6
    low, middle, high = usual.expected(seconds)
    if not len(usual.hours):
        # Dates without a time of day.
        low, middle, high = (_DAY * np.round(v / _DAY) for v in (low, middle, high))
    moments = (np.round(middle) * 1e6).astype("datetime64[us]")
    return expected._replace(values=moments.astype(object), low=low, high=high)


def as_numbers(values: Any, column: Any, usual: Usual | None) -> np.ndarray:
    """Return observed values as numbers, or seconds since 1970; NaN for levels.

    Parameters
    ----------
    values : Series or ndarray of shape (n_rows,)
    column : Column
    usual : Usual or None
    """
    if not isinstance(usual, UsualNumbers | UsualTimes | UsualClock):
        return np.full(len(values), np.nan)
    if isinstance(usual, UsualNumbers) and not usual.quantiles:
        # A column that held nothing in training may hold anything now.
        return np.full(len(values), np.nan)
    return np.asarray(column.canonical(values, column.name), dtype=np.float64)
