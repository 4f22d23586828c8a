"""Which network: the architectures, each a small estimator that only configures.

An architecture says how encoder and decoder are built (`build`) and what a training
step makes of a batch (`training_pass`). To add one, subclass `Architecture`, write
either, and pass an object of it as ``architecture``; training, scoring, saving and grid
search need nothing else. With a class attribute `name`, and after
``ARCHITECTURES.register``, the name stands for an object with its defaults.
"""

from __future__ import annotations

from sklearn.base import clone

from ..registry import Registry
from .base import Architecture, NetworkSpec, dense_stack
from .contractive import Contractive
from .denoising import Denoising
from .linear import Linear
from .sparse import Sparse
from .undercomplete import Undercomplete
from .variational import Variational

__all__ = [
    "ARCHITECTURES",
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

ARCHITECTURES = Registry(
    "architecture",
    [Undercomplete, Linear, Sparse, Denoising, Contractive, Variational],
)


def resolve_architecture(architecture: str | Architecture) -> Architecture:
    """Return a validated copy of an architecture, or a new one from its name.

    Parameters
    ----------
    architecture : Architecture or str
        An object, or a name in `ARCHITECTURES`.

    Returns
    -------
    Architecture

    Raises
    ------
    InvalidParameterError
        If one of its parameters is out of range.
    """
    if isinstance(architecture, str):
        return ARCHITECTURES[architecture]()
    resolved: Architecture = clone(architecture)
    resolved._validate_params()
    return resolved
