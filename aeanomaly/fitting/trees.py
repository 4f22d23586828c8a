"""Trees that tell known anomalies from other rows, as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..scoring.parts.soft_trees import SoftTrees

_N_TREES = 12
# Levels of branches, and how many anomalies make it one more.
_DEPTH, _MANY = 4, 50
_LEAST_ROWS_OF_A_LEAF = 2
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

    depth = _DEPTH + int(y.sum() >= _MANY)
    forest = ExtraTreesClassifier(
        _N_TREES,
        max_depth=depth,
        min_samples_leaf=_LEAST_ROWS_OF_A_LEAF,
        max_features=max(1, min(_MOST_FEATURES, X.shape[1] // _ONE_FEATURE_OF)),
        random_state=int(rng.integers(2**31)),
    )
    forest.fit(X, y, weights)
    trees = [_arrays(tree.tree_, depth) for tree in forest.estimators_]
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
