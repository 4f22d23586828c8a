"""How large a network that Keras runs would become, found out before it does.

A configuration of a few bytes can ask for any amount of memory and time. So a model is
first built without weights, which gives the shape of every layer's output, and then
traced for one row, which gives the shape of every result in between.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .backend import import_keras_for

# Numbers in any result of one row: an image of 512 x 512 pixels after 32 filters.
_MAX_NUMBERS = 2**23
# Numbers of all rows that are run together, in the largest result.
_NUMBERS_TOGETHER = 2**24
# Integers of a configuration: sizes, not seeds.
_MAX_INTEGER = 2**24
_MAX_LAYERS = 2_000
# Steps of a recurrent layer, one after another, and of one that is written out for
# every step.
_MAX_STEPS = 2**16
_MAX_UNROLLED = 1_024


def check_integers(node: Any) -> None:
    """Raise a `ValueError` if a configuration holds an integer that is no size."""
    if isinstance(node, list):
        for child in node:
            check_integers(child)
    elif isinstance(node, dict):
        for key, child in node.items():
            if key != "seed":
                check_integers(child)
    elif isinstance(node, int) and abs(node) > _MAX_INTEGER:
        raise ValueError(f"a layer of size {node} is larger than {_MAX_INTEGER}")


def check_outline(
    build: Callable[[], Any], shapes: Sequence[tuple[int, ...]], widths: tuple[int, int]
) -> None:
    """Raise a `ValueError` if a model is too large, or not the one of its weights.

    Parameters
    ----------
    build : callable
        Returns the Keras model.
    shapes : sequence of tuple of int
        Shapes of the weights that are to be set.
    widths : tuple of int
        Columns that go in, and the least number that come out.
    """
    # What Keras notes about variables without values goes with the thread.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(_check_outline, build, shapes, widths).result()


def _check_outline(
    build: Callable[[], Any], shapes: Sequence[tuple[int, ...]], widths: tuple[int, int]
) -> None:
    import_keras_for("A network of layers that are not dense")
    import keras

    with keras.StatelessScope(initialize_variables=False):
        model = build()
        found = [tuple(weight.shape) for weight in model.weights]
    if found != list(shapes):
        raise ValueError("the stored weights do not fit the stored layers")
    ends = [tuple(tensor.shape) for tensor in (*model.inputs, *model.outputs)]
    if len(ends) != 2 or any(len(shape) != 2 for shape in ends):
        raise ValueError("a network must turn one matrix into another")
    if ends[0][1] != widths[0] or not ends[1][1] or ends[1][1] < widths[1]:
        raise ValueError(f"the network turns rows of {ends[0][1]} into {ends[1][1]}")
    for i, (layer, inputs, outputs) in enumerate(_calls(model)):
        if i >= _MAX_LAYERS:
            raise ValueError(f"the network has more than {_MAX_LAYERS} layers")
        for shape in (*inputs, *outputs):
            _check_numbers(shape[1:])
        _check_steps(layer, inputs)


def _calls(model: Any) -> Iterator[tuple[Any, list[Any], list[Any]]]:
    """Yield every call of a layer, with the shapes of what goes in and comes out."""
    for layer in model.layers:
        for node in layer._inbound_nodes:
            yield (
                layer,
                [tuple(tensor.shape) for tensor in node.input_tensors],
                [tuple(tensor.shape) for tensor in node.output_tensors],
            )
        for inner in (layer, getattr(layer, "layer", None)):
            if hasattr(inner, "layers"):
                yield from _calls(inner)


def _check_steps(layer: Any, inputs: list[Any]) -> None:
    """Check a layer that takes one step after another, or is written out for each."""
    kind = type(layer).__name__
    inner = getattr(layer, "layer", layer)
    unrolled = kind == "TimeDistributed" or getattr(inner, "unroll", False)
    if not unrolled and kind not in ("LSTM", "GRU", "SimpleRNN", "Bidirectional"):
        return
    most = _MAX_UNROLLED if unrolled else _MAX_STEPS
    steps = max((shape[1] or 0 for shape in inputs if len(shape) > 1), default=0)
    if steps > most:
        raise ValueError(f"a {kind} layer takes {steps} steps; allowed are {most}")


def _check_numbers(shape: Sequence[int | None]) -> int:
    if any(n is None for n in shape):
        raise ValueError("a layer gives results of a size that is not known before")
    n_numbers = math.prod(n for n in shape if n is not None)
    if n_numbers > _MAX_NUMBERS:
        raise ValueError(
            f"a result of {n_numbers} numbers for one row is larger than {_MAX_NUMBERS}"
        )
    return n_numbers


def rows_together(model: Any) -> int:
    """Return how many rows a model may be given at once.

    Raises
    ------
    ValueError
        If any result in between is too large even for one row.
    """
    import tensorflow as tf

    signature = tf.TensorSpec((1, model.inputs[0].shape[-1]), model.inputs[0].dtype)
    function = tf.function(
        lambda rows: model(rows, training=False), input_signature=[signature]
    ).get_concrete_function()
    # What happens within a step of a loop is no larger than what all steps put out.
    largest = max(map(_largest_of, function.graph.get_operations()), default=1)
    return max(1, _NUMBERS_TOGETHER // max(1, largest))


def _largest_of(operation: Any) -> int:
    """Return how many numbers an operation's largest result, or buffer, holds."""
    shapes = [tensor.shape for tensor in operation.outputs]
    sizes = [_check_numbers(shape) for shape in shapes if shape.is_fully_defined()]
    if operation.type.startswith("Conv") and operation.type.endswith("BackpropInput"):
        # A transposed convolution spreads each position over its kernel first.
        kernel, gradient = (tensor.shape for tensor in operation.inputs[1:3])
        spread = kernel.num_elements() // (kernel[-1] or 1)
        positions = gradient.num_elements() // (gradient[-1] or 1)
        sizes.append(_check_numbers([spread, positions]))
    return max(sizes, default=0)
