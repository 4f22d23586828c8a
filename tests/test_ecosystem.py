"""The detector among scikit-learn's tools, and in other frames than those of pandas."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cases import CHEAP, make_numbers
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array, csr_matrix
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import IsolationForest, StackingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, make_scorer, roc_auc_score
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    TunedThresholdClassifierCV,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from threadpoolctl import threadpool_limits

from aeanomaly import AutoencoderOutlierDetector
from aeanomaly.classifier import DetectorClassifier
from aeanomaly.scoring.frames import like_input

ROOT = Path(__file__).resolve().parents[1]
FOREST = IsolationForest(contamination=0.1, random_state=0)


@pytest.fixture(scope="module")
def rows():
    """Rows in which one of ten is far out."""
    X = make_numbers()
    is_far = np.arange(len(X)) % 10 == 0
    X[is_far] += 30.0
    return X, is_far


@pytest.fixture(scope="module")
def frozen(number_detector):
    return number_detector.as_classifier(refit=False)


# As a classifier.


@pytest.mark.parametrize(
    ("normal", "anomaly"), [(0, 1), (1, -1), (False, True), ("ok", "odd"), (2, 0)]
)
def test_a_classifier_speaks_in_the_labels_it_is_given(rows, normal, anomaly):
    X, is_far = rows
    y = np.where(is_far, anomaly, normal)
    known = None if {normal, anomaly} < {0, 1, -1} else normal
    classifier = DetectorClassifier(FOREST, normal_label=known).fit(X, y)
    assert classifier.anomaly_ == anomaly
    flagged = clone(FOREST).fit(X).predict(X) == -1
    assert_array_equal(classifier.predict(X), np.where(flagged, anomaly, normal))
    assert classifier.score(X, y) > 0.9
    decision = classifier.decision_function(X)
    is_second = classifier.predict(X) == classifier.classes_[1]
    assert ((decision > 0) == is_second).all()
    assert classifier.n_features_in_ == X.shape[1]


def test_a_fitted_detector_is_kept_as_it_is(number_detector, rows):
    X, is_far = rows
    classifier = number_detector.as_classifier(refit=False).fit(X, is_far)
    assert_array_equal(
        classifier.decision_function(X), -number_detector.decision_function(X)
    )
    assert_array_equal(classifier.predict(X), number_detector.predict(X) == -1)
    refitted = number_detector.as_classifier()
    assert refitted.detector.get_params() == number_detector.get_params()
    assert not hasattr(refitted.detector, "offset_")


def test_a_detector_learns_from_the_labels_of_any_coding(monkeypatch):
    seen = {}

    class Learning(AutoencoderOutlierDetector):
        def fit(self, X, y=None, sample_weight=None):
            seen.update(y=y.tolist(), weights=sample_weight, label=self.normal_label)
            return self

    detector = Learning(labels="learn", normal_label="ok")
    y = ["ok", "odd", "ok", "odd"]
    classifier = detector.as_classifier().fit(np.eye(4), y, np.ones(4))
    assert (seen["y"], seen["label"]) == ([1, -1, 1, -1], None)
    assert seen["weights"].tolist() == [1.0] * 4
    assert classifier.classes_.tolist() == ["odd", "ok"]
    assert detector.normal_label == "ok"


@pytest.mark.parametrize(
    ("y", "words"),
    [
        ([0, 1, None] * 4, r"y has no label for 4 rows. A classifier is fitted on"),
        ([0] * 12, r"y must hold labels of two kinds.* Got 1 instead: \[0\]"),
        ([0, 1, 2] * 4, r"Labels must be 0 and 1, False and True, or -1 and 1"),
        ([0, 1], "inconsistent numbers of samples"),
    ],
)
def test_labels_that_a_classifier_cannot_use_are_errors(y, words):
    with pytest.raises(ValueError, match=words):
        DetectorClassifier(FOREST).fit(np.ones((12, 2)), y)


def test_thresholds_are_tuned_by_labels(frozen, rows):
    X, is_far = rows
    tuned = TunedThresholdClassifierCV(frozen, scoring="f1", cv=3).fit(X, is_far)
    assert f1_score(is_far, tuned.predict(X)) == 1.0
    # Where -1 is the anomaly, the scorer is told so.
    y = np.where(is_far, -1, 1)
    scoring = make_scorer(f1_score, pos_label=-1)
    tuned = TunedThresholdClassifierCV(frozen, scoring=scoring, cv=3).fit(X, y)
    assert (tuned.predict(X) == y).all()


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_probabilities_are_calibrated(frozen, rows, method):
    X, is_far = rows
    calibrated = CalibratedClassifierCV(frozen, method=method, cv=3).fit(X, is_far)
    proba = calibrated.predict_proba(X)[:, 1]
    assert proba[is_far].min() > 0.5 > proba[~is_far].max()


def test_curves_are_drawn(frozen, rows):
    pytest.importorskip("matplotlib").use("Agg")
    from sklearn.metrics import (
        ConfusionMatrixDisplay,
        DetCurveDisplay,
        PrecisionRecallDisplay,
        RocCurveDisplay,
    )

    X, is_far = rows
    classifier = frozen.fit(X, is_far)
    assert RocCurveDisplay.from_estimator(classifier, X, is_far).roc_auc == 1.0
    drawn = PrecisionRecallDisplay.from_estimator(classifier, X, is_far)
    assert drawn.average_precision == pytest.approx(1.0)
    DetCurveDisplay.from_estimator(classifier, X, is_far)
    drawn = ConfusionMatrixDisplay.from_estimator(classifier, X, is_far)
    assert drawn.confusion_matrix.sum() == len(X)


def test_classifiers_are_stacked(frozen, rows):
    X, is_far = rows
    forest = DetectorClassifier(FOREST)
    stacked = StackingClassifier(
        [("autoencoder", frozen), ("forest", forest)], LogisticRegression(), cv=3
    )
    assert stacked.fit(X, is_far).score(X, is_far) > 0.98


# Searches.


def test_score_is_the_area_under_the_curve_of_labelled_rows(number_detector, rows):
    X, is_far = rows
    expected = roc_auc_score(is_far, -number_detector.score_samples(X))
    for y in (is_far, is_far.astype(int), np.where(is_far, -1, 1)):
        assert number_detector.score(X, y) == pytest.approx(expected)
    with pytest.raises(ValueError, match="Without labels nothing says which detector"):
        number_detector.score(X)


def test_a_search_without_scoring_goes_by_labels(number_detector, rows):
    X, is_far = rows
    folds = StratifiedKFold(3)
    kept = FrozenEstimator(number_detector)
    found = cross_val_score(kept, X, is_far, cv=folds)
    expected = [
        roc_auc_score(is_far[test], -number_detector.score_samples(X[test]))
        for _, test in folds.split(X, is_far)
    ]
    assert_allclose(found, expected)


@pytest.mark.slow
def test_a_grid_search_needs_no_scoring(rows):
    X, is_far = rows
    grid = {"alpha": [0.0, 0.3]}
    search = GridSearchCV(AutoencoderOutlierDetector(**CHEAP), grid, cv=3)
    search.fit(X, is_far)
    assert search.best_score_ > 0.9
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


# Sparse rows.


def test_sparse_rows_score_as_dense_ones_a_block_at_a_time(number_detector):
    X = make_numbers()
    expected = number_detector.score_samples(X)
    for sparse in (csr_array(X), csr_matrix(X), csr_array(X).tocoo()):
        assert_array_equal(number_detector.score_samples(sparse), expected)
    assert_array_equal(
        number_detector.score_frame(csr_array(X), reasons=1)["reason_1"],
        number_detector.score_frame(X, reasons=1)["reason_1"],
    )


def test_only_a_block_of_sparse_rows_is_dense_at_a_time(monkeypatch, number_detector):
    X, dense = csr_array((3_000_000, 5)), []
    made = csr_array.toarray
    monkeypatch.setattr(
        csr_array, "toarray", lambda self: dense.append(self.shape[0]) or made(self)
    )
    rows = number_detector._check_table(X)
    assert len(rows) == 3_000_000
    with threadpool_limits(2, "blas"):
        scores = number_detector.scorer_.iter_scores(rows)
        next(scores)
        # One block for each thread, and the one that has come out.
        assert len(dense) <= 3
        scores.close()
    assert max(dense) <= 8_192


def test_a_sparse_matrix_that_is_too_large_to_fit_on_is_an_error():
    words = r"X is sparse, and its 1,000,000 rows of 2,000 columns would take 14.9 GiB"
    with pytest.raises(ValueError, match=words):
        AutoencoderOutlierDetector().fit(csr_array((1_000_000, 2_000)))


@pytest.mark.slow
def test_a_detector_follows_an_encoder_of_sparse_columns(table):
    encoder = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["country", "size", "member"]),
        sparse_threshold=1.0,
    )
    pipeline = make_pipeline(encoder, AutoencoderOutlierDetector(**CHEAP)).fit(table)
    assert pipeline[0].transform(table).format == "csr"
    assert set(pipeline.predict(table)) <= {-1, 1}


# Polars.


def test_polars_in_polars_out(detector, table):
    polars = pytest.importorskip("polars")
    frame = polars.from_pandas(table)
    options = {"reasons": 2, "p_values": True, "severity": True}
    scored = detector.score_frame(frame, **options)
    expected = detector.score_frame(table, **options)
    assert isinstance(scored, polars.DataFrame)
    assert scored.columns == list(expected.columns)
    for name in expected.columns:
        assert scored[name].to_list() == expected[name].tolist()
    explained = detector.explain(frame.lazy(), top=2)
    expected = detector.explain(table, top=2)
    assert explained.columns == ["row", "rank", *expected.columns]
    assert explained["share"].to_list() == expected["share"].tolist()
    assert explained["row"].to_list() == [*np.repeat(np.arange(len(table)), 2)]
    assert explained.schema["observed"] == polars.String
    assert isinstance(detector.importances(frame, top=5), polars.DataFrame)


def test_whole_numbers_of_which_some_are_missing_stay_numbers_in_polars():
    polars = pytest.importorskip("polars")
    frame = pd.DataFrame({"case": pd.array([3, None], dtype="Int64")})
    returned = like_input(frame, polars.DataFrame({"x": [0.0, 1.0]}))
    assert returned["case"].to_list() == [3, None]


# Importances.


def test_importances_are_the_mean_shares_of_the_most_abnormal_rows(detector, table):
    lowest = np.argsort(detector.score_samples(table))[:12]
    rows = table.iloc[lowest]
    shares = detector.explain(rows, top=table.shape[1])
    shares = shares.set_index("column", append=True)["share"].droplevel("rank")
    shares = shares.unstack("column")
    found = detector.importances(table, top=12).set_index("column")
    assert found["share"].sum() == pytest.approx(1.0)
    assert (np.diff(found["share"]) <= 0).all()
    assert_allclose(found["share"], shares.mean()[found.index], atol=1e-9)
    assert_allclose(found["error"], shares.sem()[found.index], atol=1e-9)
    firsts = shares.idxmax(axis=1).value_counts(normalize=True)
    assert_allclose(found["first"], firsts.reindex(found.index, fill_value=0.0))
    with pytest.raises(ValueError, match="No row of X is flagged. Pass top=100"):
        detector.importances(table[detector.predict(table) == 1])


# Before another estimator.


@pytest.mark.parametrize("kind", [pd.DataFrame, np.asarray])
def test_fit_resample_leaves_out_what_is_flagged(monkeypatch, number_detector, kind):
    X = kind(make_numbers())
    y = pd.Series(np.arange(len(X))) if kind is pd.DataFrame else np.arange(len(X))
    fitted = FrozenEstimator(number_detector)
    monkeypatch.setattr(
        AutoencoderOutlierDetector, "fit", lambda self, X, y=None: fitted
    )
    monkeypatch.setattr(AutoencoderOutlierDetector, "predict", _odd_rows_are_out)
    kept, labels = AutoencoderOutlierDetector().fit_resample(X, y)
    assert type(kept) is type(X)
    assert type(labels) is type(y)
    assert_array_equal(np.asarray(labels), np.arange(0, len(X), 2))
    assert_array_equal(np.asarray(kept), np.asarray(X)[::2])


def _odd_rows_are_out(self, X):
    return np.where(np.arange(len(X)) % 2, -1, 1)


def test_fit_resample_wants_a_label_for_each_row():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        AutoencoderOutlierDetector().fit_resample(np.ones((4, 2)), [0, 1])


# Other tools of scikit-learn, with a detector that is fitted already.


def cross_validates(detector, classifier, X, y):
    from sklearn.model_selection import cross_validate

    found = cross_validate(classifier, X, y, scoring=["roc_auc", "average_precision"])
    assert found["test_roc_auc"].min() > 0.9


def predicts_across_folds(detector, classifier, X, y):
    from sklearn.model_selection import cross_val_predict

    found = cross_val_predict(classifier, X, y, method="decision_function")
    assert_array_equal(found, -detector.decision_function(X))


def permutes_columns(detector, classifier, X, y):
    from sklearn.inspection import permutation_importance

    found = permutation_importance(detector, X, y, n_repeats=2, random_state=0)
    assert found.importances_mean.shape == (X.shape[1],)


def shows_partial_dependence(detector, classifier, X, y):
    from sklearn.inspection import partial_dependence

    options = {"response_method": "decision_function", "grid_resolution": 5}
    found = partial_dependence(classifier.fit(X, y), X, [0], **options)
    assert np.isfinite(found["average"]).all()


def fixes_a_threshold(detector, classifier, X, y):
    from sklearn.model_selection import FixedThresholdClassifier

    fixed = FixedThresholdClassifier(
        classifier, threshold=1.0, response_method="decision_function"
    )
    decision = -detector.decision_function(X)
    assert_array_equal(fixed.fit(X, y).predict(X), decision >= 1.0)


def votes(detector, classifier, X, y):
    from sklearn.ensemble import VotingClassifier

    both = [("autoencoder", classifier), ("forest", DetectorClassifier(FOREST))]
    assert VotingClassifier(both).fit(X, y).score(X, y) > 0.9


def learns_with_more_rows(detector, classifier, X, y):
    from sklearn.model_selection import learning_curve

    _, _, scores = learning_curve(
        classifier, X, y, cv=StratifiedKFold(2), train_sizes=[0.5, 1.0]
    )
    assert np.isfinite(scores).all()


def scorers_by_name(detector, classifier, X, y):
    from sklearn.metrics import get_scorer

    fitted = classifier.fit(X, y)
    for name in ("roc_auc", "average_precision", "f1", "balanced_accuracy"):
        assert get_scorer(name)(fitted, X, y) > 0.5


def grows_a_pipeline(detector, classifier, X, y):
    from sklearn.preprocessing import FunctionTransformer

    pipeline = make_pipeline(FunctionTransformer(), FrozenEstimator(detector)).fit(X)
    for method in ("predict", "score_samples", "decision_function"):
        expected = getattr(detector, method)(X)
        assert_array_equal(getattr(pipeline, method)(X), expected)
    assert pipeline[-1].explain(pipeline[:-1].transform(X), top=1).shape[0] == len(X)


def classifies_a_pipeline(detector, classifier, X, y):
    pipeline = make_pipeline(FrozenEstimator(detector))
    assert DetectorClassifier(pipeline).fit(X, y).score(X, y) > 0.9


def thresholds_other_detectors(detector, classifier, X, y):
    from sklearn.neighbors import LocalOutlierFactor

    other = DetectorClassifier(LocalOutlierFactor(novelty=True)).fit(X, y)
    assert set(other.predict(X)) <= {False, True}


def draws_a_decision_boundary(detector, classifier, X, y):
    pytest.importorskip("matplotlib").use("Agg")
    from sklearn.inspection import DecisionBoundaryDisplay

    class OfTwo(DetectorClassifier):
        """Of the first two columns, the others at their mean."""

        def decision_function(self, rows):
            whole = np.tile(X.mean(axis=0), (len(rows), 1))
            whole[:, :2] = rows
            return super().decision_function(whole)

    drawn = DecisionBoundaryDisplay.from_estimator(
        OfTwo(FrozenEstimator(detector)).fit(X, y),
        X[:, :2],
        grid_resolution=5,
        response_method="decision_function",
    )
    assert np.isfinite(drawn.response).all()


def shows_itself(detector, classifier, X, y):
    from sklearn.utils import estimator_html_repr

    assert "DetectorClassifier" in estimator_html_repr(classifier)
    assert "DetectorClassifier" in repr(classifier)


@pytest.mark.parametrize(
    "tool",
    [
        cross_validates,
        predicts_across_folds,
        permutes_columns,
        shows_partial_dependence,
        fixes_a_threshold,
        votes,
        learns_with_more_rows,
        scorers_by_name,
        grows_a_pipeline,
        classifies_a_pipeline,
        thresholds_other_detectors,
        draws_a_decision_boundary,
        shows_itself,
    ],
)
def test_a_tool_of_scikit_learn_takes_it(tool, number_detector, frozen, rows):
    tool(number_detector, clone(frozen), *rows)


def test_every_row_of_the_table_of_tools_names_a_test_or_a_recipe():
    text = (ROOT / "docs/ecosystem.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| ")][1:]
    defined = "".join(
        file.read_text(encoding="utf-8") for file in (ROOT / "tests").glob("*.py")
    )
    assert len(rows) >= 40
    for row in rows:
        shown_by = row[-2]
        names = re.findall(r"`(\w+)`", shown_by)
        shown = "](recipes.md#" in shown_by or "](comparison.md#" in shown_by
        assert names or shown, row
        assert all(f"def {name}(" in defined for name in names), names
