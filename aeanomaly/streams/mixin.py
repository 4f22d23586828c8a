"""Fitting an estimator to a table of any size, in memory that does not grow with it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, validate_parameter_constraints

from ..fitting.reservoir import DEFAULT_SAMPLE
from ..labels import training_labels
from .drawing import Drawing, KnownLabels, sampling_seed
from .frames import iter_frames


class StreamMixin:
    """Adds `fit_stream` to an estimator."""

    random_state: Any
    _fit: Callable[..., Any]

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_stream(self, table, *, label=None, sample_size=DEFAULT_SAMPLE):
        """Fit to a table of any size, in memory that does not grow with it.

        All rows are read once, files twice. A sample of them at random trains, and
        calibrates the threshold: by `random_state` and the rows' positions, however the
        table is cut into pieces. Ranges, levels and how often each is there, and what
        is missing are those of all rows, so that what the sample lacks is not called
        new. A table of no more rows than the sample is fitted as by `fit`.

        Parameters
        ----------
        table : path, sequence of paths, table or iterable of tables
            Table files, patterns and folders of parts, as on the command line; a
            DataFrame of pandas or Polars, a lazy frame of Polars, a table, dataset or
            reader of Arrow, a frame of Dask, which is computed partition by partition;
            or an iterator of tables, such as ``pandas.read_csv(path, chunksize=9999)``.
        label : str or int, default=None
            Column of labels, which is not a feature. With ``labels="learn"`` the
            detector learns from it, as from ``y`` in `fit`; known anomalies, up to
            10,000, are kept beside the sample, unless `threshold` is a rule that counts
            them among the other rows.
        sample_size : int or None, default=100_000
            Most rows to train on; None for all of them.

        Returns
        -------
        self : estimator
            With ``n_samples_seen_``, the number of rows of the table.

        Raises
        ------
        ColumnError
            If a column cannot be encoded, parts of the table have other columns, or
            there is no column `label`.
        TypeError
            If the table is of a type that cannot be read.
        ValueError
            If the table has no rows, or as in `fit`.
        """
        check_sample_size(sample_size)
        seed = sampling_seed(self.random_state)
        drawing = drawing_for(self, label, sample_size, seed=seed)
        with closing(iter_frames(table, sample_size, seed)) as frames:
            for frame in frames:
                drawing.add(frame)
        return self._fit_drawn(drawing.drawn())

    @_fit_context(prefer_skip_nested_validation=True)
    def _fit_drawn(self, drawn):
        """Fit to a `Drawn`: rows of a table, and what all its rows showed."""
        y = drawn.labels if learns_from_labels(self) else None
        self._fit(drawn.table, y, census=drawn.census)
        self.n_samples_seen_ = drawn.n_rows
        return self


class _LabelsOf(KnownLabels):
    """A column of labels, as an estimator's parameters read them."""

    def __init__(self, name: Any, estimator: Any) -> None:
        super().__init__(name)
        self._normal = getattr(estimator, "normal_label", None)
        self._learns = learns_from_labels(estimator)
        # A rule that counts anomalies among other rows needs them in their share.
        counts = self._learns and bool(estimator._threshold_rule().asks_for)
        self._keeps = self._learns and not counts

    def masks(self, labels: Any) -> dict[Any, np.ndarray]:
        if not self._keeps:
            return {}
        if self._normal is not None:
            is_normal = (labels == self._normal).fillna(True).to_numpy(dtype=bool)
            return {"other": ~is_normal & labels.notna().to_numpy()}
        # 1 is an anomaly beside 0, and -1 is one beside 1: all labels together tell.
        return {
            value: (labels == value).fillna(False).to_numpy(dtype=bool)
            for value in (1, -1)
        }

    def is_anomaly(self, labels: Any) -> np.ndarray:
        if not self._learns:
            return np.zeros(len(labels), dtype=bool)
        return training_labels(labels, self._normal) == -1


def learns_from_labels(estimator: Any) -> bool:
    """Return whether an estimator learns from labels that it is given."""
    return bool(getattr(estimator, "labels", "ignore") == "learn")


def drawing_for(
    estimator: Any, label: Any, sample_size: int | None, **of_part: Any
) -> Drawing:
    """Return what draws an estimator's training rows.

    Parameters
    ----------
    estimator : estimator
    label : str, int or None
        Column of labels.
    sample_size : int or None
    **of_part : object
        As in `Drawing`.
    """
    known = None if label is None else _LabelsOf(label, estimator)
    return Drawing(sample_size, labels=known, **of_part)


def check_sample_size(sample_size: Any) -> None:
    """Raise an `InvalidParameterError` unless it can be the size of a sample."""
    allowed = {"sample_size": [Interval(Integral, 2, None, closed="left"), None]}
    given = {"sample_size": sample_size}
    validate_parameter_constraints(allowed, given, "fit_stream")
