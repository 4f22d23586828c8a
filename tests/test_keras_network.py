"""Networks that Keras runs hold arrays, copy, pickle and refuse what is not Keras's."""

import copy
import json
import pickle
import threading
from functools import cache

import numpy as np
import pytest

from aeanomaly.exceptions import ArchiveIntegrityError
from aeanomaly.scoring.networks.keras import KerasNetwork, check_configuration

keras = pytest.importorskip("keras")
L = keras.layers

N_INPUTS, LATENT_DIM = 8, 3


@cache
def models(seed=0):
    keras.utils.set_random_seed(seed)
    encoder = keras.Sequential(
        [
            keras.Input((N_INPUTS,)),
            L.Reshape((N_INPUTS, 1)),
            L.Conv1D(2, 3, activation="relu"),
            L.BatchNormalization(),
            L.Dropout(0.2),
            L.Flatten(),
            L.Dense(LATENT_DIM + 1),
        ]
    )
    decoder = keras.Sequential([keras.Input((LATENT_DIM,)), L.Dense(N_INPUTS, "gelu")])
    return encoder, decoder


@cache
def network(n_members=1):
    """Return a network that rebuilds its models once, for all tests that read it."""
    members = [models(seed) for seed in range(n_members)]
    parts = [
        tuple(np.stack(arrays) for arrays in zip(*weights, strict=True))
        for weights in (
            [encoder.get_weights() for encoder, _ in members],
            [decoder.get_weights() for _, decoder in members],
        )
    ]
    configurations = [model.to_json() for model in members[0]]
    return KerasNetwork(*configurations, *parts, n_members, N_INPUTS, LATENT_DIM)


@pytest.fixture
def rows(rng):
    return rng.standard_normal((10, N_INPUTS)).astype("float32")


@pytest.mark.parametrize("n_members", [1, 2])
def test_members_compute_what_their_keras_models_do(n_members, rows):
    frozen = network(n_members)
    codes = frozen.encode(rows)
    assert codes.shape == (n_members, 10, LATENT_DIM)
    for member in range(n_members):
        encoder, decoder = models(member)
        expected = encoder(rows).numpy()[:, :LATENT_DIM]
        np.testing.assert_allclose(codes[member], expected, atol=1e-6)
        logits = frozen.decode(codes)[member]
        np.testing.assert_allclose(logits, decoder(expected).numpy(), atol=1e-6)


def test_codes_of_one_member_are_decoded_by_all(rows):
    frozen = network(2)
    codes = frozen.encode(rows)[:1]
    assert frozen.decode(codes).shape == (2, 10, N_INPUTS)


def test_double_precision_comes_back_where_it_came_in(rows):
    frozen = network()
    double = frozen.decode(frozen.encode(rows.astype(np.float64)))
    single = frozen.decode(frozen.encode(rows))
    assert (double.dtype, single.dtype) == (np.float64, np.float32)
    np.testing.assert_allclose(double, single, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))]
)
def test_copies_compute_the_same_without_carrying_models(duplicate, rows):
    frozen = network()
    expected = frozen.encode(rows)
    assert len(pickle.dumps(frozen)) < 20_000
    np.testing.assert_array_equal(duplicate(frozen).encode(rows), expected)


def test_many_threads_may_ask_first(rows):
    frozen, results = pickle.loads(pickle.dumps(network())), []
    threads = [
        threading.Thread(target=lambda: results.append(frozen.encode(rows)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    for result in results:
        np.testing.assert_array_equal(result, results[0])


def test_rebuilding_leaves_the_users_random_state_alone(rows):
    import random

    frozen = pickle.loads(pickle.dumps(network()))
    random.seed(5)
    expected = random.random()
    random.seed(5)
    frozen.encode(rows)
    assert random.random() == expected


def configuration(*layers):
    return keras.Sequential([keras.Input((4,)), *layers]).to_json()


@keras.saving.register_keras_serializable("evil")
class Own(keras.layers.Layer):
    def call(self, x):
        return x


def own_function(x):
    return x


def with_node(change):
    """Return the JSON of a dense model whose layer `change` has altered."""
    tree = json.loads(configuration(L.Dense(2)))
    change(tree["config"]["layers"][1])
    return json.dumps(tree)


REFUSED = {
    "Lambda": lambda: configuration(L.Lambda(lambda x: x)),
    "a user's layer": lambda: configuration(Own()),
    "a user's function": lambda: configuration(L.Dense(2, activation=own_function)),
    "a layer that reads files": lambda: with_node(
        lambda node: node.update(class_name="TFSMLayer")
    ),
    "another module": lambda: with_node(lambda node: node.update(module="os")),
    "another registered name": lambda: with_node(
        lambda node: node.update(registered_name="evil>Own")
    ),
    "an object that lacks a key": lambda: with_node(
        lambda node: node.pop("registered_name")
    ),
    "a function deep inside": lambda: with_node(
        lambda node: node["config"].update(
            kernel_initializer={
                "module": "builtins",
                "class_name": "function",
                "config": "eval",
                "registered_name": "function",
            }
        )
    ),
    "an operation": lambda: keras.Model(x := keras.Input((4,)), x * 2).to_json(),
}


@pytest.mark.parametrize("make", REFUSED.values(), ids=REFUSED.keys())
def test_configurations_of_anything_but_keras_layers_are_refused(make):
    text = make()
    with pytest.raises(ValueError, match="made of Keras's own layers"):
        check_configuration(text)


def test_a_network_is_refused_before_it_is_built():
    frozen = network()
    bad = configuration(L.Lambda(lambda x: x))
    with pytest.raises(ValueError, match="Got 'Lambda' of 'keras.layers' instead"):
        KerasNetwork(bad, frozen.decoder, (), frozen.decoder_weights, 1, 4, 3)


def test_weights_of_another_number_of_members_are_refused():
    frozen = network()
    with pytest.raises(ValueError, match="Weights of 2 members need as many entries"):
        KerasNetwork(
            frozen.encoder,
            frozen.decoder,
            frozen.encoder_weights,
            frozen.decoder_weights,
            2,
            N_INPUTS,
            LATENT_DIM,
        )


def test_weights_that_do_not_fit_the_layers_are_an_error_of_the_file(rows):
    frozen = network()
    wrong = KerasNetwork(
        frozen.encoder,
        frozen.decoder,
        frozen.encoder_weights[:-1],
        frozen.decoder_weights,
        1,
        N_INPUTS,
        LATENT_DIM,
    )
    with pytest.raises(ArchiveIntegrityError, match="do not fit the stored layers"):
        wrong.encode(rows)


def test_layers_that_do_not_fit_one_another_are_an_error_of_the_file(rows):
    frozen, tree = network(), json.loads(network().encoder)
    tree["config"]["layers"][1]["config"]["target_shape"] = [3, 3]
    wrong = KerasNetwork(
        json.dumps(tree),
        frozen.decoder,
        frozen.encoder_weights,
        frozen.decoder_weights,
        1,
        N_INPUTS,
        LATENT_DIM,
    )
    with pytest.raises(ArchiveIntegrityError, match="do not fit one another"):
        wrong.encode(rows)
