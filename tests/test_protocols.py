"""Tests that old model files keep their meaning.

The files in ``tests/data`` were each written once, by the code of their protocol; with
each stands what that code gave for the rows beside it.
"""

import importlib
import json
import pkgutil
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cases import KERAS_OF_THE_FILES
from numpy.testing import assert_allclose, assert_array_equal
from test_archive import entries_of, signed, zipped

import aeanomaly
import aeanomaly.scoring.encoding
import aeanomaly.scoring.parts
from aeanomaly.exceptions import ArchiveProtocolError
from aeanomaly.scoring.archive import PROTOCOL, protocols, read_model

# A cell of the rows is one that nobody can read.
pytestmark = pytest.mark.filterwarnings(
    "ignore::aeanomaly.exceptions.UnreadCellsWarning"
)

DATA = Path(__file__).parent / "data"
PROTOCOLS = range(1, PROTOCOL + 1)
TABLES = [
    f"protocol_{number}_{score}"
    for number in PROTOCOLS
    for score in ("hybrid", "reconstruction")
]
# Rows with every kind of column, as protocol_1_detector.aea and _transformer.aea know.
FIRST_ROWS = pd.DataFrame(
    {
        "amount": [12.5, 30.0, None, 8.25, 11.0, 5_000.0],
        "n_visits": [3, 4, 5, 2, 4, 60],
        "member": [True, False, True, True, False, False],
        "country": ["FR", "DE", None, "FR", "IT", "XX"],
        "size": pd.Categorical(["large", "small", "small"] * 2),
        "opened": pd.to_datetime(
            [*(f"2025-01-{day:02d} 09:30" for day in (1, 5, 9, 12, 20)), None]
        ),
        "version": [3.0] * 5 + [4.0],
    }
)


def read_expected(name):
    return json.loads((DATA / f"{name}.json").read_text())


def rows_of(expected):
    table = pd.DataFrame(expected["columns"])
    return table.assign(opened=pd.to_datetime(table["opened"]))


def manifest_of(path):
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read("manifest.json"))


@pytest.mark.parametrize("name", TABLES)
def test_a_file_scores_as_when_it_was_written(name):
    expected = read_expected(name)
    rows = rows_of(expected)
    detector = aeanomaly.load(DATA / f"{name}.aea")
    assert detector.offset_ == expected["offset"]
    assert_allclose(detector.score_samples(rows), expected["scores"], rtol=1e-6)
    alone = [detector.score_samples(rows.iloc[[i]])[0] for i in range(9)]
    assert_allclose(alone, expected["scores"][:9], rtol=1e-6)


@pytest.mark.parametrize("name", TABLES)
def test_a_file_explains_as_when_it_was_written(name):
    expected = read_expected(name)
    rows = rows_of(expected)
    detector = aeanomaly.load(DATA / f"{name}.aea")
    shares = detector.explain(rows, top=rows.shape[1])["share"]
    assert_allclose(shares, expected["shares"], atol=1e-6)
    first = detector.explain(rows, top=1)["column"]
    was = [reason.split(" ")[0] for reason in expected["first_reasons"]]
    assert first.tolist() == was


@pytest.mark.parametrize("name", [name for name in TABLES if "_3_" in name])
def test_a_file_gives_the_p_values_of_when_it_was_written(name):
    expected = read_expected(name)
    detector = aeanomaly.load(DATA / f"{name}.aea")
    assert_allclose(detector.p_values(rows_of(expected)), expected["p_values"])
    assert detector.threshold_.summary_.startswith("At most 1 % of new normal rows")


@KERAS_OF_THE_FILES
@pytest.mark.parametrize("number", PROTOCOLS)
def test_a_file_of_images_scores_as_when_it_was_written(number):
    expected = read_expected(f"protocol_{number}_images")
    detector = aeanomaly.load(DATA / f"protocol_{number}_images.aea")
    images = np.array(expected["images"], dtype=np.uint8)
    assert detector.offset_ == expected["offset"]
    assert_allclose(detector.score_samples(images), expected["scores"], rtol=1e-6)


def test_the_first_files_of_protocol_1_give_the_same():
    expected = read_expected("protocol_1_expected")
    detector = aeanomaly.load(DATA / "protocol_1_detector.aea")
    transformer = aeanomaly.load(DATA / "protocol_1_transformer.aea")
    assert detector.offset_ == expected["offset"]
    assert_allclose(detector.score_samples(FIRST_ROWS), expected["scores"], rtol=1e-6)
    assert_allclose(transformer.transform(FIRST_ROWS), expected["codes"], rtol=1e-6)
    assert repr(detector.architecture_) == "Sparse(weight=0.01)"
    assert len(detector.explain(FIRST_ROWS, top=2)) == 12


@pytest.mark.parametrize("path", sorted(DATA.glob("*.aea")), ids=lambda p: p.stem)
def test_a_file_says_its_protocol(path):
    assert manifest_of(path)["protocol"] == int(path.stem.split("_")[1])


def test_there_are_files_of_every_protocol():
    numbers = {manifest_of(path)["protocol"] for path in DATA.glob("*.aea")}
    assert numbers == set(PROTOCOLS)
    assert len(protocols._STEPS) == PROTOCOL - 1


@pytest.mark.parametrize("name", TABLES)
def test_an_old_file_saved_again_scores_the_same(name, tmp_path):
    expected = read_expected(name)
    aeanomaly.load(DATA / f"{name}.aea").save(tmp_path / "new.aea")
    assert manifest_of(tmp_path / "new.aea")["protocol"] == PROTOCOL
    scores = aeanomaly.load(tmp_path / "new.aea").score_samples(rows_of(expected))
    assert_allclose(scores, expected["scores"], rtol=1e-6)


def test_an_upgrade_leaves_the_manifest_as_it_was():
    manifest = manifest_of(DATA / "protocol_1_hybrid.aea")
    before = json.dumps(manifest)
    upgraded = protocols.upgrade(manifest)
    assert json.dumps(manifest) == before
    assert upgraded["model"]["fields"]["encoding"]["fields"]["knee"] == 6.0


def test_a_file_of_protocol_1_without_a_covariance_explains_by_the_network(tmp_path):
    path = DATA / "protocol_1_hybrid.aea"
    entries = entries_of(path.read_bytes())
    manifest = json.loads(entries["manifest.json"])
    parts = manifest["scorer"]["fields"]["reduction"]["fields"]["parts"]
    kept = [p for p in parts if p["fields"]["part"]["class"] != "Covariance"]
    assert len(kept) == len(parts) - 1
    manifest["scorer"]["fields"]["reduction"]["fields"]["parts"] = kept
    (tmp_path / "model.aea").write_bytes(zipped(signed(entries, manifest)))
    detector = aeanomaly.load(tmp_path / "model.aea")
    assert len(detector.explain(rows_of(read_expected(path.stem)), top=1)) == 40


def test_a_newer_protocol_is_refused(tmp_path):
    entries = entries_of((DATA / "protocol_1_hybrid.aea").read_bytes())
    manifest = json.loads(entries["manifest.json"]) | {"protocol": PROTOCOL + 1}
    (tmp_path / "model.aea").write_bytes(zipped(signed(entries, manifest)))
    with pytest.raises(ArchiveProtocolError, match=f"reads up to {PROTOCOL}. Upgrade"):
        read_model(tmp_path / "model.aea")


def numbers_in(package):
    """Yield module and name of every number that a module of a package defines."""
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        module = importlib.import_module(info.name)
        for name, value in vars(module).items():
            if isinstance(value, float | int) and not isinstance(value, bool):
                yield module, name


@pytest.mark.parametrize("name", TABLES)
def test_no_number_of_the_code_changes_what_a_file_says(name, monkeypatch):
    expected = read_expected(name)
    rows = rows_of(expected)
    detector = aeanomaly.load(DATA / f"{name}.aea")
    scores, shares = detector.score_samples(rows), detector.explain(rows, top=9)
    changed = []
    for package in (aeanomaly.scoring.encoding, aeanomaly.scoring.parts):
        for module, constant in numbers_in(package):
            value = getattr(module, constant)
            factor = 2 if isinstance(value, int) else 1.7
            monkeypatch.setattr(module, constant, value * factor)
            changed.append(constant)
    assert len(changed) > 10
    detector = aeanomaly.load(DATA / f"{name}.aea")
    assert_allclose(detector.score_samples(rows), scores, rtol=1e-9)
    assert_array_equal(detector.explain(rows, top=9)["column"], shares["column"])


@pytest.mark.parametrize("name", TABLES)
def test_reasons_come_with_the_very_scores_of_score_samples(name):
    expected = read_expected(name)
    model = aeanomaly.load(DATA / f"{name}.aea")
    # More rows than run in double precision, and more than a block of references.
    rows = pd.concat([rows_of(expected)] * 90, ignore_index=True)
    frame = model.score_frame(rows, reasons=1)
    assert_array_equal(frame["score"], model.score_samples(rows))
