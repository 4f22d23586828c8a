"""A graph in the making: nodes and constants as plain data, and values that compute.

Nothing here needs onnx: `aeanomaly.onnx.protobuf` turns a finished graph into a file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from ..exceptions import ExportError

Kind = Literal["double", "float", "int64", "string"]

# The domain of what ONNX calls traditional machine learning: tables of levels.
ML_DOMAIN = "ai.onnx.ml"
# Runtimes know this opset since 2023. Operators that read texts came two later.
_OPSET, _TEXT_OPSET = 18, 20
_TEXT_OPERATORS = {"RegexFullMatch", "StringConcat", "StringSplit"}
# Constants up to this size are stored once, however often they are used.
_SMALL = 64
# A protocol buffer holds two gibibytes; nodes and names need a little of it.
_MOST_BYTES = 2**31 - 2**24


class Node(NamedTuple):
    """One operation.

    Parameters
    ----------
    operator, domain : str
    inputs, outputs : tuple of str
        Names of values.
    attributes : dict
    """

    operator: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]


class Port(NamedTuple):
    """An input or an output.

    Parameters
    ----------
    name : str
    kind : {"double", "float", "int64", "string"}
    shape : tuple of int or str
        Sizes; a text names one that may vary.
    about : str
        What it holds, for people.
    """

    name: str
    kind: Kind
    shape: tuple[int | str, ...]
    about: str


@dataclass(frozen=True)
class Graph:
    """Inputs, constants, operations and outputs, in the order in which they came.

    Examples
    --------
    >>> graph = Graph()
    >>> x = graph.input("x", "double", ("rows", 2), "two numbers")
    >>> y = (x - 1.0) @ np.ones((2, 1))
    >>> [node.operator for node in graph.nodes]
    ['Sub', 'MatMul']
    """

    inputs: list[Port] = field(default_factory=list)
    outputs: list[Port] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, np.ndarray] = field(default_factory=dict)
    _known: dict[Any, Value] = field(default_factory=dict, repr=False)

    def input(
        self, name: str, kind: Kind, shape: tuple[int | str, ...], about: str
    ) -> Value:
        """Add an input; its name must be another than those of all others."""
        self.inputs.append(Port(name, kind, shape, about))
        return Value(self, name)

    def output(
        self,
        value: Value,
        name: str,
        kind: Kind,
        shape: tuple[int | str, ...],
        about: str,
    ) -> None:
        """Name a value as an output."""
        self.nodes.append(Node("Identity", "", (value.name,), (name,), {}))
        self.outputs.append(Port(name, kind, shape, about))

    def constant(self, array: Any) -> Value:
        """Return a constant as a value.

        Numbers that are not whole compute in double precision. Arrays in single
        precision are stored so, in half the space, and converted when a runtime loads
        the graph.
        """
        array = np.asarray(array)
        if array.dtype.kind in "iu":
            array = array.astype(np.int64)
        key = (array.dtype.str, array.shape, array.tobytes())
        if array.size > _SMALL or array.dtype.kind == "O":
            return self._stored(array)
        if key not in self._known:
            self._known[key] = self._stored(array)
        return self._known[key]

    def _stored(self, array: np.ndarray) -> Value:
        # A leading slash keeps these names apart from those of columns.
        name = f"/constant/{len(self.constants)}"
        self.constants[name] = array
        if sum(one.nbytes for one in self.constants.values()) > _MOST_BYTES:
            raise ExportError(
                "The model is too large for an ONNX file, which holds two gibibytes. "
                "Fit with fewer columns or levels (max_categories), or with a smaller "
                "n_references."
            )
        value = Value(self, name)
        return value.cast("double") if array.dtype == np.float32 else value

    def node(
        self, operator: str, *inputs: Any, domain: str = "", **attributes: Any
    ) -> Value:
        """Add an operation and return its first output."""
        return self.node_of(operator, 1, *inputs, domain=domain, **attributes)[0]

    def node_of(
        self,
        operator: str,
        n_outputs: int,
        *inputs: Any,
        domain: str = "",
        **attributes: Any,
    ) -> tuple[Value, ...]:
        """Add an operation and return its outputs."""
        names = tuple(self.value(one).name for one in inputs)
        outputs = tuple(f"/{len(self.nodes)}/{i}" for i in range(n_outputs))
        self.nodes.append(Node(operator, domain, names, outputs, attributes))
        return tuple(Value(self, name) for name in outputs)

    def value(self, one: Any) -> Value:
        """Return a value as it is, and anything else as a constant."""
        return one if isinstance(one, Value) else self.constant(one)

    @property
    def opset(self) -> int:
        """The least version of ONNX's operators that knows all of them."""
        texts = any(node.operator in _TEXT_OPERATORS for node in self.nodes)
        return _TEXT_OPSET if texts else _OPSET


@dataclass(frozen=True)
class Value:
    """What an input, a constant or an operation gives; it computes as an array does.

    Parameters
    ----------
    graph : Graph
    name : str
    """

    graph: Graph
    name: str

    # An array leaves operations with a value to this class.
    __array_ufunc__: ClassVar[None] = None

    def __add__(self, other: Any) -> Value:
        return self.graph.node("Add", self, other)

    def __sub__(self, other: Any) -> Value:
        return self.graph.node("Sub", self, other)

    def __rsub__(self, other: Any) -> Value:
        return self.graph.node("Sub", other, self)

    def __mul__(self, other: Any) -> Value:
        return self.graph.node("Mul", self, other)

    __radd__, __rmul__ = __add__, __mul__

    def __truediv__(self, other: Any) -> Value:
        return self.graph.node("Div", self, other)

    def __pow__(self, other: Any) -> Value:
        return self.graph.node("Pow", self, other)

    def __matmul__(self, other: Any) -> Value:
        return self.graph.node("MatMul", self, other)

    def __neg__(self) -> Value:
        return self.graph.node("Neg", self)

    def __lt__(self, other: Any) -> Value:
        return self.graph.node("Less", self, other)

    def __le__(self, other: Any) -> Value:
        return self.graph.node("LessOrEqual", self, other)

    def __gt__(self, other: Any) -> Value:
        return self.graph.node("Greater", self, other)

    def __ge__(self, other: Any) -> Value:
        return self.graph.node("GreaterOrEqual", self, other)

    def __or__(self, other: Any) -> Value:
        return self.graph.node("Or", self, other)

    def __and__(self, other: Any) -> Value:
        return self.graph.node("And", self, other)

    def __invert__(self) -> Value:
        return self.graph.node("Not", self)

    def equals(self, other: Any) -> Value:
        """Return where this is equal to another value."""
        return self.graph.node("Equal", self, other)

    def cast(self, kind: Kind) -> Value:
        """Return the numbers as another type."""
        return self.graph.node("Cast", self, to=kind)

    def columns(self, which: slice | np.ndarray | list[int]) -> Value:
        """Return some columns: a slice, or positions along the last axis."""
        if isinstance(which, slice):
            start, stop = which.start or 0, which.stop
            stop = np.iinfo(np.int64).max if stop is None else stop
            return self.graph.node("Slice", self, [start], [stop], [-1])
        positions = np.asarray(which, dtype=np.int64)
        return self.graph.node("Gather", self, positions, axis=-1)

    def rows_at(self, positions: Value) -> Value:
        """Return entries along the first axis, at positions that may vary."""
        return self.graph.node("Gather", self, positions, axis=0)

    def reshape(self, *shape: int) -> Value:
        """Return the entries in another shape; 0 keeps a size, -1 takes the rest."""
        return self.graph.node("Reshape", self, list(shape))

    def sum(self, axis: int = -1, keepdims: bool = True) -> Value:
        """Return the sum along an axis."""
        return self.graph.node("ReduceSum", self, [axis], keepdims=int(keepdims))

    def mean(self, axis: int = -1, keepdims: bool = True) -> Value:
        """Return the mean along an axis."""
        return self.graph.node("ReduceMean", self, [axis], keepdims=int(keepdims))

    def max(self, axis: int = -1, keepdims: bool = True) -> Value:
        """Return the greatest along an axis."""
        return self.graph.node("ReduceMax", self, [axis], keepdims=int(keepdims))

    def clip(self, low: float, high: float) -> Value:
        """Return numbers within a range."""
        return self.graph.node("Clip", self, float(low), float(high))


def concatenated(values: list[Value], axis: int = -1) -> Value:
    """Return values side by side; a single one as it is."""
    if len(values) == 1:
        return values[0]
    return values[0].graph.node("Concat", *values, axis=axis)


def function(name: str, value: Value) -> Value:
    """Return an operator of one value, such as "Exp"."""
    return value.graph.node(name, value)


def log1p(value: Value) -> Value:
    """Return the logarithm of one plus numbers that are not negative."""
    return function("Log", value + 1.0)


def maximum(value: Value, other: Any) -> Value:
    """Return the greater of two values, entry by entry."""
    return value.graph.node("Max", value, other)


def minimum(value: Value, other: Any) -> Value:
    """Return the smaller of two values, entry by entry."""
    return value.graph.node("Min", value, other)


def where(condition: Value, yes: Any, no: Any) -> Value:
    """Return entries of one value where a condition holds, else of the other."""
    return condition.graph.node("Where", condition, yes, no)


def two_least(value: Value, n: int) -> tuple[Value, Value]:
    """Return the two least along the last axis, and where they are; (..., 2) each.

    Parameters
    ----------
    value : Value
    n : int
        Size of that axis; of one entry it is both.
    """
    least, where = value.graph.node_of(
        "TopK", 2, value, [min(2, n)], axis=-1, largest=0
    )
    if n > 1:
        return least, where
    return least.columns([0, 0]), where.columns([0, 0])


# So many ascending edges are compared with a number one by one.
_FEW_EDGES = 512


def n_edges_up_to(value: Value, edges: np.ndarray) -> Value:
    """Return how many of some ascending edges are not above each number.

    As ``numpy.searchsorted(edges, value, side="right")``.

    Parameters
    ----------
    value : Value of shape (n, 1)
    edges : ndarray of shape (n_edges,), float64
    """
    if len(edges) <= _FEW_EDGES:
        return (value >= edges).cast("int64").sum()
    # First in which block of edges the number lies, then where in that block.
    size = math.isqrt(len(edges) - 1) + 1
    padded = np.append(edges, np.full(-len(edges) % size, np.inf)).reshape(-1, size)
    block = maximum((value >= padded[:, 0]).cast("int64").sum() - 1, np.int64(0))
    within = value.graph.constant(padded).rows_at(block).reshape(-1, size)
    return block * np.int64(size) + (value >= within).cast("int64").sum()
