"""In which range a value was, given what the row's other columns let expect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# The outermost twentieth on either side is left out: nine rows of ten lie within.
_QUANTILES = (0.05, 0.5, 0.95)
# Predictions beyond these shares of them are those of rows far out.
_REACH = (0.005, 0.995)
# A quantile of a twentieth needs some rows beyond it.
_ROWS_A_KNOT = 50
_MAX_KNOTS = 12
# Sums of greater numbers, times their weights, would overflow.
_GREATEST = 1e290


@dataclass(frozen=True)
class ExpectedRange:
    """The central range of a column's values, given a prediction from the others.

    Training rows that the prediction had not seen are sorted by it and cut into knots
    of equally many. At each stand the 5, 50 and 95 % quantiles of what the values
    differ by from the prediction; between knots they are interpolated. A prediction
    beyond those of training rows counts as the nearest of theirs: what a line says of
    rows far out is not believed. Nothing lies outside what training rows showed.

    Parameters
    ----------
    knots : ndarray of shape (4, n_knots)
        Mean prediction at each knot, ascending, and the three quantiles of the value
        less the prediction.
    reach : tuple of float
        Least and greatest prediction that are believed.
    bounds : tuple of float
        Least and greatest value.
    """

    knots: np.ndarray
    reach: tuple[float, float]
    bounds: tuple[float, float]

    @classmethod
    def fit(
        cls,
        predicted: np.ndarray,
        values: np.ndarray,
        weights: np.ndarray,
        bounds: tuple[float, float],
    ) -> ExpectedRange | None:
        """Learn from rows; None without any whose value is known, and of huge ones.

        Parameters
        ----------
        predicted, values, weights : ndarray of shape (n_rows,)
        bounds : tuple of float
        """
        known = np.isfinite(values) & np.isfinite(predicted)
        predicted, values, weights = predicted[known], values[known], weights[known]
        if not len(values) or np.abs([predicted, values]).max() > _GREATEST:
            return None
        order = np.argsort(predicted, kind="stable")
        n_knots = int(np.clip(len(values) // _ROWS_A_KNOT, 1, _MAX_KNOTS))
        knots = np.empty((1 + len(_QUANTILES), n_knots))
        for knot, part in enumerate(np.array_split(order, n_knots)):
            knots[0, knot] = np.average(predicted[part], weights=weights[part])
            knots[1:, knot] = np.quantile(
                values[part] - predicted[part],
                _QUANTILES,
                weights=weights[part],
                method="inverted_cdf",
            )
        first, last = np.quantile(predicted, _REACH)
        return cls(knots, (float(first), float(last)), bounds)

    def __call__(self, predicted: np.ndarray) -> np.ndarray:
        """Return lower end, middle and upper end, (3, n_samples)."""
        within = np.clip(predicted, *self.reach)
        at, *offsets = self.knots
        offsets = [np.interp(within, at, offset) for offset in offsets]
        middle = np.clip(within + offsets[1], *self.bounds)
        return np.clip([middle + o - offsets[1] for o in offsets], *self.bounds)

    def check(self) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        if self.knots.ndim != 2 or len(self.knots) != 1 + len(_QUANTILES):
            raise ValueError("an expected range has knots that do not go together")
        if not (self.knots.size and np.isfinite(self.knots).all()):
            raise ValueError("an expected range has no finite knots")
        for first, last in (self.reach, self.bounds):
            if not -np.inf < first <= last < np.inf:
                raise ValueError("an expected range ends before it starts")
