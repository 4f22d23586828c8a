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
    uses : tuple of str
        Class attribute: what else `offset` takes, by keyword; each is None where it is
        not known. "is_anomaly", ndarray of bool: the labels; "times": datetimes, or
        whatever tells periods apart; "calibration": the model's `Calibration`.
    asks_for : str
        Class attribute: what rows `fit_threshold` must be given; "" if the calibration
        scores of the model will do, which is so for every rule that `fit` can apply.
    summary_ : str
        One sentence about the last offset: what it promises or gave.
    """

    name: ClassVar[str]
    uses: ClassVar[tuple[str, ...]] = ()
    asks_for: ClassVar[str] = ""

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
