"""``aeanomaly inspect``: what a model file holds."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from ..printable import printable
from ..scoring.archive import SavedModel, read_model, translated_errors
from ..scoring.archive.serialization import from_plain
from ..scoring.parts import FeedbackReduction, LabelledCombination
from ..scoring.privacy import levels_are_hashed, n_kept_rows
from .terminal import say


def run(arguments: argparse.Namespace) -> None:
    """Describe a model."""
    model = read_model(arguments.model)
    with translated_errors(arguments.model):
        facts = [*_facts(model)]
    for title, text in facts:
        say(f"{title:<10}  {printable(text, 2_000)}")
    say("")
    columns = model.model.encoding.columns
    width = max(len(printable(column.name)) for column in columns)
    for column in columns:
        described = printable(column.describe(), 2_000)
        say(f"  {printable(column.name):<{width}}  {described}")


def _facts(model: SavedModel) -> Iterator[tuple[str, str]]:
    manifest = model.manifest
    written_by = [
        f"{name} {version}" for name, version in manifest["written_by"].items()
    ]
    yield "estimator", model.estimator
    yield "written by", f"{', '.join(written_by)}; protocol {manifest['protocol']}"
    if model.offset is not None:
        yield "threshold", f"{model.offset:.6g} (rows that score below are outliers)"
        if summary := promise_of(model):
            yield "promise", summary
    if model.calibration is not None:
        n_rows, least = model.calibration.n_rows, model.calibration.smallest_p_value
        yield "p-values", f"by {n_rows:,.0f} unseen rows; the smallest is {least:.2g}"
    yield from _labels(model)
    yield "privacy", _describe_privacy(model)
    yield "network", model.model.network.describe()
    if (training := _describe_training(model)) is not None:
        yield "training", training
    yield "columns", str(len(model.model.encoding.columns))


def promise_of(model: SavedModel) -> str | None:
    """Return what the rule said of the threshold, if the file has it."""
    state = model.manifest["state"]
    return None if state is None else state["fields"].get("threshold_summary")


def _labels(model: SavedModel) -> Iterator[tuple[str, str]]:
    """Yield what the score has learnt from labels."""
    reduction = None if model.scorer is None else model.scorer.reduction
    plain = reduction
    if isinstance(reduction, FeedbackReduction):
        plain = reduction.base
        n_cases, n_anomalies = len(reduction.cases), int(reduction.is_anomaly.sum())
        last = f", last {reduction.log[-1].when}" if reduction.log else ""
        yield "feedback", f"{n_cases:,} cases, {n_anomalies:,} of them anomalies{last}"
    if isinstance(plain, LabelledCombination):
        kept = f"keeps {plain.head.n_cases:,} of them"
        yield "labels", f"learnt from known anomalies; {kept}"


def _describe_privacy(model: SavedModel) -> str:
    """Return what of the training table the file holds."""
    reduction = None if model.scorer is None else model.scorer.reduction
    n_rows = n_kept_rows(reduction)
    hashed = levels_are_hashed(model.model.encoding.columns)
    rows = f"holds {n_rows:,} training rows" if n_rows else "holds no training rows"
    levels = {None: "", True: "; levels are hashed", False: "; levels word for word"}
    return f"{rows}{levels[hashed]}"


def _describe_training(model: SavedModel) -> str | None:
    """Return epochs, first and last losses, if the file has them."""
    state = model.manifest["state"]
    if state is None:
        return None
    history = from_plain(state["fields"]["history"], model.arrays, {})
    means = {name: history[name] for name in ("loss", "val_loss") if name in history}
    losses = [
        f"{name} {values[0]:.4g} > {values[-1]:.4g}" for name, values in means.items()
    ]
    return f"{len(history['loss'])} epochs, {', '.join(losses)}"
