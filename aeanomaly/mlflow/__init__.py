"""Fitted estimators in MLflow: logging, loading and serving.

`log_fit` logs a fit as autologging would, `log_model` the model alone. For
``mlflow.sklearn.log_model``, pass ``skops_trusted_types=skops_trusted_types()``.
"""

# MLflow calls a function of this name of the module that loads a model.
from .flavour import load_model, log_model
from .flavour import load_served as _load_pyfunc
from .run import log_fit
from .signature import signature_of
from .trusted import skops_trusted_types

__all__ = [
    "_load_pyfunc",
    "load_model",
    "log_fit",
    "log_model",
    "signature_of",
    "skops_trusted_types",
]
