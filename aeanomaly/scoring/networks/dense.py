"""The frozen network: dense layers as arrays, run with NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from .activations import ACTIVATIONS, FUSED_ACTIVATIONS
from .base import FrozenNetwork


@dataclass(frozen=True)
class DenseLayer:
    """One fully connected layer of every member of an ensemble.

    Parameters
    ----------
    kernel : ndarray of shape (n_members, n_inputs, n_outputs)
        Weights.
    bias : ndarray of shape (n_members, n_outputs)
        Intercepts.
    activation : str
        A key of `ACTIVATIONS`.
    """

    kernel: np.ndarray
    bias: np.ndarray
    activation: str = "linear"

    def __post_init__(self) -> None:
        n_members, _, n_outputs = self.kernel.shape
        if self.bias.shape != (n_members, n_outputs):
            raise ValueError(
                f"A kernel of shape {self.kernel.shape} needs a bias of shape "
                f"{(n_members, n_outputs)}. Got {self.bias.shape} instead."
            )
        if self.activation not in ACTIVATIONS:
            raise ValueError(
                f"The activation of a dense layer must be one of "
                f"{sorted(ACTIVATIONS)}. Got {self.activation!r} instead."
            )


def fold_constant_inputs(layer: DenseLayer, values: Sequence[float]) -> DenseLayer:
    """Fold inputs that never change, the layer's last, into its bias."""
    n_inputs = layer.kernel.shape[1] - len(values)
    constant = np.asarray(values, dtype=layer.kernel.dtype)
    bias = layer.bias + np.einsum("i,mio->mo", constant, layer.kernel[:, n_inputs:])
    return DenseLayer(layer.kernel[:, :n_inputs].copy(), bias, layer.activation)


def first_outputs(layer: DenseLayer, n_outputs: int) -> DenseLayer:
    """Return a layer without the outputs beyond the first ``n_outputs``."""
    kernel = np.ascontiguousarray(layer.kernel[..., :n_outputs])
    return DenseLayer(kernel, layer.bias[:, :n_outputs].copy(), layer.activation)


@dataclass(frozen=True)
class Network(FrozenNetwork):
    """Encoder and decoder of an ensemble of autoencoders of equal shape.

    The members' arrays are stacked on a leading axis, so that the whole ensemble
    is one batched matrix product. The output is what the last layer gives, before
    the output activation that belongs to the kind of column (see `ColumnHeads`).

    Parameters
    ----------
    encoder, decoder : tuple of DenseLayer
        The layers in order.
    """

    encoder: tuple[DenseLayer, ...]
    decoder: tuple[DenseLayer, ...]

    @property
    def n_members(self) -> int:
        """Number of autoencoders."""
        return self.decoder[0].kernel.shape[0]

    @property
    def n_inputs(self) -> int:
        """Number of columns that go in."""
        return self.encoder[0].kernel.shape[1]

    @property
    def latent_dim(self) -> int:
        """Size of the code."""
        return self.decoder[0].kernel.shape[1]

    @property
    def widest(self) -> int:
        """Width of the widest layer, which sizes blocks of rows."""
        layers = (*self.encoder, *self.decoder)
        return max(self.n_inputs, *(layer.bias.shape[1] for layer in layers))

    def encode(self, Z: np.ndarray) -> np.ndarray:
        """Return the codes, of shape (n_members, n_samples, latent_dim)."""
        return _run(self._prepared("encoder", Z.dtype), Z, self.latent_dim)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Return the logits, of shape (n_members, n_samples, n_encoded)."""
        n_outputs = self.decoder[-1].bias.shape[1]
        return _run(self._prepared("decoder", codes.dtype), codes, n_outputs)

    def check(self) -> None:
        """Raise a `ValueError` unless every layer takes what the one before gives."""
        n_members, width = self.n_members, self.n_inputs
        for layer in (*self.encoder, *self.decoder):
            kernel, bias = layer.kernel, layer.bias
            if kernel.dtype.kind != "f" or bias.dtype.kind != "f":
                raise ValueError(
                    f"layers of the network must hold floats. Got {kernel.dtype} and "
                    f"{bias.dtype} instead"
                )
            expected = (n_members, width, kernel.shape[-1])
            if kernel.shape != expected or 0 in expected:
                raise ValueError(
                    f"a kernel of shape {expected} should follow. Got {kernel.shape} "
                    f"instead"
                )
            if not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
                raise ValueError("the network has weights that are not finite")
            width = kernel.shape[-1]
        if width != self.n_inputs:
            raise ValueError(
                f"the network puts out {width} columns, but takes {self.n_inputs}"
            )

    def describe(self) -> str:
        """Return the widths of the layers and their activations."""
        layers = (*self.encoder, *self.decoder)
        widths = [self.n_inputs, *(layer.bias.shape[1] for layer in layers)]
        activations = dict.fromkeys(layer.activation for layer in layers)
        shape = " > ".join(map(str, widths))
        return f"{shape} ({', '.join(activations)}){self._members()}"

    def __getstate__(self) -> dict[str, tuple[DenseLayer, ...]]:
        return {"encoder": self.encoder, "decoder": self.decoder}

    def _prepared(self, part: str, dtype: np.dtype) -> list[_Pass]:
        # Two threads that come first may both prepare it: the same, and only once.
        key = part, dtype.char
        passes = self._passes.get(key)
        if passes is None:
            passes = self._passes[key] = _prepare(getattr(self, part), dtype)
        return passes

    @cached_property
    def _passes(self) -> dict[tuple[str, str], list[_Pass]]:
        return {}


class _Pass(NamedTuple):
    """One layer as it is run: a product, then a function of it and of an offset."""

    kernel: np.ndarray
    offset: np.ndarray
    function: Callable[[np.ndarray, np.ndarray], None]


# Floats of the widest layer of all members that are held at a time: 512 KiB, which a
# core's second-level cache holds; but at least so many rows.
_CACHED_FLOATS = 131_072
_LEAST_ROWS = 64

# NumPy adds a row to each row of a matrix in a loop of its own. Several rows at a time,
# side by side, make that loop long enough to forget what it costs to begin.
_ROWS_TOGETHER = 16
# Products whose number of columns is not a multiple of this take up to twice as long.
_COLUMNS_TOGETHER = 8


def run_layers(layers: Sequence[DenseLayer], H: np.ndarray) -> np.ndarray:
    """Return the outputs of a chain of layers, in the precision of ``H``.

    Parameters
    ----------
    layers : sequence of DenseLayer
    H : ndarray of shape (n_samples, n_inputs) or (n_members, n_samples, n_inputs)

    Returns
    -------
    ndarray of shape (n_members, n_samples, n_outputs)
    """
    return _run(_prepare(layers, H.dtype), H, layers[-1].bias.shape[1])


def _run(passes: list[_Pass], H: np.ndarray, n_outputs: int) -> np.ndarray:
    """Run layers over so many rows at a time as the cache holds at their widest."""
    n_members, n_rows = len(passes[0].kernel), H.shape[-2]
    widest = max(one.kernel.shape[2] for one in passes)
    step = max(_LEAST_ROWS, _CACHED_FLOATS // (widest * n_members))
    if n_rows <= step:
        return _run_at_once(passes, H, n_outputs)
    outputs = np.empty((n_members, n_rows, n_outputs), dtype=H.dtype)
    for start in range(0, n_rows, step):
        rows = slice(start, start + step)
        outputs[:, rows] = _run_at_once(passes, H[..., rows, :], n_outputs)
    return outputs


def _run_at_once(passes: list[_Pass], H: np.ndarray, n_outputs: int) -> np.ndarray:
    for kernel, offset, function in passes:
        H = np.matmul(H, kernel)
        n_members, n_rows, width = H.shape
        whole = n_rows - n_rows % _ROWS_TOGETHER
        if whole:
            shape = (n_members, whole // _ROWS_TOGETHER, _ROWS_TOGETHER * width)
            function(H[:, :whole].reshape(shape), offset)
        if whole < n_rows:
            function(H[:, whole:], offset[..., :width])
    return H[..., :n_outputs]


def _prepare(layers: Sequence[DenseLayer], dtype: np.dtype) -> list[_Pass]:
    """Return the passes of layers, each over its outputs as seldom as can be.

    A pass over memory costs as much as a narrow layer's product. As relu(x + b) is
    max(x, -b) + b, its bias, like that of a linear layer, can be added to the next
    layer's instead, after that layer's product.
    """
    passes, n_inputs = [], layers[0].kernel.shape[1]
    carried = np.zeros((len(layers[0].kernel), n_inputs))
    for layer in layers:
        kernel, bias = _padded(layer, n_inputs)
        bias += np.einsum("mi,mio->mo", carried, kernel)
        carried, n_inputs = np.zeros_like(bias), bias.shape[1]
        factor, function = FUSED_ACTIVATIONS[layer.activation]
        if layer is not layers[-1] and layer.activation in _CARRYING:
            carried, bias, function = bias, -bias, _CARRYING[layer.activation]
        offset = np.tile((factor * bias)[:, None, :], _ROWS_TOGETHER).astype(dtype)
        passes.append(_Pass((factor * kernel).astype(dtype), offset, function))
    return passes


def _padded(layer: DenseLayer, n_inputs: int) -> tuple[np.ndarray, np.ndarray]:
    """Return kernel and bias with zeros for more inputs, and more outputs."""
    n_members, n_rows, n_columns = layer.kernel.shape
    n_outputs = n_columns + -n_columns % _COLUMNS_TOGETHER
    kernel = np.zeros((n_members, n_inputs, n_outputs))
    kernel[:, :n_rows, :n_columns] = layer.kernel
    bias = np.zeros((n_members, n_outputs))
    bias[:, :n_columns] = layer.bias
    return kernel, bias


def _leave(H: np.ndarray, offset: np.ndarray) -> None:
    """Leave ``H`` as it is."""


def _keep_greater(H: np.ndarray, offset: np.ndarray) -> None:
    np.maximum(H, offset, out=H)


_CARRYING = {"linear": _leave, "relu": _keep_greater}
