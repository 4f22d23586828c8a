"""Tests of fitting an encoding: kinds of columns, scales, levels, cycles."""

import datetime
import decimal

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from aeanomaly.fitting.encoding import fit_encoding
from aeanomaly.scoring.encoding.columns import (
    CategoricalColumn,
    ColumnOptions,
    ConstantColumn,
    DatetimeColumn,
    NumericColumn,
)


def encode(values, *, scaling="standard", max_categories=64, weights=None):
    """Return the fitted column of one series of values, and its encoded matrix."""
    table = pd.DataFrame({"x": values})
    # A second column, so that a constant one is not all there is.
    table["other"] = np.arange(len(table)) % 7
    weights = np.ones(len(table)) if weights is None else weights
    encoding = fit_encoding(table, weights, ColumnOptions(scaling, max_categories))
    return encoding.columns[0], encoding.encode(table)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, 3, 4], NumericColumn),
        ([1.5, 2, np.nan, 4], NumericColumn),
        (pd.array([1, 2, None, 4], dtype="Int64"), NumericColumn),
        (np.array([1, 2.5, None, 4], dtype=object), NumericColumn),
        ([decimal.Decimal(i) for i in range(4)], NumericColumn),
        ([5.0, 5.0, 5.0, 5.0], ConstantColumn),
        ([np.nan] * 4, ConstantColumn),
        ([None] * 4, ConstantColumn),
        ([True, False, True, False], CategoricalColumn),
        (pd.array([True, None, True, False], dtype="boolean"), CategoricalColumn),
        (["a", "b", None, "a"], CategoricalColumn),
        (["a", 1, 2.5, True], CategoricalColumn),
        (pd.Categorical([1, 2, 1, 2]), CategoricalColumn),
        (["a", "a", "a", "a"], CategoricalColumn),
        (pd.date_range("2025-01-01", periods=4, freq="h"), DatetimeColumn),
        (pd.date_range("2025-01-01", periods=4, tz="Europe/Paris"), DatetimeColumn),
        ([datetime.datetime(2025, 1, day + 1) for day in range(4)], DatetimeColumn),
        ([datetime.date(2025, 1, day + 1) for day in range(4)], CategoricalColumn),
    ],
)
def test_the_kind_of_a_column_follows_from_its_values(values, kind):
    column, block = encode(values)
    assert isinstance(column, kind)
    assert np.isfinite(block.Z).all()
    # Nothing in a training table is new to the encoding.
    assert block.novelty is None or not block.novelty.any()


def test_standard_scaling_gives_mean_zero_and_deviation_one(rng):
    _, block = encode(rng.gamma(2, 5, 500))
    assert_allclose(block.Z[:, 0].mean(), 0, atol=1e-5)
    assert_allclose(block.Z[:, 0].std(), 1, atol=1e-5)


def test_scaling_none_keeps_numbers_as_they_are(rng):
    values = rng.gamma(2, 5, 500)
    _, block = encode(values, scaling="none")
    assert_allclose(block.Z[:, 0], values, rtol=1e-6)


def test_robust_scaling_is_not_flattened_by_a_wild_value(rng):
    values = rng.standard_normal(500)
    wild = np.append(values, 1e9)
    _, block = encode(wild, scaling="robust")
    assert block.Z[:-1, 0].std() > 0.5
    assert 5 < block.Z[-1, 0] < 50
    # Plain standardisation shows what is avoided.
    _, flat = encode(wild)
    assert flat.Z[:-1, 0].std() < 1e-3


def test_two_values_are_apart_by_one_however_rare(rng):
    for rate in (0.5, 0.01):
        values = np.where(rng.random(2_000) < rate, 7.0, 3.0)
        _, block = encode(values, scaling="robust")
        assert_allclose(np.ptp(block.Z[:, 0]), 1.0, rtol=1e-6)
        assert_allclose(block.Z[:, 0].mean(), 0.0, atol=1e-6)


def test_weights_count_as_repeats(rng):
    values, counts = rng.gamma(2, 5, 50), rng.integers(1, 4, 50)
    for scaling in ("standard", "robust"):
        weighted, _ = encode(values, scaling=scaling, weights=counts.astype(float))
        repeated, _ = encode(np.repeat(values, counts), scaling=scaling)
        assert_allclose(weighted.center, repeated.center)
        assert_allclose(weighted.scale, repeated.scale)


def test_missing_numbers_have_a_column_of_their_own(rng):
    values = rng.standard_normal(200)
    values[::4] = np.nan
    column, block = encode(values)
    assert column.n_linear == 2
    assert column.missing_rate == 0.25
    assert len(np.unique(block.Z[:, 1])) == 2
    assert_allclose(block.Z[::4, 0], 0)


def test_a_constant_with_missing_values_varies(rng):
    values = np.full(200, 3.0)
    values[::4] = np.nan
    column, block = encode(values)
    assert isinstance(column, NumericColumn)
    assert len(np.unique(block.Z[:, 1])) == 2


@pytest.mark.parametrize("value", [3.5, "text", pd.Timestamp("2025-01-01")])
def test_a_column_that_was_always_missing_takes_any_value_as_new(value):
    table = pd.DataFrame({"x": [None] * 20, "other": np.arange(20)})
    encoding = fit_encoding(table, np.ones(20), ColumnOptions("robust", 64))
    block = encoding.encode(table.assign(x=value))
    assert_allclose(block.novelty[:, 0], encoding.columns[0].novelty)
    assert encoding.columns[0].novelty > 1
    assert encoding.encode(table).novelty is None


def test_rare_levels_share_a_column_beyond_the_maximum():
    values = [f"level {i}" for i in range(10) for _ in range(i + 1)]
    column, block = encode(values, max_categories=3)
    assert column.levels == ("level 7", "level 8", "level 9")
    assert set(column.infrequent) == {f"level {i}" for i in range(7)}
    assert column.labels[-1] == "infrequent"
    assert column.n_levels == 4
    assert_allclose(block.Z[:, 2:].sum(axis=1), 1)


def test_the_more_rows_the_more_surprising_is_a_level_never_seen():
    few, _ = encode(["a", "b"] * 10)
    many, _ = encode(["a", "b"] * 1_000)
    assert 0 < few.novelty < many.novelty
    # Where most levels are seen once, another new one is no surprise.
    singletons, _ = encode([f"id {i}" for i in range(1_000)])
    assert singletons.novelty < 0.01


@pytest.mark.parametrize(
    ("start", "periods", "frequency", "cycles"),
    [
        ("2025-01-01", 5, "D", ()),
        ("2025-01-01", 48, "h", ("hour",)),
        ("2025-01-01", 30, "D", ("weekday",)),
        ("2025-01-01", 24 * 20, "h", ("hour", "weekday")),
        ("2020-01-01", 366 * 3, "D", ("weekday", "year")),
    ],
)
def test_times_get_the_cycles_that_the_rows_resolve(start, periods, frequency, cycles):
    column, _ = encode(pd.date_range(start, periods=periods, freq=frequency))
    assert column.cycles == cycles


def test_times_of_a_day_are_near_across_midnight():
    times = pd.date_range("2025-01-01", periods=24 * 30, freq="h")
    _, block = encode(times)
    hour = block.Z[:, 1:3]
    across = np.linalg.norm(hour[23] - hour[24])
    noon = np.linalg.norm(hour[0] - hour[12])
    assert across < 0.2 * noon


def encode_time_of(times, moments):
    """Return the encoded time, cycles apart, after fitting other times."""
    table = pd.DataFrame({"x": pd.to_datetime(times), "other": np.arange(len(times))})
    encoding = fit_encoding(table, np.ones(len(table)), ColumnOptions("standard", 64))
    rows = pd.DataFrame({"x": pd.to_datetime(moments), "other": 0})
    return encoding.encode(rows).Z[:, 0]


def test_times_up_to_a_year_outside_the_training_range_count_as_at_its_edge():
    times = pd.date_range("2025-03-01", "2025-03-31", freq="h")
    inside = encode_time_of(times, times)
    outside = ["2024-03-05", "2025-02-28", "2025-04-01", "2026-03-25"]
    low, high = inside.min(), inside.max()
    assert_allclose(encode_time_of(times, outside), [low, low, high, high], atol=1e-5)


def test_beyond_that_year_a_time_is_the_farther_out_the_farther_away_it_is():
    times = pd.date_range("2025-03-01", "2025-03-31", freq="h")
    moments = ["1900-01-01", "2000-01-01", "2025-03-15", "2027-01-01", "2099-01-01"]
    encoded = encode_time_of(times, moments)
    assert (np.diff(encoded) > 10).all()


def test_a_wild_date_does_not_stretch_the_training_range():
    times = pd.date_range("2025-03-01", periods=2_000, freq="h")
    moments = ["2025-04-01", "2025-12-31"]
    # In seconds, as pandas 2 takes texts for nanoseconds, which end in 2262.
    far = pd.DatetimeIndex(np.array(["9999-12-31"], dtype="M8[s]"))
    wild = times.as_unit("s")[:-1].append(far)
    expected = encode_time_of(times, moments)
    assert_allclose(encode_time_of(wild, moments), expected, atol=0.01)


def test_the_unit_and_zone_of_times_make_no_difference():
    times = pd.Series(pd.date_range("2025-01-01", periods=100, freq="7h"))
    _, expected = encode(times)
    for other in (
        times.astype("datetime64[s]"),
        times.astype("datetime64[ns]"),
        times.dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo"),
    ):
        assert_allclose(encode(other)[1].Z, expected.Z, atol=1e-6)


def test_an_encoding_has_one_column_for_each_of_the_table(table):
    encoding = fit_encoding(table, np.ones(len(table)), ColumnOptions("robust", 64))
    assert encoding.names == list(table.columns)
    assert [type(column) for column in encoding.columns] == [
        NumericColumn,
        NumericColumn,
        NumericColumn,
        CategoricalColumn,
        CategoricalColumn,
        CategoricalColumn,
        DatetimeColumn,
        ConstantColumn,
    ]
