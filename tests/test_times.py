"""Tests of the numbers of columns of dates and times."""

import math

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from small_rows import encode_column, fit_column, restore_column

from aeanomaly.scoring.encoding.columns import DatetimeColumn

DAY = 86_400.0
YEAR = 365.2425 * DAY


def moments(*seconds):
    return pd.to_datetime(np.array(seconds), unit="s")


# 1970-01-05 was a Monday.
MONDAY = 4 * DAY
ROOT_2 = math.sqrt(2.0)


@pytest.mark.parametrize(
    ("cycle", "start", "length"),
    [("hour", MONDAY, DAY), ("weekday", MONDAY, 7 * DAY), ("year", 0.0, YEAR)],
)
def test_a_cycle_is_sine_and_cosine_from_its_start_over_the_root_of_a_half(
    cycle, start, length
):
    column = DatetimeColumn("x", 0.0, YEAR, 0.0, 1.0, cycles=(cycle,))
    quarters = start + length * np.array([0.0, 0.25, 0.5, 0.75])
    Z, _ = encode_column(column, moments(*quarters))
    waves = [[0, ROOT_2], [ROOT_2, 0], [0, -ROOT_2], [-ROOT_2, 0]]
    assert_allclose(Z[:, 1:], waves, atol=1e-5)


def test_the_time_is_scaled_and_the_cycles_follow_in_order():
    column = DatetimeColumn(
        "x", 0.0, 10 * DAY, 5 * DAY, 2 * DAY, cycles=("hour", "weekday")
    )
    Z, _ = encode_column(column, moments(MONDAY + DAY / 4))
    angle = 2 * math.pi * 0.25 / 7
    waves = [1.0, 0.0, math.sin(angle), math.cos(angle)]
    assert_allclose(Z, [[-0.375, *np.multiply(waves, ROOT_2)]], atol=1e-6)


def test_a_time_within_a_year_of_the_training_range_counts_as_at_its_edge():
    column = DatetimeColumn("x", 0.0, 10 * DAY, 0.0, DAY, cycles=())
    before, after = -YEAR - 3 * DAY, 10 * DAY + YEAR + 7 * DAY
    asked = before, -YEAR, 0.0, 10 * DAY, 10 * DAY + YEAR, after
    Z, _ = encode_column(column, moments(*asked))
    assert_allclose(Z[:, 0], [-3.0, 0.0, 0.0, 10.0, 10.0, 17.0], atol=1e-6)


def test_margin_and_scales_are_those_of_the_column():
    column = DatetimeColumn(
        "x",
        first=0.0,
        last=10 * DAY,
        center=0.0,
        scale=DAY,
        cycles=("hour",),
        missing_rate=0.25,
        indicator_scale=0.5,
        margin=2 * DAY,
        wave_scale=0.25,
    )
    Z, _ = encode_column(column, moments(15 * DAY))
    assert_allclose(Z, [[13.0, 0.0, 4.0, -0.5]], atol=1e-6)


def test_times_are_centred_and_scaled_with_clipped_tails():
    seconds = DAY * np.array([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 100])
    clipped = np.clip(seconds, 2 * DAY, 9 * DAY)
    for scaling in ("robust", "standard", "none"):
        column = fit_column(DatetimeColumn, moments(*seconds), scaling=scaling)
        assert_allclose([column.center, column.scale], [clipped.mean(), clipped.std()])


def test_times_that_are_all_alike_are_scaled_by_a_day():
    column = fit_column(DatetimeColumn, moments(MONDAY, MONDAY))
    assert (column.first, column.last) == (MONDAY, MONDAY)
    assert (column.center, column.scale) == (MONDAY, DAY)


def test_the_training_range_ends_a_year_beyond_the_typical_one():
    days = np.arange(1.0, 11.0)
    late = fit_column(DatetimeColumn, moments(*DAY * days, 375 * DAY))
    assert (late.first, late.last) == (DAY, 375 * DAY)
    too_late = fit_column(DatetimeColumn, moments(*DAY * days, 376 * DAY))
    assert (too_late.first, too_late.last) == (DAY, 10 * DAY)
    early = fit_column(DatetimeColumn, moments(-364 * DAY, *DAY * days))
    assert (early.first, early.last) == (-364 * DAY, 10 * DAY)
    too_early = fit_column(DatetimeColumn, moments(-365 * DAY, *DAY * days))
    assert (too_early.first, too_early.last) == (DAY, 10 * DAY)


@pytest.mark.parametrize(
    ("span", "cycles"),
    [
        (13 * DAY, ()),
        (14 * DAY, ("weekday",)),
        (14 * DAY + 60, ("hour", "weekday")),
        (730 * DAY, ("weekday",)),
        (731 * DAY, ("weekday", "year")),
    ],
)
def test_a_cycle_needs_two_turns_and_hours_a_time_of_day(span, cycles):
    column = fit_column(DatetimeColumn, moments(*np.repeat([0.0, span], 5)))
    assert column.cycles == cycles


def test_a_missing_time_is_the_mean_of_time_and_cycles_beside_an_indicator():
    times = moments(0.0, MONDAY, np.nan, 3 * DAY + 60)
    column = fit_column(DatetimeColumn, times, weights=[1, 1, 2, 1])
    assert column.missing_rate == 0.4
    Z, novelty = encode_column(column, times)
    assert_array_equal(Z[2, :3], 0.0)
    assert_allclose(Z[:, 3], [-0.4, -0.4, 0.6, -0.4])
    assert not novelty.any()


def test_a_time_missing_for_the_first_time_is_new():
    column = fit_column(DatetimeColumn, moments(*DAY * np.arange(10.0)))
    _, novelty = encode_column(column, moments(np.nan, DAY))
    assert_allclose(novelty, [np.log(11), 0.0])


def test_restored_times_are_those_of_the_linear_column():
    column = DatetimeColumn("x", 0.0, 10 * DAY, 5 * DAY, 2 * DAY, cycles=("hour",))
    times = restore_column(column, [0.5, 1.0, 1.0], [-2.5, 0.0, 0.0])
    assert_array_equal(times, moments(6 * DAY, 0.0).to_numpy())
