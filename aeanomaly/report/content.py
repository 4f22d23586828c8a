"""The report as one plain dict, which JSON can hold and the page shows."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np

from ..drift import column_shifts
from ..labels import anomaly_labels
from ..printable import printable
from ..scoring.encoding.description import describe_columns
from ..scoring.encoding.tabular import take_rows
from .card import model_card
from .forest import beside_forest
from .gather import Gathered
from .groups import described
from .rows import described_rows, first_rows, grouped_rows
from .times import over_time
from .words import name_of

TOP_ROWS = 100
_N_BINS = 60


def report_content(
    detector: Any,
    gathered: Gathered,
    *,
    title: str = "Anomaly report",
    source: str = "A table",
    model: str | None = None,
    normal: Any = None,
    top: int = TOP_ROWS,
    notes: tuple[str, ...] = (),
    random_state: int = 0,
) -> dict[str, Any]:
    """Return all that the report says.

    Parameters
    ----------
    detector : AutoencoderOutlierDetector
        Fitted.
    gathered : Gathered
        Of the table.
    title : str, default="Anomaly report"
    source : str, default="A table"
        What the table is called.
    model : str, default=None
        The model file.
    normal : object, default=None
        The label of normal rows, where the coding does not tell.
    top : int, default=100
        Rows to list, the most abnormal.
    notes : tuple of str, default=()
        What was odd when the table was read.
    random_state : int, default=0
        Seed of the isolation forest.

    Raises
    ------
    ValueError
        If the table has no rows, or its labels are unclear.
    """
    if not gathered.n_rows:
        raise ValueError("The table has no rows: there is nothing to report.")
    scorer, offset = detector.scorer_, float(detector.offset_)
    scores, card = gathered.scores, model_card(detector, model)
    is_anomaly, labelled = _labels(gathered, normal)
    is_flagged = scores < offset
    rows, groups, n_grouped = _rows_and_groups(detector, gathered, top)
    if is_anomaly is not None and labelled is not None:
        for row in rows:
            at = row["row"]
            known = "anomaly" if is_anomaly[at] else "normal"
            row["label"] = known if labelled[at] else None
    sample = gathered.sample.positions
    times = None
    if gathered.times is not None and gathered.time_position is not None:
        column = name_of(scorer.encoding.names[gathered.time_position])
        times = over_time(gathered.times, scores, offset, column)
    return {
        "title": printable(title),
        "created": datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        "table": printable(source, 400),
        "rows": gathered.n_rows,
        "flagged": int(is_flagged.sum()),
        "threshold": offset,
        "promise": card["promise"],
        "suspicion": _suspicion(int(is_flagged.sum()), gathered.n_rows),
        "labels": _counts(is_flagged, is_anomaly, labelled),
        "groups": groups,
        "grouped": n_grouped,
        "top": rows,
        "scores": _histogram(detector, scores),
        "over_time": times,
        "forest": beside_forest(
            scorer,
            offset,
            gathered.sample.features,
            scores[sample],
            sample,
            None if is_anomaly is None else is_anomaly[sample],
            None if labelled is None else labelled[sample],
            random_state,
        ),
        "drift": _drift(detector, gathered),
        "read": _read(scorer),
        "notes": [printable(note, 400) for note in notes],
        "model": card,
    }


def _suspicion(n_flagged: int, n_rows: int) -> str:
    """Return what to look into if most rows are flagged, which few should be."""
    if 2 * n_flagged <= n_rows:
        return ""
    return (
        "More than half of the rows are flagged. Look at the drift below: if all rows "
        "changed in a column since training, as in a time or a counter, fit again on "
        "recent rows, or without it."
    )


def _labels(gathered: Gathered, normal: Any) -> tuple[Any, Any]:
    if gathered.labels is None:
        return None, None
    return anomaly_labels(gathered.labels, normal)


def _counts(is_flagged: Any, is_anomaly: Any, labelled: Any) -> dict[str, Any] | None:
    """Return how flags and labels go together."""
    if is_anomaly is None:
        return None
    hits = int((is_flagged & is_anomaly).sum())
    n_flagged, n_anomalies = int((is_flagged & labelled).sum()), int(is_anomaly.sum())
    return {
        "labelled": int(labelled.sum()),
        "anomalies": n_anomalies,
        "flagged_anomalies": hits,
        "precision": round(hits / n_flagged, 4) if n_flagged else None,
        "recall": round(hits / n_anomalies, 4) if n_anomalies else None,
    }


def _rows_and_groups(
    detector: Any, gathered: Gathered, top: int
) -> tuple[list[dict[str, Any]], list[Any], int]:
    """Return the listed rows, the groups, and how many rows were grouped."""
    scorer, offset = detector.scorer_, float(detector.offset_)
    lowest = gathered.lowest
    n_flagged = int((lowest.keys < offset).sum())
    names = [
        printable(gathered.names.get(p, f"{p:,}")) for p in lowest.positions.tolist()
    ]
    groups = []
    if n_flagged:
        flagged = take_rows(lowest.features, np.arange(n_flagged))
        groups = grouped_rows(scorer, flagged)
    number_of = {
        row: number
        for number, group in enumerate(groups, start=1)
        for row in group.rows.tolist()
    }
    shown = first_rows(lowest.features, top)
    unknown = [None] * len(shown)
    meanings = {"p_value": unknown, "severity": unknown}
    if detector.calibration_ is not None:
        meanings = detector.calibration_.columns(
            lowest.keys[: len(shown)], tuple(meanings)
        )
    rows = [
        {
            "row": int(lowest.positions[i]),
            "name": names[i],
            "score": round(float(lowest.keys[i]), 4),
            "flagged": bool(lowest.keys[i] < offset),
            **{name: _known(values[i]) for name, values in meanings.items()},
            "group": number_of.get(i),
            "label": None,
            **said,
        }
        for i, said in enumerate(described_rows(scorer, offset, shown))
    ]
    return rows, described(groups, scorer, names), n_flagged


def _known(value: Any) -> float | None:
    return None if value is None else float(value)


def _histogram(detector: Any, scores: np.ndarray) -> dict[str, Any]:
    """Return shares of rows by score, beside those that calibrate the threshold."""
    calibration = detector.calibration_
    every = [scores] if calibration is None else [scores, calibration.scores]
    low = min(float(values.min()) for values in every)
    high = max(float(values.max()) for values in every)
    edges = np.linspace(low, high + 1e-9, _N_BINS + 1)
    found: dict[str, Any] = {
        "edges": np.round(edges, 4).tolist(),
        "rows": (np.histogram(scores, edges)[0] / len(scores)).tolist(),
        "calibration": None,
    }
    if calibration is not None:
        counts = np.histogram(calibration.scores, edges, weights=calibration.weights)[0]
        found["calibration"] = (counts / calibration.n_rows).tolist()
    return found


def _drift(detector: Any, gathered: Gathered) -> dict[str, Any]:
    found = column_shifts(detector.scorer_, gathered.sample.features)
    return {
        "rows": len(gathered.sample.positions),
        "columns": [
            {
                "column": name_of(one.column),
                "shift": round(one.shift, 4),
                "by_chance": round(one.by_chance, 4),
                "has_shifted": bool(one.has_shifted),
                "missing_before": round(one.missing_before, 4),
                "missing_now": round(one.missing_now, 4),
            }
            for one in found
        ],
    }


def _read(scorer: Any) -> list[dict[str, Any]]:
    return [
        {
            "column": name_of(each.column),
            "kind": each.kind,
            "values": printable(each.values),
            "missing": round(float(each.missing), 4),
            "read_as": printable(each.read_as),
            "left_out": printable(each.left_out),
            "notes": printable(each.notes, 400),
        }
        for each in describe_columns(scorer.encoding)
    ]
