"""How far a row is from the nearest training row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..encoding.table import TableEncoding
from ..evaluation import Evaluation
from .base import PartRows, ScorePart
from .innermost import innermost_moments
from .references import check_references, copies, iter_squared_distances, row_keys

# Weight of the whitened residual against the encoded row in the joint space.
_RESIDUAL_WEIGHT = 0.5
# In deviations of an encoded column: smaller residuals are the rounding of float32.
_MIN_RESIDUAL = 1e-2
# Share of the references, the innermost, whose residuals are made white. Rare levels
# of a category hardly occur among them: shrinkage bounds what such a column may weigh.
_SUPPORT = 0.9
_SHRINKAGE = 0.1
# Squared distances below it are rounding.
_MIN_SQUARED_DISTANCE = 1e-6


@dataclass(frozen=True)
class Neighbourhood(ScorePart):
    """Log distance to the nearest reference row.

    The distance is that in the joint space of the encoded row and of its residual, mean
    over the members. Residuals are whitened, symmetrically, so that each of their
    columns stays with one column of the row: what counts is not how much the network
    misses, but whether it misses as it does elsewhere. A row's exact copy among the
    references never counts as its neighbour: what was seen would else be normal for the
    sole reason that it was seen.

    Parameters
    ----------
    references : ndarray of shape (n_references, 2 * n_encoded)
        Joint coordinates of distinct training rows.
    whitening : ndarray of shape (n_encoded, n_encoded)
        What residuals are multiplied by.
    keys : ndarray of shape (n_references,), uint64
        Ascending hashes of the references' encoded rows, to recognise copies.
    min_squared_distance : float
        What smaller squared distances count as.

    References
    ----------
    T. Denouden et al., "Improving Reconstruction Autoencoder Out-of-distribution
    Detection with Mahalanobis Distance", arXiv 1812.02765, 2018.
    """

    references: np.ndarray
    whitening: np.ndarray
    keys: np.ndarray
    min_squared_distance: float = _MIN_SQUARED_DISTANCE

    name: ClassVar[str] = "neighbourhood"
    keeps_rows: ClassVar[bool] = True

    @classmethod
    def fit(cls, rows: PartRows) -> Neighbourhood:
        """Take the rows that the score may keep as references."""
        evaluation = rows.evaluate(rows.Z[rows.references])
        whitening = _whitening(_residual(evaluation))
        keys = row_keys(evaluation.Z)
        order = np.argsort(keys)
        references = _joint(evaluation, whitening)[order].astype(np.float32)
        return cls(references, whitening, keys[order])

    def _differences(self, evaluation: Evaluation) -> np.ndarray:
        """Return each row less its nearest reference, in the joint space."""
        joint = _joint(evaluation, self.whitening)
        copied = copies(evaluation.Z, self.keys)
        nearest = np.empty(len(joint), dtype=np.intp)
        for block, distances in iter_squared_distances(joint, self.references, copied):
            nearest[block] = distances.argmin(axis=1)
        joint -= self.references[nearest]
        return joint

    def statistic(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the log distance of each row."""
        # Squared again from the differences: a difference of norms loses the digits
        # of small distances.
        differences = self._differences(evaluation)
        squared = np.einsum("ij,ij->i", differences, differences).astype(np.float64)
        return 0.5 * np.log(np.maximum(squared, self.min_squared_distance))

    def cells(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the squared difference from the nearest row in each column."""
        squared = np.square(self._differences(evaluation))
        parts = squared.reshape(len(squared), -1, encoding.n_encoded)
        return encoding.sum_encoded(parts.sum(axis=1))

    def check(self, encoding: TableEncoding) -> None:
        """Raise a `ValueError` if references and keys do not belong together."""
        check_references(self)


def _residual(evaluation: Evaluation) -> np.ndarray:
    return np.asarray(evaluation.output.mean(axis=0) - evaluation.Z)


def _joint(evaluation: Evaluation, whitening: np.ndarray) -> np.ndarray:
    """Return encoded rows beside their whitened residuals."""
    residual = _residual(evaluation)
    whitened = residual @ whitening.astype(residual.dtype, copy=False)
    return np.concatenate([evaluation.Z, whitened], axis=1)


def _whitening(residual: np.ndarray) -> np.ndarray:
    """Return the symmetric map after which residuals vary alike in all directions."""
    scale = np.sqrt(np.square(residual).mean(axis=0)) + _MIN_RESIDUAL
    _, covariance = innermost_moments(
        residual / scale,
        np.ones(len(residual)),
        support=_SUPPORT,
        shrinkage=_SHRINKAGE,
    )
    variances, directions = np.linalg.eigh(covariance)
    whitening = (directions / np.sqrt(variances)) @ directions.T / scale[:, None]
    return (_RESIDUAL_WEIGHT * whitening).astype(np.float32)
