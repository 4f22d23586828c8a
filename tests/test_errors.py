"""Tests of the error formula."""

import numpy as np
import pandas as pd
import pytest

from aeanomaly.fitting.encoding import fit_encoding
from aeanomaly.scoring.encoding.columns import ColumnOptions
from aeanomaly.scoring.errors import unit_errors


@pytest.fixture
def table(rng):
    times = pd.date_range("2025-01-01", periods=200, freq="3h")
    table = pd.DataFrame({"amount": rng.gamma(2, 30, 200), "when": times})
    table["size"] = rng.normal(size=200)
    table.loc[::4, "amount"] = np.nan
    table.loc[1::4, "when"] = pd.NaT
    return table


@pytest.mark.parametrize("scaling", ["robust", "standard", "none"])
def test_a_missing_value_has_no_error_but_its_indicator_has(table, scaling, rng):
    encoding = fit_encoding(table, np.ones(200), ColumnOptions(scaling, 64))
    Z = encoding.encode(table).Z
    output = rng.normal(size=(2, *Z.shape)) + 10.0
    errors = unit_errors(Z, output, encoding)
    amount, has_amount, *when, has_when, size = errors.T
    for cells, missing in (
        (amount, table["amount"]),
        *((w, table["when"]) for w in when),
    ):
        np.testing.assert_array_equal(cells == 0, missing.isna())
    assert len(when) == 5  # the time, and two columns for each of hour and weekday
    assert (np.stack([has_amount, has_when, size]) > 0).all()
    expected = np.square(output[..., -1] - Z[:, -1]).mean(axis=0)
    np.testing.assert_allclose(size, expected)
