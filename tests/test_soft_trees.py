"""Trees as arrays: what they say, what each feature adds, and what files may hold."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier

from aeanomaly.fitting.trees import grow_trees
from aeanomaly.scoring.parts.soft_trees import SoftTrees

# Two trees of two levels. The first looks at feature 0, then at feature 1; the second
# at feature 2 only, and its leaves on either side say the same.
TREES = SoftTrees(
    features=np.array([[0, 2], [1, 0], [1, 0]]),
    thresholds=np.array([[0.0, 1.0], [-1.0, 0.0], [2.0, 0.0]]),
    values=np.array(
        [[2.5, 1], [1.5, 0], [3.5, 2], [1.0, 0], [2.0, 0], [3.0, 2], [4.0, 2]]
    ),
    ramp=0.1,
)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_row_is_told_by_the_leaves_that_it_comes_to(dtype):
    rows = [[-1, -2, 0], [-1, 0, 0], [1, 0, 0], [1, 3, 0], [1, 3, 2], [-1, -2, 2]]
    # A value at a threshold goes half of either way; 0.05 beyond, three quarters.
    rows += [[0, 0, 0], [0.05, 0, 1], [0.1, 0, 0]]
    said = TREES(np.array(rows, dtype=dtype))
    firsts = np.array([1, 2, 3, 4, 4, 1, 2.5, 2.75, 3])
    seconds = np.array([0, 0, 0, 0, 2, 2, 0, 1, 0])
    np.testing.assert_allclose(said, (firsts + seconds) / 2, atol=1e-5)


def test_what_features_add_is_how_branches_change_what_is_said():
    added = TREES.adds(np.array([[-1.0, -2.0, 2.0], [1.0, 3.0, 0.0], [0.0, 0.0, 1.0]]))
    expected = [[-1.0, -0.5, 1.0], [1.0, 0.5, -1.0], [0.0, 0.0, 0.0]]
    np.testing.assert_allclose(added, np.array(expected) / 2, atol=1e-6)


def test_what_features_add_sums_to_what_is_said_in_blocks_of_any_size():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(3_000, 7)), np.arange(3_000) % 9 == 0
    X[y, 2:4] += 1.5
    trees = grow_trees(X, y.astype(int), np.ones(len(X)), rng)
    said = trees(X)
    roots = trees.values[0].mean()
    np.testing.assert_allclose(trees.adds(X).sum(axis=1) + roots, said, atol=1e-5)
    few = np.concatenate([trees(X[i : i + 7]) for i in range(0, 700, 7)])
    np.testing.assert_array_equal(few, said[:700])


def test_trees_are_those_of_scikit_learn():
    """Far from their thresholds, where nothing is soft."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 4, (500, 5)).astype(float)
    y = ((X[:, 0] > 1) & (X[:, 3] < 2)).astype(int)
    weights = rng.uniform(0.5, 2.0, len(X))
    trees = grow_trees(X, y, weights, np.random.default_rng(5))
    trees = replace(trees, ramp=1e-3)
    seed = int(np.random.default_rng(5).integers(2**31))
    n_leaves = y.sum() // 4
    assert 16 < n_leaves < 48
    forest = ExtraTreesClassifier(
        12,
        max_leaf_nodes=n_leaves,
        max_depth=8,
        min_samples_leaf=2,
        max_features=2,
        random_state=seed,
    ).fit(X, y, weights)
    usual_share = np.average(y, weights=weights)
    said = []
    for leaf in forest.apply(X).T:
        abnormal, all_ = (np.bincount(leaf, w)[leaf] for w in (weights * y, weights))
        share = (abnormal + 2 * usual_share) / (all_ + 2)
        share = np.clip(share, 0.001, 0.999)
        said.append(np.log(share / (1 - share)))
    np.testing.assert_allclose(trees(X), np.mean(said, axis=0), atol=1e-5)


@pytest.mark.parametrize("n_anomalies", [1, 67, 68, 100, 192, 400])
def test_many_anomalies_make_more_leaves(n_anomalies):
    X = np.random.default_rng(0).normal(size=(1_000, 3))
    y = (np.arange(1_000) < n_anomalies).astype(int)
    trees = grow_trees(X, y, np.ones(1_000), np.random.default_rng(0))
    n_leaves = max(16, min(n_anomalies // 4, 48))
    # Four levels, or as many leaves as said, on eight levels at most.
    n_levels = np.log2(trees.n_branches + 1)
    assert n_levels == 4 if n_anomalies < 68 else 4 < n_levels <= 8
    n_branches = len(trees.branches.features)
    assert n_branches <= 12 * (n_leaves - 1)
    if n_anomalies >= 68:
        assert n_branches > 6 * (n_leaves - 1)


def test_trees_whose_branches_change_nothing_say_one_thing():
    X = np.random.default_rng(0).normal(size=(4, 3))
    trees = replace(TREES, values=np.full((7, 2), 1.5))
    np.testing.assert_array_equal(trees(X), 1.5)
    np.testing.assert_array_equal(trees.adds(X), 0.0)


def test_no_small_step_moves_what_is_said_by_much():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(500, 3)), np.arange(500) % 5 == 0
    trees = grow_trees(X, y.astype(int), np.ones(len(X)), rng)
    steps = np.linspace(-3, 3, 60_001)
    moved = trees(np.column_stack([steps, np.zeros((len(steps), 2))]))
    # A ten thousandth of a deviation; all leaves differ by less than 14.
    assert np.abs(np.diff(moved)).max() < 14 * 1e-4 / 0.1 + 1e-4


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"features": np.zeros((2, 2), dtype=int)}, "those of whole levels"),
        ({"features": np.zeros((0, 2), dtype=int)}, "those of whole levels"),
        ({"features": np.full((3, 2), 3)}, "features that are not there"),
        ({"features": np.full((3, 2), -1)}, "features that are not there"),
        ({"features": np.zeros((3, 2))}, "features that are not there"),
        ({"thresholds": np.zeros((3, 1))}, "a threshold and two values"),
        ({"thresholds": np.full((3, 2), np.nan)}, "not finite numbers"),
        ({"values": np.zeros((6, 2))}, "a threshold and two values"),
        ({"values": np.full((7, 2), np.inf)}, "not finite numbers"),
        ({"ramp": 0.0}, "branches without a slope"),
        ({"ramp": np.inf}, "branches without a slope"),
    ],
    ids=str,
)
def test_trees_that_cannot_be_are_refused(changes, words):
    TREES.check(3)
    with pytest.raises(ValueError, match=words):
        replace(TREES, **changes).check(3)
