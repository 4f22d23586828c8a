"""Initial weights from a seed, without building a Keras model again."""

from __future__ import annotations

from typing import Any

import numpy as np

_TRUNCATED_NORMAL_STD = 0.87962566103423978  # of a unit normal cut at two deviations


def initializers(model: Any) -> dict[int, Any]:
    """Return the Keras initializer of each variable, by the variable's id."""
    found = {}
    for layer in model._flatten_layers(include_self=False):
        for name in dir(layer):
            if not name.endswith("_initializer"):
                continue
            variable = getattr(layer, name.removesuffix("_initializer"), None)
            if variable is not None and callable(getattr(layer, name)):
                found[id(variable)] = getattr(layer, name)
    return found


def draw(initializer: Any, variable: Any, rng: np.random.Generator) -> np.ndarray:
    """Return one variable's initial value.

    The common initializers are drawn with NumPy, which takes microseconds; others
    are called with a seed of their own. A variable without one, such as a weight
    that was trained elsewhere, keeps the value with which it was built.
    """
    import keras

    shape = tuple(variable.shape)
    if "seed_generator_state" in variable.path:
        return rng.integers(2**31, size=shape).astype(str(variable.dtype))
    if initializer is None:
        return np.array(variable.numpy(), dtype=np.float32)
    if isinstance(initializer, keras.initializers.Zeros):
        return np.zeros(shape, dtype=np.float32)
    if isinstance(initializer, keras.initializers.Ones):
        return np.ones(shape, dtype=np.float32)
    if isinstance(initializer, keras.initializers.VarianceScaling):
        return _variance_scaling(initializer, shape, rng)
    config = initializer.get_config()
    if "seed" in config:
        config["seed"] = int(rng.integers(2**31))
    return np.asarray(type(initializer).from_config(config)(shape), dtype=np.float32)


def _variance_scaling(
    initializer: Any, shape: tuple[int, ...], rng: np.random.Generator
) -> np.ndarray:
    """Draw as Keras's `VarianceScaling` does: Glorot, He and LeCun."""
    receptive = int(np.prod(shape[:-2])) if len(shape) > 2 else 1
    fan_in = (shape[-2] if len(shape) > 1 else shape[-1]) * receptive
    fan_out = shape[-1] * receptive
    fans = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
    variance = initializer.scale / max(1.0, fans[initializer.mode])
    if initializer.distribution == "uniform":
        limit = np.sqrt(3 * variance)
        return rng.uniform(-limit, limit, shape).astype(np.float32)
    values = rng.standard_normal(shape, dtype=np.float32)
    deviation = np.sqrt(variance)
    if initializer.distribution == "truncated_normal":
        deviation /= _TRUNCATED_NORMAL_STD
        while (far := np.abs(values) > 2).any():
            values[far] = rng.standard_normal(int(far.sum()), dtype=np.float32)
    return values * np.float32(deviation)
