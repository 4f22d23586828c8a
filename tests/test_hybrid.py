import numpy as np
import pytest
from cases import CHEAP
from sklearn.metrics import roc_auc_score

from aeanomaly import AutoencoderOutlierDetector
from aeanomaly.fitting.hybrid import suspicious_rows
from aeanomaly.fitting.plan import n_references
from aeanomaly.scoring.parts import Extremes, Neighbourhood, Surroundings

SMALL = CHEAP | {"max_iter": 20}


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    return rng.standard_normal((600, 3)) @ rng.standard_normal((3, 5))


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
    assert np.median(of_near_rows) < np.median(of_rows) - 0.3


def test_repeating_training_rows_changes_no_score(rows):
    once = AutoencoderOutlierDetector(**SMALL).fit(rows, sample_weight=np.full(600, 2))
    twice = AutoencoderOutlierDetector(**SMALL).fit(np.repeat(rows, 2, axis=0))
    np.testing.assert_array_equal(once.score_samples(rows), twice.score_samples(rows))


def test_no_references_leaves_out_the_parts_that_keep_training_rows(rows):
    detector = AutoencoderOutlierDetector(n_references=0, **SMALL).fit(rows)
    names = ["Residual", "Marginal", "Extremes", "Covariance", "Relation"]
    assert part_names(detector) == names


def test_references_are_bounded(rows):
    detector = AutoencoderOutlierDetector(n_references=50, **SMALL).fit(rows)
    for scaled in detector.scorer_.reduction.parts:
        if isinstance(scaled.part, Neighbourhood | Surroundings):
            assert len(scaled.part.references) == 50


def test_trimming_finds_the_rows_that_are_rare_column_by_column(detector, rows):
    planted = np.vstack([rows, np.full((12, 5), 30.0)])
    encoding = detector.model_.encoding
    Z = encoding.encode(planted).Z
    found = suspicious_rows(Z, np.ones(len(Z)), encoding, 0.05)
    assert found[-12:].all()
    assert found.sum() <= 0.05 * len(planted) + 1


def test_trimmed_training_rows_are_not_learnt():
    rng = np.random.default_rng(0)
    clean = rng.standard_normal((900, 5)) * 0.5
    planted = 6 + 0.1 * rng.standard_normal((45, 5))
    X = np.vstack([clean, planted])
    long = SMALL | {"max_iter": 40, "batch_size": 64, "score_type": "reconstruction"}
    residual = {}
    for share in (0.0, 0.08):
        detector = AutoencoderOutlierDetector(trim_fraction=share, **long).fit(X)
        residual[share] = -np.median(detector.score_samples(planted))
    assert residual[0.08] > 10 * residual[0.0]


def test_score_type_selects_the_plain_error(rows):
    detector = AutoencoderOutlierDetector(score_type="reconstruction", **SMALL)
    reduction = detector.fit(rows).scorer_.reduction
    assert type(reduction).__name__ == "Residual"


@pytest.mark.parametrize(
    ("n_encoded", "expected"),
    [(1, 2_000), (40, 2_000), (50, 1_600), (62, 1_290), (80, 1_000), (1_555, 1_000)],
)
def test_wide_tables_have_fewer_references(n_encoded, expected):
    assert n_references(AutoencoderOutlierDetector(), n_encoded) == expected


def test_a_number_of_references_is_taken_as_it_is():
    assert n_references(AutoencoderOutlierDetector(n_references=5_000), 1_555) == 5_000


def test_surprises_are_less_and_count_for_more_as_a_part_says(rows):
    class Loud(Extremes):
        discount, factor = 1.0, 3.0

    class Plain(Extremes):
        discount, factor = 0.0, 1.0

    tops = []
    for part in (Plain, Loud):
        fitted = AutoencoderOutlierDetector(**SMALL, score_type=[part]).fit(rows)
        (scaled,) = fitted.scorer_.reduction.parts
        tops.append(scaled.scale.surprises[-1])
    assert tops[1] == pytest.approx(3.0 * (tops[0] - 1.0))
