"""Whether a model that came from a file could score a row.

`fit` cannot make a model that fails here. A file can: its hashes protect from damage,
not from someone who edits it and computes them again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..model import Model
from ..parts import Reduction
from ..scorer import Scorer


def audit(model: Model, scorer: Scorer | None) -> None:
    """Raise an error, mostly a `ValueError`, if this model could not score a row."""
    model.check()
    if scorer is not None:
        scorer.check()
    reduction = None if scorer is None else scorer.reduction
    _try(model, reduction, _rows(model, 2, np.float32))
    _try(model, reduction, _rows(model, 3, np.float64))


def _rows(model: Model, n_rows: int, dtype: type[np.floating[Any]]) -> np.ndarray:
    """Return encoded rows: one of zeros, then others.

    An array of a wrong shape may by chance go with one number of rows, not with two.
    """
    Z = np.zeros((n_rows, model.encoding.n_encoded), dtype=dtype)
    Z[1:] = np.sin(np.arange(Z[1:].size)).reshape(Z[1:].shape)
    return Z


def _try(model: Model, reduction: Reduction | None, Z: np.ndarray) -> None:
    """Score and explain encoded rows, so that whatever is not checked shows."""
    encoding = model.encoding
    with np.errstate(all="ignore"):
        evaluation = model.evaluate(Z)
        _check_finite("output of the network", evaluation.output)
        encoding.restore(evaluation.output[0])
        if reduction is None:
            return
        statistic = reduction.statistic(evaluation, encoding)
        cells = reduction.cells(evaluation, encoding)
        expected = reduction.expected(evaluation, encoding)
        encoding.restore(expected)
    shapes = (statistic.shape, cells.shape, expected.shape)
    if shapes != ((len(Z),), (len(Z), len(encoding.columns)), Z.shape):
        raise ValueError("the score does not give one number for each row and column")
    _check_finite("score", statistic)
    _check_finite("share of a column", cells)
    _check_finite("value that is expected", expected)


def _check_finite(what: str, values: np.ndarray) -> None:
    if not np.isfinite(values).all():
        raise ValueError(f"the {what} of an ordinary row is not a finite number")
