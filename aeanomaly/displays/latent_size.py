"""How good networks with codes of different sizes are."""

from __future__ import annotations

from typing import Any

from ..latent_size import LatentSizeSearch, choose_latent_dim
from .drawing import FAINT, FLAGGED, SERIES, new_axes, panels, tidy

_NAMES = {
    "loss": "reconstruction error\nof held-out rows",
    "neighbours": "error of the\nnearest codes",
    "auroc": "AUROC",
}


class LatentSizeDisplay:
    """Measures of held-out rows against the size of the code.

    Parameters
    ----------
    search : LatentSizeSearch
        Sizes, and what was measured of each in each fold.

    Attributes
    ----------
    ax_ : matplotlib Axes
        After `plot`: what was given.
    axes_ : list of matplotlib Axes
        After `plot`: one for each measure.
    figure_ : matplotlib Figure
        After `plot`.

    Examples
    --------
    >>> import numpy as np
    >>> from aeanomaly.displays import LatentSizeDisplay
    >>> from aeanomaly.latent_size import LatentSizeSearch
    >>> measures = {"loss": np.array([[9.0, 8.0], [3.1, 3.3], [3.0, 3.2]])}
    >>> search = LatentSizeSearch((1, 2, 4), measures, "loss")
    >>> LatentSizeDisplay(search=search).search.latent_dim
    2
    """

    def __init__(self, *, search: LatentSizeSearch):
        self.search = search

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: Any = None, **options: Any
    ) -> LatentSizeDisplay:
        """Search the size of the code.

        Parameters
        ----------
        estimator : AutoencoderOutlierDetector or AutoencoderTransformer
            Need not be fitted.
        X : DataFrame or array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,), default=None
            Labels of either coding.
        **options
            See `choose_latent_dim`.
        """
        return cls(search=choose_latent_dim(estimator, X, y, **options))

    def plot(self, ax: Any = None) -> LatentSizeDisplay:
        """Draw each measure with its standard error, and mark the chosen size.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
        """
        search = self.search
        n_panels = len(search.measures)
        self.ax_ = new_axes(ax, (8.0, 1.6 + 1.7 * n_panels))
        self.axes_ = [tidy(a) for a in panels(self.ax_, n_panels)]
        for i, (panel, name) in enumerate(
            zip(self.axes_, search.measures, strict=True)
        ):
            mean, error = search.means(name), search.standard_errors(name)
            panel.errorbar(
                search.latent_dims,
                mean,
                error,
                color=SERIES[i],
                marker="o",
                capsize=3,
                label="mean and standard error over folds",
            )
            chosen = search.latent_dims.index(search.latent_dim)
            panel.axvline(
                search.latent_dim, color=FLAGGED, linestyle="--", linewidth=1.2
            )
            panel.set(ylabel=_NAMES.get(name, name))
            if name == search.criterion:
                panel.axhline(
                    search.limit,
                    color=FAINT,
                    linestyle=":",
                    label="one standard error from the best",
                )
                panel.plot(
                    search.latent_dim,
                    mean[chosen],
                    "D",
                    color=FLAGGED,
                    markersize=9,
                    label=f"chosen: {search.latent_dim}",
                )
                panel.legend(frameon=False, fontsize=9)
        last = self.axes_[-1]
        last.set_xscale("log", base=2)
        last.set_xticks(search.latent_dims, [str(d) for d in search.latent_dims])
        last.minorticks_off()
        last.set(xlabel="latent_dim: size of the code")
        self.figure_ = self.ax_.figure
        return self
