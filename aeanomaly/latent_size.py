"""Which size of the code: a search, and the rule of one standard error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .labels import anomaly_labels
from .scoring.encoding.tabular import take_rows

__all__ = ["LatentSizeSearch", "choose_latent_dim"]

_SIZES = (1, 2, 4, 8, 16, 32)
# Codes of training rows that stand for a held-out row.
_N_NEIGHBOURS = 5
_GREATER_IS_BETTER = frozenset({"auroc"})


@dataclass(frozen=True)
class LatentSizeSearch:
    """What was measured of codes of several sizes, and which of them to take.

    Parameters
    ----------
    latent_dims : tuple of int
        Sizes, ascending.
    measures : dict of str to ndarray of shape (n_sizes, n_folds)
        "loss", the reconstruction error of held-out rows; "neighbours", how far they
        are from the training rows whose codes are nearest to theirs; with labels,
        "auroc".
    criterion : str
        The measure that decides.

    Examples
    --------
    >>> import numpy as np
    >>> from aeanomaly.latent_size import LatentSizeSearch
    >>> losses = np.array([[9.0, 8.0], [3.1, 3.3], [3.0, 3.2]])
    >>> search = LatentSizeSearch((1, 2, 4), {"loss": losses}, "loss")
    >>> search.best_latent_dim, search.latent_dim
    (4, 2)
    """

    latent_dims: tuple[int, ...]
    measures: dict[str, np.ndarray]
    criterion: str

    def means(self, measure: str) -> np.ndarray:
        """Return the mean over folds, (n_sizes,)."""
        return np.asarray(np.nanmean(self.measures[measure], axis=1))

    def standard_errors(self, measure: str) -> np.ndarray:
        """Return the standard error of the mean over folds, (n_sizes,)."""
        values = self.measures[measure]
        n_folds = np.isfinite(values).sum(axis=1)
        return np.asarray(np.nanstd(values, axis=1, ddof=1) / np.sqrt(n_folds))

    @property
    def best_latent_dim(self) -> int:
        """The size of the best mean."""
        return self.latent_dims[int(np.argmax(self._signed()))]

    @property
    def limit(self) -> float:
        """The best mean less one standard error of it, or more where less is better."""
        best = int(np.argmax(self._signed()))
        error = self.standard_errors(self.criterion)[best]
        sign = 1 if self.criterion in _GREATER_IS_BETTER else -1
        return float(self.means(self.criterion)[best] - sign * error)

    @property
    def latent_dim(self) -> int:
        """The least size within one standard error of the best."""
        sign = 1 if self.criterion in _GREATER_IS_BETTER else -1
        within = self._signed() >= sign * self.limit
        return self.latent_dims[int(np.argmax(within))]

    def _signed(self) -> np.ndarray:
        sign = 1 if self.criterion in _GREATER_IS_BETTER else -1
        return sign * self.means(self.criterion)


def choose_latent_dim(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    latent_dims: Sequence[int] | None = None,
    criterion: str | None = None,
    n_folds: int = 3,
    normal: Any = None,
    random_state: int = 0,
) -> LatentSizeSearch:
    """Search the size of the code by cross-validation.

    Of sizes that the folds cannot tell apart the least is chosen: the least size whose
    mean is within one standard error of the best one.

    Parameters
    ----------
    estimator : AutoencoderOutlierDetector or AutoencoderTransformer
        It is cloned and fitted, once for each size and fold.
    X : DataFrame or array-like of shape (n_samples, n_features)
    y : array-like of shape (n_samples,), default=None
        Labels of either coding; rows without one are trained on, and not measured.
    latent_dims : sequence of int, default=None
        Sizes to try. None: 1, 2, 4 and so on to 32, but at most twice the number of
        columns.
    criterion : {"loss", "neighbours", "auroc"}, default=None
        What decides. None: "auroc" with labels, else "loss".
    n_folds : int, default=3
        At least two. With labels each has anomalies of its own.
    normal : object, default=None
        The label of normal rows, for labels of any other kind.
    random_state : int, default=0
        Seed of the folds.

    Returns
    -------
    LatentSizeSearch
        Its ``latent_dim`` is the choice.

    Raises
    ------
    ValueError
        If a criterion is asked for that is not measured.

    References
    ----------
    L. Breiman et al., *Classification and Regression Trees*, 1984: the rule.
    """
    from sklearn.base import clone

    X = X if hasattr(X, "iloc") else np.asarray(X)
    sizes = _sizes(latent_dims, X.shape[1])
    is_anomaly, labelled = None, None
    if y is not None:
        is_anomaly, labelled = anomaly_labels(y, normal)
    criterion = criterion or ("loss" if y is None else "auroc")
    names = ["loss", "neighbours", *(["auroc"] if y is not None else [])]
    if criterion not in names:
        raise ValueError(
            f"criterion must be one of {names}"
            f"{'' if y is not None else ', as there are no labels'}. Got {criterion!r}."
        )
    folds = _folds(len(X), is_anomaly, n_folds, random_state)
    measures = {name: np.full((len(sizes), len(folds)), np.nan) for name in names}
    for i, size in enumerate(sizes):
        for j, (seen, held_out) in enumerate(folds):
            fitted = clone(estimator).set_params(latent_dim=size)
            fitted.fit(take_rows(X, seen))
            rows = take_rows(X, held_out)
            measures["loss"][i, j], measures["neighbours"][i, j] = _errors(
                fitted, take_rows(X, seen), rows
            )
            if is_anomaly is not None and labelled is not None:
                known = labelled[held_out]
                measures["auroc"][i, j] = _auroc(
                    fitted, take_rows(rows, known), is_anomaly[held_out][known]
                )
    return LatentSizeSearch(sizes, measures, criterion)


def _sizes(latent_dims: Sequence[int] | None, n_columns: int) -> tuple[int, ...]:
    if latent_dims is None:
        return tuple(size for size in _SIZES if size <= max(2, 2 * n_columns))
    sizes = tuple(sorted({int(size) for size in latent_dims}))
    if not sizes or sizes[0] < 1:
        raise ValueError(
            f"latent_dims must hold whole numbers from 1 on. Got {latent_dims!r}."
        )
    return sizes


def _folds(
    n_rows: int, is_anomaly: np.ndarray | None, n_folds: int, random_state: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    from sklearn.model_selection import KFold, StratifiedKFold

    if is_anomaly is None:
        plain = KFold(n_folds, shuffle=True, random_state=random_state)
        return list(plain.split(np.zeros(n_rows)))
    by_label = StratifiedKFold(n_folds, shuffle=True, random_state=random_state)
    return list(by_label.split(np.zeros(n_rows), is_anomaly))


def _errors(fitted: Any, seen: Any, held_out: Any) -> tuple[float, float]:
    """Return the reconstruction error, and that of the nearest codes."""
    from sklearn.neighbors import NearestNeighbors

    model = fitted.model_
    seen, held_out = fitted._check_table(seen), fitted._check_table(held_out)
    index = NearestNeighbors(n_neighbors=min(_N_NEIGHBOURS, len(seen)))
    index.fit(model.codes(seen))
    nearest = index.kneighbors(model.codes(held_out), return_distance=False)
    Z, shown = (model.encoding.encode(rows).Z for rows in (seen, held_out))
    squared = np.square(Z[nearest].mean(axis=1) - shown).sum(axis=1, dtype=np.float64)
    n_columns = max(1, model.encoding.n_judged)
    loss = float(model.reconstruction_errors(held_out).mean())
    return loss, float(squared.mean() / n_columns)


def _auroc(fitted: Any, rows: Any, is_anomaly: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    if is_anomaly.all() or not is_anomaly.any():
        return np.nan
    if hasattr(fitted, "score_samples"):
        return float(roc_auc_score(is_anomaly, -fitted.score_samples(rows)))
    errors = fitted.model_.reconstruction_errors(fitted._check_table(rows))
    return float(roc_auc_score(is_anomaly, errors))
