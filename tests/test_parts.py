"""Tests of the parts' numbers: statistic and cells of a few rows, by hand."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from small_rows import (
    MIXED,
    category,
    evaluation,
    innermost_by_hand,
    numbers,
    part_rows,
)

from aeanomaly.fitting.encoding import fit_encoding
from aeanomaly.scoring.encoding.columns import (
    ColumnOptions,
    DatetimeColumn,
    NumericColumn,
)
from aeanomaly.scoring.encoding.table import TableEncoding
from aeanomaly.scoring.parts import Covariance, Marginal, Relation, Residual
from aeanomaly.scoring.parts.innermost import innermost_moments
from aeanomaly.scoring.parts.protocol_2 import ColumnwiseCovariance

# --- Residual ---

LOG_2, LOG_5 = np.log([2.0, 5.0])
# An ordinary row; one whose age is missing; one of a size that training never showed.
ROWS = [
    [1.0, 2.0, -0.25, 0.0, 1.0, 0.0],
    [0.0, 0.0, 0.75, 1.0, 0.0, 0.0],
    [3.0, 1.0, -0.25, 0.0, 0.0, 0.0],
]
FIRST_MEMBER = [
    [1.5, 1.0, -0.25, 0.2, 0.5, 0.3],
    [1.0, 4.0, 0.25, 0.1, 0.1, 0.8],
    [3.0, 1.0, -0.25, 0.2, 0.2, 0.6],
]
SECOND_MEMBER = [
    [0.0, 2.0, 0.75, 0.25, 0.25, 0.5],
    [-2.0, 1.0, 0.75, 0.4, 0.4, 0.2],
    [5.0, 1.0, 0.75, 0.3, 0.3, 0.4],
]
NOVELTY = np.array([[0, 0, 0, 0, 0], [0, 0, 0, 3.0, 0], [0, 0, 2.0, 0, 0]])
# Of amount, age, whether age is missing, and size.
WEIGHTS = np.array([2.0, 3.0, 5.0, 7.0], dtype=np.float32)


def test_residual_cells_are_weighted_errors_and_novelty_over_the_number_of_columns():
    said = evaluation(ROWS, FIRST_MEMBER, SECOND_MEMBER, novelty=NOVELTY)
    cells = Residual(WEIGHTS).cells(said, MIXED)
    by_hand = [
        [2 * 0.625, 3 * 0.5 + 5 * 0.5, 7 * 1.5 * LOG_2, 0.0, 0.0],
        [2 * 2.5, 0.0 + 5 * 0.125, 7 * LOG_5, 3.0, 0.0],
        [2 * 2.0, 0.0 + 5 * 0.5, 2.0, 0.0, 0.0],
    ]
    assert_allclose(cells, np.divide(by_hand, 5))


def test_the_residual_is_the_sum_of_its_cells():
    said = evaluation(ROWS, FIRST_MEMBER, SECOND_MEMBER, novelty=NOVELTY)
    residual = Residual(WEIGHTS)
    statistic = residual.statistic(said, MIXED)
    assert_allclose(statistic, residual.cells(said, MIXED).sum(axis=1))
    assert_allclose(statistic[0], (1.25 + 4.0 + 10.5 * LOG_2) / 5)


def test_a_network_that_is_certain_and_wrong_gives_a_finite_residual():
    encoding = TableEncoding((category("size", "L", "S"),), named=True)
    said = evaluation([[1.0, 0.0]], [[0.0, 1.0]])
    (surprise,) = Residual(np.ones(1)).statistic(said, encoding)
    assert_allclose(surprise, 126 * LOG_2)  # the least normal float32 is 2 ** -126


def test_a_residual_among_other_parts_weighs_all_units_alike():
    residual = Residual.fit(part_rows(ROWS, MIXED))
    assert_array_equal(residual.weights, np.ones(4))


# --- Marginal ---

# Nine rows have ceil(1.5 * sqrt(9)) = 5 bins, here of width 2 and of 3, 2, 1, 0 and 3
# of the rows; sizes have 5, 3 and 1.
AMOUNTS = np.array([0.0, 0.5, 1.9, 2.0, 2.5, 5.0, 9.0, 9.5, 10.0])[:, None]
SIZES = np.eye(3)[[0, 0, 0, 0, 0, 1, 1, 1, 2]]


def amounts_marginal(weights=None):
    return Marginal.fit(part_rows(AMOUNTS, numbers(1), weights=weights))


def rarity(share, n_equal):
    """Minus the log of a share, relative to that of equally frequent ones."""
    return -np.log(np.multiply(share, n_equal))


def test_a_bin_is_as_surprising_as_it_is_rare_counted_by_laplace():
    said = evaluation([[1.0], [3.0], [5.0], [7.0], [9.0]])
    statistic = amounts_marginal().statistic(said, numbers(1))
    assert_allclose(statistic, rarity(np.array([4, 3, 2, 1, 4]) / 14, 5), rtol=1e-6)


def test_rows_count_by_their_weight_in_bins():
    weights = [2, 1, 1, 1, 1, 1, 1, 1, 4]
    said = evaluation([[1.0], [3.0], [5.0], [7.0], [9.0]])
    statistic = amounts_marginal(weights).statistic(said, numbers(1))
    assert_allclose(statistic, rarity(np.array([5, 3, 2, 1, 7]) / 18, 5), rtol=1e-6)


def test_a_value_outside_the_range_is_as_rare_as_the_last_bin_and_its_distance():
    said = evaluation([[14.0], [-1.0]])
    statistic = amounts_marginal().statistic(said, numbers(1))
    # Two bins and half a bin away.
    assert_allclose(statistic, rarity(4 / 14, 5) + np.log([3.0, 1.5]), rtol=1e-6)


def test_the_surprise_passes_to_the_next_bin_just_below_the_edge():
    # Bins are 2 wide: the ramp goes from 0.04 to 0.01 of a bin below the edge.
    said = evaluation([[1.919], [1.95], [1.981], [1.999]])
    statistic = amounts_marginal().statistic(said, numbers(1))
    here, above = rarity(np.array([4, 3]) / 14, 5)
    assert_allclose(statistic, [here, (here + above) / 2, above, above], rtol=1e-6)


def test_a_row_as_if_unseen_on_a_ramp_is_taken_out_of_its_own_bin_only():
    statistic = amounts_marginal().unseen_statistic(evaluation([[1.95]]), numbers(1))
    by_hand = (rarity(3 / 13, 5) + rarity(3 / 14, 5)) / 2
    assert_allclose(statistic, by_hand, rtol=1e-6)


def test_a_row_as_if_unseen_is_taken_out_of_its_own_bin():
    rows = evaluation([[1.0], [3.0], [5.0], [9.0]])
    statistic = amounts_marginal().unseen_statistic(rows, numbers(1))
    assert_allclose(statistic, rarity(np.array([3, 2, 1, 3]) / 13, 5), rtol=1e-6)


def sizes_marginal(weights=None):
    encoding = TableEncoding((category("size", "L", "M", "S"),), named=True)
    return Marginal.fit(part_rows(SIZES, encoding, weights=weights)), encoding


def test_a_level_is_as_surprising_as_it_is_rare_counted_by_laplace():
    marginal, encoding = sizes_marginal()
    statistic = marginal.statistic(evaluation(np.eye(3)), encoding)
    assert_allclose(statistic, rarity(np.array([6, 4, 2]) / 12, 3))


def test_rows_count_by_their_weight_in_levels():
    marginal, encoding = sizes_marginal([1, 1, 1, 1, 1, 1, 1, 1, 6])
    statistic = marginal.statistic(evaluation(np.eye(3)), encoding)
    assert_allclose(statistic, rarity(np.array([6, 4, 7]) / 17, 3))


def test_a_row_as_if_unseen_is_taken_out_of_its_own_level():
    marginal, encoding = sizes_marginal()
    statistic = marginal.unseen_statistic(evaluation(np.eye(3)), encoding)
    # Out of its own level alone: eight rows are left, five, three and one of them
    # with the one that Laplace adds.
    assert_allclose(statistic, rarity(np.array([5, 3, 1]) / 11, 3))


def test_the_marginal_is_the_mean_over_numbers_and_categories_with_their_novelty():
    encoding = TableEncoding(
        (NumericColumn("amount", 0.0, 1.0), category("size", "L", "M", "S")), named=True
    )
    marginal = Marginal.fit(part_rows(np.hstack([AMOUNTS, SIZES]), encoding))
    said = evaluation(
        [[5.0, 0, 1, 0], [5.0, 0, 0, 0]], novelty=np.array([[0.0, 0.0], [0.5, 2.5]])
    )
    amount, size = rarity(2 / 14, 5), rarity(4 / 12, 3)
    statistic = marginal.statistic(said, encoding)
    assert_allclose(statistic, [(amount + size) / 2, (amount + 3.0) / 2], rtol=1e-6)


def test_marginal_cells_are_what_a_value_is_rarer_than_the_most_frequent_one():
    encoding = TableEncoding(
        (category("size", "L", "M", "S"), NumericColumn("amount", 0.0, 1.0)), named=True
    )
    marginal = Marginal.fit(part_rows(np.hstack([AMOUNTS, SIZES]), encoding))
    said = evaluation(
        [[5.0, 0, 0, 1], [0.5, 1, 0, 0], [14.0, 0, 0, 0]],
        novelty=np.array([[0.0, 0.0], [0.0, 0.0], [2.5, 0.5]]),
    )
    by_hand = [
        [np.log(6 / 2), np.log(4 / 2)],
        [0.0, 0.0],
        # A level never seen is as rare as equally frequent ones, and its novelty.
        [np.log(6 / 4) + 2.5, np.log(3.0) + 0.5],
    ]
    assert_allclose(marginal.cells(said, encoding), by_hand, rtol=1e-6)


def test_marginal_cells_of_several_encoded_columns_are_summed_to_the_tables():
    times = DatetimeColumn("when", 0.0, 1.0, 0.0, 1.0, cycles=("hour",))
    encoding = TableEncoding((times,), named=True)
    marginal = Marginal.fit(part_rows(np.repeat(AMOUNTS, 3, axis=1), encoding))
    cells = marginal.cells(evaluation([[5.0, 3.0, 9.0]]), encoding)
    assert_allclose(cells, [[np.log(4 / 2) + np.log(4 / 3)]], rtol=1e-6)


def test_pseudo_count_and_what_is_above_an_edge_are_those_of_the_marginal():
    encoding = TableEncoding(
        (NumericColumn("amount", 0.0, 1.0), category("size", "L", "M", "S")), named=True
    )
    fitted = Marginal.fit(part_rows(np.hstack([AMOUNTS, SIZES]), encoding))
    marginal = replace(fitted, pseudo_count=3.0, above_edge=0.25)
    said = evaluation([[1.6, 1, 0, 0], [1.4, 1, 0, 0]])
    size = rarity(8 / 18, 3)
    by_hand = [(rarity(5 / 24, 5) + size) / 2, (rarity(6 / 24, 5) + size) / 2]
    assert_allclose(marginal.statistic(said, encoding), by_hand, rtol=1e-6)


@pytest.mark.parametrize(
    ("n_rows", "n_bins"), [(4, 3), (9, 5), (36, 9), (400, 30), (600, 37), (2_000, 40)]
)
def test_bins_are_one_and_a_half_for_each_root_of_a_row_and_at_most_forty(
    n_rows, n_bins
):
    Z = np.arange(float(n_rows))[:, None]
    assert Marginal.fit(part_rows(Z, numbers(1))).n_bins == n_bins


def test_a_column_whose_rows_are_all_alike_has_bins_of_one_deviation():
    marginal = Marginal.fit(part_rows(np.full((9, 1), 4.0), numbers(1)))
    statistic = marginal.statistic(evaluation([[4.0], [6.0], [10.0]]), numbers(1))
    by_hand = rarity(np.array([10, 1, 1]) / 14, 5) + [0.0, 0.0, np.log(2.0)]
    assert_allclose(statistic, by_hand, rtol=1e-6)


def test_whole_numbers_on_the_edges_of_bins_fall_in_one_bin_in_either_precision():
    X = np.repeat(np.arange(17.0), 6)[:, None]  # 102 rows, 16 bins
    encoding = fit_encoding(X, np.ones(102), ColumnOptions())
    Z = encoding.encode(X).Z
    marginal = Marginal.of_rows(Z, np.ones(102), encoding)
    assert marginal.n_bins == 16
    within = slice(6, -6)  # beyond the range a value is more abnormal
    for factor in (1 - 1e-6, 1 + 1e-6):
        assert_array_equal(
            marginal.unit_surprise(Z[within] * np.float32(factor), encoding),
            marginal.unit_surprise(Z[within], encoding),
        )


# --- Covariance ---


@pytest.fixture
def scattered():
    """Ten weighted rows of three columns, two of the rows far out."""
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((10, 3)) @ [[1.0, 0.5, 0.0], [0, 1, 0.5], [0, 0, 1]]
    rows[:2] += [4.0, -5.0, 6.0]
    return rows, rng.integers(1, 6, 10).astype(float)


@pytest.mark.parametrize(("support", "shrinkage"), [(0.5, 0.1), (0.9, 0.1), (0.5, 0.4)])
def test_innermost_moments_are_those_of_concentration_steps(
    scattered, support, shrinkage
):
    X, weights = scattered
    center, covariance = innermost_moments(
        X, weights, support=support, shrinkage=shrinkage
    )
    expected = innermost_by_hand(X, weights, support, shrinkage)
    assert_allclose(center, expected[0])
    assert_allclose(covariance, expected[1])


def test_innermost_moments_take_five_steps():
    rng = np.random.default_rng(3)
    X, weights = rng.standard_t(2, (60, 2)), np.ones(60)
    center, _ = innermost_moments(X, weights, support=0.5, shrinkage=0.1)
    after = [innermost_by_hand(X, weights, 0.5, 0.1, n)[0] for n in range(7)]
    assert [np.allclose(center, other) for other in after] == [n == 5 for n in range(7)]


@pytest.mark.parametrize(
    ("n_columns", "shrinkage"), [(2, 0.4), (3, 0.5)], ids=["by rows", "at most half"]
)
def test_covariance_is_that_of_the_innermost_half_shrunk_by_columns_over_rows(
    scattered, n_columns, shrinkage
):
    Z, weights = scattered[0][:, :n_columns], scattered[1]
    encoding = numbers(n_columns)
    part = Covariance.fit(part_rows(Z, encoding, weights=weights))
    center, covariance = innermost_by_hand(Z, weights, 0.5, shrinkage)
    by_hand = [(z - center) @ np.linalg.solve(covariance, z - center) for z in Z]
    assert_allclose(part.statistic(evaluation(Z), encoding), by_hand, rtol=1e-5)


def test_covariance_is_learnt_from_the_sample_alone(scattered):
    Z, weights = scattered
    sample = [9, 4, 2, 3, 7]
    rows = part_rows(Z, numbers(3), weights=weights, sample=sample)
    part = Covariance.fit(rows)
    alone = Covariance.fit(part_rows(Z[sample], numbers(3), weights=weights[sample]))
    assert_array_equal(part.center, alone.center)
    assert_array_equal(part.precision, alone.precision)


@pytest.mark.parametrize(("n_rows", "is_seen"), [(40, False), (4_000, True)])
def test_covariance_believes_a_narrow_direction_as_far_as_its_rows_show_it(
    n_rows, is_seen
):
    Z = np.random.default_rng(0).standard_normal((n_rows, 3))
    # The third column is the sum of the others but for a hundredth.
    Z[:, 2] = Z[:, 0] + Z[:, 1] + 0.01 * Z[:, 2]
    part = Covariance.fit(part_rows(Z, numbers(3)))
    farthest = part.statistic(evaluation(Z), numbers(3)).max()
    (broken,) = part.statistic(evaluation([[0.5, 0.5, 2.5]]), numbers(3))
    assert (broken > 2 * farthest) == is_seen


CENTER = np.array([1.0, -1.0, 0.2, 0.3, 0.5])
# Of an amount, an age and three levels.
FIVE = TableEncoding(
    (
        NumericColumn("amount", 0.0, 1.0),
        NumericColumn("age", 0.0, 1.0),
        category("size", "L", "M", "S"),
    ),
    named=True,
)
BLOCKS = [[0], [1], [2, 3, 4]]


@pytest.fixture
def spread():
    """A covariance whose columns, and levels of a category, vary together."""
    root = np.random.default_rng(1).standard_normal((5, 5))
    return root @ root.T + 0.1 * np.eye(5)


@pytest.fixture
def five_rows():
    Z = np.random.default_rng(2).standard_normal((4, 5))
    Z[:, 2:] = np.eye(3)[[0, 1, 2, 1]]
    return Z


def conditional_mean(z, block, covariance):
    """The mean of a block of columns, given the others, from the covariance."""
    rest = np.setdiff1d(np.arange(5), block)
    slopes = covariance[np.ix_(block, rest)] @ np.linalg.inv(
        covariance[np.ix_(rest, rest)]
    )
    return CENTER[block] + slopes @ (z[rest] - CENTER[rest])


def test_the_expected_value_is_the_conditional_mean_of_all_levels_together(
    spread, five_rows
):
    part = Covariance(CENTER, np.linalg.inv(spread))
    expected = part.expected(evaluation(five_rows), FIVE)
    by_hand = [
        np.concatenate([conditional_mean(z, block, spread) for block in BLOCKS])
        for z in five_rows
    ]
    assert_allclose(expected, by_hand)


def squared_distance(z, covariance):
    return (z - CENTER) @ np.linalg.solve(covariance, z - CENTER)


def fall_of_the_distance(z, block, covariance):
    """How far it falls if a block takes what the other columns let expect."""
    moved = z.copy()
    moved[block] = conditional_mean(z, block, covariance)
    return squared_distance(z, covariance) - squared_distance(moved, covariance)


def test_covariance_cells_are_how_far_the_distance_falls_at_the_expected_value(
    spread, five_rows
):
    part = Covariance(CENTER, np.linalg.inv(spread))
    by_hand = [
        [fall_of_the_distance(z, block, spread) for block in BLOCKS] for z in five_rows
    ]
    assert_allclose(part.cells(evaluation(five_rows), FIVE), by_hand)


def test_a_covariance_of_protocol_2_lets_each_level_fall_by_itself(spread, five_rows):
    part = ColumnwiseCovariance(CENTER, np.linalg.inv(spread))
    falls = np.array(
        [[fall_of_the_distance(z, [i], spread) for i in range(5)] for z in five_rows]
    )
    by_hand = np.column_stack([falls[:, :2], falls[:, 2:].sum(axis=1)])
    assert_allclose(part.cells(evaluation(five_rows), FIVE), by_hand)


def test_what_moves_an_expected_value_adds_up_to_its_way_from_the_centre(
    spread, five_rows
):
    part = Covariance(CENTER, np.linalg.inv(spread))
    said = evaluation(five_rows)
    expected = part.expected(said, FIVE)
    for column, encoded in ((0, 0), (1, 1), (2, 3)):
        pulls = part.pulls(said, FIVE, np.arange(4), column, np.full(4, encoded))
        assert_allclose(pulls[:, column], 0.0)
        way = expected[:, encoded] - CENTER[encoded]
        assert_allclose(pulls.sum(axis=1), way)


# --- Relation ---

UNITS = np.array([2.0, 0.5, 1.0])


def deviations_by_hand(rows, covariance):
    """Squared deviation of each column from what the others let expect, in units."""
    falls = [[fall_of_the_distance(z, b, covariance) for b in BLOCKS] for z in rows]
    return np.array(falls) / UNITS


def test_a_relation_is_the_root_of_a_mean_of_the_fourth_power(spread, five_rows):
    part = Relation(Covariance(CENTER, np.linalg.inv(spread)), UNITS)
    deviations = deviations_by_hand(five_rows, spread)
    cells = part.cells(evaluation(five_rows), FIVE)
    assert_allclose(cells, deviations**4)
    statistic = part.statistic(evaluation(five_rows), FIVE)
    assert_allclose(statistic, np.mean(deviations**4, axis=1) ** (1 / 8))


def test_a_relation_is_learnt_from_three_quarters_hardly_shrunk(scattered):
    Z, weights = np.tile(scattered[0], (4, 1)), np.tile(scattered[1], 4)
    Z += 0.1 * np.random.default_rng(0).standard_normal(Z.shape)
    part = Relation.fit(part_rows(Z, numbers(3), weights=weights))
    # A thousandth, and the square of 3 columns over 40 rows.
    center, covariance = innermost_by_hand(Z, weights, 0.75, 1e-3 + (3 / 40) ** 2)
    assert_allclose(part.covariance.center, center, rtol=1e-5)
    precision = np.linalg.inv(covariance)
    assert_allclose(part.covariance.precision, precision, rtol=1e-3, atol=1e-4)
    squared = np.square((Z - center) @ precision) / np.diag(precision)
    for column, unit in enumerate(part.units):
        farther = weights[squared[:, column] > unit * 1.001].sum() / weights.sum()
        as_far = weights[squared[:, column] > unit * 0.999].sum() / weights.sum()
        assert farther <= 0.1 <= as_far


def test_columns_that_agree_altogether_have_the_least_unit():
    Z = np.random.default_rng(0).standard_normal((400, 3))
    Z[:, 1] = Z[:, 0]
    part = Relation.fit(part_rows(Z, numbers(3)))
    assert_array_equal(part.units[:2], [0.01, 0.01])
    holds, broken = part.statistic(
        evaluation([[1.0, 1.0, 0.5], [1.0, 1.1, 0.5]]), numbers(3)
    )
    assert broken > 5 * holds


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"units": np.array([1.0, 0.0, 1.0])}, "no positive unit for each column"),
        ({"units": np.ones(2)}, "no positive unit for each column"),
        ({"units": np.array([1.0, np.nan, 1.0])}, "units that are not finite"),
        ({"power": 21.0}, "cannot take a mean of power 21.0"),
        ({"covariance": None}, "has no covariance"),
    ],
)
def test_a_relation_that_no_rows_could_have_is_refused(spread, change, message):
    part = Relation(Covariance(CENTER, np.linalg.inv(spread)), UNITS)
    part.check(FIVE)
    with pytest.raises(ValueError, match=message):
        replace(part, **change).check(FIVE)
