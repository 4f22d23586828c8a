"""``aeanomaly threshold``: set a saved model's threshold again, without training."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..exceptions import ArchiveError, ColumnError
from .column_choice import known_column
from .inputs import open_input
from .labels import labels_of
from .rule_arguments import rule_of
from .terminal import note, say


def run(arguments: argparse.Namespace) -> None:
    """Apply a rule, say what it promises, and save the model."""
    from .. import load
    from ..detector import AutoencoderOutlierDetector

    detector = load(arguments.model)
    if not isinstance(detector, AutoencoderOutlierDetector):
        raise ArchiveError(
            f"{arguments.model} holds an {type(detector).__name__}, which has no "
            f"threshold. Pass the model of an AutoencoderOutlierDetector."
        )
    older = detector.offset_
    name, parameters = rule_of(arguments)
    if name == "offset":
        detector.offset_ = arguments.offset
        # No rule set it; files of older protocols do not name one either.
        if hasattr(detector, "threshold_"):
            del detector.threshold_
    else:
        _apply(detector, name, parameters, arguments)
    path = Path(arguments.output or arguments.model)
    detector.save(path)
    if arguments.quiet:
        return
    if name != "offset":
        say(detector.threshold_.summary_)
    say(f"The threshold is {detector.offset_:.6g}; it was {older:.6g}.")
    say(f"Saved the model to {path}.")


def _apply(
    detector: Any, name: str, parameters: dict[str, Any], arguments: argparse.Namespace
) -> None:
    from ..thresholds import THRESHOLDS

    rule = THRESHOLDS[name](**parameters)
    if not arguments.table:
        if arguments.label or arguments.time:
            raise ColumnError(
                "--label and --time are columns of TABLE, which is missing."
            )
        if rule.asks_for:
            raise ColumnError(
                f"The rule {name!r} needs {rule.asks_for}: pass them as TABLE."
            )
        detector.fit_threshold(threshold=rule)
        return
    source = open_input(arguments)
    whole, names = source.read(), list(source.column_names)
    if not arguments.quiet:
        for text in source.notes():
            note(f"{source.path}: {text}")
    y, times = (
        None if column is None else whole[known_column(column, names, option)]
        for column, option in (
            (arguments.label, "--label"),
            (arguments.time, "--time"),
        )
    )
    if y is None and rule.asks_for == "labelled rows":
        raise ColumnError(
            f"The rule {name!r} needs labels: name their column with --label."
        )
    detector.fit_threshold(
        _features(detector, whole),
        None if y is None else labels_of(y, arguments.normal),
        threshold=rule,
        times=times,
    )


def _features(detector: Any, whole: Any) -> Any:
    """Return the fitted columns of a table."""
    encoding = detector.model_.encoding
    if not encoding.named:
        return whole
    return whole[[name for name in whole.columns if name in set(encoding.names)]]
