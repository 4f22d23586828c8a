"""Tests of numbers and times written for people: how texts and objects are read."""

import datetime
import decimal
import json
import warnings

import numpy as np
import pandas as pd
import pytest
from cases import CHEAP, make_table
from numpy.testing import assert_allclose, assert_array_equal

from aeanomaly import AutoencoderOutlierDetector, load
from aeanomaly.exceptions import ColumnError, ColumnWarning, UnreadCellsWarning
from aeanomaly.fitting.encoding import fit_encoding, kinds_of
from aeanomaly.fitting.reading import ReadOptions, read_table
from aeanomaly.scoring.archive.classes import model_classes
from aeanomaly.scoring.archive.serialization import from_plain, to_plain
from aeanomaly.scoring.encoding.columns import ClockColumn, ColumnOptions, NumericColumn
from aeanomaly.scoring.encoding.reading import DurationReading, Values
from aeanomaly.scoring.encoding.reading.apply import read_numbers

RNG = np.random.default_rng(0)
N_ROWS = 60
AMOUNTS = np.r_[1_234_567.25, RNG.lognormal(6, 1, N_ROWS - 1)].round(2)
DAYS = pd.Timestamp("2024-01-01") + pd.to_timedelta(
    RNG.integers(0, 700, N_ROWS), unit="D"
)
MOMENTS = DAYS + pd.to_timedelta(RNG.integers(0, 1_440, N_ROWS), unit="min")


def german(number):
    return f"{number:,.2f}".translate(str.maketrans(",.", ".,"))


def read(values, kinds=None, **options):
    """The values of a column as they are read, and its reading."""
    table = pd.DataFrame({"x": values})
    result = read_table(table, kinds, ReadOptions(**options))
    return result.table["x"], result.readings.get(0)


WAYS_TO_WRITE_NUMBERS = {
    "plain": lambda v: f"{v:.2f}",
    "groups": lambda v: f"{v:,.2f}",
    "dollars": lambda v: f"${v:,.2f}",
    "euros": lambda v: f"{german(v)} €",
    "a code of a currency": lambda v: f"EUR {v:.2f}",
    "per cent": lambda v: f"{v:.2f}%",
    "a unit": lambda v: f"{v:.2f} kg",
    "groups by blanks": lambda v: f"{v:,.2f}".replace(",", " "),
    "groups by narrow blanks": lambda v: f"{v:,.2f}".replace(",", "\u202f"),
    "Swiss": lambda v: f"{v:,.2f}".replace(",", "'"),
    "decimal comma": lambda v: f"{v:.2f}".replace(".", ","),
    "exponents": lambda v: f"{v:.9e}",
    "blanks around": lambda v: f"  {v:.2f} ",
    "bytes": lambda v: f"{v:.2f}".encode(),
}


@pytest.mark.parametrize("way", WAYS_TO_WRITE_NUMBERS)
def test_numbers_are_numbers_however_they_are_written(way):
    write = WAYS_TO_WRITE_NUMBERS[way]
    values, reading = read([write(amount) for amount in AMOUNTS])
    assert_allclose(values, AMOUNTS)
    assert (reading.n_unread, reading.remark) == (0, "")


@pytest.mark.parametrize("write", ["({:,.2f})", "-{:,.2f}", "−{:,.2f}", "{:,.2f}-"])
def test_a_minus_is_written_in_four_ways(write):
    texts = [write.format(amount) for amount in AMOUNTS[:30]]
    values, _ = read(texts + [f"{amount:,.2f}" for amount in AMOUNTS[30:]])
    assert_allclose(values, np.r_[-AMOUNTS[:30], AMOUNTS[30:]])


def test_groups_of_two_digits_are_indian():
    values, _ = read(["12,34,567.00", *(f"{v:,.2f}" for v in AMOUNTS[1:])])
    assert values[0] == 1_234_567.0


@pytest.mark.parametrize("bad", ["tbd", "Amount", "12.5.7", "€5", "5)", "--5"])
def test_one_cell_that_is_no_number_is_missing(bad):
    values, reading = read([bad, *(f"${v:.2f}" for v in AMOUNTS[1:])])
    assert_allclose(values, np.r_[np.nan, AMOUNTS[1:]])
    assert (reading.n_unread, reading.example) == (1, bad)


def test_words_for_missing_values_are_missing_however_many():
    words = ["", " ", "-", "n/a", "NULL", "?"] * 5
    values, reading = read(words + [f"{v:.2f}" for v in AMOUNTS[30:]])
    assert_allclose(values, np.r_[[np.nan] * 30, AMOUNTS[30:]])
    assert (reading.n_unread, reading.n_words) == (0, 30)


def test_numbers_among_which_one_text_stands_are_numbers():
    values, reading = read([*AMOUNTS[:-2], decimal.Decimal("2.5"), "tbd"])
    assert_allclose(values, np.r_[AMOUNTS[:-2], 2.5, np.nan])
    assert reading.n_unread == 1


@pytest.mark.parametrize(
    "values",
    [
        [f"P{i:03}" for i in range(N_ROWS)],
        ["01234", "10115", "80331"] * 20,
        ["10115", "80331", "20095"] * 20,
        ["5411", "5812"] * 30,
        ["1", "2", "10"] * 20,
        [str(10**17 + i) for i in range(N_ROWS)],
        ["12A", "3B", "14C"] * 20,
        ["1E05", "2E07"] * 30,
        ["1.2.3", "1.10.0"] * 30,
        [f"10.0.{i}.7" for i in range(N_ROWS)],
        [f"+49 30 {1_000 + i}" for i in range(N_ROWS)],
        [f"+4930{1_000_000 + 7 * i}" for i in range(N_ROWS)],
        ["$5.00", "€6.00"] * 30,
        ["5%", "0.05"] * 30,
        ["True", "False"] * 30,
        ["a", "12.5", "3.1"] * 20,
        pd.Categorical(["1.5", "2.5"] * 30),
        [" "] * N_ROWS,
    ],
)
def test_codes_stay_levels(values):
    read_values, reading = read(values)
    assert reading is None
    assert_array_equal(read_values.astype(str), pd.Series(values).astype(str))


def test_whole_numbers_of_many_values_and_lengths_are_numbers():
    values, _ = read([str(int(amount)) for amount in AMOUNTS])
    assert_allclose(values, AMOUNTS.astype(int))


def test_a_number_with_an_exponent_has_no_groups():
    values, reading = read(["1.235e+06", "2.5e+03"] * 30)
    assert values.tolist()[:2] == [1_235_000.0, 2_500.0]
    assert reading.remark == ""


def test_what_a_column_holds_can_be_said():
    codes = ["5411", "5812"] * 30
    values, _ = read(codes, {"x": "number"})
    assert values.tolist() == [5_411.0, 5_812.0] * 30
    amounts = [f"${amount}" for amount in AMOUNTS]
    assert read(amounts, {"x": "category"})[1] is None
    clocks = [f"{moment:%H:%M}" for moment in MOMENTS]
    assert read(clocks, {"x": "clock"})[0].dtype == "timedelta64[us]"
    with pytest.raises(ColumnError) as caught:
        read(["low", "high"] * 30, {"x": "number"})
    assert str(caught.value) == (
        "Column 'x' cannot be read as number, which column_kinds says it is: most of "
        "its cells are others, such as 'low'. Convert it, or name another kind."
    )


@pytest.mark.parametrize(
    ("text", "number", "other", "mark"),
    [("1,234", 1_234.0, 1.234, ","), ("1.234", 1.234, 1_234.0, ",")],
)
def test_an_ambiguous_mark_is_said_and_asked_for(text, number, other, mark):
    values, reading = read([text] * 60)
    assert values[0] == number
    assert reading.remark == (
        f"'{text}' is read as {number:.10g}; if it is {other:.10g}, pass "
        f"decimal='{mark}'"
    )
    values, reading = read([text] * 60, decimal=mark)
    assert (values[0], reading.remark) == (other, "")


WAYS_TO_WRITE_DAYS = {
    "ISO": "%Y-%m-%d",
    "German": "%d.%m.%Y",
    "American": "%m/%d/%Y",
    "British": "%d/%m/%Y",
    "with hyphens": "%d-%m-%Y",
    "two digits for the year": "%d.%m.%y",
    "year first": "%Y/%m/%d",
    "digits only": "%Y%m%d",
    "short names": "%d %b %Y",
    "long names": "%B %d, %Y",
    "names and hyphens": "%d-%b-%y",
}


@pytest.mark.parametrize("way", WAYS_TO_WRITE_DAYS)
def test_days_are_times_however_they_are_written(way):
    values, reading = read([day.strftime(WAYS_TO_WRITE_DAYS[way]) for day in DAYS])
    assert_array_equal(values, DAYS)
    assert (reading.n_unread, reading.remark) == (0, "")


@pytest.mark.parametrize(
    "form", ["%Y-%m-%dT%H:%M", "%d.%m.%Y %H:%M", "%m/%d/%Y %I:%M %p", "%Y/%m/%d %H:%M"]
)
def test_moments_are_times_however_they_are_written(form):
    values, _ = read([moment.strftime(form) for moment in MOMENTS])
    assert_array_equal(values, MOMENTS)


@pytest.mark.parametrize(
    "convert",
    [
        lambda day: day.date(),
        lambda day: day.to_pydatetime().replace(tzinfo=datetime.UTC),
        lambda day: np.datetime64(day, "D"),
        lambda day: pd.Period(day, freq="D"),
    ],
    ids=["date", "aware datetime", "datetime64", "Period"],
)
def test_objects_of_time_are_times(convert):
    objects = pd.Series([convert(day) for day in DAYS], dtype=object)
    values, _ = read(objects)
    assert_array_equal(pd.to_datetime(values, utc=True).dt.tz_localize(None), DAYS)
    values, reading = read([*objects[:-1], "soon"])
    assert pd.isna(values.iloc[-1])
    assert reading.n_unread == 1


def test_a_column_of_periods_is_one_of_times():
    values, _ = read(pd.Series(DAYS).dt.to_period("D"))
    assert_array_equal(values, DAYS)


@pytest.mark.parametrize(
    ("text", "form", "month"),
    [("02/03/2026", "month first", 2), ("02.03.2026", "day first", 3)],
)
def test_whether_the_day_is_first_is_said_and_asked_for(text, form, month):
    values, reading = read([text, "03" + text[2:]] * 30)
    assert values[0].month == month
    first = form == "month first"
    assert reading.remark == (
        f"'{text}' is read {form}; if it is not, pass day_first={first}"
    )
    values, reading = read([text] * 60, day_first=first)
    assert (values[0].month, reading.remark) == (5 - month, "")


@pytest.mark.parametrize("form", ["%H:%M:%S", "%H:%M", "%I:%M %p"])
def test_times_of_day_are_a_cycle(form):
    values, _ = read([moment.strftime(form) for moment in MOMENTS])
    assert_array_equal(values, MOMENTS - DAYS)
    assert kinds_of(pd.DataFrame({"x": values})) == [ClockColumn]
    assert_array_equal(read([moment.time() for moment in MOMENTS])[0], MOMENTS - DAYS)


def test_midnight_is_near_midnight():
    texts = ["23:59", "00:01", "12:00", "06:00"] * 10
    table, readings = read_table(pd.DataFrame({"at": texts}))
    options = ColumnOptions()
    encoding = fit_encoding(table, np.ones(40), options, readings=readings)
    Z = encoding.encode(table).Z
    assert np.linalg.norm(Z[0] - Z[1]) < 0.02
    assert_allclose(np.linalg.norm(Z[2] - Z[1]), 2 * np.sqrt(2), rtol=1e-3)
    assert encoding.restore(Z)[0].tolist()[:3] == ["23:59:00", "00:01:00", "12:00:00"]
    assert encoding.columns[0].describe() == "clock     times of day"


@pytest.mark.parametrize(
    "values",
    [
        pd.to_timedelta(np.arange(60), unit="min"),
        pd.Series(pd.to_timedelta(np.arange(60), unit="min").astype(str)),
        [f"{i // 60 + 24}:{i % 60:02}:00" for i in range(60)],
    ],
    ids=["timedeltas", "texts of timedeltas", "more hours than a day has"],
)
def test_durations_are_numbers_of_seconds(values):
    seconds, reading = read(values)
    assert_allclose(seconds - seconds[0], 60.0 * np.arange(60))
    assert reading.describe() == "durations, in seconds"


def test_durations_are_no_numbers_where_training_rows_had_none():
    numbers = NumericColumn("x", 0.0, 1.0)
    spans = pd.Series(pd.to_timedelta([1.0, 2.0], unit="s"))
    assert read_numbers(spans, None, "x") is spans
    with pytest.raises(ColumnError, match="'x' held numbers .* type timedelta64"):
        numbers.canonical(read_numbers(spans, None, "x"), "x")
    seconds = read_numbers(spans, DurationReading(), "x")
    assert_array_equal(seconds, [1.0, 2.0])
    # Nothing is nothing, whatever its type.
    assert read_numbers(spans.where(spans.isna()), None, "x").isna().all()


def test_arrow_types_are_read():
    pa = pytest.importorskip("pyarrow")
    times = [moment.time() for moment in MOMENTS]
    arrays = {
        "date": (pa.array([day.date() for day in DAYS]), DAYS),
        "aware": (pa.array(list(DAYS.tz_localize("UTC"))), DAYS),
        "time": (pa.array(times), MOMENTS - DAYS),
        "text": (pa.array([f"${v:,.2f}" for v in AMOUNTS]), AMOUNTS),
        "bytes": (pa.array([f"{v:.2f}".encode() for v in AMOUNTS]), AMOUNTS),
    }
    for array, expected in arrays.values():
        values, _ = read(pd.arrays.ArrowExtensionArray(array))
        assert_array_equal(np.asarray(values), expected)


# --- In a detector ---


@pytest.fixture(scope="module")
def written():
    """The mixed table as people write it, two cells of which cannot be read."""
    table = make_table()
    amounts = [f"${amount:,.2f}" for amount in table["amount"]]
    days = table["opened"].dt.strftime("%d.%m.%Y %H:%M")
    return table, table.assign(
        amount=["tbd", *amounts[1:]], opened=[*days[:-1], "soon"]
    )


@pytest.fixture(scope="module")
def reader(written):
    """A detector fitted on that table, and the warnings of the fit."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted = AutoencoderOutlierDetector(**CHEAP).fit(written[1])
    return fitted, [str(warning.message) for warning in caught]


def test_fit_says_what_it_could_not_read(reader):
    assert reader[1] == [
        "Column 'amount': 1 cell is not a number, such as 'tbd'. What cannot be read "
        "is missing.",
        "Column 'opened': 1 cell is not a time, such as 'soon'. What cannot be read is "
        "missing.",
    ]
    described = reader[0].columns_.set_index("column")
    assert described.loc["amount", "read_as"] == "numbers as text, in '$'"
    assert described.loc["opened", "read_as"] == "times as text, day first"
    assert described.loc["amount", "notes"] == (
        "1 cell is not a number, such as 'tbd': missing"
    )


def test_a_saved_model_reads_as_the_fitted_one(reader, written, tmp_path):
    fitted, _ = reader
    fitted.save(tmp_path / "model.aea")
    loaded = load(tmp_path / "model.aea")
    table, texts = written
    rows, plain = texts.iloc[1:-1], table.iloc[1:-1]
    assert_array_equal(loaded.score_samples(rows), fitted.score_samples(rows))
    assert_array_equal(loaded.score_samples(plain), fitted.score_samples(rows))
    pd.testing.assert_frame_equal(loaded.columns_, fitted.columns_)


def test_a_cell_that_cannot_be_read_is_missing_and_said(reader, written):
    fitted, _ = reader
    missing = written[1].iloc[1:-1].assign(amount=None)
    rows = missing.assign(amount=[*written[1]["amount"][1:-2], "n/k"])
    missing["amount"] = [*written[1]["amount"][1:-2], None]
    with pytest.warns(UnreadCellsWarning) as caught:
        scores = fitted.score_samples(rows)
    assert_array_equal(scores, fitted.score_samples(missing))
    assert [str(warning.message) for warning in caught] == [
        "Column 'amount': 1 cell is not a number, such as 'n/k'. What cannot "
        "be read is missing."
    ]
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error", UnreadCellsWarning)
        with pytest.raises(UnreadCellsWarning):
            fitted.score_samples(rows)


def test_a_column_that_is_missing_in_all_rows_is_missing(reader, written):
    fitted, _ = reader
    for nothing in (None, np.nan, pd.NaT, ""):
        rows = written[1].iloc[1:9].assign(amount=nothing, opened=nothing)
        assert np.isfinite(fitted.score_samples(rows)).all()


@pytest.mark.slow
def test_what_is_far_out_is_abnormal_however_it_is_written():
    # As texts, an amount two hundred times the usual was ordinary, and so was 1900.
    rng = np.random.default_rng(0)
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(
        rng.integers(0, 300, 1_000), unit="D"
    )
    table = pd.DataFrame(
        {
            "amount": [f"${amount:,.2f}" for amount in rng.normal(5_000, 900, 1_000)],
            "day": days.date,
            "v": rng.normal(size=1_000),
        }
    )
    detector = AutoencoderOutlierDetector(random_state=0).fit(table)
    rows = table.iloc[[0] * 4].assign(amount="$5,000", day=datetime.date(2024, 3, 1))
    rows.iloc[1, 0] = "$1,000,000.00"
    rows.iloc[2, 1] = datetime.date(1900, 1, 1)
    rows.iloc[3, 1] = datetime.date(2099, 1, 1)
    assert detector.predict(rows).tolist() == [1, -1, -1, -1]


# --- Numbers that stand for missing ones ---


def with_codes(code, n=12):
    values = np.random.default_rng(1).normal(20, 3, 300).round(2)
    values[:n] = code
    return pd.DataFrame({"x": values, "y": np.arange(300) % 7})


@pytest.mark.parametrize("code", [-999.0, -200.0, 9999.0, -9999.0, 99999.0])
def test_numbers_that_seem_to_stand_for_missing_ones_are_pointed_out(code):
    table = with_codes(code)
    column = fit_encoding(table, np.ones(300), ColumnOptions()).columns[0]
    assert (column.sentinels, column.missing_values) == ((code,), ())
    assert "may stand for a missing one" in column.facts().notes[0]
    for asked in ("auto", [code]):
        options = ColumnOptions(missing_values=asked)
        column = fit_encoding(table, np.ones(300), options).columns[0]
        assert (column.sentinels, column.missing_values) == ((), (code,))
        assert column.missing_rate == 12 / 300
        assert 10 < column.low < column.high < 30


def test_a_wild_value_does_not_hide_them():
    table = with_codes(-999.0)
    table.loc[20, "x"] = 98_765.43
    column = fit_encoding(table, np.ones(300), ColumnOptions()).columns[0]
    assert column.sentinels == (-999.0,)


@pytest.mark.parametrize(
    ("code", "n"), [(-999.0, 1), (45.0, 12), (-1.0, 12), (0.0, 12), (99.5, 12)]
)
def test_other_numbers_are_numbers(code, n):
    table = with_codes(code, n)
    assert fit_encoding(table, np.ones(300), ColumnOptions()).columns[0].sentinels == ()


def test_numbers_and_texts_are_missing_on_request(table):
    kinds = {"missing_values": [-999, "unknown"]}
    table["country"] = table["country"].fillna("unknown")
    table["age"] = table["age"].fillna(-999.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ColumnWarning)
        asked = AutoencoderOutlierDetector(**CHEAP, **kinds).fit(table)
    described = asked.columns_.set_index("column")
    plain = make_table()
    for name in ("country", "age"):
        assert described.loc[name, "missing"] == plain[name].isna().mean()
    assert described.loc["age", "notes"] == "-999 counts as missing"
    assert_array_equal(asked.score_samples(table), asked.score_samples(plain))


# --- Levels that come as another type ---


@pytest.mark.parametrize(
    ("fitted", "given"),
    [
        (pd.Categorical([5411, 5812] * 10), ["5411", "5812"] * 10),
        (pd.Categorical([5411, 5812] * 10), pd.array([5411.0, 5812.0] * 10)),
        (["5411", "5812"] * 10, [5411, 5812] * 10),
        ([True, False] * 10, ["True", "False"] * 10),
        ([True, False] * 10, ["true", "false"] * 10),
        ([True, False] * 10, [1, 0] * 10),
        (["True", "False"] * 10, [True, False] * 10),
        (pd.Categorical([1.0, 2.0] * 10), ["1", "2"] * 10),
    ],
)
def test_levels_are_found_whatever_their_type(fitted, given):
    table = pd.DataFrame({"x": fitted})
    encoding = fit_encoding(table, np.ones(20), ColumnOptions())
    Z, novelty = encoding.encode(table)
    Z_given, novelty_given = encoding.encode(pd.DataFrame({"x": given}))
    assert_array_equal(Z_given, Z)
    assert novelty is novelty_given is None


def test_levels_that_differ_by_their_type_only_are_told_apart():
    table = pd.DataFrame({"x": ["7", "07"] * 10})
    encoding = fit_encoding(table, np.ones(20), ColumnOptions())
    _, novelty = encoding.encode(pd.DataFrame({"x": ["7", "07", "007"]}))
    assert (novelty[:, 0] > 0).tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (len, "such as one of type builtin_function_or_method"),
        (1j, "such as one of type complex"),
        (object(), "such as one of type object"),
        ([1], "unhashable type: 'list'"),
    ],
)
def test_values_without_a_text_of_their_own_are_an_error(value, text):
    table = pd.DataFrame({"x": pd.Series([value, "a"] * 10, dtype=object), "y": 1.5})
    with pytest.raises(ColumnError) as caught:
        fit_encoding(read_table(table).table, np.ones(20), ColumnOptions())
    assert str(caught.value).startswith(
        f"Column 'x' holds values that are neither numbers nor categories ({text}"
    )


MILLIONS = AMOUNTS * 1_000


def in_words(factors, digits=1):
    """Numbers with the greatest factor that they reach."""

    def write(value):
        factor, word = max(f for f in factors if value >= f[0])
        return f"{value / factor:.{digits}f}{word}"

    return write


WAYS_TO_WRITE_FACTORS = {
    "letters": in_words([(0, ""), (1e3, "k"), (1e6, "M")]),
    "capitals": in_words([(0, ""), (1e3, "K"), (1e6, "M"), (1e9, "B")]),
    "words": in_words([(0, ""), (1e3, " Tsd."), (1e6, " Mio."), (1e9, " Mrd.")]),
    "always": in_words([(0, " thousand"), (1e3, " thousand"), (1e6, " million")]),
    "money": lambda v: f"€ {in_words([(0, ''), (1e3, 'k'), (1e6, 'm')])(v)}",
    "money behind": lambda v: f"{v / 1e6:.1f} Mio €".replace(".", ","),
}


@pytest.mark.parametrize("way", WAYS_TO_WRITE_FACTORS)
def test_thousands_and_millions_are_what_they_say(way):
    amounts = np.maximum(MILLIONS, 1e5)
    write = WAYS_TO_WRITE_FACTORS[way]
    values, reading = read([write(amount) for amount in amounts])
    if way == "always":
        amounts = [
            float(write(a).split()[0]) * (1e6 if "million" in write(a) else 1e3)
            for a in amounts
        ]
    assert_allclose(values, amounts, rtol=0.05, atol=5e4)
    assert reading.n_unread == 0
    assert "1,000" in reading.describe()


def test_numbers_without_a_factor_are_as_they_stand():
    values, _ = read(["950", "3k", "1.2M", *[f"{i}.5k" for i in range(30)]])
    assert values[:4].tolist() == [950.0, 3e3, 1.2e6, 500.0]


def test_a_factor_that_comes_later_is_read_by_the_same_rule():
    _, reading = read(["$3.1k", *[f"${i}.5k" for i in range(30)]])
    table = pd.DataFrame({"x": ["$1.2M", "$40", "$2B", "$7 dozen"]})
    found = reading.parse(Values(table["x"]))
    assert_array_equal(found, [1.2e6, 40.0, 2e9, np.nan])


@pytest.mark.parametrize("unit", ["kg", "m", "M", "K", "kWh", "m³/h", "B"])
def test_one_unit_behind_all_numbers_is_taken_off_and_said(unit):
    values, reading = read([f"{v:.2f} {unit}" for v in AMOUNTS])
    assert_allclose(values, AMOUNTS)
    assert reading.describe() == f"numbers as text, in {unit!r}"


def test_few_whole_numbers_with_letters_are_codes():
    values, reading = read([f"{i % 4 + 1}{'KMB'[i % 3]}" for i in range(120)])
    assert reading is None
    assert values[0] == "1K"


def test_sums_of_money_have_no_three_decimals():
    values, reading = read([f"€ {v}.400" for v in range(1, 40)])
    assert values[0] == 1_400.0
    assert "is read as 1400; if it is 1.4, pass decimal='.'" in reading.remark
    values, reading = read([f"{v}.400 kg" for v in range(1, 40)])
    assert values[0] == 1.4


MONTHS = {
    "en": "January February March April May June July August September October "
    "November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November "
    "Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre "
    "décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre "
    "noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre "
    "novembre dicembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro "
    "novembro dezembro",
    "nl": "januari februari maart april mei juni juli augustus september oktober "
    "november december",
}
WAYS_TO_WRITE_MONTHS = {
    "plain": "{d} {m} {y}",
    "a dot": "{d}. {m} {y}",
    "of": "{d} de {m} de {y}",
    "capitals": "{d} {M} {y}",
    "weekday": "Monday, {d} {m} {y}",
    "time": "{d} {m} {y} 14:05",
    "month first": "{m} {d}, {y}",
}


@pytest.mark.parametrize("language", MONTHS)
@pytest.mark.parametrize("way", WAYS_TO_WRITE_MONTHS)
def test_months_have_names_in_some_languages(language, way):
    names = MONTHS[language].split()
    texts = [
        WAYS_TO_WRITE_MONTHS[way].format(
            d=day.day,
            m=names[day.month - 1],
            M=names[day.month - 1].upper(),
            y=day.year,
        )
        for day in DAYS
    ]
    values, reading = read(texts)
    assert reading.n_unread == 0
    assert_array_equal(values.dt.normalize(), DAYS)
    if way == "time":
        assert set(values.dt.hour) == {14}


@pytest.mark.parametrize(
    "text",
    ["12-MAR-26", "12 Mär 2026", "Mar 12th, 2026", "2026-Mar-12", "12 avr. 2026"],
)
def test_short_names_of_months_are_read(text):
    values, _ = read([text] * 12)
    assert (values.dt.year == 2026).all()
    assert (values.dt.day == 12).all()


def test_factors_are_kept_in_the_model_file():
    _, reading = read(["950", "3k", "1.2M", *[f"{i}.5k" for i in range(30)]])
    arrays, classes = {}, model_classes()
    plain = json.loads(json.dumps(to_plain(reading, arrays, classes, "reading")))
    assert from_plain(plain, arrays, classes) == reading
    plain["fields"]["factors"][0][1] = "many"
    with pytest.raises(TypeError, match="factors"):
        from_plain(plain, arrays, classes)


def test_a_few_words_among_numbers_are_missing_and_counted():
    texts = [f"{v:.1f}" for v in AMOUNTS]
    texts[::10] = ["<0.5", "N/D", "<0.5", "N/D", "N/D", "tbd"]
    values, reading = read(texts)
    assert np.isnan(values[::10]).all()
    assert reading.n_unread == 6
    assert "6 cells are not a number, such as '<0.5': missing" in reading.notes()


@pytest.mark.parametrize("words", [["hall", "lobby"], [f"hall {i}" for i in range(8)]])
def test_rooms_are_levels_for_a_few_words_among_them(words):
    rooms = [str(100 + i % 40) for i in range(80)]
    rooms[::10] = [words[i % len(words)] for i in range(8)]
    _, reading = read(rooms)
    assert reading is None
