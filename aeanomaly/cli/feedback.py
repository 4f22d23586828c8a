"""``aeanomaly feedback``: take closed alerts into a saved detector."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from ..exceptions import TableError
from .column_choice import known_column
from .inputs import open_input, shown_tables
from .labels import labels_of
from .terminal import note, say

# What normal rows are called, unless it is said.
_NORMAL = frozenset({"0", "0.0", "False", "false"})


def run(arguments: argparse.Namespace) -> None:
    """Change the model, or bring it back to what it was."""
    from ..loading import load

    detector = load(arguments.model)
    if not hasattr(detector, "feedback"):
        raise TableError(
            f"{arguments.model} holds no detector: there is nothing to give feedback "
            f"to. Name a model that `aeanomaly fit` wrote."
        )
    output = arguments.output or arguments.model
    if arguments.forget:
        n_entries = len(detector.feedback_)
        detector.forget_feedback().save(output)
        if not arguments.quiet:
            times = "once" if n_entries == 1 else f"{n_entries:,} times"
            say(f"Forgot feedback that was given {times}.")
            say(f"Saved the model to {output}.")
        return
    source = open_input(arguments)
    whole, names = source.read(), list(source.column_names)
    label = known_column(arguments.label, names, "--label")
    if not arguments.quiet:
        for text in source.notes():
            note(f"{source.path}: {text}")
    is_anomaly = _labels(whole[label], arguments)
    encoding = detector.model_.encoding
    features = whole[[n for n in whole.columns if n in set(encoding.names)]]
    detector.feedback(features, is_anomaly, normal=False)
    detector.save(output)
    if not arguments.quiet:
        say(_in_words(detector.feedback_[-1], shown_tables(arguments)))
        say(f"Saved the model to {output}.")


def _labels(column: Any, arguments: argparse.Namespace) -> Any:
    """Return True for anomalies, False for dismissed rows, None for others."""
    known = column.dropna()
    text = arguments.normal
    texts = set(known.astype(str))
    if len(known) and texts <= ({text} if text is not None else _NORMAL):
        # All that was looked at was found right.
        return [False if is_known else None for is_known in column.notna()]
    return labels_of(column, text)


def _in_words(entry: dict[str, Any], tables: str) -> str:
    before, after = entry["flagged_before"], entry["flagged_after"]
    shares = (
        ""
        if np.isnan(before)
        else f"\nOf the training rows in the model {after:.2%} are outliers, before "
        f"{before:.2%}."
    )
    return (
        f"Took {entry['n_anomalies']:,} anomalies and {entry['n_normal']:,} normal "
        f"rows of {tables}: {entry['n_raised']:,} of them became outliers, "
        f"{entry['n_lowered']:,} no longer are.{shares}"
    )
