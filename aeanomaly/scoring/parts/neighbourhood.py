"""How far a row is from the nearest training row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ..encoding.table import TableEncoding
from ..evaluation import Evaluation
from .base import PartRows, ScorePart, check_finite, check_matrix, own_fields
from .innermost import innermost_power
from .low_rank import LowRankMatrix, Matrix
from .references import (
    Factors,
    check_near,
    iter_comparable,
    log_distance,
    near_squared,
    share_of_first,
)

# Weight of the whitened residual against the encoded row in the joint space.
_RESIDUAL_WEIGHT = 0.5
# In deviations of an encoded column: smaller residuals are the rounding of float32.
_MIN_RESIDUAL = 1e-2
# Share of the references, the innermost, whose residuals are made white. Rare levels
# of a category hardly occur among them: shrinkage bounds what such a column may weigh.
_SUPPORT = 0.9
_SHRINKAGE = 0.1
# References whose nearest ones say how far apart neighbours are.
_N_NEAR = 256


@dataclass(frozen=True)
class Neighbourhood(ScorePart):
    """Log distance to the nearest reference row that is not the row's copy.

    The distance is that in the joint space of the encoded row and of its residual, mean
    over the members. Residuals are whitened, symmetrically, so that each of their
    columns stays with one column of the row: what counts is not how much the network
    misses, but whether it misses as it does elsewhere. A reference that is nearer than
    neighbours are counts the less the nearer it is, and the next one counts in its
    place: what was seen would else be normal for the sole reason that it was seen.

    Parameters
    ----------
    references : ndarray of shape (n_references, 2 * n_encoded)
        Joint coordinates of distinct training rows.
    whitening : ndarray of shape (n_encoded, n_encoded) or LowRankMatrix
        What residuals are multiplied by.
    near_squared : float
        Squared distance below which a reference gives way to the next; also added to
        squared distances.

    References
    ----------
    T. Denouden et al., "Improving Reconstruction Autoencoder Out-of-distribution
    Detection with Mahalanobis Distance", arXiv 1812.02765, 2018.
    """

    references: np.ndarray
    whitening: np.ndarray | LowRankMatrix
    near_squared: float

    name: ClassVar[str] = "neighbourhood"
    keeps_rows: ClassVar[bool] = True
    resolution: ClassVar[float] = 0.02
    # Residuals are differences, and made white.
    enlarges_rounding: ClassVar[bool] = True

    @classmethod
    def fit(cls, rows: PartRows) -> Neighbourhood:
        """Take the rows that the score may keep as references."""
        evaluation = rows.evaluate(rows.Z[rows.references])
        whitening = _whitening(_residual(evaluation))
        joint = joint_coordinates(evaluation, whitening)
        references = rows.encoding.without_ranked(joint).astype(np.float32)
        # Each reference is the nearest to itself; the next one is wanted.
        unscaled = cls(references, whitening, np.inf)
        _, differences = unscaled._differences(references[:_N_NEAR])
        return cls(references, whitening, near_squared(_squared(differences)))

    @cached_property
    def _factors(self) -> Factors:
        return Factors(self.references, self.near_squared)

    def __getstate__(self) -> dict[str, Any]:
        return own_fields(self)

    def _differences(self, joint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return each row less its nearest reference and less the second nearest.

        Only where the nearest is near is the second another one.
        """
        first = np.empty(joint.shape)
        close, following = [], []
        for block, distances in iter_comparable(joint, self._factors):
            # From differences in double precision: a difference of norms loses the
            # digits of small distances.
            nearest = distances.argmin(axis=1)
            np.subtract(joint[block], self.references[nearest], out=first[block])
            near = np.flatnonzero(_squared(first[block]) < self.near_squared)
            if len(near):
                others = distances[near]
                others[np.arange(len(near)), nearest[near]] = np.inf
                close.append(block.start + near)
                following.append(others.argmin(axis=1))
        if not close:
            return first, first
        second, rows = first.copy(), np.concatenate(close)
        references = self.references[np.concatenate(following)]
        second[rows] = joint[rows].astype(np.float64) - references
        return first, second

    def _joint(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        joint = joint_coordinates(evaluation, self.whitening)
        return encoding.without_ranked(joint)

    def statistic(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the log distance of each row."""
        return self._logs(*self._differences(self._joint(evaluation, encoding)))

    def _logs(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        squared = _squared(first)
        other = squared if second is first else _squared(second)
        # Rounding may have taken one of two for the other.
        least, other = np.minimum(squared, other), np.maximum(squared, other)
        return log_distance(least, other, self.near_squared)

    def cells(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the squared difference from the nearest row in each column."""
        return self.divided(evaluation, encoding)[1]

    def divided(
        self, evaluation: Evaluation, encoding: TableEncoding
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the statistic, and the squared differences in each column."""
        first, second = self._differences(self._joint(evaluation, encoding))
        statistic = self._logs(first, second)
        share = share_of_first(_squared(first), self.near_squared)[:, None]
        squared = share * np.square(first) + (1.0 - share) * np.square(second)
        return statistic, sum_joint(squared, encoding)

    def check(self, encoding: TableEncoding) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        check_near(self, self.near_squared)
        check_finite(self, references=self.references)
        check_matrix(self, "whitening", self.whitening)


def sum_joint(squared: np.ndarray, encoding: TableEncoding) -> np.ndarray:
    """Return what squared differences of joint coordinates add to each column."""
    parts = squared.reshape(len(squared), -1, encoding.n_encoded)
    return encoding.sum_encoded(parts.sum(axis=1))


def _squared(differences: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->i", differences, differences)


def _residual(evaluation: Evaluation) -> np.ndarray:
    return np.asarray(evaluation.output.mean(axis=0) - evaluation.Z)


def joint_coordinates(evaluation: Evaluation, whitening: Matrix) -> np.ndarray:
    """Return encoded rows beside their whitened residuals."""
    residual = _residual(evaluation)
    whitened = residual @ whitening.astype(residual.dtype, copy=False)
    return np.concatenate([evaluation.Z, whitened], axis=1)


def _whitening(residual: np.ndarray) -> Matrix:
    """Return the symmetric map after which residuals vary alike in all directions."""
    scale = np.sqrt(np.square(residual).mean(axis=0)) + _MIN_RESIDUAL
    _, whitening = innermost_power(
        residual / scale,
        np.ones(len(residual)),
        support=_SUPPORT,
        shrinkage=_SHRINKAGE,
        power=-0.5,
    )
    if isinstance(whitening, LowRankMatrix):
        return whitening.scaled_rows(_RESIDUAL_WEIGHT / scale).astype(np.float32)
    return (_RESIDUAL_WEIGHT * whitening / scale[:, None]).astype(np.float32)
