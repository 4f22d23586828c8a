"""Counterfactuals: verified, possible, small, for every kind of column and score."""

import numpy as np
import pandas as pd
import pytest
from cases import CHEAP, make_numbers, make_table

from aeanomaly import AutoencoderOutlierDetector
from aeanomaly.counterfactuals import OrdinaryRows, find_counterfactuals
from aeanomaly.counterfactuals.possible import possible_values


def odd(table):
    """Rows that are odd in one column, in two, and in none."""
    rows = table.iloc[:40].copy()
    rows.loc[:9, "amount"] = 1e6
    rows.loc[10:19, "country"] = "XX"
    rows.loc[15:24, "n_visits"] = 400
    rows.loc[25:29, "age"] = np.nan
    rows.loc[25:29, "version"] = 7.0
    rows.loc[30:34, "opened"] = pd.Timestamp("2051-01-01 03:00")
    return rows


def changed_rows(rows, changes):
    changed = rows.astype(object)
    for (row, _), change in changes.iterrows():
        changed.loc[row, change["column"]] = change["changed"]
    return changed.astype(rows.dtypes.to_dict())


def test_changed_rows_are_ordinary(detector, table):
    rows = odd(table)
    changes = detector.counterfactual(rows)
    flagged = rows.index[detector.predict(rows) == -1]
    assert len(flagged) > 20
    found = changes.index.get_level_values(0).unique()
    assert found.tolist() == flagged.tolist()
    changed = changed_rows(rows, changes)
    assert (detector.predict(changed) == 1).all()
    scores = detector.score_samples(changed.loc[flagged])
    np.testing.assert_allclose(changes["score"].groupby(level=0).first(), scores)


def test_what_was_put_in_is_taken_out_again(detector, table):
    changes = detector.counterfactual(odd(table))
    assert set(changes.loc[0:9, "column"]) >= {"amount"}
    single = changes.loc[[row for row in range(10) if row in changes.index]]
    assert (single.groupby(level=0).size() == 1).mean() > 0.7
    assert (single.loc[single["column"] == "amount", "observed"] == 1e6).all()


def test_no_change_can_be_left_out(detector, table):
    rows = odd(table)
    changes = detector.counterfactual(rows)
    for row, own in changes.groupby(level=0):
        for left_out in own.index if len(own) > 1 else ():
            changed = changed_rows(rows.loc[[row]], own.drop(left_out))
            assert detector.score_samples(changed)[0] < detector.offset_ + 1e-3


def test_values_are_those_that_columns_can_have(detector, table):
    changes = detector.counterfactual(odd(table))
    for column, values in changes.groupby("column")["changed"]:
        known = table[column]
        values = pd.Series(values.tolist()).dropna()
        if column in ("country", "size", "member"):
            assert values.isin(known.unique()).all(), column
        else:
            assert values.between(known.min(), known.max()).all(), column
        if column == "n_visits":
            assert (values % 1 == 0).all()
        if column == "amount":
            assert (values.round(2) == values).all()
        if column == "opened":
            assert (values == values.dt.floor("s")).all()


def test_rows_that_are_not_flagged_have_no_changes(detector, table):
    ordinary = table[detector.predict(table) == 1].head(4)
    changes = detector.counterfactual(ordinary)
    assert list(changes.columns) == ["column", "observed", "changed", "score"]
    assert changes.empty
    assert changes.index.nlevels == 2
    found = find_counterfactuals(detector.scorer_, detector.offset_, ordinary)
    assert all(one.found and not one.changes for one in found)


def test_an_array_and_a_reconstruction_error_have_them_too(number_detector):
    X = make_numbers()
    X[:5, 1] = 50.0
    changes = number_detector.counterfactual(X[:5])
    assert (changes["column"] == 1).any()
    changed = X[:5].copy()
    for (row, _), change in changes.iterrows():
        changed[row, change["column"]] = change["changed"]
    assert (number_detector.predict(changed) == 1).all()


def test_rows_alone_have_the_changes_that_they_have_together(detector, table):
    rows = odd(table)
    together = detector.counterfactual(rows)
    for row in (0, 12, 31):
        if row in together.index.get_level_values(0):
            alone = detector.counterfactual(rows.loc[[row]])
            pd.testing.assert_frame_equal(alone, together.loc[[row]])


@pytest.mark.slow
def test_without_kept_rows_a_warning_counts_what_was_not_found(table):
    detector = AutoencoderOutlierDetector(n_references=0, **CHEAP).fit(table)
    rows = odd(table)
    assert OrdinaryRows.of_scorer(detector.scorer_, detector.offset_, rows) is None
    detector.offset_ = 10.0
    with pytest.warns(UserWarning, match="makes 40 of 40 rows ordinary: they are left"):
        assert detector.counterfactual(rows).empty


def test_ordinary_rows_are_training_rows_as_they_were(detector, table):
    ordinary = OrdinaryRows.of_scorer(detector.scorer_, detector.offset_, table)
    columns = list(table.columns)
    amounts = ordinary.values[columns.index("amount")]
    assert np.isin(amounts, table["amount"]).all()
    ages = ordinary.values[columns.index("age")]
    known = table["age"]
    assert np.isin(ages[~np.isnan(ages)], known).all()
    assert np.isnan(ages).any()
    times = ordinary.values[columns.index("opened")]
    assert np.isin(times, table["opened"].to_numpy("datetime64[us]")).all()


def test_the_nearest_ordinary_row_is_the_nearest(detector, table):
    ordinary = OrdinaryRows.of_scorer(detector.scorer_, detector.offset_, table)
    Z, _ = detector.scorer_.encoding.encode(table.iloc[:6])
    distances = np.square(Z[:, None] - ordinary.Z).sum(axis=2)
    nearest = ordinary.nearest(Z, 3)
    found = np.take_along_axis(distances, nearest, axis=1)
    np.testing.assert_allclose(found, np.sort(distances, axis=1)[:, :3], atol=1e-4)


def test_levels_that_are_not_known_are_none(detector):
    scorer = detector.scorer_
    position = scorer.encoding.names.index("country")
    values = possible_values(scorer, position, ["FR", "XX", "infrequent", None])
    assert values.tolist() == ["FR", None, None, None]


def test_times_with_a_zone_and_nullable_columns_can_be_changed():
    table = make_table()
    table["opened"] = table["opened"].dt.tz_localize("Europe/Berlin")
    table["n_visits"] = table["n_visits"].astype("Int64")
    detector = AutoencoderOutlierDetector(**CHEAP).fit(table)
    rows = table.iloc[:3].copy()
    rows["n_visits"] = pd.array([900, 900, 900], dtype="Int64")
    changes = detector.counterfactual(rows)
    assert (changes["column"] == "n_visits").sum() == 3
    assert isinstance(changes["changed"].iloc[0], int)


@pytest.mark.slow
def test_columns_that_are_left_out_stay_as_they_are():
    table = make_table()
    table["key"] = [f"x{i}" for i in range(200)]
    table["clock"] = pd.to_timedelta(np.arange(200) % 48 * 900, unit="s")
    table["nothing"] = None
    with pytest.warns(UserWarning, match="'key'"):
        detector = AutoencoderOutlierDetector(**CHEAP).fit(table)
    rows = table.iloc[:6].copy()
    rows["amount"] = 1e6
    rows.loc[5, "nothing"] = "something"
    changes = detector.counterfactual(rows)
    assert set(changes.index.get_level_values(0)) == set(range(6))
    assert "key" not in set(changes["column"])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.* rows are few for")
def test_images_have_no_columns_to_change():
    from aeanomaly.images import ImageUndercomplete

    X = np.random.default_rng(0).integers(0, 256, (30, 4, 4)).astype("uint8")
    detector = AutoencoderOutlierDetector(
        architecture=ImageUndercomplete(), max_iter=2, random_state=0
    ).fit(X)
    for method in (detector.counterfactual, detector.report):
        with pytest.raises(TypeError, match="fitted on images. aeanomaly.displays"):
            method(X)
