"""The reconstruction error as a score, in units of each column's own."""

from __future__ import annotations

import numpy as np

from ..scoring.encoding.table import TableEncoding
from ..scoring.errors import unit_errors
from ..scoring.model import Model
from ..scoring.parts import Residual
from .split import FitRows

# A residual of a tenth of a column's deviation: smaller errors are not told apart, so
# that a column which is a copy of another cannot outweigh all others.
_MIN_VARIANCE = 1e-2
_BLOCK_ROWS = 1_024
_EVERY = slice(None)


def fit_residual(
    model: Model, rows: FitRows, positions: np.ndarray | None = None
) -> Residual:
    """Return the residual whose weights come from the errors of held-out rows.

    Parameters
    ----------
    model : Model
    rows : FitRows
    positions : ndarray of int, default=None
        Some of the held-out rows; None for all of them.
    """
    chosen = rows.held_out if positions is None else positions
    weights = rows.held_out_weights[chosen]
    return residual_of_errors(
        row_errors(model, rows.Z[chosen]), weights, model.encoding
    )


def row_errors(model: Model, Z: np.ndarray, members: slice = _EVERY) -> np.ndarray:
    """Return the errors of encoded rows, (n_samples, n_units), of some networks."""
    blocks = [Z[i : i + _BLOCK_ROWS] for i in range(0, len(Z), _BLOCK_ROWS)]
    return np.concatenate(
        [
            unit_errors(z, model.evaluate(z).output[members], model.encoding)
            for z in blocks
        ]
    )


def residual_of_errors(
    errors: np.ndarray, weights: np.ndarray, encoding: TableEncoding
) -> Residual:
    """Return the residual that weighs each column's errors in units of their own."""
    squares = weights @ errors[:, : encoding.n_linear] / weights.sum()
    variances = np.maximum(squares, _MIN_VARIANCE)
    # Half the square over the variance is the surprise of a Gaussian error, up to
    # a constant; a cross-entropy is in nats as it is.
    factors = np.append(0.5 / variances, np.ones(len(encoding.groups)))
    return Residual(factors.astype(np.float32))
