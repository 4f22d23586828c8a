"""Fitted estimators as ONNX files: from raw columns to scores, or to codes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..notices import warn
from ..scoring.archive import MAX_BYTES, read_model
from ..scoring.calibration import Calibration
from ..scoring.door import as_pandas
from ..scoring.encoding.images import ImageEncoding
from ..scoring.encoding.table import TableEncoding
from ..scoring.model import Model
from ..scoring.scorer import Scorer
from .encodings import ENCODINGS, Encoded
from .graph import Graph, Value, where
from .layout import MATRIX, ROWS, Layout, inputs_of_table
from .networks import NETWORKS, first_member, write_activated, write_layers
from .parts import write_reduction
from .protobuf import check_onnx, write_graph
from .residuals import Evaluation
from .scales import write_labels, write_p_values

_NO_P_VALUES = (
    "The graph has no output 'p_value': the model keeps no calibration scores. Call "
    "calibrate(X) with normal rows that the model has not seen, then export it again."
)


def detector_graph(
    scorer: Scorer,
    offset: float,
    calibration: Calibration | None,
    typed: Iterable[Any] = (),
) -> Graph:
    """Return the graph of a detector: "score", "label" and "p_value" of each row.

    Parameters
    ----------
    scorer : Scorer
    offset : float
    calibration : Calibration or None
        None leaves out "p_value".
    typed : iterable
        Columns that stood as texts, and that the graph takes as numbers or times.
    """
    graph, model = Graph(), scorer.model
    encoded = _encoded(graph, model, typed)
    _, logits = NETWORKS.of(model.network)(model.network, encoded.Z)
    output = write_activated(logits, model.encoding, model.output_activation)
    evaluation = Evaluation(encoded.Z, encoded.novelty, output)
    score = -write_reduction(scorer.reduction, evaluation, model.encoding)
    if encoded.infinite is not None:
        # Rows that the detector refuses.
        score = where(encoded.infinite, np.nan, score)
    about = "the lower, the more abnormal; NaN where a number is infinite"
    _put_out(graph, score, "score", "double", about)
    label = write_labels(score, offset)
    _put_out(graph, label, "label", "int64", "-1 for outliers, 1 for inliers")
    if calibration is not None:
        p_values = write_p_values(calibration, score)
        about = "how rare so low a score is among normal rows"
        _put_out(graph, p_values, "p_value", "double", about)
    return graph


def transformer_graph(model: Model, typed: Iterable[Any] = ()) -> Graph:
    """Return the graph of a transformer: "codes" of each row."""
    graph = Graph()
    encoded = _encoded(graph, model, typed)
    NETWORKS.of(model.network)
    network: Any = model.network
    codes = write_layers(first_member(network).encoder, encoded.Z)
    size = model.network.latent_dim
    codes = codes.cast("float").reshape(-1, size)
    graph.output(codes, "codes", "float", (ROWS, size), "codes of the rows")
    return graph


def _encoded(graph: Graph, model: Model, typed: Iterable[Any]) -> Encoded:
    encoding = model.encoding
    layout = Layout.of(encoding, typed)
    encoded: Encoded = ENCODINGS.of(encoding)(graph, encoding, layout)
    return encoded


def _put_out(graph: Graph, value: Value, name: str, kind: Any, about: str) -> None:
    graph.output(value.reshape(-1), name, kind, (ROWS,), about)


def write_detector(
    detector: Any, path: str | os.PathLike[str], typed: Iterable[Any], version: str
) -> None:
    """Write a fitted detector; see ``AutoencoderOutlierDetector.to_onnx``."""
    promise = getattr(getattr(detector, "threshold_", None), "summary_", "")
    scoring = detector.scorer_, detector.offset_, detector.calibration_
    _write_detector(*scoring, promise, path, typed, version)


def write_transformer(
    transformer: Any, path: str | os.PathLike[str], typed: Iterable[Any], version: str
) -> None:
    """Write a fitted transformer; see ``AutoencoderTransformer.to_onnx``."""
    _write_transformer(transformer.model_, path, typed, version)


def convert(
    path: str | os.PathLike[str],
    onnx_path: str | os.PathLike[str],
    *,
    typed: Iterable[Any] = (),
    classes: Iterable[type] = (),
    max_bytes: int = MAX_BYTES,
) -> None:
    """Write the model in a file as one ONNX graph, the one that `to_onnx` writes.

    Neither scikit-learn nor TensorFlow is needed.

    Parameters
    ----------
    path : str or path-like
        A model file, of a detector or of a transformer.
    onnx_path : str or path-like
        By convention it ends in ".onnx". The file is complete or not there at all.
    typed : iterable of str, default=()
        Columns that stood as texts in training and that the graph takes as numbers or
        times. Others it reads itself, where it can.
    classes : iterable of type, default=()
        Parts of the score and kinds of column of your own that the model was saved
        with, looked up by name. Each needs a converter.
    max_bytes : int, default=2147483648
        Size beyond which a file is refused.

    Raises
    ------
    ArchiveError
        If the file is not a model, or cannot be read.
    ExportError
        If the model holds something that a graph cannot compute.
    ImportError
        If onnx is not installed, the extra "onnx".

    Warns
    -----
    UserWarning
        If the model keeps no calibration scores, and the graph gives no p-values.

    Examples
    --------
    >>> import os, tempfile
    >>> import aeanomaly.onnx
    >>> from aeanomaly import AutoencoderOutlierDetector
    >>> path = os.path.join(tempfile.mkdtemp(), "model.aea")
    >>> X = [[0.0, 1.0], [1.0, 2.0], [2.0, 3.0], [3.0, 4.0]]
    >>> AutoencoderOutlierDetector(max_iter=2, random_state=0).fit(X).save(path)
    >>> aeanomaly.onnx.convert(path, path + ".onnx")
    """
    from .. import __version__

    check_onnx()
    saved = read_model(path, classes=classes, max_bytes=max_bytes)
    if saved.scorer is None or saved.offset is None:
        _write_transformer(saved.model, onnx_path, typed, __version__)
        return
    state = saved.manifest["state"]
    promise = "" if state is None else state["fields"].get("threshold_summary") or ""
    scoring = saved.scorer, saved.offset, saved.calibration
    _write_detector(*scoring, promise, onnx_path, typed, __version__)


def _write_detector(
    scorer: Scorer,
    offset: float,
    calibration: Calibration | None,
    promise: str,
    path: str | os.PathLike[str],
    typed: Iterable[Any],
    version: str,
) -> None:
    check_onnx()
    graph = detector_graph(scorer, offset, calibration, typed)
    metadata = _metadata("AutoencoderOutlierDetector", scorer.encoding, graph)
    metadata |= {"offset": repr(offset), "threshold": promise}
    about = "Scores rows of a table: the lower, the more abnormal."
    write_graph(
        graph, path, name="detector", version=version, about=about, metadata=metadata
    )
    if calibration is None:
        warn(_NO_P_VALUES, UserWarning)


def _write_transformer(
    model: Model, path: str | os.PathLike[str], typed: Iterable[Any], version: str
) -> None:
    check_onnx()
    graph = transformer_graph(model, typed)
    write_graph(
        graph,
        path,
        name="transformer",
        version=version,
        about="Codes of rows of a table.",
        metadata=_metadata("AutoencoderTransformer", model.encoding, graph),
    )


def _metadata(estimator: str, encoding: TableEncoding, graph: Graph) -> dict[str, str]:
    """Return what a file says of itself, as texts."""
    inputs = {
        port.name: {"type": port.kind, "holds": port.about} for port in graph.inputs
    }
    columns = [
        {"column": str(column.name), "kind": getattr(column, "kind", "")}
        for column in encoding.columns
    ]
    return {
        "aeanomaly": estimator,
        "inputs": json.dumps(inputs, ensure_ascii=False),
        "columns": json.dumps(columns, ensure_ascii=False),
    }


def graph_inputs(
    estimator: Any, X: Any, *, typed: Iterable[Any] = ()
) -> dict[str, np.ndarray]:
    """Return what an exported graph is given for the rows of a table.

    Parameters
    ----------
    estimator : AutoencoderOutlierDetector, AutoencoderTransformer or SavedDetector
        Fitted.
    X : DataFrame or array-like of shape (n_samples, n_features)
    typed : iterable, default=()
        As `to_onnx` was given it.

    Returns
    -------
    dict of str to ndarray
        By the names of the inputs; see the `onnxruntime` method ``run``.

    Examples
    --------
    >>> import numpy as np
    >>> from aeanomaly import AutoencoderOutlierDetector
    >>> from aeanomaly.onnx import graph_inputs
    >>> X = np.random.default_rng(0).normal(size=(300, 4))
    >>> detector = AutoencoderOutlierDetector(max_iter=2, random_state=0).fit(X)
    >>> {name: values.shape for name, values in graph_inputs(detector, X).items()}
    {'X': (300, 4)}
    """
    model = (
        estimator.scorer_.model if hasattr(estimator, "scorer_") else estimator.model_
    )
    layout = Layout.of(model.encoding, typed)
    table = estimator._check_table(X)
    encoding = layout.encoding
    if isinstance(encoding, ImageEncoding) and layout.is_matrix:
        return {MATRIX: np.asarray(table, float).reshape(-1, *encoding.sample_shape)}
    # Texts as they stand: the table has them read.
    frame = as_pandas(X)
    unread = frame[encoding.names] if frame is not None and encoding.named else table
    return inputs_of_table(layout, table, unread)
