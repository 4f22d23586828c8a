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
    partner : ndarray of shape (n_rows,), int
        The column that makes the value unusual; -1 for none.
    """

    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    probability: np.ndarray
    own: np.ndarray
    partner: np.ndarray


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

    def of_column(self, position: int, rows: np.ndarray) -> Expected:
        """Return what was expected of a column.

        Parameters
        ----------
        position : int
        rows : ndarray of shape (n_rows,), int
        """
        usual = self._scorer.usual_of(position)
        restored = self._restored[position][rows]
        nothing = np.full(len(rows), np.nan)
        expected = Expected(
            restored.astype(object),
            nothing,
            nothing,
            nothing,
            nothing,
            self._partner(usual, position, rows),
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
        if isinstance(usual, UsualLevels):
            probabilities = usual.probabilities(predicted)
        else:
            probabilities = as_probabilities(predicted)
        own = (self._evaluation.Z[rows, group] * probabilities).sum(axis=1)
        nothing = np.empty((len(rows), column.n_linear))
        values = column.restore(nothing, probabilities)
        # No reader expects "infrequent": the most probable level with a name is meant.
        shared = np.flatnonzero([value == INFREQUENT for value in values])
        if len(shared) and INFREQUENT in getattr(column, "labels", ()):
            probabilities = probabilities.copy()
            probabilities[shared, probabilities[shared].argmax(axis=1)] = -1.0
            values = column.restore(nothing, probabilities)
        return expected._replace(
            values=values.astype(object), probability=probabilities.max(axis=1), own=own
        )

    def _partner(
        self, usual: Usual | None, position: int, rows: np.ndarray
    ) -> np.ndarray:
        """Return the column that moves what was expected away from what is there."""
        encoding, nobody = self._scorer.encoding, np.full(len(rows), -1)
        block = np.flatnonzero(encoding.encoded_columns == position)
        if usual is None or not len(block):
            return nobody
        encoded = np.full(len(rows), block[0])
        if position in self._groups:
            group = self._groups[position]
            encoded = group.start + self._evaluation.Z[rows, group].argmax(axis=1)
        pulls = self._scorer.reduction.pulls(
            self._evaluation, encoding, rows, position, encoded
        )
        if pulls is None:
            return nobody
        distance = self._evaluation.Z[rows, encoded] - self._predicted[rows, encoded]
        away = -pulls * np.sign(distance)[:, None]
        partner = away.argmax(axis=1)
        share = away[np.arange(len(rows)), partner] / np.maximum(
            np.abs(distance), np.finfo(np.float32).tiny
        )
        return np.where((share >= _PARTNER_SHARE) & (distance != 0), partner, -1)


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
    return np.asarray(column.canonical(values, column.name), dtype=np.float64)
