"""A user's own Keras model is an architecture, too."""

import pickle
from functools import cache

import numpy as np
import pytest
from cases import make_numbers, parametrize_with_checks
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import aeanomaly
from aeanomaly import (
    Architecture,
    AutoencoderOutlierDetector,
    AutoencoderTransformer,
)
from aeanomaly.scoring.networks.dense import Network
from aeanomaly.scoring.networks.keras import KerasNetwork

keras = pytest.importorskip("keras")
L = keras.layers

CHEAP = {
    "hidden_layer_sizes": (8,),
    "latent_dim": 2,
    "max_iter": 3,
    "random_state": 0,
}


class OwnDense(Architecture):
    """Layers that NumPy can run."""

    def __init__(self, *, width=8):
        self.width = width

    def build(self, spec):
        """Build a functional encoder and a sequential decoder."""
        inputs = keras.Input((spec.n_encoded,))
        hidden = L.BatchNormalization()(L.Dense(self.width, "relu")(inputs))
        encoder = keras.Model(inputs, L.Dense(spec.latent_dim)(hidden))
        decoder = keras.Sequential(
            [keras.Input((spec.latent_dim,)), L.Dense(spec.n_encoded)]
        )
        return encoder, decoder


class OwnConvolution(OwnDense):
    """Layers that only Keras can run."""

    def build(self, spec):
        """Build a convolution over the columns."""
        encoder = keras.Sequential(
            [
                keras.Input((spec.n_encoded,)),
                L.Reshape((spec.n_encoded, 1)),
                L.Conv1D(self.width, 3, padding="same", activation="gelu"),
                L.Flatten(),
                L.Dense(spec.latent_dim),
            ]
        )
        return encoder, super().build(spec)[1]


OWN = (OwnDense(), OwnConvolution(width=2))
KINDS = {OwnDense: Network, OwnConvolution: KerasNetwork}


@pytest.mark.slow
@parametrize_with_checks(
    [
        estimator(architecture=architecture, max_iter=3, **parameters)
        for estimator, parameters in (
            (AutoencoderTransformer, {}),
            (AutoencoderOutlierDetector, {"n_estimators": 1, "contamination": 0.05}),
        )
        for architecture in OWN
    ]
)
def test_checks_pass(estimator, check):
    check(estimator)


@cache
def detector_of(cls):
    """Return a detector of numbers with an architecture of `OWN`; only to be read."""
    (architecture,) = (own for own in OWN if type(own) is cls)
    detector = AutoencoderOutlierDetector(
        architecture=architecture, n_estimators=1, **CHEAP
    )
    return detector.fit(make_numbers())


@pytest.mark.parametrize("cls", KINDS)
def test_it_is_compiled_where_numpy_can_run_it(cls, numbers):
    detector = detector_of(cls)
    assert type(detector.model_.network) is KINDS[cls]
    Z = detector.model_.encoding.encode(numbers).Z
    output = detector.model_.evaluate(Z).output.mean(axis=0)
    np.testing.assert_allclose(detector.to_keras()(Z).numpy(), output, atol=1e-5)


def test_scores_of_one_row_are_those_among_others(numbers):
    detector = detector_of(OwnConvolution)
    scores = detector.score_samples(numbers)
    alone = [detector.score_samples(numbers[i : i + 1])[0] for i in range(5)]
    np.testing.assert_allclose(scores[:5], alone, rtol=1e-9)


def assert_pickled_saved_and_loaded(detector, X, path):
    scores, cls = detector.score_samples(X), type(detector.architecture)
    detector.save(path)
    loaded = aeanomaly.load(path, classes=[cls])
    again = pickle.loads(pickle.dumps(detector))
    np.testing.assert_array_equal(loaded.score_samples(X), scores)
    np.testing.assert_array_equal(again.score_samples(X), scores)
    assert loaded.architecture_.get_params() == detector.architecture.get_params()


@pytest.mark.parametrize("cls", KINDS)
def test_it_is_pickled_saved_and_loaded(cls, numbers, tmp_path):
    assert_pickled_saved_and_loaded(detector_of(cls), numbers, tmp_path / "m.aea")


@pytest.mark.slow
@pytest.mark.parametrize("architecture", OWN, ids=lambda a: type(a).__name__)
def test_an_ensemble_of_it_takes_mixed_tables(architecture, table, tmp_path):
    detector = AutoencoderOutlierDetector(architecture=architecture, **CHEAP).fit(table)
    assert detector.model_.network.n_members == 4
    assert_pickled_saved_and_loaded(detector, table, tmp_path / "m.aea")


@pytest.mark.slow
def test_its_parameters_are_a_grid_axis(numbers):
    search = GridSearchCV(
        AutoencoderTransformer(architecture=OwnDense(), **CHEAP),
        {"architecture__width": [2, 4]},
        cv=2,
    ).fit(numbers)
    assert search.best_estimator_.architecture_.width in (2, 4)
    assert clone(search.estimator).architecture.width == 8


def built(encoder, decoder):
    """Return an architecture that builds what the two functions of spec return."""

    class Given(Architecture):
        def build(self, spec):
            return encoder(spec), decoder(spec)

    return Given()


def dense(n_inputs, n_outputs):
    return keras.Sequential([keras.Input((n_inputs,)), L.Dense(n_outputs)])


def encode(spec):
    return dense(spec.n_encoded, 2)


def decode(spec):
    return dense(2, spec.n_encoded)


WRONG = {
    "no model": (
        built(encode, lambda spec: "decoder"),
        TypeError,
        "Given.build must return an encoder and a decoder",
    ),
    "no input": (
        built(lambda spec: keras.Sequential([L.Dense(2)]), decode),
        ValueError,
        "The encoder of Given.build has no input shape",
    ),
    "images out": (
        built(
            encode,
            lambda spec: keras.Sequential(
                [keras.Input((2,)), L.Dense(spec.n_encoded), L.Reshape((-1, 1))]
            ),
        ),
        ValueError,
        "Add Reshape after the input and Flatten before the output",
    ),
    "narrow decoder": (
        built(encode, lambda spec: dense(2, spec.n_encoded - 1)),
        ValueError,
        "The decoder of Given.build must have an output of spec.n_encoded=5 columns",
    ),
    "narrow encoder": (
        built(lambda spec: dense(3, 2), decode),
        ValueError,
        "The encoder of Given.build must have an input of spec.n_encoded=5 columns",
    ),
    "code that cannot be stored": (
        built(
            lambda spec: keras.Sequential(
                [keras.Input((spec.n_encoded,)), L.Lambda(abs), L.Dense(2)]
            ),
            decode,
        ),
        ValueError,
        "must be made of Keras's own layers",
    ),
}


@pytest.mark.parametrize(
    ("architecture", "error", "message"), WRONG.values(), ids=WRONG.keys()
)
def test_what_cannot_be_used_is_refused_before_training(
    architecture, error, message, numbers
):
    detector = AutoencoderOutlierDetector(architecture=architecture, **CHEAP)
    with pytest.raises(error, match=message):
        detector.fit(numbers)
