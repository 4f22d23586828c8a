"""From scores to decisions: threshold, labels, p-values, selections."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .labels import anomaly_labels
from .scoring.calibration import Calibration
from .selection import select_by_budget, select_by_fdr
from .thresholds import ShareThreshold, Threshold, resolve_threshold


class DecisionMixin:
    """What a detector decides by its scores, all of it without training.

    Needs `score_samples`, and the parameters `contamination` and `threshold`.
    """

    contamination: Any
    threshold: Any
    offset_: float
    threshold_: Threshold
    calibration_: Calibration | None
    score_samples: Any

    def decision_function(self, X):
        """Return the score of each row less the threshold: negative for outliers.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)

        Returns
        -------
        decision : ndarray of shape (n_samples,), float64
            ``score_samples(X) - offset_``.
        """
        return self.score_samples(X) - self.offset_

    def predict(self, X):
        """Return the label of each row.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)

        Returns
        -------
        labels : ndarray of shape (n_samples,), int64
            -1 for outliers, 1 for inliers.
        """
        return np.where(self.decision_function(X) < 0, -1, 1)

    def fit_threshold(self, X=None, y=None, *, threshold=None, times=None, normal=None):
        """Set the threshold again, by any rule and without training.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features), default=None
            Rows as they will be scored; the rule is applied to their scores. None: the
            scores of unseen rows that `fit` kept, which not every rule can do with.
        y : array-like of shape (n_samples,), default=None
            Labels, for rules that need them: 0 and 1, False and True, or 1 and -1,
            where 1, True and -1 are anomalies. Rows without a label are left out.
        threshold : Threshold or str, default=None
            The rule, or its name. None: the one that `contamination` or `threshold` of
            the detector names.
        times : array-like of shape (n_samples,) or str, default=None
            Time of each row, or the column of X that holds it, for a budget per period.
        normal : object, default=None
            The label of normal rows, for labels of any other kind.

        Returns
        -------
        self : AutoencoderOutlierDetector

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        ValueError
            If the rule needs rows, labels or times that are not given.

        Examples
        --------
        >>> import numpy as np
        >>> from aeanomaly import AutoencoderOutlierDetector, QuantileThreshold
        >>> X = np.random.default_rng(0).normal(size=(400, 3))
        >>> detector = AutoencoderOutlierDetector(max_iter=20, random_state=0).fit(X)
        >>> rule = QuantileThreshold(quantile=0.05, confidence=0.9)
        >>> print(detector.fit_threshold(threshold=rule).threshold_.summary_)
        At most 5 % of new normal rows are flagged with a probability of 90 %: by 400 \
calibration scores.
        """
        check_is_fitted(self)
        rule = self._threshold_rule()
        if threshold is not None:
            rule = resolve_threshold(threshold)
        if X is None:
            if rule.asks_for:
                raise ValueError(
                    f"The threshold {rule.name!r} needs {rule.asks_for}. Pass them as "
                    f"X."
                )
            known = self._calibration()
            return self._set_threshold(rule, known.scores, known.weights)
        if isinstance(times, str):
            times = X[times]
        scores, is_anomaly = self.score_samples(X), None
        if y is not None and "is_anomaly" in rule.uses:
            is_anomaly, labelled = anomaly_labels(y, normal)
            if len(labelled) != len(scores):
                raise ValueError(
                    f"y has {len(labelled)} labels for {len(scores)} rows. Pass one "
                    f"label for each row."
                )
            scores, is_anomaly = scores[labelled], is_anomaly[labelled]
        weights = np.ones(len(scores))
        return self._set_threshold(
            rule, scores, weights, is_anomaly=is_anomaly, times=times
        )

    def calibrate(self, X, sample_weight=None):
        """Take other rows to calibrate by, and set the threshold by them.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Normal rows that `fit` has not seen, like those to come. Their scores take
            the place of those that `fit` kept: for p-values, selections and thresholds.
        sample_weight : array-like of shape (n_samples,), default=None
            How often each row counts.

        Returns
        -------
        self : AutoencoderOutlierDetector
        """
        scores = self.score_samples(X)
        weights = np.ones(len(scores))
        if sample_weight is not None:
            weights = np.asarray(sample_weight, dtype=np.float64)
        seen = weights > 0
        self.calibration_ = Calibration.of_scores(scores[seen], weights[seen])
        rule = self._threshold_rule()
        if rule.asks_for:
            return self
        return self._set_threshold(rule, scores[seen], weights[seen])

    def p_values(self, X, *, random_state=None):
        """Return conformal p-values: how rare so low a score is among normal rows.

        A new normal row has a p-value of at most t with a probability of at most t, if
        it is like the rows that calibrate.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
        random_state : int or None, default=None
            Seed with which ties are broken at random, so that p-values of normal rows
            are uniform. None: equal scores count as lower, and p-values are a little
            too large.

        Returns
        -------
        p_values : ndarray of shape (n_samples,), float64
            In (0, 1]; small is abnormal. (1 + calibration scores not above the row's) /
            (1 + calibration scores).

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        ValueError
            If its model file holds no calibration scores.

        References
        ----------
        V. Vovk, A. Gammerman and G. Shafer, *Algorithmic Learning in a Random World*,
        2005.
        """
        check_is_fitted(self)
        rng = None if random_state is None else np.random.default_rng(random_state)
        return self._calibration().p_values(self.score_samples(X), rng)

    def severity(self, X):
        """Return how severe each row is, in a unit that is the same for every model.

        The share of new normal rows that score higher, in percent: of a thousand of
        them one has a severity of 99.9 or more, whatever the scores look like.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)

        Returns
        -------
        severity : ndarray of shape (n_samples,), float64
            From 0 to 99.9999, cut after four decimals; great is abnormal. Where the
            score of one row is lower than that of another, its severity is not lower.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        ValueError
            If its model file holds no calibration scores.

        Notes
        -----
        It is ``100 * (1 - p_values(X))``, and promises what those do, as far as they
        reach: with n calibration scores up to ``100 * n / (n + 1)``. Rows that score
        below all of them go on from there along an exponential tail of the lowest
        tenth of the scores, at most fifty: a guess. Scores whose tail is heavier, as
        reconstruction errors often are, are taken for more severe than they are.

        Examples
        --------
        >>> import numpy as np
        >>> from aeanomaly import AutoencoderOutlierDetector
        >>> X = np.random.default_rng(0).normal(size=(400, 3))
        >>> detector = AutoencoderOutlierDetector(max_iter=20, random_state=0).fit(X)
        >>> usual, odd = detector.severity([[0.0, 0.0, 0.0], [9.0, -9.0, 9.0]])
        >>> bool(usual < 50), bool(odd > 99.9)
        (True, True)
        """
        check_is_fitted(self)
        return self._calibration().severities(self.score_samples(X))

    def select(
        self,
        X,
        *,
        fdr=None,
        budget=None,
        times=None,
        period="D",
        method="bh",
        confidence=None,
    ):
        """Return which of the rows to flag, judged together.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
        fdr : float, default=None
            Share of normal rows among the flagged ones, on average, at most; in (0, 1).
        budget : int, default=None
            Rows to flag in each period: exactly so many, the most abnormal. Pass either
            this or `fdr`.
        times : array-like of shape (n_samples,) or str, default=None
            With `budget`: time of each row, or the column of X that holds it. None
            takes all rows as one period.
        period : str, default="D"
            Length of a period, as pandas writes it: "h", "D", "W", "M".
        method : {"bh", "storey"}, default="bh"
            With `fdr`: Benjamini and Hochberg's procedure, or the same with Storey's
            estimate of the share of normal rows, which flags more where many rows are
            abnormal.
        confidence : float, default=None
            With `fdr`: probability over the draw of the calibration rows with which
            their p-values hold. None: on average over such draws.

        Returns
        -------
        selected : ndarray of shape (n_samples,), bool

        Raises
        ------
        ValueError
            If not exactly one of `fdr` and `budget` is passed.

        Warns
        -----
        UserWarning
            If there are too few calibration scores for any selection.

        Notes
        -----
        See `aeanomaly.selection` for the procedures and their sources.
        """
        check_is_fitted(self)
        if (fdr is None) == (budget is None):
            raise ValueError("Pass exactly one of fdr and budget.")
        if fdr is None:
            if isinstance(times, str):
                times = X[times]
            return select_by_budget(self.score_samples(X), budget, times, period)
        known = self._calibration()
        return select_by_fdr(known, self.score_samples(X), fdr, method, confidence)

    def _threshold_rule(self) -> Threshold:
        """Return the rule that the parameters name."""
        contamination, threshold = self.contamination, self.threshold
        if contamination == "auto":
            return resolve_threshold(threshold or "quantile")
        if threshold is not None:
            raise ValueError(
                f"contamination={contamination!r} and threshold={threshold!r} are both "
                f"set. Pass only one: contamination for a share of the training rows, "
                f"threshold for any other rule."
            )
        return ShareThreshold(share=contamination)

    def _rule_of_fit(self) -> Threshold:
        """Return the rule that the parameters name, if `fit` can apply it."""
        rule = self._threshold_rule()
        if rule.asks_for:
            raise ValueError(
                f"The threshold {rule.name!r} needs {rule.asks_for}, which fit does "
                f"not have. Fit with another one, then call fit_threshold with them "
                f"and threshold={self.threshold!r}."
            )
        return rule

    def _set_threshold(
        self, rule: Threshold, scores: np.ndarray, weights: np.ndarray, **given: Any
    ) -> Any:
        """Set ``offset_`` by a rule: the one place where it is computed."""
        given["calibration"] = self.calibration_
        if "calibration" in rule.uses:
            self._calibration()
        taken = {name: given.get(name) for name in rule.uses}
        self.offset_ = float(rule.offset(scores, weights, **taken))
        self.threshold_ = rule
        return self

    def _calibration(self) -> Calibration:
        if self.calibration_ is None:
            raise ValueError(
                "The model keeps no calibration scores: its file is of an older "
                "protocol, or private and without parts of the score. Call "
                "calibrate(X) with normal rows that the model has not seen."
            )
        return self.calibration_
