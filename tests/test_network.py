"""Tests of the NumPy network and its activations."""

import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from aeanomaly.scoring.networks.activations import ACTIVATIONS, softmax
from aeanomaly.scoring.networks.dense import (
    DenseLayer,
    Network,
    first_outputs,
    fold_constant_inputs,
    run_layers,
)


def make_layers(widths, activations, n_members=1, seed=0):
    rng = np.random.default_rng(seed)

    def kernel(n_in, n_out):
        # Outputs about as large as inputs, so that rounding errors do not grow.
        return rng.standard_normal((n_members, n_in, n_out)) / (2 * np.sqrt(n_in))

    return tuple(
        DenseLayer(
            kernel(n_in, n_out).astype(np.float32),
            rng.standard_normal((n_members, n_out)).astype(np.float32),
            activation,
        )
        for n_in, n_out, activation in zip(
            widths, widths[1:], activations, strict=False
        )
    )


def reference(layers, H):
    """Run layers in the plainest way, in double precision."""
    H = np.asarray(H, dtype=np.float64)
    for layer in layers:
        H = H @ layer.kernel.astype(np.float64) + layer.bias[:, None, :]
        ACTIVATIONS[layer.activation](H)
    return H


FORMULAS = {
    "linear": lambda x: x,
    "relu": lambda x: np.where(x > 0, x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "elu": lambda x: np.where(x > 0, x, np.exp(x) - 1),
    "selu": lambda x: (
        1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * (np.exp(x) - 1))
    ),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}


def test_every_activation_has_a_formula_here():
    assert set(FORMULAS) == set(ACTIVATIONS)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_activations_compute_their_formula_in_place(name, dtype):
    x = np.linspace(-20, 20, 401, dtype=dtype).reshape(1, 401, 1)
    H = x.copy()
    ACTIVATIONS[name](H)
    rtol = 1e-5 if dtype == np.float32 else 1e-12
    expected = FORMULAS[name](x.astype(np.float64))
    # exp(x) - 1 of the formula itself loses digits around zero.
    assert_allclose(H, expected, rtol=rtol, atol=1e-6 if dtype == np.float32 else 1e-14)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_stay_finite_far_out(name):
    H = np.array([[[-1e4, 1e4]]], dtype=np.float32)
    with np.errstate(over="raise", invalid="raise"):
        ACTIVATIONS[name](H)
    assert np.isfinite(H).all()


def test_softmax_gives_probabilities_of_any_logits():
    H = np.array([[0.0, 1.0, 2.0], [-1e4, 0.0, 1e4]])
    softmax(H)
    assert_allclose(H.sum(axis=1), 1.0)
    assert_allclose(H[0], np.exp([0, 1, 2]) / np.exp([0, 1, 2]).sum())
    assert_array_equal(H[1], [0.0, 0.0, 1.0])


@settings(max_examples=60)
@given(
    widths=st.lists(st.integers(1, 20), min_size=2, max_size=5),
    activations=st.lists(st.sampled_from(sorted(ACTIVATIONS)), min_size=4, max_size=4),
    n_members=st.integers(1, 3),
    n_rows=st.integers(0, 70),
    double=st.booleans(),
)
def test_layers_compute_what_the_plain_formula_does(
    widths, activations, n_members, n_rows, double
):
    layers = make_layers(widths, activations, n_members)
    Z = np.random.default_rng(1).standard_normal((n_rows, widths[0]))
    Z = Z if double else Z.astype(np.float32)
    outputs = run_layers(layers, Z)
    assert outputs.dtype == Z.dtype
    assert outputs.shape == (n_members, n_rows, widths[-1])
    expected = reference(layers, Z)
    tolerance = 1e-12 if double else 1e-5
    size = np.abs(expected).max(initial=1.0)
    assert_allclose(outputs, expected, rtol=tolerance, atol=tolerance * size)


def make_network(n_members=1, seed=0):
    return Network(
        make_layers((5, 9, 3), ("relu", "linear"), n_members, seed),
        make_layers((3, 9, 5), ("silu", "linear"), n_members, seed),
    )


@pytest.mark.parametrize("n_rows", [1, 15, 16, 17, 64])
def test_a_row_gets_the_same_output_whatever_the_number_of_rows(n_rows):
    network = make_network(2)
    Z = np.random.default_rng(2).standard_normal((64, 5))
    together = network.decode(network.encode(Z))
    alone = network.decode(network.encode(Z[:n_rows]))
    assert_allclose(alone, together[:, :n_rows], rtol=1e-11)


def test_the_input_is_left_as_it_is():
    network = make_network()
    Z = np.random.default_rng(2).standard_normal((40, 5)).astype(np.float32)
    codes = network.encode(Z)
    kept = Z.copy(), codes.copy()
    network.decode(codes)
    assert_array_equal(Z, kept[0])
    assert_array_equal(codes, kept[1])


def test_a_network_that_has_run_pickles_to_the_same_bytes_as_a_new_one():
    network = make_network()
    new = pickle.dumps(network)
    Z = np.ones((3, 5), dtype=np.float32)
    outputs = network.decode(network.encode(Z))
    assert pickle.dumps(network) == new
    copy = pickle.loads(new)
    assert_array_equal(copy.decode(copy.encode(Z)), outputs)


def test_many_threads_may_run_one_network():
    network, other = make_network(2), make_network(2)
    Z = np.random.default_rng(2).standard_normal((500, 5)).astype(np.float32)
    expected = other.decode(other.encode(Z))
    barrier = threading.Barrier(8)

    def run(_):
        barrier.wait()
        return network.decode(network.encode(Z))

    with ThreadPoolExecutor(8) as pool:
        outputs = list(pool.map(run, range(8)))
    for output in outputs:
        assert_array_equal(output, expected)


def test_inputs_that_never_change_fold_into_the_bias():
    (layer,) = make_layers((5, 4), ("tanh",), 2)
    Z = np.random.default_rng(2).standard_normal((30, 3))
    whole = np.column_stack([Z, np.full(30, 0.7), np.full(30, -2.0)])
    folded = fold_constant_inputs(layer, [0.7, -2.0])
    assert_allclose(run_layers([folded], Z), run_layers([layer], whole), atol=1e-6)


def test_first_outputs_are_those_of_the_whole_layer():
    (layer,) = make_layers((5, 6), ("relu",), 2)
    Z = np.random.default_rng(2).standard_normal((30, 5))
    few = run_layers([first_outputs(layer, 2)], Z)
    assert_allclose(few, run_layers([layer], Z)[..., :2], rtol=1e-12)


def test_sizes_of_a_network():
    network = make_network(3)
    assert (network.n_members, network.n_inputs, network.latent_dim) == (3, 5, 3)
    assert network.widest == 9


def test_a_bias_of_another_shape_is_refused():
    with pytest.raises(
        ValueError,
        match=r"A kernel of shape \(1, 2, 3\) needs a bias of shape \(1, 3\)\. "
        r"Got \(1, 2\) instead\.",
    ):
        DenseLayer(np.zeros((1, 2, 3)), np.zeros((1, 2)))


def test_an_unknown_activation_is_refused():
    with pytest.raises(
        ValueError,
        match=r"The activation of a dense layer must be one of \['elu', .*'tanh'\]\. "
        r"Got 'gelu' instead\.",
    ):
        DenseLayer(np.zeros((1, 2, 3)), np.zeros((1, 3)), "gelu")


def test_many_rows_run_so_many_at_a_time_and_come_out_as_one():
    layers = make_layers([3, 1_500, 2], ["silu", "linear"], n_members=2)
    network = Network(layers[:1], layers[1:])
    Z = np.random.default_rng(1).standard_normal((300, 3)).astype(np.float32)
    outputs = network.decode(network.encode(Z))
    assert outputs.shape == (2, 300, 2)
    assert_allclose(outputs, reference(layers, Z), rtol=1e-4, atol=1e-5)
