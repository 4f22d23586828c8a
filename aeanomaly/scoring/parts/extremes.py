"""How far out the columns that stand out most are, each by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..encoding.table import TableEncoding
from ..evaluation import Evaluation
from .base import PartRows, ScorePart, check_finite
from .marginal import Marginal

# One odd column counts, however many are ordinary.
_POWER = 4.0
# Greater powers would overflow.
_MAX_POWER = 20.0
# Shares of the rows whose deviation says what a unit is, and that deviation of a normal
# column: the first that is not zero counts.
_SHARES = {0.5: 0.674, 0.7: 1.036, 0.9: 1.645, 0.99: 2.576, 1.0: 3.0}
_LEAST_DEVIATION, _LEAST_UNIT = 1e-3, 1e-2
# Of the centre, in units.
_DIGITS = 2


@dataclass(frozen=True)
class Extremes(ScorePart):
    """Surprise of the columns that surprise most, each by itself.

    Of a column counts how much rarer its value is than the usual one, by the histogram
    of a `Marginal`; of a number also how far it is from the median, as the surprise of
    a Cauchy distribution, log(1 + z^2), whose z is in robust deviations. The greater of
    the two is taken, and the columns are combined by a power mean, so that one of many
    is heard where the mean of `Marginal` hides it.

    Parameters
    ----------
    marginal : Marginal
        Histograms and frequencies of the training rows.
    usual : ndarray of shape (n_units,)
        Median surprise of each linear encoded column and each category.
    center, unit : ndarray of shape (n_linear,)
        Median, and robust deviation, of each linear encoded column.
    power : float
        Of the mean over the columns' surprises.
    """

    marginal: Marginal
    usual: np.ndarray
    center: np.ndarray
    unit: np.ndarray
    power: float = _POWER

    name: ClassVar[str] = "extremes"
    resolution: ClassVar[float] = 0.01
    # One column of many is the greatest in every row: it is to be clearly so, and then
    # counts for more.
    discount: ClassVar[float] = 0.7
    factor: ClassVar[float] = 1.25
    sees_groups: ClassVar[bool] = True

    @classmethod
    def fit(cls, rows: PartRows) -> Extremes:
        """Find what is usual of each column."""
        marginal = Marginal.fit(rows)
        Z, weights = rows.Z[rows.sample], rows.weights[rows.sample]
        surprise = marginal.unit_surprise(Z, rows.encoding, seen=True)
        linear = Z[:, : rows.encoding.n_linear].astype(np.float64)
        center = _quantiles(linear, weights, [0.5])[0]
        deviations = _quantiles(np.abs(linear - center), weights, list(_SHARES))
        unit = np.zeros(len(center))
        for deviation, normal in zip(deviations, _SHARES.values(), strict=True):
            unit = np.where(unit > _LEAST_DEVIATION, unit, deviation / normal)
        unit = np.maximum(unit, _LEAST_UNIT)
        # Not to the last digit, which would tell the value of a row.
        center = np.round(center / unit, _DIGITS) * unit
        usual = _quantiles(surprise, weights, [0.5])[0]
        return cls(marginal, usual, center, unit)

    def statistic(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the power mean of each row's surprises."""
        return self._mean(self._powers(evaluation, encoding), evaluation)

    def unseen_statistic(
        self, evaluation: Evaluation, encoding: TableEncoding
    ) -> np.ndarray:
        """Return the statistic of training rows, each beside the others."""
        return self._mean(self._powers(evaluation, encoding, seen=True), evaluation)

    def _powers(
        self, evaluation: Evaluation, encoding: TableEncoding, *, seen: bool = False
    ) -> np.ndarray:
        """Return the power of each unit's surprise, (n_samples, n_units)."""
        Z, n_linear = evaluation.Z, encoding.n_linear
        surprise = self.marginal.unit_surprise(Z, encoding, seen=seen)
        surprise -= self.usual
        # In double precision, so that a row's statistic is the same in any block.
        z = (Z[:, :n_linear].astype(np.float64) - self.center) / self.unit
        linear = surprise[:, :n_linear]
        np.maximum(linear, np.log1p(z * z), out=linear)
        np.maximum(surprise, 0.0, out=surprise)
        return np.asarray(surprise**self.power)

    def _mean(self, powers: np.ndarray, evaluation: Evaluation) -> np.ndarray:
        total = powers.sum(axis=1)
        if evaluation.novelty is not None:
            # What training never showed is one more surprise of its column.
            total += (evaluation.novelty**self.power).sum(axis=1)
        return np.asarray((total / max(1, powers.shape[1])) ** (1.0 / self.power))

    def cells(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the powers that each column adds; see `ScorePart.cells`."""
        return self.divided(evaluation, encoding)[1]

    def divided(
        self, evaluation: Evaluation, encoding: TableEncoding
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the power mean of each row, and what each column adds to it."""
        powers = self._powers(evaluation, encoding)
        cells = encoding.sum_units(powers)
        if evaluation.novelty is not None:
            cells = cells + evaluation.novelty**self.power
        return self._mean(powers, evaluation), cells

    def check(self, encoding: TableEncoding) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        if not isinstance(self.marginal, Marginal):
            raise ValueError("Extremes has no marginal")
        self.marginal.check(encoding)
        check_finite(self, usual=self.usual, center=self.center, unit=self.unit)
        n_linear, n_units = encoding.n_linear, len(encoding.unit_columns)
        if self.usual.shape != (n_units,) or self.center.shape != (n_linear,):
            raise ValueError("Extremes does not know what is usual of each column")
        if self.unit.shape != (n_linear,) or not (self.unit > 0).all():
            raise ValueError("Extremes has no positive unit for each column")
        if not 0 < self.power <= _MAX_POWER:
            raise ValueError(f"Extremes cannot take a mean of power {self.power}")


def _quantiles(
    values: np.ndarray, weights: np.ndarray, shares: list[float]
) -> np.ndarray:
    """Return quantiles of columns whose rows weigh, (n_shares, n_columns)."""
    found = np.quantile(values, shares, axis=0, weights=weights, method="inverted_cdf")
    return np.asarray(found)
