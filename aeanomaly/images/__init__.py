"""Images: architectures for them, and the MNIST autoencoders of the literature."""

from __future__ import annotations

from .base import ImageArchitecture
from .convolutional import ConvolutionalArchitecture, ConvolutionalDenoising
from .dense import ImageLinear, ImageSparse, ImageUndercomplete, ImageVariational
from .displays import ErrorMapDisplay, plot_image_rows

# All that an estimator can be saved with.
IMAGE_ARCHITECTURES = (
    ConvolutionalArchitecture,
    ConvolutionalDenoising,
    ImageLinear,
    ImageSparse,
    ImageUndercomplete,
    ImageVariational,
)

__all__ = [
    "IMAGE_ARCHITECTURES",
    "ConvolutionalArchitecture",
    "ConvolutionalDenoising",
    "ErrorMapDisplay",
    "ImageArchitecture",
    "ImageLinear",
    "ImageSparse",
    "ImageUndercomplete",
    "ImageVariational",
    "plot_image_rows",
]
