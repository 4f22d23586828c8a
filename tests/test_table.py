"""Tests of the frozen encoding: from a table to float32 and back."""

import numpy as np
import pandas as pd
import pytest
from cases import make_numbers
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from aeanomaly.exceptions import ColumnError
from aeanomaly.fitting.encoding import fit_encoding
from aeanomaly.scoring.encoding.columns import MARGIN_SECONDS, ColumnOptions
from aeanomaly.scoring.encoding.table import check_names, squash, unsquash


def fit(table, scaling="robust"):
    return fit_encoding(table, np.ones(len(table)), ColumnOptions(scaling, 64))


numbers = st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda x: round(x, 3))
seconds = st.integers(0, 2_000_000_000)
rows = st.lists(
    st.tuples(
        numbers,
        st.one_of(st.none(), numbers),
        st.sampled_from(["red", "green", "blue", None]),
        st.booleans(),
        seconds,
    ),
    min_size=2,
    max_size=25,
)


def as_table(cells):
    table = pd.DataFrame(cells, columns=["amount", "age", "colour", "member", "time"])
    table["age"] = table["age"].astype(float)
    table["colour"] = table["colour"].astype(object)
    table["time"] = table["time"].astype("datetime64[s]")
    # One column that always varies, so that there is something to learn.
    return table.assign(row=np.arange(len(table)))


@settings(max_examples=25)
@given(rows, st.sampled_from(["robust", "standard", "none"]))
def test_decoding_gives_the_table_back(cells, scaling):
    table = as_table(cells)
    encoding = fit(table, scaling)
    block = encoding.encode(table)
    assert block.Z.dtype == np.float32
    assert np.isfinite(block.Z).all()
    decoded = encoding.decode(block.Z)
    assert list(decoded.columns) == list(table.columns)
    for name in ("amount", "age", "row"):
        known = table[name].notna()
        # float32 keeps seven digits of the largest value, squashed or not.
        span = max(1.0, np.ptp(table.loc[known, name]) if known.any() else 0.0)
        largest = max(span, table.loc[known, name].abs().max() if known.any() else 0.0)
        assert_allclose(
            decoded.loc[known, name], table.loc[known, name], atol=1e-4 * largest
        )
    assert_array_equal(decoded["member"], table["member"])
    missing = table["colour"].isna()
    assert_array_equal(decoded["colour"].isna(), missing)
    assert_array_equal(decoded["colour"][~missing], table["colour"][~missing])
    # Times outside the training range come back nearer to it, by a year at most.
    column = encoding.columns[4]
    within = table["time"].clip(*pd.to_datetime([column.first, column.last], unit="s"))
    apart = (decoded["time"] - table["time"]).abs().dt.total_seconds()
    rounding = 1e-4 * max(1.0, np.ptp(table["time"]).total_seconds())
    assert (apart[table["time"] == within] <= rounding).all()
    assert (apart <= rounding + MARGIN_SECONDS).all()


@settings(max_examples=25)
@given(rows, rows)
def test_other_rows_of_the_same_kinds_are_encoded_without_error(fitted, given_rows):
    encoding = fit(as_table(fitted))
    block = encoding.encode(as_table(given_rows))
    assert block.Z.shape == (len(given_rows), encoding.n_encoded)
    assert np.isfinite(block.Z).all()
    if block.novelty is not None:
        assert np.isfinite(block.novelty).all()
        assert (block.novelty >= 0).all()


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=20))
def test_squashing_is_monotone_and_can_be_undone(values):
    values = np.sort(np.array(values))
    squashed = values.copy()
    squash(squashed, 6.0)
    assert (np.diff(squashed) >= 0).all()
    assert (np.abs(squashed) <= np.abs(values) + 1e-9).all()
    unsquash(squashed, 6.0)
    assert_allclose(squashed, values, rtol=1e-9, atol=1e-9)


def test_values_of_the_middle_are_not_squashed():
    values = np.linspace(-3, 3, 50)
    squashed = values.copy()
    squash(squashed, 6.0)
    assert_array_equal(squashed, values)


def test_an_array_decodes_to_an_array(rng):
    values = make_numbers()
    encoding = fit(values)
    decoded = encoding.decode(encoding.encode(values).Z)
    assert isinstance(decoded, np.ndarray)
    assert_allclose(decoded, values, rtol=1e-4, atol=1e-4)


def test_unseen_levels_are_new_and_have_no_encoded_column(table):
    encoding = fit(table)
    position = encoding.names.index("country")
    span = dict(encoding.groups)[position]
    block = encoding.encode(table.assign(country="XX"))
    assert not block.Z[:, span].any()
    assert (block.novelty[:, position] > 1).all()
    assert not np.delete(block.novelty, position, axis=1).any()


def test_parts_of_the_encoded_matrix_sum_to_their_columns(table):
    encoding = fit(table)
    ones = np.ones((2, encoding.n_encoded))
    widths = [column.n_linear + column.n_levels for column in encoding.columns]
    assert_array_equal(encoding.sum_encoded(ones), [widths] * 2)
    assert sum(widths) == encoding.n_encoded


@pytest.mark.parametrize(
    ("given_names", "text"),
    [
        (["a"], "Column 'b' is missing (and 1 more): the model was fitted with it."),
        (["a", "b", "c", "d", "e"], "Column 'd' is unknown (and 1 more): the model"),
        (["a", "b", "c", "a"], "Column 'a' appears more than once in the table."),
    ],
)
def test_names_that_differ_from_the_fitted_ones_are_told_apart(given_names, text):
    with pytest.raises(ColumnError) as caught:
        check_names(["a", "b", "c"], given_names)
    assert text in str(caught.value)


def test_select_puts_columns_in_the_fitted_order(table):
    encoding = fit(table)
    selected = encoding.select(table[table.columns[::-1]])
    pd.testing.assert_frame_equal(selected, table)
