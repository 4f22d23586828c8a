"""Values that a row alone shows count as they would in a new row."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest

from aeanomaly import AutoencoderOutlierDetector, QuantileThreshold
from aeanomaly.fitting.encoding import fit_encoding
from aeanomaly.fitting.unseen_values import UnseenValues
from aeanomaly.scoring.encoding.columns import ColumnOptions

NAMES = ["x", "flag", "two", "three", "gap"]


@pytest.fixture
def table():
    """Six rows; in each column but the first a row has what no other has."""
    return pd.DataFrame(
        {
            "x": [0.5, 1.5, 2.0, 3.5, 4.0, 5.5],
            "flag": [0, 0, 0, 7, 0, 0],
            "two": ["a", "b", "a", "a", "a", "a"],
            "three": ["u", "v", "u", "v", "u", "w"],
            "gap": [1.0, 2.0, np.nan, 4.0, 5.0, 6.0],
        }
    )


@pytest.fixture
def encoding(table):
    return fit_encoding(table, np.ones(6), ColumnOptions())


def novelty_of(table, row):
    """Novelty of a row beside the other five, by hand."""
    found = np.zeros(len(table.columns))
    # What five rows never showed, and what they showed but once, as in six rows.
    never, rare = math.log(7), -math.log(2 / 7)
    cells = {3: (1, never + math.log1p(7)), 1: (2, never), 5: (3, rare), 2: (4, never)}
    if row in cells:
        position, value = cells[row]
        found[position] = value
    return found


@pytest.mark.parametrize("row", range(6))
def test_a_held_out_row_has_the_novelty_of_a_new_one(table, encoding, row):
    Z = encoding.encode(table).Z
    seen = np.ones(6)
    seen[row] = 0
    unseen = UnseenValues.of_held_out(encoding, Z, seen, 6)
    as_new, novelty = unseen.as_new(Z[[row]])
    expected = novelty_of(table, row)
    if not expected.any():
        assert novelty is None
        np.testing.assert_array_equal(as_new, Z[[row]])
        return
    np.testing.assert_allclose(novelty, [expected], rtol=1e-6)
    # The columns of the new value are those of the others, or empty.
    changed = np.flatnonzero(as_new[0] != Z[row])
    assert set(encoding.encoded_columns[changed]) == set(np.flatnonzero(expected))
    others = {tuple(r) for r in np.delete(Z, row, axis=0)[:, changed]}
    assert tuple(as_new[0, changed]) in {*others, (0.0,) * len(changed)}


def test_a_new_row_has_the_same_novelty_in_an_encoding_of_the_others(table):
    for row, name in ((3, "flag"), (1, "two"), (2, "gap")):
        others = table.drop(index=row).reset_index(drop=True)
        block = fit_encoding(others, np.ones(5), ColumnOptions()).encode(
            table.iloc[[row]]
        )
        position = NAMES.index(name)
        # Five rows make it, not six.
        less = math.log(7) - math.log(6)
        expected = novelty_of(table, row)[position] - less
        assert block.novelty[0, position] == pytest.approx(expected)


def test_single_rows_are_found_without_leaving_each_out(table, encoding):
    Z = encoding.encode(table).Z
    unseen = UnseenValues.of_single_rows(encoding, Z, np.ones(6))
    as_new, novelty = unseen.as_new(Z)
    expected = np.array([novelty_of(table, row) for row in range(6)])
    np.testing.assert_allclose(novelty, expected, rtol=1e-6)
    for row in range(6):
        seen = np.ones(6)
        seen[row] = 0
        held = UnseenValues.of_held_out(encoding, Z, seen, 6)
        np.testing.assert_array_equal(as_new[[row]], held.as_new(Z[[row]])[0])


def test_copies_of_a_row_show_what_it_shows(table, encoding):
    Z = encoding.encode(table).Z
    weights = np.array([1, 2, 2, 2, 1, 2.0])
    assert UnseenValues.of_single_rows(encoding, Z, weights) is None
    assert UnseenValues.of_single_rows(encoding, Z[:2], weights[:2]) is None


SHOPS = list("aaaaaabbbbccccddeefg")


@pytest.fixture
def shops():
    """Twenty rows of seven shops, of which three have an encoded column at most."""
    return pd.DataFrame({"shop": SHOPS, "x": np.linspace(0, 1, len(SHOPS))})


def rarity_of(encoding, Z):
    """How rare a row's shop is, by its encoded column."""
    (linear,) = encoding.rarities
    encoded = Z[0, linear] * encoding.linear_scales[linear]
    return encoded + encoding.linear_centers[linear]


@pytest.mark.parametrize("row", [0, 5, 6, 10, 14, 15, 16, 18, 19])
def test_a_held_out_row_is_taken_out_of_the_count_of_its_level(shops, row):
    options = ColumnOptions(max_categories=3)
    encoding = fit_encoding(shops, np.ones(20), options)
    others = fit_encoding(shops.drop(index=row), np.ones(19), options)
    Z = encoding.encode(shops).Z
    seen = np.ones(20)
    seen[row] = 0
    as_new, novelty = UnseenValues.of_held_out(encoding, Z, seen, 20).as_new(Z[[row]])
    shop = SHOPS[row]
    # As where the encoding has not seen the row.
    rarity = others.columns[0].rarity(shop)
    assert rarity_of(encoding, as_new) == pytest.approx(rarity, abs=1e-6)
    new = shop in "fg"
    assert (novelty is not None) == new
    if new:
        np.testing.assert_allclose(novelty, [[encoding.columns[0].novelty, 0.0]])
        assert novelty[0, 0] > 1


def test_single_rows_are_taken_out_of_the_count_of_their_level(shops):
    encoding = fit_encoding(shops, np.ones(20), ColumnOptions(max_categories=3))
    Z = encoding.encode(shops).Z
    as_new, novelty = UnseenValues.of_single_rows(encoding, Z, np.ones(20)).as_new(Z)
    np.testing.assert_array_equal(np.flatnonzero(novelty[:, 0]), [18, 19])
    for row in range(20):
        seen = np.ones(20)
        seen[row] = 0
        held = UnseenValues.of_held_out(encoding, Z, seen, 20)
        np.testing.assert_array_equal(as_new[[row]], held.as_new(Z[[row]])[0])


@pytest.mark.slow
def test_many_levels_of_few_rows_keep_the_promise():
    # A twentieth of the new rows have a shop that training never showed.
    def make(n, rng):
        shop = np.minimum(rng.zipf(1.6, n), 400)
        size = rng.normal(size=n)
        names = [f"shop {i}" for i in shop]
        return pd.DataFrame({"shop": names, "size": size, "twice": 2 * size})

    shares = []
    for draw in range(6):
        rng = np.random.default_rng(draw)
        detector = AutoencoderOutlierDetector(
            threshold=QuantileThreshold(quantile=0.05), random_state=draw
        )
        detector.fit(make(1_000, rng))
        shares.append(np.mean(detector.predict(make(4_000, rng)) == -1))
    # 8.5 % when a row counted its own level, and none was new.
    assert 0.025 < np.mean(shares) <= 0.055


@pytest.mark.slow
def test_flags_that_few_rows_have_keep_the_promise():
    # A third of the flags that a new row has, no training row had.
    def make(n, rng):
        flags = (rng.random((n, 150)) < 0.002) * 1.0
        table = pd.DataFrame(flags).add_prefix("flag ")
        return table.assign(x=rng.normal(size=n), y=rng.normal(size=n))

    shares = []
    for draw in range(4):
        rng = np.random.default_rng(draw)
        detector = AutoencoderOutlierDetector(
            architecture="undercomplete",
            score_type=["residual", "marginal"],
            hidden_layer_sizes=(8,),
            max_iter=5,
            threshold=QuantileThreshold(quantile=0.05),
            random_state=draw,
        )
        with warnings.catch_warnings(action="ignore"):
            detector.fit(make(300, rng))
        shares.append(np.mean(detector.predict(make(1_000, rng)) == -1))
    error = np.std(shares) / len(shares) ** 0.5
    assert 0.025 - 2 * error <= np.mean(shares) <= 0.05 + 2 * error
    # It was up to a fifth.
    assert max(shares) < 0.12
