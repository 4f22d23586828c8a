"""AutoencoderTransformer: codes of rows, and rows from codes."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import (
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.utils.validation import check_array, check_is_fitted

from ._base import BaseAutoencoder


class AutoencoderTransformer(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseAutoencoder
):
    """Reduce a table to the codes of an autoencoder.

    @PARAMETERS@
    """

    def __init__(
        self,
        *,
        architecture="undercomplete",
        latent_dim="auto",
        hidden_layer_sizes="auto",
        activation="silu",
        dropout=0.0,
        batch_normalization=False,
        loss="auto",
        output_activation="auto",
        scaling="robust",
        max_categories=64,
        optimizer="adam",
        learning_rate="cosine",
        learning_rate_init=3e-3,
        alpha=0.0,
        batch_size=256,
        max_iter="auto",
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
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
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, sample_weight=None):
        """Train the autoencoder on the rows of a table.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Numbers, booleans, strings, categories and datetimes; missing values are
            allowed, infinite ones are not.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            How often each row counts.

        Returns
        -------
        self : AutoencoderTransformer

        Raises
        ------
        ColumnError
            If a column cannot be encoded.
        InvalidParameterError
            If a parameter is out of range.
        """
        self._fit_scorer(X, sample_weight)
        return self

    def transform(self, X):
        """Return the codes of rows.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            With the columns of `fit`; those of a DataFrame in any order.

        Returns
        -------
        codes : ndarray of shape (n_samples, latent_dim), float32
            A DataFrame after ``set_output(transform="pandas")``.

        Raises
        ------
        ColumnError
            If a column is missing, unknown, or of another kind than in `fit`.
        NotFittedError
            If the transformer is not fitted.
        """
        table = self._check_table(X)
        return self.scorer_.codes(table)

    def inverse_transform(self, X):
        """Return the rows that codes stand for.

        Parameters
        ----------
        X : array-like of shape (n_samples, latent_dim)
            Codes, as `transform` returns them.

        Returns
        -------
        rows : ndarray or DataFrame of shape (n_samples, n_features)
            In original units and categories, of the kind that `fit` was given.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        """
        check_is_fitted(self)
        codes = check_array(X, dtype=np.float32)
        return self.scorer_.decode(codes)

    def score(self, X, y=None):
        """Return the negative reconstruction error, so that greater is better.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
        y : None
            Ignored.

        Returns
        -------
        score : float
            Minus the mean over rows and columns of the squared error of scaled
            numbers and the cross-entropy, in nats, of categories.

        Raises
        ------
        NotFittedError
            If the transformer is not fitted.
        """
        table = self._check_table(X)
        return -float(self.scorer_.reconstruction_errors(table).mean())

    @property
    def _n_features_out(self) -> int:
        """Number of codes, for `get_feature_names_out`."""
        return self.scorer_.network.latent_dim

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
