"""How far a row is from the nearest training row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..evaluation import Evaluation
from ..table import TableEncoding
from .references import copies, iter_squared_distances, row_keys

# Weight of the residuals of all members against the encoded row in the joint space.
_RESIDUAL_WEIGHT = 0.5
# In deviations of an encoded column: smaller residuals are the rounding of float32.
_MIN_RESIDUAL = 1e-2
_MIN_SQUARED_DISTANCE = 1e-6


@dataclass(frozen=True)
class Neighbourhood:
    """Log distance to the nearest reference row.

    The distance is that in the joint space of the encoded row and of the members'
    residuals, each of their columns divided by its root mean square over the
    references. A row's exact copy among the references never counts as its neighbour:
    what was seen would else be normal for the sole reason that it was seen.

    Parameters
    ----------
    references : ndarray of shape (n_references, (1 + n_members) * n_encoded)
        Joint coordinates of distinct training rows.
    residual_scale : ndarray of shape (n_members, n_encoded)
        Factor of each member's residuals.
    keys : ndarray of shape (n_references,), uint64
        Ascending hashes of the references' encoded rows, to recognise copies.
    """

    references: np.ndarray
    residual_scale: np.ndarray
    keys: np.ndarray

    @classmethod
    def fit(cls, evaluation: Evaluation) -> Neighbourhood:
        """Take the rows of an evaluation, which must be distinct, as references."""
        residual = evaluation.output - evaluation.Z
        rms = np.sqrt(np.square(residual).mean(axis=1)) + _MIN_RESIDUAL
        weight = _RESIDUAL_WEIGHT / np.sqrt(len(residual))
        scale = (weight / rms).astype(np.float32)
        keys = row_keys(evaluation.Z)
        order = np.argsort(keys)
        references = _joint(evaluation, scale)[order].astype(np.float32)
        return cls(references, scale, keys[order])

    def _differences(self, evaluation: Evaluation) -> np.ndarray:
        """Return each row less its nearest reference, in the joint space."""
        joint = _joint(evaluation, self.residual_scale)
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
        return 0.5 * np.log(np.maximum(squared, _MIN_SQUARED_DISTANCE))

    def cells(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the squared difference from the nearest row in each column."""
        squared = np.square(self._differences(evaluation))
        parts = squared.reshape(len(squared), -1, encoding.n_encoded)
        return encoding.sum_encoded(parts.sum(axis=1))


def _joint(evaluation: Evaluation, residual_scale: np.ndarray) -> np.ndarray:
    """Return encoded rows beside the scaled residuals of every member."""
    residual = evaluation.output - evaluation.Z
    residual *= residual_scale[:, None, :]
    return np.concatenate([evaluation.Z, *residual], axis=1)
