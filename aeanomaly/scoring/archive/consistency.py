"""Whether the parts of a scorer that came from a file fit together.

`fit` cannot make a scorer that fails here. A file can: its hashes protect from damage,
not from someone who edits it and computes them again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from ..encoding.columns import CategoricalColumn, Column, DatetimeColumn, NumericColumn
from ..encoding.images import ImageEncoding
from ..encoding.table import TableEncoding
from ..networks.activations import ACTIVATIONS
from ..networks.dense import Network
from ..scorer import Scorer

_CYCLES = {"hour", "weekday", "year"}


def check_scorer(scorer: Scorer) -> None:
    """Raise an error, mostly a `ValueError`, if this scorer could not score a row."""
    encoding, network = scorer.encoding, scorer.network
    _check_encoding(encoding)
    if network.n_inputs != encoding.n_encoded:
        raise ValueError(
            f"the network takes {network.n_inputs} inputs, but the encoding gives "
            f"{encoding.n_encoded}"
        )
    if scorer.output_activation not in ACTIVATIONS:
        raise ValueError(f"the activation {scorer.output_activation!r} is unknown")
    _check_reduction(scorer.reduction)
    # Keras checks its own networks when it builds them, at the first row.
    if isinstance(network, Network):
        _check_network(network)
        _run(scorer, 1, np.float32)
        _run(scorer, 3, np.float64)


def _check_encoding(encoding: TableEncoding) -> None:
    for column in encoding.columns:
        _check_column(column)
    names = encoding.names
    if len(set(names)) != len(names):
        raise ValueError("two columns have the same name")
    if not encoding.n_encoded:
        raise ValueError("the encoding has no columns")
    if isinstance(encoding, ImageEncoding):
        _check_images(encoding)


def _check_images(encoding: ImageEncoding) -> None:
    n_pixels = len(encoding.columns)
    if encoding.n_linear != n_pixels or encoding.n_encoded != n_pixels:
        raise ValueError("pixels must be numbers without missing values")
    for shape in (encoding.sample_shape, encoding.image_shape):
        if math.prod(shape) != n_pixels or min(shape) < 1:
            raise ValueError(f"{n_pixels} pixels are no image of shape {shape}")


def _check_column(column: Column) -> None:
    if not _is_label(column.name):
        raise ValueError(f"{column.name!r} is no name of a column")
    if isinstance(column, NumericColumn | DatetimeColumn):
        if not 0 <= column.missing_rate <= 1:
            raise ValueError(f"column {column.name!r} has no valid missing_rate")
        if column.scale <= 0:
            raise ValueError(f"column {column.name!r} has no positive scale")
    if isinstance(column, DatetimeColumn):
        if not _CYCLES.issuperset(column.cycles):
            raise ValueError(f"column {column.name!r} has an unknown cycle")
        if column.first > column.last:
            raise ValueError(f"column {column.name!r} ends before it starts")
    if isinstance(column, CategoricalColumn) and not all(
        isinstance(level, str | bool | int | float)
        for level in (*column.levels, *column.infrequent)
    ):
        raise ValueError(f"column {column.name!r} has a level of an unknown type")


def _is_label(name: Any) -> bool:
    """Return whether a value can name a column: a scalar, or a tuple of scalars."""
    if isinstance(name, tuple):
        return all(_is_label(part) for part in name)
    return name is None or isinstance(name, str | bool | int | float)


def _check_reduction(reduction: Any) -> None:
    if getattr(reduction, "parts", None) == ():
        raise ValueError("the score has no parts")
    for part in _objects_in(reduction):
        # Whether a key is looked up in the references depends on the row.
        keys = getattr(part, "keys", None)
        if keys is not None and keys.shape != (len(part.references),):
            raise ValueError(
                f"{type(part).__name__} has {len(part.references)} references, but "
                f"keys of shape {keys.shape}"
            )


def _objects_in(value: Any) -> Iterator[Any]:
    """Yield a dataclass, and those in its fields."""
    if isinstance(value, tuple):
        for item in value:
            yield from _objects_in(item)
    elif is_dataclass(value):
        yield value
        for field in fields(value):
            yield from _objects_in(getattr(value, field.name))


def _check_network(network: Network) -> None:
    """Check that every layer takes what the one before it gives."""
    n_members, width = network.n_members, network.n_inputs
    for layer in (*network.encoder, *network.decoder):
        kernel, n_outputs = layer.kernel, layer.kernel.shape[-1]
        if kernel.dtype.kind != "f" or layer.bias.dtype.kind != "f":
            raise ValueError(
                f"layers of the network must hold floats. Got {kernel.dtype} and "
                f"{layer.bias.dtype} instead"
            )
        expected = (n_members, width, n_outputs)
        if kernel.shape != expected or 0 in expected:
            raise ValueError(
                f"a kernel of shape {expected} should follow. Got {kernel.shape} "
                f"instead"
            )
        width = n_outputs
    if width != network.n_inputs:
        raise ValueError(
            f"the network puts out {width} columns, but takes {network.n_inputs}"
        )


def _run(scorer: Scorer, n_rows: int, dtype: type[np.floating[Any]]) -> None:
    """Score encoded rows, so that whatever the other checks leave out shows.

    An array of a wrong shape may by chance go with one number of rows, not with two.
    """
    encoding, reduction = scorer.encoding, scorer.reduction
    Z = np.zeros((n_rows, encoding.n_encoded), dtype=dtype)
    with np.errstate(all="ignore"):
        evaluation = scorer.evaluate(Z, None)
        statistic = reduction.statistic(evaluation, encoding)
        cells = reduction.cells(evaluation, encoding)
        encoding.restore(evaluation.output[0])
    if statistic.shape != (n_rows,) or cells.shape != (n_rows, len(encoding.columns)):
        raise ValueError("the scorer does not give one number for each row and column")
