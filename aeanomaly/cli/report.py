"""``aeanomaly report``: a page about a table, by a saved model."""

from __future__ import annotations

import argparse
import contextlib
import time
from typing import Any

import numpy as np

from ..exceptions import ArchiveError, TableError
from ..tables import check_target
from .column_choice import known_column
from .inputs import open_input, shown_tables
from .summary import say_json
from .table_scores import fitted_columns
from .terminal import RowProgress, note, say, shows_progress


def run(arguments: argparse.Namespace) -> None:
    """Score in one pass, and write the page, or its contents as JSON."""
    if arguments.output is None and not arguments.json:
        raise TableError("Pass --output FILE.html, or --json for standard output.")
    from ..loading import load
    from ..report import check_jinja, report_content, write_report

    table = open_input(arguments)
    if arguments.output is not None:
        check_jinja()
        check_target(arguments.output, [*table.paths, arguments.model])
    detector = load(arguments.model)
    if not hasattr(detector, "offset_"):
        raise ArchiveError(
            f"{arguments.model} holds an {type(detector).__name__}, which has no "
            f"threshold. Pass the model of an AutoencoderOutlierDetector."
        )
    start = time.perf_counter()
    gathered = _gather(table, detector, arguments)
    notes = tuple(table.notes())
    content = report_content(
        detector,
        gathered,
        title=arguments.title or f"Anomalies in {shown_tables(arguments)}",
        source=shown_tables(arguments),
        model=arguments.model,
        top=arguments.top,
        notes=notes,
    )
    if arguments.output is not None:
        write_report(content, arguments.output)
    if not arguments.quiet:
        for text in notes:
            note(f"{table.path}: {text}")
    if arguments.json:
        say_json(content)
    elif not arguments.quiet:
        seconds = time.perf_counter() - start
        share = content["flagged"] / content["rows"]
        say(
            f"Reported on {content['rows']:,} rows of {shown_tables(arguments)} in "
            f"{seconds:.1f} s."
        )
        say(f"Flagged {content['flagged']:,} rows ({share:.2%}).")
        say(f"Written to {arguments.output}.")


def _gather(table: Any, detector: Any, arguments: argparse.Namespace) -> Any:
    """Return what a report needs of the table, read batch by batch."""
    from ..report import Gathered

    scorer = detector.scorer_
    if scorer.encoding.named:
        table.expect([str(name) for name in scorer.encoding.names])
    for column, option in ((arguments.id, "--id"), (arguments.label, "--label")):
        if column is not None:
            known_column(column, table.column_names, option)
    gathered = Gathered(scorer)
    labels: list[Any] = []
    progress = shows_progress(arguments.quiet)
    with contextlib.closing(RowProgress(table.n_rows, progress)) as line:
        for batch in table.iter_batches(fitted_columns(table, scorer.encoding)):
            if not len(batch.features):
                continue
            names = None if arguments.id is None else batch.values_of(arguments.id)
            gathered.add(batch.features, scorer.score_samples(batch.features), names)
            if arguments.label is not None:
                labels += list(batch.values_of(arguments.label))
            line.show(gathered.n_rows)
    if arguments.label is not None and labels:
        gathered.labels = _is_anomaly(labels, arguments.label, arguments.normal)
    return gathered


def _is_anomaly(labels: list[Any], name: str, normal: str | None) -> Any:
    """Return labels as booleans; missing ones stay missing."""
    import pandas as pd

    from ..comparison import anomalies

    texts = {"": None, "true": True, "false": False}
    values = pd.Series(
        [texts.get(v.strip().lower(), v) if isinstance(v, str) else v for v in labels],
        dtype=object,
        name=name,
    )
    with contextlib.suppress(ValueError, TypeError):
        values = pd.to_numeric(values)
    known = values.notna().to_numpy()
    found = np.full(len(values), None, dtype=object)
    found[known] = anomalies(values[known].infer_objects(), normal)
    return found
