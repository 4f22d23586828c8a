"""Tests of the frozen model: blocks of rows, precision, and plain numbers."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from small_rows import category, constant_model, multiplying_model, numbers

from aeanomaly.scoring.encoding.columns import NumericColumn
from aeanomaly.scoring.encoding.table import TableEncoding
from aeanomaly.scoring.model import Model
from aeanomaly.scoring.networks.dense import DenseLayer, Network
from aeanomaly.scoring.parts import Residual
from aeanomaly.scoring.scorer import Scorer


def model_of_width(width, n_members=1):
    """A model of one column whose hidden layer is so wide."""
    layers = (
        DenseLayer(np.zeros((n_members, n_in, n_out)), np.zeros((n_members, n_out)))
        for n_in, n_out in ((1, width), (width, 1))
    )
    encoder, decoder = ((layer,) for layer in layers)
    return Model(numbers(1), Network(encoder, decoder), "linear")


def block_sizes(model, n_rows):
    return [
        len(evaluation.Z)
        for _, evaluation in model.iter_evaluations(np.zeros((n_rows, 1)))
    ]


@pytest.mark.parametrize(
    ("width", "n_members", "block_rows"),
    [(512, 1, 2_048), (512, 2, 1_024), (256, 4, 1_024), (300, 1, 3_495)],
)
def test_a_block_holds_four_mebibytes_of_the_widest_layer_of_all_members(
    width, n_members, block_rows
):
    model = model_of_width(width, n_members)
    assert block_sizes(model, 2 * block_rows + 7) == [block_rows, block_rows, 7]


def test_however_wide_the_network_a_block_has_256_rows():
    assert block_sizes(model_of_width(5_000, 2), 600) == [256, 256, 88]


def test_however_narrow_the_network_a_block_has_no_more_than_4096_rows():
    assert block_sizes(model_of_width(2), 10_000) == [4_096, 4_096, 1_808]


@pytest.mark.parametrize(
    ("n_rows", "dtype"), [(1, np.float64), (256, np.float64), (257, np.float32)]
)
def test_up_to_256_rows_run_in_double_precision(n_rows, dtype):
    ((_, evaluation),) = model_of_width(4).iter_evaluations(np.zeros((n_rows, 1)))
    assert evaluation.Z.dtype == dtype
    assert evaluation.codes.dtype == dtype
    assert evaluation.output.dtype == dtype


def test_scores_are_minus_the_statistic_of_each_row_in_order():
    scorer = Scorer(multiplying_model(numbers(2), 0.5), Residual(np.ones(2)))
    rows = np.random.default_rng(0).standard_normal((20_000, 2))
    assert len(list(scorer.iter_scores(rows))) > 1
    expected = -((0.5 * rows) ** 2).mean(axis=1)
    assert_allclose(scorer.score_samples(rows), expected, rtol=1e-5)


ENCODING = TableEncoding(
    (NumericColumn("amount", 10.0, 2.0), category("size", "L", "S")), named=True
)


def test_categories_put_out_probabilities_and_numbers_their_activation():
    model = constant_model(ENCODING, [1.0, 0.0, np.log(3.0)])
    assert_allclose(model.evaluate(np.zeros((1, 3))).output, [[[1.0, 0.25, 0.75]]])
    squeezed = Model(ENCODING, model.network, "sigmoid")
    output = squeezed.evaluate(np.zeros((1, 3))).output
    assert_allclose(output, [[[1 / (1 + np.exp(-1.0)), 0.25, 0.75]]])


def test_the_plain_error_is_the_mean_over_columns_of_squares_and_cross_entropies():
    model = constant_model(ENCODING, [1.0, 0.0, np.log(3.0)], [2.0, 0.0, 0.0])
    table = pd.DataFrame({"amount": [10.0, 16.0], "size": ["L", "S"]})
    by_hand = [
        ((1 + 4) / 2 + np.log(4 * 2) / 2) / 2,
        ((4 + 1) / 2 + np.log(4 / 3 * 2) / 2) / 2,
    ]
    assert_allclose(model.reconstruction_errors(table), by_hand)


def test_codes_are_those_of_the_first_member():
    kernel = np.array([[[2.0], [0.0]], [[0.0], [3.0]]])
    encoder = DenseLayer(kernel, np.zeros((2, 1)))
    decoder = DenseLayer(np.ones((2, 1, 2)), np.zeros((2, 2)))
    model = Model(numbers(2), Network((encoder,), (decoder,)), "linear")
    codes = model.codes(np.array([[1.0, 5.0], [2.0, 6.0]]))
    assert codes.dtype == np.float32
    assert_array_equal(codes, [[2.0], [4.0]])


def test_codes_decode_to_rows_in_original_units():
    model = constant_model(ENCODING, [1.5, 0.0, 1.0])
    decoded = model.decode(np.zeros((1, 1)))
    assert decoded.to_dict("list") == {"amount": [13.0], "size": ["S"]}
