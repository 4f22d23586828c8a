"""Charts as lists of shapes that a template writes as SVG: no numbers are made here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

# Units of a chart's own coordinates; the page scales it.
WIDTH, HEIGHT = 720, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 40, 16, 52


class Axes:
    """Maps values to places in a chart.

    Parameters
    ----------
    x, y : tuple of float
        Ends of the values on either axis.
    log : bool
        Whether the vertical axis is logarithmic.
    """

    def __init__(
        self, x: tuple[float, float], y: tuple[float, float], log: bool = False
    ) -> None:
        self.x, self.y, self.log = x, y, log

    def at_x(self, value: float) -> float:
        """Return the place of a value, from the left."""
        span = (self.x[1] - self.x[0]) or 1.0
        within = WIDTH - _LEFT - _RIGHT
        return round(_LEFT + (value - self.x[0]) / span * within, 1)

    def at_y(self, value: float) -> float:
        """Return the place of a value, from the top."""
        low, high = self.y
        if self.log:
            value, low, high = (math.log10(max(v, 1e-12)) for v in (value, low, high))
        share = (value - low) / ((high - low) or 1.0)
        return round(HEIGHT - _BOTTOM - max(0.0, share) * (HEIGHT - _TOP - _BOTTOM), 1)

    def path(self, xs: Sequence[float], ys: Sequence[float]) -> str:
        """Return a line through points."""
        points = [f"{self.at_x(x)},{self.at_y(y)}" for x, y in zip(xs, ys, strict=True)]
        return "M" + "L".join(points) if points else ""

    def steps(self, edges: Sequence[float], heights: Sequence[float]) -> str:
        """Return the outline of a histogram."""
        xs = [x for pair in zip(edges[:-1], edges[1:], strict=True) for x in pair]
        ys = [y for height in heights for y in (height, height)]
        return self.path(xs, ys)

    @property
    def frame(self) -> dict[str, float]:
        """Return where the axes are."""
        return {
            "left": _LEFT,
            "right": WIDTH - _RIGHT,
            "top": _TOP,
            "bottom": HEIGHT - _BOTTOM,
        }


def round_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return round numbers from a range.

    Examples
    --------
    >>> round_ticks(-8.2, 0.1)
    [-8.0, -6.0, -4.0, -2.0, 0.0]
    """
    span = high - low
    if not span or not math.isfinite(span):
        return [low]
    step = 10.0 ** math.floor(math.log10(span / most))
    step *= next(f for f in (1, 2, 5, 10) if span / (step * f) <= most)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(i * step, 10) + 0.0 for i in range(first, last + 1)]


def _ticks(axes: Axes, x_label: str, y_label: str, percent: bool) -> dict[str, Any]:
    if axes.log:
        powers = range(math.ceil(math.log10(axes.y[0])), 1)
        heights = [10.0**p for p in powers]
    else:
        heights = round_ticks(*axes.y, most=5)
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "frame": axes.frame,
        "x_label": x_label,
        "y_label": y_label,
        "x_ticks": [(axes.at_x(v), f"{v:g}") for v in round_ticks(*axes.x)],
        "y_ticks": [
            (axes.at_y(v), f"{100 * v:g} %" if percent else f"{v:,g}") for v in heights
        ],
        "lines": [],
        "bars": [],
        "marks": [],
    }


def score_chart(scores: dict[str, Any], offset: float) -> dict[str, Any]:
    """Return the histogram of scores, with the threshold."""
    edges = scores["edges"]
    series = [scores["rows"], *filter(None, [scores["calibration"]])]
    least = min(share for shares in series for share in shares if share > 0)
    axes = Axes((min(edges[0], offset), edges[-1]), (least / 2, 1.0), log=True)
    chart = _ticks(axes, "score (low is abnormal)", "share of rows", percent=True)
    names = ("rows of this table", "normal rows that calibrated the threshold")
    for name, shares, style in zip(names, series, ("a", "b"), strict=False):
        chart["lines"].append(
            {"path": axes.steps(edges, shares), "style": style, "name": name}
        )
    chart["marks"].append({"x": axes.at_x(offset), "name": f"threshold {offset:.4g}"})
    return chart


def time_chart(over_time: dict[str, Any], offset: float) -> list[dict[str, Any]]:
    """Return alerts of each period as bars, and scores as lines below."""
    places = over_time["positions"]
    x = (places[0] - 0.5, places[-1] + 0.5)
    most = max(1, *over_time["flagged"])
    alerts = Axes(x, (0.0, float(most)))
    unit = over_time["period"]
    first = _ticks(alerts, "", f"alerts a {unit}", percent=False)
    width = max(1.0, alerts.at_x(1.0) - alerts.at_x(0.0) - 1.0)
    first["bars"] = [
        {
            "x": round(alerts.at_x(p) - width / 2, 1),
            "y": alerts.at_y(n),
            "width": round(width, 1),
            "height": round(alerts.frame["bottom"] - alerts.at_y(n), 1),
            "name": f"{start}: {n:,} of {rows:,}",
        }
        for p, n, rows, start in zip(
            places,
            over_time["flagged"],
            over_time["rows"],
            over_time["starts"],
            strict=True,
        )
    ]
    low = min([*over_time["lowest_hundredth"], offset])
    high = max([*over_time["median"], offset])
    room = 0.05 * ((high - low) or 1.0)
    scores = Axes(x, (low - room, high + room))
    second = _ticks(scores, over_time["column"], "score", percent=False)
    second["lines"] = [
        {"path": scores.path(places, over_time[key]), "style": style, "name": name}
        for key, style, name in (
            ("median", "a", "median"),
            ("lowest_hundredth", "b", "lowest hundredth"),
        )
    ]
    second["level"] = {"y": scores.at_y(offset), "name": "threshold"}
    shown = range(0, len(places), max(1, len(places) // 5))
    for chart, axes in ((first, alerts), (second, scores)):
        chart["x_ticks"] = [
            (axes.at_x(places[i]), over_time["starts"][i]) for i in shown
        ]
    return [first, second]


def curve_chart(curves: dict[str, Any]) -> dict[str, Any]:
    """Return precision against recall of the detector and of the forest."""
    axes = Axes((0.0, 1.0), (0.0, 1.0))
    chart = _ticks(axes, "recall", "precision", percent=False)
    for key, style, name in (
        ("detector", "a", "this detector"),
        ("forest", "b", "isolation forest"),
    ):
        found = curves[key]
        words = f"{name}, average precision {found['average_precision']:.3f}"
        chart["lines"].append(
            {
                "path": axes.path(found["recall"], found["precision"]),
                "style": style,
                "name": words,
            }
        )
    return chart


def history_chart(history: dict[str, list[float]]) -> dict[str, Any] | None:
    """Return the losses of training; None without any."""
    names = {"loss": "training rows", "val_loss": "held-out rows"}
    means = {names[key]: own for key, own in history.items() if key in names}
    values = [v for own in means.values() for v in own if math.isfinite(v)]
    if len(values) < 2:
        return None
    n_epochs = max(map(len, means.values()))
    low, high = min(values), max(values)
    room = 0.05 * ((high - low) or 1.0)
    axes = Axes((1.0, float(max(2, n_epochs))), (low - room, high + room))
    chart = _ticks(axes, "epoch", "loss", percent=False)
    for style, (name, own) in zip("ab", means.items(), strict=False):
        epochs = list(range(1, len(own) + 1))
        line = {"path": axes.path(epochs, own), "style": style, "name": name}
        chart["lines"].append(line)
    return chart
