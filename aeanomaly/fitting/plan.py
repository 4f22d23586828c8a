"""How an estimator's parameters, and a table, become a plan of training."""

from __future__ import annotations

import math
from dataclasses import replace
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from ..architectures import Architecture, NetworkSpec
from ..exceptions import TrainingError
from ..scoring.encoding.table import TableEncoding
from .split import MANY_ROWS, FitRows

if TYPE_CHECKING:
    from ..training.programs import ProgramPlan
    from ..training.trainer import TrainingOptions, TrainingRows

# Times that max_iter="auto" visits each row, if that is enough steps and not too many.
_AUTO_PASSES = 3
# Rows in a step of batch_size="auto". Few rows train as good a network in as many small
# steps as in large ones, in two thirds of the time.
_BATCH, _BATCH_OF_FEW = 256, 128
# Of n_references="auto": numbers that a row is multiplied by, those of a reference and
# of its residual, and the references. Wide tables gain next to nothing by more of them,
# and would be scored for half the time by this product.
_REFERENCE_NUMBERS = 160_000
_REFERENCES = (1_000, 2_000)


def program_plan(
    params: Any,
    architecture: Architecture,
    encoding: TableEncoding,
    Z: np.ndarray,
    n_members: int,
) -> ProgramPlan:
    """Return what shapes the graph of the training steps.

    Parameters
    ----------
    params : BaseAutoencoder
        The estimator whose parameters are read.
    architecture : Architecture
        Resolved.
    encoding : TableEncoding
    Z : ndarray of shape (n_samples, n_encoded)
    n_members : int
        Networks that are trained together.

    Raises
    ------
    ValueError
        If `hidden_layer_sizes` or `loss` do not suit the table.
    """
    from ..training.objective import Objective
    from ..training.programs import ProgramPlan

    linear = Z[:, : encoding.n_linear]
    loss, output_activation = _loss_and_activation(params, linear)
    groups = tuple((span.start, span.stop) for _, span in encoding.groups)
    return ProgramPlan(
        architecture,
        network_spec(params, architecture, *Z.shape),
        Objective(loss, output_activation, encoding.n_linear, groups),
        params.optimizer,
        n_members,
    )


def _loss_and_activation(params: Any, linear: np.ndarray) -> tuple[str, str]:
    """Return the loss and the output activation of encoded linear columns."""
    in_unit_range = linear.size and linear.min() >= 0 and linear.max() <= 1
    loss, output_activation = params.loss, params.output_activation
    if loss == "auto":
        loss = "binary_crossentropy" if in_unit_range else "squared_error"
    if output_activation == "auto":
        output_activation = "sigmoid" if loss == "binary_crossentropy" else "linear"
    if loss == "binary_crossentropy" and not in_unit_range:
        raise ValueError(
            f"loss='binary_crossentropy' needs encoded values in [0, 1]. Got values "
            f"from {linear.min():.4g} to {linear.max():.4g}. Scale X to [0, 1] and "
            f"pass scaling='none', or use another loss."
        )
    return loss, output_activation


def network_spec(
    params: Any, architecture: Architecture, n_rows: int, n_encoded: int
) -> NetworkSpec:
    """Return the shape of the network that the parameters mean."""
    latent_dim, hidden = params.latent_dim, params.hidden_layer_sizes
    if isinstance(latent_dim, str):
        latent_dim = architecture.auto_latent_dim(n_rows, n_encoded)
    if isinstance(hidden, str):
        hidden = architecture.auto_hidden_layer_sizes(n_rows, n_encoded)
    if not all(isinstance(width, Integral) and int(width) > 0 for width in hidden):
        raise ValueError(
            f"The 'hidden_layer_sizes' parameter must hold positive integers. Got "
            f"{hidden!r} instead."
        )
    return NetworkSpec(
        n_encoded,
        int(latent_dim),
        tuple(int(width) for width in hidden),
        params.activation,
        float(params.dropout),
        bool(params.batch_normalization),
    )


def training_rows(
    params: Any,
    rows: FitRows,
    weights: np.ndarray,
    auto_steps: tuple[int, int],
    n_members: int,
) -> TrainingRows:
    """Return the rows that an epoch visits, and how often.

    Parameters
    ----------
    params : BaseAutoencoder
    rows : FitRows
    weights : ndarray of shape (n_folds, n_distinct)
        How often training visits each row, relative to the others.
    auto_steps : tuple of int
        Least and greatest number of steps that ``max_iter="auto"`` makes.
    n_members : int
    """
    from ..training.trainer import TrainingRows

    visits = weights.max(axis=0)
    training = np.flatnonzero(visits)
    share = visits.sum() / rows.weights.sum()
    n_visits = max(1, round(share * rows.rows.n_visits))
    if params.max_iter == "auto":
        # One epoch of a large table may be more than all steps together.
        n_visits = min(n_visits, auto_steps[1] * _batch_size(params, n_visits))
    seen = TrainingRows(rows.Z[training], visits[training], n_visits)
    if not rows.holds_out:
        return seen
    held_out = rows.held_out
    if rows.n_folds == 1:
        return replace(seen, Z_held_out=rows.Z[held_out])
    # Their loss is only shown, after every epoch: some of the rows will do.
    held_out = held_out[: max(1, round(params.validation_fraction * len(rows.Z)))]
    folds = np.arange(n_members) % rows.n_folds
    return replace(
        seen,
        shares=(weights[:, training] / visits[training])[folds].T,
        Z_held_out=rows.Z[held_out],
        held_out_shares=(rows.held[:, held_out] > 0)[folds].T,
    )


def training_options(
    params: Any, n_visits: int, auto_steps: tuple[int, int]
) -> TrainingOptions:
    """Return what a training run does, for rows that an epoch visits so often."""
    from ..training.trainer import TrainingOptions

    max_iter = params.max_iter
    batch_size = min(_batch_size(params, n_visits), n_visits)
    if max_iter == "auto":
        n_batches = math.ceil(n_visits / batch_size)
        n_steps = np.clip(_AUTO_PASSES * n_batches, *auto_steps)
        max_iter = max(1, round(n_steps / n_batches))
    return TrainingOptions(
        batch_size=batch_size,
        max_iter=max_iter,
        learning_rate=params.learning_rate,
        learning_rate_init=params.learning_rate_init,
        alpha=params.alpha,
        early_stopping=params.early_stopping,
        n_iter_no_change=params.n_iter_no_change,
        tol=params.tol,
        verbose=params.verbose,
    )


def _batch_size(params: Any, n_visits: int) -> int:
    """Return the rows in a step, of which an epoch visits so many."""
    if params.batch_size != "auto":
        return int(params.batch_size)
    return _BATCH if n_visits >= MANY_ROWS else _BATCH_OF_FEW


def n_references(params: Any, n_encoded: int) -> int:
    """Return how many training rows a score keeps of a table of so many columns."""
    if params.n_references != "auto":
        return int(params.n_references)
    return int(np.clip(_REFERENCE_NUMBERS // (2 * max(1, n_encoded)), *_REFERENCES))


def check_converged(params: Any, result: Any) -> None:
    """Raise an error unless training ended with finite losses and weights.

    Parameters
    ----------
    params : BaseAutoencoder
    result : TrainingResult

    Raises
    ------
    TrainingError
        If the training diverged.
    """
    finite = np.isfinite(result.history["loss"])
    if finite.all() and all(np.isfinite(values).all() for values in result.state):
        return
    when = "after the last epoch"
    if not finite.all():
        when = f"from epoch {finite.argmin() + 1} on"
    raise TrainingError(
        f"The training diverged: its loss or its weights are not finite {when}. Pass a "
        f"lower learning_rate_init than {params.learning_rate_init!r}, or scale the "
        f"columns of X."
    )
