"""Convolutional architectures for images."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any, ClassVar

from sklearn.utils._param_validation import Interval

from .base import ImageArchitecture


class ConvolutionalArchitecture(ImageArchitecture):
    """Autoencoder of convolutions and pooling for images; see `ImageArchitecture`.

    Each stage of the encoder is a convolution and a pooling that halves height and
    width; the decoder mirrors it with convolutions and upsampling. The estimator's
    `activation`, `dropout` and `batch_normalization` act after each convolution;
    `hidden_layer_sizes` is not used. ``latent_dim="auto"`` takes the last stage's
    output as the code (128 numbers for images of 28 by 28 pixels and the default
    `filters`); another size puts a dense layer on either side of the code.

    Parameters
    ----------
    image_shape : tuple of int or None, default=None
        (height, width) or (height, width, n_channels). None takes it from X, and for
        rows of pixels the most nearly square shape with one channel.
    filters : tuple of int, default=(16, 8, 8)
        Number of filters of each stage of the encoder.
    kernel_size : int, default=3
        Height and width of the filters, in pixels.

    Notes
    -----
    Scores are computed by Keras, not by NumPy.

    Examples
    --------
    >>> from aeanomaly.images import ConvolutionalArchitecture
    >>> architecture = ConvolutionalArchitecture(image_shape=(28, 28, 1))
    >>> architecture.stages()
    [(28, 28), (14, 14), (7, 7), (4, 4)]
    """

    _parameter_constraints: ClassVar[dict] = {
        **ImageArchitecture._parameter_constraints,
        "filters": ["array-like"],
        "kernel_size": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, *, image_shape=None, filters=(16, 8, 8), kernel_size=3):
        self.image_shape = image_shape
        self.filters = filters
        self.kernel_size = kernel_size

    def for_samples(self, sample_shape):
        """Return the architecture with its `image_shape` set; see `Architecture`."""
        filters = tuple(self.filters)
        valid = (isinstance(n, Integral) and int(n) > 0 for n in filters)
        if not filters or not all(valid):
            raise ValueError(
                f"The 'filters' parameter of {type(self).__name__} must hold one or "
                f"more positive integers. Got {self.filters!r} instead."
            )
        return super().for_samples(sample_shape)

    def stages(self) -> list[tuple[int, ...]]:
        """Return height and width before the first stage and after each."""
        stages = [self.resolved_shape[:2]]
        for _ in self.filters:
            stages.append(tuple(math.ceil(size / 2) for size in stages[-1]))
        return stages

    def auto_latent_dim(self, n_rows, n_encoded):
        """Return the size of the last stage's output."""
        return math.prod(self.stages()[-1]) * self.filters[-1]

    def build(self, spec):
        """Build convolutions on either side; see `Architecture.build`."""
        return self._encoder(spec, spec.latent_dim), self._decoder(spec)

    def _encoder(self, spec: Any, n_outputs: int) -> Any:
        import keras

        layers = [keras.Input((spec.n_encoded,))]
        layers.append(keras.layers.Reshape(self.image_shape))
        for filters in self.filters:
            layers += self._convolution(spec, filters)
            layers.append(keras.layers.MaxPooling2D(2, padding="same"))
        layers.append(keras.layers.Flatten())
        if n_outputs != self.auto_latent_dim(0, spec.n_encoded):
            layers.append(keras.layers.Dense(n_outputs))
        return keras.Sequential(layers)

    def _decoder(self, spec: Any) -> Any:
        import keras

        *sizes, code_size = self.stages()
        code_shape = (*code_size, self.filters[-1])
        layers = [keras.Input((spec.latent_dim,))]
        if spec.latent_dim != math.prod(code_shape):
            n_units = math.prod(code_shape)
            layers.append(keras.layers.Dense(n_units, activation=spec.activation))
        layers.append(keras.layers.Reshape(code_shape))
        for filters, before, after in zip(
            reversed(self.filters), [code_size, *sizes[::-1]], sizes[::-1], strict=False
        ):
            layers += self._convolution(spec, filters)
            layers.append(keras.layers.UpSampling2D(2))
            excess = [(0, 2 * b - a) for b, a in zip(before, after, strict=True)]
            if any(last for _, last in excess):
                layers.append(keras.layers.Cropping2D(excess))
        n_channels = self.resolved_shape[2]
        layers.append(keras.layers.Conv2D(n_channels, self.kernel_size, padding="same"))
        return keras.Sequential([*layers, keras.layers.Flatten()])

    def _convolution(self, spec: Any, filters: int) -> list[Any]:
        """Return a convolution and what the estimator's parameters put after it."""
        import keras

        layers = [keras.layers.Conv2D(filters, self.kernel_size, padding="same")]
        if spec.batch_normalization:
            layers.append(keras.layers.BatchNormalization())
        layers.append(keras.layers.Activation(spec.activation))
        if spec.dropout:
            layers.append(keras.layers.Dropout(spec.dropout))
        return layers


class ConvolutionalDenoising(ConvolutionalArchitecture):
    """Convolutional autoencoder that restores images from noisy ones.

    Training adds normal noise to the images and clips them to [0, 1] again; see
    `ConvolutionalArchitecture` and `ImageArchitecture`.

    Parameters
    ----------
    image_shape : tuple of int or None, default=None
        (height, width) or (height, width, n_channels). None takes it from X, and for
        rows of pixels the most nearly square shape with one channel.
    filters : tuple of int, default=(32, 32)
        Number of filters of each stage of the encoder.
    kernel_size : int, default=3
        Height and width of the filters, in pixels.
    noise_level : float, default=0.5
        Standard deviation of the noise, where the images' values lie in [0, 1].

    Examples
    --------
    >>> from aeanomaly.images import ConvolutionalDenoising
    >>> ConvolutionalDenoising(noise_level=0.3)
    ConvolutionalDenoising(noise_level=0.3)
    """

    tunable: ClassVar[tuple[str, ...]] = ("noise_level",)
    _parameter_constraints: ClassVar[dict] = {
        **ConvolutionalArchitecture._parameter_constraints,
        "noise_level": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self, *, image_shape=None, filters=(32, 32), kernel_size=3, noise_level=0.5
    ):
        self.image_shape = image_shape
        self.filters = filters
        self.kernel_size = kernel_size
        self.noise_level = noise_level

    def training_pass(self, network, X, settings, seed):
        """Reconstruct X from a noisy X; see `Architecture.training_pass`."""
        import tensorflow as tf

        noise = tf.random.stateless_normal(tf.shape(X), seed)
        noisy = tf.clip_by_value(X + settings["noise_level"] * noise, 0.0, 1.0)
        return network.decode(network.encode(noisy)), 1.0, 0.0
