"""How far single columns are from what the others let expect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..encoding.table import TableEncoding
from ..evaluation import Evaluation
from .base import PartRows, ScorePart, check_finite
from .covariance import Covariance

# Share of the rows that say how columns go together.
_SUPPORT = 0.75
# Weight of the identity in their covariance, beside the squared share of columns over
# rows: columns that agree to a thirtieth of a deviation agree altogether.
_SHRINKAGE = 1e-3
# What one row in ten exceeds is a column's unit, and at least this.
_USUAL = 0.9
_LEAST_UNIT = 1e-2
# One broken relation counts, however many hold.
_POWER = 4.0
# Greater powers would overflow.
_MAX_POWER = 20.0


@dataclass(frozen=True)
class Relation(ScorePart):
    """Deviation of the columns that depart most from what the others let expect.

    The squared distance of each column from its conditional mean, given all others, in
    conditional variances: what `Covariance` would fall by if the column were as
    expected. Two columns that are always equal, or parts that add up to a total, leave
    hardly any variance, and the smallest break is far out, where the total distance
    hides it among many columns. The columns are combined by a power mean, so that one
    of 200 is heard, and its root is taken: a deviation in units of the column.

    Parameters
    ----------
    covariance : Covariance
        Of the innermost three quarters of the rows, hardly shrunk.
    units : ndarray of shape (n_features,)
        Squared deviation that one training row in ten exceeds, of each column.
    power : float
        Of the mean over the columns' squared deviations.
    """

    covariance: Covariance
    units: np.ndarray
    power: float = _POWER

    name: ClassVar[str] = "relation"
    resolution: ClassVar[float] = 0.02
    # Where columns go their own ways it says little that others do not.
    discount: ClassVar[float] = 1.0

    @classmethod
    def fit(cls, rows: PartRows) -> Relation:
        """Find how columns go together, and how far they usually deviate."""
        n_rows, n_columns = len(rows.sample), rows.Z.shape[1]
        shrinkage = _SHRINKAGE + (n_columns / n_rows) ** 2
        covariance = Covariance.of_innermost(rows, _SUPPORT, shrinkage)
        Z, weights = rows.Z[rows.sample], rows.weights[rows.sample]
        unscaled = cls(covariance, np.ones(len(rows.encoding.columns)))
        deviations = unscaled._deviations(Z, rows.encoding)
        units = np.quantile(
            deviations, _USUAL, axis=0, weights=weights, method="inverted_cdf"
        )
        return cls(covariance, np.maximum(units, _LEAST_UNIT))

    def _deviations(self, Z: np.ndarray, encoding: TableEncoding) -> np.ndarray:
        """Return squared deviations, of each column of the table, in its unit."""
        # In double precision: the precision of columns that agree is great.
        evaluation = Evaluation(Z.astype(np.float64), None, Z[None], Z[None])
        return self.covariance.cells(evaluation, encoding) / self.units

    def statistic(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the mean deviation of each row."""
        return self.divided(evaluation, encoding)[0]

    def divided(
        self, evaluation: Evaluation, encoding: TableEncoding
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the mean deviation of each row, and the powers that it is made of."""
        cells = self.cells(evaluation, encoding)
        # Of columns that are encoded: others have no part in it.
        counted = [column for column, _ in encoding.blocks]
        powers = cells[:, counted].mean(axis=1)
        return np.asarray(powers ** (0.5 / self.power)), cells

    def cells(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the power of each column's deviation; see `ScorePart.cells`."""
        return self._deviations(evaluation.Z, encoding) ** self.power

    def check(self, encoding: TableEncoding) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        if not isinstance(self.covariance, Covariance):
            raise ValueError("Relation has no covariance")
        self.covariance.check(encoding)
        check_finite(self, units=self.units)
        if self.units.shape != (len(encoding.columns),) or not (self.units > 0).all():
            raise ValueError("Relation has no positive unit for each column")
        if not 0 < self.power <= _MAX_POWER:
            raise ValueError(f"Relation cannot take a mean of power {self.power}")
