"""Whether a table still is what a fitted detector knows."""

from __future__ import annotations

from typing import Any

from sklearn.utils.validation import check_is_fitted

from .drift import Drift, TableWatch, drift_of
from .scoring.door import as_pandas
from .scoring.encoding.images import ImageEncoding
from .scoring.encoding.tabular import column_at, take_rows, with_columns
from .scoring.scorer import Scorer

_BLOCK_ROWS = 50_000


class DriftMixin:
    """What a detector says of the drift of a table."""

    scorer_: Scorer
    calibration_: Any
    offset_: float
    _check_table: Any

    def drift(self, X, *, state=None, accept=False) -> Drift:
        """Return how far a table has drifted from the training rows, and what to do.

        Each column, and the score, is compared with what the model keeps of its
        training rows. What is too surprising to be chance, at one in a hundred for all
        columns together, and large enough to matter, is named: other units, another
        time zone, swapped columns, missing values, new levels, values that have
        shifted. See ``docs/drift.md``.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Fitted columns may be missing, and others be there.
        state : str or path-like, default=None
            JSON file that remembers the tables so far, for a watch every night: small
            shifts add up over nights, what nights vary by is learnt, and where nothing
            changes an alarm comes once in a hundred nights at most on average. It is
            made where there is none. None: X is judged by itself.
        accept : bool, default=False
            Take X for a stable table, whatever it looks like: it changes the state,
            and is never an alarm.

        Returns
        -------
        drift : Drift
            Its text is the verdict and its reasons; ``has_drifted`` says whether it is
            an alarm; ``to_frame()`` and ``to_dict()`` hold all sizes and p-values.

        Raises
        ------
        ColumnError
            If a column is of another kind than in `fit`.
        NotFittedError
            If the detector is not fitted.
        StateError
            If the file of `state` holds something else.
        TypeError
            If the detector was fitted on images.
        """
        check_is_fitted(self)
        encoding = self.scorer_.encoding
        if isinstance(encoding, ImageEncoding):
            raise TypeError(
                "drift is about the columns of tables, and this detector was fitted on "
                "images."
            )
        frame: Any = as_pandas(X) if encoding.named else None
        absent: list[int] = []
        extra: list[Any] = []
        if frame is not None:
            given = set(frame.columns)
            absent = [i for i, name in enumerate(encoding.names) if name not in given]
            extra = [name for name in frame.columns if name not in set(encoding.names)]
        watch = TableWatch(self.scorer_, self.calibration_, self.offset_, absent)
        if absent:
            present = [c for c in encoding.columns if c.name in given]
            table = frame[[c.name for c in present]]
            read = {i: c.read(column_at(table, i)) for i, c in enumerate(present)}
            table = with_columns(table, read)
        else:
            table = self._check_table(X if frame is None else frame[encoding.names])
        for start in range(0, len(table), _BLOCK_ROWS):
            block = take_rows(table, slice(start, start + _BLOCK_ROWS))
            scores = None
            if watch.scores is not None and not absent:
                scores = self.scorer_.score_samples(block)
            watch.add(block, scores)
        return drift_of(watch, self.scorer_, state=state, accept=accept, extra=extra)
