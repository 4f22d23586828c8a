"""Models in MLflow: logged as model files, served as scores, labels and reasons."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from .. import __version__
from ..loading import load
from ..scoring.saved import load as load_scorer
from .package import check_mlflow
from .signature import signature_of
from .trusted import skops_trusted_types

_FILE = "model.aea"
# Of a model's configuration: whether it scores rows, or gives their codes.
_SCORES = "scores"


def log_model(
    estimator: Any, name: str = "model", *, reasons: int = 3, **options: Any
) -> Any:
    """Log a fitted estimator, or a pipeline that ends with one, in the current run.

    Parameters
    ----------
    estimator : AutoencoderOutlierDetector, AutoencoderTransformer or Pipeline
        A detector or transformer becomes a model file, which holds no code. Loaded with
        ``mlflow.pyfunc.load_model``, a detector's ``predict`` gives a DataFrame as
        `score_frame` does: "score", "is_outlier", "p_value" and reasons; a
        transformer's gives codes. A pipeline is logged by
        ``mlflow.sklearn.log_model`` with the classes of `skops_trusted_types`; its
        ``predict`` gives labels.
    name : str, default="model"
    reasons : int, default=3
        Reasons for each row; ``predict(X, params={"reasons": 1})`` asks for others.
    **options
        Passed on to ``mlflow.pyfunc.log_model``, or ``mlflow.sklearn.log_model``, such
        as ``registered_model_name`` or ``input_example``.

    Returns
    -------
    mlflow.models.model.ModelInfo

    Raises
    ------
    ImportError
        If mlflow is not installed, the extra "mlflow".
    """
    if hasattr(estimator, "steps"):
        sklearn = check_mlflow("sklearn").sklearn
        trusted = skops_trusted_types()
        options = {"skops_trusted_types": trusted} | options
        return sklearn.log_model(estimator, name=name, **options)
    pyfunc = check_mlflow("pyfunc").pyfunc
    options = {
        "signature": signature_of(estimator, reasons),
        "pip_requirements": [f"aeanomaly=={__version__}"],
        "metadata": {"aeanomaly": __version__, "estimator": type(estimator).__name__},
    } | options
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, _FILE)
        estimator.save(path)
        return pyfunc.log_model(
            name=name,
            loader_module="aeanomaly.mlflow",
            data_path=str(path),
            model_config={"reasons": reasons, _SCORES: hasattr(estimator, "scorer_")},
            **options,
        )


def load_model(model_uri: str) -> Any:
    """Return the detector or transformer of a model that `log_model` logged.

    Parameters
    ----------
    model_uri : str
        Such as "models:/fraud/1".

    Returns
    -------
    AutoencoderOutlierDetector or AutoencoderTransformer
    """
    artifacts = check_mlflow("artifacts").artifacts
    with tempfile.TemporaryDirectory() as folder:
        found = Path(artifacts.download_artifacts(model_uri, dst_path=folder))
        files = sorted(found.rglob(_FILE))
        if not files:
            raise ValueError(
                f"{model_uri} holds no {_FILE}: it was not logged with "
                f"aeanomaly.mlflow.log_model. Load it with mlflow.sklearn.load_model."
            )
        return load(files[0])


class ServedModel:
    """What MLflow calls for the rows of a request.

    Parameters
    ----------
    path : str
        Of a model file.
    reasons : int
    scores : bool
        Whether it scores rows, or gives their codes.
    """

    def __init__(self, path: str, reasons: int, scores: bool) -> None:
        self._reasons, self._scores = reasons, scores
        self._model: Any = load_scorer(path) if scores else load(path)

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        """Return scores, labels, p-values and reasons of rows, or their codes."""
        if not self._scores:
            return self._model.transform(model_input)
        reasons = int((params or {}).get("reasons", self._reasons))
        has_p_values = self._model.calibration_ is not None
        return self._model.score_frame(model_input, reasons, p_values=has_p_values)


def load_served(path: str, model_config: dict[str, Any] | None = None) -> ServedModel:
    """Return the model that MLflow serves; it calls this as ``_load_pyfunc``."""
    config = {"reasons": 0, _SCORES: True} | (model_config or {})
    return ServedModel(path, int(config["reasons"]), bool(config[_SCORES]))
