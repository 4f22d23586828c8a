"""AutoencoderOutlierDetector: scores, labels and the threshold between them."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import OutlierMixin, _fit_context, clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import ClassifierTags, _safe_indexing
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from .base import BaseAutoencoder, generator
from .classifier import DetectorClassifier
from .counterfactuals import counterfactual_frame
from .decisions import DecisionMixin
from .feedback import FeedbackMixin
from .fit_tasks import FitTasks
from .fitting.calibration import Calibrated, fit_hybrid, fit_reconstruction
from .fitting.census import Census
from .fitting.counted import counted_usual
from .fitting.distinct_rows import DistinctRows
from .fitting.hybrid import resolve_parts, suspicious_rows
from .fitting.labelled import (
    NEEDS_PARTS,
    KnownRows,
    KnownScores,
    check_learnable,
    fit_labelled,
    known_rows,
    weights_without_anomalies,
)
from .fitting.notes import warn_of_few_rows
from .fitting.plan import n_references
from .fitting.split import MANY_ROWS, FitRows
from .fitting.usual import fit_usual
from .labels import training_labels
from .metrics import roc_auc
from .report import check_jinja, report_of_table, write_report
from .scoring.calibration import Calibration
from .scoring.encoding.images import ImageEncoding
from .scoring.encoding.table import TableEncoding
from .scoring.encoding.tabular import row_index
from .scoring.parts import HYBRID
from .scoring.scorer import Scorer
from .streams import StreamMixin
from .thresholds import THRESHOLDS, Threshold
from .validation import NameIn
from .watching import DriftMixin

# Networks, and those of tables so small that every row is needed to calibrate.
_MEMBERS, _MEMBERS_OF_FEW = 2, 4


class AutoencoderOutlierDetector(
    OutlierMixin,
    DecisionMixin,
    FeedbackMixin,
    DriftMixin,
    StreamMixin,
    BaseAutoencoder,
):
    """Detect outliers in a table with an autoencoder.

    Numbers, booleans, strings, categories and datetimes are encoded by the fitted
    estimator itself; missing values are allowed. Low scores are abnormal. A time within
    a year of the training range counts as at its edge: rows of coming months are not
    abnormal for being new.

    Parameters
    ----------
    architecture : str or Architecture, default='denoising'
        Which network: "undercomplete", "linear", "sparse", "denoising",
        "contractive", "variational", or an object, whose parameters can then be set
        as ``architecture__name``.
    latent_dim : int or "auto", default="auto"
        Size of the code. "auto" is the square root of the number of encoded columns,
        rounded up, but at least two from three columns on; for a denoising architecture
        with conditioned noise it is that number itself, from 2 to 32.
    hidden_layer_sizes : array-like of int or "auto", default="auto"
        Widths of the encoder's hidden layers; the decoder mirrors them. "auto" is two
        layers: the first as wide as the power of two that reaches twice the number of
        encoded columns, within 16 and 128 and up to a quarter of the number of rows,
        the second half as wide; one layer of 128 with conditioned noise.
    activation : str, default="silu"
        Activation of the hidden layers: "relu", "leaky_relu", "elu", "selu", "silu",
        "tanh", "sigmoid" or "linear".
    dropout : float, default=0.0
        Share of each hidden layer's outputs that training sets to zero, in [0, 1).
    batch_normalization : bool, default=False
        Whether to normalise each hidden layer.
    loss : str, default="auto"
        Loss of numbers: "squared_error", "binary_crossentropy", "huber" or "log_cosh".
        "auto" is binary cross-entropy where every encoded value lies in [0, 1], else
        squared error. The loss of categories is always cross-entropy.
    output_activation : str, default="auto"
        Output activation of numbers, one of those of `activation`. "auto" is "sigmoid"
        with binary cross-entropy, else "linear". Categories always have a softmax.
    scaling : {"robust", "standard", "none"}, default="robust"
        How numbers are scaled. "standard" divides the difference from the mean by the
        standard deviation. "robust" does so after clipping a thousandth at either end,
        and lets values beyond six deviations grow only with their logarithm.
        "none" takes numbers as they are.
    max_categories : int, default=64
        Greatest number of levels of a category with an encoded column each. Where there
        are more, those have one that at least a hundredth of the rows show, and a
        number says of each level how rare it is.
    column_kinds : dict or None, default=None
        Kinds of columns that are not to be recognised from their values, by column:
        "number", "category", "datetime", "clock" for times of day, "ignored" for what
        has no part in the score, or a subclass of `aeanomaly.Column`. For example
        ``{"postcode": "category"}``. Texts are numbers, times or times of day where
        nearly all can be read as such ("$1,234.50", "7%", "02.03.2026"), the others
        then missing, with a warning; whole numbers in texts are levels if they have
        leading zeros, are all of one length from three digits on, or are few.
        Texts of which nearly every row has another are ignored, with a warning, unless
        they are named.
    day_first : bool or None, default=None
        Whether 02/03/2026 in a text is in March. None leaves it to the column: some
        dates can be read in one way only; where all can be read in both, dates with
        slashes begin with the month, others with the day, and a warning says so.
    decimal : {".", ","} or None, default=None
        Decimal mark of numbers in texts. None leaves it to the column.
    missing_values : list, "auto" or None, default=None
        Numbers and texts that stand for missing values in any column, such as
        ``[-999, "unknown"]``. "auto" takes numbers that seem to: such as -999 or 9999,
        in many rows and far from all others. None only warns of those.
    optimizer : str or dict, default="adam"
        "adam", "nadam", "sgd", "rmsprop", or a Keras optimizer's configuration with
        "class_name" and "config". It sees all weights as one vector.
    learning_rate : {"constant", "cosine"}, default="cosine"
        Schedule of the learning rate. "cosine" rises for 20 steps and then falls to
        zero.
    learning_rate_init : float, default=3e-3
        Greatest learning rate.
    alpha : float, default=0.3
        Weight decay, decoupled from the loss.
    batch_size : int or "auto", default="auto"
        Rows in a step; all of them where there are fewer. "auto" takes 256, and 128
        where an epoch visits fewer than 10,000 rows.
    max_iter : int or "auto", default="auto"
        Number of epochs. "auto" visits each row three times, but makes at least 400
        and at most 1,200 steps in a detector, 2,000 and 6,000 in a transformer. Where
        one epoch would already be too many steps, it visits a sample of the rows.
    early_stopping : bool, default=False
        Whether to stop when the loss of held-out rows no longer falls, and to restore
        the best weights.
    validation_fraction : float, default=0.1
        Share of the rows to hold out of training, in [0, 1). None are held out where
        they would be fewer than five.
    n_iter_no_change : int, default=10
        Epochs without improvement after which `early_stopping` stops.
    tol : float, default=1e-4
        Least improvement, in loss units.
    contamination : float or "auto", default="auto"
        Greatest share of the training rows to flag, in (0, 0.5]; of rows of equal
        scores all or none are flagged. "auto" leaves it to `threshold`.
    threshold : Threshold, str or None, default=None
        Rule that sets ``offset_`` from the scores of held-out rows. "quantile", like
        None, flags at most one percent of new normal rows, as far as so many held-out
        rows can promise that; see `QuantileThreshold`. "tail" extrapolates to rarer
        shares, "deviation" needs none, "share" counts the rows that it is shown. For
        `fit_threshold` there are also "precision", "recall", "f_beta" and "cost", which
        need labels, "budget", and "estimated_share".
    score_type : {"hybrid", "reconstruction"} or list, default="hybrid"
        "reconstruction" is the mean over columns of the error, each in units of the
        column's own error on held-out rows. "hybrid" combines the parts "residual",
        "marginal", "extremes", "covariance", "relation" and "neighbourhood" on the
        scale of their training tail probabilities. A list combines the parts that it
        holds: such names, "surroundings", and subclasses of `aeanomaly.ScorePart`.
    n_estimators : int or "auto", default="auto"
        Networks that are trained together. "auto" is two; four for fewer than 10,000
        rows, so that each row is unseen by one of them and calibrates the threshold.
    trim_fraction : float, default=0.08
        Share of the training rows, the most surprising column by column, that is kept
        from the networks so that they do not learn anomalies; in [0, 0.5).
    n_references : int or "auto", default="auto"
        Training rows that a "hybrid" score keeps to compare with. "auto" is 2,000; of
        tables of more than 40 encoded columns fewer, down to 1,000 of 80. Zero keeps
        none, for those who must not store training rows, and leaves out "neighbourhood"
        and "surroundings".
    labels : {"ignore", "learn"}, default="ignore"
        Whether `fit` learns from `y`. "ignore" does not look at it, so that a search
        may pass it on to measure with. "learn" keeps rows that are known to be abnormal
        from the networks, and lets the score move towards what they say: a little where
        few are known, most of the way where they are hundreds. It needs a score of
        parts, and keeps up to 100 known anomalies to compare with (none with
        ``n_references=0``).
    normal_label : object, default=None
        With ``labels="learn"``, the label of normal rows where the coding of `y` does
        not tell, such as "ok".
    callbacks : list of keras.callbacks.Callback, default=None
        Called at both ends of each epoch with a Keras model of the network as it is
        then.
    warm_start : bool, default=False
        Whether `fit` continues from the weights of the last `fit`.
    random_state : int, RandomState instance or None, default=None
        Seed of the weights, the noise and the order of the rows. Pass an int for the
        same result each time; no global random state is used.
    verbose : int, default=0
        Whether to show progress on standard error.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `fit` was given a DataFrame with string names.
    architecture_ : Architecture
        The architecture that was trained.
    columns_ : DataFrame
        How each column was read: its kind, levels or range, share of missing values,
        why it is left out, and what is odd about it. Computed from `model_`.
    left_out_ : dict of str to str
        Columns that have no part in the score, and why. Computed from `model_`.
    model_ : Model
        Encoding and network as arrays.
    scorer_ : Scorer
        The model, and what turns its output for a row into a score: all that scoring
        needs.
    history_ : dict of str to list of float
        "loss", and "val_loss" of held-out rows, after each epoch: means over the
        networks. Where several are trained together, also "network_1_loss",
        "val_network_1_loss" and so on.
    n_iter_ : int
        Number of epochs that were run.
    device_ : {"cpu", "gpu"} or None
        What trained the networks; None after `load`. A graphics card that TensorFlow
        sees is used where it wins: from 1e9 floating-point operations a step and 3e12 a
        fit on, as large networks and images have. What it trains differs in the last
        digits from fit to fit. Scores are always computed by the processor.
    offset_ : float
        Score below which a row is an outlier: ``decision_function`` is
        ``score_samples - offset_``.
    threshold_ : Threshold
        The rule that set ``offset_``; ``threshold_.summary_`` says what it promises.
    calibration_ : Calibration
        Scores of normal rows that nothing of the score has seen, for `p_values`,
        `select` and `fit_threshold`.

    See Also
    --------
    AutoencoderTransformer : Codes of rows from the same networks.
    sklearn.ensemble.IsolationForest : A fast detector to compare with.

    Notes
    -----
    A fit does not depend on the order of the rows, and a row that stands k times counts
    as one of weight k. Of fewer than 10,000 rows, each of several networks is kept from
    other ones, a quarter of the rows, so that every row is unseen by one of four and
    calibrates the threshold; of up to twice as many rows as columns a third is kept
    from everything instead. For labelled data, `StratifiedKFold` in a grid search keeps
    outliers in every fold; plain folds of rows sorted by class give missing scores.

    References
    ----------
    P. Vincent et al., "Stacked Denoising Autoencoders", *Journal of Machine Learning
    Research* 11, 2010.
    C. Elkan and K. Noto, "Learning Classifiers from Only Positive and Unlabeled Data",
    KDD 2008, for ``labels="learn"``.
    T. Denouden et al., "Improving Reconstruction Autoencoder Out-of-distribution
    Detection with Mahalanobis Distance", arXiv:1812.02765, 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from aeanomaly import AutoencoderOutlierDetector
    >>> X = np.random.default_rng(0).normal(size=(300, 4))
    >>> X[0] = [9.0, -9.0, 9.0, -9.0]
    >>> detector = AutoencoderOutlierDetector(
    ...     contamination=0.01, max_iter=60, random_state=0
    ... )
    >>> labels = detector.fit_predict(X)
    >>> int(labels[0]), int((labels == -1).sum())
    (-1, 3)
    >>> detector.explain(X[:1], top=1)["share"].between(0.0, 1.0).all()
    np.True_
    """

    _auto_steps: ClassVar[tuple[int, int]] = (400, 1_200)

    _parameter_constraints: ClassVar[dict] = {
        **BaseAutoencoder._parameter_constraints,
        "contamination": [
            StrOptions({"auto"}),
            Interval(Real, 0, 0.5, closed="right"),
        ],
        "threshold": [NameIn(THRESHOLDS), Threshold, None],
        "score_type": [StrOptions({"hybrid", "reconstruction"}), list, tuple],
        "n_estimators": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "trim_fraction": [Interval(Real, 0, 0.5, closed="left")],
        "n_references": [
            Interval(Integral, 0, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "labels": [StrOptions({"ignore", "learn"})],
        "normal_label": "no_validation",
    }

    def __init__(
        self,
        *,
        architecture="denoising",
        latent_dim="auto",
        hidden_layer_sizes="auto",
        activation="silu",
        dropout=0.0,
        batch_normalization=False,
        loss="auto",
        output_activation="auto",
        scaling="robust",
        max_categories=64,
        column_kinds=None,
        day_first=None,
        decimal=None,
        missing_values=None,
        optimizer="adam",
        learning_rate="cosine",
        learning_rate_init=3e-3,
        alpha=0.3,
        batch_size="auto",
        max_iter="auto",
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        contamination="auto",
        threshold=None,
        score_type="hybrid",
        n_estimators="auto",
        trim_fraction=0.08,
        n_references="auto",
        labels="ignore",
        normal_label=None,
        callbacks=None,
        warm_start=False,
        random_state=None,
        verbose=0,
    ):
        self.architecture = architecture
        self.latent_dim = latent_dim
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.batch_normalization = batch_normalization
        self.loss = loss
        self.output_activation = output_activation
        self.scaling = scaling
        self.max_categories = max_categories
        self.column_kinds = column_kinds
        self.day_first = day_first
        self.decimal = decimal
        self.missing_values = missing_values
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.alpha = alpha
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.contamination = contamination
        self.threshold = threshold
        self.score_type = score_type
        self.n_estimators = n_estimators
        self.trim_fraction = trim_fraction
        self.n_references = n_references
        self.labels = labels
        self.normal_label = normal_label
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, sample_weight=None):
        """Train on the rows of a table and set the threshold.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Numbers, booleans, strings, categories and datetimes; missing values are
            allowed, infinite ones are not.
        y : array-like of shape (n_samples,), default=None
            Ignored, unless ``labels="learn"``. Then 1 for normal rows, -1 for anomalies
            and 0 for rows of which nothing is known; or 0 for normal rows and 1 for
            anomalies; or booleans, True for anomalies; or any labels with
            `normal_label`. Missing values are unknown. Without any anomaly the score is
            that without labels.
        sample_weight : array-like of shape (n_samples,), default=None
            How often each row counts.

        Returns
        -------
        self : AutoencoderOutlierDetector

        Raises
        ------
        ColumnError
            If a column cannot be encoded.
        InvalidParameterError
            If a parameter is out of range.
        ValueError
            If both `contamination` and `threshold` are set; or, with
            ``labels="learn"``, if it is unclear which label is normal, or the score has
            no parts.
        """
        return self._fit(X, y, sample_weight)

    def _fit(self, X, y=None, sample_weight=None, census=None):
        labels = self._labels_of_fit(X, y)
        rule = self._rule_of_fit(learns=labels is not None)
        rng = generator(self.random_state)
        if labels is not None:
            sample_weight = weights_without_anomalies(sample_weight, labels)
        go_on = self.warm_start
        tasks = FitTasks(self, X, y)
        rows = self._fit_model(
            X, sample_weight, rng, go_on=go_on, census=census, tasks=tasks
        )
        known = None if labels is None else known_rows(self._check_table(X), labels)
        self._fit_score(rule, rows, rng, known, census)
        tasks.end()
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None, sample_weight=None):
        """Train for one epoch on some more rows.

        The encoding stays that of the first call; score and threshold are calibrated
        on the rows of the last. Rows must not come sorted by kind.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            How often each row counts.

        Returns
        -------
        self : AutoencoderOutlierDetector

        Raises
        ------
        ColumnError
            If a column is missing, unknown, or of another kind than in the first call.
        ValueError
            If there are labels to learn from.
        """
        if self._labels_of_fit(X, y) is not None:
            raise ValueError(
                'partial_fit cannot learn from labels. Pass labels="ignore", call fit '
                "on all rows, or give the labels to feedback afterwards."
            )
        rule, rng = self._rule_of_fit(), generator(self.random_state)
        rows = self._fit_model(X, sample_weight, rng, go_on=True, one_epoch=True)
        self._fit_score(rule, rows, rng)
        return self

    def _n_members(self, rows: DistinctRows) -> int:
        if self.n_estimators != "auto":
            return self.n_estimators
        return _MEMBERS if rows.weights.sum() >= MANY_ROWS else _MEMBERS_OF_FEW

    def _n_folds(self, n_members: int) -> int:
        # Batch normalisation would show a network the rows that it must not see.
        return 1 if self.batch_normalization else n_members

    @property
    def _judges_by_parts(self) -> bool:
        return bool(self.score_type != "reconstruction")

    def _training_weights(self, rows: FitRows, encoding: TableEncoding) -> np.ndarray:
        weights = rows.training_weights
        if self.trim_fraction:
            for fold in weights:
                seen = np.flatnonzero(fold)
                suspicious = suspicious_rows(
                    rows.Z[seen], fold[seen], encoding, self.trim_fraction
                )
                fold[seen[suspicious]] = 0.0
        return weights

    def _labels_of_fit(self, X: Any, y: Any) -> np.ndarray | None:
        """Return -1, 1 and 0 for unknown, or None if there is nothing to learn from."""
        if self.labels == "ignore" or y is None:
            return None
        check_consistent_length(X, y)
        labels = training_labels(y, self.normal_label)
        if not (labels == -1).any():
            return None
        check_learnable(labels)
        if self.score_type == "reconstruction":
            raise ValueError(NEEDS_PARTS)
        return labels

    def _fit_score(
        self,
        rule: Threshold,
        rows: FitRows,
        rng: Any,
        known: KnownRows | None = None,
        census: Census | None = None,
    ) -> None:
        """Set ``scorer_``, and ``offset_`` by a rule."""
        if self.score_type == "reconstruction":
            calibrated = fit_reconstruction(self.model_, rows)
        else:
            names = HYBRID if self.score_type == "hybrid" else self.score_type
            parts = resolve_parts(names)
            kept = n_references(self, self.model_.encoding.n_encoded)
            calibrated = fit_hybrid(self.model_, rows, parts, kept, rng)
        usual = fit_usual(self.model_, calibrated.reduction, rows)
        if census is not None:
            usual = counted_usual(usual, self.model_.encoding.columns, census)
        labelled = None
        if known is not None:
            keeps_cases, judges = self.n_references != 0, bool(rule.asks_for)
            calibrated, labelled = fit_labelled(
                self.model_, rows, calibrated, known, keeps_cases, rng, judges
            )
        self.scorer_ = Scorer(self.model_, calibrated.reduction, usual)
        self._fit_offset(rule, rows, calibrated, labelled)

    def _fit_offset(
        self,
        rule: Threshold,
        rows: FitRows,
        calibrated: Calibrated,
        labelled: KnownScores | None,
    ) -> None:
        """Set ``calibration_``, and by a rule ``offset_`` and ``threshold_``."""
        self.calibration_ = Calibration.of_scores(calibrated.scores, calibrated.weights)
        # A share of the training rows is counted on all of them; any other rule
        # wants rows that have not been seen.
        scores, weights = calibrated.scores, calibrated.weights
        if labelled is not None:
            self._set_threshold(rule, **labelled._asdict())
            self.threshold_.summary_ += labelled.note
            return
        if self.contamination != "auto":
            weights = rows.weights
            scores = self.scorer_.score_samples(rows.rows.table)
        elif rows.apart and not rows.are_many:
            warn_of_few_rows(rows, len(self.model_.encoding.unit_columns))
        self._set_threshold(rule, scores, weights)

    def score(self, X, y=None):
        """Return how well scores tell anomalies from normal rows, by labels.

        What a search takes where it is given no ``scoring``; `aeanomaly.metrics` has
        others.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Labels: 0 and 1, False and True, or 1 and -1, where 1, True and -1 are
            anomalies; others with `normal_label`. Rows without a label are left out.

        Returns
        -------
        score : float
            Area under the ROC curve: the chance that an anomaly ranks below a normal
            row.

        Raises
        ------
        ValueError
            If there are no labels, or they are of one kind.
        """
        table = self._check_table(X)
        if y is None:
            raise ValueError(
                "Without labels nothing says which detector is better. Pass y; or, to "
                "choose the size of the code without labels, use "
                "aeanomaly.choose_latent_dim."
            )
        scores = self.scorer_.score_samples(table)
        return roc_auc(y, scores, normal=self.normal_label)

    def as_classifier(self, *, refit=True, normal_label=None):
        """Return a classifier whose decisions are those of this detector.

        For labelled rows, and what scikit-learn does with classifiers only:
        `TunedThresholdClassifierCV`, `CalibratedClassifierCV`, `RocCurveDisplay`,
        `StackingClassifier`.

        Parameters
        ----------
        refit : bool, default=True
            Whether its `fit` fits a copy of the detector. False keeps this one, which
            must be fitted, as it is: labels are read only.
        normal_label : object, default=None
            The label of normal rows, for labels other than 0 and 1, False and True, or
            1 and -1.

        Returns
        -------
        classifier : DetectorClassifier
            Not fitted: `fit` takes labels.

        Raises
        ------
        NotFittedError
            If the detector is not fitted and `refit` is False.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn.calibration import CalibratedClassifierCV
        >>> from aeanomaly import AutoencoderOutlierDetector
        >>> X = np.random.default_rng(0).normal(size=(300, 3))
        >>> is_fraud = np.arange(300) % 20 == 0
        >>> X[is_fraud] += 6.0
        >>> detector = AutoencoderOutlierDetector(max_iter=20, random_state=0)
        >>> detector = detector.fit(X[~is_fraud])
        >>> classifier = detector.as_classifier(refit=False)
        >>> calibrated = CalibratedClassifierCV(classifier, cv=3).fit(X, is_fraud)
        >>> bool(calibrated.predict_proba(X)[is_fraud, 1].min() > 0.5)
        True
        """
        label = self.normal_label if normal_label is None else normal_label
        if refit:
            # The classifier gives labels in a coding that is known.
            detector = clone(self).set_params(normal_label=None)
        else:
            check_is_fitted(self)
            detector = FrozenEstimator(self)
        return DetectorClassifier(detector, normal_label=label)

    def fit_resample(self, X, y):
        """Fit, and return the rows that are not flagged, with their labels.

        The protocol of imbalanced-learn's samplers: in its `Pipeline`, the steps that
        follow are fitted without outliers, and predict for all rows.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            What the following steps learn. The detector learns from it only with
            ``labels="learn"``.

        Returns
        -------
        X, y : of the kinds that were given
            Without the flagged rows. How many are flagged is what `contamination` or
            `threshold` says.
        """
        check_consistent_length(X, y)
        kept = np.flatnonzero(self.fit(X, y).predict(X) == 1)
        return _safe_indexing(X, kept), _safe_indexing(y, kept)

    def _check_rows(self, X, method):
        """Return X through the door for input, if its rows are no images."""
        table = self._check_table(X)
        if isinstance(self.scorer_.encoding, ImageEncoding):
            raise TypeError(
                f"{method} is about the columns of tables, and this detector was "
                f"fitted on images. aeanomaly.displays.ErrorMapDisplay shows where "
                f"they are wrong."
            )
        return table

    def counterfactual(self, X):
        """Return the smallest change of columns that makes each flagged row ordinary.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)

        Returns
        -------
        DataFrame of shape (n_changes, 4)
            Indexed by the index of X and "rank", from one; rows that are not flagged
            have no part in it. "column"; its "observed" value, and the "changed" one,
            which is a known level, or a number or time within what training rows
            showed; "score" of the row with all its changes, which is not below
            ``offset_``.

        Warns
        -----
        UserWarning
            If nothing was found for some rows.

        Raises
        ------
        TypeError
            If the detector was fitted on images.

        Notes
        -----
        A search on the scorer itself: the column that moves the score most is changed
        first, to what its other columns let expect, to a frequent level or to what a
        near ordinary row holds; what turns out not to be needed is changed back. It is
        not sure to find the fewest columns, but each result has been scored.
        """
        table = self._check_rows(X, "counterfactual")
        return counterfactual_frame(self.scorer_, self.offset_, table, row_index(X))

    def report(self, X, y=None, path=None, *, top=100, title=None, source=None):
        """Report on a table: what is flagged, why, and how good the model is.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Its index names the rows.
        y : array-like of shape (n_samples,), default=None
            Labels: 0 and 1, False and True, or 1 and -1, where 1, True and -1 are
            anomalies.
        path : str or path-like, default=None
            HTML file to write: one page that holds all it needs. Writing needs
            jinja2, the extra "report".
        top : int, default=100
            Rows to list, the most abnormal.
        title : str, default=None
            Of the page.
        source : str, default=None
            What the table is called.

        Returns
        -------
        report : dict
            What the page says, of numbers, strings, lists and dicts only. It holds
            rows of X, and the nearest of the training rows that the model keeps.

        Raises
        ------
        ImportError
            If there is a path, and jinja2 is not installed.
        TypeError
            If the detector was fitted on images.
        """
        table = self._check_rows(X, "report")
        if path is not None:
            check_jinja()
        given = {"title": title, "source": source}
        given = {name: text for name, text in given.items() if text is not None}
        report = report_of_table(self, table, X, y, top=top, **given)
        if path is not None:
            write_report(report, path)
        return report

    def to_onnx(self, path, *, typed=()):
        """Write the detector as one ONNX graph, from raw columns to scores.

        Parameters
        ----------
        path : str or path-like
            By convention it ends in ".onnx". The file is complete or not there at all.
        typed : iterable of str, default=()
            Columns that stood as texts in training and that the graph takes as numbers
            or times. Others it reads itself, where it can.

        Raises
        ------
        ExportError
            If the model holds something that a graph cannot compute: layers that Keras
            runs, hashed levels, classes of your own without a converter, texts that
            it cannot read.
        ImportError
            If onnx is not installed, the extra "onnx".
        NotFittedError
            If the detector is not fitted.

        Warns
        -----
        UserWarning
            If the model keeps no calibration scores, and the graph gives no p-values.

        Notes
        -----
        One input for each column of a DataFrame, of shape (n_samples, 1), or one input
        "X" for arrays of numbers. Numbers are float64 with NaN for missing ones, levels
        are texts with "" for missing ones, times int64 microseconds since 1970. Outputs
        are "score", "label" and "p_value", of shape (n_samples,). The graph computes in
        double precision. A row with an infinite number, which `score_samples` refuses,
        has a score of NaN and the label -1. See `aeanomaly.onnx.graph_inputs`.
        """
        check_is_fitted(self)
        from . import __version__
        from .onnx.export import write_detector

        write_detector(self, path, typed, __version__)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # Labels, where there are some, are of two kinds.
        tags.classifier_tags = ClassifierTags(multi_class=False)
        return tags
