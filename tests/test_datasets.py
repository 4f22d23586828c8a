"""Tests of aeanomaly.datasets and of the checked-in table of transactions."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from aeanomaly.datasets import load_mnist, load_transactions, make_transactions
from aeanomaly.datasets import transactions as transactions_module

ROOT = Path(__file__).resolve().parents[1]
EASY = {"card_testing", "impossible_travel", "large_amount"}
HARD = {"account_takeover", "compromised_merchant", "gradual_drift"}
KINDS = EASY | HARD | {"stolen_card"}
DAY = np.timedelta64(1, "D")


@pytest.fixture(scope="module")
def table():
    return make_transactions(20_000, fraud_rate=0.01, random_state=7)


@pytest.fixture(scope="module")
def script():
    """The module datasets/generate_transactions.py, which is no part of the package."""
    place = ROOT / "datasets" / "generate_transactions.py"
    spec = importlib.util.spec_from_file_location("generate_transactions", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- make_transactions: the contract --------------------------------------------------


def test_an_int_seed_gives_the_same_table_and_another_seed_another():
    first = make_transactions(500, random_state=3)
    assert_frame_equal(first, make_transactions(500, random_state=3))
    assert not first.equals(make_transactions(500, random_state=4))


def test_a_generator_is_drawn_from():
    rng = np.random.default_rng(3)
    first = make_transactions(500, random_state=rng)
    assert_frame_equal(first, make_transactions(500, random_state=3))
    assert not first.equals(make_transactions(500, random_state=rng))


@pytest.mark.parametrize("random_state", [None, 0])
def test_the_global_random_state_is_untouched(random_state):
    before = np.random.get_state()  # noqa: NPY002 - the global state is the subject
    make_transactions(300, random_state=random_state)
    after = np.random.get_state()  # noqa: NPY002
    assert before[2:] == after[2:]
    np.testing.assert_array_equal(before[1], after[1])


@pytest.mark.parametrize("n_samples", [1, 2, 7, 50, 1_001])
@pytest.mark.parametrize("fraud_rate", [0.0, 0.013, 0.5])
def test_rows_and_frauds_are_as_many_as_asked(n_samples, fraud_rate):
    made = make_transactions(n_samples, fraud_rate=fraud_rate, random_state=0)
    assert len(made) == n_samples
    assert made["is_fraud"].sum() == round(n_samples * fraud_rate)
    assert ((made["fraud_kind"] != "none") == (made["is_fraud"] == 1)).all()


@pytest.mark.parametrize("n_samples", [700, 5_000])
def test_every_kind_is_there_from_seven_frauds_on(n_samples):
    made = make_transactions(n_samples, fraud_rate=0.01, random_state=1)
    assert set(made["fraud_kind"]) == KINDS | {"none"}


def test_dtypes_are_documented_ones(table):
    assert list(table) == list(transactions_module.DTYPES)
    string = table["category"].dtype  # object before pandas 3
    text = {name for name, dtype in table.dtypes.items() if dtype == string}
    expected = {k for k, v in transactions_module.DTYPES.items() if v == "str"}
    assert text == expected
    for name in set(table) - text:
        assert str(table[name].dtype) == transactions_module.DTYPES[name], name


def test_rows_are_in_order_of_time_within_ninety_days(table):
    assert table["timestamp"].is_monotonic_increasing
    assert table["transaction_id"].is_unique
    assert table["timestamp"].iloc[0] >= pd.Timestamp("2025-01-01")
    assert table["timestamp"].iloc[-1] < pd.Timestamp("2025-04-01")
    assert table.index.equals(pd.RangeIndex(len(table)))


@pytest.mark.parametrize(
    ("parameters", "error", "text"),
    [
        ({"n_samples": 0}, ValueError, "'n_samples' .* at least 1. Got 0 instead."),
        ({"n_samples": 10.0}, TypeError, "'n_samples' .* an int .* Got 10.0 instead."),
        ({"n_samples": True}, TypeError, "'n_samples' .* Got True instead."),
        ({"fraud_rate": 5}, ValueError, r"\[0.0, 0.5\]. Got 5 instead. Pass a share"),
        ({"fraud_rate": float("nan")}, ValueError, "'fraud_rate' .* Got nan instead."),
        ({"fraud_rate": "1%"}, TypeError, "'fraud_rate' .* Got '1%' instead."),
        ({"random_state": -1}, ValueError, "'random_state' .* Got -1 instead."),
        ({"random_state": "a"}, TypeError, "'random_state' .*Generator or None. Got"),
    ],
)
def test_a_wrong_parameter_is_named_with_its_range(parameters, error, text):
    with pytest.raises(error, match=text):
        make_transactions(**parameters)


def test_parameters_other_than_the_size_are_keyword_only():
    with pytest.raises(TypeError, match="positional"):
        make_transactions(100, 0.1)


# --- make_transactions: what the rows say ---------------------------------------------


def test_missing_values_follow_their_rules(table):
    present, online = table["card_present"], table["channel"] == "online"
    assert (table["distance_from_home_km"].notna() == present).all()
    never = table["channel"].isin(["atm", "recurring"])
    assert table.loc[never, "device"].isna().all()
    assert table.loc[~never & ~online, "device"].notna().all()
    assert 0.01 < table.loc[online, "device"].isna().mean() < 0.06
    assert 0.04 < table["merchant_age_days"].isna().mean() < 0.06
    holes = {"device", "distance_from_home_km", "merchant_age_days"}
    holes |= {"mean_amount_30d", "days_since_last"}
    assert table[[name for name in table if name not in holes]].notna().all(axis=None)


def test_card_present_is_decided_by_the_channel(table):
    remote = table["channel"].isin(["online", "recurring"])
    assert (table["card_present"] == ~remote).all()


def test_history_columns_agree_with_the_stream(table):
    # From day 30 on, everything that they look back at is in the table itself.
    checked = 0
    for _, rows in list(table.groupby("customer_id"))[:20]:
        times, amounts = rows["timestamp"].to_numpy(), rows["amount"].to_numpy()
        for i in np.flatnonzero(times >= np.datetime64("2025-01-31T00:00:00")):
            earlier, row = times[:i], rows.iloc[i]
            assert row["n_transactions_24h"] == np.sum(earlier >= times[i] - DAY)
            assert row["n_transactions_7d"] == np.sum(earlier >= times[i] - 7 * DAY)
            month = amounts[:i][earlier >= times[i] - 30 * DAY]
            if len(month):
                assert row["mean_amount_30d"] == pytest.approx(month.mean(), abs=0.006)
                gap = (times[i] - earlier[-1]) / DAY
                assert row["days_since_last"] == pytest.approx(gap, abs=1e-4)
            else:
                assert np.isnan(row["mean_amount_30d"])
            checked += 1
    assert checked > 250


def test_the_first_rows_have_a_history_too(table):
    first_week = table[table["timestamp"] < "2025-01-08"]
    last_week = table[table["timestamp"] >= "2025-03-24"]
    assert first_week["mean_amount_30d"].notna().mean() > 0.97
    ratio = (
        first_week["n_transactions_7d"].mean() / last_week["n_transactions_7d"].mean()
    )
    assert 0.7 < ratio < 1.3


def test_genuine_payments_look_like_payments(table):
    genuine = table[table["is_fraud"] == 0]
    assert genuine["amount"].mean() > 1.5 * genuine["amount"].median()  # heavy tail
    medians = genuine.groupby("category")["amount"].median()
    assert medians["electronics"] > 5 * medians["transport"]
    by_country = genuine.groupby("customer_id")["country"].value_counts(normalize=True)
    assert by_country.groupby("customer_id").max().median() > 0.85  # home dominates
    atm = genuine[genuine["channel"] == "atm"]
    assert (atm["amount"] % 10 == 0).all()
    plastic = (genuine["channel"] == "contactless") & (genuine["device"] == "card")
    assert genuine.loc[plastic, "amount"].max() <= 50
    recurring = genuine[genuine["channel"] == "recurring"]
    prices = recurring.groupby(["customer_id", "category"])["amount"].nunique()
    assert (prices == 1).all()


def test_ages_grow_with_time_and_belong_to_their_owner(table):
    day = (table["timestamp"] - pd.Timestamp("2025-01-01")) // pd.Timedelta(days=1)
    for owner, age in [
        ("customer_id", "account_age_days"),
        ("merchant_id", "merchant_age_days"),
    ]:
        assert ((table[age] - day).groupby(table[owner]).nunique() <= 1).all()
        assert table[age].min() > 30
    assert (table.groupby("merchant_id")[["category", "country"]].nunique() == 1).all(
        axis=None
    )


def test_each_kind_of_fraud_has_its_mark(table):
    kinds = dict(iter(table.groupby("fraud_kind")))
    assert kinds["card_testing"]["amount"].max() <= 3.0
    assert (kinds["card_testing"]["channel"] == "online").all()
    assert kinds["impossible_travel"]["distance_from_home_km"].min() > 2_000
    # The owner, or the thief himself, has paid within the last hours.
    assert kinds["impossible_travel"]["days_since_last"].max() <= 4 / 24 + 1e-3
    assert (kinds["stolen_card"]["channel"] == "contactless").all()
    assert kinds["stolen_card"]["amount"].between(28, 50).all()
    usual = table["amount"].median()
    assert kinds["large_amount"]["amount"].median() > 15 * usual
    hours = kinds["account_takeover"]["timestamp"].dt.hour
    assert hours.isin([22, 23, *range(9)]).mean() > 0.9
    assert kinds["compromised_merchant"]["merchant_id"].nunique() <= 3
    assert kinds["compromised_merchant"]["customer_id"].nunique() >= 10
    drift = kinds["gradual_drift"].groupby("customer_id").size()
    assert drift.max() >= 5


# --- Difficulty -----------------------------------------------------------------------


def test_an_isolation_forest_is_good_but_not_perfect(table, script):
    auroc = script.measure_auroc(table, n_forests=1)
    assert set(auroc) == KINDS | {"all"}
    assert 0.72 < auroc["all"] < 0.93
    assert min(auroc[kind] for kind in EASY) > max(auroc[kind] for kind in HARD)


# --- load_transactions and the checked-in table ---------------------------------------


def test_the_checked_in_table_is_what_its_generator_makes(script, tmp_path):
    script.main(["--output", str(tmp_path / "again.csv")])
    again = load_transactions(tmp_path / "again.csv")
    # Not byte by byte: another processor may round the last cent differently.
    assert_frame_equal(load_transactions(), again, rtol=1e-3, atol=0.011)
    assert (tmp_path / "again.csv").stat().st_size < 3_000_000


def test_reading_gives_back_exactly_what_was_written(tmp_path):
    made = make_transactions(2_000, random_state=5)
    made.to_csv(tmp_path / "table.csv", index=False)
    assert_frame_equal(
        load_transactions(tmp_path / "table.csv"), made, check_exact=True
    )


def test_the_data_card_describes_every_column_and_kind(script):
    card = (ROOT / "datasets" / "README.md").read_text(encoding="utf-8")
    named = [*transactions_module.DTYPES, *KINDS]
    assert [name for name in named if f"`{name}`" not in card] == []
    assert f"random_state={script.SEED}" in card


def test_measure_prints_a_line_per_kind(script, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(script.measure_auroc, "__defaults__", (1,))
    make_transactions(1_000, random_state=0).to_csv(tmp_path / "t.csv", index=False)
    script.main(["--output", str(tmp_path / "t.csv"), "--measure"])
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines} == KINDS | {"all"}


def test_an_installed_package_prefers_its_own_copy(tmp_path, monkeypatch):
    package = tmp_path / "aeanomaly"
    monkeypatch.setattr(
        transactions_module, "__file__", str(package / "datasets" / "transactions.py")
    )
    with pytest.raises(FileNotFoundError, match="neither at .* nor at .*Pass the path"):
        load_transactions()
    for folder, n_rows in [(tmp_path / "datasets", 20), (package / "_data", 30)]:
        folder.mkdir(parents=True)
        made = make_transactions(n_rows, random_state=0)
        made.to_csv(folder / "transactions.csv", index=False)
        assert len(load_transactions()) == n_rows


def test_a_missing_table_is_an_error_with_its_path(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent.csv.* Pass the path of a CSV"):
        load_transactions(tmp_path / "absent.csv")


def test_missing_columns_are_named(tmp_path):
    made = make_transactions(20, random_state=0).drop(columns=["amount", "device"])
    made.to_csv(tmp_path / "table.csv", index=False)
    with pytest.raises(ValueError, match=r"lacks the column\(s\) amount, device"):
        load_transactions(tmp_path / "table.csv")


def test_importing_the_module_imports_nothing_heavy():
    code = (
        "import sys, aeanomaly.datasets;"
        "print([m for m in ('pandas', 'sklearn', 'keras', 'tensorflow')"
        " if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert run.stdout.strip() == "[]", run.stderr


# --- load_mnist -----------------------------------------------------------------------


@pytest.fixture
def digits():
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.integers(0, 256, (6, 28, 28), dtype=np.uint8),
        "y_train": rng.integers(0, 10, 6, dtype=np.uint8),
        "x_test": rng.integers(0, 256, (2, 28, 28), dtype=np.uint8),
        "y_test": rng.integers(0, 10, 2, dtype=np.uint8),
    }


def assert_same_digits(loaded, digits):
    (x_train, y_train), (x_test, y_test) = loaded
    loaded = (x_train, y_train, x_test, y_test)
    for found, array in zip(loaded, digits.values(), strict=True):
        assert found.dtype == np.uint8
        np.testing.assert_array_equal(found, array)


def test_mnist_is_read_from_a_path(tmp_path, digits):
    np.savez_compressed(tmp_path / "digits.npz", **digits)
    assert_same_digits(load_mnist(tmp_path / "digits.npz"), digits)
    assert_same_digits(load_mnist(str(tmp_path / "digits.npz")), digits)


@pytest.mark.parametrize("variable", ["KERAS_HOME", "HOME"])
def test_mnist_is_found_where_keras_keeps_it(variable, tmp_path, monkeypatch, digits):
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setenv(variable, str(tmp_path))
    if variable == "HOME":
        monkeypatch.setenv("USERPROFILE", str(tmp_path))  # the same on Windows
    home = tmp_path if variable == "KERAS_HOME" else tmp_path / ".keras"
    (home / "datasets").mkdir(parents=True)
    np.savez(home / "datasets" / "mnist.npz", **digits)
    assert_same_digits(load_mnist(), digits)


def test_a_missing_mnist_says_where_it_looked_and_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(FileNotFoundError) as raised:
        load_mnist()
    text = str(raised.value)
    assert repr(str(tmp_path / "datasets" / "mnist.npz")) in text
    assert "keras.datasets.mnist.load_data()" in text
    assert "load_mnist(path)" in text


def test_missing_arrays_are_named(tmp_path, digits):
    del digits["y_test"], digits["x_test"]
    np.savez(tmp_path / "digits.npz", **digits)
    with pytest.raises(ValueError, match="lacks x_test, y_test. .* holds x_train, y_t"):
        load_mnist(tmp_path / "digits.npz")


def test_a_file_of_another_kind_is_no_archive(tmp_path, digits):
    (tmp_path / "text.npz").write_text("not an archive")
    np.save(tmp_path / "one.npy", digits["x_test"])
    for name in ("text.npz", "one.npy"):
        with pytest.raises(ValueError, match="is not an .npz archive"):
            load_mnist(tmp_path / name)


def test_a_damaged_archive_is_an_error_that_names_it(tmp_path, digits):
    place = tmp_path / "digits.npz"
    np.savez(place, **digits)
    content = bytearray(place.read_bytes())
    content[500:900] = bytes(400)  # within the first array: its checksum fails
    place.write_bytes(content)
    with pytest.raises(ValueError, match="digits.npz' cannot be read: .*fresh copy"):
        load_mnist(place)
    place.write_bytes(content[:-200])
    with pytest.raises(ValueError, match="or it is cut short"):
        load_mnist(place)


def test_pickled_objects_are_not_loaded(tmp_path, digits):
    digits["y_test"] = np.array([{"a": 1}, {"b": 2}], dtype=object)
    np.savez(tmp_path / "digits.npz", **digits)
    with pytest.raises(ValueError, match="cannot be read: Object arrays cannot be"):
        load_mnist(tmp_path / "digits.npz")


@pytest.mark.parametrize(
    ("key", "change", "text"),
    [
        ("x_train", lambda x: x / 255, "x_train .* uint8 array .* Got dtype float64"),
        ("x_test", lambda x: x.reshape(2, -1), r"3 dimension.* shape \(2, 784\)"),
        ("y_test", lambda y: y[:1], "same length. Got 2 and 1"),
    ],
)
def test_arrays_of_another_form_are_refused(key, change, text, tmp_path, digits):
    digits[key] = change(digits[key])
    np.savez(tmp_path / "digits.npz", **digits)
    with pytest.raises(ValueError, match=text):
        load_mnist(tmp_path / "digits.npz")
