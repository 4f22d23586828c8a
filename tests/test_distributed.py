"""Tests of fitting and scoring on Dask DataFrames."""

import importlib.util
import os
import pickle
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from cases import CHEAP, make_table

from aeanomaly import AutoencoderOutlierDetector, distributed
from aeanomaly.scoring.saved import SavedDetector

dask = pytest.importorskip("dask", reason="Dask is absent: the extra dask has it")
dd = pytest.importorskip("dask.dataframe", reason="dask[dataframe] is absent")


def partitions_of(table, n_partitions=5):
    """The rows of a table in partitions, of which two are empty."""
    parts = np.array_split(np.arange(len(table)), n_partitions)
    parts.insert(2, parts[0][:0])
    frames = [table.iloc[rows] for rows in [*parts, parts[2]]]
    return dd.from_delayed([dask.delayed(f) for f in frames], meta=table.iloc[:0])


@pytest.fixture(scope="module")
def rows():
    return make_table()


@pytest.fixture(scope="module")
def frame(rows):
    return partitions_of(rows)


def test_scores_are_those_of_one_machine(detector, frame, rows):
    options = {"reasons": 2, "p_values": True, "severity": True}
    lazy = distributed.score(frame, detector, **options)
    found, expected = lazy.compute(), detector.score_frame(rows, **options)
    assert list(lazy.columns) == list(found.columns) == list(expected.columns)
    np.testing.assert_allclose(found["score"], expected["score"], rtol=1e-6)
    assert (found["is_outlier"] == expected["is_outlier"]).all()
    assert found["reason_1"].tolist() == expected["reason_1"].tolist()
    assert (found.index == rows.index).all()


def test_reasons_are_those_of_one_machine(detector, frame, rows):
    found = distributed.explain(frame, detector, top=2).compute()
    expected = detector.explain(rows, top=2)
    assert found["column"].tolist() == expected["column"].tolist()
    np.testing.assert_allclose(found["share"], expected["share"], atol=1e-5)
    assert found["row"].tolist() == expected.index.get_level_values(0).tolist()
    assert found["rank"].tolist() == [1, 2] * len(rows)
    named = frame.rename_axis(index="id")
    assert distributed.explain(named, detector).columns[0] == "id"


def test_partitions_without_rows_have_no_scores(detector, rows):
    nothing = dd.from_pandas(rows.iloc[:0], npartitions=1)
    assert len(distributed.score(nothing, detector, reasons=1).compute()) == 0
    assert len(distributed.explain(nothing, detector).compute()) == 0


def test_a_fit_is_that_of_one_machine(frame, rows):
    detector = AutoencoderOutlierDetector(**CHEAP)
    fitted = distributed.fit(frame, detector, sample_size=150)
    streamed = detector.fit_stream(rows, sample_size=150)
    assert fitted.n_samples_seen_ == len(rows)
    assert fitted.offset_ == streamed.offset_
    assert (fitted.score_samples(rows) == streamed.score_samples(rows)).all()


def test_a_frame_without_rows_cannot_be_fitted(rows):
    nothing = dd.from_pandas(rows.iloc[:0], npartitions=1)
    with pytest.raises(ValueError, match="The table holds no rows"):
        distributed.fit(nothing)
    with pytest.raises(ValueError, match="'sample_size' parameter"):
        distributed.fit(nothing, sample_size=0)


def test_a_detector_that_is_not_fitted_scores_nothing(frame):
    with pytest.raises(ValueError, match="not fitted yet"):
        distributed.score(frame, AutoencoderOutlierDetector())


def test_without_dask_the_extra_is_named(monkeypatch, frame, detector):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: None if name == "dask" else found(name),
    )
    with pytest.raises(ImportError, match=r'pip install "aeanomaly\[dask\]"'):
        distributed.score(frame, detector)


_WORKER = """
import pickle, sys
detector, rows = pickle.load(open(sys.argv[1], "rb"))
scores = detector.score_frame(rows, reasons=1)["score"]
heavy = {"tensorflow", "keras", "sklearn", "scipy", "dask"} & set(sys.modules)
print(scores.sum(), sorted(heavy))
"""


def test_a_worker_needs_numpy_and_pandas_only(detector, rows, tmp_path):
    held = tmp_path / "held.pickle"
    held.write_bytes(pickle.dumps((SavedDetector.of(detector), rows)))
    command = [sys.executable, "-c", _WORKER, held]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    total, heavy = said.split(maxsplit=1)
    assert heavy.strip() == "[]"
    assert float(total) == pytest.approx(detector.score_samples(rows).sum(), rel=1e-9)


def _dies_once(part, flag):
    """Kill the worker that comes to the row 0 first."""
    if 0 in part.index and not os.path.exists(flag):
        open(flag, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    return part


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_killed_worker_changes_nothing(detector, rows, tmp_path):
    from dask.distributed import Client, LocalCluster

    table = pd.concat([rows] * 3, ignore_index=True)
    frame = partitions_of(table, 6)
    expected = distributed.score(frame, detector, reasons=1).compute()
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**options) as cluster, Client(cluster):
        flag = str(tmp_path / "killed")
        dying = frame.map_partitions(_dies_once, flag, meta=frame._meta)
        found = distributed.score(dying, detector, reasons=1).compute()
        assert os.path.exists(flag)
        pd.testing.assert_frame_equal(found, expected)
        os.remove(flag)
        estimator = AutoencoderOutlierDetector(**CHEAP)
        fitted = distributed.fit(dying, estimator, sample_size=150)
        assert os.path.exists(flag)
    streamed = estimator.fit_stream(table, sample_size=150)
    np.testing.assert_allclose(
        fitted.score_samples(rows), streamed.score_samples(rows), rtol=1e-6
    )
