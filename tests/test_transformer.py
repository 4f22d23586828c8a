"""Tests of AutoencoderTransformer: codes, rows from codes, and pipelines."""

import copy
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from cases import CHEAP, make_numbers, make_table
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from aeanomaly import AutoencoderOutlierDetector, AutoencoderTransformer, Sparse


def make(**parameters):
    return AutoencoderTransformer(**(CHEAP | parameters))


def make_preprocessing():
    return ColumnTransformer(
        [
            ("numbers", StandardScaler(), ["amount"]),
            (
                "levels",
                OneHotEncoder(sparse_output=False, handle_unknown="ignore"),
                ["member", "size"],
            ),
        ],
        verbose_feature_names_out=False,
    )


# --- Codes and back -------------------------------------------------------------------


def test_codes_are_as_many_as_the_latent_size(transformer, table):
    codes = transformer.transform(table)
    assert codes.shape == (len(table), 2)
    assert codes.dtype == np.float32
    assert np.isfinite(codes).all()
    assert codes.std(axis=0).min() > 0


def test_codes_do_not_depend_on_the_rows_beside(transformer):
    table = make_table(3_000, seed=1)
    together = transformer.transform(table)
    assert_allclose(transformer.transform(table[:40]), together[:40], atol=1e-5)


def test_fit_transform_equals_fit_then_transform(table):
    assert_array_equal(make().fit_transform(table), make().fit(table).transform(table))


def test_an_array_comes_back_as_an_array(numbers):
    transformer = make(max_iter=300, batch_size=32).fit(numbers)
    rows = transformer.inverse_transform(transformer.transform(numbers))
    assert isinstance(rows, np.ndarray)
    # The rows lie near a plane, which two codes describe.
    assert np.abs(rows - numbers).mean() < 0.3 * np.abs(numbers).mean()


def test_a_mixed_frame_comes_back_with_its_columns_units_and_levels(transformer, table):
    rows = transformer.inverse_transform(transformer.transform(table))
    assert isinstance(rows, pd.DataFrame)
    assert list(rows.columns) == list(table.columns)
    assert len(rows) == len(table)
    assert set(rows["country"].dropna()) <= set(table["country"].dropna())
    assert set(rows["size"]) <= {"large", "small"}
    assert (rows["version"] == 3.0).all()
    assert rows["opened"].dtype.kind == "M"
    assert rows["opened"].between("2024-12-01", "2025-03-01").all()


@pytest.mark.slow
def test_the_rows_of_a_mixed_frame_come_back_nearly_the_same(table):
    transformer = make(max_iter=150, batch_size=32, latent_dim=4).fit(table)
    rows = transformer.inverse_transform(transformer.transform(table))
    assert np.mean(rows["size"].to_numpy() == table["size"].to_numpy()) > 0.9
    known = table["age"].notna()
    assert np.corrcoef(rows["age"][known], table["age"][known])[0, 1] > 0.8


def test_score_is_minus_the_reconstruction_error(numbers):
    transformer = make(scaling="standard").fit(numbers)
    scaled = StandardScaler().fit_transform(numbers)
    restored = transformer.inverse_transform(transformer.transform(numbers))
    errors = (restored - numbers) / numbers.std(axis=0)
    assert transformer.score(numbers) == pytest.approx(-np.mean(errors**2), rel=1e-4)
    assert transformer.score(numbers) < 0
    assert -transformer.score(numbers) < 3 * np.mean(scaled**2)


def test_training_longer_scores_better(numbers):
    short, long = (
        make(max_iter=n, batch_size=32).fit(numbers).score(numbers) for n in (2, 80)
    )
    assert long > short / 2


@pytest.mark.parametrize("method", ["transform", "inverse_transform", "score"])
def test_an_unfitted_transformer_says_so(method, numbers):
    with pytest.raises(NotFittedError, match="AutoencoderTransformer"):
        getattr(make(), method)(numbers)


def test_codes_of_the_wrong_width_are_an_error(transformer):
    with pytest.raises(ValueError, match="X has 3 codes a row, but .* of 2. Pass what"):
        transformer.inverse_transform(np.zeros((4, 3)))


def test_copies_give_bit_equal_codes(transformer, table):
    codes = transformer.transform(table)
    for copied in (copy.deepcopy(transformer), pickle.loads(pickle.dumps(transformer))):
        assert_array_equal(copied.transform(table), codes)


# --- scikit-learn's ways --------------------------------------------------------------


def test_codes_are_named_after_the_class(transformer):
    names = transformer.get_feature_names_out()
    assert list(names) == ["autoencodertransformer0", "autoencodertransformer1"]


@pytest.mark.parametrize(
    ("container", "kind"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame)]
)
def test_set_output_gives_named_frames(transformer, table, container, kind):
    framed = copy.deepcopy(transformer).set_output(transform=container)
    codes = framed.transform(table)
    assert isinstance(codes, kind)
    assert list(codes.columns) == list(transformer.get_feature_names_out())
    assert_array_equal(codes.to_numpy(), transformer.transform(table))
    if container == "pandas":
        assert_array_equal(codes.index, table.index)


@pytest.mark.parametrize("container", ["default", "pandas", "polars"])
@pytest.mark.parametrize(
    "estimator", [AutoencoderTransformer, AutoencoderOutlierDetector]
)
def test_both_stand_behind_scikit_learns_preprocessing(table, container, estimator):
    pipeline = make_pipeline(make_preprocessing(), estimator(**CHEAP))
    pipeline.set_output(transform=container).fit(table)
    if estimator is AutoencoderOutlierDetector:
        assert set(pipeline.predict(table)) <= {-1, 1}
        assert_array_equal(
            pipeline.decision_function(table) < 0, pipeline.predict(table) == -1
        )
    else:
        assert pipeline.transform(table).shape == (len(table), 2)
        assert len(pipeline.get_feature_names_out()) == 2


def test_codes_stand_beside_other_features_in_a_union(numbers):
    union = FeatureUnion([("codes", make()), ("pca", PCA(3))])
    union.set_output(transform="pandas")
    features = union.fit_transform(pd.DataFrame(numbers, columns=list("abcde")))
    assert list(features.columns) == [
        "codes__autoencodertransformer0",
        "codes__autoencodertransformer1",
        "pca__pca0",
        "pca__pca1",
        "pca__pca2",
    ]


def test_codes_stand_in_a_column_transformer(numbers):
    frame = pd.DataFrame(numbers, columns=list("abcde")).assign(other="x")
    columns = ColumnTransformer([("codes", make(), list("abcde"))], remainder="drop")
    codes = columns.fit_transform(frame)
    assert_array_equal(codes, make().fit_transform(frame[list("abcde")]))


@pytest.mark.slow
def test_codes_feed_a_detector(table):
    pipeline = make_pipeline(make(), AutoencoderOutlierDetector(**CHEAP))
    assert np.isfinite(pipeline.fit(table).score_samples(table)).all()


@pytest.mark.slow
def test_skrubs_table_vectorizer_stands_in_front(table):
    from skrub import TableVectorizer

    pipeline = make_pipeline(TableVectorizer(), AutoencoderOutlierDetector(**CHEAP))
    scores = pipeline.fit(table).score_samples(table)
    assert scores.shape == (len(table),)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize(
    "estimator", [AutoencoderTransformer, AutoencoderOutlierDetector]
)
def test_weights_are_routed_through_a_pipeline(numbers, rng, estimator):
    counts = rng.integers(0, 3, len(numbers))
    method = "transform" if estimator is AutoencoderTransformer else "score_samples"
    with sklearn.config_context(enable_metadata_routing=True):
        last = estimator(**CHEAP).set_fit_request(sample_weight=True)
        pipeline = Pipeline([("same", FunctionTransformer()), ("last", last)])
        pipeline.fit(numbers, sample_weight=counts)
        routed = getattr(pipeline, method)(numbers)
    repeated = estimator(**CHEAP).fit(np.repeat(numbers, counts, axis=0))
    assert_allclose(routed, getattr(repeated, method)(numbers), rtol=1e-4, atol=1e-5)
    plain = estimator(**CHEAP).fit(numbers)
    assert not np.allclose(routed, getattr(plain, method)(numbers), rtol=1e-2)


@pytest.mark.slow
def test_a_search_over_the_latent_size_needs_no_labels(numbers):
    search = GridSearchCV(
        make(max_iter=60, batch_size=32), {"latent_dim": [1, 2]}, cv=2
    ).fit(numbers)
    # The rows lie near a plane: one code cannot do.
    assert search.best_params_ == {"latent_dim": 2}
    assert search.best_score_ < 0


def test_the_architecture_is_an_axis_of_a_search(numbers):
    search = GridSearchCV(
        make(architecture=Sparse()),
        {"architecture__weight": [1e-3, 10.0]},
        cv=2,
    ).fit(numbers)
    assert search.best_params_ == {"architecture__weight": 1e-3}


def test_clone_is_unfitted_and_equal(transformer):
    copied = clone(transformer)
    assert not hasattr(copied, "scorer_")
    assert repr(copied) == repr(transformer)


# The search of detectors sees every architecture.
@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["undercomplete", "variational"])
def test_a_search_runs_in_two_processes(architecture):
    numbers = make_numbers()
    search = GridSearchCV(
        make(architecture=architecture), {"latent_dim": [1, 2]}, cv=2, n_jobs=2
    ).fit(numbers)
    one_process = clone(search).set_params(n_jobs=1).fit(numbers)
    assert_allclose(
        search.cv_results_["mean_test_score"],
        one_process.cv_results_["mean_test_score"],
        rtol=1e-4,
    )
