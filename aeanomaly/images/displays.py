"""Pictures of images: rows of them, and where their reconstructions are wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..scoring.errors import unit_errors


class ErrorMapDisplay:
    """Original, reconstruction and error of each pixel, one below the other.

    Parameters
    ----------
    images, reconstructions : ndarray of shape (n_images, height, width[, n_channels])
        In original units.
    errors : ndarray of shape (n_images, height, width[, n_channels])
        Squared error of each pixel, on the scale on which the training images lie in
        [0, 1]; as the scores count it.

    Attributes
    ----------
    ax_ : matplotlib Axes
        After `plot`: in whose place the images are.
    figure_ : matplotlib Figure
        After `plot`.

    Examples
    --------
    >>> import numpy as np
    >>> from aeanomaly import AutoencoderTransformer
    >>> from aeanomaly.images import ErrorMapDisplay, ImageUndercomplete
    >>> X = np.random.default_rng(0).integers(0, 256, (20, 4, 4)).astype("uint8")
    >>> transformer = AutoencoderTransformer(
    ...     architecture=ImageUndercomplete(), max_iter=2, random_state=0
    ... )
    >>> ErrorMapDisplay.from_estimator(transformer.fit(X), X).errors.shape
    (20, 4, 4)
    """

    def __init__(self, *, images, reconstructions, errors):
        self.images = images
        self.reconstructions = reconstructions
        self.errors = errors

    @classmethod
    def from_estimator(cls, estimator: Any, X: Any) -> ErrorMapDisplay:
        """Compute the error maps of images.

        Parameters
        ----------
        estimator : AutoencoderTransformer or AutoencoderOutlierDetector
            Fitted, with an architecture for images.
        X : ndarray of images, as the estimator takes them

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If its architecture is not one for images.
        """
        check_is_fitted(estimator)
        encoding, architecture = estimator.model_.encoding, estimator.architecture_
        shape = getattr(architecture, "image_shape", None)
        if shape is None:
            raise TypeError(
                f"An error map needs an estimator with an ImageArchitecture. Got one "
                f"with {architecture!r} instead."
            )
        rows = np.asarray(architecture.as_table(X))
        outputs, errors = np.empty(rows.shape), np.empty(rows.shape)
        for block, evaluation in estimator.model_.iter_evaluations(rows):
            outputs[block] = evaluation.output.mean(axis=0)
            errors[block] = unit_errors(evaluation.Z, evaluation.output, encoding)
        images = (len(rows), *(shape if shape[2] > 1 else shape[:2]))
        restored = np.column_stack(encoding.restore(outputs))
        return cls(
            images=rows.reshape(images),
            reconstructions=restored.reshape(images),
            errors=errors.reshape(images),
        )

    def plot(self, ax: Any = None) -> ErrorMapDisplay:
        """Draw the images, their reconstructions and a heat map of the errors.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            In whose place they are drawn; a new figure by default.
        """
        grey = {"original": self.images, "reconstruction": self.reconstructions}
        heat = self.errors if self.errors.ndim == 3 else self.errors.mean(axis=-1)
        heat_rows = {"squared error": heat}
        self.figure_ = plot_image_rows(grey, heat_rows=heat_rows, ax=ax)
        self.ax_ = self.figure_.axes[0] if ax is None else ax
        return self


def plot_image_rows(
    rows: Mapping[str, np.ndarray],
    *,
    heat_rows: Mapping[str, np.ndarray] | None = None,
    ax: Any = None,
) -> Any:
    """Draw rows of images one below the other, each labelled on its left.

    Parameters
    ----------
    rows : mapping of str to ndarray of shape (n_images, height, width[, n_channels])
        Each row has a grey scale of its own, from its smallest value to its largest.
    heat_rows : mapping of str to ndarray of shape (n_images, height, width), optional
        Rows in colours, with a colour bar each.
    ax : matplotlib Axes, optional
        In whose place they are drawn; a new figure by default.

    Returns
    -------
    matplotlib Figure
    """
    import matplotlib.pyplot as plt

    heat_rows = heat_rows or {}
    every = {**rows, **heat_rows}
    n_columns = max(len(images) for images in every.values())
    if ax is None:
        figure, axes = plt.subplots(
            len(every),
            n_columns,
            figsize=(0.9 * n_columns + 1.4, 0.95 * len(every)),
            squeeze=False,
            layout="constrained",
        )
    else:
        ax.set_axis_off()
        figure = ax.figure
        grid = ax.get_subplotspec().subgridspec(len(every), n_columns)
        axes = grid.subplots(squeeze=False)
    for axes_row, (label, images) in zip(axes, every.items(), strict=True):
        heat = label in heat_rows
        drawn = _draw_row(axes_row, images, "inferno" if heat else "gray")
        axes_row[0].set_ylabel(label, rotation=0, ha="right", va="center", labelpad=8)
        if heat:
            figure.colorbar(drawn, ax=list(axes_row), fraction=0.05, pad=0.01)
    return figure


def _draw_row(axes: Any, images: np.ndarray, colours: str) -> Any:
    low, high = float(np.min(images)), float(np.max(images))
    drawn = None
    for ax in axes:
        ax.set(xticks=[], yticks=[])
        ax.set_frame_on(False)
    for ax, image in zip(axes, images, strict=False):
        grey = image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image
        drawn = ax.imshow(grey, cmap=colours, vmin=low, vmax=high)
    return drawn
