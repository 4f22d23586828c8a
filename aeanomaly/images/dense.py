"""Dense architectures for images: every pixel is an input of the first layer."""

from __future__ import annotations

from typing import ClassVar

from ..architectures import Linear, Sparse, Undercomplete, Variational
from .base import ImageArchitecture


class ImageUndercomplete(ImageArchitecture, Undercomplete):
    """Autoencoder of dense layers for images; see `ImageArchitecture`.

    Parameters
    ----------
    image_shape : tuple of int or None, default=None
        (height, width) or (height, width, n_channels). None takes it from X, and for
        rows of pixels the most nearly square shape with one channel.
    code_activation : str, default="linear"
        Activation of the code.

    Examples
    --------
    >>> from aeanomaly.images import ImageUndercomplete
    >>> ImageUndercomplete(image_shape=(28, 28, 1), code_activation="relu")
    ImageUndercomplete(code_activation='relu', image_shape=(28, 28, 1))
    """

    _parameter_constraints: ClassVar[dict] = {
        **ImageArchitecture._parameter_constraints,
        **Undercomplete._parameter_constraints,
    }

    def __init__(self, *, image_shape=None, code_activation="linear"):
        self.image_shape = image_shape
        self.code_activation = code_activation


class ImageLinear(ImageArchitecture, Linear):
    """Autoencoder without activations for images; see `ImageArchitecture`.

    With ``loss="squared_error"`` and ``output_activation="linear"`` it spans the
    subspace of PCA.

    Parameters
    ----------
    image_shape : tuple of int or None, default=None
        (height, width) or (height, width, n_channels). None takes it from X, and for
        rows of pixels the most nearly square shape with one channel.

    Examples
    --------
    >>> from aeanomaly.images import ImageLinear
    >>> ImageLinear()
    ImageLinear()
    """

    _parameter_constraints: ClassVar[dict] = ImageArchitecture._parameter_constraints

    def __init__(self, *, image_shape=None):
        self.image_shape = image_shape


class ImageSparse(ImageArchitecture, Sparse):
    """Autoencoder for images that pays for active codes; see `ImageArchitecture`.

    Parameters
    ----------
    image_shape : tuple of int or None, default=None
        (height, width) or (height, width, n_channels). None takes it from X, and for
        rows of pixels the most nearly square shape with one channel.
    penalty : {"l1", "kl"}, default="l1"
        As in `Sparse`; with "l1" the code is that of rectified linear units.
    weight : float, default=1e-4
        Factor of the penalty, in loss units.
    target : float, default=0.05
        Mean activation that "kl" aims at.

    Examples
    --------
    >>> from aeanomaly.images import ImageSparse
    >>> ImageSparse(weight=1e-5).penalty
    'l1'
    """

    _parameter_constraints: ClassVar[dict] = {
        **ImageArchitecture._parameter_constraints,
        **Sparse._parameter_constraints,
    }

    def __init__(self, *, image_shape=None, penalty="l1", weight=1e-4, target=0.05):
        self.image_shape = image_shape
        self.penalty = penalty
        self.weight = weight
        self.target = target

    @property
    def _code_activation(self) -> str:
        return "sigmoid" if self.penalty == "kl" else "relu"


class ImageVariational(ImageArchitecture, Variational):
    """Variational autoencoder of dense layers for images; see `ImageArchitecture`.

    The transformer's `inverse_transform` of standard normal codes generates images.

    Parameters
    ----------
    image_shape : tuple of int or None, default=None
        (height, width) or (height, width, n_channels). None takes it from X, and for
        rows of pixels the most nearly square shape with one channel.
    beta : float, default=1.0
        As in `Variational`.

    Examples
    --------
    >>> from aeanomaly.images import ImageVariational
    >>> ImageVariational(beta=0.5)
    ImageVariational(beta=0.5)
    """

    _parameter_constraints: ClassVar[dict] = {
        **ImageArchitecture._parameter_constraints,
        **Variational._parameter_constraints,
    }

    def __init__(self, *, image_shape=None, beta=1.0):
        self.image_shape = image_shape
        self.beta = beta
