"""Tests of the calibration scores that a detector keeps, and of p-values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from aeanomaly import QuantileThreshold
from aeanomaly.scoring.calibration import (
    MAX_SEVERITY,
    Calibration,
    lowered,
    normal_share,
)


def calibration_of(scores, weights=None):
    scores = np.asarray(scores, dtype=float)
    return Calibration.of_scores(
        scores, np.ones(len(scores)) if weights is None else np.asarray(weights, float)
    )


def test_a_p_value_counts_scores_that_are_not_higher():
    known = calibration_of([-1.0, -3.0, -2.0, -4.0])
    # Below all, below three, equal to -2, above all: (1 + count) / 5.
    assert_allclose(
        known.p_values(np.array([-9.0, -3.5, -2.0, 0.0])), [0.2, 0.4, 0.8, 1]
    )
    assert known.smallest_p_value == 0.2


def test_weights_count_as_copies():
    known = calibration_of([-3.0, -1.0], [3.0, 1.0])
    assert_allclose(known.p_values(np.array([-4.0, -2.0])), [0.2, 0.8])


def test_ties_within_rounding_count_as_lower():
    known = calibration_of([-10.0, -5.0])
    assert_allclose(known.p_values(np.array([-10.0 * (1 + 5e-5)])), [2 / 3])
    assert_allclose(known.p_values(np.array([-10.0 * (1 + 2e-4)])), [1 / 3])


@settings(max_examples=50)
@given(
    st.lists(st.floats(-1e3, 1e3), min_size=5, max_size=60),
    st.sampled_from([0.05, 0.1, 0.3, 0.5]),
)
def test_a_small_p_value_and_a_flag_are_the_same(scores, share):
    known = calibration_of(scores)
    if share * (len(scores) + 1) < 1:
        return
    offset = QuantileThreshold(quantile=share).offset(known.scores, known.weights)
    new = np.concatenate([known.scores, known.scores - 0.1, known.scores + 0.1])
    assert_array_equal(new < offset, known.p_values(new) <= share + 1e-12)


@pytest.mark.parametrize("n_levels", [3, 10_000])
def test_random_ties_make_p_values_of_normal_rows_uniform(rng, n_levels):
    def draw(n):
        return -rng.integers(1, n_levels + 1, n).astype(float)

    p_values = np.concatenate(
        [
            calibration_of(draw(50)).p_values(draw(50), np.random.default_rng(i))
            for i in range(200)
        ]
    )
    for share in (0.1, 0.5, 0.9):
        assert np.mean(p_values <= share) == pytest.approx(share, abs=0.02)
    assert p_values.min() > 0


@settings(max_examples=50)
@given(
    st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=60),
    st.floats(1e-6, 1e3),
)
def test_severity_never_falls_as_scores_do(scores, step):
    known = calibration_of(scores)
    rows = np.sort(np.concatenate([known.scores, np.arange(-50, 50) * step]))
    severity = known.severities(rows)
    assert (np.diff(severity) <= 0).all()
    assert severity.min() >= 0
    assert severity.max() <= MAX_SEVERITY


def test_severity_is_the_percentage_of_normal_rows_that_score_higher():
    known = calibration_of(-np.arange(999.0))
    rows = np.array([1.0, -499.5, -989.5, -997.5])
    assert_allclose(known.severities(rows), [0.0, 50.0, 99.0, 99.8])


def test_severity_of_exponential_scores_goes_on_where_they_end(rng):
    new = -rng.exponential(size=200_000)
    found = [
        np.mean(calibration_of(-rng.exponential(size=500)).severities(new) >= 99.99)
        for _ in range(40)
    ]
    assert 0.5e-4 < np.mean(found) < 1.5e-4


def test_severity_ends_where_calibration_knows_nothing():
    # Below equal scores there is no scale: as severe as one below all of them.
    assert calibration_of([-1.0] * 99).severities(np.array([-1e9])) == 99.0
    assert calibration_of(-np.arange(99.0)).severities(np.array([-1e300])) == 99.9999


def test_what_is_kept_of_many_scores_is_bounded_and_never_flatters(rng):
    scores = rng.standard_normal(100_000)
    known = calibration_of(scores)
    assert len(known.scores) == 25_000
    assert known.n_rows == 100_000
    rows = np.linspace(-4.0, 4.0, 200)
    exact = (1 + (lowered(np.sort(scores)) <= rows[:, None]).sum(axis=1)) / 100_001
    kept = known.p_values(rows)
    assert (kept >= exact - 1e-15).all()
    assert_allclose(kept, exact, atol=2e-4)
    # Exact where it matters.
    assert_array_equal(kept[exact < 0.19], exact[exact < 0.19])


def test_shares_below_offsets_are_those_of_the_scores():
    known = calibration_of([-4.0, -3.0, -2.0, -1.0])
    assert_allclose(
        known.shares_below(np.array([-5, -3, -2.5, 0.0])), [0, 0.25, 0.5, 1]
    )


def test_the_share_of_normal_rows_is_that_of_large_p_values():
    # 3 of 10 above one half: (1 + 3) / (10 * 0.5).
    p_values = np.array([0.01] * 7 + [0.6, 0.7, 0.9])
    assert normal_share(p_values) == pytest.approx(0.8)
    assert normal_share(p_values, 0.8) == pytest.approx(1.0)
    assert normal_share(np.linspace(0.01, 1, 100)) == 1.0
    weights = np.array([1.0] * 7 + [3.0, 3.0, 1.0])
    assert normal_share(p_values, 0.5, weights) == pytest.approx(1.0)


@pytest.mark.parametrize("p_of_equal_rows", [0.35, 0.45, 0.55])
def test_the_share_of_normal_rows_does_not_fall_with_many_equal_ones(p_of_equal_rows):
    # A tenth are anomalies, half are equal, four tenths are spread evenly around them.
    p_values = np.r_[np.full(100, 0.001), np.full(500, p_of_equal_rows)]
    p_values = np.r_[p_values, np.linspace(0.0, 1.0, 400)]
    assert 0.85 < normal_share(p_values) <= 1.0


def test_the_share_of_normal_rows_is_counted_above_three_fifths_of_the_bound():
    # (1 + 6) / (10 * 0.7); above 0.4 and 0.5 there are none.
    p_values = np.array([0.01] * 4 + [0.35] * 6)
    assert normal_share(p_values) == pytest.approx(1.0)
    # (1 + 3) / (10 * 0.7), above 0.4 (1 + 3) / (10 * 0.6), above 0.5 (1 + 3) / 5.
    assert normal_share(np.array([0.01] * 7 + [0.9] * 3)) == pytest.approx(0.8)
    # (1 + 5) / 7, (1 + 3) / 6 and 1 / 5.
    p_values = np.array([0.01] * 5 + [0.35] * 2 + [0.45] * 3)
    assert normal_share(p_values) == pytest.approx(6 / 7)
    # The second bound: (1 + 4) / 7, (1 + 4) / 6 and 1 / 5.
    p_values = np.array([0.01] * 6 + [0.45] * 4)
    assert normal_share(p_values) == pytest.approx(5 / 6)


@pytest.mark.parametrize(
    ("scores", "weights", "words"),
    [
        ([-2.0, -1.0], [1.0], "length"),
        ([], [], "length"),
        ([-2.0, np.nan], [1.0, 1.0], "finite"),
        ([-1.0, -2.0], [1.0, 1.0], "sorted"),
        ([-2.0, -1.0], [1.0, 0.0], "nothing"),
    ],
)
def test_forged_calibrations_are_refused(scores, weights, words):
    with pytest.raises(ValueError, match=words):
        Calibration(np.array(scores), np.array(weights)).check()
