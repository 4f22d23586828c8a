"""The autoencoder without activations."""

from __future__ import annotations

from typing import ClassVar

from .base import Architecture, dense_stack


class Linear(Architecture):
    """Autoencoder without activations, which spans the subspace of PCA.

    With squared error and without weight decay (``alpha=0``) its optimum is the
    principal subspace of the encoded table. `hidden_layer_sizes` is not used.

    References
    ----------
    P. Baldi and K. Hornik, "Neural Networks and Principal Component Analysis",
    *Neural Networks* 2, 1989.

    Examples
    --------
    >>> from aeanomaly import Linear
    >>> Linear()
    Linear()
    """

    name: ClassVar[str] = "linear"

    def build(self, spec):
        """Build one linear layer on either side; see `Architecture.build`."""
        return (
            dense_stack(spec, spec.n_encoded, (), spec.latent_dim),
            dense_stack(spec, spec.latent_dim, (), spec.n_encoded),
        )
