"""Fitting an estimator to a table of any size, in memory that does not grow with it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, validate_parameter_constraints

from ..labels import training_labels
from .drawing import DEFAULT_SAMPLE, Drawing, Drawn, KnownLabels, sampling_seed
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
            10,000, are kept beside the sample.
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
        allowed = {"sample_size": [Interval(Integral, 2, None, closed="left"), None]}
        given = {"sample_size": sample_size}
        validate_parameter_constraints(allowed, given, "fit_stream")
        seed = sampling_seed(self.random_state)
        drawing = Drawing(sample_size, seed, _known_labels(label, self))
        with closing(iter_frames(table, sample_size, seed)) as frames:
            for frame in frames:
                drawing.add(frame)
        return self._fit_drawn(drawing.drawn())

    def _fit_drawn(self, drawn: Drawn) -> Any:
        """Fit to rows that were drawn."""
        y = drawn.labels if getattr(self, "labels", "ignore") == "learn" else None
        self._fit(drawn.table, y, census=drawn.census)
        self.n_samples_seen_ = drawn.n_rows
        return self


def _known_labels(label: Any, estimator: Any) -> KnownLabels | None:
    """Return how to tell known anomalies by a column of labels."""
    if label is None:
        return None
    normal = getattr(estimator, "normal_label", None)
    learns = getattr(estimator, "labels", "ignore") == "learn"

    def masks(labels: Any) -> dict[Any, np.ndarray]:
        if not learns:
            return {}
        if normal is not None:
            is_normal = (labels == normal).fillna(True).to_numpy(dtype=bool)
            return {"other": ~is_normal & labels.notna().to_numpy()}
        # 1 is an anomaly beside 0, and -1 is one beside 1: all labels together tell.
        return {
            value: (labels == value).fillna(False).to_numpy(dtype=bool)
            for value in (1, -1)
        }

    def is_anomaly(labels: Any) -> np.ndarray:
        if not learns:
            return np.zeros(len(labels), dtype=bool)
        return training_labels(labels, normal) == -1

    return KnownLabels(label, masks, is_anomaly)
