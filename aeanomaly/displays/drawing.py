"""What all displays draw with: axes, colours and text that are safe to look at."""

from __future__ import annotations

from typing import Any

from ..printable import printable

# The colours of Okabe and Ito, which every kind of colour vision tells apart.
ORDINARY, FLAGGED, LABELLED = "#0072B2", "#D55E00", "#000000"
SERIES = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9")
FAINT, LINE = "#5B6770", "#C9D1D8"
# Inches: 800 pixels at matplotlib's 100 dots.
SIZE = (8.0, 4.5)
_SHOWN_LENGTH = 32


def new_axes(ax: Any = None, size: tuple[float, float] = SIZE) -> Any:
    """Return the axes to draw on: those given, or new ones.

    Raises
    ------
    ImportError
        If matplotlib is not there, which draws all displays.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ImportError(
            "Displays are drawn by matplotlib, which is not installed. Install it "
            'with: pip install "aeanomaly[plot]".'
        ) from None
    if ax is not None:
        return ax
    return plt.subplots(figsize=size, layout="constrained")[1]


def panels(ax: Any, n_panels: int) -> list[Any]:
    """Return axes one below the other, with one x axis, in the place of one.

    Parameters
    ----------
    ax : matplotlib Axes
        Stays as it is if one is wanted, and is hidden otherwise.
    n_panels : int
    """
    if n_panels == 1:
        return [ax]
    ax.set_axis_off()
    grid = ax.get_subplotspec().subgridspec(n_panels, 1, hspace=0.08)
    first = ax.figure.add_subplot(grid[0])
    others = [ax.figure.add_subplot(grid[i], sharex=first) for i in range(1, n_panels)]
    for above in [first, *others][:-1]:
        above.tick_params(labelbottom=False)
    return [first, *others]


def tidy(ax: Any) -> Any:
    """Take away what frames the axes, and put a faint grid behind what is drawn."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(color=LINE, linewidth=0.6)
    ax.set_axisbelow(True)
    return ax


def label(text: object, length: int = _SHOWN_LENGTH) -> str:
    r"""Return a name or a value as matplotlib shows it: dollars are no formula.

    Examples
    --------
    >>> label("price in $")
    'price in \\$'
    """
    return printable(text, length).replace("$", r"\$")


def mark_offset(ax: Any, offset: float, *, named: bool = True) -> None:
    """Draw the threshold as a dashed line across scores."""
    words = f"threshold {offset:.3g}" if named else None
    ax.axvline(offset, color=FLAGGED, linestyle="--", linewidth=1.4, label=words)
