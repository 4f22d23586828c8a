"""The frozen network: dense layers as arrays, run with NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .activations import ACTIVATIONS


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

    @cached_property
    def _double(self) -> tuple[np.ndarray, np.ndarray]:
        return self.kernel.astype(np.float64), self.bias.astype(np.float64)

    def __call__(self, H: np.ndarray) -> np.ndarray:
        """Return the layer's output, in the precision of ``H``."""
        if H.dtype == np.float64:
            kernel, bias = self._double
        else:
            kernel, bias = self.kernel, self.bias
        H = np.matmul(H, kernel)
        H += bias[:, None, :]
        ACTIVATIONS[self.activation](H)
        return H


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
class Network:
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
        return self.decoder[0].kernel.shape[0]

    @property
    def n_inputs(self) -> int:
        return self.encoder[0].kernel.shape[1]

    @property
    def latent_dim(self) -> int:
        return self.decoder[0].kernel.shape[1]

    @property
    def widest(self) -> int:
        """Width of the widest layer, which sizes blocks of rows."""
        layers = (*self.encoder, *self.decoder)
        return max(self.n_inputs, *(layer.bias.shape[1] for layer in layers))

    def encode(self, Z: np.ndarray) -> np.ndarray:
        """Return the codes, of shape (n_members, n_samples, latent_dim)."""
        H = Z
        for layer in self.encoder:
            H = layer(H)
        return H

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Return the logits, of shape (n_members, n_samples, n_encoded)."""
        H = codes
        for layer in self.decoder:
            H = layer(H)
        return H
