"""Where rows lie among the codes of the network: a map in two directions."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..labels import anomaly_labels
from ..scoring.encoding.tabular import take_rows
from .drawing import FLAGGED, LABELLED, ORDINARY, new_axes, tidy

METHODS = ("pca", "tsne")
_MAX_ROWS = 3_000


class CodeMapDisplay:
    """Codes of rows in two directions, flagged and labelled rows marked.

    Parameters
    ----------
    positions : ndarray of shape (n_rows, 2)
    rows : ndarray of shape (n_rows,), int
        Positions of the rows in the table.
    is_outlier : ndarray of shape (n_rows,), bool
        Whether the row is flagged; False for a transformer, which flags none.
    is_anomaly : ndarray of shape (n_rows,), bool, or None
        Whether it is labelled as an anomaly; None without labels.
    explained : ndarray of shape (2,) or None
        Share of the codes' variance that each direction shows; None for t-SNE.

    Attributes
    ----------
    ax_ : matplotlib Axes
        After `plot`.
    figure_ : matplotlib Figure
        After `plot`.

    Examples
    --------
    >>> import numpy as np
    >>> from aeanomaly.displays import CodeMapDisplay
    >>> codes = np.array([[0.0, 0.0, 1.0], [3.0, 0.0, 1.0], [6.0, 1.0, 1.0]])
    >>> display = CodeMapDisplay.from_codes(codes)
    >>> display.positions.shape, bool(display.explained[0] > 0.9)
    ((3, 2), True)
    """

    def __init__(self, *, positions, rows, is_outlier, is_anomaly, explained):
        self.positions = positions
        self.rows = rows
        self.is_outlier = is_outlier
        self.is_anomaly = is_anomaly
        self.explained = explained

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        method: str = "pca",
        normal: Any = None,
        max_rows: int = _MAX_ROWS,
        random_state: int = 0,
    ) -> CodeMapDisplay:
        """Compute the codes of rows, and where they lie.

        Parameters
        ----------
        estimator : AutoencoderOutlierDetector or AutoencoderTransformer
            Fitted.
        X : DataFrame or array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,), default=None
            Labels of either coding.
        method : {"pca", "tsne"}, default="pca"
            Principal directions, or t-SNE, which keeps neighbours together.
        normal : object, default=None
            The label of normal rows, for labels of any other kind.
        max_rows : int, default=3000
            Rows to show if there are more: flagged and labelled ones, and others at
            random.
        random_state : int, default=0
            Seed of the rows and of t-SNE.
        """
        check_is_fitted(estimator)
        table = estimator._check_table(X)
        is_outlier = np.zeros(len(table), dtype=bool)
        if hasattr(estimator, "offset_"):
            scores = estimator.scorer_.score_samples(table)
            is_outlier = scores < estimator.offset_
        is_anomaly = None if y is None else anomaly_labels(y, normal)[0]
        marked = is_outlier if is_anomaly is None else is_outlier | is_anomaly
        rows = _some_rows(marked, max_rows, random_state)
        return cls.from_codes(
            estimator.model_.codes(take_rows(table, rows)),
            is_outlier=is_outlier[rows],
            is_anomaly=None if is_anomaly is None else is_anomaly[rows],
            rows=rows,
            method=method,
            random_state=random_state,
        )

    @classmethod
    def from_codes(
        cls,
        codes: Any,
        *,
        is_outlier: Any = None,
        is_anomaly: Any = None,
        rows: Any = None,
        method: str = "pca",
        random_state: int = 0,
    ) -> CodeMapDisplay:
        """Compute where codes lie.

        Parameters
        ----------
        codes : array-like of shape (n_rows, latent_dim)
        is_outlier, is_anomaly : array-like of shape (n_rows,), default=None
        rows : array-like of shape (n_rows,), default=None
        method : {"pca", "tsne"}, default="pca"
        random_state : int, default=0
        """
        codes = np.asarray(codes, dtype=np.float64)
        if method not in METHODS:
            raise ValueError(f"method must be one of {list(METHODS)}. Got {method!r}.")
        if method == "tsne":
            positions, explained = _tsne(codes, random_state), None
        else:
            positions, explained = _principal(codes)
        return cls(
            positions=positions,
            rows=np.arange(len(codes)) if rows is None else np.asarray(rows),
            is_outlier=np.zeros(len(codes), dtype=bool)
            if is_outlier is None
            else np.asarray(is_outlier),
            is_anomaly=None if is_anomaly is None else np.asarray(is_anomaly),
            explained=explained,
        )

    def plot(self, ax: Any = None) -> CodeMapDisplay:
        """Draw the rows as points; flagged ones are diamonds, labelled ones have rings.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
        """
        ax = tidy(new_axes(ax, (8.0, 5.4)))
        # A transformer flags nothing: its rows are neither flagged nor not.
        ordinary = "not flagged" if self.is_outlier.any() else "rows"
        for marked, colour, marker, name in (
            (False, ORDINARY, "o", ordinary),
            (True, FLAGGED, "D", "flagged"),
        ):
            at = self.is_outlier == marked
            if not at.any():
                continue
            ax.scatter(
                *self.positions[at].T,
                s=22 if marked else 9,
                color=colour,
                marker=marker,
                alpha=0.85 if marked else 0.35,
                linewidths=0,
                label=f"{name} ({at.sum():,})",
            )
        if self.is_anomaly is not None:
            ax.scatter(
                *self.positions[self.is_anomaly].T,
                s=60,
                facecolors="none",
                edgecolors=LABELLED,
                linewidths=1.0,
                label=f"labelled as anomalies ({self.is_anomaly.sum():,})",
            )
        names = ["first t-SNE direction", "second t-SNE direction"]
        if self.explained is not None:
            names = [
                f"{which} principal direction ({share:.0%} of the variance)"
                for which, share in zip(
                    ("first", "second"), self.explained, strict=True
                )
            ]
        ax.set(xlabel=f"codes: {names[0]}", ylabel=f"codes: {names[1]}")
        ax.legend(frameon=False)
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _some_rows(marked: np.ndarray, max_rows: int, random_state: int) -> np.ndarray:
    """Return all rows, or the marked ones and others at random, ascending."""
    if len(marked) <= max_rows:
        return np.arange(len(marked))
    rng = np.random.default_rng(random_state)
    first, others = rng.permutation(np.flatnonzero(marked)), np.flatnonzero(~marked)
    rows = np.concatenate([first, rng.permutation(others)])[:max_rows]
    return np.sort(rows)


def _principal(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return positions in the two directions of the greatest variance."""
    centred = codes - codes.mean(axis=0)
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    # The sign of a direction is arbitrary: its greatest component is positive.
    greatest = np.abs(directions).argmax(axis=1)
    signs = np.sign(directions[np.arange(len(directions)), greatest])
    positions = np.zeros((len(codes), 2))
    explained = np.zeros(2)
    kept = min(2, len(directions))
    positions[:, :kept] = centred @ (directions[:kept] * signs[:kept, None]).T
    total = np.square(sizes).sum()
    explained[:kept] = np.square(sizes[:kept]) / total if total else 0.0
    return positions, explained


def _tsne(codes: np.ndarray, random_state: int) -> np.ndarray:
    from sklearn.manifold import TSNE

    perplexity = min(30.0, max(1.0, (len(codes) - 1) / 3))
    tsne = TSNE(perplexity=perplexity, init="pca", random_state=random_state)
    if codes.shape[1] < 2:
        tsne.set_params(init="random")
    return np.asarray(tsne.fit_transform(codes.astype(np.float32)))
