"""Which network: the architectures, each a small estimator that only configures.

An architecture says how encoder and decoder are built (`build`) and what a training
step makes of a batch (`training_pass`). To add one, subclass `Architecture`, write
either, and pass an object of it as ``architecture``; training, scoring, saving and grid
search need nothing else.
"""

from __future__ import annotations

from sklearn.base import clone

from .base import Architecture, NetworkSpec, dense_stack
from .contractive import Contractive
from .denoising import Denoising
from .linear import Linear
from .sparse import Sparse
from .undercomplete import Undercomplete
from .variational import Variational

__all__ = [
    "ARCHITECTURE_NAMES",
    "Architecture",
    "Contractive",
    "Denoising",
    "Linear",
    "NetworkSpec",
    "Sparse",
    "Undercomplete",
    "Variational",
    "dense_stack",
    "resolve_architecture",
]

_BY_NAME = {
    "undercomplete": Undercomplete,
    "linear": Linear,
    "sparse": Sparse,
    "denoising": Denoising,
    "contractive": Contractive,
    "variational": Variational,
}
ARCHITECTURE_NAMES = tuple(_BY_NAME)


def resolve_architecture(architecture: str | Architecture) -> Architecture:
    """Return a validated copy of an architecture, or a new one from its name.

    Parameters
    ----------
    architecture : Architecture or str
        An object, or one of "undercomplete", "linear", "sparse", "denoising",
        "contractive" and "variational".

    Returns
    -------
    Architecture

    Raises
    ------
    InvalidParameterError
        If one of its parameters is out of range.
    """
    if isinstance(architecture, str):
        return _BY_NAME[architecture]()
    architecture = clone(architecture)
    architecture._validate_params()
    return architecture
