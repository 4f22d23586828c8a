"""Tests of models that score with NumPy and pandas only."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cases import make_numbers
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal
from scipy.sparse import csr_array
from sklearn.utils._testing import ignore_warnings

import aeanomaly.scoring
from aeanomaly.dependencies import in_words
from aeanomaly.exceptions import ArchiveError, ColumnError

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "tests/data"
METHODS = ("score_samples", "decision_function", "predict", "p_values", "severity")


@pytest.fixture(scope="module")
def path(detector, tmp_path_factory):
    """A model file of the detector of the mixed table."""
    path = tmp_path_factory.mktemp("saved") / "model.aea"
    detector.save(path)
    return path


@pytest.fixture(scope="module")
def saved(path):
    return aeanomaly.scoring.load(path)


@pytest.mark.parametrize("method", METHODS)
def test_a_saved_model_says_what_the_estimator_says(method, saved, detector, table):
    shuffled = table[table.columns[::-1]]
    expected = getattr(detector, method)(table)
    assert_array_equal(getattr(saved, method)(shuffled), expected)


def test_frames_and_reasons_are_the_same(saved, detector, table):
    options = {"reasons": 2, "p_values": True, "severity": True}
    expected = detector.score_frame(table, **options)
    assert_frame_equal(saved.score_frame(table, **options), expected)
    assert_frame_equal(saved.explain(table), detector.explain(table))
    assert_array_equal(saved.feature_names_in_, detector.feature_names_in_)
    assert repr(saved).startswith("<SavedDetector of 8 columns: ")


def test_every_kind_of_frame_and_array_is_read_as_by_the_estimator(
    saved, detector, number_detector, table, tmp_path
):
    polars, arrow = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    expected = detector.score_samples(table)
    for frame in (polars.from_pandas(table), arrow.Table.from_pandas(table)):
        assert_array_equal(saved.score_samples(frame), expected)
    number_detector.save(tmp_path / "numbers.aea")
    numbers = aeanomaly.scoring.load(tmp_path / "numbers.aea")
    expected = number_detector.score_samples(make_numbers())
    dense = make_numbers()
    for X in (dense, dense.tolist(), dense.astype(object), csr_array(dense)):
        assert_array_equal(numbers.score_samples(X), expected)


def test_names_that_are_missing_or_new_are_a_warning(
    saved, number_detector, table, tmp_path
):
    X = table.to_numpy()
    with pytest.warns(UserWarning, match="X has no names of columns, but the model"):
        scores = saved.score_samples(X)
    assert np.isfinite(scores).all()
    number_detector.save(tmp_path / "numbers.aea")
    numbers = aeanomaly.scoring.load(tmp_path / "numbers.aea")
    with pytest.warns(UserWarning, match="X has names of columns, but the model was"):
        named = numbers.score_samples(pd.DataFrame(make_numbers()).add_prefix("x"))
    assert_array_equal(named, numbers.score_samples(make_numbers()))


@pytest.mark.parametrize(
    ("X", "words"),
    [
        ([1.0, 2.0, 3.0], "two dimensions, rows and columns. Got an array of shape"),
        (np.empty((0, 8)), "X has no rows"),
        (np.ones((2, 8)) * 1j, "complex numbers"),
        (np.ones((2, 5)), "X has 5 features, but the model was fitted on 8 features"),
    ],
)
@ignore_warnings
def test_what_cannot_be_scored_says_why(saved, X, words):
    with pytest.raises(ValueError, match=words):
        saved.score_samples(X)


def test_missing_columns_say_so(saved, table):
    with pytest.raises(ColumnError, match="amount"):
        saved.predict(table.drop(columns="amount"))


def test_a_transformer_has_no_score(transformer, tmp_path):
    transformer.save(tmp_path / "codes.aea")
    with pytest.raises(ArchiveError, match="holds an AutoencoderTransformer, which"):
        aeanomaly.scoring.load(tmp_path / "codes.aea")


def test_the_package_of_scoring_has_no_other_names():
    with pytest.raises(AttributeError, match="has no attribute 'loads'"):
        aeanomaly.scoring.loads  # noqa: B018 - looking it up is what is tested


ALONE = """
import json, sys
missing = ("sklearn", "scipy", "joblib", "tensorflow", "keras", "narwhals")
sys.modules.update(dict.fromkeys(missing))
import pandas
import aeanomaly.scoring
from aeanomaly.cli import main

model = aeanomaly.scoring.load("model.aea")
table = pandas.read_pickle("table.pkl")
said = {name: getattr(model, name)(table).tolist() for name in METHODS}
said["reasons"] = model.score_frame(table, reasons=1)["reason_1"].tolist()
said["explained"] = model.explain(table, top=2)["share"].tolist()
table.to_csv("table.csv", index=False)
score = ["score", "table.csv", "--model", "model.aea", "--output", "out.csv"]
said["codes"] = [main([*score, "--p-values", "--severity", "--reasons", "1"])]
said["codes"].append(main(["inspect", "model.aea"]))
print(json.dumps(said))
for statement in ("aeanomaly.load", "aeanomaly.AutoencoderOutlierDetector"):
    try:
        eval(statement)
    except ImportError as error:
        print(error)
sys.stderr.write("---")
sys.exit(main(["fit", "table.csv", "--model", "new.aea"]))
"""


@pytest.mark.slow
def test_numpy_and_pandas_are_enough(path, detector, table):
    """In a process, which takes seconds, that can import nothing else."""
    table.to_pickle(path.parent / "table.pkl")
    code = f"METHODS = {METHODS}\n{ALONE}"
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=path.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1, run.stderr
    *_, said, of_load, of_class = run.stdout.splitlines()
    said = json.loads(said)
    for method in METHODS:
        assert_array_equal(said[method], getattr(detector, method)(table))
    frame = detector.score_frame(table, reasons=1)
    assert said["reasons"] == frame["reason_1"].tolist()
    assert said["explained"] == detector.explain(table, top=2)["share"].tolist()
    assert said["codes"] == [0, 0]
    written = pd.read_csv(path.parent / "out.csv")
    np.testing.assert_allclose(written["score"], frame["score"], rtol=1e-9)
    assert of_load == (
        "aeanomaly.load needs scikit-learn, which is not installed. Install it with: "
        "pip install aeanomaly. The commands score and inspect, and "
        "aeanomaly.scoring.load, work without it."
    )
    assert of_class.startswith("aeanomaly.AutoencoderOutlierDetector needs scikit-")
    assert run.stderr.split("---")[1] == (
        "aeanomaly fit: error: The command fit needs scikit-learn, which is not "
        "installed. Install it with: pip install aeanomaly. The commands score and "
        "inspect, and aeanomaly.scoring.load, work without it.\n"
    )


def test_another_backend_of_keras_is_one_sentence(monkeypatch, number_detector):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    words = "^KERAS_BACKEND is 'torch', and aeanomaly trains with 'tensorflow' only"
    with pytest.raises(ImportError, match=words):
        number_detector.to_keras()
    with pytest.raises(ImportError, match=words):
        aeanomaly.scoring.load(DATA / "protocol_3_images.aea")


def test_what_scoring_needs_are_the_floors_of_the_project():
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = pyproject["project"]
    every = project["dependencies"] + project["optional-dependencies"]["parquet"]
    listed = re.findall(
        r"^(?:# )?(\w+>=\S+)$", (ROOT / "requirements-scoring.txt").read_text(), re.M
    )
    assert [entry.split(">")[0] for entry in listed] == ["numpy", "pandas", "pyarrow"]
    assert set(listed) <= set(every)


def test_what_is_missing_is_named():
    error = ModuleNotFoundError("No module named ...", name="sklearn.base")
    assert str(in_words(error, "It")).startswith("It needs scikit-learn, which is not")
    other = ModuleNotFoundError("No module named ...", name="nowhere")
    # Anything else is not ours to explain.
    assert in_words(other, "It") is other
    unnamed = ImportError("KERAS_BACKEND is 'torch'")
    assert in_words(unnamed, "It") is unnamed
