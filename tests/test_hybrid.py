import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from aeanomaly import AutoencoderOutlierDetector
from aeanomaly.fitting.hybrid import suspicious_rows
from aeanomaly.scoring.evaluation import Evaluation
from aeanomaly.scoring.parts import (
    Covariance,
    Marginal,
    Neighbourhood,
    PartRows,
    Surroundings,
    TailScale,
)

SMALL = {"hidden_layer_sizes": (16,), "max_iter": 20, "random_state": 0}


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    return rng.standard_normal((600, 3)) @ rng.standard_normal((3, 8))


@pytest.fixture(scope="module")
def detector(rows):
    return AutoencoderOutlierDetector(**SMALL).fit(rows)


def part_names(detector):
    return [type(scaled.part).__name__ for scaled in detector.scorer_.reduction.parts]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("score_type", ["hybrid", "reconstruction"])
def test_far_points_on_the_manifold_are_flagged_and_ordered(seed, score_type):
    rng = np.random.default_rng(seed)
    direction = rng.standard_normal(10)
    X = rng.standard_normal((2_000, 1)) * direction
    X += 0.1 * rng.standard_normal(X.shape)
    detector = AutoencoderOutlierDetector(
        contamination=0.01, score_type=score_type, random_state=seed
    ).fit(X)
    scores = detector.score_samples(np.array([[5.0], [10.0], [30.0]]) * direction)
    assert (scores < detector.offset_).all()
    assert (np.diff(scores) < 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("score_type", ["hybrid", "reconstruction"])
def test_a_noisy_column_does_not_drown_the_others(score_type):
    rng = np.random.default_rng(0)
    mixing, other_mixing = rng.standard_normal((2, 4, 12))
    normal = rng.standard_normal((3_000, 4)) @ mixing
    normal += 0.2 * rng.standard_normal(normal.shape)
    abnormal = rng.standard_normal((300, 4)) @ other_mixing
    test = np.vstack([normal[2_000:], abnormal])
    labels = np.repeat([0, 1], [1_000, 300])

    def auroc(train, test):
        detector = AutoencoderOutlierDetector(score_type=score_type, random_state=0)
        return roc_auc_score(labels, -detector.fit(train).score_samples(test))

    def with_noise(X):
        # A hundred times the variance of the others.
        return np.column_stack([X, 10 * normal.std() * rng.standard_normal(len(X))])

    before = auroc(normal[:2_000], test)
    assert auroc(with_noise(normal[:2_000]), with_noise(test)) > before - 0.02


def test_the_score_is_the_sum_of_its_cells(detector, rows):
    scorer = detector.scorer_
    for _, evaluation in scorer.model.iter_evaluations(rows[:50]):
        cells = scorer.reduction.cells(evaluation, scorer.encoding)
        statistic = scorer.reduction.statistic(evaluation, scorer.encoding)
        np.testing.assert_allclose(cells.sum(axis=1), statistic, rtol=1e-6)
        assert (cells >= 0).all()


def test_a_copy_of_a_training_row_is_no_neighbour(detector, rows):
    scorer = detector.scorer_
    part = next(
        scaled.part
        for scaled in scorer.reduction.parts
        if isinstance(scaled.part, Neighbourhood)
    )
    encoding = scorer.encoding
    Z = encoding.encode(rows).Z.astype(float)
    of_rows = part.statistic(scorer.model.evaluate(Z), encoding)
    # A rounded copy is none either; a row beside a training row is close to it.
    rounded = part.statistic(scorer.model.evaluate(Z.round(6)), encoding)
    beside = Z + 0.05 * np.random.default_rng(1).standard_normal(Z.shape)
    of_near_rows = part.statistic(scorer.model.evaluate(beside), encoding)
    np.testing.assert_allclose(rounded, of_rows, atol=1e-3)
    assert np.median(of_near_rows) < np.median(of_rows) - 0.5


def test_repeating_training_rows_changes_no_score(rows):
    once = AutoencoderOutlierDetector(**SMALL).fit(rows, sample_weight=np.full(600, 2))
    twice = AutoencoderOutlierDetector(**SMALL).fit(np.repeat(rows, 2, axis=0))
    np.testing.assert_array_equal(once.score_samples(rows), twice.score_samples(rows))


def test_no_references_leaves_out_the_parts_that_keep_training_rows(rows):
    detector = AutoencoderOutlierDetector(n_references=0, **SMALL).fit(rows)
    assert part_names(detector) == ["Residual", "Marginal", "Covariance"]


def test_references_are_bounded(rows):
    detector = AutoencoderOutlierDetector(n_references=50, **SMALL).fit(rows)
    for scaled in detector.scorer_.reduction.parts:
        if isinstance(scaled.part, Neighbourhood | Surroundings):
            assert len(scaled.part.references) == 50


def test_trimming_finds_the_rows_that_are_rare_column_by_column(detector, rows):
    planted = np.vstack([rows, np.full((12, 8), 30.0)])
    encoding = detector.model_.encoding
    Z = encoding.encode(planted).Z
    found = suspicious_rows(Z, np.ones(len(Z)), encoding, 0.05)
    assert found[-12:].all()
    assert found.sum() <= 0.05 * len(planted) + 1


def test_trimmed_training_rows_are_not_learnt():
    rng = np.random.default_rng(0)
    clean = rng.standard_normal((900, 6)) * 0.5
    planted = 6 + 0.1 * rng.standard_normal((45, 6))
    X = np.vstack([clean, planted])
    residual = {}
    for share in (0.0, 0.08):
        detector = AutoencoderOutlierDetector(
            score_type="reconstruction", trim_fraction=share, random_state=0
        ).fit(X)
        residual[share] = -np.median(detector.score_samples(planted))
    assert residual[0.08] > residual[0.0]


def test_tail_scale_is_continuous_and_grows_beyond_the_training_rows():
    statistics = np.random.default_rng(0).exponential(size=500)
    scale = TailScale.fit(statistics, np.ones(500))
    grid = np.linspace(-1, 50, 200_001)
    surprise = scale(grid)
    assert (np.diff(surprise) >= 0).all()
    assert np.diff(surprise).max() < 0.05
    assert (np.diff(scale(np.array([10.0, 20.0, 40.0]))) > 0).all()


def test_tail_scale_gives_minus_the_log_share():
    scale = TailScale.fit(np.arange(1_000.0), np.ones(1_000))
    np.testing.assert_allclose(scale(np.array([899.0])), -np.log(0.1), rtol=0.06)


def test_tail_scale_counts_weights_as_repeats():
    values = np.array([1.0, 2.0, 3.0, 4.0])
    weights = np.array([1.0, 2.0, 1.0, 4.0])
    weighted = TailScale.fit(values, weights)
    repeated = TailScale.fit(np.repeat(values, weights.astype(int)), np.ones(8))
    np.testing.assert_allclose(weighted(values), repeated(values))
    assert (np.diff(weighted(values)) > 0).all()


def test_how_steep_a_tail_scale_is_has_a_bound():
    rng = np.random.default_rng(0)
    # Statistics that all but tie, as float32 rounds them.
    statistics = rng.integers(0, 50, 4_000) + 1e-6 * rng.random(4_000)
    scale = TailScale.fit(statistics, np.ones(4_000))
    assert np.abs(scale(statistics) - scale(statistics + 1e-6)).max() < 1e-5


def test_statistics_that_are_nearly_all_alike_have_a_flat_start():
    statistics = np.r_[np.full(990, 1.0), np.linspace(1.5, 2.0, 10)]
    scale = TailScale.fit(statistics, np.ones(1_000))
    assert abs(scale(np.array([1.0 + 5e-8]))[0] - scale(np.array([1.0]))[0]) < 1e-9
    alike = TailScale.fit(np.full(9, 1.0), np.ones(9), resolution=0.01)
    assert abs(alike(np.array([1.0 + 5e-8]))[0] - alike(np.array([1.0]))[0]) < 1e-9


def test_score_type_selects_the_plain_error(rows):
    detector = AutoencoderOutlierDetector(score_type="reconstruction", **SMALL)
    reduction = detector.fit(rows).scorer_.reduction
    assert type(reduction).__name__ == "Residual"


def test_whole_numbers_on_the_edges_of_bins_fall_in_one_bin_in_either_precision():
    X = np.repeat(np.arange(17.0), 6)[:, None]  # 102 rows, 16 bins
    detector = AutoencoderOutlierDetector(**SMALL).fit(X)
    encoding = detector.model_.encoding
    Z = encoding.encode(X).Z
    marginal = Marginal.of_rows(Z, np.ones(len(Z)), encoding)
    assert marginal.n_bins == 16
    within = slice(6, -6)  # beyond the range a value is more abnormal
    for factor in (1 - 1e-6, 1 + 1e-6):
        np.testing.assert_array_equal(
            marginal.unit_surprise(Z[within] * np.float32(factor), encoding),
            marginal.unit_surprise(Z[within], encoding),
        )


@pytest.mark.parametrize(("n_rows", "n_bins"), [(36, 9), (400, 30), (600, 37)])
def test_small_tables_have_fewer_bins(rows, detector, n_rows, n_bins):
    encoding = detector.model_.encoding
    Z = encoding.encode(rows[:n_rows]).Z
    assert Marginal.of_rows(Z, np.ones(n_rows), encoding).n_bins == n_bins


@pytest.mark.parametrize(("n_rows", "is_seen"), [(40, False), (4_000, True)])
def test_covariance_believes_a_narrow_direction_as_far_as_its_rows_show_it(
    n_rows, is_seen
):
    rng = np.random.default_rng(0)
    Z = rng.standard_normal((n_rows, 3))
    # The third column is the sum of the others but for a hundredth.
    Z[:, 2] = Z[:, 0] + Z[:, 1] + 0.01 * Z[:, 2]
    broken = np.array([[0.5, 0.5, 2.5]], dtype=np.float32)
    every = np.arange(n_rows)
    rows = PartRows(Z.astype(np.float32), np.ones(n_rows), None, every, every, None)
    covariance = Covariance.fit(rows)

    def distance(rows):
        evaluation = Evaluation(rows, rows[None], None, None)
        return covariance.statistic(evaluation, None)

    farthest = distance(Z.astype(np.float32)).max()
    assert (distance(broken)[0] > 2 * farthest) == is_seen
