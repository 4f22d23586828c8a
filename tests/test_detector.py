"""Tests of AutoencoderOutlierDetector: scores, labels, threshold, training."""

import copy
import pickle
import random
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from cases import (
    ARCHITECTURES,
    CHEAP,
    REGULARISATION,
    first_fast_others_slow,
    make_numbers,
    make_table,
)
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.utils._param_validation import InvalidParameterError

import aeanomaly
from aeanomaly import (
    AutoencoderOutlierDetector,
    Denoising,
    QuantileThreshold,
    Sparse,
    Threshold,
)
from aeanomaly.exceptions import TrainingError


def make(**parameters):
    return AutoencoderOutlierDetector(**(CHEAP | parameters))


def weights_of(detector):
    network = detector.model_.network
    return [
        np.concatenate([layer.kernel.ravel(), layer.bias.ravel()])
        for layer in (*network.encoder, *network.decoder)
    ]


# --- Scores -------------------------------------------------------------------------


def test_scores_are_float64_one_for_each_row(detector, table):
    scores = detector.score_samples(table)
    assert scores.dtype == np.float64
    assert scores.shape == (len(table),)
    assert np.isfinite(scores).all()


def test_rows_far_from_all_others_score_lowest(number_detector, numbers):
    far = numbers[:3].copy()
    far[:, 0] += 100.0
    assert number_detector.score_samples(far).max() < min(
        number_detector.score_samples(numbers)
    )


def test_predict_is_the_sign_of_the_decision_function(detector, table):
    decision = detector.decision_function(table)
    assert_allclose(decision, detector.score_samples(table) - detector.offset_)
    assert_array_equal(detector.predict(table), np.where(decision < 0, -1, 1))


def test_fit_predict_equals_fit_then_predict(numbers):
    labels = make(contamination=0.1).fit_predict(numbers)
    assert_array_equal(labels, make(contamination=0.1).fit(numbers).predict(numbers))
    assert set(labels) == {-1, 1}


@pytest.mark.parametrize("method", ["score_samples", "predict", "score_frame"])
def test_an_unfitted_detector_says_so(method, numbers):
    with pytest.raises(NotFittedError, match="AutoencoderOutlierDetector"):
        getattr(make(), method)(numbers)


def test_score_frame_keeps_the_index_and_agrees_with_the_other_methods(detector, table):
    shown = table.set_index(np.arange(len(table))[::-1] * 10)
    frame = detector.score_frame(shown)
    assert list(frame.columns[:2]) == ["score", "is_outlier"]
    assert_array_equal(frame.index, shown.index)
    assert_array_equal(frame["score"], detector.score_samples(table))
    assert_array_equal(frame["is_outlier"], detector.predict(table) == -1)


def test_scores_do_not_depend_on_the_rows_beside(detector):
    table = make_table(5_000, seed=1)
    together = detector.score_samples(table)
    for n_rows in (1, 7, 150, 5_000):
        alone = detector.score_samples(table[:n_rows])
        # The tail scale of the hybrid score may multiply what float32 rounds.
        assert_allclose(alone, together[:n_rows], rtol=1e-4)


def test_scores_do_not_depend_on_the_order_of_the_rows(detector, table, rng):
    order = rng.permutation(len(table))
    assert_allclose(
        detector.score_samples(table.iloc[order]),
        detector.score_samples(table)[order],
        rtol=1e-5,
    )


# --- Fits ---------------------------------------------------------------------------


@pytest.mark.parametrize("make_rows", [make_numbers, make_table])
def test_row_order_and_repeats_as_weights_give_equal_fits(make_rows, rng):
    rows = pd.DataFrame(make_rows())
    counts = rng.integers(0, 4, len(rows))
    repeated = rows.loc[np.repeat(rows.index, counts)].sample(frac=1, random_state=0)
    weighted = make().fit(rows, sample_weight=counts)
    assert_allclose(
        make().fit(repeated).score_samples(rows),
        weighted.score_samples(rows),
        rtol=1e-6,
    )
    assert_allclose(make().fit(repeated).offset_, weighted.offset_, rtol=1e-6)


def test_a_weight_changes_the_fit(numbers):
    weights = np.ones(len(numbers))
    weights[:20] = 30.0
    plain = make().fit(numbers).score_samples(numbers)
    heavy = make().fit(numbers, sample_weight=weights).score_samples(numbers)
    assert not np.allclose(plain, heavy, rtol=1e-3)


def test_weights_without_a_positive_one_are_an_error(numbers):
    # Newer versions of scikit-learn say it first, in words of their own.
    message = "No row has a positive sample_weight|Sample weights must contain at least"
    with pytest.raises(ValueError, match=message):
        make().fit(numbers, sample_weight=np.zeros(len(numbers)))


def test_one_seed_gives_one_result_whatever_was_fitted_before(numbers):
    first = make().fit(numbers).score_samples(numbers)
    make(random_state=3, architecture="undercomplete", n_estimators=1).fit(numbers[:50])
    make(random_state=4, max_iter=2).fit(numbers)
    assert_array_equal(make().fit(numbers).score_samples(numbers), first)
    other = make(random_state=1).fit(numbers).score_samples(numbers)
    assert not np.allclose(other, first, rtol=1e-3)


def test_a_random_state_object_is_drawn_from(numbers):
    def fitted(state):
        return make(random_state=state).fit(numbers).score_samples(numbers)

    state = np.random.RandomState(0)  # noqa: NPY002 - what scikit-learn users pass
    first, second = fitted(state), fitted(state)
    assert not np.allclose(first, second, rtol=1e-3)
    assert_array_equal(first, fitted(np.random.RandomState(0)))  # noqa: NPY002


# Noise, dropout, initial weights and the order of the rows are drawn.
RANDOM = [
    {},
    {"architecture": "undercomplete", "n_estimators": 1, **REGULARISATION},
]


@pytest.mark.slow
@pytest.mark.parametrize("parameters", RANDOM, ids=["noise", "dropout"])
@pytest.mark.parametrize("random_state", [None, 0])
def test_global_random_states_are_neither_changed_nor_read(
    numbers, random_state, parameters
):
    import tensorflow as tf

    def draws_around(action):
        saved = random.getstate(), np.random.get_state()  # noqa: NPY002
        random.seed(5)
        np.random.seed(5)  # noqa: NPY002
        tf.random.set_seed(5)
        action()
        drawn = random.random(), np.random.rand(), tf.random.uniform(()).numpy()  # noqa: NPY002
        random.setstate(saved[0])
        np.random.set_state(saved[1])  # noqa: NPY002
        return drawn

    def use():
        detector = make(random_state=random_state, **parameters)
        detector.fit(numbers).predict(numbers)

    assert draws_around(use) == draws_around(lambda: None)


@pytest.mark.parametrize(
    "parameters", first_fast_others_slow(RANDOM), ids=["noise", "dropout"]
)
def test_the_global_seeds_do_not_move_a_seeded_fit(numbers, parameters):
    import tensorflow as tf

    def fitted(seed):
        random.seed(seed)
        tf.random.set_seed(seed)
        return make(**parameters).fit(numbers).score_samples(numbers)

    saved = random.getstate()
    assert_array_equal(fitted(1), fitted(2))
    random.setstate(saved)


def test_fewer_rows_than_a_batch_train(numbers):
    detector = make(batch_size=512).fit(numbers[:12])
    assert detector.n_iter_ == 5
    assert np.isfinite(detector.score_samples(numbers)).all()


@pytest.mark.parametrize("verbose", [0, 1])
def test_only_verbose_training_writes_and_to_standard_error(numbers, capfd, verbose):
    make(verbose=verbose).fit(numbers).predict(numbers)
    out, err = capfd.readouterr()
    assert out == ""
    assert ("epoch 5/5" in err) if verbose else err == ""


def test_history_has_the_losses_of_every_epoch(numbers):
    detector = make(max_iter=4).fit(numbers)
    assert detector.n_iter_ == 4
    assert [len(detector.history_[name]) for name in ("loss", "val_loss")] == [4, 4]
    without = make(validation_fraction=0).fit(numbers).history_
    assert not any(name.startswith("val_") for name in without)


def test_training_lowers_the_loss(numbers):
    history = make(max_iter=60, batch_size=50).fit(numbers).history_
    assert history["loss"][-1] < 0.5 * history["loss"][0]
    assert history["val_loss"][-1] < 0.5 * history["val_loss"][0]


def test_early_stopping_stops_and_keeps_the_best_epoch(numbers):
    def stopped(max_iter, **parameters):
        # A rate this high soon makes the loss worse again.
        return make(
            architecture="undercomplete",
            max_iter=max_iter,
            learning_rate="constant",
            learning_rate_init=0.3,
            n_estimators=1,
            **parameters,
        ).fit(numbers)

    detector = stopped(200, early_stopping=True, n_iter_no_change=3)
    losses = detector.history_["val_loss"]
    best = int(np.argmin(losses))
    assert detector.n_iter_ == len(losses) < 200
    assert best < detector.n_iter_ - 1
    # Without early stopping, a fit that ends at that epoch has the same weights.
    ended_there = stopped(best + 1)
    for kept, expected in zip(
        weights_of(detector), weights_of(ended_there), strict=True
    ):
        assert_allclose(kept, expected, rtol=1e-6)


# --- The threshold --------------------------------------------------------------------


@pytest.mark.parametrize("contamination", [0.01, 0.1, 0.3, 0.5])
def test_contamination_is_the_share_of_the_training_rows_flagged(contamination):
    numbers = make_numbers(1_000)
    labels = make(contamination=contamination).fit_predict(numbers)
    assert np.mean(labels == -1) == pytest.approx(contamination, abs=0.002)


def test_the_quantile_rule_flags_its_share_of_fresh_normal_rows():
    rule = QuantileThreshold(quantile=0.1)
    detector = make(threshold=rule, score_type="reconstruction")
    detector.fit(make_numbers(4_000, seed=1))
    flagged = np.mean(detector.predict(make_numbers(4_000, seed=2)) == -1)
    # 400 held-out rows put the cut: three standard errors are 4.5 %.
    assert flagged == pytest.approx(0.1, abs=0.045)


@pytest.mark.slow
@pytest.mark.parametrize("score_type", ["hybrid", "reconstruction"])
def test_a_few_missing_cells_hide_no_outliers(score_type):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2_000, 3)) @ rng.normal(size=(3, 8))
    X += 0.3 * rng.normal(size=X.shape)
    X[:60] += rng.choice([-8.0, 8.0], size=(60, 1))
    X[rng.random(X.shape) < 0.02] = np.nan
    train, test = X[::2], X[1::2]
    detector = make(score_type=score_type, max_iter=30).fit(train)
    lowest = np.argsort(detector.score_samples(test))[:30]
    assert np.mean(lowest < 30) > 0.8


@pytest.mark.slow
@pytest.mark.parametrize("score_type", ["hybrid", "reconstruction"])
def test_rows_of_coming_months_are_flagged_no_more_often_for_their_date(score_type):
    def month(start):
        rng = np.random.default_rng(0)
        minutes = pd.to_timedelta(rng.integers(0, 30 * 24 * 60, 2_000), unit="min")
        return pd.DataFrame(
            {"time": pd.Timestamp(start) + minutes, "amount": rng.gamma(2, 50, 2_000)}
        )

    rule = QuantileThreshold(quantile=0.05)
    detector = make(score_type=score_type, threshold=rule, max_iter=30)
    detector.fit(month("2025-01-01"))
    assert np.mean(detector.predict(month("2025-03-05")) < 0) < 0.15
    assert (detector.predict(month("1900-01-01")) < 0).all()
    assert (detector.predict(month("2099-01-01")) < 0).all()


def test_contamination_and_threshold_together_are_an_error_before_training(numbers):
    detector = make(contamination=0.01, threshold=QuantileThreshold())
    with pytest.raises(ValueError, match="are both set") as caught:
        detector.fit(numbers)
    assert str(caught.value) == (
        "contamination=0.01 and threshold=QuantileThreshold() are both set. Pass only "
        "one: contamination for a share of the training rows, threshold for any other "
        "rule."
    )
    assert not hasattr(detector, "scorer_")


def test_fit_threshold_changes_the_offset_and_nothing_else(numbers):
    detector = make(threshold=QuantileThreshold(quantile=0.1)).fit(numbers)
    detector.predict(numbers)  # what scoring remembers
    before, offset = pickle.dumps(rest_of(detector)), detector.offset_
    fresh = make_numbers(300, seed=9)
    assert detector.fit_threshold(fresh) is detector
    assert np.mean(detector.predict(fresh) == -1) == pytest.approx(0.1, abs=0.005)
    assert detector.offset_ != offset
    assert pickle.dumps(rest_of(detector)) == before


def rest_of(detector):
    """What a detector is besides its threshold."""
    own = {"offset_", "threshold_"}
    return {name: value for name, value in vars(detector).items() if name not in own}


class LowestScore(Threshold):
    """A rule as a user writes one."""

    def offset(self, scores, weights):
        return float(scores.min())


def test_a_users_own_rule_sets_the_offset(numbers):
    detector = make(threshold=LowestScore(), validation_fraction=0).fit(numbers)
    assert detector.offset_ == detector.score_samples(numbers).min()
    assert (detector.predict(numbers) == 1).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"contamination": 0.9}, r"'contamination' parameter .* Got 0\.9 instead"),
        ({"threshold": "median"}, r"'threshold' parameter .* Got 'median' instead"),
        ({"architecture": "deep"}, r"'architecture' parameter .* Got 'deep' instead"),
        ({"architecture": Sparse(weight=-1)}, r"'weight' parameter of Sparse"),
        ({"latent_dim": 0}, r"'latent_dim' parameter .* Got 0 instead"),
        ({"hidden_layer_sizes": (8, 0)}, r"'hidden_layer_sizes' .* positive integers"),
        ({"max_iter": 0}, r"'max_iter' parameter .* Got 0 instead"),
        ({"validation_fraction": 1.0}, r"'validation_fraction' .* Got 1\.0 instead"),
        ({"threshold": QuantileThreshold(quantile=2)}, r"'quantile' parameter of Quan"),
    ],
)
def test_wrong_parameters_are_named_with_what_came(parameters, message, numbers):
    with pytest.raises(ValueError, match=message) as caught:
        make(**parameters).fit(numbers)
    if "hidden_layer_sizes" not in parameters:
        assert isinstance(caught.value, InvalidParameterError)


# --- Copies and searches --------------------------------------------------------------


@pytest.mark.parametrize(
    "copied",
    [
        lambda detector, path: pickle.loads(pickle.dumps(detector)),
        lambda detector, path: copy.deepcopy(detector),
        lambda detector, path: joblib.load(joblib.dump(detector, path / "model")[0]),
    ],
    ids=["pickle", "deepcopy", "joblib"],
)
def test_copies_give_bit_equal_scores(detector, table, copied, tmp_path):
    again = copied(detector, tmp_path)
    assert_array_equal(again.score_samples(table), detector.score_samples(table))
    assert again.offset_ == detector.offset_
    assert again.get_params() == detector.get_params()


def test_clone_and_set_params_reach_into_the_architecture(number_detector):
    detector = make(architecture=Denoising(noise="swap"), threshold=QuantileThreshold())
    copied = clone(detector)
    copied.set_params(architecture__noise_level=0.3, threshold__quantile=0.05)
    assert copied.architecture.noise_level == 0.3
    assert copied.threshold.quantile == 0.05
    assert detector.architecture.noise_level == "auto"
    assert not hasattr(clone(number_detector), "scorer_")


def test_get_params_makes_an_equal_detector():
    detector = make(architecture=Sparse(weight=0.1), n_estimators=3)
    again = AutoencoderOutlierDetector(**detector.get_params(deep=False))
    assert repr(again) == repr(detector)


def test_fit_leaves_the_parameters_alone(numbers):
    architecture, threshold = Sparse(weight=0.1), QuantileThreshold(quantile=0.2)
    detector = make(architecture=architecture, threshold=threshold, n_estimators=1)
    before = repr(detector.get_params())
    detector.fit(numbers)
    assert repr(detector.get_params()) == before
    assert detector.architecture is architecture
    assert detector.architecture_ is not architecture


def labelled():
    """Two clusters of outliers among normal rows, labels as predict gives them."""
    numbers = make_numbers(240)
    labels = np.ones(len(numbers), dtype=int)
    labels[::12] = -1
    numbers[::12, 0] += 8.0
    return numbers, labels


@pytest.mark.slow
def test_a_search_finds_the_latent_size_with_labels():
    numbers, labels = labelled()
    search = GridSearchCV(
        make(max_iter=30, batch_size=32),
        {"latent_dim": [1, 2]},
        scoring="roc_auc",
        cv=StratifiedKFold(2),
    ).fit(numbers, labels)
    assert search.best_score_ > 0.9
    scores = search.decision_function(numbers)
    assert roc_auc_score(labels, scores) == pytest.approx(search.score(numbers, labels))


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_search_runs_in_two_processes_with_every_architecture(architecture):
    numbers, labels = labelled()
    search = GridSearchCV(
        make(architecture=architecture),
        {"latent_dim": [1, 2]},
        scoring="roc_auc",
        cv=StratifiedKFold(2),
        n_jobs=2,
    ).fit(numbers, labels)
    one_process = clone(search).set_params(n_jobs=1).fit(numbers, labels)
    assert_allclose(
        search.cv_results_["mean_test_score"],
        one_process.cv_results_["mean_test_score"],
        atol=1e-3,
    )


@pytest.mark.parametrize("optimizer", first_fast_others_slow(["adam", "sgd"]))
def test_diverged_training_is_an_error_with_a_remedy(optimizer, numbers):
    detector = AutoencoderOutlierDetector(
        **CHEAP | {"max_iter": 60}, optimizer=optimizer, learning_rate_init=1e5
    )
    with pytest.raises(
        TrainingError,
        match=r"The training diverged: its loss or its weights are not finite from "
        r"epoch \d+ on\. Pass a lower learning_rate_init than 100000\.0, or scale",
    ):
        detector.fit(numbers)
    assert not hasattr(detector, "offset_")


# Decisions without training.


def test_p_values_and_flags_agree(detector, table):
    p_values = detector.p_values(table)
    flagged = detector.predict(table) == -1
    assert ((p_values <= 0.01) == flagged).all()
    frame = detector.score_frame(table, reasons=1, p_values=True)
    assert list(frame.columns) == ["score", "is_outlier", "p_value", "reason_1"]
    assert (frame["p_value"] == p_values).all()


def test_severity_and_flags_agree(detector, table):
    severity = detector.severity(table)
    assert ((severity >= 99) == (detector.predict(table) == -1)).all()
    ranked = severity[np.argsort(detector.score_samples(table))]
    assert (np.diff(ranked) <= 0).all()
    frame = detector.score_frame(table, reasons=1, p_values=True, severity=True)
    assert list(frame.columns)[2:] == ["p_value", "severity", "reason_1"]
    assert (frame["severity"] == severity).all()


def test_random_p_values_lie_below_and_repeat_themselves(detector, table):
    random = detector.p_values(table, random_state=3)
    assert (random <= detector.p_values(table)).all()
    assert (random == detector.p_values(table, random_state=3)).all()


def test_labels_of_either_coding_set_the_same_threshold(detector, table):
    is_bad = np.arange(len(table)) % 10 == 3
    before = pickle.dumps(detector.scorer_.reduction)
    again = copy.deepcopy(detector)
    offsets = [
        again.fit_threshold(table, y, threshold="f_beta").offset_
        for y in (is_bad, is_bad.astype(int), np.where(is_bad, -1, 1))
    ]
    assert len(set(offsets)) == 1
    assert "labelled rows and finds" in again.threshold_.summary_
    assert pickle.dumps(again.scorer_.reduction) == before


def test_rules_that_fit_cannot_apply_are_refused_before_training(numbers):
    detector = make(threshold="precision")
    words = (
        r"The threshold 'precision' needs labelled rows, which fit does not have\. Fit "
        r"with another one, then call fit_threshold with them and "
        r"threshold='precision'\."
    )
    with pytest.raises(ValueError, match=words):
        detector.fit(numbers)
    assert not hasattr(detector, "model_")


def test_a_rule_without_rows_takes_the_calibration_scores(detector, table):
    again = copy.deepcopy(detector)
    rule = QuantileThreshold(quantile=0.1)
    again.fit_threshold(threshold=rule)
    known = detector.calibration_
    assert again.offset_ == rule.offset(known.scores, known.weights)
    with pytest.raises(
        ValueError, match=r"'recall' needs labelled rows\. Pass them as X"
    ):
        again.fit_threshold(threshold="recall")
    with pytest.raises(ValueError, match=r"y has 3 labels for \d+ rows\."):
        again.fit_threshold(table, [0, 1, 0], threshold="recall")


def test_other_rows_can_calibrate(detector, table):
    again = copy.deepcopy(detector)
    again.calibrate(table.iloc[:50], sample_weight=np.r_[np.zeros(10), np.ones(40)])
    assert again.calibration_.n_rows == 40
    scores = np.sort(detector.score_samples(table.iloc[10:50]))
    assert (again.calibration_.scores == scores).all()
    assert detector.calibration_.n_rows != 40


def test_select_takes_a_rate_or_a_budget(detector, table):
    times = np.arange(len(table)) // 50
    chosen = detector.select(table, budget=2, times=times)
    assert (pd.Series(chosen).groupby(times).sum() == 2).all()
    p_values = detector.p_values(table)
    with warnings.catch_warnings(action="ignore"):
        by_rate = detector.select(table, fdr=0.5, method="storey")
    assert by_rate.sum() >= (p_values <= 0.5 / len(table)).sum()
    for options in ({}, {"fdr": 0.1, "budget": 3}):
        with pytest.raises(ValueError, match=r"Pass exactly one of fdr and budget\."):
            detector.select(table, **options)


def test_a_saved_model_decides_as_before(detector, table, tmp_path):
    again = copy.deepcopy(detector)
    again.fit_threshold(threshold=QuantileThreshold(quantile=0.2, confidence=0.8))
    again.save(tmp_path / "model.aea")
    loaded = aeanomaly.load(tmp_path / "model.aea")
    assert (loaded.p_values(table) == again.p_values(table)).all()
    assert repr(loaded.threshold_) == repr(again.threshold_)
    assert loaded.threshold_.summary_ == again.threshold_.summary_
    assert loaded.get_params()["threshold"] == detector.get_params()["threshold"]
