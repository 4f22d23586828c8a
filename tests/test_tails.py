"""Tests of tail surprises and of their power mean, by hand."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from small_rows import evaluation, numbers

from aeanomaly.scoring.parts import (
    FarScale,
    ScaledPart,
    ScorePart,
    TailCombination,
    TailScale,
)


def minus_log(*shares):
    return -np.log(shares)


# --- Tail scale ---


def test_surprise_is_minus_the_log_share_of_rows_that_go_as_far():
    scale = TailScale.fit(np.array([30.0, 10.0, 40.0, 20.0]), np.ones(4))
    surprise = scale(np.array([10.0, 20.0, 30.0, 40.0]))
    assert_allclose(surprise, minus_log(4 / 5, 3 / 5, 2 / 5, 1 / 5))


def test_ties_share_the_middle_of_their_ranks():
    scale = TailScale.fit(np.array([1.0, 2.0, 2.0, 3.0]), np.ones(4))
    # The last, both in the middle, and all rows: less half of those of one value.
    shares = (4 - 0.5 + 0.5) / 5, (3 - 1.0 + 0.5) / 5, (1 - 0.5 + 0.5) / 5
    assert_allclose(scale(np.array([1.0, 2.0, 3.0])), minus_log(*shares))


def test_surprise_rises_between_knots_from_flat_to_flat():
    scale = TailScale.fit(np.array([10.0, 20.0, 40.0]), np.ones(3))
    least, middle, greatest = minus_log(3 / 4, 2 / 4, 1 / 4)
    surprise = scale(np.array([0.0, 15.0, 35.0]))
    # 3 x ** 2 - 2 x ** 3 of the rise, at one half and three quarters of the way.
    by_hand = [least, (least + middle) / 2, middle + 0.84375 * (greatest - middle)]
    assert_allclose(surprise, by_hand)
    for knot in scale.values:
        flat = scale(np.array([knot, knot + 1e-6]))
        assert_allclose(*flat, atol=1e-12)


def test_the_excess_beyond_the_greatest_counts_in_units_of_the_upper_spread():
    statistics = np.arange(101.0)
    scale = TailScale.fit(statistics, np.ones(101))
    # From the median, 50, to the 95 % quantile, 95.
    assert scale.spread == 45.0
    last = scale.values[-1]
    surprise = scale(last + np.array([0.0, 45.0, 90.0]))
    # An excess of e spreads adds log(1 + e ** 2 / (1 + e)).
    assert_allclose(surprise, scale.surprises[-1] + np.log([1.0, 3 / 2, 7 / 3]))


def test_a_row_of_twice_the_weight_counts_as_two():
    values, weights = np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 2.0, 1.0, 4.0])
    surprise = TailScale.fit(values, weights)(values)
    repeated = TailScale.fit(np.repeat(values, [1, 2, 1, 4]), np.ones(8))(values)
    assert_allclose(surprise, repeated)
    shares = np.array([8 - 0.5, 7 - 1.0, 5 - 0.5, 4 - 2.0]) + 0.5
    assert_allclose(surprise, -np.log(shares / 9))


def test_knots_are_apart_in_value_and_in_surprise():
    statistics = np.random.default_rng(0).exponential(size=4_000)
    scale = TailScale.fit(statistics, np.ones(4_000))
    assert np.diff(scale.values).min() >= 0.05 * scale.spread
    # The least share of a knot is that of the rows that are as great or greater.
    share = [(statistics < value).sum() / 4_001 for value in scale.values]
    assert np.diff(-np.log1p(-np.array(share))).min() >= 0.05
    coarse = TailScale.fit(statistics, np.ones(4_000), resolution=0.7)
    assert np.diff(coarse.values).min() >= 0.7


def test_how_steep_a_scale_is_has_a_bound():
    rng = np.random.default_rng(0)
    # Statistics that all but tie, as float32 rounds them.
    statistics = rng.integers(0, 50, 4_000) + 1e-6 * rng.random(4_000)
    scale = TailScale.fit(statistics, np.ones(4_000))
    assert_allclose(scale(statistics + 1e-6), scale(statistics), rtol=0, atol=1e-5)


@pytest.mark.parametrize("n_others", [0, 10])
def test_the_last_digits_of_a_statistic_that_nearly_all_share_say_nothing(n_others):
    statistics = np.r_[np.full(990, 1.0), np.linspace(1.5, 2.0, n_others)]
    scale = TailScale.fit(statistics, np.ones(len(statistics)), resolution=0.01)
    assert_allclose(*scale(np.array([1.0, 1.0 + 5e-8])), rtol=0, atol=1e-9)


def test_knots_end_where_differences_are_rounding():
    statistics = 1e9 + np.repeat([0.0, 1e-7, 2e-7], 20)
    assert len(TailScale.fit(statistics, np.ones(60)).values) == 1


def test_statistics_that_are_all_alike_have_a_scale():
    scale = TailScale.fit(np.full(5, 2.0), np.ones(5))
    near, far = scale(np.array([2.0, 3.0]))
    assert_allclose(near, -np.log((5 - 2.5 + 0.5) / 6))
    assert near < far < np.inf


def test_tail_scale_is_continuous_and_grows_beyond_the_training_rows():
    statistics = np.random.default_rng(0).exponential(size=500)
    scale = TailScale.fit(statistics, np.ones(500))
    surprise = scale(np.linspace(-1, 50, 200_001))
    assert (np.diff(surprise) >= 0).all()
    assert np.diff(surprise).max() < 0.05
    assert (np.diff(scale(np.array([10.0, 20.0, 40.0]))) > 0).all()


def test_a_discount_is_taken_from_every_surprise_down_to_zero():
    statistics = np.array([10.0, 20.0, 30.0, 40.0])
    surprise = TailScale.fit(statistics, np.ones(4), discount=0.5)(statistics)
    assert_allclose(surprise, np.maximum(minus_log(0.8, 0.6, 0.4, 0.2) - 0.5, 0.0))


def test_a_factor_makes_each_nat_count_for_more():
    statistics = np.array([10.0, 20.0, 30.0, 40.0])
    scale = TailScale.fit(statistics, np.ones(4), discount=0.5).times(2.0)
    expected = 2.0 * np.maximum(minus_log(0.8, 0.6, 0.4, 0.2) - 0.5, 0.0)
    assert_allclose(scale(statistics), expected)


# --- Far rows ---


def both_scales(n_near=380, n_far=20, far_from=380.0, **kwargs):
    """Scales of 0, 1, 2 and so on and of a group beyond: with distance, and not."""
    statistics = np.r_[np.arange(float(n_near)), np.full(n_far, far_from)]
    weights = np.ones(n_near + n_far)
    return (
        FarScale.fit(statistics, weights, **kwargs),
        TailScale.fit(statistics, weights, **kwargs),
    )


def test_near_rows_are_as_surprising_as_their_ranks():
    far, ranks = both_scales()
    inside = np.linspace(0.0, 380.0, 500)
    assert_array_equal(far(inside), ranks(inside))


@pytest.mark.parametrize("spreads", [3.0, 4.0])
def test_a_group_is_as_surprising_as_a_heavy_tail_at_its_distance(spreads):
    # From the median of 400, 199, to their 95 % quantile, 379.
    far, ranks = both_scales(far_from=379.0 + spreads * 180.0)
    assert (far.spread, far.far_from) == (180.0, 379.0)
    (by_rank,) = ranks(ranks.values[-1:])
    assert_allclose(by_rank, -np.log((20 - 10 + 0.5) / 401))
    # Two nats for a factor of e; one and a half are mistrusted.
    tail = np.log(20) - 1.5 + 2 * np.log1p(spreads**2 / (1 + spreads))
    assert by_rank < tail < by_rank + 1.5
    assert_allclose(far(far.values[-1:]), tail)


def test_a_group_is_more_surprising_than_its_rank_by_one_and_a_half_nats_at_most():
    far, ranks = both_scales(far_from=1e6)
    top = np.array([1e6])
    assert_allclose(far(top), ranks(top) + 1.5)


def test_fewer_rows_than_show_a_tail_are_ranked_alone():
    far, ranks = both_scales(n_near=379, far_from=1e6)
    assert_array_equal(far(far.values), ranks(ranks.values))


def test_far_rows_grow_more_surprising_with_their_distance():
    far, _ = both_scales()
    surprise = far(np.linspace(0.0, 20_000.0, 100_001))
    assert (np.diff(surprise) >= 0).all()
    assert np.diff(surprise).max() < 0.05


def test_a_discount_counts_for_distances_as_well():
    far, _ = both_scales(discount=1.0)
    assert far.far_surprise == both_scales()[0].far_surprise - 1.0


def test_a_factor_counts_for_distances_as_well():
    scale, _ = both_scales(far_from=379.0 + 4.0 * 180.0)
    inside = np.r_[np.linspace(0.0, 378.0, 50), scale.values[-1]]
    assert_allclose(scale.times(1.25)(inside), 1.25 * scale(inside))


@pytest.mark.parametrize(
    "change", [{"far_from": np.nan}, {"far_rate": -1.0}, {"far_most": -0.5}]
)
def test_a_far_scale_that_does_not_ascend_is_refused(change):
    far, _ = both_scales()
    far.check()
    with pytest.raises(ValueError, match="a tail that does not ascend"):
        replace(far, **change).check()


# --- Combination ---


@dataclass(frozen=True)
class Said(ScorePart):
    """A part that says the same whatever it is asked."""

    statistics: np.ndarray
    shares: np.ndarray
    expecting: float = np.nan

    name: ClassVar[str] = "said"

    @classmethod
    def fit(cls, rows):
        raise NotImplementedError

    def statistic(self, evaluation, encoding):
        return self.statistics

    def cells(self, evaluation, encoding):
        return self.shares

    def expected(self, evaluation, encoding):
        return np.full(evaluation.Z.shape, self.expecting)


# Surprise of whole numbers is the statistic itself.
WHOLE = np.arange(101.0)
AS_IT_IS = TailScale(WHOLE, WHOLE, 1.0)
NOTHING = np.zeros((2, 2))


def combination(*parts, power=5.0, expecting=None):
    scaled = tuple(ScaledPart(part, AS_IT_IS) for part in parts)
    return TailCombination(scaled, power, expecting)


def said(statistics, shares=NOTHING, expecting=np.nan):
    return Said(np.array(statistics), np.array(shares), expecting)


TWO_ROWS = evaluation([[0.0, 0.0], [1.0, 1.0]])


@pytest.mark.parametrize(
    ("power", "by_hand"),
    [
        (1.0, [2.0, 2.0]),
        (2.0, [(14 / 3) ** 0.5, 2.0]),
        (5.0, [(276 / 3) ** 0.2, 2.0]),
    ],
)
def test_the_combination_is_the_power_mean_of_the_surprises(power, by_hand):
    parts = said([1.0, 2.0]), said([2.0, 2.0]), said([3.0, 2.0])
    statistic = combination(*parts, power=power).statistic(TWO_ROWS, numbers(2))
    assert_allclose(statistic, by_hand)


def test_each_part_has_a_scale_of_its_own():
    tenfold = TailScale(WHOLE, 10 * WHOLE, 1.0)
    parts = (
        ScaledPart(said([1.0, 2.0]), AS_IT_IS),
        ScaledPart(said([3.0, 4.0]), tenfold),
    )
    statistic = TailCombination(parts, 1.0, None).statistic(TWO_ROWS, numbers(2))
    assert_allclose(statistic, [(1 + 30) / 2, (2 + 40) / 2])


def test_cells_divide_the_score_by_the_parts_shares_in_the_sum_of_powers():
    first = said([1.0, 3.0], [[1.0, 3.0], [5.0, 0.0]])
    second = said([2.0, 1.0], [[1.0, 0.0], [20.0, 20.0]])
    cells = combination(first, second).cells(TWO_ROWS, numbers(2))
    mean = np.array([((1 + 32) / 2) ** 0.2, ((243 + 1) / 2) ** 0.2])
    by_hand = [[(0.25 + 32) / 33, 0.75 / 33], [243.5 / 244, 0.5 / 244]]
    assert_allclose(cells, by_hand * mean[:, None])


def test_a_part_that_names_no_column_leaves_its_share_to_the_others():
    first = said([1.0, 1.0], [[1.0, 3.0], [1.0, 3.0]])
    silent = said([2.0, 2.0])
    cells = combination(first, silent).cells(TWO_ROWS, numbers(2))
    assert_allclose(cells, [np.multiply([0.25, 0.75], 16.5**0.2)] * 2)


def test_a_row_that_no_part_finds_surprising_has_cells_of_zero():
    cells = combination(said([0.0, 0.0])).cells(TWO_ROWS, numbers(2))
    assert_array_equal(cells, np.zeros((2, 2)))


@pytest.mark.parametrize("position", [0, 1])
def test_expected_values_are_those_of_the_part_that_says_so(position):
    parts = said([1.0, 1.0], expecting=10.0), said([2.0, 2.0], expecting=11.0)
    expected = combination(*parts, expecting=position).expected(TWO_ROWS, numbers(2))
    assert_array_equal(expected, np.full((2, 2), 10.0 + position))


def test_without_such_a_part_they_are_the_reconstruction_mean_over_the_members():
    asked = evaluation([[0.0, 0.0]], [[1.0, 2.0]], [[2.0, 6.0]])
    expected = combination(said([1.0])).expected(asked, numbers(2))
    assert_allclose(expected, [[1.5, 4.0]])
