"""Encodings of tables and images as graphs: from raw columns to encoded rows."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..scoring.encoding.images import ImageEncoding
from ..scoring.encoding.table import TableEncoding
from .columns import beside, pieces_of
from .graph import (
    Graph,
    Value,
    concatenated,
    function,
    log1p,
    maximum,
    minimum,
    where,
)
from .layout import MATRIX, ROWS, Layout, RawColumns
from .registry import Converters

ENCODINGS = Converters("encoding", "ENCODINGS")

_GREATEST = float(np.finfo(np.float64).max)
# As in `aeanomaly.scoring.encoding.squash`.
_FARTHEST = 1e18


class Encoded(NamedTuple):
    """Encoded rows as values of a graph.

    Parameters
    ----------
    Z : Value of shape (n, n_encoded)
        Rounded to single precision, as a model rounds them, and computed with in double
        precision.
    novelty : Value of shape (n, n_novel) or None
        Surprise of values that training rows never showed, of columns that have any.
    infinite : Value of shape (n, 1) or None
        Which rows hold infinite values.
    """

    Z: Value
    novelty: Value | None
    infinite: Value | None


@ENCODINGS.register(TableEncoding)
def write_table(graph: Graph, encoding: TableEncoding, layout: Layout) -> Encoded:
    """Write the columns of a table, scaled and squashed."""
    raw = RawColumns(graph, layout)
    linear: list[Value] = []
    targets: list[tuple[int, int]] = []
    levels: dict[int, Value] = {}
    novelty: Value | None = None
    infinite: Value | None = None
    for piece in pieces_of(raw, encoding.columns):
        if piece.linear is not None:
            linear.append(piece.linear)
            targets += piece.targets
        levels |= piece.levels
        novelty = beside(novelty, piece.novelty)
        if piece.infinite is not None:
            infinite = piece.infinite if infinite is None else infinite | piece.infinite
    blocks = [levels[position] for position, _ in encoding.groups]
    if linear:
        ordered = _ordered(concatenated(linear), targets)
        blocks.insert(0, _scaled(ordered, encoding))
    return Encoded(concatenated(blocks), novelty, infinite)


def _ordered(linear: Value, targets: list[tuple[int, int]]) -> Value:
    """Return linear columns in the order of the table."""
    order = sorted(range(len(targets)), key=targets.__getitem__)
    return linear if order == list(range(len(targets))) else linear.columns(order)


def _scaled(linear: Value, encoding: TableEncoding) -> Value:
    scaled = (linear - encoding.linear_centers) * encoding.inverse_scales
    # What overflows is far enough at the greatest number.
    scaled = scaled.clip(-_GREATEST, _GREATEST)
    if encoding.knee is None:
        return _rounded(scaled.clip(-_FARTHEST, _FARTHEST))
    size = function("Abs", scaled)
    knee = encoding.knee
    beyond = log1p(maximum(size - knee, 0.0))
    squashed = function("Sign", scaled) * (minimum(size, knee) + beyond)
    return _rounded(where(size <= knee, scaled, squashed))


def _rounded(values: Value) -> Value:
    return values.cast("float").cast("double")


@ENCODINGS.register(ImageEncoding)
def write_images(graph: Graph, encoding: ImageEncoding, layout: Layout) -> Encoded:
    """Write the pixels of images, all on one scale."""
    if encoding.named:
        return write_table(graph, encoding, layout)
    shape: tuple[int | str, ...] = (ROWS, *encoding.sample_shape)
    pixels = graph.input(MATRIX, "double", shape, "pixels; NaN is missing")
    pixels = pixels.reshape(-1, len(encoding.columns))
    missing = function("IsNaN", pixels)
    infinite = function("IsInf", pixels).cast("int64").max().cast("double") >= 0.5
    # One centre and one scale, in single precision, as the encoding has it.
    center, scale = (
        graph.constant(np.array(value, dtype=np.float64)).cast("float")
        for value in (encoding.linear_centers[0], encoding.linear_scales[0])
    )
    Z = ((pixels.cast("float") - center) / scale).cast("double")
    novelty: Any = np.array([[column.novelty for column in encoding.columns]])
    surprise = missing.cast("double") * novelty
    return Encoded(where(missing, 0.0, Z), surprise, infinite)
