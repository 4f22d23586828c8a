"""What a threshold rule is: it turns scores into the one number ``offset_``."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator


class Threshold(BaseEstimator):
    """Base of the threshold rules.

    To add one, write `offset`, and pass an object as ``threshold``. With a `name`, and
    after ``THRESHOLDS.register``, the name stands for an object with its defaults.

    Attributes
    ----------
    name : str
        Class attribute: what ``threshold`` calls the rule.
    """

    name: ClassVar[str]

    _parameter_constraints: ClassVar[dict] = {}

    def offset(self, scores: np.ndarray, weights: np.ndarray) -> float:
        """Return the score below which a row is an outlier.

        Parameters
        ----------
        scores : ndarray of shape (n_samples,)
            Scores of rows that the network was not trained on, if there are any; lower
            is more abnormal.
        weights : ndarray of shape (n_samples,)
            How often each row counts.
        """
        raise NotImplementedError
