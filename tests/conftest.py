"""Tables and fitted estimators that several test modules share."""

import os
from functools import cache

import numpy as np
import pytest
from cases import CHEAP, make_numbers, make_table
from hypothesis import settings

# No deadline, which a slow machine misses, and the same examples in every run.
settings.register_profile("tests", deadline=None, derandomize=True)
settings.load_profile("tests")

# TensorFlow reads it when it is imported; its C++ notes would hide a test's output.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(scope="session", autouse=True)
def _graphs_live_on():
    """Keep more training programs than users need, for tests that come back to them."""
    from aeanomaly.training import programs

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(programs, "_MAX_PROGRAMS", 200)
        yield


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def table():
    """A fresh mixed table, so that a test may change it."""
    return make_table()


@pytest.fixture
def numbers():
    return make_numbers()


@pytest.fixture(scope="session")
def detectors():
    """A function that returns the detector of an architecture.

    It was fitted on the mixed table; tests must not change it.
    """
    from aeanomaly import AutoencoderOutlierDetector

    @cache
    def fitted(architecture):
        parameters = CHEAP | {"architecture": architecture}
        return AutoencoderOutlierDetector(**parameters).fit(make_table())

    return fitted


@pytest.fixture(scope="session")
def detector(detectors):
    """A detector fitted on the mixed table; tests must not change it."""
    return detectors("denoising")


@pytest.fixture(scope="session")
def transformer():
    """A transformer fitted on the mixed table; tests must not change it."""
    from aeanomaly import AutoencoderTransformer

    return AutoencoderTransformer(**CHEAP).fit(make_table())


@pytest.fixture(scope="session")
def number_detector():
    """A detector fitted on an array of numbers; tests must not change it."""
    from aeanomaly import AutoencoderOutlierDetector

    return AutoencoderOutlierDetector(**CHEAP).fit(make_numbers())


@pytest.fixture
def cheap_detector(monkeypatch):
    """Train small networks for a few epochs, whatever the command asks for."""

    import aeanomaly

    class Cheap(aeanomaly.AutoencoderOutlierDetector):
        def __init__(self, **params):
            if params.get("latent_dim") == "auto":
                del params["latent_dim"]
            super().__init__(**{**CHEAP, **params})

    Cheap.__name__ = "AutoencoderOutlierDetector"
    Cheap._get_param_names = aeanomaly.AutoencoderOutlierDetector._get_param_names
    monkeypatch.setattr("aeanomaly.detector.AutoencoderOutlierDetector", Cheap)


@pytest.fixture
def run(capsys):
    """Run a command; return exit code, standard output and standard error."""

    from aeanomaly.cli import main

    def run(*argv):
        code = main([str(argument) for argument in argv])
        return code, *capsys.readouterr()

    return run
