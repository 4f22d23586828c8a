"""Tests of the threshold rules."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.utils._param_validation import InvalidParameterError

from aeanomaly import QuantileThreshold, Threshold
from aeanomaly.thresholds import ShareThreshold, resolve_threshold

values_and_counts = st.lists(
    st.tuples(st.floats(-1e6, 1e6), st.integers(1, 5)), min_size=1, max_size=30
)
RULES = [
    lambda share: QuantileThreshold(quantile=share),
    lambda share: ShareThreshold(share=share),
]


@pytest.mark.parametrize("make", RULES)
@settings(max_examples=30)
@given(values_and_counts, st.floats(0.01, 0.5))
def test_whole_weights_count_as_repeats(make, pairs, share):
    values, counts = (np.array(part, dtype=float) for part in zip(*pairs, strict=True))
    repeated = np.repeat(values, counts.astype(int))
    weighted = make(share).offset(values, counts)
    assert weighted == pytest.approx(
        make(share).offset(repeated, np.ones(len(repeated)))
    )


@pytest.mark.parametrize(
    ("n_rows", "quantile", "rank"),
    [(99, 0.01, 1), (198, 0.01, 1), (199, 0.01, 2), (1_000, 0.05, 50), (3, 0.5, 2)],
)
def test_the_offset_is_the_score_of_the_conformal_rank(rng, n_rows, quantile, rank):
    scores = rng.standard_normal(n_rows) - 5.0
    offset = QuantileThreshold(quantile=quantile).offset(scores, np.ones(n_rows))
    assert offset == pytest.approx(np.sort(scores)[rank - 1], rel=1.1e-4)
    assert (scores < offset).sum() == rank - 1


@pytest.mark.parametrize(("n_rows", "quantile"), [(19, 0.05), (30, 0.1), (99, 0.01)])
def test_at_most_the_promised_share_of_new_rows_is_flagged(rng, n_rows, quantile):
    rule = QuantileThreshold(quantile=quantile)
    shares = [
        np.mean(rng.standard_normal(200) - 5 < rule.offset(scores - 5, np.ones(n_rows)))
        for scores in rng.standard_normal((2_000, n_rows))
    ]
    error = np.std(shares) / 2_000**0.5
    assert quantile / 2 < np.mean(shares) < quantile + 2 * error


def test_a_share_that_few_rows_cannot_promise_is_said_in_words(rng):
    scores = -rng.exponential(size=40)
    words = (
        r"^1 % cannot be promised from 40 rows; the smallest share is 2\.4 %\. .*"
        r"Pass more rows, or ask for a greater share\.$"
    )
    with pytest.warns(UserWarning, match=words) as caught:
        offset = QuantileThreshold().offset(scores, np.ones(40))
    assert caught[0].filename == __file__
    # The exponential tail goes on: a factor of 0.41 in the share is 0.89 deviations.
    assert scores.min() - 2 < offset < scores.min() - 0.3


def test_extrapolated_offsets_keep_the_share_of_an_exponential_tail(rng):
    with warnings.catch_warnings(action="ignore"):
        offsets = [
            QuantileThreshold().offset(-scores, np.ones(50))
            for scores in rng.exponential(size=(500, 50))
        ]
    assert np.mean(np.exp(offsets)) == pytest.approx(0.01, abs=0.008)


def test_one_row_has_an_offset():
    with pytest.warns(UserWarning, match="from 1 rows"):
        offset = QuantileThreshold().offset(np.array([-2.0]), np.ones(1))
    assert offset == pytest.approx(-2.0, rel=1e-3)


@pytest.mark.parametrize("share", [0.01, 0.05, 0.3])
def test_a_share_is_that_of_the_rows_at_hand(rng, share):
    scores = rng.standard_normal(1_000)
    offset = ShareThreshold(share=share).offset(scores, np.ones(1_000))
    assert np.mean(scores < offset) == share


@pytest.mark.parametrize("make", RULES)
def test_ties_are_inliers(rng, make):
    # Half of the rows have the lowest score, but for the last digits.
    scores = np.repeat([-3.0, -1.0], 500) + 1e-6 * rng.random(1_000)
    assert not (scores < make(0.05).offset(scores, np.ones(1_000))).any()


def test_a_heavy_row_moves_the_offset(rng):
    scores, weights = rng.standard_normal(100), np.ones(100)
    weights[scores.argmin()] = 50.0
    offset = QuantileThreshold(quantile=0.1).offset(scores, weights)
    assert offset == pytest.approx(scores.min(), rel=1.1e-4)
    assert offset < scores.min()


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
