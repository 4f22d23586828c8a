"""Detectors on Dask DataFrames: fitted to a sample of all partitions, scored on each.

Dask is the extra ``dask``. What is sent to the workers is a scorer of arrays, for which
they need neither TensorFlow nor scikit-learn; one of them trains.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .fitting.reservoir import DEFAULT_SAMPLE, last_key
from .scoring.saved import SavedDetector

if TYPE_CHECKING:
    from .streams import Drawing, Drawn

__all__ = ["explain", "fit", "score"]

# Columns of reasons with values of all kinds.
_OBJECTS = ("column", "observed", "expected", "low", "high")
# Partitions whose samples are merged at a time.
_MERGED_AT_ONCE = 8


def fit(frame, estimator=None, *, label=None, sample_size=DEFAULT_SAMPLE):
    """Fit an estimator to a Dask DataFrame, as `fit_stream` fits it to the same rows.

    Rows are sampled and counted partition by partition; one worker trains. Partitions
    are read twice: once to learn how many rows they have, which decides on the sample.

    Parameters
    ----------
    frame : dask.dataframe.DataFrame
        Partitions may be empty.
    estimator : AutoencoderOutlierDetector or AutoencoderTransformer, default=None
        It stays as it is; a detector with its defaults by default. With an integer as
        `random_state` the result is that of ``estimator.fit_stream`` on one machine.
    label : str or int, default=None
        Column of labels, as in `fit_stream`.
    sample_size : int or None, default=100_000
        Most rows to train on; None for all of them.

    Returns
    -------
    estimator : estimator
        A fitted copy.

    Raises
    ------
    ImportError
        If Dask is not installed.
    ValueError
        If the frame has no rows, or as in `fit_stream`.

    Examples
    --------
    >>> import dask.dataframe as dd
    >>> from aeanomaly import AutoencoderOutlierDetector, distributed
    >>> from aeanomaly.datasets import make_transactions
    >>> table = make_transactions(400, random_state=0)[["amount", "country"]]
    >>> frame = dd.from_pandas(table, npartitions=4)
    >>> detector = AutoencoderOutlierDetector(max_iter=5, random_state=0)
    >>> detector = distributed.fit(frame, detector)
    >>> scored = distributed.score(frame, detector).compute()
    >>> len(scored), list(scored)
    (400, ['score', 'is_outlier'])
    """
    dask = _dask()
    from sklearn.base import clone

    from .streams import check_sample_size, sampling_seed

    check_sample_size(sample_size)
    estimator = _default_detector() if estimator is None else clone(estimator)
    seed = sampling_seed(estimator.random_state)
    partitions = frame.to_delayed()
    lengths = dask.compute(*(dask.delayed(len)(part) for part in partitions))
    last = 1.0 if sample_size is None else last_key(seed, sum(lengths), sample_size)
    draw, starts = dask.delayed(_drawn_part), _starts(lengths)
    drawings = [
        draw(part, estimator, label, sample_size, seed, start, last)
        for part, start in zip(partitions, starts, strict=True)
    ]
    while len(drawings) > 1:
        groups = range(0, len(drawings), _MERGED_AT_ONCE)
        merge = dask.delayed(_merged)
        drawings = [merge(drawings[i : i + _MERGED_AT_ONCE]) for i in groups]
    return dask.delayed(_fitted)(estimator, drawings[0]).compute()


def score(frame, detector, *, reasons=0, p_values=False, severity=False):
    """Return the scores of a Dask DataFrame's rows, partition by partition.

    Parameters
    ----------
    frame : dask.dataframe.DataFrame
        With the columns of `fit`, in any order, and no others; partitions may be empty.
    detector : AutoencoderOutlierDetector or SavedDetector
        What of it scores is sent to each worker once.
    reasons : int, default=0
        Number of reasons to give for each row.
    p_values, severity : bool, default=False
        Whether to add the columns of these names.

    Returns
    -------
    dask.dataframe.DataFrame
        Nothing is computed yet. What ``detector.score_frame`` returns for each
        partition.

    Raises
    ------
    ImportError
        If Dask is not installed.
    NotFittedError
        If the detector is not fitted.

    Notes
    -----
    Scores depend on the partitions by less than a millionth of their range.
    """
    columns = {"reasons": reasons, "p_values": p_values, "severity": severity}
    return _mapped(frame, _scored, detector, columns, {})


def explain(frame, detector, *, top=3):
    """Return the reasons for the scores of a Dask DataFrame's rows.

    Parameters
    ----------
    frame : dask.dataframe.DataFrame
    detector : AutoencoderOutlierDetector or SavedDetector
    top : int, default=3
        Columns to name for each row.

    Returns
    -------
    dask.dataframe.DataFrame of shape (n_samples * top, 9)
        Nothing is computed yet. What ``detector.explain`` returns for each partition,
        with the index of its rows and the rank as columns: Dask has no index of two
        levels. The first is called as the index of `frame` is, or "row".

    Raises
    ------
    ImportError
        If Dask is not installed.
    NotFittedError
        If the detector is not fitted.
    """
    types = dict.fromkeys(_OBJECTS, object)
    return _mapped(frame, _explained, detector, top, types)


def _dask() -> Any:
    if importlib.util.find_spec("dask") is None:
        raise ImportError(
            "aeanomaly.distributed requires Dask. Install it with: pip install "
            '"aeanomaly[dask]".'
        )
    return importlib.import_module("dask")


def _default_detector() -> Any:
    from .detector import AutoencoderOutlierDetector

    return AutoencoderOutlierDetector()


def _starts(lengths: tuple[int, ...]) -> list[int]:
    """Return the position of each partition's first row."""
    starts = [0]
    for length in lengths:
        starts.append(starts[-1] + length)
    return starts[:-1]


def _drawn_part(
    part: Any,
    estimator: Any,
    label: Any,
    sample_size: int | None,
    seed: int,
    start: int,
    last: float,
) -> Drawing:
    """Return what a partition adds to the sample, and to what all rows showed."""
    from .streams import drawing_for

    drawing = drawing_for(
        estimator, label, sample_size, seed=seed, start=start, last=last
    )
    drawing.add(part)
    return drawing


def _merged(drawings: list[Drawing]) -> Drawing:
    import copy

    # A result of another task, which must stay as it is if this one is run again.
    whole = copy.deepcopy(drawings[0])
    for other in drawings[1:]:
        whole.merge(other)
    return whole


def _fitted(estimator: Any, drawing: Drawing) -> Any:
    drawn: Drawn = drawing.drawn()
    return estimator._fit_drawn(drawn)


def _mapped(
    frame: Any, function: Any, detector: Any, asked: Any, types: Mapping[str, type]
) -> Any:
    """Return a frame of what a function makes of each partition.

    Of no rows it has not always the types that it has of some: `types` are those.
    """
    dask = _dask()
    from sklearn.utils.validation import check_is_fitted

    if not isinstance(detector, SavedDetector):
        check_is_fitted(detector)
    scoring = SavedDetector.of(detector)
    meta = function(frame._meta, scoring, asked).astype(types)
    # As a task of its own it travels to each worker once, not with each partition.
    sent = dask.delayed(scoring, pure=True)
    return frame.map_partitions(function, sent, asked, meta=meta)


def _scored(part: Any, detector: SavedDetector, columns: dict[str, Any]) -> Any:
    return detector.score_frame(part, **columns)


def _explained(part: Any, detector: SavedDetector, top: int) -> Any:
    part = part.rename_axis(index=part.index.name or "row")
    return detector.explain(part, top).reset_index()
