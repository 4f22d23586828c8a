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
    shares = flagged_shares(gaussian, 300, QuantileThreshold(), 3)
    assert 0.002 < shares.mean() <= 0.01 + 2 * shares.std() / 3**0.5


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


def test_a_table_as_wide_as_long_promises_nothing():
    cheap = SMALL | {"score_type": "hybrid"}
    detector = AutoencoderOutlierDetector(random_state=0, **cheap)
    rows = np.random.default_rng(0).normal(size=(40, 41))
    words = (
        r"^A share of false alarms cannot be promised from 40 rows of 40 encoded "
        r"columns: more of the new rows may be flagged\. Pass more rows or fewer "
        r"columns, or set the threshold by rows that fit has not seen, with "
        r"calibrate\(X\)\.$"
    )
    with pytest.warns(UserWarning, match=words):
        detector.fit(rows[:, :40])
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        detector.fit(rows[:, :39])
        AutoencoderOutlierDetector(random_state=0, **SMALL).fit(rows)
    assert not any("encoded" in str(warning.message) for warning in said)
