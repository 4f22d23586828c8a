"""Trees that tell known anomalies from other rows, as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..scoring.parts.soft_trees import SoftTrees

_N_TREES = 12
# Trees have four levels of branches, or, where that is more, a leaf for each four known
# anomalies; the best leaves are then parted first.
_LEVELS, _MOST_LEVELS = 4, 8
_ANOMALIES_A_LEAF, _MOST_LEAVES = 4, 48
_LEAST_ROWS_OF_A_LEAF = 2
# Rows of both kinds, as all rows are, that are added to those of a leaf: what a few
# rows have in common may be chance.
_ROWS_OF_A_DOUBT = 2.0
# A branch is chosen from every second feature, drawn at random, and from so many at
# most: wide tables would take long.
_ONE_FEATURE_OF, _MOST_FEATURES = 2, 100
# Leaves are never sure: log odds of at most this share, or of at least what it lacks.
_LEAST_SHARE = 1e-3
# Half the width of a branch's slope, in deviations of a feature.
_RAMP = 0.1


def grow_trees(
    X: np.ndarray,
    y: np.ndarray,
    weights: np.ndarray,
    rng: np.random.Generator,
) -> SoftTrees:
    """Return extremely randomised trees.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Standardised.
    y : ndarray of shape (n_samples,)
        1 for anomalies, 0 for other rows.
    weights : ndarray of shape (n_samples,)
    rng : numpy.random.Generator
    """
    from sklearn.ensemble import ExtraTreesClassifier

    n_leaves = min(_MOST_LEAVES, int(y.sum()) // _ANOMALIES_A_LEAF)
    is_more = n_leaves > 2**_LEVELS
    forest = ExtraTreesClassifier(
        _N_TREES,
        max_leaf_nodes=n_leaves if is_more else None,
        max_depth=_MOST_LEVELS if is_more else _LEVELS,
        min_samples_leaf=_LEAST_ROWS_OF_A_LEAF,
        max_features=max(1, min(_MOST_FEATURES, X.shape[1] // _ONE_FEATURE_OF)),
        random_state=int(rng.integers(2**31)),
    )
    forest.fit(X, y, weights)
    grown = [tree.tree_ for tree in forest.estimators_]
    depth = max(1, *(tree.max_depth for tree in grown))
    trees = [_arrays(tree, depth) for tree in grown]
    features, thresholds, values = (
        np.stack(of_trees, axis=1) for of_trees in zip(*trees, strict=True)
    )
    return SoftTrees(features, thresholds, values, _RAMP)


def _arrays(tree: Any, depth: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return features, thresholds and log odds of a tree, level by level.

    Below a leaf that lies higher than others both ways lead to what it says.
    """
    of_kinds = tree.value[:, 0, :]
    share = of_kinds[:, 1] / of_kinds.sum(axis=1)
    n_rows = tree.weighted_n_node_samples
    share = (share * n_rows + share[0] * _ROWS_OF_A_DOUBT) / (n_rows + _ROWS_OF_A_DOUBT)
    share = np.clip(share, _LEAST_SHARE, 1 - _LEAST_SHARE)
    n_branches = 2**depth - 1
    node = np.zeros(2 * n_branches + 1, dtype=int)
    for i in range(n_branches):
        own = node[i]
        is_leaf = tree.children_left[own] < 0
        node[2 * i + 1] = own if is_leaf else tree.children_left[own]
        node[2 * i + 2] = own if is_leaf else tree.children_right[own]
    branches = node[:n_branches]
    branching = tree.children_left[branches] >= 0
    features = np.where(branching, tree.feature[branches], 0).astype(np.int32)
    thresholds = np.where(branching, tree.threshold[branches], 0.0)
    return features, thresholds, np.log(share / (1 - share))[node]
