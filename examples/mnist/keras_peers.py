"""The references' networks as models that Keras itself trains."""

from __future__ import annotations

import statistics
import time

import keras

from aeanomaly import NetworkSpec
from aeanomaly.images import ConvolutionalDenoising, ImageSparse, ImageVariational


def keras_seconds(estimator, images):
    """Return the seconds of a warm epoch of Keras's `fit`, the median of three."""
    X = estimator.model_.encoding.encode(images.reshape(len(images), -1)).Z
    model = trainable_model(estimator, X)
    loss = "mse" if estimator.loss == "squared_error" else "binary_crossentropy"
    model.compile(optimizer=estimator.optimizer, loss=loss)
    batch_size = estimator.batch_size
    # Compiles, for full batches and for the last one.
    first = X[: batch_size + len(X) % batch_size]
    model.fit(first, first, batch_size, verbose=0)
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        model.fit(X, X, batch_size, verbose=0)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def trainable_model(estimator, X):
    """Return a new Keras model of what an estimator trains, noise and penalty too."""
    n_columns, n_codes = X.shape[1], estimator.transform(X[:1]).shape[1]
    hidden, activation = estimator.hidden_layer_sizes, estimator.activation
    spec = NetworkSpec(n_columns, n_codes, hidden, activation, estimator.dropout)
    architecture = estimator.architecture.for_samples((n_columns,))
    encoder, decoder = architecture.build(spec)
    layers = [keras.Input((n_columns,)), encoder, decoder]
    if isinstance(architecture, ConvolutionalDenoising):
        layers.insert(1, ClippedNoise(architecture.noise_level))
    if isinstance(architecture, ImageSparse):
        layers.insert(2, keras.layers.ActivityRegularization(l1=architecture.weight))
    if isinstance(architecture, ImageVariational):
        layers.insert(2, DrawnCodes(n_columns))
    if estimator.loss != "squared_error":
        layers.append(keras.layers.Activation("sigmoid"))
    return keras.Sequential(layers)


class ClippedNoise(keras.layers.GaussianNoise):
    """Normal noise in training, and the unit interval."""

    def call(self, inputs, training=False):
        """Return noisy inputs, clipped."""
        return keras.ops.clip(super().call(inputs, training), 0.0, 1.0)


class DrawnCodes(keras.layers.Layer):
    """Codes drawn from mean and log variance; their divergence is added to the loss."""

    def __init__(self, n_columns):
        super().__init__()
        self.n_columns = n_columns
        self.seed = keras.random.SeedGenerator(0)

    def call(self, inputs):
        """Return codes drawn around the means, the first half of the inputs."""
        mean, log_variance = keras.ops.split(inputs, 2, axis=-1)
        terms = keras.ops.square(mean) + keras.ops.exp(log_variance) - 1 - log_variance
        divergence = 0.5 * keras.ops.mean(keras.ops.sum(terms, axis=-1))
        # The loss is a mean over columns: the divergence counts as one of the row.
        self.add_loss(divergence / self.n_columns)
        noise = keras.random.normal(keras.ops.shape(mean), seed=self.seed)
        return mean + keras.ops.exp(0.5 * log_variance) * noise
