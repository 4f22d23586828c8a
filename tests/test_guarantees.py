"""Tests that thresholds keep their promise on new normal rows, in many draws."""

import warnings

import numpy as np
import pandas as pd
import pytest

from aeanomaly import AutoencoderOutlierDetector, QuantileThreshold

SMALL = {
    "architecture": "undercomplete",
    "score_type": "reconstruction",
    "max_iter": 5,
    "hidden_layer_sizes": (8,),
}


def flagged_shares(make, n_rows, rule, n_draws, **options):
    """Shares of 4,000 new rows below the threshold of detectors of n rows each."""
    shares = []
    for draw in range(n_draws):
        rng = np.random.default_rng(draw)
        detector = AutoencoderOutlierDetector(random_state=draw, **options)
        with warnings.catch_warnings(action="ignore"):
            detector.fit(make(n_rows, rng)).fit_threshold(threshold=rule)
        shares.append(np.mean(detector.predict(make(4_000, rng)) == -1))
    return np.array(shares)


def gaussian(n, rng):
    return rng.normal(size=(n, 5))


def mixed(n, rng):
    shares = 1 / np.arange(1, 21)
    levels = rng.choice(list("abcdefghijklmnopqrst"), n, p=shares / shares.sum())
    amount = np.exp(rng.normal(size=n))
    return pd.DataFrame({"amount": amount, "level": levels, "n": rng.poisson(2.0, n)})


@pytest.mark.slow
@pytest.mark.parametrize("make", [gaussian, mixed])
@pytest.mark.parametrize(("n_rows", "asked"), [(300, 0.01), (60, 0.05)])
def test_at_most_the_promised_share_of_new_rows_is_flagged(make, n_rows, asked):
    rule = QuantileThreshold(quantile=asked)
    shares = flagged_shares(make, n_rows, rule, 25, **SMALL)
    error = shares.std() / 5
    assert shares.mean() <= asked + 2 * error
    assert shares.mean() + 2 * error >= asked / 2


@pytest.mark.slow
def test_the_default_keeps_its_promise_of_one_percent():
    shares = flagged_shares(gaussian, 300, QuantileThreshold(), 12)
    assert 0.005 < shares.mean() <= 0.01 + 2 * shares.std() / 12**0.5


@pytest.mark.slow
def test_with_confidence_few_draws_exceed_the_share():
    rule = QuantileThreshold(quantile=0.05, confidence=0.9)
    shares = flagged_shares(gaussian, 300, rule, 30, **SMALL)
    assert np.mean(shares > 0.05) <= 0.1 + 2 * (0.09 / 30) ** 0.5


def test_what_sixty_rows_cannot_promise_is_said():
    rows = gaussian(60, np.random.default_rng(0))
    detector = AutoencoderOutlierDetector(random_state=0, **SMALL)
    words = r"^1 % cannot be promised from 60 rows; the smallest share is 1\.6 %\."
    with pytest.warns(UserWarning, match=words):
        detector.fit(rows)
    assert "extrapolated from 60" in detector.threshold_.summary_


def wide(n, rng):
    return rng.normal(size=(n, 40))


@pytest.mark.slow
def test_the_parts_keep_their_promise_in_tables_as_wide_as_long():
    rule = QuantileThreshold(quantile=0.08)
    options = SMALL | {"score_type": "hybrid"}
    shares = flagged_shares(wide, 40, rule, 40, **options)
    assert shares.mean() <= 0.08 + 2 * shares.std() / 40**0.5
    assert shares.mean() >= 0.04


@pytest.mark.parametrize(("n_rows", "n_judging"), [(64, 64), (60, 20)])
def test_where_rows_are_few_for_their_columns_a_third_is_unseen_by_all(
    n_rows, n_judging
):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(n_rows, 29)))
    # Most of its levels stand in one row alone, which may be an unseen one.
    table["level"] = [f"L{k}" for k in rng.integers(0, 40, n_rows)]
    table.columns = table.columns.astype(str)
    detector = AutoencoderOutlierDetector(
        random_state=0, **(SMALL | {"score_type": "hybrid"})
    )
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        detector.fit(table)
    words = (
        "60 rows are few for 30 encoded columns (a category is one): 20 of them are "
        "kept from all that is learnt, and set the threshold. With more than twice as "
        "many rows as columns all are learnt from."
    )
    is_said = words in [str(warning.message) for warning in said]
    assert is_said == (n_rows == 60)
    judging = detector.calibration_.scores
    assert len(judging) == n_judging
    found = np.isclose(detector.score_samples(table)[:, None], judging).any(axis=1)
    # Rows that nothing has seen are scored as they are when they come again.
    assert found.sum() == n_judging if n_judging < n_rows else found.sum() < n_rows / 2
    known = set(detector.model_.encoding.columns[-1].levels)
    assert (known == set(table["level"])) == (n_judging == n_rows)
