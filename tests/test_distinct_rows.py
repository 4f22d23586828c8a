"""Tests of the canonical form of training rows."""

import numpy as np
import pandas as pd
import pytest
from cases import make_table
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from aeanomaly.fitting.distinct_rows import distinct_rows, relative_weights

small_tables = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["a", "b", None])),
    min_size=1,
    max_size=20,
)


def as_counts(rows):
    """A dictionary from row to weight; NaN, which equals nothing, as a word."""
    frame = pd.DataFrame(rows.table).astype(object)
    cells = frame.where(frame.notna(), "missing").itertuples(index=False, name=None)
    return dict(zip(cells, rows.weights, strict=True))


@settings(max_examples=25)
@given(small_tables)
def test_each_distinct_row_stands_once_with_the_number_of_its_copies(cells):
    frame = pd.DataFrame(cells, columns=["n", "level"])
    rows = distinct_rows(frame)
    expected = {}
    for n, level in cells:
        key = (n, level or "missing")
        expected[key] = expected.get(key, 0) + 1
    # Counts are divided by what they have in common.
    unit = np.gcd.reduce(list(expected.values()))
    assert as_counts(rows) == {key: count / unit for key, count in expected.items()}
    assert rows.n_visits * unit == len(cells)


@settings(max_examples=25)
@given(small_tables, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_makes_no_difference(cells, shuffler):
    frame = pd.DataFrame(cells, columns=["n", "level"])
    order = list(range(len(frame)))
    shuffler.shuffle(order)
    first, second = distinct_rows(frame), distinct_rows(frame.iloc[order])
    pd.testing.assert_frame_equal(
        first.table.reset_index(drop=True), second.table.reset_index(drop=True)
    )
    assert_array_equal(first.weights, second.weights)


def test_whole_weights_are_the_same_as_copies(rng):
    table = make_table(60)
    counts = rng.integers(0, 4, 60)
    copies = distinct_rows(table.iloc[np.repeat(np.arange(60), counts)])
    weighted = distinct_rows(table, counts)
    assert as_counts(weighted) == as_counts(copies)
    assert weighted.n_visits == copies.n_visits == counts.sum()


def test_rows_of_no_weight_are_left_out(rng):
    numbers = rng.standard_normal((10, 2))
    weights = np.r_[np.zeros(4), np.full(6, 0.5)]
    rows = distinct_rows(numbers, weights)
    assert len(rows.table) == rows.n_visits == 6
    assert not np.isin(rows.table[:, 0], numbers[:4, 0]).any()


def test_fractional_weights_are_summed_and_visit_each_row_once(rng):
    numbers = np.repeat(rng.standard_normal((5, 2)), 2, axis=0)
    rows = distinct_rows(numbers, np.tile([0.25, 0.5], 5))
    assert_allclose(rows.weights, 1.0)
    assert len(rows.table) == rows.n_visits == 5


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([3, 3, 3], [1, 1, 1]),
        ([0.01, 0.01, 0.01], [1, 1, 1]),
        ([4, 2, 6], [2, 1, 3]),
        ([0.4, 0.2, 0.6], [2, 1, 3]),
        ([1 / 3, 2 / 3, 1.0], [1, 2, 3]),
        ([300, 301, 500], [300, 301, 500]),
        # No counts of anything: only their ratios are kept.
        ([0.91, 1.0, 1.09], [0.91, 1.0, 1.09]),
        ([2**0.5, np.pi, np.e], np.array([2**0.5, np.pi, np.e]) * 3 / 7.2740879),
    ],
)
def test_only_the_ratios_of_weights_matter(weights, expected):
    assert_allclose(relative_weights(np.array(weights, dtype=float)), expected)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, -1.0, 1.0], "Negative values in data passed to `sample_weight`"),
        ([1.0, np.nan, 1.0], "sample_weight contains NaN"),
        ([1.0, 1.0], "inconsistent numbers of samples|sample_weight.shape"),
    ],
)
def test_wrong_weights_are_an_error(weights, message):
    with pytest.raises(ValueError, match=message):
        distinct_rows(np.arange(6.0).reshape(3, 2), weights)
