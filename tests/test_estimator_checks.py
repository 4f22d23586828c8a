"""scikit-learn's common checks of both estimators with every architecture."""

import os
import subprocess
import sys

import pytest
from cases import ARCHITECTURES, parametrize_with_checks

from aeanomaly import AutoencoderOutlierDetector, AutoencoderTransformer

CHEAP = {"hidden_layer_sizes": (8,), "max_iter": 5}
# A check wants one of 300 ordinary rows flagged. The default promises at most one
# percent of new rows, which may be none of these.
DETECTOR = {"contamination": 0.05}
ESTIMATORS = (AutoencoderOutlierDetector, AutoencoderTransformer)


# The plainest detector; what both estimators are by default comes with the slow ones.
@parametrize_with_checks(
    [
        AutoencoderOutlierDetector(
            architecture="linear", n_estimators=1, **DETECTOR, **CHEAP
        )
    ]
)
def test_checks_pass(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(
    [
        estimator(architecture=architecture, **CHEAP, **rule)
        for estimator, rule in zip(ESTIMATORS, (DETECTOR, {}), strict=True)
        for architecture in ARCHITECTURES
    ]
)
def test_checks_pass_with_every_architecture(estimator, check):
    check(estimator)


ARRAY_API_CHECKS = """
import sys
from sklearn.utils.estimator_checks import check_estimator
import aeanomaly

estimator = getattr(aeanomaly, sys.argv[1])(hidden_layer_sizes=(8,), max_iter=5)
if "contamination" in estimator.get_params():
    estimator.set_params(contamination=0.05)
results = check_estimator(estimator, on_skip=None, on_fail=None)
left = [r for r in results if r["status"] != "passed"]
assert any(r["check_name"] == "check_array_api_input" for r in results)
assert not left, left
"""


@pytest.mark.slow
@pytest.mark.parametrize("estimator", [e.__name__ for e in ESTIMATORS])
def test_nothing_fails_or_is_skipped_with_the_array_api_switched_on(estimator):
    # SciPy reads the variable when it is imported, hence another process.
    run = subprocess.run(
        [sys.executable, "-c", ARRAY_API_CHECKS, estimator],
        env=os.environ | {"SCIPY_ARRAY_API": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2_000:]
