"""Tests of the threshold rules."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.utils._param_validation import InvalidParameterError

from aeanomaly import QuantileThreshold, Threshold
from aeanomaly.scoring.calibration import Calibration
from aeanomaly.thresholds import (
    BudgetThreshold,
    CostThreshold,
    DeviationThreshold,
    EstimatedShareThreshold,
    FBetaThreshold,
    PrecisionThreshold,
    RecallThreshold,
    ShareThreshold,
    TailThreshold,
    resolve_threshold,
)
from aeanomaly.thresholds.cuts import Cuts

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
    # 10 of 40 make the tail: 11 / 41 / (1 + x)**10 = 0.01.
    low = np.sort(scores)
    reach = (11 / 41 / 0.01) ** 0.1 - 1
    expected = low[10] - reach * (low[10] - low[:10]).sum()
    assert offset == pytest.approx(expected, rel=2e-4)


def test_extrapolated_offsets_keep_the_share_of_an_exponential_tail(rng):
    with warnings.catch_warnings(action="ignore"):
        offsets = [
            QuantileThreshold().offset(-scores, np.ones(50))
            for scores in rng.exponential(size=(500, 50))
        ]
    assert np.mean(np.exp(offsets)) == pytest.approx(0.01, abs=0.002)


def test_one_anomaly_among_few_rows_is_flagged(rng):
    scores = np.append(-rng.exponential(size=59), -9.0)
    with warnings.catch_warnings(action="ignore"):
        offset = QuantileThreshold().offset(scores, np.ones(60))
    assert -9.0 < offset < scores[:-1].min()


def test_extrapolation_with_confidence_keeps_the_share_in_most_draws(rng):
    rule = QuantileThreshold(quantile=0.01, confidence=0.9)
    with warnings.catch_warnings(action="ignore"):
        offsets = [
            rule.offset(-s, np.ones(100)) for s in rng.exponential(size=(400, 100))
        ]
    exceeded = np.mean(np.exp(offsets) > 0.01)
    assert 0.05 < exceeded < 0.1 + 2 * (0.09 / 400) ** 0.5


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


# With confidence.


@pytest.mark.parametrize(("n_rows", "quantile"), [(200, 0.05), (1_000, 0.01)])
def test_with_confidence_the_share_is_kept_in_most_draws(rng, n_rows, quantile):
    rule = QuantileThreshold(quantile=quantile, confidence=0.9)
    # Scores are minus uniform numbers: the share below an offset is 1 + offset.
    shares = [
        1 + rule.offset(-scores, np.ones(n_rows))
        for scores in rng.random((500, n_rows))
    ]
    exceeded = np.mean(np.array(shares) > quantile)
    assert 0.02 < exceeded < 0.1 + 2 * (0.09 / 500) ** 0.5


def test_the_rank_with_confidence_by_hand():
    # 44 rows: P(the share below the lowest exceeds 5 %) = 0.95**44 = 0.105.
    with pytest.warns(
        UserWarning, match=r"with a probability of 90 % from 44 rows; .*5\.1"
    ):
        QuantileThreshold(quantile=0.05, confidence=0.9).offset(
            -np.arange(44.0) - 1, np.ones(44)
        )
    # 45 rows: 0.0994.
    rule = QuantileThreshold(quantile=0.05, confidence=0.9)
    assert rule.offset(-np.arange(45.0) - 1, np.ones(45)) == pytest.approx(
        -45, rel=2e-4
    )


# With labels.

SCORES = -np.array([9.0, 8.0, 7.0, 7.0, 5.0, 4.0, 3.0, 2.0])
IS_ANOMALY = np.array([1, 1, 0, 1, 0, 0, 1, 0], dtype=bool)


def flagged_by(rule, scores=SCORES, is_anomaly=IS_ANOMALY, **given):
    given |= {"is_anomaly": is_anomaly} if "is_anomaly" in rule.uses else {}
    offset = rule.offset(scores, np.ones(len(scores)), **given)
    return int((scores < offset).sum())


@pytest.mark.parametrize(
    ("precision", "n_flagged"), [(1.0, 2), (0.75, 4), (0.6, 5), (0.57, 7), (0.5, 8)]
)
def test_precision_flags_as_many_as_it_allows(precision, n_flagged):
    assert flagged_by(PrecisionThreshold(precision=precision)) == n_flagged


def test_precision_with_confidence_needs_more_evidence(rng):
    scores = -np.arange(400.0) - 1
    is_anomaly = np.arange(400) >= 300
    is_anomaly[::9] ^= True
    plain = flagged_by(PrecisionThreshold(precision=0.6), scores, is_anomaly)
    rule = PrecisionThreshold(precision=0.6, confidence=0.95)
    sure = flagged_by(rule, scores, is_anomaly)
    assert 0 < sure < plain


def test_a_precision_that_no_cut_reaches_is_said():
    is_anomaly = np.array([0, 0, 1, 0, 0, 0, 0, 0], dtype=bool)
    with pytest.warns(
        UserWarning, match=r"No cut keeps a precision of 0\.9 .* 0\.25\."
    ):
        assert flagged_by(PrecisionThreshold(precision=0.9), SCORES, is_anomaly) == 4


@pytest.mark.parametrize(
    ("recall", "n_flagged"), [(0.5, 2), (0.51, 4), (0.75, 4), (1, 7)]
)
def test_recall_flags_as_few_as_it_needs(recall, n_flagged):
    assert flagged_by(RecallThreshold(recall=float(recall))) == n_flagged


def test_f_beta_is_greatest():
    # F1: 2 of 2 and 4: 4/6; 3 of 4: 6/8; 4 of 7: 8/11. F2 prefers recall: 20/23 of 7.
    assert flagged_by(FBetaThreshold()) == 4
    assert flagged_by(FBetaThreshold(beta=2.0)) == 7
    assert flagged_by(FBetaThreshold(beta=0.2)) == 2


def test_costs_are_counted():
    # Costs of flagging 2, 4, 7, 8 with missed = 2: 4, 1 + 2, 3, 4.
    assert flagged_by(CostThreshold(missed=1.0, false_alarm=3.0)) == 2
    assert flagged_by(CostThreshold(missed=9.0, false_alarm=1.0)) == 7
    # If anomalies are rare, false alarms weigh more.
    rare = CostThreshold(missed=9.0, false_alarm=1.0, anomaly_rate=0.01)
    assert flagged_by(rare) == 2
    assert rare.offset(SCORES, np.ones(8), is_anomaly=IS_ANOMALY) < -7.0
    assert "8 labelled rows" in rare.summary_


def test_costs_without_labels_come_from_what_lies_beyond_the_normal_rows(rng):
    known = Calibration.of_scores(rng.normal(size=20_000), np.ones(20_000))
    normal, bad = rng.normal(size=9_500), rng.normal(-4.0, size=500)
    scores = np.concatenate([normal, bad])
    rule = CostThreshold(missed=20.0, anomaly_rate=0.05)
    offset = rule.offset(scores, np.ones(10_000), calibration=known)
    # With densities d: worth it where 20 * 0.05 * d(x + 4) > 0.95 * d(x): x < -1.99.
    assert offset == pytest.approx(-1.99, abs=0.25)
    assert "10,000 unlabelled rows" in rule.summary_


def test_a_summary_gives_exact_intervals():
    rule = PrecisionThreshold(precision=0.75)
    flagged_by(rule)
    assert rule.summary_ == (
        "Flags 4 of 8 labelled rows and finds 3 of 4 anomalies: precision 0.75 (0.25 "
        "to 0.99), recall 0.75 (0.25 to 0.99) (90 % intervals)."
    )


@pytest.mark.parametrize(
    "rule", [PrecisionThreshold(), RecallThreshold(), FBetaThreshold(), CostThreshold()]
)
def test_rules_of_labels_say_what_they_miss(rule):
    with pytest.raises(ValueError, match=rf"'{rule.name}' needs labelled rows\. Pass"):
        rule.offset(SCORES, np.ones(8), is_anomaly=None)
    with pytest.raises(ValueError, match="all 8 rows are labelled as normal"):
        rule.offset(SCORES, np.ones(8), is_anomaly=np.zeros(8, dtype=bool))


@pytest.mark.parametrize("seed", range(5))
def test_ties_stay_on_one_side_of_every_cut(seed):
    rng = np.random.default_rng(seed)
    scores = -rng.integers(1, 5, 40).astype(float) * (1 + 1e-6 * rng.random(40))
    cuts = Cuts.of_rows(scores, np.ones(40), rng.random(40) < 0.3)
    levels = len(np.unique(np.round(scores)))
    assert len(cuts.offsets) == levels + 1
    counted = [(scores < offset).sum() for offset in cuts.offsets]
    assert counted == cuts.flagged.tolist()
    assert (cuts.flagged[0], cuts.flagged[-1]) == (0, 40)


# Budgets.


def test_a_budget_holds_in_the_worst_period(rng):
    scores, times = rng.normal(size=600), np.repeat([1, 2, 3], 200)
    scores[:200] -= 1.0
    rule = BudgetThreshold(budget=10, period="D")
    offset = rule.offset(scores, np.ones(600), times=times)
    flagged = [(scores[times == day] < offset).sum() for day in (1, 2, 3)]
    assert flagged[0] == 10
    assert max(flagged) == 10
    assert flagged[1] < 10
    assert rule.summary_.startswith(
        f"Flags {sum(flagged)} of 600 rows: at most 10 and "
    )


def test_a_budget_without_a_period_is_that_of_all_rows(rng):
    scores = rng.normal(size=300)
    offset = BudgetThreshold(budget=7).offset(scores, np.ones(300))
    assert (scores < offset).sum() == 7
    assert (scores < BudgetThreshold(budget=300).offset(scores, np.ones(300))).all()


def test_a_budget_per_period_needs_times():
    with pytest.raises(ValueError, match=r"period='D' needs the time of each row\."):
        BudgetThreshold(period="D").offset(SCORES, np.ones(8))


# Tails, deviations, estimated shares.


@pytest.mark.parametrize("shape", [-0.2, 0.0, 0.3])
def test_a_tail_reaches_shares_that_are_too_rare_to_count(shape):
    from scipy.stats import genpareto

    tail = genpareto(shape)
    shares = [
        tail.sf(
            -TailThreshold(quantile=0.0005).offset(
                -tail.rvs(4_000, random_state=seed), np.ones(4_000)
            )
        )
        for seed in range(15)
    ]
    assert np.median(shares) == pytest.approx(0.0005, rel=0.6)


def test_a_tail_that_does_not_fit_is_not_used(rng):
    # Steps of ten: no continuous tail.
    scores = -10.0 * rng.geometric(0.5, 2_000)
    with pytest.warns(
        UserWarning, match=r"'tail' falls back .* does not fit the scores\."
    ):
        offset = TailThreshold(quantile=0.01).offset(scores, np.ones(2_000))
    expected = QuantileThreshold(quantile=0.01).offset(scores, np.ones(2_000))
    assert offset == expected


def test_a_tail_of_few_scores_is_not_used(rng):
    scores = rng.normal(size=100) - 9.0
    with pytest.warns(UserWarning, match=r"10 scores are too few for a tail\."):
        offset = TailThreshold(quantile=0.05).offset(scores, np.ones(100))
    assert offset == QuantileThreshold(quantile=0.05).offset(scores, np.ones(100))


def test_deviations_are_counted_from_the_median():
    scores = np.array([-1.0, -2.0, -3.0, -4.0, -30.0])
    rule = DeviationThreshold(n_deviations=2.0)
    assert rule.offset(scores, np.ones(5)) == pytest.approx(-3 - 2 * 1.4826, rel=1e-4)
    # Five times the lowest of three: the median of seven is the lowest.
    weights = np.array([1.0, 1.0, 5.0])
    assert rule.offset(np.array([-1.0, -2.0, -3.0]), weights) == pytest.approx(-3.0)


def test_the_estimated_share_is_flagged(rng):
    known = Calibration.of_scores(rng.normal(size=20_000), np.ones(20_000))
    scores = np.concatenate([rng.normal(size=9_000), rng.normal(-9.0, size=1_000)])
    rule = EstimatedShareThreshold()
    offset = rule.offset(scores, np.ones(10_000), calibration=known)
    assert np.mean(scores < offset) == pytest.approx(0.1, abs=0.02)
    assert "seem to be anomalies" in rule.summary_


def test_to_be_sure_never_flags_more(rng):
    scores = -rng.exponential(size=2_000)
    plain = QuantileThreshold(quantile=0.001).offset(scores, np.ones(2_000))
    with warnings.catch_warnings(action="ignore"):
        rule = QuantileThreshold(quantile=0.001, confidence=0.9)
        assert rule.offset(scores, np.ones(2_000)) <= scores.min() < plain
