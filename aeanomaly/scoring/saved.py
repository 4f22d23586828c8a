"""Saved models that score with NumPy and pandas only."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..exceptions import ArchiveError
from .answers import ScoringMixin
from .archive import MAX_BYTES, SavedModel, read_model
from .door import rows_to_score


class SavedDetector(ScoringMixin):
    """A detector from a model file: it scores and explains, and is not fitted again.

    Returned by `aeanomaly.scoring.load`. Its methods are those of
    `AutoencoderOutlierDetector`, and give the same numbers. Safe to call from many
    threads.

    Parameters
    ----------
    saved : SavedModel
        What the file holds.

    Attributes
    ----------
    scorer_ : Scorer
        All that scoring needs.
    offset_ : float
        Score below which a row is an outlier.
    calibration_ : Calibration or None
        Scores of unseen normal rows, for p-values and severity.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where the model was fitted on a DataFrame.
    """

    def __init__(self, saved: SavedModel) -> None:
        assert saved.scorer is not None
        assert saved.offset is not None
        self.scorer_ = saved.scorer
        self.offset_ = saved.offset
        self.calibration_ = saved.calibration
        encoding = saved.scorer.encoding
        self.n_features_in_ = len(encoding.columns)
        if encoding.named:
            names = np.empty(len(encoding.names), dtype=object)
            names[:] = encoding.names
            self.feature_names_in_ = names

    @classmethod
    def of(cls, detector: Any) -> SavedDetector:
        """Return what of a fitted detector scores, to be sent to where it is needed.

        Parameters
        ----------
        detector : AutoencoderOutlierDetector or SavedDetector

        Returns
        -------
        SavedDetector
            Arrays only: whoever unpickles it needs NumPy and pandas.

        Raises
        ------
        AttributeError
            If the detector is not fitted.
        """
        scorer, calibration = detector.scorer_, getattr(detector, "calibration_", None)
        name, offset = "AutoencoderOutlierDetector", detector.offset_
        held = SavedModel(name, scorer.model, scorer, offset, calibration, {}, {})
        return cls(held)

    def __repr__(self) -> str:
        n_columns, network = self.n_features_in_, self.scorer_.model.network
        return f"<SavedDetector of {n_columns} columns: {network.describe()}>"

    def _check_table(self, X: Any) -> Any:
        return rows_to_score(X, self.scorer_.encoding)


def load(
    path: str | os.PathLike[str],
    *,
    classes: Iterable[type] = (),
    max_bytes: int = MAX_BYTES,
) -> SavedDetector:
    """Load a detector that scores, with NumPy and pandas only.

    Neither scikit-learn nor TensorFlow is needed, nor imported, unless the network has
    layers that are not dense. Nothing in the file is imported or executed, so a file
    from anyone may be loaded. `aeanomaly.load` returns the estimator, which can be
    fitted again and given another threshold.

    Parameters
    ----------
    path : str or path-like
        A file that ``AutoencoderOutlierDetector.save`` or ``aeanomaly fit`` wrote.
    classes : iterable of type, default=()
        Parts of the score and kinds of column of your own that the model was saved
        with, looked up by name.
    max_bytes : int, default=2147483648
        Size beyond which a file is refused.

    Returns
    -------
    SavedDetector
        With `score_samples`, `decision_function`, `predict`, `p_values`, `severity`,
        `score_frame` and `explain`.

    Raises
    ------
    ArchiveError
        If the file is not a model of a detector, was changed or truncated, is too
        large, or was written by a newer aeanomaly.
    OSError
        If there is no such file, or it cannot be read.

    Examples
    --------
    >>> import os, tempfile
    >>> import aeanomaly.scoring
    >>> from aeanomaly import AutoencoderOutlierDetector
    >>> path = os.path.join(tempfile.mkdtemp(), "model.aea")
    >>> X = [[0.0, 1.0], [1.0, 2.0], [2.0, 3.0], [3.0, 4.0]]
    >>> detector = AutoencoderOutlierDetector(max_iter=2, random_state=0).fit(X)
    >>> detector.save(path)
    >>> saved = aeanomaly.scoring.load(path)
    >>> bool((saved.score_samples(X) == detector.score_samples(X)).all())
    True
    """
    saved = read_model(path, classes=classes, max_bytes=max_bytes)
    if saved.scorer is None or saved.offset is None:
        raise ArchiveError(
            f"{path} holds an {saved.estimator}, which has no score. Pass the model of "
            f"an AutoencoderOutlierDetector, or use aeanomaly.load."
        )
    return SavedDetector(saved)
