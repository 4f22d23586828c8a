"""What a detector says of rows: scores, labels, p-values, reasons."""

from __future__ import annotations

from typing import Any

import numpy as np

from .calibration import Calibration, added_names
from .encoding.tabular import row_index, take_rows
from .frames import (
    explain_frame,
    importance_frame,
    known_cases_frame,
    like_input,
    score_frame,
)
from .scorer import Scorer


class ScoringMixin:
    """What a fitted detector says of rows, with NumPy and pandas only.

    Needs ``scorer_``, ``offset_`` and ``calibration_``, and `_check_table`, the door
    that a table goes through.
    """

    scorer_: Scorer
    offset_: float
    calibration_: Calibration | None
    _check_table: Any

    def score_samples(self, X: Any) -> np.ndarray:
        """Return the score of each row: the lower, the more abnormal.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            With the columns of `fit`; those of a DataFrame in any order.

        Returns
        -------
        scores : ndarray of shape (n_samples,), float64

        Raises
        ------
        ColumnError
            If a column is missing, unknown, or of another kind than in `fit`.
        NotFittedError
            If the detector is not fitted.
        """
        table = self._check_table(X)
        return self.scorer_.score_samples(table)

    def score_frame(
        self,
        X: Any,
        reasons: int = 0,
        *,
        p_values: bool = False,
        severity: bool = False,
    ) -> Any:
        """Return scores and labels, with reasons on request, beside the rows' index.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
        reasons : int, default=0
            Number of reasons to give for each row; see `explain`.
        p_values : bool, default=False
            Whether to add the column "p_value"; see `p_values`.
        severity : bool, default=False
            Whether to add the column "severity"; see `severity`.

        Returns
        -------
        DataFrame of shape (n_samples, 2 + p_values + severity + reasons)
            "score", the lower the more abnormal, and "is_outlier", boolean; "p_value"
            and "severity" on request; then "reason_1", "reason_2" and so on, for
            example "amount 912.4, expected 12 to 96". The index is that of X. Of
            Polars where X is of Polars.
        """
        table = self._check_table(X)
        added = added_names(p_values, severity)
        calibration = self._calibration() if added else None
        frame = score_frame(
            self.scorer_, self.offset_, table, row_index(X), reasons, calibration, added
        )
        return like_input(frame, X)

    def explain(self, X: Any, top: int = 3) -> Any:
        """Return the columns that make up the score of each row.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
        top : int, default=3
            Columns to name for each row, those of the greatest share first.

        Returns
        -------
        DataFrame of shape (n_samples * top, 7), or 8 columns with known anomalies
            Indexed by the index of X and "rank", from one. "column"; "share" of the
            score, where those of all columns of a row sum to one; "observed" and
            "expected" value in original units and categories; "low" and "high", ends
            of the range within which nine of ten rows lie whose other columns say the
            same, None where that is not known; "probability" of the expected level,
            missing for other columns; where the detector has learnt from known
            anomalies, "known_case", the number in `known_cases` of the one that the
            row is like, missing for most. Of Polars where X is of Polars: with
            columns "row", counted from 0, and "rank", and values in units as text.

        Notes
        -----
        The shares divide the very number that `score_samples` returns. The
        reconstruction error divides by itself. In the hybrid score each part divides
        what it contributes: residual, marginal and extremes by their sum over columns,
        the neighbourhood by the squared distance to the nearest rows in each column,
        covariance and relation by how far the distance would fall if the column took
        its expected value. Expected values begin with the reconstruction
        for ``score_type="reconstruction"``, and for "hybrid" with the mean of a normal
        distribution given the row's other columns; ranges and probabilities are those
        of training rows of which the same was expected, and lie within what training
        showed.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        """
        table = self._check_table(X)
        return like_input(explain_frame(self.scorer_, table, row_index(X), top), X)

    def importances(self, X: Any, top: int | None = None) -> Any:
        """Return how much each column makes up of the scores of abnormal rows.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
        top : int, default=None
            Rows to look at, those that score lowest. None: all that are flagged.

        Returns
        -------
        DataFrame of shape (n_features, 4)
            The greatest first. "column"; "share", the mean of its shares in the scores
            of those rows (see `explain`), which sum to one; "error", the standard error
            of that mean; "first", the share of the rows of which it is the first
            reason. Of Polars where X is of Polars.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        ValueError
            If no row is flagged and `top` is None.

        Examples
        --------
        >>> import numpy as np
        >>> from aeanomaly import AutoencoderOutlierDetector
        >>> X = np.random.default_rng(0).normal(size=(300, 3))
        >>> X[:5, 1] += 9.0
        >>> detector = AutoencoderOutlierDetector(max_iter=20, random_state=0).fit(X)
        >>> found = detector.importances(X, top=5)
        >>> int(found["column"][0])
        1
        """
        table = self._check_table(X)
        scores = self.scorer_.score_samples(table)
        if top is None:
            rows = np.flatnonzero(scores < self.offset_)
        else:
            rows = np.argsort(scores, kind="stable")[:top]
        if not len(rows):
            raise ValueError(
                "No row of X is flagged. Pass top=100, to look at the hundred that "
                "score lowest."
            )
        return like_input(importance_frame(self.scorer_, take_rows(table, rows)), X)

    def known_cases(self) -> Any:
        """Return the known anomalies that the score has learnt from and keeps.

        Returns
        -------
        DataFrame of shape (n_cases, n_features)
            Indexed from one by the number that reasons speak of ("like known case
            17"): in the order of the rows that `fit` was given, then as feedback
            confirmed them. Of more than 100 some are kept at random. Values are
            decoded: rounded, and at most eight deviations from usual ones. Without
            rows where nothing was learnt, or where the file is private.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        """
        self._check_fitted()
        return known_cases_frame(self.scorer_)

    def _check_fitted(self) -> None:
        """Raise what the estimator raises before it is fitted; a saved one is."""

    def decision_function(self, X: Any) -> np.ndarray:
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

    def predict(self, X: Any) -> np.ndarray:
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

    def p_values(self, X: Any, *, random_state: int | None = None) -> np.ndarray:
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
        rng = None if random_state is None else np.random.default_rng(random_state)
        table = self._check_table(X)
        known = self._calibration()
        return known.p_values(self.scorer_.score_samples(table), rng)

    def severity(self, X: Any) -> np.ndarray:
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
        table = self._check_table(X)
        return self._calibration().severities(self.scorer_.score_samples(table))

    def _calibration(self) -> Calibration:
        if self.calibration_ is None:
            raise ValueError(
                "The model keeps no calibration scores: its file is of an older "
                "protocol, or private and without parts of the score. Call "
                "calibrate(X) with normal rows that the model has not seen, on what "
                "aeanomaly.load returns."
            )
        return self.calibration_
