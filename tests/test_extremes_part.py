"""Tests of the part that hears single columns: its numbers of a few rows, by hand."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from small_rows import category, evaluation, numbers, part_rows

from aeanomaly import AutoencoderOutlierDetector
from aeanomaly.scoring.encoding.columns import NumericColumn
from aeanomaly.scoring.encoding.table import TableEncoding
from aeanomaly.scoring.parts import Extremes, Marginal

# Five bins of width 2, of 3, 2, 1, 0 and 3 rows. The median is 2.5, and that of the
# distances from it, 0, 0.5, 0.6, 2, 2.5, 2.5, 6.5, 7 and 7.5, is 2.5.
AMOUNTS = np.array([0.0, 0.5, 1.9, 2.0, 2.5, 5.0, 9.0, 9.5, 10.0])[:, None]
SIZES = np.eye(3)[[0, 0, 0, 0, 0, 1, 1, 1, 2]]
UNIT = 2.5 / 0.674
# 0.674 units, to two digits.
CENTER = 0.67 * UNIT
BOTH = TableEncoding(
    (NumericColumn("amount", 0.0, 1.0), category("size", "L", "M", "S")), named=True
)
# As if unseen, rows of the bins have 3, 2, 1 and 3 of 13, those of sizes 5, 3, 1 of 11.
USUAL_AMOUNT, USUAL_SIZE = -np.log(5 * 3 / 13), -np.log(3 * 5 / 11)


@pytest.fixture(scope="module")
def amounts():
    return Extremes.fit(part_rows(AMOUNTS, numbers(1)))


@pytest.fixture(scope="module")
def both():
    return Extremes.fit(part_rows(np.hstack([AMOUNTS, SIZES]), BOTH))


def surprise(count, total, n_equal):
    return -np.log(n_equal * count / total)


def test_a_column_counts_by_its_rarity_or_by_its_distance_whichever_is_more(amounts):
    assert_allclose(amounts.usual, [USUAL_AMOUNT], rtol=1e-6)
    assert_allclose([amounts.center[0], amounts.unit[0]], [CENTER, UNIT])
    statistic = amounts.statistic(evaluation([[2.5], [7.0], [90.0]]), numbers(1))
    by_hand = [
        # In the middle, and in a bin less full than that of the usual row.
        surprise(3, 14, 5) - USUAL_AMOUNT,
        # In an empty bin: rarer than far.
        surprise(1, 14, 5) - USUAL_AMOUNT,
        # 40 bins from the last one, which says log(41): less than that it is far.
        np.log1p(((90.0 - CENTER) / UNIT) ** 2),
    ]
    assert by_hand[2] > surprise(4, 14, 5) + np.log(41) - USUAL_AMOUNT
    assert_allclose(statistic, by_hand, rtol=1e-6)


def test_what_is_more_usual_than_the_usual_row_counts_as_nothing(both):
    assert_allclose(both.usual, [USUAL_AMOUNT, USUAL_SIZE], rtol=1e-6)
    said = evaluation([[2.5, 1, 0, 0], [2.5, 0, 1, 0]])
    amount = surprise(3, 14, 5) - USUAL_AMOUNT
    # Of nine rows of L, M and S, with the three of Laplace, there are 6 and 4 of 12.
    size = surprise(4, 12, 3) - USUAL_SIZE
    assert surprise(6, 12, 3) < USUAL_SIZE
    by_hand = [(amount**4 / 2) ** 0.25, ((amount**4 + size**4) / 2) ** 0.25]
    assert_allclose(both.statistic(said, BOTH), by_hand, rtol=1e-6)


def test_what_training_never_showed_is_one_more_surprise(both):
    said = evaluation([[2.5, 0, 0, 0]], novelty=np.array([[0.5, 2.5]]))
    # A level never seen is as rare as equally frequent ones, and its novelty.
    amount, size = surprise(3, 14, 5) - USUAL_AMOUNT, -USUAL_SIZE
    statistic, cells = both.divided(said, BOTH)
    by_hand = [amount**4 + 0.5**4, size**4 + 2.5**4]
    assert_allclose(statistic, (sum(by_hand) / 2) ** 0.25, rtol=1e-6)
    assert_allclose(cells, [by_hand], rtol=1e-6)
    assert_allclose(both.cells(said, BOTH), cells)


def test_training_rows_are_judged_by_the_others(amounts):
    statistic = amounts.unseen_statistic(evaluation([[3.0], [5.0]]), numbers(1))
    by_hand = [
        surprise(2, 13, 5) - USUAL_AMOUNT,
        max(surprise(1, 13, 5) - USUAL_AMOUNT, np.log1p(((5.0 - CENTER) / UNIT) ** 2)),
    ]
    assert_allclose(statistic, by_hand, rtol=1e-6)


def test_rows_count_by_their_weight():
    weights = [1, 1, 1, 1, 1, 1, 9, 9, 9]
    part = Extremes.fit(part_rows(AMOUNTS, numbers(1), weights=weights))
    # 15 of 33 lie up to 9, and 24 up to 9.5; 9 of 33 lie there, and 18 are 0.5 away.
    unit = 0.5 / 0.674
    assert_allclose([part.center[0], part.unit[0]], [round(9.5 / unit, 2) * unit, unit])
    again = Extremes.fit(
        part_rows(AMOUNTS, numbers(1), weights=np.multiply(weights, 5))
    )
    assert_allclose(again.unit, part.unit)
    assert_allclose(again.center, part.center)


@pytest.mark.parametrize(
    ("n_ones", "normal"), [(45, 1.036), (20, 1.645), (5, 2.576), (1, 3.0)]
)
def test_a_flag_is_in_units_of_the_first_deviation_that_is_not_zero(n_ones, normal):
    # Of 100 and more rows, so that a share of rows is a whole number of them.
    flags = np.zeros((1_000, 1))
    flags[: n_ones * 10 if n_ones > 1 else 1] = 1.0
    part = Extremes.fit(part_rows(flags, numbers(1)))
    assert part.unit == pytest.approx(1 / normal)


def test_a_column_of_one_value_has_the_least_unit():
    part = Extremes.fit(part_rows(np.zeros((50, 1)), numbers(1)))
    assert part.unit == pytest.approx(0.01)


def test_one_odd_column_among_many_is_heard_where_the_mean_hides_it():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((2_000, 100))
    encoding = numbers(100)
    odd = rows[:200].copy()
    odd[:, 7] = 9.0
    parts = [cls.fit(part_rows(rows, encoding)) for cls in (Marginal, Extremes)]
    higher = [
        np.mean(
            part.statistic(evaluation(odd), encoding).min()
            > part.statistic(evaluation(rows[200:]), encoding)
        )
        for part in parts
    ]
    assert higher[0] < 0.9
    assert higher[1] > 0.995


def test_a_value_far_out_is_named_by_the_default_detector():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((600, 30))
    detector = AutoencoderOutlierDetector(random_state=0).fit(rows)
    odd = rows[:5].copy()
    odd[:, 11] = 8.0
    assert (detector.explain(odd, top=1)["column"] == 11).all()
    assert (detector.predict(odd) == -1).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unit": np.array([0.0])}, "no positive unit for each column"),
        ({"unit": np.ones(2)}, "no positive unit for each column"),
        ({"center": np.array([np.nan])}, "center that are not finite"),
        ({"center": np.zeros(2)}, "does not know what is usual"),
        ({"usual": np.zeros(1)}, "does not know what is usual"),
        ({"power": 21.0}, "cannot take a mean of power 21.0"),
        ({"power": 0.0}, "cannot take a mean of power 0.0"),
        ({"marginal": None}, "has no marginal"),
    ],
)
def test_extremes_that_no_rows_could_have_are_refused(both, change, message):
    both.check(BOTH)
    with pytest.raises(ValueError, match=message):
        replace(both, **change).check(BOTH)


def test_counts_that_no_rows_could_have_are_refused(both):
    counts = both.marginal.counts.copy()
    counts[0, 0] = -1.0
    with pytest.raises(ValueError, match="counts that no rows could have"):
        replace(both, marginal=replace(both.marginal, counts=counts)).check(BOTH)
