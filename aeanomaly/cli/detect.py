"""``aeanomaly detect``: fit and score the same table, and measure with labels."""

from __future__ import annotations

import argparse
import contextlib
import time
from typing import Any

import numpy as np

from ..comparison import (
    Metrics,
    anomalies,
    format_metrics,
    measure,
    measure_isolation_forest,
)
from ..exceptions import TableError
from ..tables import check_output, check_target
from .decision import Decision
from .describe import describe_input
from .fit import fit_detector, say_sample
from .flagged import FlaggedRows
from .inputs import TrainingTable, open_input, read_training_table, shown_tables
from .reading_report import report_columns
from .score import check_streams
from .summary import say_json
from .table_scores import check_added_names, write_scores
from .terminal import say
from .top_rows import TopRows


def run(arguments: argparse.Namespace) -> None:
    """Train, write all rows with their scores, and summarise."""
    check_streams(arguments)
    source = open_input(arguments)
    check_added_names(source, arguments.reasons)
    check_output(arguments.output, source.paths)
    _check_report(arguments, source)
    table = read_training_table(source, arguments, whole=True)
    # Labels that cannot be used are an error before training, not after.
    labels = (
        _Labels(table.frame[arguments.label], arguments) if arguments.label else None
    )
    detector, fit_seconds = fit_detector(table.drawn, arguments)
    start = time.perf_counter()
    scored = _write(source, detector, arguments)
    seconds = [fit_seconds, time.perf_counter() - start]
    if arguments.report is not None:
        _write_report(detector, table, labels, arguments)
    if arguments.quiet:
        return
    metrics = (
        labels.measure(scored.scores, table.features, sum(seconds)) if labels else []
    )
    if arguments.json:
        _say_json(scored, detector, metrics, arguments)
    else:
        _say(table, scored, detector, seconds, arguments)
        if labels is not None:
            say(labels.in_words(metrics))
        written = [arguments.output, *filter(None, [arguments.report])]
        say(f"Written to {' and '.join(written)}.")


def _check_report(arguments: argparse.Namespace, source: Any) -> None:
    """Find out before training whether the report can be written."""
    if arguments.report is None:
        return
    from ..report import check_jinja

    check_jinja()
    check_target(arguments.report, source.paths)
    if arguments.report == arguments.output:
        raise TableError(
            f"{arguments.report} is both --output and --report. Pass another file."
        )


def _write_report(
    detector: Any,
    table: TrainingTable,
    labels: _Labels | None,
    arguments: argparse.Namespace,
) -> None:
    """Write the page about the rows that were scored."""
    features = table.features
    if arguments.id is not None:
        features = features.set_axis(table.frame[arguments.id].astype(str), axis=0)
    tables = shown_tables(arguments)
    detector.report(
        features,
        None if labels is None else labels.is_anomaly,
        arguments.report,
        title=f"Anomalies in {tables}",
        source=tables,
    )


class _Scored:
    """What is known of the rows when all are scored."""

    def __init__(self, flagged: FlaggedRows, top: TopRows, scores: np.ndarray) -> None:
        self.flagged = flagged
        self.top = top
        self.scores = scores


def _write(source: Any, detector: Any, arguments: argparse.Namespace) -> _Scored:
    """Write the rows with their scores, count them, and keep the lowest."""
    explained = not arguments.quiet
    decision = Decision(detector.offset_)
    flagged = FlaggedRows(detector.scorer_, decision, explained=explained)
    top = TopRows(arguments.top, arguments.id)
    written = []
    batches = write_scores(source, detector.scorer_, decision, arguments)
    with contextlib.closing(batches):
        for batch, scores, is_outlier in batches:
            flagged.add(batch.features, is_outlier)
            top.add(batch, scores)
            written.append(scores)
    return _Scored(flagged, top, np.concatenate(written))


def _say(
    table: TrainingTable,
    scored: _Scored,
    detector: Any,
    seconds: list[float],
    arguments: argparse.Namespace,
) -> None:
    fitted, written = seconds
    say(describe_input(shown_tables(arguments), table))
    say(f"\n{report_columns(detector.model_.encoding, table.left_out)}\n")
    say_sample(table.drawn)
    say(f"Trained in {fitted:.1f} s, scored and written in {written:.1f} s.")
    say(scored.flagged.describe())
    say(detector.threshold_.summary_)
    listed = scored.top.listed(detector.scorer_)
    say(f"\n{scored.top.in_words(listed)}\n" if listed else "")


def _say_json(
    scored: _Scored,
    detector: Any,
    metrics: list[Metrics],
    arguments: argparse.Namespace,
) -> None:
    say_json(
        {
            "table": [str(path) for path in arguments.table],
            "rows": scored.flagged.n_rows,
            **scored.flagged.summary(),
            "columns": detector.columns_.to_dict("records"),
            "top": [row._asdict() for row in scored.top.listed(detector.scorer_)],
            "metrics": [measured._asdict() for measured in metrics],
            "output": arguments.output,
        }
    )


class _Labels:
    """The label column: which rows have one, and which of them are anomalies."""

    def __init__(self, values: Any, arguments: argparse.Namespace) -> None:
        self._name = arguments.label
        self._random_state = arguments.random_state
        self._labelled = values.notna().to_numpy()
        normal = arguments.normal or arguments.train_on
        self._is_anomaly = anomalies(values[self._labelled], normal)

    def measure(
        self, scores: np.ndarray, features: Any, seconds: float
    ) -> list[Metrics]:
        """Return the metrics of the detector and of an isolation forest."""
        name, found = "AutoencoderOutlierDetector", self._is_anomaly
        return [
            measure(name, scores[self._labelled], found, seconds),
            measure_isolation_forest(
                features, found, self._labelled, self._random_state
            ),
        ]

    @property
    def is_anomaly(self) -> Any:
        """Whether each row of the table is labelled as an anomaly; None without."""
        found = np.full(len(self._labelled), None, dtype=object)
        found[self._labelled] = self._is_anomaly
        return found

    def in_words(self, metrics: list[Metrics]) -> str:
        """Return the metrics as text."""
        found = self._is_anomaly
        return (
            f"Measured with {self._name!r}, which labels {found.sum():,} of "
            f"{len(found):,} rows ({found.mean():.2%}) as anomalies:\n"
            f"{format_metrics(metrics)}\n"
        )
