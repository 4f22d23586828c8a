"""Two versions of a model: which alerts appear and disappear, and why."""

from __future__ import annotations

from typing import Any

from ..scoring.door import as_pandas, rows_to_score
from .beside import Beside, Version
from .result import ModelComparison

__all__ = ["Beside", "ModelComparison", "Version", "compare"]


def compare(old: Any, new: Any, X: Any, *, reasons: int = 2) -> ModelComparison:
    """Compare what two fitted detectors make of the same rows.

    Parameters
    ----------
    old, new : AutoencoderOutlierDetector or SavedDetector
        Fitted or loaded. They may know different columns.
    X : DataFrame, Arrow table or array-like of shape (n_samples, n_features)
        With the columns of both; each sees its own.
    reasons : int, default=2
        Reasons to give for each row that one of them alone flags, by that one.

    Returns
    -------
    ModelComparison
        Printed, it says what has changed. Its ``changed`` is a DataFrame of the rows
        that one of them alone flags, ``to_dict()`` all but the rows.

    Raises
    ------
    TypeError
        If one of them has no scores, as a transformer has none, or is not fitted.
    ColumnError
        If a column of either is missing.

    Notes
    -----
    Scores of two models have no common unit: compare ranks, alerts and p-values, not
    scores. The agreement of all ranks says little of the lowest: look at ``overlaps``.

    Examples
    --------
    >>> from aeanomaly import AutoencoderOutlierDetector, compare
    >>> from aeanomaly.datasets import make_transactions
    >>> X = make_transactions(600, random_state=0)[["amount", "country", "channel"]]
    >>> old = AutoencoderOutlierDetector(max_iter=2, random_state=0).fit(X)
    >>> new = AutoencoderOutlierDetector(
    ...     max_iter=2, contamination=0.1, random_state=0
    ... ).fit(X)
    >>> found = compare(old, new, X)
    >>> round(found.spearman, 3), found.n_disappear
    (1.0, 0)
    >>> set(found.changed["change"])
    {'appears'}
    """
    versions = (_version(old, "old"), _version(new, "new"))
    index, tables = _tables(versions, X)
    beside = Beside(*versions, reasons)
    changed = beside.add(*tables)
    return beside.result(_as_frame(changed, index))


def _version(detector: Any, name: str) -> Version:
    scorer = getattr(detector, "scorer_", None)
    if scorer is None or not hasattr(detector, "offset_"):
        raise TypeError(
            f"The {name!r} parameter of compare must be a fitted detector. Got a "
            f"{type(detector).__name__} instead, which has no threshold: fit it, or "
            f"load a detector."
        )
    return Version(
        name,
        scorer,
        detector.offset_,
        getattr(detector, "calibration_", None),
        getattr(getattr(detector, "threshold_", None), "summary_", None),
    )


def _tables(versions: tuple[Version, Version], X: Any) -> tuple[Any, list[Any]]:
    """Return the index of X, and X with the columns of each model."""
    frame = as_pandas(X)
    if frame is None:
        return None, [rows_to_score(X, v.scorer.encoding) for v in versions]
    encodings = [version.scorer.encoding for version in versions]
    tables = []
    for encoding in encodings:
        if encoding.named:
            known = set(encoding.names)
            own = frame.loc[:, [name in known for name in frame.columns]]
        else:
            own = frame
        tables.append(rows_to_score(own, encoding))
    return frame.index, tables


def _as_frame(changed: Any, index: Any) -> Any:
    import pandas as pd

    if index is None:
        index = pd.RangeIndex(len(changed.mask))
    return pd.DataFrame(changed.columns(), index=index[changed.mask])
