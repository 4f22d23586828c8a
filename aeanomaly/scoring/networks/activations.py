"""Activation functions in place, as scikit-learn's ``neural_network`` has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

# Keras's own constants, so that both paths compute the same function.
LEAKY_RELU_SLOPE = 0.2
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


def _linear(H: np.ndarray) -> None:
    """Leave ``H`` as it is."""


def _relu(H: np.ndarray) -> None:
    # NumPy's loop over two arrays is twice as fast as that over an array and a number.
    np.maximum(H, np.zeros(H.shape[-1:], dtype=H.dtype), out=H)


def _leaky_relu(H: np.ndarray) -> None:
    np.maximum(H, H * H.dtype.type(LEAKY_RELU_SLOPE), out=H)


def _elu(H: np.ndarray) -> None:
    negative = np.expm1(np.minimum(H, 0))
    np.maximum(H, 0, out=H)
    H += negative


def _selu(H: np.ndarray) -> None:
    negative = np.expm1(np.minimum(H, 0))
    negative *= H.dtype.type(SELU_ALPHA)
    np.maximum(H, 0, out=H)
    H += negative
    H *= H.dtype.type(SELU_SCALE)


def _tanh(H: np.ndarray) -> None:
    np.tanh(H, out=H)


def _sigmoid(H: np.ndarray) -> None:
    H *= H.dtype.type(0.5)
    _sigmoid_of_twice(H)


def _sigmoid_of_twice(H: np.ndarray) -> None:
    # tanh cannot overflow, and NumPy has a vectorised kernel for it.
    np.tanh(H, out=H)
    H += H.dtype.type(1)
    H *= H.dtype.type(0.5)


def _silu(H: np.ndarray) -> None:
    # A third faster than by tanh. An infinite denominator gives zero, which is right.
    gate = np.negative(H)
    with np.errstate(over="ignore"):
        np.exp(gate, out=gate)
    gate += H.dtype.type(1)
    np.divide(H, gate, out=H)


def _silu_of_negative(H: np.ndarray, offset: np.ndarray) -> None:
    """Give the SiLU of minus the sum of ``H`` and ``offset``, to the last bit."""
    H += offset
    with np.errstate(over="ignore"):
        gate = np.exp(H)
    np.subtract(H.dtype.type(-1), gate, out=gate)
    np.divide(H, gate, out=H)


def softmax(H: np.ndarray) -> None:
    """Replace the logits in ``H`` by probabilities along the last axis."""
    H -= H.max(axis=-1, keepdims=True)
    np.exp(H, out=H)
    H /= H.sum(axis=-1, keepdims=True)


ACTIVATIONS: Mapping[str, Callable[[np.ndarray], None]] = {
    "linear": _linear,
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "selu": _selu,
    "silu": _silu,
    "tanh": _tanh,
    "sigmoid": _sigmoid,
}


def _after_offset(
    activation: Callable[[np.ndarray], None],
) -> Callable[[np.ndarray, np.ndarray], None]:
    def function(H: np.ndarray, offset: np.ndarray) -> None:
        H += offset
        activation(H)

    return function


# The factor of a layer's weights, and the function of its product and its bias, both
# times that factor, that gives its output. Factors of one half and minus one are exact.
FUSED_ACTIVATIONS: Mapping[
    str, tuple[float, Callable[[np.ndarray, np.ndarray], None]]
] = {
    **{name: (1.0, _after_offset(function)) for name, function in ACTIVATIONS.items()},
    "sigmoid": (0.5, _after_offset(_sigmoid_of_twice)),
    # One pass over memory less than without the factor.
    "silu": (-1.0, _silu_of_negative),
}
