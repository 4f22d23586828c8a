"""Saving, loading, pickling and copying estimators."""

import copy
import io
import json
import pickle
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from cases import (
    ARCHITECTURES,
    CHEAP,
    DEFAULT_THEN_OTHERS,
    REGULARISATION,
    make_numbers,
    make_table,
)
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from test_archive import entries_of, run_blocked, signed, zipped

import aeanomaly
from aeanomaly import (
    Architecture,
    AutoencoderOutlierDetector,
    AutoencoderTransformer,
    Denoising,
    QuantileThreshold,
    Sparse,
    Threshold,
)
from aeanomaly.exceptions import ArchiveError, ArchiveFormatError

DATA = Path(__file__).parent / "data"


class Wavelet(Architecture):
    """An architecture of a user's own."""

    def __init__(self, *, order=2):
        self.order = order


class Lowest(Threshold):
    """A threshold of a user's own."""

    def __init__(self, *, factors=None):
        self.factors = factors

    def offset(self, scores, weights):
        return float(scores.min())


def reloaded(estimator, path, **kwargs):
    estimator.save(path)
    return aeanomaly.load(path, **kwargs)


def outputs(estimator, X):
    if hasattr(estimator, "transform"):
        return np.asarray(estimator.transform(X))
    return estimator.score_samples(X)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.aea"


def comparable(params):
    """Return parameters with objects as their class and parameters."""
    return {
        name: (type(value), value.get_params())
        if hasattr(value, "get_params")
        else value
        for name, value in params.items()
    }


def assert_same_estimator(loaded, estimator):
    assert type(loaded) is type(estimator)
    assert comparable(loaded.get_params(deep=False)) == comparable(
        estimator.get_params(deep=False)
    )
    assert vars(loaded).keys() == vars(estimator).keys()
    assert repr(loaded.architecture_) == repr(estimator.architecture_)
    assert loaded.history_ == estimator.history_
    assert loaded.n_iter_ == estimator.n_iter_
    assert loaded.n_features_in_ == estimator.n_features_in_
    assert getattr(loaded, "offset_", None) == getattr(estimator, "offset_", None)


# The same bits after a round trip.


def assert_same_after_a_round_trip(estimator, X, path):
    loaded = reloaded(estimator, path)
    assert_same_estimator(loaded, estimator)
    np.testing.assert_array_equal(outputs(loaded, X), outputs(estimator, X))


@pytest.mark.parametrize("architecture", DEFAULT_THEN_OTHERS)
def test_a_loaded_detector_gives_the_same_bits(detectors, architecture, path, table):
    assert_same_after_a_round_trip(detectors(architecture), table, path)


def test_a_loaded_transformer_gives_the_same_bits(transformer, path, table):
    assert_same_after_a_round_trip(transformer, table, path)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_loaded_transformer_of_any_kind_gives_the_same_bits(
    architecture, path, table
):
    estimator = AutoencoderTransformer(**CHEAP, architecture=architecture).fit(table)
    assert_same_after_a_round_trip(estimator, table, path)


@pytest.mark.parametrize(
    "params",
    [
        {"architecture": Sparse(weight=0.1, target=0.2), "n_estimators": 1},
        {"architecture": "undercomplete", "n_estimators": 1, **REGULARISATION},
        {"architecture": "variational", "n_estimators": 1},
        {"contamination": 0.1, "validation_fraction": 0},
    ],
    ids=str,
)
def test_parameters_of_a_model_of_numbers_come_back(params, path, numbers):
    estimator = AutoencoderOutlierDetector(**CHEAP | params).fit(numbers)
    assert_same_after_a_round_trip(estimator, numbers, path)


@pytest.mark.parametrize(
    "params",
    [
        {"threshold": QuantileThreshold(quantile=0.2)},
        {"hidden_layer_sizes": [8], "score_type": "reconstruction"},
        {"hidden_layer_sizes": np.array([8])},
        {"scaling": "standard", "max_categories": 3},
    ],
    ids=str,
)
def test_parameters_of_a_model_of_a_table_come_back(params, path, table):
    estimator = AutoencoderOutlierDetector(**CHEAP | params).fit(table)
    assert_same_after_a_round_trip(estimator, table, path)


@pytest.mark.parametrize("n_rows", [3, 200, 2_000])
def test_blocks_of_any_size_give_the_same_bits(detector, path, n_rows):
    table = make_table(n_rows, seed=1)
    loaded = reloaded(detector, path)
    np.testing.assert_array_equal(outputs(loaded, table), outputs(detector, table))


def test_feature_names_come_back(detector, path, table):
    loaded = reloaded(detector, path)
    np.testing.assert_array_equal(loaded.feature_names_in_, table.columns)
    assert loaded.feature_names_in_.dtype == detector.feature_names_in_.dtype


def test_an_array_has_no_feature_names(number_detector, path):
    loaded = reloaded(number_detector, path)
    assert_same_estimator(loaded, number_detector)
    assert not hasattr(loaded, "feature_names_in_")


def test_integer_column_names_come_back(path):
    frame = pd.DataFrame(make_numbers())
    estimator = AutoencoderOutlierDetector(**CHEAP).fit(frame)
    loaded = reloaded(estimator, path)
    assert_same_estimator(loaded, estimator)
    np.testing.assert_array_equal(outputs(loaded, frame), outputs(estimator, frame))


def test_the_output_container_comes_back(path, table):
    estimator = AutoencoderTransformer(**CHEAP).fit(table)
    estimator.set_output(transform="pandas")
    loaded = reloaded(estimator, path)
    assert_same_estimator(loaded, estimator)
    pd.testing.assert_frame_equal(loaded.transform(table), estimator.transform(table))


def test_a_loaded_estimator_restores_rows(transformer, path, table):
    codes = transformer.transform(table)
    pd.testing.assert_frame_equal(
        reloaded(transformer, path).inverse_transform(codes),
        transformer.inverse_transform(codes),
    )


def test_a_loaded_estimator_can_be_fitted_again(detector, path, table):
    again = reloaded(detector, path).fit(table)
    np.testing.assert_array_equal(outputs(again, table), outputs(detector, table))


def test_the_threshold_of_a_loaded_detector_can_be_set_again(detector, path, table):
    loaded = reloaded(detector, path).fit_threshold(table)
    assert loaded.offset_ == copy.deepcopy(detector).fit_threshold(table).offset_


def test_what_a_file_cannot_hold_is_none_and_said(path):
    state = np.random.RandomState(0)
    params = CHEAP | {"random_state": state}
    estimator = AutoencoderOutlierDetector(**params).fit(make_numbers())
    words = r"does not hold random_state=RandomState\(.* None in their place\.$"
    with pytest.warns(UserWarning, match=words) as caught:
        estimator.save(path)
    assert caught[0].filename == __file__
    assert aeanomaly.load(path).random_state is None
    assert estimator.random_state is state


def test_no_random_state_is_nothing_to_be_said(path):
    params = CHEAP | {"random_state": None}
    estimator = AutoencoderOutlierDetector(**params).fit(make_numbers())
    assert reloaded(estimator, path).random_state is None


def test_any_suffix_and_a_string_will_do(detector, tmp_path, table):
    path = str(tmp_path / "model.bin")
    np.testing.assert_array_equal(
        outputs(reloaded(detector, path), table), outputs(detector, table)
    )


# Pickle and its kin need no code of their own.


def by_joblib(estimator):
    buffer = io.BytesIO()
    joblib.dump(estimator, buffer)
    buffer.seek(0)
    return joblib.load(buffer)


@pytest.mark.parametrize(
    "copied",
    [lambda e: pickle.loads(pickle.dumps(e)), by_joblib, copy.deepcopy],
    ids=["pickle", "joblib", "deepcopy"],
)
@pytest.mark.parametrize("name", ["detector", "transformer", "number_detector"])
def test_copies_give_the_same_bits(name, copied, request):
    estimator = request.getfixturevalue(name)
    X = make_numbers() if name == "number_detector" else make_table()
    outputs(estimator, X)  # What scoring caches must not stand in the way.
    again = copied(estimator)
    assert_same_estimator(again, estimator)
    np.testing.assert_array_equal(outputs(again, X), outputs(estimator, X))


def test_a_clone_of_a_loaded_estimator_has_its_parameters(detector, path):
    cloned = clone(reloaded(detector, path))
    assert cloned.get_params() == detector.get_params()
    assert not hasattr(cloned, "scorer_")


@pytest.mark.slow
def test_loading_and_predicting_need_no_tensorflow(detector, path, table):
    detector.save(path)
    table.to_pickle(path.with_name("table.pkl"))
    pickle.loads(pickle.dumps(detector))
    path.with_name("detector.pkl").write_bytes(pickle.dumps(detector))
    code = f"""
import os, pickle
import numpy as np
import pandas as pd
import aeanomaly
os.chdir({str(path.parent)!r})
table = pd.read_pickle("table.pkl")
detector = aeanomaly.load("model.aea")
np.save("loaded.npy", detector.score_samples(table))
np.save("labels.npy", detector.predict(table))
with open("detector.pkl", "rb") as file:
    np.save("pickled.npy", pickle.load(file).score_samples(table))
"""
    run_blocked(code, ["tensorflow", "keras"], {"sklearn", "scipy", "pandas"})
    folder, expected = path.parent, detector.score_samples(table)
    np.testing.assert_array_equal(np.load(folder / "loaded.npy"), expected)
    np.testing.assert_array_equal(np.load(folder / "pickled.npy"), expected)
    np.testing.assert_array_equal(
        np.load(folder / "labels.npy"), detector.predict(table)
    )


# Architectures and thresholds of a user's own.


@pytest.fixture(scope="module")
def own():
    """A detector with a user's own architecture and threshold."""
    params = {"architecture": Wavelet(order=3), "threshold": Lowest(factors=[1, 2])}
    detector = AutoencoderOutlierDetector(**CHEAP, **params, n_estimators=1)
    return detector.fit(make_numbers())


def test_own_classes_are_rebuilt_when_they_are_given(own, path, numbers):
    loaded = reloaded(own, path, classes=[Wavelet, Lowest])
    assert_same_estimator(loaded, own)
    assert loaded.architecture_.order == 3
    assert loaded.threshold.factors == [1, 2]
    np.testing.assert_array_equal(outputs(loaded, numbers), outputs(own, numbers))


def test_without_its_own_classes_a_model_still_scores(own, path, numbers):
    loaded = reloaded(own, path)
    np.testing.assert_array_equal(loaded.predict(numbers), own.predict(numbers))
    assert loaded.architecture.class_name == "Wavelet"
    assert loaded.architecture.params == {"order": 3}
    clone(loaded)


def test_without_its_own_classes_a_model_says_what_it_lacks(own, path, numbers):
    loaded = reloaded(own, path)
    text = r"The model was saved with {0}, a class .*load\(path, classes=\[{0}\]\)"
    with pytest.raises(ValueError, match=text.format("Wavelet")):
        loaded.fit(numbers)
    with pytest.raises(ValueError, match=text.format("Lowest")):
        loaded.fit_threshold(numbers)


def test_own_classes_survive_being_loaded_without_them(own, path):
    reloaded(own, path).save(path)
    assert aeanomaly.load(path).threshold.class_name == "Lowest"
    assert_same_estimator(aeanomaly.load(path, classes=[Wavelet, Lowest]), own)


def test_a_class_given_to_load_does_not_replace_one_of_the_package(detector, path):
    impostor = type("Denoising", (Architecture,), {})
    loaded = reloaded(detector, path, classes=[impostor])
    assert type(loaded.architecture_) is Denoising


# Errors.


def test_saving_an_unfitted_estimator(path):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        AutoencoderOutlierDetector().save(path)
    assert not path.exists()


def test_saving_a_subclass(path, detector):
    own = copy.deepcopy(detector)
    own.__class__ = type("MyDetector", (AutoencoderOutlierDetector,), {})
    with pytest.raises(
        TypeError, match=r"A model file holds one of .*Got MyDetector ins"
    ):
        own.save(path)


def test_saving_a_parameter_that_a_file_cannot_hold(path, detector):
    odd = copy.deepcopy(detector).set_params(optimizer={"name": "adam", "clip": 1j})
    with pytest.raises(
        TypeError, match=r"state\.params\.optimizer\.clip cannot be sav"
    ):
        odd.save(path)
    assert not path.exists()


@pytest.fixture
def edit(detector, path):
    """A function that edits the stored state, and writes the file again."""
    detector.save(path)

    def edit(change):
        entries = entries_of(path.read_bytes())
        manifest = json.loads(entries["manifest.json"])
        change(manifest["state"])
        path.write_bytes(zipped(signed(entries, manifest)))

    return edit


def params_of(state):
    return state["fields"]["params"]["dict"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda s: params_of(s).update(run="x"), "unexpected keyword argument 'run'"),
        (
            lambda s: s["fields"].pop("n_iter"),
            "EstimatorState lacks its field 'n_iter'",
        ),
        (lambda s: s["fields"].update(n_iter="3"), "must be int. Got str instead"),
        (
            lambda s: s["fields"].update(history={"dict": {"loss": "print()"}}),
            "'history' of EstimatorState must be",
        ),
        (
            lambda s: s["fields"].update(architecture="os.system"),
            "'architecture' of EstimatorState must be Architecture",
        ),
        (
            lambda s: s["fields"].update(transform_output="os"),
            "'transform_output' of EstimatorState must be",
        ),
        (
            lambda s: s["fields"]["architecture"].update(fields={"run": 1}),
            "unexpected keyword argument",
        ),
        (
            lambda s: s.update({"class": "Sparse", "fields": {}}),
            "does not describe an estimator",
        ),
    ],
)
def test_edited_state(edit, path, change, text):
    edit(change)
    with pytest.raises(ArchiveFormatError, match=text):
        aeanomaly.load(path)


def test_a_class_that_a_file_names_is_never_imported(edit, path):
    """Modules named in a file stay unknown, also where they could be imported."""
    absent = "this"
    assert absent not in sys.modules
    edit(lambda s: s["fields"]["architecture"].update({"class": absent}))
    assert aeanomaly.load(path).architecture_.class_name == absent
    assert absent not in sys.modules


@pytest.mark.parametrize("n_edits", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_edited_states_at_random_load_or_give_an_archive_error(
    detector, path, rng, n_edits
):
    from test_archive import edited

    detector.save(path)
    entries = entries_of(path.read_bytes())
    manifest = json.loads(entries["manifest.json"])
    table, n_loaded = make_table(5), 0
    expected = detector.score_samples(table)
    for _ in range(n_edits):
        state = edited(manifest["state"], rng)
        path.write_bytes(zipped(signed(entries, manifest | {"state": state})))
        try:
            loaded = aeanomaly.load(path)
        except ArchiveError:
            continue
        n_loaded += 1
        np.testing.assert_array_equal(loaded.score_samples(table), expected)
    assert 0 < n_loaded < n_edits
