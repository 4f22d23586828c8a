"""The frozen encoding of images: rows of pixels on one scale, and back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .table import EncodedBlock, TableEncoding


def as_rows(X: Any, image_shape: Sequence[int] | None) -> Any:
    """Return images as rows of pixels; what is a table already, as it is.

    Parameters
    ----------
    X : ndarray of shape (n_images, height, width[, n_channels]), or a table
    image_shape : sequence of int or None
        (height, width) or (height, width, n_channels); None takes any.

    Raises
    ------
    ValueError
        If X holds images of another shape.
    """
    if getattr(X, "ndim", 2) <= 2:
        return X
    X = np.asarray(X)
    if image_shape is None:
        return X.reshape(len(X), -1)
    if _without_one_channel(X.shape[1:]) != _without_one_channel(image_shape):
        raise ValueError(
            f"X must hold images of shape {tuple(image_shape)}, one for each entry of "
            f"its first axis, or rows of {math.prod(image_shape)} pixels. Got an array "
            f"of shape {X.shape} instead. Reshape it, or set image_shape."
        )
    return X.reshape(len(X), -1)


def _without_one_channel(shape: Sequence[int]) -> tuple[int, ...]:
    """Return a shape in which grey images have two dimensions."""
    grey = len(shape) == 3 and shape[2] == 1
    return tuple(shape[:2]) if grey else tuple(shape)


@dataclass(frozen=True)
class ImageEncoding(TableEncoding):
    """How images are encoded: every pixel as one number, all on the same scale.

    Parameters
    ----------
    columns : tuple of NumericColumn
        One for each pixel, all of the same centre and scale.
    named : bool
        Whether the rows of pixels are those of a DataFrame.
    knee : None
        As in `TableEncoding`: images are not squashed.
    sample_shape : tuple of int
        Shape of one image as `fit` was given it, and as `decode` returns it.
    image_shape : tuple of int
        (height, width, n_channels).
    """

    sample_shape: tuple[int, ...] = ()
    image_shape: tuple[int, ...] = ()

    watches_constants: ClassVar[bool] = False

    def select(self, table: Any) -> Any:
        """Return images as rows of pixels; see `TableEncoding.select`."""
        return super().select(as_rows(table, self.image_shape))

    def encode(self, table: Any) -> EncodedBlock:
        """Encode rows of pixels; see `TableEncoding.encode`."""
        if not isinstance(table, np.ndarray) or table.dtype.kind not in "fiu":
            return super().encode(table)
        # One centre and one scale need no pass in double precision.
        Z = np.subtract(
            table, self.linear_centers[0], dtype=np.float32, casting="unsafe"
        )
        Z /= np.float32(self.linear_scales[0])
        if Z.size and not np.isfinite(Z.sum()):
            self._reject_infinite(table)
            np.nan_to_num(Z, copy=False, nan=0.0)
        return EncodedBlock(Z, self._missing_novelty(table))

    def check(self) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        super().check()
        n_pixels = len(self.columns)
        if self.n_linear != n_pixels or self.n_encoded != n_pixels:
            raise ValueError("pixels must be numbers without missing values")
        for shape in (self.sample_shape, self.image_shape):
            if math.prod(shape) != n_pixels or min(shape) < 1:
                raise ValueError(
                    f"{n_pixels} pixels do not make an image of shape {shape}"
                )

    def decode(self, Z: np.ndarray) -> Any:
        """Return images of the shape that `fit` was given, in original units."""
        if self.named:
            return super().decode(Z)
        pixels = (
            np.asarray(Z, dtype=np.float64) * self.linear_scales[0]
            + self.linear_centers[0]
        )
        return pixels.reshape(len(pixels), *self.sample_shape)
