"""The one error formula: how far each column of a row is from its reconstruction."""

from __future__ import annotations

import numpy as np

from .encoding.table import TableEncoding
from .networks.activations import ACTIVATIONS, softmax


def activate(logits: np.ndarray, encoding: TableEncoding, activation: str) -> None:
    """Turn a network's logits into values and probabilities, in place.

    Parameters
    ----------
    logits : ndarray of shape (..., n_encoded)
    encoding : TableEncoding
    activation : str
        Output activation of the linear columns; groups get a softmax each.
    """
    if activation != "linear":
        values = np.ascontiguousarray(logits[..., : encoding.n_linear])
        ACTIVATIONS[activation](values)
        logits[..., : encoding.n_linear] = values
    for _, group in encoding.groups:
        softmax(logits[..., group])


def unit_errors(
    Z: np.ndarray, output: np.ndarray, encoding: TableEncoding
) -> np.ndarray:
    """Return the error of each unit of each row, mean over the members.

    The squared difference of linear columns, and the cross-entropy in nats of
    categories. Where levels share a column, only what is above counts: above the
    expected rarity, and above the cross-entropy that the level's own share has. A
    missing value has no error, its indicator has; a level that training rows never
    showed has none here (see `EncodedBlock`).

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_encoded)
        Encoded rows.
    output : ndarray of shape (n_members, n_samples, n_encoded)
        Activated output of the network.
    encoding : TableEncoding

    Returns
    -------
    ndarray of shape (n_samples, n_linear + n_groups)
    """
    n_linear, groups = encoding.n_linear, encoding.groups
    residual = output[..., :n_linear] - Z[:, :n_linear]
    for rarity in encoding.rarities:
        # A level that is more frequent than expected is no error.
        np.minimum(residual[..., rarity], 0.0, out=residual[..., rarity])
    np.square(residual, out=residual)
    linear = residual[0] if len(residual) == 1 else residual.mean(axis=0)
    values, indicators = encoding.may_miss
    if len(values):
        # Indicators of 0 and 1 are centred: above zero they say "missing".
        linear[:, values] *= Z[:, indicators] <= 0
    if not groups:
        return linear
    errors = np.empty((len(Z), n_linear + len(groups)), dtype=output.dtype)
    errors[:, :n_linear] = linear
    # Probabilities underflow in float32 where the network is certain and wrong.
    tiny = np.finfo(np.float32).tiny
    for unit, (_, group) in enumerate(groups, start=n_linear):
        surprise = -np.log(np.maximum(output[..., group], tiny))
        surprise *= Z[:, group]
        errors[:, unit] = surprise.sum(axis=-1).mean(axis=0)
    # Where levels share a column, their rarity has one of its own: what counts here is
    # how much less probable the rest of the row makes a level than its frequency does.
    for i, usual in encoding.shared_groups.items():
        errors[:, n_linear + i] -= Z[:, groups[i][1]] @ usual
        np.maximum(errors[:, n_linear + i], 0.0, out=errors[:, n_linear + i])
    return errors
