"""Tests of the one door for input: kinds of tables, and what is turned away."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
from cases import CHEAP, make_numbers
from numpy.testing import assert_allclose, assert_array_equal

from aeanomaly import AutoencoderOutlierDetector
from aeanomaly.exceptions import ColumnError, InfiniteValueError

KINDS = {
    "nullable": lambda table: table.convert_dtypes(),
    "arrow-backed": lambda table: table.convert_dtypes(dtype_backend="pyarrow"),
    "object": lambda table: table.astype({"country": object, "member": object}),
    "polars": lambda table: pl.from_pandas(table),
    "polars lazy": lambda table: pl.from_pandas(table).lazy(),
    "arrow": lambda table: pa.Table.from_pandas(table),
    "arrow batch": lambda table: pa.RecordBatch.from_pandas(table),
}


def make(**parameters):
    return AutoencoderOutlierDetector(**(CHEAP | parameters))


# --- Kinds of tables ------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_frame_scores_as_the_pandas_one(detector, table, kind):
    scores = detector.score_samples(KINDS[kind](table))
    assert_allclose(scores, detector.score_samples(table), rtol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_frame_trains_and_names_its_columns_as_the_pandas_one(
    detector, table, kind
):
    fitted = make().fit(KINDS[kind](table))
    assert_allclose(
        fitted.score_samples(table), detector.score_samples(table), rtol=1e-6
    )
    assert_array_equal(fitted.feature_names_in_, table.columns)
    assert fitted.n_features_in_ == table.shape[1]


def test_columns_in_another_order_give_equal_scores(detector, table):
    shuffled = table[table.columns[::-1]]
    assert_array_equal(detector.score_samples(shuffled), detector.score_samples(table))


@pytest.mark.parametrize("dtype", ["float32", "float16", "int64", "int8", "bool"])
def test_arrays_of_every_number_type_score_as_their_values(dtype):
    rows = np.round(make_numbers() * 3).astype(dtype)
    fitted = make().fit(rows.astype(float))
    assert_allclose(
        fitted.score_samples(rows), fitted.score_samples(rows.astype(float)), rtol=1e-6
    )


def test_lists_and_object_arrays_score_as_their_values(number_detector, numbers):
    expected = number_detector.score_samples(numbers)
    for rows in (numbers.tolist(), numbers.astype(object)):
        assert_allclose(number_detector.score_samples(rows), expected, rtol=1e-9)


def test_an_array_with_strings_is_a_table_with_categories(rng):
    rows = np.empty((100, 2), dtype=object)
    rows[:, 0] = rng.standard_normal(100)
    rows[:, 1] = rng.choice(["a", "b"], 100)
    fitted = make(architecture="undercomplete", n_estimators=1).fit(rows)
    unseen = rows[:5].copy()
    unseen[:, 1] = "c"
    assert (fitted.score_samples(unseen) < fitted.score_samples(rows[:5])).all()


def test_numbers_in_a_frame_without_names_score_as_the_array(number_detector, numbers):
    fitted = make().fit(pd.DataFrame(numbers))
    assert not hasattr(fitted, "feature_names_in_")
    assert_array_equal(
        fitted.score_samples(pd.DataFrame(numbers)),
        number_detector.score_samples(numbers),
    )


def test_numbers_kept_as_text_again_as_numbers_score_the_same(detector, table):
    texts = table.astype({"amount": str, "opened": str, "version": str})
    scores = detector.score_samples(table)
    assert_array_equal(detector.score_samples(texts), scores)
    back = texts.astype({"amount": float})
    assert_array_equal(detector.score_samples(back), scores)


def test_the_given_table_is_not_changed(table):
    before = table.copy(deep=True)
    make().fit(table).score_samples(table)
    pd.testing.assert_frame_equal(table, before)


# --- Values that no training row showed -----------------------------------------------


@pytest.mark.parametrize("score_type", ["hybrid", "reconstruction"])
def test_an_unseen_category_is_more_abnormal(table, score_type):
    fitted = make(score_type=score_type).fit(table)
    scores = fitted.score_samples(table)
    unseen = fitted.score_samples(table.assign(country="XX"))
    assert np.isfinite(unseen).all()
    # The neighbourhood part of the hybrid score may find a row that was odd already
    # a little less so with the unseen level.
    share = 1.0 if score_type == "reconstruction" else 0.95
    assert np.mean(unseen < scores) >= share
    assert unseen.mean() < scores.mean() - 0.2


def test_an_all_missing_row_is_more_abnormal_than_nearly_all_others(detector, table):
    scores = detector.score_samples(table)
    missing = table.iloc[:1].reindex([-1]).astype({"member": object})
    assert missing.isna().all(axis=None)
    score = detector.score_samples(missing)
    assert np.isfinite(score).all()
    assert score < np.quantile(scores, 0.05)


def test_an_all_missing_row_of_numbers_is_more_abnormal(number_detector, numbers):
    score = number_detector.score_samples(np.full((1, 5), np.nan))
    assert np.isfinite(score).all()
    assert score < np.quantile(number_detector.score_samples(numbers), 0.05)


@pytest.mark.parametrize(
    ("constant", "parameters"),
    [
        (0.0, {"architecture": "undercomplete", "n_estimators": 1}),
        (3.0, {}),
        (-5_000.0, {}),
    ],
)
def test_a_constant_may_tremble_but_not_take_a_new_value(table, parameters, constant):
    table["version"] = constant
    fitted = make(**parameters).fit(table)
    scores = fitted.score_samples(table)
    unit = max(1.0, abs(constant))
    # As float32 rounds it, or what is left of a sum that cancels.
    rounded = constant * (1 + 6e-8) + 1e-12
    assert_allclose(fitted.score_samples(table.assign(version=rounded)), scores)
    moved = fitted.score_samples(table.assign(version=constant + unit))
    assert (moved < scores).all()
    far = fitted.score_samples(table.assign(version=constant + 1e6 * unit))
    assert (far < moved).all()
    assert np.isfinite(far).all()


def test_a_constant_category_that_changes_is_more_abnormal(table):
    table["currency"] = "EUR"
    fitted = make().fit(table)
    changed = fitted.score_samples(table.assign(currency="USD"))
    assert (changed < fitted.score_samples(table)).all()


def test_a_missing_value_where_there_never_was_one_is_more_abnormal(detector, table):
    missing = detector.score_samples(table.assign(amount=np.nan))
    assert np.mean(missing < detector.score_samples(table)) > 0.95


# --- What is turned away --------------------------------------------------------------


def with_infinity(table):
    table.loc[[17, 30], "amount"] = np.inf
    return table


def as_numbers(table):
    return table.assign(country=np.arange(len(table)) % 3)


TURNED_AWAY = {
    "missing column": (
        lambda table: table.drop(columns=["age"]),
        ColumnError,
        "Column 'age' is missing: the model was fitted with it. Add it (missing values "
        "are allowed), or fit again without it.",
    ),
    "missing columns": (
        lambda table: table.drop(columns=["age", "size"]),
        ColumnError,
        "Column 'age' is missing (and 1 more)",
    ),
    "unknown column": (
        lambda table: table.assign(card=1),
        ColumnError,
        "Column 'card' is unknown: the model was fitted without it. Drop it, or fit "
        "again with it.",
    ),
    "column twice": (
        lambda table: pd.concat([table, table[["age"]]], axis=1),
        ColumnError,
        "Column 'age' appears more than once in the table. Keep one of them.",
    ),
    "infinite values": (
        with_infinity,
        InfiniteValueError,
        "Column 'amount' holds 2 infinite values (first at row 17). Input X contains "
        "infinity: replace it, for example by NaN, which counts as missing.",
    ),
    "infinite constant": (
        lambda table: table.assign(version=-np.inf),
        InfiniteValueError,
        "Column 'version' holds 200 infinite values (first at row 0).",
    ),
    "numbers as text": (
        lambda table: table.assign(amount=table["amount"].astype(str) + " EUR"),
        ColumnError,
        "Column 'amount' held numbers when the model was fitted and holds strings such "
        "as '22.78 EUR' now. Convert it, for example with pandas.to_numeric, or fit "
        "again.",
    ),
    "mostly text among numbers": (
        lambda table: table.assign(amount=[*table["amount"][:90], *["soon"] * 110]),
        ColumnError,
        "Column 'amount' held numbers when the model was fitted and holds strings such "
        "as 'soon' now.",
    ),
    "categories as numbers": (
        as_numbers,
        ColumnError,
        "Column 'country' held categories such as 'DE' when the model was fitted and "
        "holds int64 numbers now. Convert it, for example with astype(str), or fit "
        "again.",
    ),
    "times as text": (
        lambda table: table.assign(opened=table["opened"].dt.strftime("%d.%m.%Y")),
        ColumnError,
        "Column 'opened' held dates and times when the model was fitted and holds "
        "strings such as '11.01.2025' now. Convert it, for example with "
        "pandas.to_datetime, or fit again.",
    ),
    "times as numbers": (
        lambda table: table.assign(amount=table["opened"]),
        ColumnError,
        "Column 'amount' held numbers when the model was fitted and holds",
    ),
    "constant as text": (
        lambda table: table.assign(version="three"),
        ColumnError,
        "Column 'version' held numbers when the model was fitted and holds strings "
        "such as 'three' now.",
    ),
}


@pytest.mark.parametrize("case", TURNED_AWAY)
def test_scoring_another_kind_of_table_names_column_and_remedy(detector, table, case):
    change, error, text = TURNED_AWAY[case]
    with pytest.raises(error) as caught:
        detector.score_samples(change(table))
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        (
            with_infinity,
            InfiniteValueError,
            "Column 'amount' holds 2 infinite values. Input X contains infinity: "
            "replace it, for example by NaN, which counts as missing.",
        ),
        (
            lambda table: pd.concat([table, table[["age"]]], axis=1),
            ColumnError,
            "Column 'age' appears more than once in the table. Rename or drop one of "
            "them.",
        ),
        (
            lambda table: table[["version"]],
            ColumnError,
            "Every column of X is constant: there is nothing to learn. Pass at least "
            "one column whose values differ.",
        ),
        (
            lambda table: table.assign(tags=[["a"]] * len(table)),
            ColumnError,
            "Column 'tags' holds values that are neither numbers nor categories",
        ),
        (
            lambda table: table.assign(wave=1j * table["amount"]),
            ValueError,
            "Complex data not supported: column 'wave'.",
        ),
        (lambda table: table.iloc[:1], ValueError, "Found array with 1 sample"),
        (lambda table: table.iloc[:0], ValueError, "Found array with 0 sample"),
        (lambda table: table[[]], ValueError, "Found array with 0 feature"),
    ],
    ids=[
        "infinite values",
        "column twice",
        "all constant",
        "lists",
        "complex",
        "one row",
        "no rows",
        "no columns",
    ],
)
def test_fitting_an_unfit_table_names_column_and_remedy(table, change, error, text):
    with pytest.raises(error) as caught:
        make().fit(change(table))
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (make_numbers()[:, :4], "X has 4 features, but AutoencoderOutlierDetector is"),
        (make_numbers()[0], "Expected 2D array, got 1D array instead"),
        (
            scipy.sparse.csr_array(make_numbers()[:, :4]),
            "X has 4 features, but AutoencoderOutlierDetector is",
        ),
        (np.full((3, 5), np.inf), "Column 0 holds 3 infinite values (first at row 0)"),
        (np.full((3, 5), "a"), "Column 0 held numbers when the model was fitted"),
    ],
    ids=["too few columns", "one dimension", "sparse", "infinite", "strings"],
)
def test_scoring_an_unfit_array_says_why(number_detector, rows, text):
    with pytest.raises((ValueError, TypeError)) as caught:
        number_detector.score_samples(rows)
    assert text in str(caught.value)


def test_the_wrong_number_of_columns_without_names_is_an_error(numbers):
    fitted = make().fit(pd.DataFrame(numbers))
    with pytest.raises(ValueError, match="X has 4 features"):
        fitted.score_samples(numbers[:, :4])


def test_an_array_without_names_after_a_table_warns_and_scores_by_position(numbers):
    fitted = make().fit(pd.DataFrame(numbers, columns=list("abcde")))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        scores = fitted.score_samples(numbers)
    assert np.isfinite(scores).all()


def test_an_empty_part_of_a_table_has_no_scores(detector, table):
    none = table.iloc[:0]
    assert detector.score_samples(none).shape == (0,)
    assert detector.predict(none).shape == (0,)
    scored = detector.score_frame(none, reasons=2)
    whole = detector.score_frame(table.iloc[:2], reasons=2)
    assert list(scored.columns) == list(whole.columns)
    assert len(scored) == 0
    assert len(detector.explain(none)) == 0
