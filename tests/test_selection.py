"""Tests of rows that are judged together: false discovery rates and budgets."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import false_discovery_control

from aeanomaly.periods import period_codes
from aeanomaly.scoring.calibration import Calibration
from aeanomaly.selection import conditional_p_values, select_by_budget, select_by_fdr


def calibration_of(scores):
    return Calibration.of_scores(scores, np.ones(len(scores)))


def test_the_procedure_is_that_of_benjamini_and_hochberg(rng):
    known = calibration_of(rng.normal(size=999))
    scores = np.concatenate([rng.normal(size=80), rng.normal(-4.0, size=20)])
    adjusted = false_discovery_control(known.p_values(scores))
    for fdr in (0.05, 0.2):
        assert_array_equal(select_by_fdr(known, scores, fdr), adjusted <= fdr)
    assert 10 < select_by_fdr(known, scores, 0.1).sum() < 25


@pytest.mark.parametrize("method", ["bh", "storey"])
def test_the_false_discovery_rate_is_kept(rng, method):
    false, found = [], []
    for _ in range(200):
        known = calibration_of(rng.normal(size=500))
        scores = np.concatenate([rng.normal(size=150), rng.normal(-4.0, size=50)])
        with warnings.catch_warnings(action="ignore"):
            selected = select_by_fdr(known, scores, 0.1, method)
        false.append(selected[:150].sum() / max(1, selected.sum()))
        found.append(selected[150:].mean())
    assert np.mean(false) <= 0.1 + 2 * np.std(false) / 200**0.5
    assert np.mean(found) > 0.7


def test_storey_selects_more_where_many_rows_are_abnormal(rng):
    known = calibration_of(rng.normal(size=2_000))
    scores = np.concatenate([rng.normal(size=100), rng.normal(-3.0, size=100)])
    more = select_by_fdr(known, scores, 0.1, "storey")
    less = select_by_fdr(known, scores, 0.1)
    assert more[less].all()
    assert more.sum() > less.sum()


def test_conditional_p_values_hold_for_most_draws(rng):
    kept = []
    for scores in rng.random((300, 200)):
        known = calibration_of(np.sort(scores))
        # Scores are uniform, so the share of new rows below one is the score itself.
        new = np.linspace(0.001, 0.5, 300)
        p_values = conditional_p_values(known.p_values(new), 200, confidence=0.8)
        kept.append((new <= p_values + 1e-3).all())
    assert np.mean(kept) >= 0.75


def test_conditional_p_values_of_four_scores_by_hand():
    # n = 4, half = 2, delta = 0.25: b(5 - i) = 1 - 0.5 * sqrt(i (i - 1) / 12).
    expected = [1 - 0.5 * np.sqrt(i * (i - 1) / 12) for i in (4, 3, 2, 1)]
    p_values = np.array([0.2, 0.4, 0.6, 0.8, 1.0])
    adjusted = conditional_p_values(p_values, 4, confidence=0.75)
    assert_allclose(adjusted, [*expected, 1.0])


def test_with_confidence_fewer_rows_are_selected(rng):
    known = calibration_of(rng.normal(size=2_000))
    scores = np.concatenate([rng.normal(size=100), rng.normal(-3.5, size=100)])
    less = select_by_fdr(known, scores, 0.1, confidence=0.9)
    more = select_by_fdr(known, scores, 0.1)
    assert more[less].all()
    assert 0 < less.sum() < more.sum()


def test_too_few_calibration_scores_are_said_in_words(rng):
    known = calibration_of(rng.normal(size=900))
    scores = np.concatenate([rng.normal(size=1_998), [-90.0, -91.0]])
    words = (
        r"^No selection at 10 % of 2,000 rows is possible: at least 23 of them would "
        r"have to lie below all 900 calibration scores, and \d do\. About [\d,]+ "
        r"calibration rows would do; or pass a budget, or a greater fdr\.$"
    )
    with pytest.warns(UserWarning, match=words) as caught:
        assert not select_by_fdr(known, scores, 0.1).any()
    assert caught[0].filename == __file__


def test_nothing_is_said_where_nothing_is_abnormal(rng):
    known = calibration_of(rng.normal(size=900))
    assert not select_by_fdr(known, np.full(50, 1.0), 0.1).any()


def test_no_rows_give_no_selection():
    known = calibration_of(np.arange(9.0))
    assert select_by_fdr(known, np.zeros(0), 0.1).shape == (0,)
    assert select_by_budget(np.zeros(0), 3).shape == (0,)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"fdr": 1.0}, r"fdr must be in \(0, 1\)\. Got 1\.0\."),
        ({"fdr": 0.1, "method": "by"}, r"one of \['bh', 'storey'\]\. Got 'by'\."),
    ],
)
def test_options_out_of_range_are_errors(options, words):
    with pytest.raises(ValueError, match=words):
        select_by_fdr(calibration_of(np.arange(9.0)), np.zeros(2), **options)


def test_a_budget_is_used_up_in_every_period(rng):
    times = pd.date_range("2026-01-01", periods=3_000, freq="20min")
    scores = np.round(rng.normal(size=3_000), 1)  # with ties
    selected = select_by_budget(scores, 5, times, "D")
    days = pd.Series(selected).groupby(times.date).sum()
    assert (days == 5).all()
    for day, rows in pd.Series(scores).groupby(times.date):
        chosen = selected[rows.index]
        assert rows[chosen].max() <= rows[~chosen].min(), day


def test_a_budget_without_times_is_one_batch():
    scores = np.array([-1.0, -2.0, -2.0, -0.5])
    assert select_by_budget(scores, 2).tolist() == [False, True, True, False]
    assert select_by_budget(scores, 0).sum() == 0
    assert select_by_budget(scores, 9).all()


@pytest.mark.parametrize("budget", [-1, 2.5, True])
def test_a_budget_that_is_no_number_of_rows_is_an_error(budget):
    with pytest.raises(ValueError, match="budget must be a whole number"):
        select_by_budget(np.zeros(3), budget)


def test_times_of_another_length_are_an_error():
    with pytest.raises(ValueError, match=r"times has 2 values for 3 rows\."):
        select_by_budget(np.zeros(3), 1, times=[1, 2])


def test_periods_are_those_of_the_calendar():
    times = ["2026-01-31 23:59", "2026-02-01", None, "2026-02-28"]
    assert period_codes(times, "M").tolist() == [0, 1, 2, 1]
    aware = pd.to_datetime(times, format="mixed").tz_localize("Europe/Paris")
    assert period_codes(aware, "M").tolist() == [0, 1, 2, 1]
    assert period_codes(["north", "south", "north"], "D").tolist() == [0, 1, 0]
    assert period_codes([7, 3, 7], "D").tolist() == [1, 0, 1]
    with pytest.raises(ValueError, match=r"period='fortnight' is not a length of time"):
        period_codes(pd.to_datetime(["2026-01-01"]), "fortnight")
