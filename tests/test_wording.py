"""Tests of the words of reasons: values, ranges, rarity and combinations."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from aeanomaly.scoring.usual import UsualClock, UsualLevels, UsualNumbers, UsualTimes
from aeanomaly.scoring.wording import sentences as wording
from aeanomaly.scoring.wording.cells import TOO_RARE, Cells
from aeanomaly.scoring.wording.times import show_time_range
from aeanomaly.scoring.wording.values import (
    show_all,
    show_column,
    show_name,
    show_number,
    show_observed,
    show_range,
    unit_of,
)

NAN = float("nan")
WITH_THE_REST = "usual by itself, not with the rest of the row"


def cell(observed, number=NAN, expected=None, **changed):
    """What is known of one value: a dict, of which `sentences` makes arrays."""
    defaults = {
        "low": NAN,
        "high": NAN,
        "probability": NAN,
        "own": NAN,
        "rows_alike": NAN,
        "alone": False,
        "share": NAN,
        "believed": True,
        "together": "",
        "sole": True,
        "aspect": "",
    }
    given = {"observed": observed, "number": number, "expected": expected}
    return given | defaults | changed


def sentences(name, usual, cells):
    kinds = {"number": float, "low": float, "high": float, "probability": float}
    kinds |= {"own": float, "share": float, "rows_alike": float}
    kinds |= {"believed": bool, "sole": bool}
    fields = {
        field: np.array([cell[field] for cell in cells], dtype=kinds.get(field, object))
        for field in cells[0]
        if field not in ("observed", "alone")
    }
    decimals = getattr(usual, "decimals", None)
    shown = [show_observed(cell["observed"], decimals) for cell in cells]
    shown = np.array(shown, dtype=object)
    cells = Cells(shown, alone=cells[0]["alone"], **fields)
    return wording.sentences(name, usual, cells)


def sentence(name, usual, cell):
    return sentences(name, usual, [cell])[0]


def numbers(*, counts=None, decimals=0, least=0.0, greatest=100.0, n_missing=0.0):
    """A thousand numbers, evenly spread but for what is said."""
    inner = [(s, 100 * s) for s in (0.01, 0.05, 0.95, 0.99)]
    counts = None if counts is None else np.array(counts, dtype=float).T
    quantiles = ((0.0, least), *inner, (1.0, greatest))
    return UsualNumbers(1000.0, n_missing, None, decimals, quantiles, counts)


def levels(n_missing=0.0):
    """Of a thousand rows."""
    return UsualLevels(1000.0, n_missing, np.zeros((3, 2)), 0.0)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (71e6, None, "71,000,000"),
        (71_000_000.4, 0, "71,000,000"),
        (1.381934567e6, None, "1,381,935"),
        (912.4, 2, "912.4"),
        (99_999.0, 0, "99999"),
        (-0.0, 2, "0"),
        (-12_100.0, 0, "-12100"),
        (0.00012346, None, "0.0001235"),
        (1e-9, None, "1e-09"),
    ],
)
def test_numbers_are_written_out(value, decimals, text):
    assert show_number(value, decimals) == text


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (np.float32(0.1), 1, "0.1"),
        (912.456, 2, "912.456"),
        (1 / 3, 2, "0.33"),
        (2024, 0, "2024"),
        (np.int64(71_000_000), 0, "71,000,000"),
        (True, None, "True"),
        (None, None, "missing"),
        (pd.NA, None, "missing"),
        (pd.NaT, None, "missing"),
        (NAN, 0, "missing"),
        (pd.Timestamp("2024-01-19"), None, "2024-01-19"),
        (pd.Timestamp("2024-01-19 10:30"), None, "2024-01-19 10:30"),
        (datetime.datetime(2024, 1, 19, 1, 2, 3), None, "2024-01-19 01:02:03"),
        (datetime.date(2024, 1, 19), None, "2024-01-19"),
        (datetime.datetime(1024, 12, 1, 23, 59), None, "1024-12-01 23:59"),
        (datetime.time(10, 30), None, "1900-01-01 10:30"),
    ],
)
def test_observed_values_are_shown_as_their_column_writes_them(value, decimals, text):
    assert show_observed(value, decimals) == text
    assert show_all([value, value], decimals) == [text, text]


@pytest.mark.parametrize("decimals", [None, 0, 2, 6])
def test_many_numbers_are_shown_as_each_by_itself(decimals):
    rng = np.random.default_rng(0)
    random = rng.choice([-1, 1], 4_000) * 10.0 ** rng.uniform(-9, 24, 4_000)
    ends = [x * (1 + e) for x in 10.0 ** np.arange(-8, 13) for e in (0, 1e-16, -2e-16)]
    halves = (rng.integers(-9_999, 9_999, 500) / 2e3).tolist()
    rounded = [round(x, n % 8) for n, x in enumerate(random.tolist())]
    odd = [0.0, -0.0, NAN, np.inf, -np.inf, -1e-7, 99_999.999_999_9, 5e-324, 1.8e308]
    values = [*random.tolist(), *rounded, *ends, *halves, *odd]
    assert show_all(values, decimals) == [show_observed(v, decimals) for v in values]


def test_many_times_are_shown_as_each_by_itself():
    seconds = np.random.default_rng(0).integers(-(2**32), 2**32, 200)
    times = pd.to_datetime(np.concatenate([seconds, seconds // 60 * 60]), unit="s")
    days = pd.to_datetime(seconds // 86_400, unit="D")
    for one in (
        times,
        days,
        times + pd.Timedelta("1ns"),
        times.tz_localize("Asia/Tokyo"),
    ):
        values = one.astype(object).tolist()
        assert show_all(values) == [show_observed(value) for value in values]
        assert show_all([*values, pd.NaT]) == [*show_all(values), "missing"]


def test_values_that_are_equal_but_written_otherwise_keep_their_texts():
    values = [1, True, 1.0, "1", None, Decimal("1.0"), Decimal("1.00")]
    assert show_all(values) == ["1", "True", "1", "1", "missing", "1.0", "1.00"]
    assert show_all(values[:5]) == ["1", "True", "1", "1", "missing"]


@pytest.mark.parametrize(
    ("low", "high", "decimals", "text"),
    [
        (12.37, 96.12, 2, "12 to 96"),
        (3.1234, 3.9234, None, "3.12 to 3.92"),
        (0.0, 1.0, 0, "0 to 1"),
        (5.0, 5.0, 0, "5"),
        (1_000_000.0, 71_000_000.0, 0, "1,000,000 to 71,000,000"),
        (15_532_448.0, 16_491_976.0, 0, "15,530,000 to 16,490,000"),
        (23_133.0, 341_178.0, 0, "20,000 to 340,000"),
    ],
)
def test_a_range_has_the_digits_that_its_length_is_worth(low, high, decimals, text):
    assert show_range(low, high, decimals) == text
    assert show_range(low, high, decimals, "kg") == f"{text} kg"


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("weight_kg", "kg"),
        ("distance_from_home_km", "km"),
        ("amount (EUR)", "EUR"),
        ("Process temperature [K]", "K"),
        ("speed [km/h]", "km/h"),
        ("share_pct", "%"),
        ("Tool wear [min]", "min"),
        ("temp_min", ""),
        ("class_c", ""),
        ("income (monthly)", ""),
        ("kg", ""),
        (3, ""),
        (("a_kg", "b_kg"), ""),
    ],
)
def test_a_name_may_end_with_a_unit(name, unit):
    assert unit_of(name) == unit


def test_a_number_outside_a_range_stays_outside_in_words():
    assert show_range(37_661.0, 47_930.0, 0) == "38000 to 48000"
    assert show_range(37_661.0, 47_930.0, 0, outside=47_990.0) == "37700 to 47900"


def test_a_range_is_not_rounded_beyond_what_was_seen():
    assert show_range(1_168.0, 9_930.0, 0, bounds=(1_168.0, 9_950.0)) == "1200 to 9900"
    assert show_range(1_130.0, 9_960.0, 0, bounds=(1_130.0, 9_960.0)) == "1130 to 9960"
    assert show_range(5_300.0, 9_960.1, 2, bounds=(0.0, 8_071.83)) == "5300 to 8071"


def test_names_and_values_command_no_terminal():
    assert show_name("a\x1b[31m") == r"a\x1b[31m"
    assert show_observed("b\r\n") == r"b\r\n"


def test_names_of_several_levels_have_strokes_between():
    assert show_name(("sensor", 1)) == "sensor/1"


def seconds(text):
    return pd.Timestamp(text).timestamp()


@pytest.mark.parametrize(
    ("low", "high", "observed", "text"),
    [
        ("2024-02-03", "2024-05-19", "2024-01-19", "February to May 2024"),
        ("2023-11-03", "2024-05-19", None, "November 2023 to May 2024"),
        ("2019-02-03", "2023-05-19", "2025-01-01", "2019 to 2023"),
        # In the same month, or year, as an end: finer, so that it stays outside.
        ("2024-02-03", "2024-05-19", "2024-05-25", "2024-02-03 to 2024-05-19"),
        ("2019-02-03", "2023-05-19", "2023-07-01", "February 2019 to May 2023"),
        ("2024-02-03 14:00", "2024-02-03 18:30", None, "2024-02-03 14:00 to 18:30"),
        ("2024-02-03", "2024-02-03", None, "2024-02-03"),
        ("2024-02-03", "2024-02-05", None, "2024-02-03 to 2024-02-05"),
    ],
)
def test_a_range_of_times_is_as_coarse_as_it_is_long(low, high, observed, text):
    observed = None if observed is None else seconds(observed)
    assert show_time_range(seconds(low), seconds(high), observed) == text


@pytest.mark.parametrize(
    ("usual", "said", "words"),
    [
        (numbers(), cell(70, 70.0, low=20.0, high=60.0), "expected 20 to 60"),
        (
            numbers(),
            cell(70, 70.0, low=20.0, high=60.0, together="country DE"),
            "expected 20 to 60 with country DE",
        ),
        (
            numbers(),
            cell(912, 912.0, low=20.0, high=60.0),
            "expected 20 to 60; at most 100 in training",
        ),
        (numbers(), cell(30, 30.0, low=20.0, high=60.0), WITH_THE_REST),
        (
            numbers(),
            cell(30, 30.0, low=20.0, high=60.0, together="country DE"),
            "unusual together with country DE",
        ),
        (
            numbers(),
            cell(97, 97.0, low=20.0, high=98.0),
            "greater than in 95 % of rows",
        ),
        (numbers(), cell(0, 0.5, low=0.0, high=98.0), "less than in 99 % of rows"),
        (
            numbers(counts=[(0, 997), (1, 3)], greatest=1.0),
            cell(1, 1.0, low=0.0, high=0.0),
            "expected 0; rare: seen 3 times in 1,000 rows",
        ),
        (
            numbers(counts=[(0, 1), (1, 999)], greatest=1.0),
            cell(0, 0.0, low=0.0, high=1.0),
            "rare: seen once in 1,000 rows",
        ),
        (
            numbers(),
            cell(NAN, NAN, low=20.0, high=60.0),
            "never so in training; expected 20 to 60",
        ),
        (
            numbers(n_missing=500.0),
            cell(NAN, NAN, low=20.0, high=60.0),
            "as in 50 % of rows; expected 20 to 60",
        ),
        # That it was usual says nothing.
        (
            numbers(n_missing=500.0),
            cell(NAN, NAN, low=5.0, high=90.0, together="country DE"),
            "as in 50 % of rows; unusual together with country DE",
        ),
        (
            numbers(),
            cell(96, 96.0, low=20.0, high=98.0, together="a 1 and b 2", sole=False),
            "greater than in 95 % of rows; unusual together with a 1 and b 2",
        ),
        (
            numbers(),
            cell(99.5, 99.5, low=20.0, high=99.9, together="a 1 and b 2", sole=False),
            "greater than in 99 % of rows",
        ),
        (numbers(least=3.0, greatest=3.0), cell(4.0, 4.0), "always 3 in training"),
        (numbers(least=3.0, greatest=3.0), cell(3.0, 3.0), WITH_THE_REST),
    ],
)
def test_words_of_numbers(usual, said, words):
    shown = show_observed(said["observed"], 0)
    assert sentence("x", usual, said) == f"x {shown}, {words}"


@pytest.mark.parametrize("kind", ["numbers", "levels", "times"])
def test_many_sentences_are_those_of_one_value_each(kind):
    rng = np.random.default_rng(0)
    usual, value = {
        "numbers": (numbers(counts=[(v, v) for v in range(100)], n_missing=3.0), None),
        "levels": (levels(n_missing=3.0), None),
        "times": (TIMES, None),
    }[kind]
    cells = []
    for _ in range(300):
        low, value = rng.integers(0, 90, 2)
        number = float(
            rng.choice([value, value + 0.5, -5, 400, NAN], p=[0.8, *[0.05] * 4])
        )
        known = rng.random() < 0.8
        if kind == "times":
            number = seconds("2025-01-01") + 86_400 * 0.31 * number
            low = seconds("2025-01-01") + 86_400 * 0.3 * low
        observed = level = None
        if kind == "levels":
            observed, level = rng.choice(["a", "b", None]), rng.choice(["a", "b", None])
        elif number == number:
            observed = number if kind == "numbers" else pd.Timestamp(number, unit="s")
        cells.append(
            cell(
                observed,
                NAN if kind == "levels" else number,
                level,
                low=low if known else NAN,
                high=low + (8e5 if kind == "times" else 20) if known else NAN,
                probability=rng.random() if kind == "levels" else NAN,
                own=rng.random() ** 4,
                share=rng.random(),
                believed=rng.random() < 0.8,
                rows_alike=rng.choice([0.0, 1.0, 5.0, 200.0, TOO_RARE, NAN]),
                together=rng.choice(["", "a 1", "a 1 and b 2"]),
                sole=rng.random() < 0.5,
                aspect=rng.choice(["", "hour"]),
            )
        )
    together = sentences("x", usual, cells)
    assert together == [sentence("x", usual, one) for one in cells]
    # Few of them say the same.
    assert len({text.partition(", ")[2] for text in together}) > 20


def test_a_column_shows_what_its_values_show():
    floats = [0.0, -0.0, 1.5, 1.5, NAN, np.inf, 1e-9, 2e15, 1e22, 123456.789, -3.25]
    times = pd.to_datetime(
        ["2024-03-01", "1969-12-31 23:59:59.5", None, "2024-03-01 08:30", "1677-12-01"],
        format="ISO8601",
    ).astype("datetime64[us]")
    columns = [
        pd.Series(floats),
        np.array(floats, dtype=np.float32),
        pd.Series([3, -70_000_000, 3]),
        np.array([True, False, True]),
        pd.Series(times),
        pd.Series(times).dt.tz_localize("Europe/Paris"),
        pd.Series(np.array(["0988-05-01", "2024-01-01"], dtype="datetime64[s]")),
        pd.Series(["a", None, "a"]),
        pd.Series([1, None, 1], dtype="Int64"),
        pd.Series(pd.to_timedelta([3600, 7260], unit="s")),
        pd.Series([1, True, "1", 1.0], dtype=object),
    ]
    for column in columns:
        for decimals in (None, 0, 2):
            one_by_one = [show_observed(v, decimals) for v in column.astype(object)]
            assert show_column(column, decimals) == one_by_one


def test_a_unit_stands_with_numbers():
    said = cell(912.0, 912.0, low=20.0, high=60.0)
    assert sentence("weight_kg", numbers(), said) == (
        "weight_kg 912, expected 20 to 60 kg; at most 100 kg in training"
    )


@pytest.mark.parametrize(
    ("usual", "said", "words"),
    [
        (
            levels(),
            cell("XX", expected="FR", probability=0.9, own=0.0, rows_alike=0.0),
            "never seen in training; expected FR (0.90)",
        ),
        (
            levels(),
            cell("BE", expected="FR", probability=0.9, own=0.01, rows_alike=5.0),
            "rare: seen 5 times in 1,000 rows; expected FR (0.90)",
        ),
        (
            levels(),
            cell("DE", expected="FR", probability=0.9, own=0.1, together="city Paris"),
            "expected FR (0.90) with city Paris",
        ),
        # Not much more probable than the one that is there.
        (
            levels(),
            cell("DE", expected="FR", probability=0.4, own=0.3),
            WITH_THE_REST,
        ),
        (
            levels(),
            cell("FR", expected="FR", probability=0.9, own=0.9, together="city Bonn"),
            "unusual together with city Bonn",
        ),
        # As probable as it is in all rows, and what a line says of rows far out.
        (
            levels(),
            cell("est", expected="ok", probability=0.83, own=0.17, share=0.83),
            WITH_THE_REST,
        ),
        (
            levels(),
            cell("D", expected="B", probability=0.7, own=0.02, believed=False),
            WITH_THE_REST,
        ),
        (
            levels(),
            cell(
                "est",
                expected="ok",
                probability=0.83,
                own=0.17,
                share=0.83,
                rows_alike=170.0,
                together="load_kW 78.8 and site school",
                sole=False,
            ),
            "seen in 17 % of rows; unusual together with load_kW 78.8 and site school",
        ),
        # One of four equally frequent ones.
        (
            UsualLevels(1000.0, 0.0, np.zeros((3, 5)), 0.0),
            cell("FR", expected="FR", probability=0.2, own=0.2, rows_alike=210.0),
            WITH_THE_REST,
        ),
        (
            levels(),
            cell("z", expected="a", probability=0.01, own=0.0, rows_alike=TOO_RARE),
            "rare or never seen in training",
        ),
        (
            levels(),
            cell("DE", expected="FR", probability=0.1, own=0.05, rows_alike=50.0),
            "seen in 5 % of rows",
        ),
        (
            levels(n_missing=500.0),
            cell(None, expected=None, probability=0.9, own=0.9),
            "as in 50 % of rows",
        ),
        (
            levels(),
            cell("USD", expected="EUR", alone=True),
            "always EUR in training",
        ),
        (
            levels(n_missing=940.0),
            cell("late", expected=None, alone=True, rows_alike=60.0, together="a 1"),
            "seen in 6 % of rows; unusual together with a 1",
        ),
        (
            levels(n_missing=4.0),
            cell(None, expected="FR", probability=0.99, own=0.0),
            "rare: seen 4 times in 1,000 rows; expected FR (0.99)",
        ),
    ],
)
def test_words_of_levels(usual, said, words):
    shown = show_observed(said["observed"])
    assert sentence("x", usual, said) == f"x {shown}, {words}"


# Of a January: office hours, and no Sundays.
TIMES = UsualTimes(
    1000.0,
    0.0,
    None,
    (seconds("2025-01-01 09:00"), seconds("2025-01-31 17:00")),
    tuple([0.0] * 9 + [125.0] * 8 + [0.0] * 7),
    (170.0, 170.0, 165.0, 165.0, 165.0, 165.0, 0.0),
    (),
)


@pytest.mark.parametrize(
    ("time", "ends", "words"),
    [
        (
            "2025-01-20 03:12",
            ("2025-01-05", "2025-01-30"),
            "never seen in training between 03:00 and 04:00",
        ),
        (
            "2025-01-19 10:00",
            ("2025-01-05", "2025-01-30"),
            "never seen in training on a Sunday",
        ),
        (
            "2025-01-02 10:00",
            ("2025-01-05", "2025-01-30"),
            "expected 2025-01-05 to 2025-01-30",
        ),
        (
            "2025-02-20 10:00",
            ("2025-01-05", "2025-01-30"),
            "after the training rows, 2025-01-01 to 2025-01-31",
        ),
        ("2025-01-20 10:00", ("2025-01-05", "2025-01-30"), WITH_THE_REST),
    ],
)
def test_words_of_times(time, ends, words):
    low, high = map(seconds, ends)
    said = cell(pd.Timestamp(time), seconds(time), low=low, high=high)
    assert sentence("when", TIMES, said) == f"when {time}, {words}"


def test_a_time_of_day_is_rare_by_its_hour():
    usual = UsualClock(1000.0, 0.0, TIMES.hours)
    night = cell(pd.Timedelta("03:12:00"), 3.2 * 3600)
    assert sentence("clock", usual, night) == (
        "clock 03:12, never seen in training between 03:00 and 04:00"
    )
    noon = cell(pd.Timedelta("12:00:00"), 12 * 3600.0)
    assert sentence("clock", usual, noon) == f"clock 12:00, {WITH_THE_REST}"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (cell(912.4, expected=35.25), "expected about 35.25"),
        (cell("BR", expected="FR", probability=0.94), "expected FR (0.94)"),
        (cell("FR", expected="FR", probability=0.94), WITH_THE_REST),
        (cell("BR", expected="infrequent", probability=0.94), WITH_THE_REST),
    ],
)
def test_models_of_older_protocols_say_what_they_know(said, words):
    assert sentence("x", None, said) == f"x {show_observed(said['observed'])}, {words}"
