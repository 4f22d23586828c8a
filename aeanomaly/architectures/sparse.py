"""The autoencoder that pays for active codes."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

from sklearn.utils._param_validation import Interval, StrOptions

from .base import Architecture


class Sparse(Architecture):
    """Autoencoder that pays for active codes.

    Parameters
    ----------
    penalty : {"l1", "kl"}, default="l1"
        "l1" adds the sum of the code's absolute values; "kl" the divergence of each
        unit's mean activation in the batch from `target`, with a sigmoid code.
    weight : float, default=1e-3
        Factor of the penalty, in loss units.
    target : float, default=0.05
        Mean activation that "kl" aims at.

    References
    ----------
    A. Ng, "Sparse Autoencoder", CS294A lecture notes, Stanford, 2011.

    Examples
    --------
    >>> from aeanomaly import Sparse
    >>> Sparse(penalty="kl").target
    0.05
    """

    name: ClassVar[str] = "sparse"
    tunable: ClassVar[tuple[str, ...]] = ("weight", "target")
    compiles_with_xla = True
    _parameter_constraints: ClassVar[dict] = {
        "penalty": [StrOptions({"l1", "kl"})],
        "weight": [Interval(Real, 0, None, closed="left")],
        "target": [Interval(Real, 0, 1, closed="neither")],
    }

    def __init__(self, *, penalty="l1", weight=1e-3, target=0.05):
        self.penalty = penalty
        self.weight = weight
        self.target = target

    @property
    def _code_activation(self) -> str:
        return "sigmoid" if self.penalty == "kl" else "linear"

    def training_pass(self, network, X, settings, seed):
        """Reconstruct, and penalise the code; see `Architecture.training_pass`."""
        import tensorflow as tf

        codes = network.encode(X)
        if self.penalty == "l1":
            penalty = tf.reduce_sum(tf.abs(codes), axis=-1)
        else:
            penalty = _bernoulli_divergence(
                settings["target"], tf.reduce_mean(codes, axis=1)
            )[:, None]
        return network.decode(codes), 1.0, settings["weight"] * penalty


def _bernoulli_divergence(target: Any, activity: Any) -> Any:
    """Return the sum over units of KL(target || mean activity)."""
    import tensorflow as tf

    activity = tf.clip_by_value(activity, 1e-6, 1 - 1e-6)
    return tf.reduce_sum(
        target * tf.math.log(target / activity)
        + (1 - target) * tf.math.log((1 - target) / (1 - activity)),
        axis=-1,
    )
