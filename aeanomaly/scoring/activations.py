"""Activation functions in place, as scikit-learn's ``neural_network`` has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

# Keras's own constants, so that both paths compute the same function.
_LEAKY_RELU_SLOPE = 0.2
_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805


def _linear(H: np.ndarray) -> None:
    """Leave ``H`` as it is."""


def _relu(H: np.ndarray) -> None:
    np.maximum(H, 0, out=H)


def _leaky_relu(H: np.ndarray) -> None:
    np.maximum(H, H * H.dtype.type(_LEAKY_RELU_SLOPE), out=H)


def _elu(H: np.ndarray) -> None:
    negative = np.expm1(np.minimum(H, 0))
    np.maximum(H, 0, out=H)
    H += negative


def _selu(H: np.ndarray) -> None:
    negative = np.expm1(np.minimum(H, 0))
    negative *= H.dtype.type(_SELU_ALPHA)
    np.maximum(H, 0, out=H)
    H += negative
    H *= H.dtype.type(_SELU_SCALE)


def _tanh(H: np.ndarray) -> None:
    np.tanh(H, out=H)


def _sigmoid(H: np.ndarray) -> None:
    # tanh cannot overflow, and NumPy has a vectorised kernel for it.
    H *= H.dtype.type(0.5)
    np.tanh(H, out=H)
    H += H.dtype.type(1)
    H *= H.dtype.type(0.5)


def _silu(H: np.ndarray) -> None:
    gate = H.copy()
    _sigmoid(gate)
    H *= gate


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
