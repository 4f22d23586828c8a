"""Whether a model that came from a file could score a row.

`fit` cannot make a model that fails here. A file can: its hashes protect from damage,
not from someone who edits it and computes them again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..model import Model
from ..networks.dense import Network
from ..parts import Reduction


def audit(model: Model, reduction: Reduction | None) -> None:
    """Raise an error, mostly a `ValueError`, if this model could not score a row."""
    model.check()
    if reduction is not None:
        reduction.check(model.encoding)
    # Keras checks its own networks when it builds them, at the first row.
    if isinstance(model.network, Network):
        _try(model, reduction, 1, np.float32)
        _try(model, reduction, 3, np.float64)


def _try(
    model: Model,
    reduction: Reduction | None,
    n_rows: int,
    dtype: type[np.floating[Any]],
) -> None:
    """Score and explain encoded rows, so that whatever is not checked shows.

    An array of a wrong shape may by chance go with one number of rows, not with two.
    """
    encoding = model.encoding
    Z = np.zeros((n_rows, encoding.n_encoded), dtype=dtype)
    with np.errstate(all="ignore"):
        evaluation = model.evaluate(Z)
        encoding.restore(evaluation.output[0])
        if reduction is None:
            return
        statistic = reduction.statistic(evaluation, encoding)
        cells = reduction.cells(evaluation, encoding)
        expected = reduction.expected(evaluation, encoding)
        encoding.restore(expected)
    shapes = (statistic.shape, cells.shape, expected.shape)
    if shapes != ((n_rows,), (n_rows, len(encoding.columns)), Z.shape):
        raise ValueError("the score does not give one number for each row and column")
