"""The MNIST autoencoders of the literature, as configured estimators.

Each factory returns a new, unfitted `AutoencoderTransformer`, or with
``detector=True`` an `AutoencoderOutlierDetector` of the same network. They train for
50 epochs in batches of 256 images; ``simple().set_params(max_iter=2)`` changes that or
anything else. A sixtieth of the images is held out of the training, for the loss curve.

In the layer tables an arrow is a layer, and "784" an image of 28 by 28 pixels. The
published figures are binary cross-entropies a pixel on the 10,000 test images.

References
----------
F. Chollet, "Building Autoencoders in Keras", The Keras Blog, 2016.
"""

from __future__ import annotations

from typing import Any

from .architectures import Architecture
from .detector import AutoencoderOutlierDetector
from .images import (
    ConvolutionalArchitecture,
    ConvolutionalDenoising,
    ImageLinear,
    ImageSparse,
    ImageUndercomplete,
    ImageVariational,
)
from .transformer import AutoencoderTransformer

__all__ = [
    "PUBLISHED",
    "convolutional",
    "deep",
    "denoising",
    "digit_map",
    "linear",
    "narrow",
    "regularized",
    "simple",
    "sparse",
    "variational",
]

Estimator = AutoencoderTransformer | AutoencoderOutlierDetector

# Binary cross-entropy on the test images, by name of the factory.
PUBLISHED = {"simple": 0.1037, "deep": 0.0926, "convolutional": 0.1018}


def _reference(
    architecture: Architecture,
    *,
    detector: bool,
    hidden_layer_sizes: tuple[int, ...] = (),
    latent_dim: int | str = "auto",
    **parameters: Any,
) -> Estimator:
    shared: dict[str, Any] = {
        "architecture": architecture,
        "hidden_layer_sizes": hidden_layer_sizes,
        "latent_dim": latent_dim,
        "activation": "relu",
        "alpha": 0.0,
        "batch_size": 256,
        "max_iter": 50,
        "validation_fraction": 1 / 60,
        **parameters,
    }
    if not detector:
        return AutoencoderTransformer(**shared)
    # The training images of a digit are clean: none is left out as suspicious. Single
    # pixels say nothing, so that the other parts of the hybrid score do not help.
    return AutoencoderOutlierDetector(
        n_estimators=1, trim_fraction=0.0, score_type="reconstruction", **shared
    )


def simple(*, detector: bool = False) -> Estimator:
    """Return the simplest autoencoder: one layer on either side.

    ========  =====================  ==========
    part      layers                 activation
    ========  =====================  ==========
    encoder   784 → 32               ReLU
    decoder   32 → 784               sigmoid
    ========  =====================  ==========

    Published: 0.1037 after 50 epochs.

    Examples
    --------
    >>> from aeanomaly import references
    >>> references.simple().latent_dim
    32
    """
    architecture = ImageUndercomplete(code_activation="relu")
    return _reference(architecture, latent_dim=32, detector=detector)


def sparse(*, detector: bool = False) -> Estimator:
    """Return `simple` with a penalty of 1e-4 on each active unit of the code.

    ========  =====================  ==========
    part      layers                 activation
    ========  =====================  ==========
    encoder   784 → 32, L1 1e-4      ReLU
    decoder   32 → 784               sigmoid
    ========  =====================  ==========
    """
    return _reference(ImageSparse(weight=1e-4), latent_dim=32, detector=detector)


def deep(*, detector: bool = False) -> Estimator:
    """Return the deep autoencoder.

    ========  =======================  ==================
    part      layers                   activation
    ========  =======================  ==================
    encoder   784 → 128 → 64 → 32      ReLU, code linear
    decoder   32 → 64 → 128 → 784      ReLU, last sigmoid
    ========  =======================  ==================

    Published: 0.0926 after 50 epochs, with a ReLU on the code as well. It costs a
    tenth of the loss here, since units that never act stay so.
    """
    return _reference(
        ImageUndercomplete(),
        hidden_layer_sizes=(128, 64),
        latent_dim=32,
        detector=detector,
    )


def digit_map(*, detector: bool = False) -> Estimator:
    """Return an autoencoder with two codes, for a map of the digits.

    ========  ============================  ==================
    part      layers                        activation
    ========  ============================  ==================
    encoder   784 → 128 → 64 → 10 → 2       ReLU, code linear
    decoder   2 → 10 → 64 → 128 → 784       ReLU, last sigmoid
    ========  ============================  ==================
    """
    return _reference(
        ImageUndercomplete(),
        hidden_layer_sizes=(128, 64, 10),
        latent_dim=2,
        detector=detector,
    )


def narrow(*, detector: bool = False) -> Estimator:
    """Return an autoencoder whose eight codes hold one digit's images and no others.

    ========  =======================  ==================
    part      layers                   activation
    ========  =======================  ==================
    encoder   784 → 256 → 128 → 8      ReLU, code linear
    decoder   8 → 128 → 256 → 784      ReLU, last linear
    ========  =======================  ==================

    The loss is the squared error. As a detector it should be given images of equal
    norm (scikit-learn's `Normalizer`), or it finds bold digits abnormal and thin ones
    normal. Published, for Deep SVDD on such images: a mean AUROC of 0.948.

    References
    ----------
    L. Ruff et al., "Deep One-Class Classification", ICML 2018.
    """
    return _reference(
        ImageUndercomplete(),
        hidden_layer_sizes=(256, 128),
        latent_dim=8,
        detector=detector,
        loss="squared_error",
    )


def regularized(*, detector: bool = False) -> Estimator:
    """Return a deep autoencoder with leaky units and dropout, trained by Nadam.

    ========  ================================  =========================
    part      layers                            activation
    ========  ================================  =========================
    encoder   784 → 512 → 256 → 128 → 64 → 32   LeakyReLU, code linear
    decoder   32 → 64 → 128 → 256 → 512 → 784   LeakyReLU, last sigmoid
    ========  ================================  =========================

    Dropout of 0.5 follows each hidden layer.
    """
    return _reference(
        ImageUndercomplete(),
        hidden_layer_sizes=(512, 256, 128, 64),
        latent_dim=32,
        detector=detector,
        activation="leaky_relu",
        dropout=0.5,
        optimizer="nadam",
        learning_rate_init=1e-3,
    )


def convolutional(*, n_stages: int = 3, detector: bool = False) -> Estimator:
    """Return the convolutional autoencoder, with two or three pooling stages.

    ==========  ====================================  ==================
    part        layers                                activation
    ==========  ====================================  ==================
    encoder, 3  28×28×1 → 16 → 8 → 8 filters, 4×4×8   ReLU
    encoder, 2  28×28×1 → 16 → 8 filters, 7×7×8       ReLU
    decoder     the encoder's filters, reversed       ReLU, last sigmoid
    ==========  ====================================  ==================

    Each stage is a convolution of 3 by 3 and a pooling of 2 by 2, or in the decoder an
    upsampling. Published: 0.1018 for three stages.

    Parameters
    ----------
    n_stages : {2, 3}, default=3
    detector : bool, default=False
    """
    if n_stages not in (2, 3):
        raise ValueError(
            f"The 'n_stages' parameter of convolutional must be 2 or 3. Got "
            f"{n_stages!r} instead."
        )
    architecture = ConvolutionalArchitecture(filters=(16, 8, 8)[:n_stages])
    return _reference(architecture, detector=detector, learning_rate_init=1e-2)


def denoising(*, detector: bool = False) -> Estimator:
    """Return the convolutional autoencoder that removes noise.

    ========  =================================  ==================
    part      layers                             activation
    ========  =================================  ==================
    encoder   28×28×1 → 32 → 32 filters, 7×7×32  ReLU
    decoder   7×7×32 → 32 → 32 → 1 filters       ReLU, last sigmoid
    ========  =================================  ==================

    Gaussian noise of standard deviation 0.5 is added, and the image clipped to [0, 1].
    """
    return _reference(ConvolutionalDenoising(noise_level=0.5), detector=detector)


def variational(*, latent_dim: int = 2, detector: bool = False) -> Estimator:
    """Return the variational autoencoder, which generates digits from random codes.

    ========  ====================================  ==================
    part      layers                                activation
    ========  ====================================  ==================
    encoder   784 → 512 → 256 → mean, log variance  ReLU, last linear
    decoder   `latent_dim` → 256 → 512 → 784        ReLU, last sigmoid
    ========  ====================================  ==================

    Parameters
    ----------
    latent_dim : int, default=2
    detector : bool, default=False
    """
    return _reference(
        ImageVariational(),
        hidden_layer_sizes=(512, 256),
        latent_dim=latent_dim,
        detector=detector,
        learning_rate_init=1e-3,
    )


def linear(*, latent_dim: int = 32, detector: bool = False) -> Estimator:
    """Return the autoencoder that is PCA: no activation, squared error.

    ========  ====================  ==========
    part      layers                activation
    ========  ====================  ==========
    encoder   784 → `latent_dim`    linear
    decoder   `latent_dim` → 784    linear
    ========  ====================  ==========

    Its mean squared error is that of PCA with as many components.

    Parameters
    ----------
    latent_dim : int, default=32
    detector : bool, default=False
    """
    return _reference(
        ImageLinear(),
        latent_dim=latent_dim,
        detector=detector,
        loss="squared_error",
    )
