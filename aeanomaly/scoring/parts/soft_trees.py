"""Decision trees as arrays, whose branches are soft."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from .base import check_finite

# Of branches of a block of rows: as many as stay in the cache.
_BLOCK_CELLS = 200_000


class Level(NamedTuple):
    """Branches of one level of all trees that change what is said.

    Parameters
    ----------
    branches : slice
        Where they are among all branches that do.
    said : ndarray of shape (2 * n_branches,)
        What their left children say, then what their right ones say, as leaves.
    deeper : ndarray of shape (n_deeper,), int
        Which of these children are branches, those of the next level.
    """

    branches: slice
    said: np.ndarray
    deeper: np.ndarray


class _Branches(NamedTuple):
    """Branches that change what is said, level by level.

    Parameters
    ----------
    features, thresholds : ndarray of shape (n_branches,)
    left, more : ndarray of shape (n_branches,)
        What going left changes, and what going right changes beyond that.
    levels : list of Level
        From the roots.
    always : float
        Sum of what trees without such a branch say.
    """

    features: np.ndarray
    thresholds: np.ndarray
    left: np.ndarray
    more: np.ndarray
    levels: list[Level]
    always: float


class _Block(NamedTuple):
    """Some rows, and how far each goes right at each branch.

    Parameters
    ----------
    rows : slice
    right : ndarray of shape (n_branches, n_rows)
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

    @cached_property
    def branches(self) -> _Branches:
        """The branches that change what is said; below a leaf, none does."""
        value, counts = self.values, self._change_what_is_said()
        node, tree = np.nonzero(counts)
        # Row by row, thus level by level.
        place = np.full(counts.shape, -1)
        place[counts] = np.arange(len(node))
        depth = np.log2(node + 1).astype(int)
        levels = []
        for level in range(depth.max(initial=-1) + 1):
            own, next_ = depth == level, np.flatnonzero(depth == level + 1)
            first = int(np.flatnonzero(own)[0])
            n_own = int(own.sum())
            parents = place[(node[next_] - 1) // 2, tree[next_]] - first
            children = 2 * node[own] + np.array([[1], [2]])
            said = value[children, tree[own]].ravel()
            is_right = node[next_] % 2 == 0
            deeper = parents + n_own * is_right
            levels.append(Level(slice(first, first + n_own), said, deeper))
        left = value[2 * node + 1, tree]
        return _Branches(
            self.features[counts],
            self.thresholds[counts],
            left - value[node, tree],
            value[2 * node + 2, tree] - left,
            levels,
            float(value[0, ~counts[0]].sum()),
        )

    def _change_what_is_said(self) -> np.ndarray:
        """Return which branches have nodes below that say something else."""
        change = np.zeros(self.values.shape, dtype=bool)
        n_level = (self.n_branches + 1) // 2
        while n_level:
            own, below = (slice(k - 1, 2 * k - 1) for k in (n_level, 2 * n_level))
            pairs = (n_level, 2, -1)
            differ = self.values[below].reshape(pairs) != self.values[own, None]
            change[own] = (differ | change[below].reshape(pairs)).any(axis=1)
            n_level //= 2
        return change[: self.n_branches]

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """Return what the trees say of rows of features, (n_samples,)."""
        n_trees = self.features.shape[1]
        said = np.empty(len(X))
        for rows, right in self._blocks(X):
            said[rows] = self._sum(right) / n_trees
        return said

    def _sum(self, right: np.ndarray) -> np.ndarray | float:
        """Return the sum of what trees say, from the deepest branches to the roots."""
        below = None
        for branches, leaves, deeper in reversed(self.branches.levels):
            children = leaves.astype(right.dtype)[:, None]
            if below is not None:
                children = np.repeat(children, right.shape[1], axis=1)
                children[deeper] = below
            left, more = np.split(children, 2)
            below = (more - left) * right[branches]
            below += left
        always = self.branches.always
        return always if below is None else always + below.sum(axis=0)

    def adds(self, X: np.ndarray) -> np.ndarray:
        """Return what each feature adds, (n_samples, n_features).

        A branch adds by how much a row's way through it changes what is said of its
        rows. Together that is what the trees say, less what their roots say of all
        rows (A. Palczewska et al., "Interpreting random forest models using a feature
        contribution method", IEEE IRI 2013).
        """
        features, _, left, more, levels, _ = self.branches
        added = np.zeros(X.shape)
        which, order = np.unique(features, return_inverse=True)
        one_hot = np.zeros((len(order), len(which)))
        one_hot[np.arange(len(order)), order] = 1.0 / self.features.shape[1]
        for rows, right in self._blocks(X):
            by_branch = _reached(right, levels)
            by_branch *= left[:, None] + more[:, None] * right
            added[rows, which] = by_branch.T @ one_hot
        return added

    def _blocks(self, X: np.ndarray) -> Iterator[_Block]:
        dtype, slope = X.dtype, 0.5 / self.ramp
        features, thresholds, *_ = self.branches
        starts = (slope * thresholds - 0.5).astype(dtype)[:, None]
        which, order = np.unique(features, return_inverse=True)
        by_feature = np.multiply(X[:, which].T, dtype.type(slope), order="C")
        size = max(1, _BLOCK_CELLS // max(1, len(features)))
        for start in range(0, len(X), size):
            rows = slice(start, start + size)
            right = np.take(by_feature[:, rows], order, axis=0)
            right -= starts
            yield _Block(rows, np.clip(right, 0.0, 1.0, out=right))

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


def _reached(right: np.ndarray, levels: list[Level]) -> np.ndarray:
    """Return how much of each row comes to each branch, shaped like `right`."""
    come = np.ones_like(right)
    for level, below in pairwise(levels):
        own = level.branches
        ways = np.concatenate([1.0 - right[own], right[own]])
        ways *= np.concatenate([come[own], come[own]])
        come[below.branches] = ways[level.deeper]
    return come
