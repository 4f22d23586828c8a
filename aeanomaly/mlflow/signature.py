"""The signature of a model: the columns that go in, and what comes out."""

from __future__ import annotations

from typing import Any

from ..scoring.encoding.columns import DatetimeColumn
from .package import check_mlflow


def signature_of(estimator: Any, reasons: int = 3) -> Any:
    """Return the MLflow signature of a fitted estimator.

    Parameters
    ----------
    estimator : AutoencoderOutlierDetector or AutoencoderTransformer
        Fitted on a DataFrame.
    reasons : int, default=3
        Reasons that a detector's model gives unless it is asked for others.

    Returns
    -------
    mlflow.models.ModelSignature or None
        None where the estimator was fitted on an array: its columns have no names.
    """
    mlflow = check_mlflow("models", "types.schema")
    schema = mlflow.types.schema
    encoding = estimator.model_.encoding
    if not encoding.named:
        return None
    columns = [_column(schema, column) for column in encoding.columns]
    given = schema.Schema(columns)
    if not hasattr(estimator, "scorer_"):
        return mlflow.models.ModelSignature(inputs=given)
    put_out = [("score", "double"), ("is_outlier", "boolean")]
    if estimator.calibration_ is not None:
        put_out.append(("p_value", "double"))
    put_out += [(f"reason_{i}", "string") for i in range(1, reasons + 1)]
    number = schema.ParamSpec("reasons", schema.DataType.long, reasons)
    return mlflow.models.ModelSignature(
        inputs=given,
        outputs=schema.Schema([schema.ColSpec(kind, name) for name, kind in put_out]),
        params=schema.ParamSchema([number]),
    )


def _column(schema: Any, column: Any) -> Any:
    """Return the specification of a column.

    MLflow refuses whole numbers where a signature says double, and categories where it
    says string; the detector takes all of these, and says itself what it cannot take.
    """
    is_time = isinstance(column, DatetimeColumn) and column.reading is None
    kind = schema.DataType.datetime if is_time else schema.AnyType()
    return schema.ColSpec(kind, str(column.name))
