"""The drift watch: sizes, p-values, names of changes, and nights in a row."""

import copy
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cases import make_table

from aeanomaly.drift import Drift, TableWatch
from aeanomaly.drift.comparison import Comparison
from aeanomaly.drift.evidence import NightEvidence, mixture
from aeanomaly.drift.judge import judge
from aeanomaly.drift.levels import WatchedLevels
from aeanomaly.drift.logarithmic import LogHistogram
from aeanomaly.drift.probability import (
    log_beta_binomial,
    log_chi_square,
    log_holm,
    log_kolmogorov,
)
from aeanomaly.drift.sizes import index_by_chance, stability_index, wasserstein
from aeanomaly.drift.units import best_guess, guess_hours, unit_in_words
from aeanomaly.exceptions import StateError

# Sizes and p-values, by hand or by SciPy


def test_the_stability_index_by_hand():
    # (0.4 - 0.5) log(0.4 / 0.5) + (0.6 - 0.5) log(0.6 / 0.5), up to half rows.
    by_hand = -0.1 * math.log(0.8) + 0.1 * math.log(1.2)
    found = stability_index(np.array([5e6, 5e6]), np.array([4e6, 6e6]))
    assert found == pytest.approx(by_hand, rel=1e-5)
    assert stability_index(np.array([3, 7]), np.array([3, 7])) == 0.0
    assert index_by_chance(10, 1_000, 500) == pytest.approx(9 * (0.001 + 0.002))


def test_chance_makes_of_the_stability_index_what_is_taken_off(rng):
    shares = np.full(10, 0.1)
    found = [
        stability_index(rng.multinomial(2_000, shares), rng.multinomial(800, shares))
        for _ in range(400)
    ]
    assert np.mean(found) == pytest.approx(index_by_chance(10, 2_000, 800), rel=0.1)


def test_wasserstein_is_that_of_scipy(rng):
    from scipy.stats import wasserstein_distance

    before = rng.integers(0, 9, 500).astype(float)
    now = rng.integers(2, 12, 300).astype(float)
    at = np.unique(before)
    outside = np.maximum(now - at[-1], 0).mean() + np.maximum(at[0] - now, 0).mean()
    reached = [
        np.searchsorted(np.sort(x), at, side="right") / len(x) for x in (before, now)
    ]
    reached[1][-1] = 1.0
    found = wasserstein(at, *reached, outside=outside)
    assert found == pytest.approx(wasserstein_distance(before, now))


@pytest.mark.parametrize(
    ("statistic", "degrees"), [(3, 1), (50, 20), (10, 20), (900, 9)]
)
def test_chi_square_is_that_of_scipy(statistic, degrees):
    from scipy.stats import chi2

    expected = chi2.logsf(statistic, degrees)
    assert log_chi_square(statistic, degrees) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("k", "n", "a", "b"), [(3, 10, 2, 30), (120, 10_000, 20, 1_980), (2, 50, 9, 40)]
)
def test_beta_binomial_is_that_of_scipy(k, n, a, b):
    from scipy.stats import betabinom

    expected = betabinom.logsf(k - 1, n, a, b)
    assert log_beta_binomial(k, n, a, b) == pytest.approx(expected, rel=1e-6)


def test_a_p_value_of_two_samples_is_that_of_scipy(rng):
    from scipy.stats import ks_2samp

    one, other = rng.normal(size=700), rng.normal(0.15, size=400)
    expected = ks_2samp(one, other, method="exact")
    found = math.exp(log_kolmogorov(expected.statistic, 700, 400))
    assert found == pytest.approx(expected.pvalue, rel=0.1)
    # No float holds it, and its logarithm is known all the same.
    assert log_kolmogorov(0.9, 1e5, 1e5) == pytest.approx(-81_000, rel=0.01)


def test_holm_by_hand():
    adjusted = log_holm(np.log([0.01, 0.04, 0.03, 0.5]).tolist())
    np.testing.assert_allclose(np.exp(adjusted), [0.04, 0.09, 0.09, 0.5])


def test_the_share_of_flagged_rows_counts_the_size_of_the_calibration(rng):
    """Thresholds from a sample: so often a p-value is small where all is alike."""
    small = 0
    for _ in range(400):
        before, now = rng.random(300), rng.random(5_000)
        offset = np.quantile(before, 0.02)
        counts = [
            np.array([(x < offset).sum(), (x >= offset).sum()]) for x in (before, now)
        ]
        small += Comparison("flagged", "share", *counts).log_p() < math.log(0.05)
    # By the binomial distribution, which takes the share for known, it is most.
    assert small <= 0.06 * 400


@pytest.mark.parametrize("kind", ["ordered", "cells"])
def test_p_values_of_equal_tables_are_uniform_or_greater(kind, rng):
    shares = rng.dirichlet(np.full(12, 3.0))
    found = [
        Comparison(
            "values", kind, rng.multinomial(900, shares), rng.multinomial(400, shares)
        ).log_p()
        for _ in range(500)
    ]
    for level in (0.1, 0.02):
        assert np.mean(np.array(found) < math.log(level)) < level + 0.03


def test_a_sunday_is_compared_with_sundays():
    before, now = np.array([700.0, 300.0]), np.array([0, 500])
    alone = Comparison("levels", "cells", before, now)
    beside = Comparison("levels", "cells", before, now, matched=np.array([0.0, 280.0]))
    assert alone.log_p() < -100
    assert beside.log_p() == 0.0
    assert alone.index() > 1
    assert beside.index() == 0.0


# Batches


def watched(detector, table, sizes):
    watch = TableWatch(detector.scorer_, detector.calibration_, detector.offset_)
    scores = detector.score_samples(table)
    read, start = detector._check_table(table), 0
    for size in sizes:
        watch.add(read.iloc[start : start + size], scores[start : start + size])
        start += size
    return watch


def found_in(watch):
    return [
        (c.column, c.stability, c.distance, c.log_p, [x.text for x in c.changes])
        for judgement in [judge(watch)]
        for c in (*judgement.columns, judgement.score)
    ]


def test_batches_of_any_size_and_order_give_the_same(detector):
    table = make_table(600, seed=3)
    table["amount"] = np.exp(np.random.default_rng(0).normal(3, 4, 600))
    table.loc[::3, "country"] = [f"new {i}" for i in range(200)]
    whole = watched(detector, table, [600])
    batches = watched(detector, table, [1, 99, 300, 200])
    shuffled = table.sample(frac=1, random_state=1)
    first = watched(detector, shuffled.iloc[:250], [250])
    first.merge(watched(detector, shuffled.iloc[250:], [100, 250]))
    assert whole.digests() == batches.digests() == first.digests()
    assert found_in(whole) == found_in(batches) == found_in(first)


def test_names_of_new_levels_are_kept_in_bounds_and_in_any_order(detector, monkeypatch):
    monkeypatch.setattr("aeanomaly.drift.levels._MOST_NEW", 20)
    levels = pd.Series([f"level {i % 97}" for i in range(500)])
    position = detector.model_.encoding.names.index("country")
    kept = []
    for order in (levels, levels[::-1]):
        column = WatchedLevels(detector.scorer_, position, None)
        for start in range(0, 500, 50):
            column.add(order.iloc[start : start + 50], None)
        kept.append(column.new)
        assert column.n_new == 500
    assert kept[0] == kept[1]
    assert len(kept[0]) == 20
    assert set(kept[0].values()) <= {5, 6}


def test_a_histogram_of_ratios_knows_quantiles_to_three_per_cent(rng):
    numbers = rng.normal(0, 1, 5_000) * 10 ** rng.uniform(-6, 9, 5_000)
    histogram = LogHistogram()
    histogram.add(numbers)
    for share in (0.02, 0.3, 0.7, 0.98):
        expected = np.quantile(numbers, share, method="inverted_cdf")
        assert histogram.quantile(share) == pytest.approx(expected, rel=0.03)


# Names


def changes(detector, table):
    drift = detector.drift(table)
    return drift, {
        c.column: [x.kind for x in c.changes] for c in drift.columns if c.changes
    }


def test_nothing_has_changed(detector):
    drift, found = changes(detector, make_table(3_000, seed=5))
    assert drift.verdict == "Nothing has changed."
    assert not drift.has_drifted
    assert found == {}
    assert str(drift).startswith("Nothing has changed. Compared 3,000 rows")


@pytest.mark.parametrize(
    ("column", "change", "kind", "text"),
    [
        ("amount", lambda x: x * 100, "unit", "is in cents now (100 times as large)"),
        ("amount", lambda x: x / 1000, "unit", "is a thousandth of what it was"),
        ("amount", lambda x: -x, "sign", "has the other sign"),
        ("amount", lambda x: x.where(x.index % 25 > 0, -x), "sign", "negative in 4.0%"),
        ("n_visits", lambda x: x.where(x.index % 2 > 0, 4), "one value", "in 60.5% of"),
        ("amount", lambda x: x.round(), "rounded", "holds whole numbers, and had 2"),
        ("amount", lambda x: x * 0 + 7.5, "constant", "is 7.5 in all rows"),
        ("age", lambda x: x.fillna(0), "code", "is 0 in 9.1% of the rows"),
        ("age", lambda x: x * np.nan, "all missing", "is missing in all rows"),
        ("age", lambda x: x + 8, "values", "is higher: median 48.5, before 40.1"),
        ("n_visits", lambda x: x.where(x.index % 3 > 0), "missing", "in 33.3% of the"),
        ("country", lambda x: x.str.lower(), "spelling", "'fr' in place of 'FR'"),
        ("country", lambda x: x.replace("DE", "FR"), "lost level", "has lost 'DE'"),
        ("country", lambda x: x.replace("FR", "ES"), "new levels", "level in 60.3%"),
        ("country", lambda x: x * 0 + "DE", "constant", "is 'DE' in all rows"),
        ("member", lambda x: ~x, "levels", "is False in 31.5% of the rows, before 6"),
        ("version", lambda x: x + 1, "constant no more", "was always 3"),
    ],
)
def test_a_change_is_named_as_what_it_is(detector, column, change, kind, text):
    table = make_table(3_000, seed=5)
    if column == "country" and kind == "constant":
        table["country"] = "DE"
    else:
        table[column] = change(table[column])
    drift, found = changes(detector, table)
    assert kind in found[column]
    assert drift.has_drifted
    assert text in str(drift)
    others = {"version"} if column == "version" else set()
    assert set(found) - others <= {column}


def test_counts_that_grow_are_in_no_other_unit(detector):
    table = make_table(3_000, seed=5)
    table["amount"] = (table["amount"] / 0.3048).round(2)
    table["n_visits"] = (table["n_visits"] / 0.3048).round()
    drift, found = changes(detector, table)
    assert "amount is 3.281 times as large (feet in place of metres?)" in str(drift)
    assert "unit" in found["amount"]
    assert "unit" not in found["n_visits"]
    assert "n_visits is higher" in str(drift)
    table["n_visits"] = make_table(3_000, seed=5)["n_visits"] * 24
    assert "n_visits is 24 times as large (hours in place of days?)" in str(
        detector.drift(table)
    )


def test_hours_that_moved_are_another_time_zone():
    before = np.array(
        [0] * 7 + [30, 80, 90, 95, 90, 70, 75, 90, 95, 80, 50, 20] + [5] * 5
    )
    found = guess_hours(before * 10.0, np.roll(before, 2) * 4)
    assert (found.factor, found.share) == (2.0, pytest.approx(1.0))
    some = guess_hours(before * 10.0, np.roll(before, -1) * 2 + before * 6)
    assert (some.factor, some.share) == (-1.0, pytest.approx(0.25))
    assert guess_hours(before * 10.0, before * 3) is None


def test_a_guess_that_explains_little_is_none():
    before, now = np.array([0.5, 0.3, 0.2, 0.0]), np.array([0.2, 0.4, 0.0, 0.4])
    assert best_guess(before, now, {2.0: np.array([0.0, 0.5, 0.3, 0.2])}, 0.01) is None


@pytest.mark.parametrize(
    ("name", "factor", "words"),
    [
        ("days_since_last", 24.0, "is in hours now (24 times as large)"),
        ("duration_hours", 1 / 24, "is in days now (0.0417 times as large)"),
        ("x", 1000.0, "is 1000 times as large (metres in place of kilometres or "),
    ],
)
def test_a_factor_is_a_unit_where_the_name_tells(name, factor, words):
    assert unit_in_words(name, factor).startswith(words)


def test_a_burst_of_missing_values_is_told_by_its_hours(detector):
    table = make_table(4_000, seed=5)
    burst = table["opened"].dt.hour.isin([3, 4])
    table.loc[burst, "n_visits"] = np.nan
    table["n_visits"] = table["n_visits"].astype(float)
    drift, found = changes(detector, table)
    assert found["n_visits"] == ["missing burst"]
    assert "nearly all of them from 03:00 to 04:59" in str(drift)
    assert drift.advice == "broken"


def test_columns_that_are_swapped(detector):
    table = make_table(3_000, seed=5)
    table["age"], table["amount"] = table["amount"], table["age"]
    drift, found = changes(detector, table)
    assert found["age"] == found["amount"] == ["swapped"]
    assert "amount holds what age held: the two are swapped" in drift.verdict


def test_columns_that_are_gone_or_are_called_otherwise(detector):
    table = make_table(500, seed=5).rename(columns={"n_visits": "N Visits"})
    drift = detector.drift(table.drop(columns="country"))
    assert drift.has_drifted
    assert "n_visits is gone, and seems to be called 'N Visits' now" in drift.verdict
    assert "country is gone" in drift.verdict
    assert drift.score is None
    assert "Not compared: scores, as columns are gone." in str(drift)


def test_rows_that_are_rarer_together_ask_for_another_fit(number_detector, rng):
    from cases import make_numbers

    numbers = make_numbers(2_000, seed=4)
    assert not number_detector.drift(numbers).has_drifted
    # Each column by itself holds what it held.
    apart = np.column_stack([rng.permutation(column) for column in numbers.T])
    drift = number_detector.drift(apart)
    assert drift.advice == "fit again"
    assert drift.verdict.startswith("Fit again: each column holds what it held")


def test_more_flagged_rows_ask_for_another_threshold(detector):
    moved = copy.copy(detector)
    moved.offset_ = float(np.quantile(detector.calibration_.scores, 0.05))
    table = make_table(3_000, seed=5)
    lowest = np.argsort(detector.score_samples(table))[:700]
    rest = np.setdiff1d(np.arange(3_000), lowest)
    few = rest[np.argsort(detector.score_samples(table.iloc[rest]))]
    drift = moved.drift(table.iloc[few[-2_000:]])
    scores = drift.score
    assert "flagged" in [change.kind for change in scores.changes]
    assert drift.flagged == 0.0
    score = scores._replace(changes=scores.changes[-1:])
    only = Drift(2_000, (), score, 0.05, 0.0, (), {}, True)
    assert only.advice == "set the threshold again"
    assert only.verdict.startswith("Set the threshold again: 0.00% of the rows are")


def test_newer_times_are_no_drift(detector):
    table = make_table(3_000, seed=5)
    table["opened"] += pd.Timedelta(days=210)
    assert not detector.drift(table).has_drifted


def test_a_frame_of_results_has_a_row_for_each_column(detector):
    drift = detector.drift(make_table(300, seed=5))
    frame = drift.to_frame()
    assert frame["column"].tolist() == [*make_table().columns, "score"]
    assert (frame["p_value"] <= 1).all()
    json.dumps(drift.to_dict(), allow_nan=False)


def test_a_detector_of_images_says_that_drift_is_about_columns():
    from types import SimpleNamespace

    from sklearn.base import BaseEstimator

    from aeanomaly.scoring.encoding.images import ImageEncoding
    from aeanomaly.watching import DriftMixin

    class Images(DriftMixin, BaseEstimator):
        scorer_ = SimpleNamespace(encoding=object.__new__(ImageEncoding))

        def fit(self):
            return self

        def __sklearn_is_fitted__(self):
            return True

    with pytest.raises(TypeError, match="drift is about the columns of tables"):
        Images().drift(np.zeros((2, 4)))


# Nights


def test_a_stake_is_one_on_average():
    uniform = (np.arange(200_000) + 0.5) / 200_000
    gains = [mixture(math.log(p)) for p in uniform]
    # What is missing lies below the least of these p-values.
    assert 0.8 < np.mean(gains) < 1.0


def night_after_night(rng, n_nights, log_p_values):
    evidence, alarms = NightEvidence(4), 0
    for night in range(n_nights):
        found = {str(i): log_p_values(rng, night, i) for i in range(4)}
        suspects = evidence.add(found)
        alarms += bool(suspects)
        evidence.settle(suspects, suspects, {})
    return alarms


def test_stable_nights_are_an_alarm_once_in_a_hundred_at_most(rng):
    uniform = night_after_night(rng, 3_000, lambda rng, *_: math.log(rng.random()))
    assert uniform <= 30


def test_nights_that_vary_more_than_their_rows_say_are_learnt(rng):
    """As those of customers with many rows each: surprises are six times as large."""
    lumps = night_after_night(rng, 3_000, lambda rng, *_: -6 * rng.exponential())
    assert lumps <= 30


def test_a_column_that_breaks_is_an_alarm_in_the_first_night(rng):
    def broken(rng, night, column):
        return -400.0 if night >= 20 and column == 2 else math.log(rng.random())

    assert night_after_night(rng, 20, broken) == 0
    assert night_after_night(rng, 30, broken) >= 10


def test_small_shifts_add_up(rng):
    """A night of each would not be an alarm by itself."""

    def small(rng, night, column):
        p = rng.random()
        return math.log(p / 60) if column == 1 and night >= 30 else math.log(p)

    assert night_after_night(rng, 30, small) == 0
    assert night_after_night(rng, 60, small) >= 1


def test_the_state_remembers_nights(detector, tmp_path):
    state = tmp_path / "state.json"
    for seed in range(3):
        drift = detector.drift(make_table(400, seed=10 + seed), state=state)
        assert not drift.has_drifted
    assert drift.n_nights == 2
    content = json.loads(state.read_text())
    assert [night["rows"] for night in content["nights"]] == [400] * 3
    broken = make_table(400, seed=13)
    broken["age"] *= 24
    drift = detector.drift(broken, state=state)
    assert drift.verdict.startswith("One column broke: age is 24 times as large")
    # What was an alarm is not what later nights are compared with.
    rows = json.loads(state.read_text())["columns"]["1"]["rows"]["values"]
    assert sum(rows) == pytest.approx(1_200, abs=200)


def test_the_same_table_again_counts_once(detector, tmp_path):
    state = tmp_path / "state.json"
    detector.drift(make_table(300, seed=10), state=state)
    found = []
    for _ in range(2):
        detector.drift(make_table(300, seed=11), state=state)
        content = json.loads(state.read_text())
        del content["nights"]
        found.append(content)
    assert found[0] == found[1]


def test_another_model_begins_anew_and_says_so(detector, number_detector, tmp_path):
    from cases import make_numbers

    state = tmp_path / "state.json"
    detector.drift(make_table(300, seed=10), state=state)
    drift = number_detector.drift(make_numbers(300, seed=3), state=state)
    assert "is about another model and begins anew" in str(drift)
    assert drift.n_nights == 0


def test_an_accepted_table_is_stable(detector, tmp_path):
    state = tmp_path / "state.json"
    table = make_table(500, seed=10)
    table["age"] += 30
    assert detector.drift(table, state=state).has_drifted
    assert not detector.drift(table, state=state, accept=True).has_drifted
    rows = json.loads(state.read_text())["columns"]["1"]["rows"]["values"]
    assert sum(rows) == table["age"].notna().sum()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("not JSON", "it is not JSON"),
        ("[1, 2]", "it holds something else"),
        ('{"kind": "aeanomaly watch", "format": 7}', "its format is 7, not 1"),
        ('{"kind": "aeanomaly watch", "format": 1}', "parts of it are missing"),
    ],
)
def test_a_file_that_is_not_a_state_is_an_error(detector, tmp_path, text, why):
    path = tmp_path / "state.json"
    path.write_text(text)
    with pytest.raises(StateError, match="Name another file") as error:
        detector.drift(make_table(50), state=path)
    assert why in str(error.value)
    assert path.read_text() == text


# The command line


@pytest.fixture
def model(detector, tmp_path):
    detector.save(tmp_path / "model.aea")
    return tmp_path / "model.aea"


def test_watch_exits_with_10_where_a_table_has_drifted(run, model, tmp_path):
    table = make_table(800, seed=20).assign(id=range(800))
    table.to_csv(tmp_path / "fine.csv", index=False)
    table.assign(amount=table["amount"] * 100).to_csv(
        tmp_path / "cents.csv", index=False
    )
    code, out, _ = run("watch", model, tmp_path / "fine.csv")
    assert (code, out[:20]) == (0, "Nothing has changed.")
    code, out, _ = run("watch", model, tmp_path / "cents.csv")
    assert code == 10
    assert out.startswith("One column broke: amount is in cents now")
    code, out, _ = run("watch", model, tmp_path / "cents.csv", "--json")
    assert code == 10
    assert json.loads(out)["advice"] == "broken"
    code, out, _ = run("watch", model, tmp_path / "cents.csv", "--quiet")
    assert (code, out) == (10, "")


def test_watch_names_a_column_that_is_gone(run, model, tmp_path):
    make_table(100).drop(columns="age").to_csv(tmp_path / "table.csv", index=False)
    code, out, _ = run("watch", model, tmp_path / "table.csv")
    assert code == 10
    assert out.startswith("One column broke: age is gone.")


def test_watch_of_another_table_is_an_error(run, model, tmp_path):
    pd.DataFrame({"a": [1, 2], "b": [3, 4]}).to_csv(tmp_path / "t.csv", index=False)
    code, _, err = run("watch", model, tmp_path / "t.csv")
    assert code == 1
    assert "is missing" in err


def test_a_model_that_keeps_nothing_to_compare_with_is_an_error(run, tmp_path):
    old = Path(__file__).parent / "data" / "protocol_1_hybrid.aea"
    make_table(50).to_csv(tmp_path / "table.csv", index=False)
    code, _, err = run("watch", old, tmp_path / "table.csv")
    assert code == 1
    assert "keeps nothing of its training rows to compare with" in err


def test_of_a_table_without_rows_nothing_can_be_said(detector):
    drift = detector.drift(make_table(20).iloc[:0])
    assert not drift.has_drifted
    assert drift.verdict == "Nothing can be said: the table has no rows."


def test_score_watches_in_the_same_pass(run, model, tmp_path):
    table = make_table(800, seed=20)
    table["amount"] *= 100
    table.to_csv(tmp_path / "cents.csv", index=False)
    command = ["score", tmp_path / "cents.csv", "--model", model, "--output"]
    state = tmp_path / "state.json"
    code, out, _ = run(*command, tmp_path / "a.csv", "--watch", "--state", state)
    assert code == 10
    assert "One column broke: amount is in cents now" in out
    assert len(json.loads(state.read_text())["nights"]) == 1
    code, out, _ = run(*command, tmp_path / "b.csv", "--watch", "--json")
    assert (code, json.loads(out)["drift"]["advice"]) == (10, "broken")
    code, out, _ = run(*command, tmp_path / "c.csv")
    assert (code, "broke" in out) == (0, False)
    outputs = [(tmp_path / f"{name}.csv").read_bytes() for name in "abc"]
    assert outputs[0] == outputs[1] == outputs[2]


def test_a_state_without_a_watch_is_wrong_usage(model, tmp_path):
    from aeanomaly.cli import main

    with pytest.raises(SystemExit) as exit:
        main(
            [
                "score",
                "t.csv",
                "--model",
                str(model),
                "--output",
                "o.csv",
                "--state",
                "s",
            ]
        )
    assert exit.value.code == 2


def test_watch_writes_no_state_over_its_input(run, model, tmp_path):
    make_table(50).to_csv(tmp_path / "table.csv", index=False)
    before = (tmp_path / "table.csv").read_bytes()
    code, _, err = run(
        "watch", model, tmp_path / "table.csv", "--state", tmp_path / "table.csv"
    )
    assert code == 1
    assert "is both input and output" in err
    assert (tmp_path / "table.csv").read_bytes() == before
