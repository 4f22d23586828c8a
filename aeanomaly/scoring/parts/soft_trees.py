"""Decision trees as arrays, whose branches are soft."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .base import check_finite

# Of branches of a block of rows: as many as stay in the cache.
_BLOCK_CELLS = 100_000


class _Block(NamedTuple):
    """Some rows, and how far each goes right at each branch.

    Parameters
    ----------
    rows : slice
    right : ndarray of shape (n_branches, n_trees, n_rows)
        From 0, left only, to 1, right only.
    """

    rows: slice
    right: np.ndarray


@dataclass(frozen=True)
class SoftTrees:
    """The mean of what trees of equal depth say of a row.

    Below branch i are nodes 2 i + 1, for values up to its threshold, and 2 i + 2; the
    leaves follow the last branch. Within `ramp` of a threshold a row goes both ways, in
    proportion: a last digit must not move its score.

    Parameters
    ----------
    features : ndarray of shape (n_branches, n_trees), int
        Which feature each branch looks at.
    thresholds : ndarray of shape (n_branches, n_trees)
    values : ndarray of shape (2 * n_branches + 1, n_trees)
        What is said of the training rows that came to each node; of a row that ends
        there, if it is a leaf.
    ramp : float
        Half the width of a branch's slope.

    References
    ----------
    P. Geurts, D. Ernst and L. Wehenkel, "Extremely randomized trees", *Machine
    Learning* 63, 2006.
    """

    features: np.ndarray
    thresholds: np.ndarray
    values: np.ndarray
    ramp: float

    @property
    def n_branches(self) -> int:
        """Number of branches of a tree."""
        return len(self.features)

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """Return what the trees say of rows of features, (n_samples,)."""
        said = np.empty(len(X))
        for rows, right in self._blocks(X):
            said[rows] = self._said(right)
        return said

    def _said(self, right: np.ndarray) -> np.ndarray:
        # From the leaves to the roots.
        n_leaves = self.n_branches + 1
        values = self.values[-n_leaves:, :, None].astype(right.dtype)
        while len(values) > 1:
            left, values = values[0::2], values[1::2] - values[0::2]
            n_above = len(left)
            values = values * right[n_above - 1 : 2 * n_above - 1]
            values += left
        return np.asarray(values[0].mean(axis=0))

    def adds(self, X: np.ndarray) -> np.ndarray:
        """Return what each feature adds, (n_samples, n_features).

        A branch adds by how much a row's way through it changes what is said of its
        rows. Together that is what the trees say, less what their roots say of all
        rows (A. Palczewska et al., "Interpreting random forest models using a feature
        contribution method", IEEE IRI 2013).
        """
        added = np.zeros(X.shape)
        left = self.values[1::2] - self.values[: self.n_branches]
        right_more = self.values[2::2] - self.values[1::2]
        which, order = np.unique(self.features, return_inverse=True)
        one_hot = np.zeros((order.size, len(which)))
        one_hot[np.arange(order.size), order.ravel()] = 1.0 / self.features.shape[1]
        for rows, right in self._blocks(X):
            come = _reached(right)
            by_branch = come * (left[..., None] + right_more[..., None] * right)
            added[rows, which] = by_branch.reshape(order.size, -1).T @ one_hot
        return added

    def _blocks(self, X: np.ndarray) -> Iterator[_Block]:
        dtype, slope = X.dtype, 0.5 / self.ramp
        starts = (slope * self.thresholds - 0.5).astype(dtype)[..., None]
        X = np.ascontiguousarray(X[:, : self.features.max() + 1].T)
        X = X * dtype.type(slope)
        size = max(1, _BLOCK_CELLS // self.features.size)
        for start in range(0, X.shape[1], size):
            rows = slice(start, start + size)
            right = np.take(X[:, rows], self.features, axis=0)
            right -= starts
            np.maximum(right, 0.0, out=right)
            yield _Block(rows, np.minimum(right, 1.0, out=right))

    def check(self, n_features: int) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        shape = self.features.shape
        if len(shape) != 2 or 0 in shape or (shape[0] & (shape[0] + 1)):
            raise ValueError("trees have branches that are not those of whole levels")
        if self.thresholds.shape != shape or self.values.shape != (
            2 * shape[0] + 1,
            shape[1],
        ):
            raise ValueError("trees need a threshold and two values for each branch")
        check_finite(self, thresholds=self.thresholds, values=self.values)
        if (
            self.features.dtype.kind not in "iu"
            or not ((self.features >= 0) & (self.features < n_features)).all()
        ):
            raise ValueError("trees look at features that are not there")
        if not 0 < self.ramp < np.inf:
            raise ValueError("trees have branches without a slope")


def _reached(right: np.ndarray) -> np.ndarray:
    """Return how much of each row comes to each branch, shaped like `right`."""
    come = np.empty_like(right)
    come[0] = 1.0
    for i in range(1, len(right)):
        above = (i - 1) // 2
        way = right[above] if i % 2 == 0 else 1.0 - right[above]
        np.multiply(come[above], way, out=come[i])
    return come
