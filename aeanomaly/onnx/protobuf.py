"""Graphs as ONNX files: the only module that needs the package onnx."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from ..files import atomic_file
from .graph import ML_DOMAIN, Graph, Port

_ML_OPSET = 3
# The formats that runtimes of those operators read.
_IR_VERSIONS = {18: 8, 20: 9}
_KINDS = {"double": "DOUBLE", "float": "FLOAT", "int64": "INT64", "string": "STRING"}


def check_onnx() -> Any:
    """Return the package onnx.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        import onnx
    except ImportError:
        raise ImportError(
            "Writing a model as ONNX needs onnx, which is not installed. Install it "
            'with: pip install "aeanomaly[onnx]".'
        ) from None
    return onnx


def write_graph(
    graph: Graph,
    path: str | os.PathLike[str],
    *,
    name: str,
    version: str,
    about: str,
    metadata: dict[str, str],
) -> None:
    """Write a graph to a file, whole or not at all.

    Parameters
    ----------
    graph : Graph
    path : str or path-like
    name : str
        Of the graph.
    version : str
        Of aeanomaly.
    about : str
        What it computes, for people.
    metadata : dict of str to str
    """
    onnx = check_onnx()
    model = onnx.helper.make_model(
        _graph_proto(onnx, graph, name),
        opset_imports=[
            onnx.helper.make_opsetid("", graph.opset),
            onnx.helper.make_opsetid(ML_DOMAIN, _ML_OPSET),
        ],
        ir_version=_IR_VERSIONS[graph.opset],
        producer_name="aeanomaly",
        producer_version=version,
        doc_string=about,
    )
    onnx.helper.set_model_props(model, metadata)
    onnx.checker.check_model(model)
    written = model.SerializeToString(deterministic=True)
    with atomic_file(path) as temporary:
        temporary.write_bytes(written)


def _graph_proto(onnx: Any, graph: Graph, name: str) -> Any:
    helper = onnx.helper
    nodes = []
    for position, node in enumerate(graph.nodes):
        attributes = dict(node.attributes)
        if node.operator == "Cast":
            attributes["to"] = _type(onnx, attributes["to"])
        nodes.append(
            helper.make_node(
                node.operator,
                node.inputs,
                node.outputs,
                # onnxruntime 1.20 names what it makes of a node after it.
                name=f"{node.operator}_{position}",
                domain=node.domain,
                **attributes,
            )
        )
    return helper.make_graph(
        nodes,
        name,
        [_port(onnx, port) for port in graph.inputs],
        [_port(onnx, port) for port in graph.outputs],
        initializer=[
            _tensor(onnx, name, array) for name, array in graph.constants.items()
        ],
    )


def _type(onnx: Any, kind: str) -> int:
    return int(getattr(onnx.TensorProto, _KINDS[kind]))


def _port(onnx: Any, port: Port) -> Any:
    return onnx.helper.make_tensor_value_info(
        port.name, _type(onnx, port.kind), port.shape, doc_string=port.about
    )


def _tensor(onnx: Any, name: str, array: np.ndarray) -> Any:
    if array.dtype.kind == "U":
        array = array.astype(object)
    return onnx.numpy_helper.from_array(
        np.ascontiguousarray(array).reshape(array.shape), name
    )
