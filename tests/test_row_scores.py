"""Tests that a score is a function of the row, and hardly of its last digits."""

import numpy as np
import pandas as pd
import pytest
from cases import CHEAP
from numpy.testing import assert_allclose

from aeanomaly import AutoencoderOutlierDetector

SMALL = CHEAP | {"max_iter": 20}


def make_repeated_numbers():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((300, 3)) @ rng.standard_normal((3, 5))
    rows += 0.1 * rng.standard_normal(rows.shape)
    return pd.DataFrame(np.vstack([rows, rows[:100]]), columns=list("abcde"))


def make_equal_columns():
    """Rows on a line, many of them nearer to each other than float32 can tell."""
    rows = np.random.default_rng(0).standard_normal(2_000)
    return pd.DataFrame(dict.fromkeys("abcdefgh", rows))


def make_counts():
    rng = np.random.default_rng(0)
    return pd.DataFrame(rng.integers(0, 3, (1_500, 5)) * 1.0, columns=list("abcde"))


def make_levels(seed=0, n_counts=4):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({f"k{i}": rng.choice(list("abc"), 1_500) for i in range(3)})
    return table.assign(n=rng.integers(0, n_counts, 1_500) * 1.0)


TABLES = [
    pytest.param(make_repeated_numbers, id="repeated_numbers"),
    pytest.param(make_counts, id="counts", marks=pytest.mark.slow),
    pytest.param(make_levels, id="levels", marks=pytest.mark.slow),
    pytest.param(make_equal_columns, id="equal_columns", marks=pytest.mark.slow),
]


@pytest.fixture(scope="module", params=TABLES)
def fitted(request):
    table = request.param()
    return AutoencoderOutlierDetector(**SMALL).fit(table), table


def assert_same_score_alone_and_among_equals(detector, table, share):
    scores = detector.score_samples(table)
    among_equals = pd.Series(scores).groupby([table[c] for c in table]).agg(np.ptp)
    alone = [detector.score_samples(table.iloc[[i]])[0] for i in range(60)]
    order = np.random.default_rng(0).permutation(len(table))
    shuffled = detector.score_samples(table.iloc[order])
    atol = share * np.ptp(scores)
    assert_allclose(shuffled, scores[order], rtol=0, atol=atol)
    assert among_equals.max() < atol
    assert_allclose(alone, scores[:60], rtol=0, atol=atol)


# Up to 256 rows are scored in double precision.
@pytest.mark.parametrize("n_rows", [200, None])
def test_a_millionth_of_a_columns_spread_moves_no_score(fitted, n_rows):
    detector, table = fitted
    rows = table[:n_rows]
    scores = detector.score_samples(rows)
    for column in rows.select_dtypes("number"):
        for sign in (1, -1):
            step = sign * 1e-6 * table[column].std()
            moved = detector.score_samples(rows.assign(**{column: rows[column] + step}))
            assert_allclose(moved, scores, rtol=0, atol=1e-3)


def test_equal_rows_have_equal_scores_alone_and_among_others(fitted):
    assert_same_score_alone_and_among_equals(*fitted, share=1e-6)


@pytest.mark.slow
def test_shares_of_columns_hardly_depend_on_the_last_digits(fitted):
    detector, table = fitted
    rows = table[:200]
    moved = rows.copy()
    for column in rows.select_dtypes("number"):
        moved[column] += 1e-6 * table[column].std()
    shares = [
        detector.explain(r, top=len(rows.columns)).set_index("column", append=True)
        for r in (rows, moved)
    ]
    first, second = (
        frame["share"].droplevel("rank").sort_index().to_numpy() for frame in shares
    )
    # Between equally near neighbours the last digits decide.
    assert np.quantile(np.abs(first - second), 0.9) < 1e-3


@pytest.mark.parametrize("digits", [6, pytest.param(None, marks=pytest.mark.slow)])
def test_training_rows_that_were_rounded_keep_their_scores(digits):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 5))
    X[:, 1] = X[:, 0] + 0.2 * rng.normal(size=600)
    X[:12] = 4 * rng.normal(size=(12, 5))
    detector = AutoencoderOutlierDetector(contamination=0.02, **SMALL).fit(X)
    same = X.astype(np.float32) if digits is None else X.round(digits)
    scores = detector.score_samples(X)
    assert_allclose(detector.score_samples(same), scores, rtol=0, atol=1e-3)
    assert (detector.predict(same) == detector.predict(X)).all()


@pytest.mark.slow
def test_a_row_has_one_label_alone_and_among_others():
    table = make_levels(1)
    detector = AutoencoderOutlierDetector(contamination=0.1, **SMALL).fit(table)
    labels = detector.predict(table)
    assert -1 in labels
    flagged = np.flatnonzero(labels == -1)[:20]
    for i in [*range(40), *flagged]:
        assert detector.predict(table.iloc[[i]])[0] == labels[i]


@pytest.mark.parametrize("share", [0.05, pytest.param(0.1, marks=pytest.mark.slow)])
def test_contamination_is_the_greatest_share_flagged_whatever_the_ties(share):
    rng = np.random.default_rng(0)
    x = rng.choice([0, 1], 1_000, p=[0.97, 0.03])
    y = rng.choice([0, 1], 1_000)
    # Five columns, as others have whose graph is trained already.
    table = pd.DataFrame({"x": x, "y": y, "z": y, "no y": 1 - y, "no z": 1 - y})
    detector = AutoencoderOutlierDetector(contamination=share, **SMALL).fit(table)
    flagged = detector.predict(table) == -1
    assert 0 < flagged.mean() <= share
    assert (table["x"][flagged] == 1).all()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_by_default_equal_rows_have_equal_scores(seed):
    rng = np.random.default_rng(0)
    levels = pd.DataFrame({f"k{i}": rng.choice(list("abcd"), 2_000) for i in range(4)})
    for table in (levels, make_counts(), make_levels(1)):
        detector = AutoencoderOutlierDetector(random_state=seed).fit(table)
        assert_same_score_alone_and_among_equals(detector, table, share=1e-6)


@pytest.mark.parametrize(
    "factor", [0.001, *(pytest.param(f, marks=pytest.mark.slow) for f in (0.1, 10.0))]
)
def test_weights_times_a_constant_change_nothing(factor):
    rows = make_repeated_numbers().to_numpy()
    weights = np.random.default_rng(0).integers(1, 4, len(rows)).astype(float)
    one, other = (
        AutoencoderOutlierDetector(**SMALL).fit(rows, sample_weight=w * weights)
        for w in (1.0, factor)
    )
    assert_allclose(other.score_samples(rows), one.score_samples(rows))
    assert other.offset_ == pytest.approx(one.offset_)


def test_equal_weights_are_no_weights():
    rows = make_repeated_numbers().to_numpy()
    weights = np.full(len(rows), 1 / len(rows))
    one = AutoencoderOutlierDetector(**SMALL).fit(rows)
    other = AutoencoderOutlierDetector(**SMALL).fit(rows, sample_weight=weights)
    assert_allclose(other.score_samples(rows), one.score_samples(rows))
    assert other.offset_ == pytest.approx(one.offset_)
