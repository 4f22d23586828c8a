"""Tests of the numbers of each kind of column: what is learnt, and what is encoded."""

import math

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from small_rows import encode_column, fit_column, restore_column

from aeanomaly.fitting.encoding import fit_encoding
from aeanomaly.scoring.encoding.columns import (
    CategoricalColumn,
    ColumnOptions,
    ConstantColumn,
    DatetimeColumn,
    NumericColumn,
    unseen_surprise,
)
from aeanomaly.scoring.encoding.table import TableEncoding, squash, unsquash

# --- Numbers: centre and scale ---


def test_standard_scaling_is_by_weighted_mean_and_deviation():
    column = fit_column(NumericColumn, [0, 1, 3], weights=[1, 2, 1], scaling="standard")
    assert column.center == 1.25
    assert_allclose(column.scale, math.sqrt((1.5625 + 2 * 0.0625 + 3.0625) / 4))


def test_robust_scaling_clips_the_outermost_row_and_a_half_at_either_end():
    values = [1.0, 2, 3, 4, 5, 6, 7, 8, 9, 1_000]
    clipped = [2.0, 2, 3, 4, 5, 6, 7, 8, 9, 9]
    column = fit_column(NumericColumn, values)
    assert column.center == np.mean(clipped)
    assert_allclose(column.scale, np.std(clipped))


def test_robust_scaling_clips_a_thousandth_of_many_rows_at_either_end():
    values = np.arange(1.0, 10_001.0)
    clipped = np.clip(values, 10, 9_990)
    column = fit_column(NumericColumn, values)
    assert_allclose([column.center, column.scale], [clipped.mean(), clipped.std()])


def test_robust_scaling_never_clips_more_than_a_quarter_at_either_end():
    column = fit_column(NumericColumn, [0.0, 1.0, 2.0, 30.0])
    clipped = [0.0, 1.0, 2.0, 2.0]
    assert_allclose([column.center, column.scale], [np.mean(clipped), np.std(clipped)])


def test_rows_of_a_weight_are_clipped_as_so_many_rows():
    values, weights = [0.0, 10, 11, 12, 500], [3, 8, 6, 2, 1]
    column = fit_column(NumericColumn, values, weights=weights)
    repeated = np.clip(np.repeat(values, weights), 0, 12)
    assert_allclose([column.center, column.scale], [repeated.mean(), repeated.std()])


def test_tails_are_estimated_from_the_first_10_000_rows():
    values = np.r_[np.arange(10_000) % 100, [1e6] * 100]
    column = fit_column(NumericColumn, values)
    clipped = np.clip(values, 0, 99)
    assert_allclose([column.center, column.scale], [clipped.mean(), clipped.std()])


def test_a_column_that_varies_in_its_tails_only_is_not_clipped():
    values = [0.0] * 30 + [1.0, -5.0]
    column = fit_column(NumericColumn, values)
    assert_allclose([column.center, column.scale], [np.mean(values), np.std(values)])


def test_numbers_too_small_to_be_squared_are_scaled_as_others():
    column = fit_column(
        NumericColumn, np.array([1.0, 2, 3, 4]) * 1e-200, scaling="standard"
    )
    assert_allclose(column.scale, np.std([1, 2, 3, 4]) * 1e-200)


def test_without_scaling_numbers_are_encoded_as_they_are():
    column = fit_column(NumericColumn, [3.0, 5.0, 10.0], scaling="none")
    assert (column.center, column.scale) == (0.0, 1.0)


def test_two_values_are_centred_by_their_weight_and_apart_by_one():
    column = fit_column(NumericColumn, [3.0, 7.0], weights=[3, 1])
    Z, _ = encode_column(column, [3.0, 7.0])
    assert_allclose(Z[:, 0], [-0.25, 0.75])


def test_two_values_are_scaled_by_their_deviation_on_request():
    column = fit_column(NumericColumn, [3.0, 7.0], weights=[3, 1], scaling="standard")
    assert_allclose([column.center, column.scale], [4.0, math.sqrt(3.0)])


def test_numbers_are_encoded_less_their_centre_over_their_scale():
    Z, novelty = encode_column(NumericColumn("x", 10.0, 4.0), [10.0, 12.0, 2.0])
    assert_allclose(Z, [[0.0], [0.5], [-2.0]])
    assert not novelty.any()


# --- Numbers: missing values ---


def test_a_missing_number_is_the_mean_beside_a_centred_indicator_of_zero_and_one():
    column = fit_column(NumericColumn, [1.0, np.nan, 2, 3, 9], weights=[1, 2, 1, 1, 3])
    assert column.missing_rate == 0.25
    Z, novelty = encode_column(column, [column.center, np.nan])
    assert_allclose(Z, [[0.0, -0.25], [0.0, 0.75]])
    assert not novelty.any()


def test_missing_rows_have_no_part_in_centre_and_scale():
    values = [1.0, np.nan, 2.0, 3.0, np.nan, 9.0]
    column = fit_column(NumericColumn, values, scaling="standard")
    assert_allclose([column.center, column.scale], [3.75, np.std([1, 2, 3, 9])])


def test_a_value_missing_for_the_first_time_is_the_mean_and_new():
    column = fit_column(NumericColumn, np.arange(10.0))
    Z, novelty = encode_column(column, [np.nan, 3.0])
    assert Z[0, 0] == 0.0
    assert_allclose(novelty, [np.log(11), 0.0])


def test_it_is_as_new_in_an_array_of_numbers():
    columns = NumericColumn(0, 0.0, 1.0, novelty=2.0), NumericColumn(1, 0.0, 1.0, 0.5)
    encoding = TableEncoding((columns[0],) * 2, named=False)
    Z, novelty = encoding.encode(np.array([[np.nan, 1.0], [1.0, 1.0]]))
    assert_allclose(Z, [[0.0, 1.0], [1.0, 1.0]])
    assert_allclose(novelty, [[2.0, 0.0], [0.0, 0.0]])


def test_a_constant_beside_missing_values_is_scaled_by_its_size_and_never_novel():
    column = fit_column(NumericColumn, [50.0, np.nan, 50.0, 50.0])
    assert (column.center, column.scale) == (50.0, pytest.approx(0.005))
    assert column.novelty == 0.0
    small = fit_column(NumericColumn, [0.1, np.nan, 0.1, 0.1])
    assert (small.center, small.scale) == (0.1, pytest.approx(1e-5))


def test_restored_numbers_are_in_original_units():
    column = NumericColumn("x", 10.0, 4.0, missing_rate=0.25)
    assert_allclose(restore_column(column, [0.5, -0.25], [-2.0, 0.75]), [12.0, 2.0])


def test_the_indicators_scale_is_that_of_the_column():
    column = NumericColumn("x", 0.0, 1.0, missing_rate=0.25, indicator_scale=0.5)
    Z, _ = encode_column(column, [2.0, np.nan])
    assert_allclose(Z, [[2.0, -0.5], [0.0, 1.5]])


# --- Novelty ---


@pytest.mark.parametrize(
    ("n_rows", "n_singletons", "share"),
    [(99, 0, 1 / 100), (99, 9, 10 / 100), (9, 9, 1.0), (0.5, 9, 1.0)],
)
def test_what_rows_never_showed_is_as_probable_as_good_and_turing_say(
    n_rows, n_singletons, share
):
    assert_allclose(unseen_surprise(n_rows, n_singletons), -np.log(share), atol=1e-12)


def test_a_level_seen_once_makes_another_new_one_less_surprising():
    column = fit_column(CategoricalColumn, ["a"] * 7 + ["b"] * 2 + ["c", "d"])
    assert_allclose(column.novelty, -np.log(3 / 12))


def test_rows_that_are_seen_once_but_weigh_two_show_their_level_twice():
    column = fit_column(CategoricalColumn, ["a", "b", "c"], weights=[7, 2, 1])
    assert_allclose(column.novelty, -np.log(2 / 11))


@pytest.mark.parametrize(
    ("kind", "value"),
    [(NumericColumn, 3.0), (ConstantColumn, 3.0), (DatetimeColumn, "2025-01-01")],
)
def test_other_kinds_count_rows_by_their_weight(kind, value):
    values = pd.Series([value] * 3)
    values = pd.to_datetime(values) if kind is DatetimeColumn else values
    column = fit_column(kind, values, weights=[1, 2, 6])
    assert_allclose(column.novelty, np.log(10))


# --- Constants ---


@pytest.mark.parametrize(
    ("value", "novelty"),
    [
        (200.0, 0.0),
        (201.0, 3 * 0.5**4),
        (200.02, 3 * 0.01**4),
        (198.0, 3.0),
        (210.0, 3.0 + np.log(1 + 0.05 - 0.01)),
        (-200.0, 3.0 + np.log(1 + 2.0 - 0.01)),
        (np.nan, 3.0),
    ],
)
def test_a_constant_is_as_new_as_its_change_in_hundredths_of_it(value, novelty):
    column = ConstantColumn("x", 200.0, 3.0, tolerance=1e-2)
    _, novelties = encode_constant(column, [200.0, value])
    assert_allclose(novelties, [0.0, novelty], rtol=1e-9)


def encode_constant(column, values):
    table = pd.DataFrame({"x": values, "other": 0.0})
    encoding = TableEncoding((column, NumericColumn("other", 0.0, 1.0)), named=True)
    Z, novelty = encoding.encode(table)
    return Z, np.zeros(len(table)) if novelty is None else novelty[:, 0]


@pytest.mark.parametrize("constant", [1e-30, 1e-6, 0.001, 1.0, -19.99, 1e6, 3e300])
def test_another_value_of_a_constant_is_new_whatever_its_size(constant):
    column = fit_column(NumericColumn, [constant] * 4)
    rounded = [constant, float(f"{constant:.6g}")]
    if abs(constant) < 1e30:
        rounded.append(float(np.float32(constant)))
    others = [1.001 * constant, 2 * constant, 1_000 * constant, 0.0, -constant]
    _, novelty = encode_constant(column, rounded + others)
    assert_allclose(novelty[: len(rounded)], 0.0, atol=1e-6)
    assert (novelty[len(rounded) :] > 0.999 * column.novelty).all()


def test_another_value_than_zero_is_new():
    column = fit_column(NumericColumn, [0.0] * 4)
    _, novelty = encode_constant(column, [-0.0, 1e-17, 1e-7, -0.001, 5.0])
    assert_allclose(novelty[:2], 0.0, atol=1e-6)
    assert (novelty[2:] > 0.999 * column.novelty).all()


def test_tolerance_and_exponent_are_those_of_the_column():
    column = ConstantColumn("x", 200.0, 3.0, tolerance=0.1, exponent=2.0)
    _, novelty = encode_constant(column, [210.0, 240.0])
    assert_allclose(novelty, [3 * 0.5**2, 3.0 + np.log(1.1)])


def test_a_constant_has_no_encoded_column():
    Z, _ = encode_constant(ConstantColumn("x", 200.0, 3.0), [200.0, 5.0])
    assert Z.shape == (2, 1)


def test_numbers_that_differ_in_their_last_digits_are_one_constant():
    apart = [1.0, 1.0 + 0.9e-10], [1.0, 1.0 + 1.1e-10]
    kinds = [type(fit_column(NumericColumn, values)) for values in apart]
    assert kinds == [ConstantColumn, NumericColumn]


# --- Categories ---


def test_each_level_has_an_encoded_column_of_zero_and_one():
    column = fit_column(CategoricalColumn, ["b", "a", None, "b"])
    Z, novelty = encode_column(column, ["a", "b", None, "z"])
    assert_array_equal(Z, [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]])
    assert_allclose(novelty, [0, 0, 0, -np.log(2 / 5)])


def test_the_most_frequent_levels_by_weight_have_columns_of_their_own():
    values, weights = ["d", "c", "b", "a"], [5, 3, 1, 1]
    column = fit_column(CategoricalColumn, values, weights=weights, max_categories=2)
    assert column.levels == ("c", "d")
    assert column.infrequent == ("a", "b")
    Z, _ = encode_column(column, ["a", "b", "c", "d"])
    assert_array_equal(Z[:, 1:], [[0, 0, 1], [0, 0, 1], [1, 0, 0], [0, 1, 0]])


def test_of_equally_frequent_levels_all_have_a_column_or_none():
    values = list("aaaabbbccc")
    column = fit_column(CategoricalColumn, values, max_categories=2)
    assert column.levels == ("a",)
    equal = fit_column(CategoricalColumn, list("abc") * 5, max_categories=2)
    assert equal.levels == ()
    assert equal.n_levels == 0


def test_beyond_the_maximum_a_level_needs_a_hundredth_of_the_rows():
    values = ["a"] * 198 + ["b"] * 2 + ["c"]
    column = fit_column(CategoricalColumn, values, max_categories=2)
    assert column.levels == ("a",)


def test_a_rarity_is_the_share_of_rows_whose_level_is_no_more_frequent():
    values = ["a"] * 6 + ["b"] * 2 + ["c"] * 2 + ["d"]
    column = fit_column(CategoricalColumn, values, max_categories=1)
    rarities = [column.rarity(level) for level in ("a", "b", "c", "d", "new")]
    assert_allclose(rarities, -np.log(np.array([12, 6, 6, 2, 2]) / 12))
    Z, novelty = encode_column(column, ["a", "d", "new"])
    mean = np.average(rarities[:4], weights=[6, 2, 2, 1])
    assert_allclose(Z[:, 0] * 3.0, np.array(rarities)[[0, 3, 4]] - mean, rtol=1e-6)
    # A new level stands with the rare ones, and is new besides.
    assert_array_equal(Z[:, 1:], [[1, 0], [0, 1], [0, 1]])
    assert_allclose(novelty, [0, 0, column.novelty])


def test_missing_values_are_as_rare_as_a_level_of_their_number():
    values = ["a"] * 6 + ["b"] * 2 + [None] * 2 + ["d"]
    column = fit_column(CategoricalColumn, values, max_categories=1)
    Z, _ = encode_column(column, ["b", None])
    assert Z[0, 0] == Z[1, 0]


def test_a_column_of_rare_levels_only_surprises_nobody():
    column = fit_column(CategoricalColumn, [f"level {i}" for i in range(500)])
    assert_allclose([column.rarity("level 3"), column.rarity("new")], 0.0)


def test_the_rarity_is_scaled_by_a_field():
    column = CategoricalColumn(
        "x", ("a",), ("b",), False, 1.0, (3.0, 1.0), 4.0, n_distinct=2, rarity_scale=0.5
    )
    Z, _ = encode_column(column, ["a", "b"])
    assert_allclose(Z[1, 0] - Z[0, 0], column.rarity("b") / 0.5, rtol=1e-6)


def test_levels_are_counted():
    column = fit_column(CategoricalColumn, ["a", "b", None, "a"], weights=[1, 2, 5, 3])
    assert (column.count("a"), column.count("b"), column.count("c")) == (4.0, 2.0, None)
    assert (column.n_known, column.n_missing, column.n_distinct) == (6.0, 5.0, 2)


def test_missing_values_come_after_the_levels_and_the_infrequent_ones():
    column = CategoricalColumn("x", ("a", "b"), ("c", "d"), True, 1.0)
    Z, _ = encode_column(column, ["a", "b", "d", None])
    assert_array_equal(Z, np.eye(4))


def test_missing_values_without_a_column_of_their_own_are_new():
    column = fit_column(CategoricalColumn, ["a", "b"] * 5)
    Z, novelty = encode_column(column, [None, "a"])
    assert_array_equal(Z, [[0, 0], [1, 0]])
    assert_allclose(novelty, [np.log(11), 0.0])


def test_a_single_level_has_no_encoded_column_but_others_are_new():
    column = fit_column(CategoricalColumn, ["a"] * 9)
    assert column.n_levels == 0
    assert_array_equal(column.codes(pd.Series(["a", "b"])), [0, -1])
    assert_allclose(column.novelty, np.log(10))


def test_beyond_10_000_rare_levels_a_new_one_counts_as_one_of_them():
    rare = [f"rare {i}" for i in range(10_001)]
    column = fit_column(CategoricalColumn, ["often"] * 2 + rare, max_categories=1)
    # None is in a hundredth of the rows; of those seen once, none is remembered.
    assert column.levels == ()
    assert column.infrequent == ("often",)
    assert column.n_distinct == 10_002
    assert column.novelty == 0.0
    fewer = fit_column(CategoricalColumn, ["often"] * 2 + rare[2:], max_categories=1)
    assert len(fewer.infrequent) == 10_000
    assert fewer.novelty > 0


def test_the_restored_level_is_the_most_probable_one():
    column = CategoricalColumn("x", ("a", "b"), ("c", "d"), True, 1.0)
    levels = restore_column(
        column, [0.4, 0.3, 0.2, 0.1], [0.1, 0.1, 0.6, 0.2], [0.1, 0.2, 0.2, 0.5]
    )
    assert levels.tolist() == ["a", "infrequent", None]


# --- The knee ---


def test_beyond_the_knee_the_excess_enters_by_its_logarithm():
    Z = np.array([5.5, 6.0, -6.0, 7.0, -8.0, 6.0 + math.expm1(2.0)])
    squash(Z, 6.0)
    assert_allclose(Z, [5.5, 6, -6, 6 + math.log(2), -6 - math.log(3), 8])


def test_what_is_unsquashed_is_finite_however_far_out():
    Z = np.array([5.0, 8.0, -8.0, 1_000.0])
    unsquash(Z, 6.0)
    far = math.expm1(2.0)
    assert_allclose(Z, [5.0, 6 + far, -6 - far, 6 + math.expm1(30.0)])


def test_the_knee_is_that_of_the_encoding():
    table = pd.DataFrame({"x": [3.0, 2.0 + math.expm1(1.0)]})
    encoding = TableEncoding((NumericColumn("x", 0.0, 1.0),), named=True, knee=2.0)
    Z = encoding.encode(table).Z
    assert_allclose(Z, [[2 + math.log(2)], [3.0]], rtol=1e-6)
    assert_allclose(encoding.restore(Z), [table["x"]], rtol=1e-6)


@pytest.mark.parametrize(("scaling", "knee"), [("robust", 6.0), ("standard", None)])
def test_robust_numbers_are_squashed_from_six_deviations_on(scaling, knee):
    table = pd.DataFrame({"x": np.arange(11.0)})
    encoding = fit_encoding(table, np.ones(11), ColumnOptions(scaling, 64))
    assert encoding.knee == knee
    (column,) = encoding.columns
    far = pd.DataFrame({"x": [column.center + 9 * column.scale]})
    expected = 9.0 if knee is None else 6 + math.log(4)
    assert_allclose(encoding.encode(far).Z, [[expected]], rtol=1e-6)
    assert_allclose(encoding.restore(np.array([[expected]])), [far["x"]], rtol=1e-6)


# --- The table ---


def test_numbers_come_first_and_then_the_levels_in_the_order_of_the_columns():
    encoding = TableEncoding(
        (
            CategoricalColumn("size", ("L", "S"), (), False, 2.0),
            NumericColumn("age", 0.0, 1.0, missing_rate=0.25),
            ConstantColumn("version", 3.0, 2.0),
            CategoricalColumn("country", ("DE", "FR"), (), True, 2.0),
            NumericColumn("amount", 1.0, 2.0),
        ),
        named=True,
    )
    table = pd.DataFrame(
        {"size": ["S"], "age": [2.0], "version": 3.0, "country": None, "amount": 5.0}
    )
    Z, novelty = encoding.encode(table)
    assert_allclose(Z, [[2.0, -0.25, 2.0, 0, 1, 0, 0, 1]])
    assert novelty is None
    assert_array_equal(encoding.encoded_columns, [1, 1, 4, 0, 0, 3, 3, 3])
    assert_array_equal(encoding.unit_columns, [1, 1, 4, 0, 3])
    ones = np.ones((1, 8))
    assert_array_equal(encoding.sum_encoded(ones), [[2, 2, 0, 3, 1]])
    assert_array_equal(encoding.sum_units(ones[:, :5]), [[1, 2, 0, 1, 1]])
