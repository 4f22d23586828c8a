"""Trained Keras models become arrays that compute the same."""

import numpy as np
import pytest
from cases import CHEAP, REGULARISATION

from aeanomaly import AutoencoderTransformer
from aeanomaly.scoring.networks.dense import Network, run_layers
from aeanomaly.training.freezing import frozen_layers, keras_model

keras = pytest.importorskip("keras")
L = keras.layers

N_INPUTS = 12


def perturbed(model, seed=0):
    """Give every variable a value of its own, as training would."""
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        size = rng.uniform(0.1, 0.9, variable.shape)
        variable.assign(size if "variance" in variable.path else size - 0.5)
    return model


def sequential(*layers, n_inputs=N_INPUTS):
    return perturbed(keras.Sequential([keras.Input((n_inputs,)), *layers]))


def freeze(model):
    return frozen_layers(model, {id(v): v.numpy()[None] for v in model.variables})


def run(layers, rows):
    return run_layers(layers, rows)[0]


COMPILED = {
    "one dense layer": lambda: sequential(L.Dense(3)),
    "activations inside and outside": lambda: sequential(
        L.Dense(8, "relu"), L.Dense(5), L.Activation("tanh"), L.Dense(4), L.ReLU()
    ),
    "leaky, elu": lambda: sequential(
        L.Dense(8), L.LeakyReLU(negative_slope=0.2), L.Dense(4), L.ELU()
    ),
    "dropout and noise": lambda: sequential(
        L.GaussianNoise(0.1), L.Dense(8, "selu"), L.Dropout(0.5), L.Dense(4)
    ),
    "no bias": lambda: sequential(L.Dense(8, use_bias=False), L.Dense(4)),
    "normalisation before the activation": lambda: sequential(
        L.Dense(8), L.BatchNormalization(), L.Activation("silu"), L.Dense(3)
    ),
    "normalisation after the activation": lambda: sequential(
        L.Dense(8, "relu"), L.BatchNormalization(scale=False), L.Dense(3)
    ),
    "normalisation of the input": lambda: sequential(
        L.BatchNormalization(center=False), L.Dense(3)
    ),
    "shapes that keep the order": lambda: sequential(
        L.Reshape((3, 4, 1)), L.Dropout(0.1), L.Flatten(), L.Dense(5)
    ),
    "models in models": lambda: sequential(
        keras.Sequential([keras.Input((N_INPUTS,)), L.Dense(6, "relu")]), L.Dense(2)
    ),
}


@pytest.mark.parametrize("build", COMPILED.values(), ids=COMPILED.keys())
def test_frozen_layers_compute_what_keras_does(build, rng):
    model, rows = build(), rng.standard_normal((50, N_INPUTS)).astype("float32")
    layers = freeze(model)
    assert layers is not None
    expected = model(rows, training=False).numpy()
    np.testing.assert_allclose(run(layers, rows), expected, rtol=1e-5, atol=1e-5)


def test_a_functional_chain_is_frozen(rng):
    inputs = keras.Input((N_INPUTS,))
    outputs = L.Dense(3)(L.Dropout(0.1)(L.Dense(6, "elu")(inputs)))
    model = perturbed(keras.Model(inputs, outputs))
    rows = rng.standard_normal((20, N_INPUTS)).astype("float32")
    expected = model(rows, training=False).numpy()
    np.testing.assert_allclose(run(freeze(model), rows), expected, atol=1e-5)


def doubled(x):
    return x * 2


def branching():
    inputs = keras.Input((N_INPUTS,))
    hidden = L.Dense(N_INPUTS)(inputs)
    return keras.Model(inputs, L.Add()([inputs, L.Dense(N_INPUTS)(hidden)]))


def output_in_the_middle():
    inputs = keras.Input((N_INPUTS,))
    hidden = L.Dense(5, "relu")(inputs)
    return keras.Model(inputs, [hidden, L.Dense(2)(hidden)])


LEFT_TO_KERAS = {
    "convolution": lambda: sequential(
        L.Reshape((N_INPUTS, 1)), L.Conv1D(2, 3), L.Flatten()
    ),
    "branches": branching,
    "two outputs": output_in_the_middle,
    "dense over a part of the row": lambda: sequential(
        L.Reshape((3, 4)), L.Dense(2), L.Flatten()
    ),
    "normalisation at the end": lambda: sequential(
        L.Dense(4, "relu"), L.BatchNormalization()
    ),
    "another slope": lambda: sequential(L.Dense(4), L.LeakyReLU(negative_slope=0.3)),
    "activation without a layer": lambda: sequential(L.Activation("relu")),
    "softmax": lambda: sequential(L.Dense(4, "softmax")),
    "a function of the user's": lambda: sequential(L.Dense(4, activation=doubled)),
    "normalisation of a part of the row": lambda: sequential(
        L.Dense(N_INPUTS), L.Reshape((3, 4)), L.BatchNormalization(), L.Flatten()
    ),
    "output of rank three": lambda: sequential(L.Dense(4), L.Reshape((2, 2))),
}


@pytest.mark.parametrize("build", LEFT_TO_KERAS.values(), ids=LEFT_TO_KERAS.keys())
def test_what_is_more_than_dense_layers_is_not_frozen(build):
    assert freeze(build()) is None


class Doubled(keras.Sequential):
    def call(self, inputs, training=None, mask=None):
        return 2 * super().call(inputs, training=training)


def test_a_subclass_may_do_anything_and_is_not_frozen():
    assert freeze(Doubled([keras.Input((N_INPUTS,)), L.Dense(3)])) is None


@pytest.mark.parametrize("regularisation", [{}, REGULARISATION], ids=["none", "all"])
def test_to_keras_computes_what_the_scorer_does(numbers, regularisation):
    transformer = AutoencoderTransformer(**CHEAP, **regularisation).fit(numbers)
    frozen = transformer.model_
    Z = frozen.encoding.encode(numbers).Z
    model = keras_model(frozen)
    evaluation = frozen.evaluate(Z)
    assert isinstance(frozen.network, Network)
    np.testing.assert_allclose(model(Z).numpy(), evaluation.output[0], atol=1e-5)
    codes = keras.Model(model.input, model.get_layer("codes").output)
    np.testing.assert_allclose(codes(Z).numpy(), evaluation.codes[0], atol=1e-5)
