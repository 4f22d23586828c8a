"""A detector as a classifier, for what scikit-learn does with classifiers only."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from .labels import anomaly_labels


class DetectorClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Classify rows as normal or anomalous by the score of a detector.

    `TunedThresholdClassifierCV`, `CalibratedClassifierCV`, `RocCurveDisplay` and
    `StackingClassifier` of scikit-learn take it. Its labels are those of `y`, of
    whatever coding.

    Parameters
    ----------
    detector : estimator
        `AutoencoderOutlierDetector`, or any other detector of scikit-learn's kind: its
        ``decision_function`` is negative for outliers. A pipeline that ends in one, or
        a ``FrozenEstimator`` of a fitted one, which is not fitted again.
    normal_label : object, default=None
        The label of normal rows. None recognises 0 and 1, False and True, and 1 and -1,
        where 1, True and -1 are anomalies.

    Attributes
    ----------
    detector_ : estimator
        The fitted detector.
    classes_ : ndarray of shape (2,)
        The labels, in ascending order.
    anomaly_ : object
        The one of them that stands for an anomaly.

    See Also
    --------
    AutoencoderOutlierDetector.as_classifier : Makes one.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.ensemble import IsolationForest
    >>> from aeanomaly.classifier import DetectorClassifier
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> is_fraud = np.arange(200) % 20 == 0
    >>> X[is_fraud] += 6.0
    >>> forest = IsolationForest(contamination=0.05, random_state=0)
    >>> classifier = DetectorClassifier(forest).fit(X, is_fraud)
    >>> float(classifier.score(X, is_fraud))
    1.0
    """

    def __init__(self, detector, *, normal_label=None):
        self.detector = detector
        self.normal_label = normal_label

    def fit(self, X, y, sample_weight=None):
        """Fit the detector, and learn which label is which.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Labels of two kinds. The detector learns from them if it has
            ``labels="learn"``; otherwise they say only what the classes are called.
        sample_weight : array-like of shape (n_samples,), default=None
            How often each row counts.

        Returns
        -------
        self : DetectorClassifier

        Raises
        ------
        ValueError
            If there are not two kinds of labels, one for each row, or it is unclear
            which of them is that of normal rows.
        """
        check_consistent_length(X, y)
        is_anomaly, is_labelled = anomaly_labels(y, self.normal_label)
        if not is_labelled.all():
            raise ValueError(
                f"y has no label for {(~is_labelled).sum():,} rows. A classifier is "
                f"fitted on labelled rows only: leave the others out, or fit the "
                f"detector on all rows and pass as_classifier(refit=False)."
            )
        labels = np.asarray(y)
        self.classes_ = np.unique(labels)
        if len(self.classes_) != 2:
            raise ValueError(
                f"y must hold labels of two kinds, of normal rows and of anomalies. "
                f"Got {len(self.classes_)} instead: {self.classes_[:5].tolist()}."
            )
        self.anomaly_ = labels[is_anomaly][0]
        # Not in the coding of y, which another detector might read the other way.
        coded = np.where(is_anomaly, -1, 1)
        given = {} if sample_weight is None else {"sample_weight": sample_weight}
        self.detector_ = clone(self.detector).fit(X, coded, **given)
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.detector_, name):
                setattr(self, name, getattr(self.detector_, name))
        return self

    def decision_function(self, X):
        """Return how far each row is on the side of the second of the classes.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)

        Returns
        -------
        decision : ndarray of shape (n_samples,), float64
            Positive for ``classes_[1]``: the detector's ``decision_function``, turned
            round where that is the anomaly.
        """
        check_is_fitted(self)
        decision = self.detector_.decision_function(X)
        return -decision if self.classes_[1] == self.anomaly_ else decision

    def predict(self, X):
        """Return the label of each row.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Of `classes_`: that of anomalies for what the detector flags.
        """
        check_is_fitted(self)
        flagged = self.detector_.decision_function(X) < 0
        normal = self.classes_[self.classes_ != self.anomaly_][0]
        return np.where(flagged, self.anomaly_, normal)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags
