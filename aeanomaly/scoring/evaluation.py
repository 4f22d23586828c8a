"""What the network says about a block of rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Evaluation(NamedTuple):
    """What the network says about a block of rows.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_encoded)
        Encoded rows.
    novelty : ndarray of shape (n_samples, n_features) or None
        Surprise of values that training rows never showed, in nats.
    codes : ndarray of shape (n_members, n_samples, latent_dim)
    output : ndarray of shape (n_members, n_samples, n_encoded)
        Reconstruction: values of linear columns, probabilities of levels.
    """

    Z: np.ndarray
    novelty: np.ndarray | None
    codes: np.ndarray
    output: np.ndarray

    def of_rows(self, rows: np.ndarray) -> Evaluation:
        """Return what the network says about some of the rows."""
        novelty = None if self.novelty is None else self.novelty[rows]
        return Evaluation(
            self.Z[rows], novelty, self.codes[:, rows], self.output[:, rows]
        )
