"""Tests that an exported graph gives the scores that the model gives."""

import importlib.util
import json
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cases import (
    CHEAP,
    DEFAULT_THEN_OTHERS,
    KERAS_OF_THE_FILES,
    make_numbers,
    make_table,
)
from numpy.testing import assert_allclose, assert_array_equal
from test_protocols import DATA, read_expected, rows_of

import aeanomaly
from aeanomaly import AutoencoderOutlierDetector, ScorePart
from aeanomaly.exceptions import ColumnError, ExportError
from aeanomaly.images import ImageUndercomplete
from aeanomaly.onnx import REDUCTIONS, convert, graph_inputs
from aeanomaly.onnx.graph import Graph, n_edges_up_to
from aeanomaly.onnx.layout import NO_TIME
from aeanomaly.onnx.protobuf import write_graph
from aeanomaly.scoring.parts import ScaledPart, TailCombination, TailScale

onnxruntime = pytest.importorskip(
    "onnxruntime", reason="graphs are run by onnxruntime: pip install .[onnx]"
)
pytestmark = pytest.mark.filterwarnings(
    "ignore::aeanomaly.exceptions.UnreadCellsWarning"
)


def session_of(estimator, path, **options):
    estimator.to_onnx(path, **options)
    return onnxruntime.InferenceSession(str(path))


def run(session, inputs):
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, inputs), strict=True))


def check_parity(detector, X, path, **options):
    """Check score, label and p-value of rows together, and of a row alone."""
    session = session_of(detector, path, **options)
    inputs = graph_inputs(detector, X, **options)
    found = run(session, inputs)
    assert_allclose(found["score"], detector.score_samples(X), rtol=0, atol=1e-7)
    assert_array_equal(found["label"], detector.predict(X))
    if "p_value" in found:
        assert_allclose(found["p_value"], detector.p_values(X), rtol=1e-12)
    alone = {name: values[3:4] for name, values in inputs.items()}
    assert_allclose(run(session, alone)["score"], found["score"][3:4], atol=1e-12)
    return found


def odd_rows():
    """Rows that training showed, and such as it never did."""
    table = make_table()
    table["country"] = table["country"].astype(object)
    table.loc[0, ["amount", "age"]] = 1e9
    table.loc[1, "country"] = "XX"
    table.loc[2, "amount"] = np.nan
    table.loc[3, "opened"] = pd.NaT
    table.loc[4, "opened"] = pd.Timestamp("2031-05-01 12:34:56.789")
    table.loc[5, "version"] = 4.0
    table.loc[6, "version"] = np.nan
    table.loc[7, "amount"] = -1e300
    table["size"] = table["size"].astype(object)
    table.loc[8, "size"] = "medium"
    return table


# Parity.


@pytest.mark.parametrize("architecture", DEFAULT_THEN_OTHERS)
def test_a_mixed_table_scores_alike(architecture, detectors, tmp_path):
    found = check_parity(detectors(architecture), odd_rows(), tmp_path / "model.onnx")
    assert found["score"].dtype == np.float64
    assert found["label"].dtype == np.int64
    assert found["label"][0] == -1


def test_an_array_of_numbers_scores_alike(number_detector, numbers, tmp_path):
    numbers[0, 1], numbers[1] = np.nan, 1e8
    check_parity(number_detector, numbers, tmp_path / "model.onnx")


@pytest.mark.parametrize(
    "name",
    ["protocol_1_reconstruction", "protocol_2_hybrid", "protocol_2_reconstruction"],
)
@pytest.mark.filterwarnings("ignore:The graph has no output 'p_value'")
def test_models_of_older_files_score_alike(name, tmp_path):
    detector = aeanomaly.load(DATA / f"{name}.aea")
    check_parity(detector, rows_of(read_expected(name)), tmp_path / "model.onnx")


@pytest.mark.parametrize("typed", [[], ["clock"]])
def test_texts_that_are_numbers_and_times_are_read_or_typed(typed, tmp_path):
    name, path = "protocol_3_hybrid", tmp_path / "model.onnx"
    detector, rows = aeanomaly.load(DATA / f"{name}.aea"), rows_of(read_expected(name))
    check_parity(detector, rows, path, typed=typed)
    session = session_of(detector, path, typed=typed)
    kinds = {given.name: given.type for given in session.get_inputs()}
    assert kinds["clock"] == ("tensor(int64)" if typed else "tensor(string)")


def test_a_transformer_gives_the_same_codes(transformer, tmp_path):
    session = session_of(transformer, tmp_path / "codes.onnx")
    codes = run(session, graph_inputs(transformer, odd_rows()))["codes"]
    assert codes.dtype == np.float32
    assert_allclose(codes, transformer.transform(odd_rows()), rtol=1e-6)


def test_what_feedback_moved_is_moved_alike(detector, tmp_path):
    detector = replaced(detector)
    table = odd_rows()
    flagged = np.flatnonzero(detector.predict(table) == -1)[:6]
    detector.feedback(table.iloc[flagged], [1, -1, 1, -1, 1, 1][: len(flagged)])
    check_parity(detector, table, tmp_path / "model.onnx")


@pytest.mark.slow
def test_what_labels_taught_is_alike(tmp_path):
    table = make_table()
    labels = np.where(table["amount"] > table["amount"].quantile(0.95), -1, 0)
    detector = AutoencoderOutlierDetector(**CHEAP, labels="learn").fit(table, labels)
    check_parity(detector, odd_rows(), tmp_path / "model.onnx")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*scores of unseen rows")
@pytest.mark.filterwarnings("ignore:.* rows are few for")
def test_wide_and_many_levelled_tables_score_alike(rng, tmp_path):
    n_rows = 60
    table = pd.DataFrame(rng.standard_normal((n_rows, 80))).add_prefix("x")
    table["shop"] = rng.choice([f"S{i}" for i in range(12)], n_rows)
    table["shop"] = table["shop"].where(rng.random(n_rows) < 0.9)
    table["code"] = rng.integers(0, 4, n_rows).astype(float)
    table.loc[:20, "code"] = np.nan
    table["empty"] = np.nan
    parameters = CHEAP | {"max_categories": 3, "missing_values": [3, "S1"]}
    detector = AutoencoderOutlierDetector(**parameters).fit(table)
    table.loc[0, ["shop", "x0", "empty"]] = "new", np.nan, 1.0
    check_parity(detector, table, tmp_path / "model.onnx")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.* rows are few for")
def test_images_of_dense_networks_score_alike(rng, tmp_path):
    images = rng.integers(0, 255, (60, 6, 5)).astype(np.uint8)
    detector = AutoencoderOutlierDetector(
        architecture=ImageUndercomplete(), latent_dim=2, max_iter=5, random_state=0
    )
    detector.fit(images)
    check_parity(detector, images, tmp_path / "model.onnx")


def test_the_reconstruction_error_is_alike(detector, tmp_path):
    parts = detector.scorer_.reduction.parts
    detector = replaced(detector, reduction=parts[0].part)
    check_parity(detector, odd_rows(), tmp_path / "model.onnx")


def replaced(detector, **changes):
    """Return a copy of a fitted detector, with other parts of its scorer."""
    import copy

    copied = copy.copy(detector)
    copied.scorer_ = replace(detector.scorer_, **changes)
    return copied


def test_an_infinite_number_gives_no_score(detector, tmp_path):
    table = make_table().head(3)
    session = session_of(detector, tmp_path / "model.onnx")
    inputs = graph_inputs(detector, table)
    inputs["amount"] = np.array([[12.0], [np.inf], [30.0]])
    found = run(session, inputs)
    assert np.isnan(found["score"]).tolist() == [False, True, False]
    assert found["label"][1] == -1


def test_levels_are_found_in_other_spellings(detector, tmp_path):
    table = make_table().head(4)
    session = session_of(detector, tmp_path / "model.onnx")
    inputs = graph_inputs(detector, table)
    spelled = inputs | {
        "member": np.array([["true"], ["1"], ["TRUE"], ["0.0"]], object)
    }
    table["member"] = [True, True, True, False]
    assert_allclose(run(session, spelled)["score"], detector.score_samples(table))


@pytest.mark.parametrize("n_edges", [1, 7, 512, 513, 3_000])
def test_edges_are_counted_as_numpy_counts_them(n_edges, rng, tmp_path):
    edges = np.sort(np.round(rng.standard_normal(n_edges), 2))
    values = np.concatenate([edges, rng.standard_normal(50), [-9.0, 9.0]])
    graph = Graph()
    x = graph.input("x", "double", ("rows", 1), "")
    graph.output(n_edges_up_to(x, edges), "n", "int64", ("rows", 1), "")
    path = tmp_path / "edges.onnx"
    write_graph(graph, path, name="n", version="0", about="", metadata={})
    (n,) = onnxruntime.InferenceSession(str(path)).run(None, {"x": values[:, None]})
    assert_array_equal(n[:, 0], np.searchsorted(edges, values, side="right"))


# What is in the file.


def test_a_file_says_what_its_inputs_hold(detector, tmp_path):
    session = session_of(detector, tmp_path / "model.onnx")
    kinds = {given.name: (given.type, given.shape) for given in session.get_inputs()}
    assert list(kinds) == list(make_table().columns)
    assert kinds["amount"] == ("tensor(double)", ["rows", 1])
    assert kinds["country"] == ("tensor(string)", ["rows", 1])
    assert kinds["opened"] == ("tensor(int64)", ["rows", 1])
    meta = session.get_modelmeta()
    inputs = json.loads(meta.custom_metadata_map["inputs"])
    assert inputs["opened"]["holds"] == (
        f"microseconds since 1970, UTC; {NO_TIME} is missing"
    )
    assert inputs["country"]["holds"] == "texts; '' is missing"
    assert float(meta.custom_metadata_map["offset"]) == detector.offset_
    assert meta.producer_name == "aeanomaly"


def test_the_same_model_gives_the_same_bytes(detector, tmp_path):
    for name in ("one", "other"):
        detector.to_onnx(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_a_file_is_written_whole_or_not_at_all(detector, tmp_path, monkeypatch):
    path = tmp_path / "model.onnx"
    path.write_text("older")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OSError, match="No space left"):
        detector.to_onnx(path)
    assert [file.name for file in tmp_path.iterdir()] == ["model.onnx"]
    assert path.read_text() == "older"


def test_a_model_without_calibration_scores_says_that_p_values_are_missing(
    detector, tmp_path
):
    detector = replaced(detector)
    detector.calibration_ = None
    with pytest.warns(UserWarning, match="no output 'p_value': the model keeps no"):
        session = session_of(detector, tmp_path / "model.onnx")
    assert [output.name for output in session.get_outputs()] == ["score", "label"]


def test_a_keras_model_is_exported_or_says_what_it_needs(number_detector, tmp_path):
    path = tmp_path / "network.onnx"
    if importlib.util.find_spec("tf2onnx") is None:
        with pytest.raises(ImportError, match="tf2onnx"):
            number_detector.to_keras().export(path, format="onnx")
        return
    number_detector.to_keras().export(path, format="onnx", verbose=False)
    Z = number_detector.model_.encoding.encode(make_numbers()).Z
    (found,) = onnxruntime.InferenceSession(str(path)).run(None, {"encoded": Z})
    output = number_detector.model_.evaluate(Z).output.mean(axis=0)
    assert_allclose(found, output, atol=1e-5)


# What cannot be exported.


@KERAS_OF_THE_FILES
def test_networks_that_keras_runs_are_an_error_in_words(tmp_path):
    detector = aeanomaly.load(DATA / "protocol_3_images.aea")
    with pytest.raises(
        ExportError, match="network KerasNetwork.*layers that Keras run"
    ):
        detector.to_onnx(tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_parts_that_compare_hashes_are_an_error_in_words(tmp_path):
    detector = aeanomaly.load(DATA / "protocol_1_hybrid.aea")
    with pytest.raises(
        ExportError, match="KeyedNeighbourhood.*compares hashes of rows"
    ):
        detector.to_onnx(tmp_path / "model.onnx")


def test_an_unknown_typed_column_is_an_error(detector, tmp_path):
    with pytest.raises(
        ColumnError, match="typed names the column 'clok', which the mod"
    ):
        detector.to_onnx(tmp_path / "model.onnx", typed=["clok"])


def test_hashed_levels_are_an_error_that_names_the_column(detector, tmp_path):
    detector.save(tmp_path / "private.aea", private=True)
    private = aeanomaly.load(tmp_path / "private.aea")
    with pytest.raises(ExportError, match="of column 'member' .*stored as hashes"):
        private.to_onnx(tmp_path / "model.onnx")


def test_an_absent_package_is_an_error_that_names_the_extra(
    detector, tmp_path, monkeypatch
):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r'pip install "aeanomaly\[onnx\]"'):
        detector.to_onnx(tmp_path / "model.onnx")


@dataclass(frozen=True)
class Total(ScorePart):
    """Sum of the squares of a row."""

    name = "total"

    @classmethod
    def fit(cls, rows):
        return cls()

    def cells(self, evaluation, encoding):
        return encoding.sum_encoded(np.square(evaluation.Z))

    def statistic(self, evaluation, encoding):
        return self.cells(evaluation, encoding).sum(axis=1, dtype=np.float64)


def with_total(detector):
    scale = TailScale(np.array([0.0, 5.0, 20.0]), np.array([0.0, 1.0, 3.0]), 2.0)
    combination = TailCombination((ScaledPart(Total(), scale),), 4.0, None)
    return replaced(detector, reduction=combination)


def test_a_part_of_ones_own_needs_a_converter(detector, tmp_path, monkeypatch):
    own = with_total(detector)
    message = r"score Total has no ONNX converter. Register one with aeanomaly.onnx.RED"
    with pytest.raises(ExportError, match=message):
        own.to_onnx(tmp_path / "model.onnx")
    monkeypatch.setitem(
        REDUCTIONS._functions,
        Total,
        lambda part, evaluation, encoding: (evaluation.Z * evaluation.Z).sum(),
    )
    check_parity(own, odd_rows(), tmp_path / "model.onnx")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_guide_says_what_can_be_run(tmp_path, monkeypatch):
    guide = (Path(__file__).parents[1] / "docs/onnx.md").read_text(encoding="utf-8")
    *blocks, _ = re.findall(r"^```python\n(.*?)^```", guide, re.DOTALL | re.M)
    monkeypatch.chdir(tmp_path)
    exec("".join(blocks), {})


# Model files


@pytest.mark.parametrize("name", ["detector", "transformer"])
def test_a_model_file_becomes_the_graph_that_its_estimator_writes(
    name, request, tmp_path
):
    estimator = request.getfixturevalue(name)
    paths = [tmp_path / "model.onnx", tmp_path / "converted.onnx"]
    estimator.save(tmp_path / "model.aea")
    estimator.to_onnx(paths[0])
    convert(tmp_path / "model.aea", paths[1])
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_model_that_only_scores_gives_a_graph_its_inputs(detector, table, tmp_path):
    detector.save(tmp_path / "model.aea")
    saved = aeanomaly.scoring.load(tmp_path / "model.aea")
    expected = graph_inputs(detector, table)
    found = graph_inputs(saved, table)
    assert list(found) == list(expected)
    for column, values in expected.items():
        assert_array_equal(found[column], values)
