"""How far a row is from the nearest training row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..evaluation import Evaluation
from ..table import TableEncoding

# Weight of the residual against the encoded row in their joint space.
_RESIDUAL_WEIGHT = 0.5
# Distances in one block of rows: a quarter of a mebibyte for 2,000 references.
_BLOCK_ROWS = 256
_MIN_SQUARED_DISTANCE = 1e-8
_MIN_RESIDUAL = 1e-6
# Odd 64-bit constants that mix a row's bits into one number (splitmix64).
_MIX_ROW = np.uint64(0xBF58476D1CE4E5B9)
_MIX_COLUMN = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Neighbourhood:
    """Log distance to the nearest reference row, mean over the members.

    The distance is that in the joint space of the encoded row and of the member's
    residual, each column of it divided by its root mean square over the references. A
    row's exact copy among the references never counts as its neighbour: seen rows
    would else be normal for the sole reason that they were seen.

    Parameters
    ----------
    references : ndarray of shape (n_members, n_references, 2 * n_encoded)
        Joint coordinates of distinct training rows.
    residual_scale : ndarray of shape (n_members, n_encoded)
        Factor of each member's residuals.
    keys : ndarray of shape (n_references,), uint64
        Hash of each reference's encoded row, to recognise copies.
    """

    references: np.ndarray
    residual_scale: np.ndarray
    keys: np.ndarray

    @classmethod
    def fit(cls, evaluation: Evaluation) -> Neighbourhood:
        """Take the rows of an evaluation, which must be distinct, as references."""
        residual = evaluation.output - evaluation.Z
        rms = np.sqrt(np.square(residual).mean(axis=1)) + _MIN_RESIDUAL
        scale = (_RESIDUAL_WEIGHT / rms).astype(np.float32)
        order = np.argsort(row_keys(evaluation.Z))
        joint = _joint(evaluation, scale)[:, order]
        keys = row_keys(evaluation.Z[order])
        return cls(np.ascontiguousarray(joint, dtype=np.float32), scale, keys)

    @cached_property
    def _squared_norms(self) -> np.ndarray:
        return np.square(self.references).sum(axis=-1)

    def _copies(self, Z: np.ndarray) -> np.ndarray:
        """Return the reference of which each row is a copy, -1 for none."""
        keys = row_keys(Z)
        position = np.searchsorted(self.keys, keys)
        position[position == len(self.keys)] = 0
        return np.where(self.keys[position] == keys, position, -1)

    def _differences(self, evaluation: Evaluation) -> np.ndarray:
        """Return each row less its nearest reference, for every member."""
        joint = _joint(evaluation, self.residual_scale)
        copies = self._copies(evaluation.Z)
        for start in range(0, len(copies), _BLOCK_ROWS):
            block = slice(start, start + _BLOCK_ROWS)
            copied = np.flatnonzero(copies[block] >= 0)
            for member, references in enumerate(self.references):
                rows = joint[member, block]
                # The row's own norm is the same for all references.
                distance = rows.astype(np.float32, copy=False) @ references.T
                distance *= -2.0
                distance += self._squared_norms[member]
                distance[copied, copies[block][copied]] = np.inf
                joint[member, block] -= references[distance.argmin(axis=1)]
        return joint

    def statistic(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the mean log distance of each row."""
        # Squared again from the differences: a difference of norms loses the digits
        # of small distances.
        differences = self._differences(evaluation)
        squared = np.einsum("mij,mij->mi", differences, differences)
        squared = np.maximum(squared, _MIN_SQUARED_DISTANCE).astype(np.float64)
        return 0.5 * np.log(squared).mean(axis=0)

    def cells(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the squared difference from the nearest row in each column."""
        squared = np.square(self._differences(evaluation)).mean(axis=0)
        n_encoded = encoding.n_encoded
        return encoding.sum_encoded(squared[:, :n_encoded] + squared[:, n_encoded:])


def _joint(evaluation: Evaluation, residual_scale: np.ndarray) -> np.ndarray:
    """Return encoded rows beside scaled residuals, for every member."""
    residual = evaluation.output - evaluation.Z
    residual *= residual_scale[:, None, :]
    rows = np.broadcast_to(evaluation.Z, residual.shape)
    return np.concatenate([rows, residual], axis=-1)


def row_keys(Z: np.ndarray) -> np.ndarray:
    """Return a 64-bit hash of each row, equal for rows of equal float32 values."""
    # Adding zero makes negative zeros positive.
    bits = (Z.astype(np.float32) + np.float32(0)).view(np.uint32).astype(np.uint64)
    with np.errstate(over="ignore"):
        columns = np.arange(1, Z.shape[1] + 1, dtype=np.uint64) * _MIX_COLUMN
        bits = (bits + columns) * _MIX_ROW
        bits ^= bits >> np.uint64(29)
        bits *= columns | np.uint64(1)
        bits ^= bits >> np.uint64(32)
        return bits.sum(axis=1, dtype=np.uint64)
