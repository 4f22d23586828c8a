"""Images: architectures for them, and the MNIST autoencoders of the literature."""

from __future__ import annotations

from .base import ImageArchitecture
from .convolutional import ConvolutionalArchitecture, ConvolutionalDenoising
from .dense import ImageLinear, ImageSparse, ImageUndercomplete, ImageVariational

__all__ = [
    "ConvolutionalArchitecture",
    "ConvolutionalDenoising",
    "ImageArchitecture",
    "ImageLinear",
    "ImageSparse",
    "ImageUndercomplete",
    "ImageVariational",
]
