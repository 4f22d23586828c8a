"""AutoencoderTransformer: codes of rows, and rows from codes."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import (
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_array, check_is_fitted

from .architectures import Variational, resolve_architecture
from .base import BaseAutoencoder, generator
from .fit_tasks import FitTasks
from .streams import StreamMixin


def _is_variational(transformer: Any) -> bool:
    return isinstance(resolve_architecture(transformer.architecture), Variational)


class AutoencoderTransformer(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, StreamMixin, BaseAutoencoder
):
    """Reduce a table to the codes of an autoencoder.

    Numbers, booleans, strings, categories and datetimes are encoded by the fitted
    estimator itself; missing values are allowed. A time within a year of the training
    range counts as at its edge.

    Parameters
    ----------
    architecture : str or Architecture, default='undercomplete'
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
    alpha : float, default=0.0
        Weight decay, decoupled from the loss.
    batch_size : int or "auto", default=256
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

    See Also
    --------
    AutoencoderOutlierDetector : Scores and labels from the same networks.

    Notes
    -----
    A fit does not depend on the order of the rows, and a row that stands k times counts
    as one of weight k.

    References
    ----------
    G. E. Hinton and R. R. Salakhutdinov, "Reducing the Dimensionality of Data with
    Neural Networks", *Science* 313, 2006.

    Examples
    --------
    >>> import numpy as np
    >>> from aeanomaly import AutoencoderTransformer
    >>> X = np.random.default_rng(0).normal(size=(200, 1)) * [1.0, 2.0, -1.0, 0.5]
    >>> transformer = AutoencoderTransformer(latent_dim=1, max_iter=200, random_state=0)
    >>> codes = transformer.fit_transform(X)
    >>> codes.shape
    (200, 1)
    >>> transformer.inverse_transform(codes).shape
    (200, 4)
    >>> bool(transformer.score(X) > -0.1)
    True
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
        column_kinds=None,
        day_first=None,
        decimal=None,
        missing_values=None,
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
        self.callbacks = callbacks
        self.warm_start = warm_start
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
        return self._fit(X, y, sample_weight)

    def _fit(self, X, y=None, sample_weight=None, census=None):
        rng, go_on = generator(self.random_state), self.warm_start
        tasks = FitTasks(self, X, y)
        self._fit_model(X, sample_weight, rng, go_on=go_on, census=census, tasks=tasks)
        tasks.end()
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None, sample_weight=None):
        """Train for one epoch on some more rows.

        The encoding stays that of the first call. Rows must not come sorted by kind.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
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
            If a column is missing, unknown, or of another kind than in the first call.
        """
        rng = generator(self.random_state)
        self._fit_model(X, sample_weight, rng, go_on=True, one_epoch=True)
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
        return self.model_.codes(table)

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
        ValueError
            If X does not have one column for each code.
        """
        check_is_fitted(self)
        codes = check_array(X, dtype=np.float32)
        if codes.shape[1] != self._n_features_out:
            raise ValueError(
                f"X has {codes.shape[1]} codes a row, but the transformer was fitted "
                f"with a latent_dim of {self._n_features_out}. Pass what transform "
                f"returns."
            )
        return self.model_.decode(codes)

    @available_if(_is_variational)
    def sample(self, n_samples=1, random_state=None):
        """Generate rows from random codes; variational architectures only.

        Parameters
        ----------
        n_samples : int, default=1
            Number of rows.
        random_state : int, RandomState instance or None, default=None
            Seed of the codes, which are drawn from the standard normal distribution.

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
        shape = (n_samples, self.model_.network.latent_dim)
        codes = generator(random_state).standard_normal(shape, dtype=np.float32)
        return self.model_.decode(codes)

    def to_onnx(self, path, *, typed=()):
        """Write the transformer as one ONNX graph, from raw columns to codes.

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
            runs, classes of your own without a converter, texts that it cannot read.
        ImportError
            If onnx is not installed, the extra "onnx".
        NotFittedError
            If the transformer is not fitted.

        Notes
        -----
        Inputs are those of `AutoencoderOutlierDetector.to_onnx`; the output is "codes",
        of shape (n_samples, latent_dim), float32.
        """
        check_is_fitted(self)
        from . import __version__
        from .onnx.export import write_transformer

        write_transformer(self, path, typed, __version__)

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
        return -float(self.model_.reconstruction_errors(table).mean())

    @property
    def _n_features_out(self) -> int:
        """Number of codes, for `get_feature_names_out`."""
        return self.model_.network.latent_dim

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
