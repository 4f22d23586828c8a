"""What is far out of the ordinary: huge numbers and weights, forked processes."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from cases import CHEAP, make_numbers

from aeanomaly.exceptions import ColumnError
from aeanomaly.fitting.distinct_rows import distinct_rows
from aeanomaly.scoring.encoding.columns import ColumnOptions, NumericColumn
from aeanomaly.scoring.encoding.columns.spread import center_and_scale
from aeanomaly.scoring.encoding.reading.apply import read_numbers
from aeanomaly.scoring.encoding.table import TableEncoding
from aeanomaly.scoring.encoding.values import as_float


@pytest.mark.parametrize("unit", [1e-200, 1e200, 8e307])
@pytest.mark.parametrize("clip", [False, True])
def test_centre_and_scale_follow_the_unit(unit, clip):
    values = np.random.default_rng(0).uniform(-1, 1, 300)
    weights = np.ones(300)
    center, scale = center_and_scale(values, weights, clip=clip)
    expected = center * unit, scale * unit
    found = center_and_scale(values * unit, weights, clip=clip)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("scaling", ["robust", "standard"])
@pytest.mark.parametrize("greatest", [1e200, 1e308])
def test_the_greatest_numbers_are_encoded(greatest, scaling):
    values = np.random.default_rng(0).uniform(-1, 1, 300) * greatest
    column = NumericColumn.fit(values, "x", np.ones(300), ColumnOptions(scaling))
    column.check()
    encoding = TableEncoding((column,), named=False)
    Z, _ = encoding.encode(values[:, None])
    assert np.isfinite(Z).all()
    assert np.abs(Z).max() < 3
    np.testing.assert_array_equal(np.argsort(Z[:, 0]), np.argsort(values))


def test_a_weight_of_a_billion_does_not_take_a_billion_visits():
    weights = np.ones(100)
    weights[0] = 1e9
    rows = distinct_rows(make_numbers(100), weights)
    assert rows.n_visits == 2**22
    assert rows.weights.max() == 1e9
    # What weights say in proportion, and small ones exactly, stays.
    weights[0] = 7
    assert distinct_rows(make_numbers(100), weights).n_visits == 106


@pytest.mark.parametrize("weight", [1e18, 1e300, 1e-300])
def test_weights_of_any_size_stay_within_what_sums_can_hold(weight):
    weights = np.ones(100)
    weights[0] = weight
    rows = distinct_rows(make_numbers(100), weights)
    assert rows.weights.max() <= 2.0**40
    ratio = rows.weights.max() / rows.weights.min()
    assert ratio == pytest.approx(2.0**40)
    assert 100 <= rows.n_visits <= 2**22


FORKED = """
import os, sys
import numpy as np
from aeanomaly import AutoencoderOutlierDetector
X = np.random.default_rng(0).standard_normal((60, 3))
detector = AutoencoderOutlierDetector(**{parameters!r})
detector.fit(X)
child = os.fork()
if child == 0:
    code = 1
    try:
        detector.predict(X)
        detector.fit(X)
    except RuntimeError as error:
        code = 0 if "spawn" in str(error) and "loky" in str(error) else 2
    finally:
        os._exit(code)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork")
def test_a_fit_in_a_forked_child_is_an_error_that_names_the_remedy():
    script = FORKED.format(parameters=CHEAP)
    done = subprocess.run(
        [sys.executable, "-c", script], timeout=120, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_fork_is_told_by_the_number_of_the_process(monkeypatch):
    from aeanomaly.scoring.networks import forks

    monkeypatch.setattr(forks, "_started_in", [-1])
    with pytest.raises(RuntimeError, match=r"get_context\('spawn'\), or .* loky"):
        forks.use_tensorflow()


def test_a_number_of_400_digits_is_an_error_that_names_the_column():
    values = pd.Series([10**400, 1], dtype=object)
    with pytest.raises(ColumnError, match="'x' holds whole numbers that no float can"):
        as_float(values, "x")


def test_a_number_of_400_digits_among_texts_is_such_an_error_too():
    values = pd.Series([10**400, "1"], dtype=object)
    with pytest.raises(ColumnError, match="'x' holds whole numbers that no float can"):
        read_numbers(values, None, "x")
