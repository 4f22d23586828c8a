"""Tests of what is usual: expected ranges, probabilities of levels, and their fit."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases import CHEAP
from numpy.testing import assert_allclose, assert_array_equal

from aeanomaly import AutoencoderOutlierDetector
from aeanomaly.fitting.usual import decimals_of
from aeanomaly.scoring.scorer import check_usual
from aeanomaly.scoring.usual import ExpectedRange, UsualLevels, UsualNumbers


@pytest.fixture
def line(rng):
    """Values about twice their prediction, never negative, wider for great ones."""
    predicted = rng.uniform(0, 10, 4_000)
    values = np.maximum(2 * predicted + (1 + predicted) * rng.normal(size=4_000), 0)
    bounds = (0.0, float(values.max()))
    return (
        predicted,
        values,
        ExpectedRange.fit(predicted, values, np.ones(4_000), bounds),
    )


def test_nine_of_ten_values_lie_in_the_expected_range_wherever_they_are(line):
    predicted, values, expected = line
    low, _, high = expected(predicted)
    within = (low <= values) & (values <= high)
    for part in np.array_split(np.argsort(predicted), 4):
        assert within[part].mean() == pytest.approx(0.9, abs=0.03)


def test_nothing_is_expected_beyond_what_training_showed(line):
    _, values, expected = line
    low, middle, high = expected(np.array([-1e9, 1e9]))
    assert low.min() >= 0
    assert high.max() <= values.max()
    assert ((low <= middle) & (middle <= high)).all()
    # A row far out is not expected to be a point at the bound.
    assert (high > low).all()


def test_rows_without_a_value_tell_no_range():
    nothing = np.full(3, np.nan)
    assert ExpectedRange.fit(nothing, nothing, np.ones(3), (0.0, 1.0)) is None


@pytest.mark.parametrize(
    ("numbers", "dtype", "decimals"),
    [
        ([1.0, 2.0, 1e9], None, 0),
        ([0.5, 12.25], None, 2),
        (np.array([0.1, 0.2], np.float32).astype(float), np.dtype("float32"), 1),
        ([1 / 3, 2 / 7], None, None),
    ],
)
def test_decimals_are_those_that_numbers_are_written_with(numbers, dtype, decimals):
    assert decimals_of(np.array(numbers), dtype) == decimals


def test_levels_that_depend_on_nothing_have_their_shares(rng):
    shown = np.eye(3)[rng.choice(3, 3_000, p=[0.5, 0.3, 0.2])]
    shares = shown.mean(axis=0)
    noise = shares + 0.2 * rng.normal(size=(3_000, 3))
    shrinkage = UsualLevels.fitted_shrinkage(noise, shown, np.ones(3_000), shares)
    assert shrinkage < 0.05


def test_levels_that_are_known_keep_what_is_predicted(rng):
    shown = np.eye(3)[rng.choice(3, 300)]
    shares = shown.mean(axis=0)
    shrinkage = UsualLevels.fitted_shrinkage(shown, shown, np.ones(300), shares)
    assert shrinkage == pytest.approx(1.0)


def test_a_prediction_adds_no_more_than_it_did_in_training():
    encoded = np.array([[0.5, 0.5], [0.4, 0.3], [0.7, 0.6]])
    usual = UsualLevels(10.0, 0.0, encoded, shrinkage=0.5)
    far = usual.probabilities(np.array([[9.0, -8.0]]))
    assert_allclose(far, [[0.5 + 0.5 * 0.2, 0.5 - 0.5 * 0.2]])


def test_what_is_usual_counts_rows(detector, table):
    usual = dict(
        zip(detector.scorer_.encoding.names, detector.scorer_.usual, strict=True)
    )
    assert usual["country"].n_missing == table["country"].isna().sum()
    assert usual["n_visits"].decimals == 0
    assert (
        usual["n_visits"].counts_of(np.array([4.0])) == (table["n_visits"] == 4).sum()
    )
    assert usual["amount"].decimals == 2
    assert usual["amount"].bounds == (table["amount"].min(), table["amount"].max())
    hours = table["opened"].dt.hour.value_counts().reindex(range(24), fill_value=0)
    assert_array_equal(usual["opened"].hours, hours)
    assert usual["version"].bounds == (3.0, 3.0)


def test_expected_values_are_like_those_of_training_rows(detector, table):
    rows = table[:50].assign(amount=-1e6, age=900.0)
    explained = detector.explain(rows, top=8)
    of = {name: explained[explained["column"] == name] for name in table}
    for name in ("amount", "age", "n_visits", "opened"):
        for field in ("low", "expected", "high"):
            assert (of[name][field] >= table[name].min()).all()
            assert (of[name][field] <= table[name].max()).all()
    assert all(isinstance(value, int) for value in of["n_visits"]["expected"])


@pytest.mark.slow
def test_the_probability_of_a_level_that_depends_on_nothing_is_its_share():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(2000, 4)), columns=list("abcd"))
    table["k"] = rng.choice(list("xyz"), 2000)
    detector = AutoencoderOutlierDetector(**CHEAP).fit(table)
    greatest = table["k"].value_counts(normalize=True).max()
    for far in (0, 4, 20):
        explained = detector.explain(table.head(300).assign(a=table["a"] + far), top=5)
        probability = explained.loc[explained["column"] == "k", "probability"]
        assert_allclose(probability, greatest, atol=0.03)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda usual: usual[:-1], "not given for each column"),
        (lambda usual: (*usual[:-1], 3), "int does not say what is usual"),
        (lambda usual: (replace(usual[0], n_missing=-1.0), *usual[1:]), "cannot be"),
        (
            lambda usual: (replace(usual[0], counts=np.ones((3, 2))), *usual[1:]),
            "a count for each of its values",
        ),
        (lambda usual: (replace(usual[0], decimals=9), *usual[1:]), "9 decimals"),
    ],
)
def test_what_is_usual_is_checked_when_it_comes_from_a_file(detector, change, message):
    usual = detector.scorer_.usual
    with pytest.raises(ValueError, match=message):
        check_usual(change(usual), len(usual))


def test_a_date_after_training_leads_no_more_often_than_one_within(detector, table):
    later = table.assign(opened=table["opened"] + pd.Timedelta(days=60))
    before, after = detector.explain(table, top=8), detector.explain(later, top=8)
    for explained in (before, after):
        assert_allclose(explained["share"].groupby(level=0).sum(), 1.0, rtol=1e-6)

    def leads(explained):
        return (explained.xs(1, level="rank")["column"] == "opened").mean()

    assert leads(after) <= leads(before) + 0.02


def test_shares_on_either_side_of_a_number():
    quantiles = ((0.0, 1.0), (0.05, 2.0), (0.5, 5.0), (0.95, 8.0), (1.0, 9.0))
    usual = UsualNumbers(100.0, 0.0, None, 0, quantiles, None)
    # Greater than the value of the 95 % quantile, or less than that of the 5 %.
    values = np.array([0.5, 1.0, 1.5, 2.0, 5.0, 8.0, 8.5, 9.0, 9.5])
    expected = [-1.0, -0.95, -0.95, 0.0, 0.0, 0.0, 0.95, 0.95, 1.0]
    assert_allclose(usual.tails(values), expected)


def test_rows_of_a_value_are_those_that_were_counted():
    counts = np.array([[1.0, 2.5], [30.0, 70.0]])
    usual = UsualNumbers(100.0, 0.0, None, 1, ((0.0, 1.0), (1.0, 2.5)), counts)
    assert_array_equal(
        usual.counts_of(np.array([0.0, 1.0, 2.0, 2.5, 3.0])), [0, 30, 0, 70, 0]
    )
