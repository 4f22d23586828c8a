"""Which device trains: the processor, but for networks that a graphics card repays."""

from __future__ import annotations

import contextlib
import math
from typing import Any

CPU, GPU = "/CPU:0", "/GPU:0"
# What `device_` calls them.
NAMES = {CPU: "cpu", GPU: "gpu"}

# Floating-point operations of a step, and of a fit, from which a card wins. However
# little it has to do, a step takes it 2 ms or more; and to start it takes 6 seconds.
# Measured on an NVIDIA H100 beside 16 cores; see benchmarks/README.md.
_LEAST_OF_A_STEP = 1e9
_LEAST_OF_A_FIT = 3e12
# A multiplication and an addition, forward, and twice as many for the gradient.
_OPERATIONS = 6


def best_device(n_multiplications: int, batch_size: int, n_steps: int) -> str:
    """Return the device that trains a network sooner, where there is a card.

    Parameters
    ----------
    n_multiplications : int
        Of one row, forward, through all networks.
    batch_size : int
    n_steps : int
    """
    of_a_step = _OPERATIONS * n_multiplications * batch_size
    wins = of_a_step >= _LEAST_OF_A_STEP and of_a_step * n_steps >= _LEAST_OF_A_FIT
    return GPU if wins else CPU


def has_gpu() -> bool:
    """Return whether TensorFlow sees a graphics card."""
    import tensorflow as tf

    return bool(tf.config.get_visible_devices("GPU"))


def share_gpu_memory() -> None:
    """Let TensorFlow take a card's memory as it needs it, if it has not taken all."""
    import tensorflow as tf

    for card in tf.config.get_visible_devices("GPU"):
        # It has begun: whoever began decided.
        with contextlib.suppress(RuntimeError):
            tf.config.experimental.set_memory_growth(card, True)


def on_device(device: str) -> Any:
    """Return a context in which variables, rows and steps are on a device.

    Of the thread that enters it, not of threads that it starts.
    """
    import tensorflow as tf

    return tf.device(device)


def multiplications(model: Any) -> int:
    """Return the multiplications that one row takes through a Keras model.

    A kernel counts once for each place of the smaller of a layer's input and output:
    convolutions lay it on each place of their output, transposed ones of their input.
    """
    return sum(
        min(_places(layer.input), _places(layer.output))
        * sum(math.prod(weight.shape) for weight in layer.trainable_weights)
        for layer in model.layers
        if layer.trainable_weights
    )


def _places(tensors: Any) -> int:
    """Return over how many places of an image, or steps of a series, a result goes."""
    shape = getattr(tensors, "shape", ())
    return math.prod(n or 1 for n in shape[1:-1])
