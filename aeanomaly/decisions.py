"""From scores to decisions: threshold, labels, p-values, selections."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .labels import anomaly_labels
from .scoring.answers import ScoringMixin
from .scoring.calibration import Calibration
from .selection import select_by_budget, select_by_fdr
from .thresholds import ShareThreshold, Threshold, resolve_threshold


class DecisionMixin(ScoringMixin):
    """What a detector decides by its scores, all of it without training.

    Needs the parameters `contamination` and `threshold`.
    """

    contamination: Any
    threshold: Any
    threshold_: Threshold

    def _check_fitted(self) -> None:
        check_is_fitted(self)

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

    def _rule_of_fit(self, learns: bool = False) -> Threshold:
        """Return the rule that the parameters name, if `fit` can apply it.

        Parameters
        ----------
        learns : bool
            Whether `fit` has labels of anomalies.
        """
        rule = self._threshold_rule()
        if rule.asks_for and not (learns and "is_anomaly" in rule.uses):
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
