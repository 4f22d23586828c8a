"""Counterfactuals as a DataFrame."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..notices import warn
from ..scoring.scorer import Scorer
from .search import find_counterfactuals


def counterfactual_frame(scorer: Scorer, offset: float, table: Any, index: Any) -> Any:
    """Return changes; see `AutoencoderOutlierDetector.counterfactual`.

    Parameters
    ----------
    scorer : Scorer
    offset : float
        Rows that score below it are flagged.
    table : DataFrame or ndarray of shape (n_samples, n_features)
        With the fitted columns in the fitted order.
    index : pandas.Index or None
    """
    import pandas as pd

    index = pd.RangeIndex(len(table)) if index is None else index
    found = find_counterfactuals(scorer, offset, table)
    n_without = sum(not one.found for one in found)
    if n_without:
        warn(
            f"No change of columns was found that makes {n_without} of {len(table):,} "
            f"rows ordinary: they are left out. A model that keeps training rows "
            f"(n_references) has more to try."
        )
    names = scorer.encoding.names
    changes = [
        (row, rank, change, one.score)
        for row, one in enumerate(found)
        for rank, change in enumerate(one.changes, start=1)
    ]
    rows = index.take(np.array([row for row, *_ in changes], dtype=np.intp))
    held: dict[str, Any] = {"column": [], "observed": [], "changed": [], "score": []}
    for _, _, change, score in changes:
        held["column"].append(names[change.position])
        held["observed"].append(change.observed)
        held["changed"].append(change.changed)
        held["score"].append(score)
    frame = pd.DataFrame(
        {name: pd.Series(_objects(own), dtype=object) for name, own in held.items()}
    )
    frame["score"] = frame["score"].astype(np.float64)
    frame.index = pd.MultiIndex.from_arrays(
        [
            *(rows.get_level_values(i) for i in range(rows.nlevels)),
            [rank for _, rank, *_ in changes],
        ],
        names=[*rows.names, "rank"],
    )
    return frame


def _objects(values: list[Any]) -> np.ndarray:
    held = np.empty(len(values), dtype=object)
    held[:] = values
    return held
