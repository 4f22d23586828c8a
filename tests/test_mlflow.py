"""Tests that MLflow logs, loads and serves fitted estimators."""

import sys

import numpy as np
import pandas as pd
import pytest
from cases import CHEAP, make_table
from numpy.testing import assert_allclose, assert_array_equal

from aeanomaly import AutoencoderOutlierDetector
from aeanomaly.mlflow import (
    load_model,
    log_fit,
    log_model,
    signature_of,
    skops_trusted_types,
)
from aeanomaly.scoring.archive.classes import model_classes


def test_the_trusted_types_are_classes_of_the_package_that_run_nothing():
    trusted = skops_trusted_types()
    assert all(name.startswith("aeanomaly.") for name in trusted)
    assert "aeanomaly.scoring.networks.keras.KerasNetwork" not in trusted
    known = {f"{cls.__module__}.{cls.__name__}" for cls in model_classes().values()}
    assert known - set(trusted) == {"aeanomaly.scoring.networks.keras.KerasNetwork"}


def test_an_absent_package_is_an_error_that_names_the_extra(detector, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(ImportError, match=r'pip install "aeanomaly\[mlflow\]"'):
        log_model(detector)


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory):
    pytest.importorskip(
        "mlflow", reason="mlflow is not installed: pip install .[mlflow]"
    )
    import mlflow
    import mlflow.pyfunc
    import mlflow.sklearn

    folder = tmp_path_factory.mktemp("mlflow")
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    mlflow.create_experiment("tests", artifact_location=str(folder / "artifacts"))
    mlflow.set_experiment("tests")
    return mlflow


pytestmark = [
    # MLflow's own, which are not about this package.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.mark.slow
def test_sklearns_flavour_keeps_a_detector_with_the_trusted_types(mlflow, detector):
    with mlflow.start_run():
        logged = mlflow.sklearn.log_model(
            detector, name="model", skops_trusted_types=skops_trusted_types()
        )
    loaded = mlflow.sklearn.load_model(logged.model_uri)
    table = make_table()
    assert_array_equal(loaded.score_samples(table), detector.score_samples(table))
    assert loaded.score_frame(table, 2).equals(detector.score_frame(table, 2))


@pytest.mark.slow
def test_a_pipeline_is_logged_and_loaded(mlflow, numbers):
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pipeline = make_pipeline(StandardScaler(), AutoencoderOutlierDetector(**CHEAP))
    pipeline.fit(numbers)
    with mlflow.start_run():
        logged = log_model(pipeline)
    loaded = mlflow.sklearn.load_model(logged.model_uri)
    assert_array_equal(loaded.predict(numbers), pipeline.predict(numbers))
    served = mlflow.pyfunc.load_model(logged.model_uri)
    assert_array_equal(served.predict(numbers), pipeline.predict(numbers))


@pytest.mark.slow
def test_a_served_detector_gives_score_label_p_value_and_reasons(mlflow, detector):
    with mlflow.start_run():
        logged = log_model(detector, reasons=2)
    table = make_table()
    served = mlflow.pyfunc.load_model(logged.model_uri)
    found = served.predict(table)
    expected = detector.score_frame(table, 2, p_values=True)
    pd.testing.assert_frame_equal(found, expected)
    one = served.predict(table.head(3), params={"reasons": 1})
    assert list(one) == ["score", "is_outlier", "p_value", "reason_1"]
    again = load_model(logged.model_uri)
    assert_array_equal(again.score_samples(table), detector.score_samples(table))
    names = [column.name for column in served.metadata.signature.inputs]
    assert names == list(detector.feature_names_in_)


@pytest.mark.slow
def test_a_served_transformer_gives_codes(mlflow, transformer):
    with mlflow.start_run():
        logged = log_model(transformer)
    codes = mlflow.pyfunc.load_model(logged.model_uri).predict(make_table())
    assert_allclose(codes, transformer.transform(make_table()))


@pytest.mark.slow
def test_a_fit_is_logged_with_all_that_belongs_to_it(mlflow, detector):
    table = make_table()
    y = np.where(table["amount"] > table["amount"].quantile(0.95), 1, 0)
    with mlflow.start_run() as run:
        assert log_fit(detector, table, y, model=False) is None
    client = mlflow.MlflowClient()
    data = client.get_run(run.info.run_id).data
    assert data.params["max_iter"] == "5"
    assert data.metrics["offset"] == detector.offset_
    assert 0.5 < data.metrics["roc_auc"] <= 1.0
    assert 0.0 <= data.metrics["share_flagged"] < 0.2
    assert data.tags["threshold"] == detector.threshold_.summary_
    losses = client.get_metric_history(run.info.run_id, "loss")
    assert [one.value for one in losses] == pytest.approx(detector.history_["loss"])
    files = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert files == {"columns.csv", "report.html"}


@pytest.mark.slow
def test_an_array_has_no_signature(mlflow, number_detector):
    assert signature_of(number_detector) is None


@pytest.mark.slow
def test_a_model_of_another_flavour_says_how_to_load_it(mlflow, detector):
    with mlflow.start_run():
        logged = mlflow.sklearn.log_model(
            detector, name="model", skops_trusted_types=skops_trusted_types()
        )
    with pytest.raises(ValueError, match="Load it with mlflow.sklearn.load_model"):
        load_model(logged.model_uri)
