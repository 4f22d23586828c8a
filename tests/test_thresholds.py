"""Tests of the threshold rules."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.utils._param_validation import InvalidParameterError

from aeanomaly import QuantileThreshold, Threshold
from aeanomaly.thresholds import resolve_threshold
from aeanomaly.thresholds.quantile import weighted_quantile

values_and_counts = st.lists(
    st.tuples(st.floats(-1e6, 1e6), st.integers(1, 5)), min_size=1, max_size=30
)


@given(values_and_counts, st.floats(0, 1))
def test_whole_weights_count_as_repeats(pairs, quantile):
    values, counts = (np.array(part, dtype=float) for part in zip(*pairs, strict=True))
    expected = np.quantile(np.repeat(values, counts.astype(int)), quantile)
    assert weighted_quantile(values, quantile, counts) == pytest.approx(
        expected, abs=1e-6
    )


@given(values_and_counts, st.floats(0, 1), st.floats(0.05, 0.95))
def test_fractional_weights_give_a_value_within_the_range(pairs, quantile, fraction):
    values, weights = (np.array(part, dtype=float) for part in zip(*pairs, strict=True))
    result = weighted_quantile(values, quantile, weights + fraction)
    assert values.min() <= result <= values.max()


def test_scaled_fractional_weights_give_the_same_quantile(rng):
    values, weights = rng.standard_normal(500), rng.uniform(0.1, 2, 500)
    one = weighted_quantile(values, 0.1, weights)
    assert weighted_quantile(values, 0.1, weights * 7.3) == pytest.approx(one)


@pytest.mark.parametrize("quantile", [0.01, 0.1, 0.5])
def test_the_share_below_the_offset_is_the_quantile(rng, quantile):
    scores = rng.standard_normal(1_000)
    offset = QuantileThreshold(quantile=quantile).offset(scores, np.ones(1_000))
    assert np.mean(scores < offset) == pytest.approx(quantile, abs=0.001)


def test_a_heavy_row_moves_the_offset(rng):
    scores, weights = rng.standard_normal(100), np.ones(100)
    weights[scores.argmin()] = 50.0
    offset = QuantileThreshold(quantile=0.1).offset(scores, weights)
    assert offset == scores.min()


def test_a_name_stands_for_the_rule_with_its_defaults():
    assert repr(resolve_threshold("quantile")) == repr(QuantileThreshold())


def test_a_given_rule_is_copied_and_checked():
    rule = QuantileThreshold(quantile=0.2)
    resolved = resolve_threshold(rule)
    assert resolved is not rule
    assert resolved.get_params() == rule.get_params()
    with pytest.raises(InvalidParameterError, match=r"'quantile' .* Got 0\.7 instead"):
        resolve_threshold(QuantileThreshold(quantile=0.7))


def test_a_rule_without_an_offset_of_its_own_cannot_cut():
    with pytest.raises(NotImplementedError):
        Threshold().offset(np.zeros(3), np.ones(3))


def test_rules_can_be_cloned_and_configured():
    assert clone(QuantileThreshold()).set_params(quantile=0.3).quantile == 0.3
