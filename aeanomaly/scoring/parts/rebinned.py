"""A histogram that does not tell the least and the greatest value."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from ..encoding.table import TableEncoding
from .marginal import Marginal, _Places

# Bins in place of one. Each has the rows of the one that it lies in, and of the fuller
# one where it lies in two: the more there are, the less an edge is moved.
_FINER = 8
_DIGITS = 3
_TINY = 1e-4


@dataclass(frozen=True)
class RebinnedMarginal(Marginal):
    """The histogram of a `Marginal` on finer bins, whose edges are round numbers.

    The first and the last edge of a `Marginal` are the least and the greatest value of
    the training rows. Here the width is a number of three digits, and all edges are
    multiples of it: the two values are known to an eighth of a bin. Densities are those
    of before, since all bins are as many times as many.

    Parameters
    ----------
    low, width, counts, level_counts, pseudo_count, above_edge, ramp
        See `Marginal`.
    bins_together : float
        Bins that count as one in distances from the range.
    """

    bins_together: float = float(_FINER)

    @classmethod
    def of_marginal(cls, part: Marginal) -> RebinnedMarginal:
        """Return the histogram of a part on other bins."""
        old_low, old_width = part.low.astype(float), part.width.astype(float)
        width = _rounded_up(old_width / _FINER).astype(np.float32)
        step = width.astype(float)
        low = np.floor(old_low / step) * step
        n_bins = part.n_bins * _FINER + 1
        # Both ends of the new bins, in old ones.
        begin = low[:, None] + np.arange(n_bins) * step[:, None] - old_low[:, None]
        begin /= old_width[:, None]
        end = begin + (step / old_width)[:, None]
        first = np.floor(begin + part.above_edge + _TINY).astype(np.intp)
        last = np.ceil(end - _TINY).astype(np.intp) - 1
        counts = [
            np.take_along_axis(part.counts, np.clip(place, 0, part.n_bins - 1), axis=1)
            for place in (first, last)
        ]
        own = {field.name: getattr(part, field.name) for field in fields(part)}
        own |= {"low": low.astype(np.float32), "width": width}
        return cls(**own | {"counts": np.maximum(*counts)})

    def _places(self, linear: np.ndarray) -> _Places:
        places = super()._places(linear)
        return places._replace(beyond=places.beyond / self.bins_together)

    def check(self, encoding: TableEncoding) -> None:
        """Raise a `ValueError` if counts or widths could not be those of rows."""
        super().check(encoding)
        if not 0 < self.bins_together < np.inf:
            raise ValueError("the marginal has no positive bins_together")


def _rounded_up(values: np.ndarray) -> np.ndarray:
    """Return positive numbers of few digits that are no smaller."""
    unit = 10.0 ** (np.floor(np.log10(values)) - _DIGITS + 1)
    return np.asarray(np.ceil(values / unit) * unit)
