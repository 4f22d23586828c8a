"""``aeanomaly fit``: train on a table and save the model."""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..exceptions import ColumnWarning, TableError
from ..tables import check_target
from .describe import describe_input
from .inputs import (
    TrainingTable,
    open_input,
    read_training_table,
    shown_tables,
)
from .labels import labels_of
from .reading_report import report_columns
from .row_choice import reading_parameters
from .terminal import say, shows_progress

if TYPE_CHECKING:
    from ..streams import Drawn


def run(arguments: argparse.Namespace) -> None:
    """Train and save."""
    path = Path(arguments.model)
    if path.suffix != ".aea":
        raise TableError(f"--model {path} does not end in .aea. Rename it.")
    source = open_input(arguments)
    check_target(path, source.paths)
    table = read_training_table(source, arguments)
    labels = _known_labels(table, arguments)
    detector, seconds = fit_detector(table.drawn, arguments, labels)
    detector.save(path, private=arguments.private)
    if not arguments.quiet:
        say(describe_input(shown_tables(arguments), table))
        say(f"\n{report_columns(detector.model_.encoding, table.left_out)}\n")
        say_sample(table.drawn)
        say(f"Trained in {seconds:.1f} s; the threshold is {detector.offset_:.6g}.")
        if labels is not None:
            known = int(labels.eq(True).sum())
            say(f"Learnt from {known:,} known anomalies of {arguments.label!r}.")
        say(detector.threshold_.summary_)
        say(f"Saved the model to {path}.")


def say_sample(drawn: Drawn) -> None:
    """Say which rows trained, if not all of them did."""
    if drawn.census is not None:
        say(drawn.in_words())


def _known_labels(table: TrainingTable, arguments: argparse.Namespace) -> Any:
    """Return the labels to learn from, or None."""
    if not arguments.learn:
        return None
    return labels_of(table.drawn.labels, arguments.normal)


def fit_detector(
    drawn: Drawn, arguments: argparse.Namespace, labels: Any = None
) -> tuple[Any, float]:
    """Return a fitted detector and the seconds that it took."""
    from ..training.backend import import_keras_quietly

    import_keras_quietly()
    from ..detector import AutoencoderOutlierDetector

    detector = AutoencoderOutlierDetector(
        architecture=arguments.architecture,
        contamination=arguments.contamination,
        latent_dim=arguments.latent_dim,
        **reading_parameters(arguments),
        labels="ignore" if labels is None else "learn",
        random_state=arguments.random_state,
        verbose=int(shows_progress(arguments.quiet)),
    )
    start = time.perf_counter()
    with warnings.catch_warnings():
        # The table of the columns says so, in the words of the command line.
        warnings.filterwarnings("ignore", ".* is left out: ", ColumnWarning)
        detector._fit_drawn(drawn._replace(labels=labels))
    return detector, time.perf_counter() - start
