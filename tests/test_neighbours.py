"""Tests of the parts that keep training rows: distances by brute force."""

import pickle

import numpy as np
import pytest
import scipy.linalg
from numpy.testing import assert_allclose, assert_array_equal
from small_rows import MIXED, evaluation, innermost_by_hand, numbers, part_rows

from aeanomaly.scoring.parts import Neighbourhood, Surroundings
from aeanomaly.scoring.parts.references import (
    Factors,
    iter_squared_distances,
    iter_turned,
)
from aeanomaly.scoring.parts.surroundings import (
    interleaved,
    least_of_blocks,
    place_in_blocks,
)

# So near that only copies give way.
TINY = 1e-12


def two_nearest(joint, known):
    """Squared distances of rows to the nearest and the second nearest known row."""
    squared = ((joint[:, None] - known) ** 2).sum(axis=2)
    return np.sort(squared, axis=1)[:, :2].T


def log_distance_by_hand(first, second, near):
    share = np.minimum(1, first / near)
    logs = share * np.log(first + near) + (1 - share) * np.log(second + near)
    return logs / 2


# --- Neighbourhood ---


@pytest.fixture
def training():
    """Eleven rows of three columns, the third one restored all but exactly."""
    return np.random.default_rng(0).standard_normal((11, 3))


def two_members(Z):
    """What two crooked networks say, so that rows differ in their residuals."""
    Z = np.asarray(Z, dtype=float)
    crooked = np.stack([np.tanh(Z), Z + 0.3 * Z[:, [1, 0, 2]] ** 2])
    crooked[..., 2] = Z[:, 2] + 1e-3 * np.sin(9 * Z[:, 0])
    return evaluation(Z, *crooked)


def mean_residual(Z):
    return two_members(Z).output.mean(axis=0) - Z


def whitening_by_hand(residual):
    """Half the inverse root of the covariance of the innermost nine tenths."""
    scale = np.sqrt((residual**2).mean(axis=0)) + 0.01
    _, covariance = innermost_by_hand(
        residual / scale, np.ones(len(residual)), support=0.9, shrinkage=0.1
    )
    return 0.5 * np.diag(1 / scale) @ np.linalg.inv(scipy.linalg.sqrtm(covariance))


def fit_neighbourhood(training, **chosen):
    rows = part_rows(training, numbers(3), evaluate=two_members, **chosen)
    return Neighbourhood.fit(rows)


def test_residuals_are_whitened_over_the_innermost_nine_tenths_and_halved(training):
    part = fit_neighbourhood(training)
    expected = whitening_by_hand(mean_residual(training))
    assert_allclose(part.whitening, expected, rtol=1e-4, atol=1e-6)


def test_the_distance_is_that_of_the_row_and_of_half_its_whitened_residual(training):
    rows = np.random.default_rng(1).standard_normal((5, 3))
    part = fit_neighbourhood(training)
    statistic = part.statistic(two_members(rows), numbers(3))
    whitening = whitening_by_hand(mean_residual(training))
    joint, known = (
        np.hstack([Z, mean_residual(Z) @ whitening]) for Z in (rows, training)
    )
    by_hand = log_distance_by_hand(*two_nearest(joint, known), part.near_squared)
    assert_allclose(statistic, by_hand, rtol=1e-4)


def test_near_is_a_quarter_of_the_median_distance_to_the_next_reference(training):
    part = fit_neighbourhood(training)
    whitening = whitening_by_hand(mean_residual(training))
    known = np.hstack([training, mean_residual(training) @ whitening])
    _, next_one = two_nearest(known, known)
    assert_allclose(part.near_squared, np.median(next_one) / 16, rtol=1e-3)
    close = fit_neighbourhood(training * 1e-3)
    assert_allclose(close.near_squared, 0.02**2)


def test_only_the_references_are_kept_and_only_they_are_whitened(training):
    chosen = [7, 1, 10, 4, 2, 8]
    part = fit_neighbourhood(training, references=chosen)
    alone = fit_neighbourhood(training[chosen])
    assert_array_equal(part.references, alone.references)
    assert_array_equal(part.whitening, alone.whitening)
    assert_allclose(part.references[:, :3], training[chosen], rtol=1e-6)


# Four rows of two numbers, restored exactly: the distance is that of the rows.
CORNERS = np.array([[0, 0], [0, 3], [4, 0], [4, 3]])


def corners(near=TINY):
    joint = np.hstack([CORNERS, np.zeros((4, 2))]).astype(np.float32)
    return Neighbourhood(joint, 0.5 * np.eye(2), near)


def test_a_rows_exact_copy_is_not_its_neighbour():
    said = evaluation([[0.0, 0.0], [0.0, 0.5]])
    statistic = corners().statistic(said, numbers(2))
    assert_allclose(statistic, np.log([3.0, 0.5]))


def test_a_near_reference_gives_way_to_the_next_the_more_the_nearer_it_is():
    rows = [[0.0, d] for d in (0.0, 1e-6, 0.2, 0.5, 0.8, 1.0, 1.2)]
    statistic = corners(near=1.0).statistic(evaluation(rows), numbers(2))
    d = np.array(rows)[:, 1]
    by_hand = log_distance_by_hand(d**2, (3 - d) ** 2, 1.0)
    assert_allclose(statistic, by_hand, rtol=1e-6)
    assert statistic[0] == pytest.approx(np.log(10.0) / 2)
    assert statistic[4] < statistic[0]


def test_the_residual_counts_as_the_whitening_says_mean_over_the_members():
    said = evaluation([[0.0, 2.0]], [[4.0, 2.0]], [[0.0, 2.0]])
    statistic = corners().statistic(said, numbers(2))
    # One column away in the row itself, a residual of 2 in the other, halved.
    assert_allclose(statistic, 0.5 * np.log(1.0**2 + 1.0**2))


def test_a_single_reference_is_the_neighbour_of_its_own_copy():
    part = Neighbourhood(np.zeros((1, 4), np.float32), 0.5 * np.eye(2), 0.25)
    statistic = part.statistic(evaluation([[0.0, 0.0]]), numbers(2))
    assert_allclose(statistic, np.log(0.5))


def test_small_distances_between_large_numbers_keep_their_digits():
    part = Neighbourhood(np.array([[100.0, 0.0]], np.float32), np.eye(1), TINY)
    row = np.array([[100.01]], dtype=np.float32)
    said = evaluation(row)._replace(Z=row, output=row[None])
    assert_allclose(part.statistic(said, numbers(1)), np.log(0.01), rtol=1e-3)


def test_neighbourhood_cells_are_squared_differences_of_row_and_residual():
    said = evaluation([[0.0, 0.5], [5.0, 3.0]], [[4.0, 0.5], [5.0, 0.0]])
    cells = corners().cells(said, numbers(2))
    assert_allclose(cells, [[(0.5 * 4) ** 2, 0.25], [1.0, (0.5 * 3) ** 2]])


def test_neighbourhood_cells_pass_from_a_near_reference_to_the_next():
    said = evaluation([[1.0, 0.0], [0.0, 0.0]])
    cells = corners(near=4.0).cells(said, numbers(2))
    # A quarter of the way from the copy's neighbour, (0, 3), to the copy.
    assert_allclose(cells, [[0.25 * 1 + 0.75 * 9, 0.0], [0.0, 9.0]])


def test_neighbourhood_cells_of_several_encoded_columns_are_summed_to_the_tables():
    known = np.zeros((1, 12), dtype=np.float32)
    part = Neighbourhood(known, np.eye(6), TINY)
    row = [[1.0, 2.0, 0.5, 1.0, 0.0, 0.0]]
    residual = np.array([[1.0, 1.0, 0.0, 0.0, 0.5, 0.0]])
    cells = part.cells(evaluation(row, row + residual), MIXED)
    assert_allclose(cells, [[1 + 1, 4 + 0.25 + 1, 1 + 0.25, 0, 0]])


# --- Surroundings ---

# Three blocks of two rows, and one that is left over.
ON_A_LINE = np.array([1, 8, 16, 2, 32, 4, 64.0])[:, None]
BLOCKS = ON_A_LINE[:6, 0].reshape(3, 2)


def surroundings(near=TINY):
    return Surroundings(ON_A_LINE.astype(np.float32), 2, near)


def test_surroundings_are_the_mean_log_distance_to_the_nearest_of_each_block():
    rows = [[3.5], [-5.0], [100.0]]
    statistic = surroundings().statistic(evaluation(rows), numbers(1))
    by_hand = [np.log(np.abs(row - BLOCKS).min(axis=1)).mean() for row in rows]
    assert_allclose(statistic, by_hand)


def test_a_rows_exact_copy_is_not_the_nearest_of_its_block():
    statistic = surroundings().statistic(evaluation(ON_A_LINE), numbers(1))
    own = ON_A_LINE[:, :, None] == BLOCKS
    distances = np.where(own, np.inf, np.abs(ON_A_LINE[:, :, None] - BLOCKS))
    assert_allclose(statistic, np.log(distances.min(axis=2)).mean(axis=1))


def test_near_ones_of_a_block_give_way_to_its_next():
    rows = np.array([[1.5], [7.9], [16.0]])
    statistic = surroundings(near=4.0).statistic(evaluation(rows), numbers(1))
    squared = np.sort((rows[:, :, None] - BLOCKS) ** 2, axis=2)
    by_hand = log_distance_by_hand(squared[..., 0], squared[..., 1], 4.0)
    assert_allclose(statistic, by_hand.mean(axis=1))


def test_a_block_that_holds_nothing_but_a_rows_copy_leaves_the_distance_finite():
    part = Surroundings(np.ones((1, 1), np.float32), 1, 0.25)
    assert_allclose(part.statistic(evaluation([[1.0]]), numbers(1)), np.log(0.5))
    assert_allclose(part.cells(evaluation([[1.0]]), numbers(1)), 0.0)


def test_surroundings_cells_are_mean_shares_of_the_squared_distances():
    known = np.array([[0, 0], [3, 1], [0, 2], [5, 5]])
    part = Surroundings(known.astype(np.float32), 2, TINY)
    row = np.array([1.0, 0.5])
    cells = part.cells(evaluation([row]), numbers(2))
    squared = (row - known.reshape(2, 2, 2)) ** 2
    nearest = [block[block.sum(axis=1).argmin()] for block in squared]
    shares = [differences / differences.sum() for differences in nearest]
    assert_allclose(cells, [np.mean(shares, axis=0)], rtol=1e-5)


def test_surroundings_cells_leave_out_a_rows_copy():
    known = np.array([[0, 0], [3, 1]])
    part = Surroundings(known.astype(np.float32), 2, TINY)
    cells = part.cells(evaluation([[0.0, 0.0]]), numbers(2))
    assert_allclose(cells, [[0.9, 0.1]], rtol=1e-5)


def test_surroundings_cells_pass_from_a_near_reference_to_the_next():
    known = np.array([[0, 0], [3, 1]])
    part = Surroundings(known.astype(np.float32), 2, 1.0)
    cells = part.cells(evaluation([[0.0, 0.5]]), numbers(2))
    # The nearer counts a quarter; of the other one's distance 36 of 37 parts.
    by_hand = 0.25 * np.array([0, 1]) + 0.75 * np.array([36, 1]) / 37
    assert_allclose(cells, [by_hand], rtol=1e-5)


@pytest.mark.parametrize(
    ("n_references", "block_size"), [(5, 5), (63, 63), (64, 32), (95, 47), (96, 32)]
)
def test_blocks_are_as_many_as_there_are_whole_ones_of_32(n_references, block_size):
    Z = np.arange(100.0)[:, None]
    rows = part_rows(Z, numbers(1), references=np.arange(n_references))
    part = Surroundings.fit(rows)
    assert part.block_size == block_size
    assert_array_equal(part.references, Z[:n_references])
    # Neighbours are one apart.
    assert part.near_squared == 1 / 16


# --- References ---


def test_distances_are_computed_for_256_rows_at_a_time():
    rows = np.arange(600.0)[:, None]
    known = np.array([[0.0], [10.0]], dtype=np.float32)
    blocks = [(b, d.copy()) for b, d in iter_squared_distances(rows, known)]
    assert [len(distances) for _, distances in blocks] == [256, 256, 88]
    together = np.concatenate([distances for _, distances in blocks])
    assert_allclose(together, (rows - known[:, 0]) ** 2, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("n_references", "size"), [(1, 1), (7, 7), (100, 33)])
def test_the_least_of_each_block_and_its_place_are_found_in_turned_distances(
    n_references, size, dtype
):
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((300, 4)).astype(dtype)
    known = rng.standard_normal((n_references, 4)).astype(np.float32)
    order = interleaved(n_references, size)
    for block, turned in iter_turned(rows, Factors(known[order])):
        straight = (np.square(rows[block][:, None] - known).sum(axis=2)).T
        straight -= np.square(rows[block]).sum(axis=1)
        n_blocks = n_references // size
        blocks = straight[: n_blocks * size].reshape(n_blocks, size, -1)
        assert_allclose(least_of_blocks(turned, size), blocks.min(axis=1), atol=1e-4)
        assert_array_equal(place_in_blocks(turned, size), blocks.argmin(axis=1))


@pytest.mark.parametrize("part", [corners(), surroundings()])
def test_what_a_part_keeps_for_the_next_block_is_no_part_of_its_state(part):
    before = pickle.dumps(part)
    n_columns = 2 if isinstance(part, Neighbourhood) else 1
    said = evaluation(np.zeros((3, n_columns)))
    part.statistic(said, numbers(n_columns))
    assert pickle.dumps(part) == before
    again = pickle.loads(before).statistic(said, numbers(n_columns))
    assert_array_equal(again, part.statistic(said, numbers(n_columns)))
