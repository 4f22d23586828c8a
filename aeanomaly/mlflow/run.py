"""A fit in MLflow: parameters, losses, quality, the report and the model."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..metrics import average_precision, precision_at_k, roc_auc
from ..report import check_jinja
from .flavour import log_model
from .package import check_mlflow

# What MLflow takes of a text, and of parameters and metrics at a time.
_LONGEST, _PARAMS_AT_ONCE, _METRICS_AT_ONCE = 500, 100, 1_000
_AT = 100


def log_fit(
    estimator: Any,
    X: Any = None,
    y: Any = None,
    *,
    report: bool = True,
    model: bool = True,
    **options: Any,
) -> Any:
    """Log a fitted estimator in the current run, as autologging would.

    Parameters
    ----------
    estimator : AutoencoderOutlierDetector or AutoencoderTransformer
        Fitted. Logged are its parameters, the losses of each epoch, the threshold and
        how each column was read.
    X : DataFrame or array-like of shape (n_samples, n_features), default=None
        Rows to measure a detector with: the share that is flagged, and the report.
    y : array-like of shape (n_samples,), default=None
        Labels of these rows, of either coding: AUROC, average precision and the
        precision among the 100 most abnormal rows.
    report : bool, default=True
        Whether to log the report on X as a page. It holds rows of X.
    model : bool, default=True
        Whether to log the model.
    **options
        Passed on to `aeanomaly.mlflow.log_model`.

    Returns
    -------
    mlflow.models.model.ModelInfo or None
        Of the model, if it is logged.

    Raises
    ------
    ImportError
        If mlflow is not installed, the extra "mlflow"; or if there is a report to
        write, and jinja2 is not installed.
    """
    mlflow = check_mlflow("tracking")
    is_detector = hasattr(estimator, "scorer_")
    if report and X is not None and is_detector:
        check_jinja()
    run = mlflow.active_run() or mlflow.start_run()
    _log_params(mlflow, run, estimator)
    _log_history(mlflow, run, estimator.history_)
    mlflow.log_metric("n_iter", estimator.n_iter_)
    mlflow.log_text(estimator.columns_.to_csv(index=False), "columns.csv")
    if is_detector:
        mlflow.log_metric("offset", estimator.offset_)
        summary = getattr(getattr(estimator, "threshold_", None), "summary_", "")
        mlflow.set_tag("threshold", summary)
        if X is not None:
            mlflow.log_metrics(_quality(estimator, X, y))
            if report:
                _log_report(mlflow, estimator, X, y)
    return log_model(estimator, **options) if model else None


def _log_params(mlflow: Any, run: Any, estimator: Any) -> None:
    client, entities = mlflow.MlflowClient(), mlflow.entities
    params = [
        entities.Param(name, str(value)[:_LONGEST])
        for name, value in estimator.get_params().items()
    ]
    for some in _chunks(params, _PARAMS_AT_ONCE):
        client.log_batch(run.info.run_id, params=some)


def _log_history(mlflow: Any, run: Any, history: dict[str, list[float]]) -> None:
    client, entities = mlflow.MlflowClient(), mlflow.entities
    now = int(1e3 * time.time())
    metrics = [
        entities.Metric(name, float(loss), now, epoch)
        for name, losses in history.items()
        for epoch, loss in enumerate(losses, start=1)
    ]
    for some in _chunks(metrics, _METRICS_AT_ONCE):
        client.log_batch(run.info.run_id, metrics=some)


def _chunks(items: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _quality(detector: Any, X: Any, y: Any) -> dict[str, float]:
    scores = detector.score_samples(X)
    quality = {"share_flagged": float(np.mean(scores < detector.offset_))}
    if y is None:
        return quality
    return quality | {
        "roc_auc": roc_auc(y, scores),
        "average_precision": average_precision(y, scores),
        f"precision_at_{_AT}": precision_at_k(y, scores, min(_AT, len(scores))),
    }


def _log_report(mlflow: Any, detector: Any, X: Any, y: Any) -> None:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "report.html")
        detector.report(X, y, path)
        mlflow.log_artifact(str(path))
