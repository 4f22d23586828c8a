"""Tests of the frozen scorer: blocks, precision, equality with Keras."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from cases import (
    CHEAP,
    DEFAULT_THEN_OTHERS,
    REGULARISATION,
    first_fast_others_slow,
    make_numbers,
    make_table,
)
from numpy.testing import assert_allclose, assert_array_equal

from aeanomaly import AutoencoderOutlierDetector, AutoencoderTransformer


@pytest.fixture(params=["mixed", "numbers"])
def fitted(request):
    """A detector and 3,000 rows of the kind that it was fitted on."""
    if request.param == "mixed":
        return request.getfixturevalue("detector"), make_table(3_000, seed=1)
    return request.getfixturevalue("number_detector"), make_numbers(3_000, seed=1)


def test_blocks_cover_every_row_once_in_order(fitted):
    detector, rows = fitted
    starts, scores = [], []
    for block, block_scores in detector.scorer_.iter_scores(rows):
        starts.append((block.start, block.stop))
        scores.append(block_scores)
    assert starts[0][0] == 0
    assert starts[-1][1] == len(rows)
    assert all(a[1] == b[0] for a, b in zip(starts, starts[1:], strict=False))
    assert_array_equal(np.concatenate(scores), detector.score_samples(rows))


def test_one_row_scores_alike_alone_and_among_a_few(fitted):
    detector, rows = fitted
    few = rows[:200]
    together = detector.score_samples(few)
    alone = [detector.score_samples(few[i : i + 1])[0] for i in range(0, 200, 20)]
    assert_allclose(alone, together[::20], rtol=1e-6)


# The plain error of large tables is computed in single precision.
@pytest.mark.parametrize(
    ("score_type", "rtol"), [("reconstruction", 1e-5), ("hybrid", 1e-6)]
)
@pytest.mark.parametrize("make_rows", [make_table, make_numbers])
def test_large_tables_score_as_small_ones(score_type, rtol, make_rows):
    detector = AutoencoderOutlierDetector(**CHEAP, score_type=score_type)
    detector.fit(make_rows())
    rows = make_rows(3_000, seed=1)
    small = [detector.score_samples(rows[i : i + 200]) for i in range(0, 3_000, 200)]
    assert_allclose(detector.score_samples(rows), np.concatenate(small), rtol=rtol)


def test_threads_score_as_one(fitted):
    detector, rows = fitted
    rows = rows[:1_000]
    expected = detector.score_samples(rows)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(detector.score_samples, [rows] * 4))
    for result in results:
        assert_array_equal(result, expected)


def test_a_scorer_is_arrays_and_pickles_small(fitted):
    detector, rows = fitted
    scorer = pickle.loads(pickle.dumps(detector.scorer_))
    table = rows.iloc[:50] if hasattr(rows, "iloc") else rows[:50]
    assert_array_equal(
        scorer.score_samples(table), detector.scorer_.score_samples(table)
    )
    assert len(pickle.dumps(scorer)) < 400_000


@pytest.mark.parametrize("architecture", DEFAULT_THEN_OTHERS)
def test_the_keras_model_reproduces_the_scorer(detectors, architecture):
    assert_keras_agrees(detectors(architecture), make_table())


@pytest.mark.parametrize(
    "make_rows", first_fast_others_slow([make_numbers, make_table])
)
def test_the_keras_model_has_normalisation_folded_and_no_dropout(make_rows):
    rows = make_rows()
    transformer = AutoencoderTransformer(**CHEAP, **REGULARISATION)
    assert_keras_agrees(transformer.fit(rows), rows)


def assert_keras_agrees(estimator, rows):
    import keras

    frozen = estimator.model_
    Z = frozen.encoding.encode(rows).Z
    expected = frozen.evaluate(Z)
    model = estimator.to_keras()
    assert isinstance(model, keras.Model)
    output = model(Z, training=False).numpy()
    assert_allclose(output, expected.output.mean(axis=0), rtol=1e-5, atol=1e-5)
    encoder = keras.Model(model.input, model.get_layer("codes").output)
    assert_allclose(encoder(Z).numpy(), expected.codes[0], rtol=1e-5, atol=1e-5)
    for _, group in frozen.encoding.groups:
        assert_allclose(output[:, group].sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize(
    "activation",
    ["relu", "leaky_relu", "elu", "selu", "silu", "tanh", "sigmoid", "linear"],
)
@pytest.mark.slow
def test_every_activation_is_the_one_of_keras(activation, numbers):
    transformer = AutoencoderTransformer(
        **CHEAP, activation=activation, output_activation=activation
    )
    assert_keras_agrees(transformer.fit(numbers), numbers)


def test_the_network_decides_the_score(number_detector, numbers):
    from dataclasses import replace

    scorer = number_detector.scorer_
    decoder = scorer.model.network.decoder
    shifted = replace(decoder[-1], bias=decoder[-1].bias + 3.0)
    network = replace(scorer.model.network, decoder=(*decoder[:-1], shifted))
    worse = replace(scorer, model=replace(scorer.model, network=network))
    assert worse.score_samples(numbers).mean() < scorer.score_samples(numbers).mean()


@pytest.mark.slow
@pytest.mark.parametrize("score_type", ["hybrid", "reconstruction"])
def test_a_pure_noise_column_of_great_variance_does_not_drown_the_others(score_type):
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    normal, test = make_numbers(2_000, seed=1), make_numbers(1_000, seed=2)
    test[:100] = rng.permuted(test[:100], axis=0)
    labels = np.r_[np.full(100, -1), np.ones(900)]

    def area(normal, test):
        detector = AutoencoderOutlierDetector(score_type=score_type, random_state=0)
        return roc_auc_score(labels, detector.fit(normal).score_samples(test))

    def with_noise(rows):
        return np.c_[rows, 10 * rng.standard_normal(len(rows))]

    assert area(with_noise(normal), with_noise(test)) > area(normal, test) - 0.02


@pytest.mark.slow
def test_rows_far_out_along_the_manifold_are_flagged_the_more_the_farther():
    rng = np.random.default_rng(0)
    direction = rng.standard_normal(10)
    normal = rng.standard_normal((2_000, 1)) * direction
    normal += 0.1 * rng.standard_normal(normal.shape)
    detector = AutoencoderOutlierDetector(contamination=0.01, random_state=0)
    far = np.array([5.0, 10.0, 30.0])[:, None] * direction
    for rows in (far, -far):
        detector.fit(normal)
        assert (detector.predict(rows) == -1).all()
        assert (np.diff(detector.score_samples(rows)) < 0).all()
