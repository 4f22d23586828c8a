"""``aeanomaly score``: score a table of any size with a saved model."""

from __future__ import annotations

import argparse
import time
from typing import Any

from ..drift import Drift
from ..exceptions import TableError
from ..scoring.scorer import Scorer
from ..tables import STANDARD_STREAM, check_output
from .drifted import DRIFTED, check_state, judged, new_watch
from .event_log import EventLog
from .inputs import open_input, shown_tables
from .parts import score_parts, writes_parts
from .summary import say_json
from .table_scores import Scored, read_detector, score_table
from .terminal import note, say


def run(arguments: argparse.Namespace) -> int:
    """Score in one pass, in memory that does not grow with the number of rows."""
    if writes_parts(arguments.output, arguments.table):
        return score_parts(arguments)
    check_one_output(arguments)
    table = open_input(arguments)
    check_output(arguments.output, [*table.paths, arguments.model])
    check_state(arguments, [*table.paths, arguments.output])
    model = read_detector(arguments.model)
    assert model.scorer is not None
    start = time.perf_counter()
    log = EventLog(arguments.log_json)
    log.write("start", model=arguments.model, output=arguments.output)
    watch = new_watch(model) if arguments.watch else None
    explained = arguments.log_json or not arguments.quiet
    scored = score_table(table, model, arguments, explained=explained, watch=watch)
    drift = None if watch is None else judged(watch, model, arguments)
    code = DRIFTED if drift is not None and drift.has_drifted else 0
    log.end(code, **scored.summary(), **_of_drift(drift))
    if arguments.quiet:
        return code
    for text in scored.notes:
        note(text)
    if not arguments.log_json:
        seconds = time.perf_counter() - start
        _say(scored, model.scorer, seconds, arguments, drift)
    return code


def _of_drift(drift: Drift | None) -> dict[str, Any]:
    return {} if drift is None else {"drift": drift.to_dict()}


def _say(
    scored: Scored,
    scorer: Scorer,
    seconds: float,
    arguments: argparse.Namespace,
    drift: Drift | None,
) -> None:
    """Print the summary and the list, as text or as JSON."""
    listed = scored.top.listed(scorer)
    if arguments.json:
        say_json(
            {
                "table": [str(path) for path in arguments.table],
                **scored.summary(),
                "top": [row._asdict() for row in listed],
                "output": arguments.output,
                **_of_drift(drift),
            }
        )
        return
    tables = shown_tables(arguments)
    say(f"Scored {scored.flagged.n_rows:,} rows of {tables} in {seconds:.1f} s.")
    say(scored.flagged.describe())
    if listed:
        say(f"\n{scored.top.in_words(listed)}\n")
    say(f"Written to {arguments.output}.")
    if drift is not None:
        say(f"\n{drift}")


def check_one_output(arguments: argparse.Namespace) -> None:
    """Raise where options do not go together with an output that is one file."""
    if arguments.workers > 1:
        raise TableError(
            f"--workers {arguments.workers} divides parts, and {arguments.output} is "
            f"one file. Pass a folder to --output, as in scored/."
        )
    check_streams(arguments)


def check_streams(arguments: argparse.Namespace) -> None:
    """Keep results out of a table on standard output: they would be part of it."""
    if arguments.output == STANDARD_STREAM:
        for name in ("json", "log_json"):
            if getattr(arguments, name, False):
                raise TableError(
                    f"--{name.replace('_', '-')} and --output - both write to standard "
                    f"output. Pass a file."
                )
        arguments.quiet = True
