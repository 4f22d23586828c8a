"""What all architectures for images share: how images become rows of pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.base import clone

from ..architectures import Architecture
from ..exceptions import ColumnError
from ..scoring.encoding.columns import (
    Column,
    ColumnOptions,
    NumericColumn,
    unseen_surprise,
)
from ..scoring.encoding.images import ImageEncoding, as_rows
from ..scoring.encoding.table import TableEncoding
from ..scoring.encoding.tabular import column_at, column_names, is_frame
from ..scoring.encoding.values import as_float


class ImageArchitecture(Architecture):
    """Base of the architectures for images.

    An estimator with such an architecture takes arrays of shape (n_images, height,
    width), (n_images, height, width, n_channels) or (n_images, n_pixels), the last
    row by row.

    All pixels share one scale, on which the training images lie in [0, 1]: `uint8`
    images are divided by 255; others stay as they are if they lie in [0, 1], and are
    otherwise shifted and scaled so that their smallest value is 0 and their largest
    is 1. The estimator's `scaling` is not used, and ``loss="auto"`` is binary
    cross-entropy. A missing pixel counts as black, and as unusual.

    Attributes
    ----------
    image_shape : tuple of int or None
        A parameter of every subclass: (height, width) or (height, width, n_channels).
        None takes it from X, and for rows of pixels the most nearly square shape with
        one channel.
    """

    image_shape: tuple[int, ...] | None
    _parameter_constraints: ClassVar[dict] = {"image_shape": ["array-like", None]}

    def as_table(self, X: Any) -> Any:
        """Return images as rows of pixels; see `Architecture.as_table`."""
        return as_rows(X, self.image_shape)

    @property
    def resolved_shape(self) -> tuple[int, ...]:
        """Height, width and number of channels, once `for_samples` has set them."""
        assert self.image_shape is not None
        return tuple(self.image_shape)

    def for_samples(self, sample_shape: tuple[int, ...]) -> ImageArchitecture:
        """Return the architecture with its `image_shape` set; see `Architecture`."""
        shape = self.image_shape
        if shape is None:
            shape = infer_image_shape(sample_shape)
        shape = tuple(shape)
        if len(shape) not in (2, 3) or not all(
            isinstance(size, Integral) and size > 0 for size in shape
        ):
            raise ValueError(
                f"The 'image_shape' parameter of {type(self).__name__} must be "
                f"(height, width), (height, width, n_channels) or None. Got {shape!r} "
                f"instead."
            )
        height, width, n_channels = (*shape, 1)[:3]
        shape = int(height), int(width), int(n_channels)
        return clone(self).set_params(image_shape=shape)

    def fit_encoding(
        self,
        table: Any,
        weights: np.ndarray,
        options: ColumnOptions,
        *,
        kinds: Sequence[type[Column]],
        sample_shape: tuple[int, ...],
    ) -> TableEncoding:
        """Return an encoding that puts all pixels on one scale.

        Raises
        ------
        ColumnError
            If X is a table with columns other than numbers, or all pixels are equal.
        ValueError
            If the number of columns is not that of the pixels of `image_shape`.
        """
        named, names = is_frame(table), column_names(table)
        n_pixels = math.prod(self.resolved_shape)
        if len(names) != n_pixels:
            raise ValueError(
                f"Images of image_shape={self.resolved_shape} have {n_pixels} pixels. "
                f"Got X with {len(names)} columns instead. Set image_shape to the "
                f"shape of the images in X."
            )
        pixels = _as_pixels(table, names) if named else table
        center, scale = _center_and_scale(pixels)
        novelty = unseen_surprise(weights.sum())
        columns = tuple(
            NumericColumn(name, center, scale, 0.0, novelty) for name in names
        )
        sample_shape = tuple(sample_shape) if len(sample_shape) > 1 else (len(names),)
        return ImageEncoding(columns, named, None, sample_shape, self.resolved_shape)


def infer_image_shape(sample_shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of images from that of one entry of X.

    Examples
    --------
    >>> infer_image_shape((32, 32, 3))
    (32, 32, 3)
    >>> infer_image_shape((784,)), infer_image_shape((10,))
    ((28, 28, 1), (2, 5, 1))
    """
    if len(sample_shape) > 1:
        return tuple(sample_shape)
    n_pixels = math.prod(sample_shape)
    height = next(
        size for size in range(math.isqrt(n_pixels), 0, -1) if n_pixels % size == 0
    )
    return height, n_pixels // height, 1


def _as_pixels(frame: Any, names: list[Any]) -> np.ndarray:
    """Return a DataFrame's columns as one array of numbers."""
    if all(getattr(dtype, "kind", "") in ("f", "i", "u") for dtype in frame.dtypes):
        # NumPy's integers are never missing, and pandas 2.2 fails to say so to itself.
        plain = all(isinstance(dtype, np.dtype) for dtype in frame.dtypes)
        return frame.to_numpy() if plain else frame.to_numpy(na_value=np.nan)
    columns = [as_float(column_at(frame, i), name) for i, name in enumerate(names)]
    return np.column_stack(columns)


def _center_and_scale(pixels: np.ndarray) -> tuple[float, float]:
    """Return what takes the pixels to [0, 1] when subtracted and divided by."""
    low, high = float(np.nanmin(pixels)), float(np.nanmax(pixels))
    if math.isinf(low) or math.isinf(high):
        return 0.0, 1.0  # The encoding names the pixel.
    if not high > low:
        raise ColumnError(
            f"Every pixel of X is {low}: there is nothing to learn. Pass images whose "
            f"pixels differ."
        )
    if pixels.dtype == np.uint8:
        return 0.0, 255.0
    if low >= 0.0 and high <= 1.0:
        return 0.0, 1.0
    return low, high - low
