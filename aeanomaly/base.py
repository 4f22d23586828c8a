"""What both estimators share: parameters, and the way from a table to a scorer."""

from __future__ import annotations

import os
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import estimator_html_repr
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from .architectures import ARCHITECTURES, Architecture, resolve_architecture
from .fit_tasks import CallbackSupportMixin, FitTasks
from .fitting.census import Census
from .fitting.distinct_rows import DistinctRows, distinct_rows, informative_rows
from .fitting.encoding import fit_encoding, fitted_kinds, kinds_of
from .fitting.notes import warn_of_columns
from .fitting.plan import (
    check_converged,
    program_plan,
    training_options,
    training_rows,
)
from .fitting.reading import ReadOptions, read_table
from .fitting.split import FitEncoding, FitRows, encoded_apart, split_rows
from .notebook import summary_html
from .saving import save_estimator
from .scoring.encoding.columns import ColumnOptions
from .scoring.encoding.description import (
    ColumnDescription,
    describe_columns,
    left_out_columns,
)
from .scoring.encoding.table import TableEncoding
from .scoring.model import Model
from .scoring.networks.activations import ACTIVATIONS
from .scoring.networks.backend import check_backend
from .validation import NameIn, check_table


class TrainingState(NamedTuple):
    """Where another fit can go on from.

    Parameters
    ----------
    key : hashable
        What shapes the network; see `ProgramPlan`.
    state : list of ndarray
        Weights and optimizer state.
    n_members : int
        Networks that are trained together.
    """

    key: Any
    state: list[np.ndarray]
    n_members: int


class BaseAutoencoder(CallbackSupportMixin, BaseEstimator):
    """Parameters and `fit` of both estimators; see their docstrings."""

    # Least and greatest number of optimizer steps that max_iter="auto" makes.
    _auto_steps: ClassVar[tuple[int, int]] = (2_000, 6_000)

    model_: Model
    _training: TrainingState

    _parameter_constraints: ClassVar[dict] = {
        "architecture": [NameIn(ARCHITECTURES), Architecture],
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
        "column_kinds": [dict, None],
        "day_first": ["boolean", None],
        "decimal": [StrOptions({".", ","}), None],
        "missing_values": ["array-like", StrOptions({"auto"}), None],
        "optimizer": [StrOptions({"adam", "nadam", "sgd", "rmsprop"}), dict],
        "learning_rate": [StrOptions({"constant", "cosine"})],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
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

    def _fit_model(
        self,
        X: Any,
        sample_weight: Any,
        rng: np.random.Generator,
        *,
        go_on: bool,
        one_epoch: bool = False,
        census: Census | None = None,
        tasks: FitTasks | None = None,
    ) -> FitRows:
        """Encode, train and freeze: set ``model_`` and what describes the training.

        With ``go_on``, encoding and weights are those of the last fit, if there is one.
        With a census, X is a sample of the rows that it counted. `tasks` hears of the
        epochs.
        """
        go_on = go_on and hasattr(self, "_training")
        known = self.model_.encoding if go_on else None
        architecture, encode, distinct = self._read(X, sample_weight, known, census)
        encoding = encode(distinct.table, distinct.weights)
        Z = encoding.encode(distinct.table).Z
        share = self.validation_fraction
        n_members = self._training.n_members if go_on else self._n_members(distinct)
        n_folds = self._n_folds(n_members)
        # The error alone keeps its promise in wide tables, too.
        n_columns = len(encoding.unit_columns) if self._judges_by_parts else 0
        rows = split_rows(distinct, Z, share, rng, n_folds, n_columns)
        if rows.apart and not rows.are_many:
            encoding, rows = encoded_apart(encode, encoding, rows)
        if known is None:
            warn_of_columns(encoding, self.column_kinds)
        Z = rows.Z
        plan = program_plan(self, architecture, encoding, Z, n_members)
        # Weights of a network of another shape are of no use.
        resumed = go_on and self._training.key == plan.key
        state = self._training.state if resumed else None
        result = self._train(plan, rows, encoding, rng, state, one_epoch, tasks)
        check_converged(self, result)
        if self.warm_start or one_epoch:
            self._training = TrainingState(plan.key, result.state, n_members)
        self.architecture_ = architecture
        self.history_ = result.history
        self.n_iter_, self.device_ = result.n_iter, result.device
        self.model_ = Model(encoding, result.network, plan.objective.output_activation)
        return rows

    def _read(
        self,
        X: Any,
        sample_weight: Any,
        known: TableEncoding | None,
        census: Census | None,
    ) -> tuple[Architecture, FitEncoding, DistinctRows]:
        """Return the architecture, what fits an encoding to rows, and distinct rows."""
        check_backend()
        architecture = resolve_architecture(self.architecture)
        table = check_table(self, architecture.as_table(X), known)
        sample_shape = tuple(getattr(X, "shape", table.shape)[1:])
        architecture = architecture.for_samples(sample_shape)
        if known is not None:
            kinds = fitted_kinds(known, table)
            rows = distinct_rows(table, sample_weight, kinds)
            return architecture, lambda table, weights: known, rows
        table, readings = read_table(
            table, self.column_kinds, ReadOptions(self.day_first, self.decimal)
        )
        rows, kinds, reasons = informative_rows(
            table,
            sample_weight,
            kinds_of(table, self.column_kinds),
            self.column_kinds,
        )
        options = ColumnOptions(self.scaling, self.max_categories, self.missing_values)

        def encode(table: Any, weights: np.ndarray) -> TableEncoding:
            own = architecture.fit_encoding(
                table, weights, options, kinds=kinds, sample_shape=sample_shape
            )
            if own is not None:
                return own
            return fit_encoding(
                table, weights, options, kinds, readings, reasons, census
            )

        return architecture, encode, rows

    def _html_repr(self) -> str:
        """Return what a notebook shows: the parameters, and what was fitted."""
        return f"{estimator_html_repr(self)}{summary_html(self)}"

    def _train(
        self,
        plan: Any,
        rows: FitRows,
        encoding: TableEncoding,
        rng: np.random.Generator,
        state: list[np.ndarray] | None,
        one_epoch: bool,
        tasks: FitTasks | None,
    ) -> Any:
        from .training.backend import import_keras_quietly
        from .training.trainer import train

        import_keras_quietly()
        weights = self._training_weights(rows, encoding)
        visited = training_rows(self, rows, weights, self._auto_steps, plan.n_members)
        options = training_options(self, visited.n_visits, self._auto_steps)
        if one_epoch:
            options = replace(options, max_iter=1, learning_rate="constant")
        return train(
            plan,
            visited,
            options,
            rng,
            callbacks=self.callbacks,
            observers=tasks.begin(options.max_iter) if tasks else (),
            state=state,
        )

    def _n_members(self, rows: DistinctRows) -> int:
        """Return the number of networks that are trained together."""
        return 1

    def _n_folds(self, n_members: int) -> int:
        """Return the number of sets of rows that networks of their own do not see."""
        return 1

    @property
    def _judges_by_parts(self) -> bool:
        """Whether there is a score of parts, beside the error."""
        return False

    def _training_weights(self, rows: FitRows, encoding: TableEncoding) -> np.ndarray:
        """Return how often training visits each row, (n_folds, n_distinct)."""
        return rows.training_weights

    def _check_table(self, X: Any) -> Any:
        """Return X through the one door for input, for a fitted estimator."""
        check_is_fitted(self)
        X = self.architecture_.as_table(X)
        return check_table(self, X, self.model_.encoding)

    @property
    def columns_(self) -> Any:
        """How each column was read, as a DataFrame; see `ColumnDescription`."""
        import pandas as pd

        check_is_fitted(self)
        described = describe_columns(self.model_.encoding)
        return pd.DataFrame(described, columns=list(ColumnDescription._fields))

    @property
    def left_out_(self) -> dict[Any, str]:
        """Columns that have no part in the score, and why."""
        check_is_fitted(self)
        return left_out_columns(self.model_.encoding)

    def save(self, path: str | os.PathLike[str], *, private: bool = False) -> None:
        """Write the fitted estimator to a model file.

        The file holds arrays and JSON, nothing that is executed when it is loaded
        with `aeanomaly.load`. It is complete or not there at all: an older file of
        that name is replaced at the end. The state of training is not stored:
        `warm_start` and `partial_fit` begin anew after loading.

        Parameters
        ----------
        path : str or path-like
            By convention it ends in ".aea".
        private : bool, default=False
            By default a detector's file holds up to `n_references` of its training
            rows, and the levels of categories word for word: treat it as you treat the
            table. True leaves out the rows, and with them the parts of the score that
            compare with rows, and moves the threshold to flag as many of them as
            before; it keeps salted hashes of levels, so that reasons do not say which
            level was expected; and no ranges. This costs some quality. The estimator
            in memory stays as it is.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If a parameter is of a type that a file cannot hold. A `random_state` that
            is not an integer is stored as None.
        OSError
            If the file cannot be written.
        """
        check_is_fitted(self)
        save_estimator(self, path, private)

    def to_keras(self) -> Any:
        """Return the trained network as a Keras model.

        Returns
        -------
        keras.Model
            From encoded rows (``estimator.model_.encoding.encode(X).Z``) to their
            reconstruction: values of numbers, probabilities of categories. The layer
            named "codes" puts out the codes.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        """
        check_is_fitted(self)
        from .training.backend import import_keras_quietly
        from .training.freezing import keras_model

        import_keras_quietly()
        return keras_model(self.model_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags


def generator(random_state: Any) -> np.random.Generator:
    """Return a generator of its own: the global random state is never touched."""
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(2**31, size=4))
    return np.random.default_rng(random_state)
