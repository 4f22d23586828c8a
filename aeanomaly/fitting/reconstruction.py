"""The reconstruction error as a score, in units of each column's own."""

from __future__ import annotations

import numpy as np

from ..scoring.encoding.tabular import take_rows
from ..scoring.errors import unit_errors
from ..scoring.model import Model
from ..scoring.parts import Residual
from .split import FitRows

# A residual of a tenth of a column's deviation: smaller errors are not told apart, so
# that a column which is a copy of another cannot outweigh all others.
_MIN_VARIANCE = 1e-2


def fit_residual(model: Model, rows: FitRows) -> Residual:
    """Return the residual whose weights come from the errors of held-out rows."""
    n_groups = len(model.encoding.groups)
    # Half the square over the variance is the surprise of a Gaussian error, up to
    # a constant; a cross-entropy is in nats as it is.
    weights = np.append(0.5 / _held_out_variances(model, rows), np.ones(n_groups))
    return Residual(weights.astype(np.float32))


def _held_out_variances(model: Model, rows: FitRows) -> np.ndarray:
    """Return the mean squared error of each linear encoded column."""
    n_linear = model.encoding.n_linear
    table = take_rows(rows.rows.table, rows.held_out)
    weights = rows.weights[rows.held_out]
    total = np.zeros(n_linear)
    for block, evaluation in model.iter_evaluations(table):
        errors = unit_errors(evaluation.Z, evaluation.output, model.encoding)
        total += weights[block] @ errors[:, :n_linear]
    return np.asarray(np.maximum(total / weights.sum(), _MIN_VARIANCE))
