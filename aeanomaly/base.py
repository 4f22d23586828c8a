"""What both estimators share: parameters, and the way from a table to a scorer."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from .architectures import (
    ARCHITECTURE_NAMES,
    Architecture,
    NetworkSpec,
    resolve_architecture,
)
from .fitting.distinct_rows import DistinctRows, distinct_rows, take_rows
from .scoring.encoding.table import TableEncoding
from .scoring.errors import unit_errors
from .scoring.networks.activations import ACTIVATIONS
from .scoring.parts import Residual
from .scoring.scorer import Scorer
from .validation import check_table

# Times that max_iter="auto" visits each row, if that is enough steps and not too many.
_AUTO_PASSES = 3
# Fewer held-out rows than this say nothing: the training rows stand in for them.
_MIN_HELD_OUT = 5
# A residual of a tenth of a column's deviation: smaller errors are not told apart, so
# that a column which is a copy of another cannot outweigh all others.
_MIN_VARIANCE = 1e-2


class FitRows(NamedTuple):
    """The distinct rows of a fit.

    Parameters
    ----------
    rows : DistinctRows
    Z : ndarray of shape (n_distinct, n_encoded)
        The rows, encoded.
    training, held_out : ndarray of int
        Positions of the rows that train the network and of those that do not. All
        rows are both where holding some out would leave too few.
    """

    rows: DistinctRows
    Z: np.ndarray
    training: np.ndarray
    held_out: np.ndarray

    @property
    def weights(self) -> np.ndarray:
        """How often each row counts."""
        return self.rows.weights


class TrainingState(NamedTuple):
    """From where another fit can go on.

    Parameters
    ----------
    key : hashable
        What shapes the network; see `ProgramPlan`.
    state : list of ndarray
        Weights and optimizer state.
    """

    key: Any
    state: list[np.ndarray]


class BaseAutoencoder(BaseEstimator):
    """Parameters and `fit` of both estimators; see their docstrings."""

    # Least number of optimizer steps that max_iter="auto" makes, and the greatest.
    _auto_steps: ClassVar[tuple[int, int]] = (2_000, 6_000)

    _parameter_constraints: ClassVar[dict] = {
        "architecture": [StrOptions(set(ARCHITECTURE_NAMES)), Architecture],
        "latent_dim": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "hidden_layer_sizes": ["array-like", StrOptions({"auto"})],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "batch_normalization": ["boolean"],
        "loss": [
            StrOptions(
                {"auto", "squared_error", "binary_crossentropy", "huber", "log_cosh"}
            )
        ],
        "output_activation": [StrOptions({"auto", *ACTIVATIONS})],
        "scaling": [StrOptions({"robust", "standard", "none"})],
        "max_categories": [Interval(Integral, 1, None, closed="left")],
        "optimizer": [StrOptions({"adam", "nadam", "sgd", "rmsprop"}), dict],
        "learning_rate": [StrOptions({"constant", "cosine"})],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "callbacks": [list, None],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def _fit_scorer(
        self, X: Any, sample_weight: Any, *, go_on: bool, one_epoch: bool = False
    ) -> FitRows:
        """Encode, train and freeze: set ``scorer_`` and what describes the training.

        With ``go_on``, encoding and weights are those of the last fit, if there is one.
        """
        go_on = go_on and hasattr(self, "_training")
        rng = generator(self.random_state)
        known = self.scorer_.encoding if go_on else None
        architecture, encoding, rows = self._encode(X, sample_weight, known)
        Z = encoding.encode(rows.table).Z
        fit_rows = FitRows(rows, Z, *self._split(len(Z), rng))
        plan = self._plan(architecture, encoding, Z)
        # Weights of a network of another shape are of no use.
        resumed = go_on and self._training.key == plan.key
        state = self._training.state if resumed else None
        result = self._train(plan, fit_rows, encoding, rng, state, one_epoch)
        if self.warm_start or one_epoch:
            self._training = TrainingState(plan.key, result.state)
        self.architecture_ = architecture
        self.history_ = result.history
        self.n_iter_ = result.n_iter
        activation = plan.objective.output_activation
        plain = Residual(np.ones(len(encoding.unit_columns), dtype=np.float32))
        unscored = Scorer(encoding, result.network, activation, plain)
        reduction = self._fit_reduction(unscored, fit_rows, rng)
        self.scorer_ = replace(unscored, reduction=reduction)
        return fit_rows

    def _encode(
        self, X: Any, sample_weight: Any, known: TableEncoding | None
    ) -> tuple[Architecture, TableEncoding, DistinctRows]:
        """Return architecture, encoding (the known one, if any) and distinct rows."""
        architecture = resolve_architecture(self.architecture)
        table = check_table(self, architecture.as_table(X), known)
        sample_shape = tuple(getattr(X, "shape", table.shape)[1:])
        architecture = architecture.for_samples(sample_shape)
        rows = distinct_rows(table, sample_weight)
        if known is not None:
            return architecture, known, rows
        encoding = architecture.fit_encoding(
            rows.table,
            rows.weights,
            scaling=self.scaling,
            max_categories=self.max_categories,
            sample_shape=sample_shape,
        )
        return architecture, encoding, rows

    def _train(
        self,
        plan: Any,
        rows: FitRows,
        encoding: TableEncoding,
        rng: np.random.Generator,
        state: list[np.ndarray] | None,
        one_epoch: bool,
    ) -> Any:
        from .training.trainer import train

        training_rows = self._training_rows(rows, encoding)
        options = self._training_options(training_rows.n_visits)
        if one_epoch:
            options = replace(options, max_iter=1, learning_rate="constant")
        return train(
            plan, training_rows, options, rng, callbacks=self.callbacks, state=state
        )

    def _split(
        self, n_rows: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the positions of training and held-out rows."""
        n_held_out = round(self.validation_fraction * n_rows)
        if n_held_out < _MIN_HELD_OUT:
            return (every := np.arange(n_rows)), every
        order = rng.permutation(n_rows)
        return np.sort(order[n_held_out:]), np.sort(order[:n_held_out])

    def _fit_reduction(
        self, scorer: Scorer, rows: FitRows, rng: np.random.Generator
    ) -> Any:
        """Return the reconstruction error in units of each column's own."""
        variances = _held_out_variances(scorer, rows)
        n_groups = len(scorer.encoding.groups)
        # Half the square over the variance is the surprise of a Gaussian error, up to
        # a constant; a cross-entropy is in nats as it is.
        weights = np.append(0.5 / variances, np.ones(n_groups))
        return Residual(weights.astype(np.float32))

    def _plan(self, architecture: Architecture, encoding: Any, Z: np.ndarray) -> Any:
        from .training.objective import Objective
        from .training.programs import ProgramPlan

        linear = Z[:, : encoding.n_linear]
        in_unit_range = linear.size and linear.min() >= 0 and linear.max() <= 1
        loss, output_activation = self.loss, self.output_activation
        if loss == "auto":
            loss = "binary_crossentropy" if in_unit_range else "squared_error"
        if output_activation == "auto":
            binary = loss == "binary_crossentropy"
            output_activation = "sigmoid" if binary else "linear"
        if loss == "binary_crossentropy" and not in_unit_range:
            raise ValueError(
                f"loss='binary_crossentropy' needs encoded values in [0, 1]. Got "
                f"values from {linear.min():.4g} to {linear.max():.4g}. Scale X to "
                f"[0, 1] and pass scaling='none', or use another loss."
            )
        groups = tuple((span.start, span.stop) for _, span in encoding.groups)
        return ProgramPlan(
            architecture,
            self._spec(architecture, len(Z), encoding.n_encoded),
            Objective(loss, output_activation, encoding.n_linear, groups),
            self.optimizer,
            self._n_members,
        )

    def _spec(
        self, architecture: Architecture, n_rows: int, n_encoded: int
    ) -> NetworkSpec:
        latent_dim, hidden = self.latent_dim, self.hidden_layer_sizes
        if isinstance(latent_dim, str):
            latent_dim = architecture.auto_latent_dim(n_rows, n_encoded)
        if isinstance(hidden, str):
            hidden = architecture.auto_hidden_layer_sizes(n_rows, n_encoded)
        if not all(isinstance(width, Integral) and width > 0 for width in hidden):
            raise ValueError(
                f"The 'hidden_layer_sizes' parameter must hold positive integers. "
                f"Got {hidden!r} instead."
            )
        return NetworkSpec(
            n_encoded,
            int(latent_dim),
            tuple(int(width) for width in hidden),
            self.activation,
            float(self.dropout),
            bool(self.batch_normalization),
        )

    @property
    def _n_members(self) -> int:
        """Number of networks that are trained together."""
        return 1

    def _training_weights(self, rows: FitRows, encoding: Any) -> np.ndarray:
        """Return how often training visits each row, relative to the others."""
        return rows.weights

    def _training_rows(self, rows: FitRows, encoding: Any) -> Any:
        from .training.trainer import TrainingRows

        weights = self._training_weights(rows, encoding)
        training = rows.training[weights[rows.training] > 0]
        share = weights[training].sum() / rows.weights.sum()
        n_visits = max(1, round(share * rows.rows.n_visits))
        if self.max_iter == "auto":
            # One epoch of a large table may be more than all steps together.
            n_visits = min(n_visits, self._auto_steps[1] * self.batch_size)
        held_out = None if rows.held_out is rows.training else rows.Z[rows.held_out]
        return TrainingRows(rows.Z[training], weights[training], n_visits, held_out)

    def _training_options(self, n_visits: int) -> Any:
        from .training.trainer import TrainingOptions

        max_iter = self.max_iter
        batch_size = min(self.batch_size, n_visits)
        if max_iter == "auto":
            n_batches = math.ceil(n_visits / batch_size)
            n_steps = np.clip(_AUTO_PASSES * n_batches, *self._auto_steps)
            max_iter = max(1, round(n_steps / n_batches))
        return TrainingOptions(
            batch_size=batch_size,
            max_iter=max_iter,
            learning_rate=self.learning_rate,
            learning_rate_init=self.learning_rate_init,
            alpha=self.alpha,
            early_stopping=self.early_stopping,
            n_iter_no_change=self.n_iter_no_change,
            tol=self.tol,
            verbose=self.verbose,
        )

    def _check_table(self, X: Any) -> Any:
        """Return X through the one door for input, for a fitted estimator."""
        check_is_fitted(self)
        X = self.architecture_.as_table(X)
        return check_table(self, X, self.scorer_.encoding)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator to a model file.

        The file holds arrays and JSON, nothing that is executed when it is loaded
        with `aeanomaly.load`. It is complete or not there at all: an older file of
        that name is replaced at the end. The state of training is not stored:
        `warm_start` and `partial_fit` begin anew after loading.

        Parameters
        ----------
        path : str or path-like
            Conventionally ends in ".aea".

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If a parameter is of a type that a file cannot hold. A `random_state` that
            is no integer is stored as None.
        OSError
            If the file cannot be written.
        """
        check_is_fitted(self)
        from .loading import save_estimator

        save_estimator(self, path)

    def to_keras(self) -> Any:
        """Return the trained network as a Keras model.

        Returns
        -------
        keras.Model
            From encoded rows (``estimator.scorer_.encoding.encode(X).Z``) to their
            reconstruction: values of numbers, probabilities of categories. The layer
            named "codes" puts out the codes.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        """
        check_is_fitted(self)
        from .training.freezing import keras_model

        return keras_model(self.scorer_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags


def generator(random_state: Any) -> np.random.Generator:
    """Return a generator of its own: the global random state is never touched."""
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(2**31, size=4))
    return np.random.default_rng(random_state)


def _held_out_variances(scorer: Scorer, rows: FitRows) -> np.ndarray:
    """Return the mean squared error of each linear encoded column."""
    n_linear = scorer.encoding.n_linear
    table = take_rows(rows.rows.table, rows.held_out)
    weights = rows.weights[rows.held_out]
    total = np.zeros(n_linear)
    for block, evaluation in scorer.iter_evaluations(table):
        errors = unit_errors(evaluation.Z, evaluation.output, scorer.encoding)
        total += weights[block] @ errors[:, :n_linear]
    return np.maximum(total / weights.sum(), _MIN_VARIANCE)
