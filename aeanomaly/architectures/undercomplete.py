"""The plain autoencoder with a narrow code."""

from __future__ import annotations

from typing import ClassVar

from sklearn.utils._param_validation import StrOptions

from ..scoring.networks.activations import ACTIVATIONS
from .base import Architecture


class Undercomplete(Architecture):
    """Autoencoder whose code is narrower than the table.

    Parameters
    ----------
    code_activation : str, default="linear"
        Activation of the code.

    References
    ----------
    G. E. Hinton and R. R. Salakhutdinov, "Reducing the Dimensionality of Data with
    Neural Networks", *Science* 313, 2006.

    Examples
    --------
    >>> from aeanomaly import AutoencoderTransformer, Undercomplete
    >>> transformer = AutoencoderTransformer(architecture=Undercomplete())
    >>> transformer.set_params(architecture__code_activation="relu").architecture
    Undercomplete(code_activation='relu')
    """

    name: ClassVar[str] = "undercomplete"
    _parameter_constraints: ClassVar[dict] = {
        "code_activation": [StrOptions(set(ACTIVATIONS))],
    }

    def __init__(self, *, code_activation="linear"):
        self.code_activation = code_activation
