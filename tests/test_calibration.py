"""Tests of which rows calibrate what: scales, offsets, weights of errors."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from small_rows import (
    category,
    constant_model,
    evaluation,
    multiplying_model,
    numbers,
    part_rows,
)

from aeanomaly import AutoencoderOutlierDetector, QuantileThreshold, Threshold
from aeanomaly.architectures import resolve_architecture
from aeanomaly.fitting.calibration import fit_hybrid, fit_reconstruction
from aeanomaly.fitting.distinct_rows import DistinctRows
from aeanomaly.fitting.hybrid import fit_combination, suspicious_rows
from aeanomaly.fitting.reconstruction import fit_residual
from aeanomaly.fitting.split import FitRows, split_rows
from aeanomaly.scoring.encoding.columns import NumericColumn
from aeanomaly.scoring.encoding.table import TableEncoding
from aeanomaly.scoring.parts import Covariance, Marginal, Residual, ScorePart, TailScale
from aeanomaly.thresholds import ShareThreshold

TEN = np.array([0.0, 0.5, 1.9, 2.0, 2.5, 5.0, 9.0, 9.5, 10.0, 4.0])[:, None]
TEN_WEIGHTS = np.array([1.0, 4.0, 1.0, 2.0, 1.0, 1.0, 3.0, 1.0, 1.0, 5.0])


def combine(Z, parts, *, weights=None, n_references=5, model=None):
    weights = np.ones(len(Z)) if weights is None else weights
    model = multiplying_model(numbers(Z.shape[1]), 0.5) if model is None else model
    rng = np.random.default_rng(0)
    return fit_combination(model, Z, weights, parts, n_references, rng)


def watching_part():
    """A part of the score that keeps what it is shown, and the dict it keeps it in."""
    shown = {}

    class Watching(ScorePart):
        name = "watching"

        @classmethod
        def fit(cls, rows):
            shown["rows"] = rows
            return cls()

        def statistic(self, evaluation, encoding):
            return evaluation.Z[:, 0]

        def unseen_statistic(self, evaluation, encoding):
            shown["calibration"] = evaluation
            return evaluation.Z[:, 0] - 100.0

        def cells(self, evaluation, encoding):
            return np.abs(evaluation.Z)

    return Watching, shown


# --- Scales of the parts ---


def test_every_row_of_a_small_table_calibrates_the_scales_and_the_covariance():
    part, shown = watching_part()
    combine(TEN, [part], n_references=4)
    assert_array_equal(np.sort(shown["calibration"].Z, axis=0), np.sort(TEN, axis=0))
    assert_array_equal(np.sort(shown["rows"].sample), np.arange(10))


def test_a_large_table_is_calibrated_by_10_000_and_sampled_by_20_000_rows_at_random():
    part, shown = watching_part()
    Z = np.arange(30_000.0)[:, None]
    combine(Z, [part])
    for positions, n_rows in (
        (shown["calibration"].Z[:, 0], 10_000),
        (shown["rows"].sample, 20_000),
    ):
        assert len(np.unique(positions)) == len(positions) == n_rows
        assert_allclose(np.mean(positions), 15_000, rtol=0.02)


def test_references_are_so_many_distinct_rows_at_random():
    part, shown = watching_part()
    combine(np.arange(3_000.0)[:, None], [part], n_references=1_000)
    references = shown["rows"].references
    assert len(np.unique(references)) == len(references) == 1_000
    assert_allclose(references.mean(), 1_500, rtol=0.05)


def test_a_scale_is_that_of_the_statistics_as_if_unseen_by_their_weight():
    part, _ = watching_part()
    (scaled,) = combine(TEN, [part], weights=TEN_WEIGHTS).parts
    expected = TailScale.fit(TEN[:, 0] - 100.0, TEN_WEIGHTS)
    assert_array_equal(scaled.scale.values, expected.values)
    assert_allclose(scaled.scale.surprises, expected.surprises)
    assert scaled.scale.spread == expected.spread


def test_the_residuals_scale_is_that_of_the_networks_errors():
    (scaled,) = combine(TEN, [Residual]).parts
    expected = TailScale.fit((0.5 * TEN[:, 0]) ** 2, np.ones(10))
    assert_allclose(scaled.scale.values, expected.values)
    assert_allclose(scaled.scale.surprises, expected.surprises)


def test_the_marginals_scale_is_that_of_rows_taken_out_of_their_own_bins():
    (scaled,) = combine(TEN, [Marginal]).parts
    # Five bins of width 2 hold 3, 2, 2, 0 and 3 rows; less the row itself, of nine.
    shares = np.repeat([3, 2, 2, 3], [3, 2, 2, 3]) / 14
    expected = TailScale.fit(-np.log(5 * shares), np.ones(10))
    assert_allclose(scaled.scale.values, expected.values, rtol=1e-6)
    assert_allclose(scaled.scale.surprises, expected.surprises)


def test_parts_are_fitted_to_the_rows_and_their_weights():
    Z = np.random.default_rng(0).standard_normal((10, 2))
    (scaled,) = combine(Z, [Covariance], weights=TEN_WEIGHTS).parts
    alone = Covariance.fit(part_rows(Z, numbers(2), weights=TEN_WEIGHTS))
    assert_allclose(scaled.part.center, alone.center, rtol=1e-5)
    assert_allclose(scaled.part.precision, alone.precision, rtol=1e-4, atol=1e-6)


def test_the_parts_are_combined_by_a_power_of_five():
    part, _ = watching_part()
    Z = np.column_stack([TEN, TEN[::-1]])
    combination = combine(Z, [part, Residual])
    asked = evaluation(Z, 0.5 * Z)
    surprises = [
        scaled.scale(scaled.part.statistic(asked, numbers(2)))
        for scaled in combination.parts
    ]
    by_hand = ((surprises[0] ** 5 + surprises[1] ** 5) / 2) ** (1 / 5)
    assert_allclose(combination.statistic(asked, numbers(2)), by_hand)


def test_what_is_expected_comes_from_the_first_part_that_uses_the_other_columns():
    Z = np.random.default_rng(0).standard_normal((10, 2))
    combination = combine(Z, [Residual, Covariance, Marginal])
    covariance = combination.parts[1].part
    asked = evaluation(Z, 0.5 * Z)
    assert_array_equal(
        combination.expected(asked, numbers(2)), covariance.expected(asked, numbers(2))
    )
    without = combine(Z, [Residual, Marginal]).expected(asked, numbers(2))
    assert_array_equal(without, 0.5 * Z)


# --- Rows that the networks do not see ---


def test_a_row_is_suspicious_for_being_rare_among_the_others():
    encoding = TableEncoding((category("a", *"abc"), category("b", *"pq")), named=True)
    levels = [(0, 0)] + [(1, 1)] * 3 + [(2, 0)] * 7
    Z = np.array([[*np.eye(3)[a], *np.eye(2)[b]] for a, b in levels])
    # Beside the others the first row's levels stand 0 and 7 times, those of the next
    # three 2 and 2 times. Counted with themselves those three were the rarer ones.
    found = suspicious_rows(Z, np.ones(11), encoding, share=0.09)
    assert_array_equal(np.flatnonzero(found), [0])


def test_at_most_the_share_of_the_rows_is_suspicious():
    rows = np.random.default_rng(0).standard_normal((100, 3))
    for share in (0.0, 0.08, 0.3):
        n_found = suspicious_rows(rows, np.ones(100), numbers(3), share).sum()
        assert n_found == round(100 * share)


def split(n_rows, share):
    Z = np.zeros((n_rows, 1))
    rows = DistinctRows(Z, np.ones(n_rows), n_rows)
    return split_rows(rows, Z, share, np.random.default_rng(0))


def test_a_share_of_the_rows_is_held_out_of_training_at_random():
    rows = split(200, 0.1)
    assert rows.holds_out
    assert len(rows.held_out) == 20
    every = np.concatenate([np.flatnonzero(rows.training_weights[0]), rows.held_out])
    assert_array_equal(np.sort(every), np.arange(200))
    assert_allclose(rows.held_out.mean(), 100, atol=30)


def test_where_fewer_than_five_rows_would_be_held_out_all_rows_are_both():
    assert len(split(46, 0.1).held_out) == 5
    few = split(44, 0.1)
    assert not few.holds_out
    assert_array_equal(few.training_weights, np.ones((1, 44)))
    assert_array_equal(few.held_out, np.arange(44))


def test_copies_of_a_frequent_row_are_on_both_sides():
    weights = np.r_[np.ones(100), 600.0, 300.0]
    rows = DistinctRows(np.zeros((102, 1)), weights, 1_000)
    found = split_rows(rows, rows.table, 0.1, np.random.default_rng(0))
    assert_array_equal(found.held[0, -2:], [60, 30])
    assert found.held[0, :-2].sum() == 10
    assert_array_equal(found.training_weights[0] + found.held_out_weights, weights)


def test_folds_hold_out_a_quarter_each_and_no_row_twice():
    rows = DistinctRows(np.zeros((200, 1)), np.ones(200), 200)
    found = split_rows(rows, rows.table, 0.1, np.random.default_rng(0), n_folds=2)
    assert_array_equal(found.held.sum(axis=1), [50, 50])
    assert found.held.sum(axis=0).max() == 1
    five = split_rows(rows, rows.table, 0.1, np.random.default_rng(0), n_folds=5)
    assert_array_equal(five.held.sum(axis=1), np.full(5, 40))


@pytest.mark.parametrize(
    ("n_rows", "n_columns", "sizes"),
    [
        (200, 99, [50, 50]),
        (200, 100, [67]),
        (12_000, 6_000, [1_200]),
    ],
)
def test_a_third_of_up_to_twice_as_many_rows_as_columns_is_one_fold(
    n_rows, n_columns, sizes
):
    rows = DistinctRows(np.zeros((n_rows, 1)), np.ones(n_rows), n_rows)
    rng = np.random.default_rng(0)
    found = split_rows(rows, rows.table, 0.1, rng, 2, n_columns=n_columns)
    assert_array_equal(found.held.sum(axis=1), sizes)
    assert found.apart == (len(sizes) == 1)
    assert found.are_many == (n_rows >= 10_000)
    assert not split_rows(rows, rows.table, 0.0, rng, 2, n_columns=n_columns).apart


@pytest.mark.parametrize(("n_rows", "n_folds"), [(9_990, 2), (10_010, 1)])
@pytest.mark.parametrize("score_type", ["hybrid", "reconstruction"])
def test_no_part_of_a_score_has_seen_the_rows_that_calibrate(
    n_rows, n_folds, score_type
):
    fitted, asked = [], []

    class Watching(ScorePart):
        """Remembers the rows that it was fitted to, and those that were scored."""

        name = "watching"

        @classmethod
        def fit(cls, rows):
            fitted.append(set(map(tuple, rows.Z)))
            return cls()

        def statistic(self, evaluation, encoding):
            asked.append((len(fitted), len(evaluation.output), evaluation.Z))
            return evaluation.Z[:, 0]

        def cells(self, evaluation, encoding):
            return np.abs(evaluation.Z)

    Z = np.random.default_rng(0).standard_normal((n_rows, 2))
    distinct = DistinctRows(Z, np.ones(n_rows), n_rows)
    rows = split_rows(distinct, Z, 0.1, np.random.default_rng(1), n_folds=2)
    assert rows.n_folds == n_folds
    model = multiplying_model(numbers(2), 0.5, 0.6)
    rng = np.random.default_rng(2)
    if score_type == "reconstruction":
        calibrated = fit_reconstruction(model, rows)
        # Of many rows every second one weighs the columns.
        expected = {1: 500, 2: 2 * round(0.25 * n_rows)}[n_folds]
        assert calibrated.weights.sum() == pytest.approx(expected, abs=1)
        return
    calibrated = fit_hybrid(model, rows, [Watching], 100, rng)
    assert len(calibrated.scores) == len(rows.held_out)
    assert len(fitted) == (1 if n_folds == 1 else 3)
    for seen, held in zip(fitted, rows.held, strict=False):
        assert seen.isdisjoint(map(tuple, Z[held > 0]))
    assert len(fitted[-1]) == (n_rows if n_folds == 2 else n_rows - len(rows.held_out))
    assert {n_members for _, n_members, _ in asked} == ({2} if n_folds == 1 else {1, 2})


def test_each_fold_is_scored_by_the_networks_that_did_not_see_it():
    Z = np.arange(1.0, 41.0)[:, None]
    distinct = DistinctRows(Z, np.ones(40), 40)
    rows = split_rows(distinct, Z, 0.25, np.random.default_rng(0), n_folds=2)
    # Errors of a half of the value, and of all of it.
    model = multiplying_model(numbers(1), 0.5, 0.0)
    calibrated = fit_reconstruction(model, rows)
    first, second = (Z[held > 0, 0] for held in rows.held)
    errors = 0.25 * first**2, second**2
    # Each fold is weighed by the variance of the other's errors, and made as great as
    # those of the mean of both networks, by what three quarters of ten are at most.
    usual = np.array([np.sort(of_fold)[7] for of_fold in errors])
    assert len(errors[0]) == len(errors[1]) == 10
    alike = usual.mean() / usual
    weighed = [errors[0] / errors[1].mean(), errors[1] / errors[0].mean()]
    by_hand = [-0.5 * w * f for w, f in zip(weighed, alike, strict=True)]
    assert_allclose(calibrated.scores, np.concatenate(by_hand), rtol=1e-5)
    both = np.concatenate(errors).mean()
    assert_allclose(calibrated.reduction.weights, 0.5 / both, rtol=1e-5)


# --- The residual's weights ---


def fit_rows(Z, weights, held_out=()):
    Z = np.asarray(Z, dtype=float)
    rows = DistinctRows(Z, np.asarray(weights, dtype=float), len(Z))
    held = np.zeros((1, len(Z)))
    held[0, list(held_out)] = rows.weights[list(held_out)]
    return FitRows(rows, Z, held)


def test_errors_are_weighed_by_one_half_over_their_mean_square_on_held_out_rows():
    Z = [[50.0, 1.0], [60.0, 2.0], [1.0, 2.0], [2.0, 3.0], [3.0, 4.0]]
    rows = fit_rows(Z, [9, 9, 1, 2, 1], held_out=[2, 3, 4])
    model = multiplying_model(numbers(2), 0.5, 2.0)
    # Members err by half of the value and by the whole of it.
    mean_square = np.array([1 + 8 + 9, 4 + 18 + 16]) / 4 * (0.25 + 1) / 2
    residual = fit_residual(model, rows)
    assert_allclose(residual.weights, 0.5 / mean_square, rtol=1e-6)


def test_an_error_below_a_tenth_of_a_deviation_is_weighed_as_one_of_a_tenth():
    Z = [[0.5, 3.0]] * 5
    rows = fit_rows(Z, np.ones(5))
    model = multiplying_model(numbers(2), 0.9)
    residual = fit_residual(model, rows)
    # Errors of 0.05 and of 0.3 deviations.
    assert_allclose(residual.weights, [0.5 / 0.1**2, 0.5 / 0.3**2], rtol=1e-5)


def test_the_cross_entropy_of_a_category_is_weighed_as_it_is():
    import pandas as pd

    encoding = TableEncoding(
        (NumericColumn("amount", 0.0, 1.0), category("size", "L", "S")), named=True
    )
    table = pd.DataFrame({"amount": [1.0, 2.0], "size": ["L", "S"]})
    Z = encoding.encode(table).Z
    rows = FitRows(DistinctRows(table, np.ones(2), 2), Z, np.zeros((1, 2)))
    residual = fit_residual(constant_model(encoding, [0.0, 1.0, 1.0]), rows)
    assert_allclose(residual.weights, [0.5 / 2.5, 1.0])


# --- The threshold ---


class Untrained(AutoencoderOutlierDetector):
    """A detector of one column whose network halves, and whose rows are given.

    The last four of them do not train it.
    """

    def _fit_model(self, X, sample_weight, rng, **how):
        self.architecture_ = resolve_architecture(self.architecture)
        self.model_ = multiplying_model(numbers(1), 0.5)
        self.n_features_in_ = 1
        return fit_rows(X, sample_weight, range(len(X) - 4, len(X)))


TRAINING = [[1.0], [8.0], [2.0], [9.0], [2.5], [0.5]]
HELD_OUT = [[3.0], [5.0], [4.0], [6.0]]
WEIGHTS = np.array([3.0, 1.0, 1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 5.0])


def fit_untrained(**parameters):
    detector = Untrained(score_type="reconstruction", **parameters)
    return detector.fit(TRAINING + HELD_OUT, sample_weight=WEIGHTS)


class Remembering(Threshold):
    """A rule that remembers what it was shown."""

    shown = None

    def offset(self, scores, weights):
        Remembering.shown = scores, weights
        return -1.5


def expected_scores(detector, rows):
    (weight,) = detector.scorer_.reduction.weights
    return -weight * (0.5 * np.array(rows)[:, 0]) ** 2


@pytest.mark.parametrize("fit", ["fit", "partial_fit"])
def test_a_threshold_rule_is_shown_the_held_out_rows_and_their_weights(fit):
    detector = Untrained(score_type="reconstruction", threshold=Remembering())
    getattr(detector, fit)(TRAINING + HELD_OUT, sample_weight=WEIGHTS)
    scores, weights = Remembering.shown
    assert_allclose(scores, expected_scores(detector, HELD_OUT))
    assert_array_equal(weights, WEIGHTS[-4:])
    assert detector.offset_ == -1.5


def test_without_any_choice_held_out_rows_promise_one_percent():
    with pytest.warns(UserWarning, match="1 % cannot be promised from 8 rows"):
        detector = fit_untrained()
    scores = np.repeat(expected_scores(detector, HELD_OUT), [1, 1, 1, 5])
    offset = QuantileThreshold(quantile=0.01).offset(scores, np.ones(8))
    assert_allclose(detector.offset_, offset)


def test_contamination_is_the_share_of_all_training_rows_below_the_offset():
    detector = fit_untrained(contamination=0.05)
    scores = expected_scores(detector, TRAINING + HELD_OUT)
    repeated = np.repeat(scores, WEIGHTS.astype(int))
    # None of 17 may be flagged: a share of 5 % is 0.85 rows.
    assert detector.offset_ < repeated.min()
    assert_allclose(detector.offset_, repeated.min(), rtol=1.1e-4)


@pytest.mark.parametrize(
    ("parameters", "rule"),
    [
        ({}, QuantileThreshold()),
        ({"contamination": 0.3}, ShareThreshold(share=0.3)),
        (
            {"threshold": QuantileThreshold(quantile=0.4)},
            QuantileThreshold(quantile=0.4),
        ),
    ],
)
def test_fit_threshold_applies_the_rule_to_the_rows_it_is_given(parameters, rule):
    detector = fit_untrained(**parameters)
    given = np.arange(20.0)[:, None]
    detector.fit_threshold(given)
    scores = expected_scores(detector, given)
    assert_allclose(detector.offset_, rule.offset(scores, np.ones(20)))


def test_a_row_is_an_outlier_if_its_score_is_less_than_the_offset():
    detector = fit_untrained()
    (detector.offset_,) = detector.score_samples([[5.0]])
    assert_array_equal(detector.predict([[4.9], [5.0], [5.1]]), [1, 1, -1])
    decision = detector.decision_function([[4.0]])
    assert_allclose(decision, detector.score_samples([[4.0]]) - detector.offset_)
