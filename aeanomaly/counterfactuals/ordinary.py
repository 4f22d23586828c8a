"""Ordinary rows: training rows that the model keeps, in original units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..scoring.encoding.tabular import take_rows
from ..scoring.kept_rows import kept_rows
from ..scoring.parts.references import iter_squared_distances
from ..scoring.scorer import Scorer
from .possible import as_column, frequent_levels, possible_values


@dataclass(frozen=True)
class OrdinaryRows:
    """Training rows that the model keeps and does not flag.

    Parameters
    ----------
    scorer : Scorer
    values : list of ndarray of shape (n_rows,)
        What each column holds, in original units.
    Z : ndarray of shape (n_rows, n_encoded)
        The rows encoded.
    novelty : ndarray of shape (n_rows, n_features) or None
    """

    scorer: Scorer
    values: list[np.ndarray]
    Z: np.ndarray
    novelty: np.ndarray | None

    @classmethod
    def of_scorer(cls, scorer: Scorer, offset: float, like: Any) -> OrdinaryRows | None:
        """Return the ordinary rows of a scorer, or None if it keeps none.

        Parameters
        ----------
        scorer : Scorer
        offset : float
            Rows that score below it are not ordinary.
        like : DataFrame or ndarray of shape (n_samples, n_features)
            A table of the kind that the scorer takes.
        """
        kept = kept_rows(scorer)
        if kept is None or not len(kept):
            return None
        encoding = scorer.encoding
        values = []
        for position, restored in enumerate(encoding.restore(kept)):
            column = encoding.columns[position]
            # Of columns in which levels share an encoded one, levels are not kept.
            if column.ranked:
                restored = np.full(len(kept), None, dtype=object)
                restored[:] = (frequent_levels(column) or [None])[0]
            possible = possible_values(scorer, position, restored)
            if column.has_indicator:
                encoded = np.flatnonzero(encoding.encoded_columns == position)
                possible = with_missing(possible, kept[:, encoded[-1]] > 0)
            values.append(possible)
        table = as_table(scorer, values, like)
        scores = scorer.score_samples(table)
        ordinary = np.flatnonzero(scores >= offset)
        if not len(ordinary):
            return None
        Z, novelty = encoding.encode(take_rows(table, ordinary))
        return cls(scorer, [v[ordinary] for v in values], Z, novelty)

    def nearest(self, Z: np.ndarray, n_rows: int) -> np.ndarray:
        """Return the positions of the nearest rows, the nearest first.

        Parameters
        ----------
        Z : ndarray of shape (n_samples, n_encoded)
        n_rows : int

        Returns
        -------
        ndarray of shape (n_samples, min(n_rows, all)), int
        """
        n_rows = min(n_rows, len(self.Z))
        nearest = np.empty((len(Z), n_rows), dtype=np.intp)
        for block, distances in iter_squared_distances(
            np.asarray(Z, dtype=np.float32), self.Z
        ):
            chosen = np.argpartition(distances, n_rows - 1, axis=1)[:, :n_rows]
            own = np.take_along_axis(distances, chosen, axis=1)
            order = np.argsort(own, axis=1, kind="stable")
            nearest[block] = np.take_along_axis(chosen, order, axis=1)
        return nearest


def with_missing(values: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Return values, of which some are missing."""
    values = values.copy()
    nothing: Any = None
    if values.dtype.kind == "f":
        nothing = np.nan
    elif values.dtype.kind == "M":
        nothing = np.datetime64("NaT")
    values[missing] = nothing
    return values


def as_table(scorer: Scorer, values: Sequence[Any], like: Any) -> Any:
    """Return a table of columns, of the kind that the scorer takes."""
    columns = [
        as_column(column, own, like)
        for column, own in zip(scorer.encoding.columns, values, strict=True)
    ]
    if isinstance(like, np.ndarray):
        return np.column_stack(columns)
    import pandas as pd

    return pd.DataFrame(dict(enumerate(columns))).set_axis(like.columns, axis=1)
