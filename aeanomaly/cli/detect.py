"""``aeanomaly detect``: fit and score the same table, and measure with labels."""

from __future__ import annotations

import argparse
import contextlib
import time
from typing import Any

import numpy as np

from ..comparison import (
    anomalies,
    format_metrics,
    measure,
    measure_isolation_forest,
)
from ..scoring.reasons import score_with_reasons
from ..tables import check_output, open_table
from .fit import TrainingTable, describe_input, fit_detector, read_features
from .flagged import FlaggedRows
from .score import check_added_names, write_scores
from .terminal import say

_SHOWN_ROWS = 10
_SHOWN_REASONS = 2


def run(arguments: argparse.Namespace) -> None:
    """Train, write all rows with their scores, and summarise."""
    source = open_table(arguments.table)
    check_added_names(source, arguments.reasons)
    check_output(arguments.output, source.paths)
    table = read_features(arguments)
    # Labels that cannot be used are an error before training, not after.
    labels = (
        _Labels(table.whole[arguments.label], arguments) if arguments.label else None
    )
    detector, fit_seconds = fit_detector(table.features, arguments)
    start = time.perf_counter()
    flagged = FlaggedRows(
        detector.scorer_, detector.offset_, explained=not arguments.quiet
    )
    scores = _write(source, detector, flagged, arguments)
    score_seconds = time.perf_counter() - start
    if arguments.quiet:
        return
    say(describe_input(arguments.table, table))
    say(f"Trained in {fit_seconds:.1f} s, scored and written in {score_seconds:.1f} s.")
    say(flagged.describe())
    top = _top_rows(table, scores, detector.scorer_)
    say(f"\nThe most abnormal rows, counted from 0:\n{top}\n")
    if labels is not None:
        say(labels.compare(scores, table.features, fit_seconds + score_seconds))
    say(f"Written to {arguments.output}.")


def _write(
    source: Any, detector: Any, flagged: FlaggedRows, arguments: argparse.Namespace
) -> np.ndarray:
    """Write the rows with their scores, count them, and return the scores."""
    written = []
    batches = write_scores(source, detector.scorer_, detector.offset_, arguments)
    with contextlib.closing(batches):
        for features, scores in batches:
            flagged.add(features, scores)
            written.append(scores)
    return np.concatenate(written)


def _top_rows(table: TrainingTable, scores: np.ndarray, scorer: Any) -> str:
    top = np.argsort(scores, kind="stable")[:_SHOWN_ROWS]
    features = scorer.encoding.select(table.features.iloc[top])
    _, reasons = score_with_reasons(scorer, features, _SHOWN_REASONS)
    lines = [
        f"{row:>9,}  {scores[row]:>8.3f}  {'; '.join(texts)}"
        for row, texts in zip(top, reasons, strict=True)
    ]
    return "\n".join([f"{'row':>9}  {'score':>8}  reasons", *lines])


class _Labels:
    """The label column: which rows have one, and which of them are anomalies."""

    def __init__(self, values: Any, arguments: argparse.Namespace) -> None:
        self._name = arguments.label
        self._random_state = arguments.random_state
        self._labelled = values.notna().to_numpy()
        self._is_anomaly = anomalies(values[self._labelled], arguments.normal)

    def compare(self, scores: np.ndarray, features: Any, seconds: float) -> str:
        """Return the metrics of the detector and of an isolation forest as text."""
        name, found = "AutoencoderOutlierDetector", self._is_anomaly
        metrics = [
            measure(name, scores[self._labelled], found, seconds),
            measure_isolation_forest(
                features, found, self._labelled, self._random_state
            ),
        ]
        return (
            f"Measured with {self._name!r}, which labels {found.sum():,} of "
            f"{len(found):,} rows ({found.mean():.2%}) as anomalies:\n"
            f"{format_metrics(metrics)}\n"
        )
