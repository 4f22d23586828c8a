"""What every frozen network can do, whoever runs it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np


class FrozenNetwork(ABC):
    """Encoder and decoder of an ensemble of autoencoders of equal shape."""

    if TYPE_CHECKING:  # Fields of one network, properties of the other.

        @property
        def n_members(self) -> int:
            """Number of autoencoders."""

        @property
        def n_inputs(self) -> int:
            """Number of columns that go in."""

        @property
        def latent_dim(self) -> int:
            """Size of the code."""

    @property
    @abstractmethod
    def widest(self) -> int:
        """Number of floats of a row at its widest, which sizes blocks of rows."""

    @abstractmethod
    def encode(self, Z: np.ndarray) -> np.ndarray:
        """Return the codes, of shape (n_members, n_samples, latent_dim)."""

    @abstractmethod
    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Return the logits, of shape (n_members, n_samples, n_encoded)."""

    @abstractmethod
    def check(self) -> None:
        """Raise a `ValueError` if arrays that came from a file do not fit together."""

    def describe(self) -> str:
        """Return layers and members in a few words."""
        return f"{type(self).__name__}, code of {self.latent_dim}{self._members()}"

    def _members(self) -> str:
        return f" x {self.n_members} members" if self.n_members > 1 else ""
