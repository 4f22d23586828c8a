"""Tests of columns of many levels: identifiers, rare levels, and what fit says."""

import warnings

import numpy as np
import pandas as pd
import pytest
from cases import CHEAP, make_table
from numpy.testing import assert_array_equal

from aeanomaly import AutoencoderOutlierDetector, load
from aeanomaly.exceptions import ColumnWarning
from aeanomaly.fitting.distinct_rows import informative_rows
from aeanomaly.fitting.encoding import kinds_of
from aeanomaly.scoring.encoding.columns import IgnoredColumn, no_information

N_ROWS = 300
IDS = [f"C{i:05}" for i in range(N_ROWS)]


@pytest.mark.parametrize(
    "values",
    [
        IDS,
        [None, *IDS[1:]],
        [*IDS[:-9], *IDS[:9]],
        pd.Categorical(IDS),
        [f"{text} {number}" for text, number in zip(IDS, range(N_ROWS), strict=True)],
    ],
    ids=["unique", "one missing", "a few repeats", "categorical", "text"],
)
def test_levels_that_nearly_all_differ_say_nothing(values):
    assert no_information(pd.Series(values)) is not None


@pytest.mark.parametrize(
    "values",
    [
        IDS[:19],
        [None] * 30 + IDS[30:],
        ["none"] * 100 + IDS[100:],
        [*IDS[:99], *IDS[:99], *IDS[:99]],
    ],
    ids=["few rows", "often missing", "one frequent level", "each three times"],
)
def test_levels_that_may_tell_something_are_kept(values):
    assert no_information(pd.Series(values)) is None


def test_copies_of_rows_do_not_hide_an_identifier():
    table = pd.DataFrame({"id": IDS * 4, "x": np.arange(N_ROWS).tolist() * 4})
    rows, kinds, reasons = informative_rows(table, None, kinds_of(table))
    assert kinds[0] is IgnoredColumn
    assert_array_equal(rows.weights, np.ones(N_ROWS))
    assert list(reasons) == [0]
    assert "(300 in 300 rows)" in reasons[0]


@pytest.fixture(scope="module")
def with_identifier():
    """A detector fitted on the mixed table with an identifier, and its warnings."""
    table = make_table()
    table.insert(1, "Row ID", [f"C{i:05}" for i in range(len(table))])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted = AutoencoderOutlierDetector(**CHEAP).fit(table)
    return table, fitted, caught


def test_an_identifier_changes_no_score(with_identifier, detector):
    table, fitted, _ = with_identifier
    without = table.drop(columns="Row ID")
    assert_array_equal(fitted.score_samples(table), detector.score_samples(without))
    assert fitted.offset_ == detector.offset_
    reasons = fitted.explain(table.head(), top=9)
    assert "Row ID" not in set(reasons.query("share > 0")["column"])


def test_fit_says_what_it_leaves_out(with_identifier):
    _, fitted, caught = with_identifier
    (warning,) = caught
    assert warning.category is ColumnWarning
    assert warning.filename == __file__
    assert str(warning.message) == (
        "Column 'Row ID' is left out: nearly every row has another value (200 in 200 "
        "rows), as identifiers do. If it matters, pass column_kinds={'Row ID': "
        "'category'}."
    )
    assert list(fitted.left_out_) == ["Row ID"]
    assert fitted.left_out_["Row ID"].startswith("nearly every row has another value")


def test_a_saved_model_says_how_columns_were_read(with_identifier, tmp_path):
    table, fitted, _ = with_identifier
    fitted.save(tmp_path / "model.aea")
    loaded = load(tmp_path / "model.aea")
    pd.testing.assert_frame_equal(loaded.columns_, fitted.columns_)
    described = fitted.columns_.set_index("column")
    assert described["kind"].to_dict() == {
        "amount": "number",
        "Row ID": "ignored",
        "age": "number",
        "n_visits": "number",
        "member": "category",
        "country": "category",
        "size": "category",
        "opened": "datetime",
        "version": "constant",
    }
    assert described.loc["country", "values"].startswith("3 levels: 'FR' 0.")
    assert described.loc["version", "values"] == "always 3"
    assert described.loc["country", "missing"] == table["country"].isna().mean()
    assert described.loc["age", "missing"] == table["age"].isna().mean()
    low, high = table["age"].agg(["min", "max"])
    assert described.loc["age", "values"] == f"{low:g} to {high:g}"


def test_columns_are_left_out_and_kept_by_name():
    table = make_table().assign(code=[f"C{i:05}" for i in range(200)])
    kinds = {"code": "category", "amount": "ignored"}
    fitted = AutoencoderOutlierDetector(**CHEAP, column_kinds=kinds).fit(table)
    assert fitted.left_out_ == {"amount": "column_kinds leaves it out"}
    scores = fitted.score_samples(table)
    assert_array_equal(scores, fitted.score_samples(table.assign(amount=1e9)))


@pytest.mark.slow
def test_a_rarer_level_is_never_more_normal_than_a_frequent_one():
    rng = np.random.default_rng(0)
    products = [f"P{i:03d}" for i in range(300) for _ in range(24 if i % 5 == 0 else 8)]
    n_rows = len(products)
    table = pd.DataFrame(
        {
            "product": rng.permutation(products),
            "amount": rng.lognormal(3, 0.3, n_rows).round(2),
            "quantity": rng.integers(1, 6, n_rows),
        }
    )
    detector = AutoencoderOutlierDetector(random_state=0).fit(table)
    count = table["product"].map(table["product"].value_counts())
    mean = pd.Series(detector.score_samples(table)).groupby(count).mean()
    assert mean[24] > mean[8] > mean[24] - 1
    new = table.assign(product="never seen")
    assert (detector.score_samples(new) < detector.score_samples(table)).all()


@pytest.mark.slow
def test_identifiers_do_not_hide_the_outliers():
    rng = np.random.default_rng(0)
    n_rows = 2_000
    table = pd.DataFrame(
        {
            "amount": rng.lognormal(3, 0.5, n_rows).round(2),
            "age": rng.integers(18, 90, n_rows),
        }
    )
    table.loc[:9, "amount"] *= 30
    names = [f"{i % 40} {i % 57} {i % 61}" for i in rng.permutation(n_rows)]
    texts = table.assign(id=[f"C{i:05}" for i in range(n_rows)], name=names)
    with pytest.warns(ColumnWarning, match="nearly every row has another value"):
        detector = AutoencoderOutlierDetector(random_state=0).fit(texts)
    scores = detector.score_samples(texts)
    assert set(scores.argsort()[:10]) == set(range(10))
