"""``aeanomaly inspect``: what a model file holds."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from ..scoring.archive import SavedModel, read_model, translated_errors
from ..scoring.archive.serialization import from_plain
from ..scoring.encoding.columns import (
    CategoricalColumn,
    Column,
    ConstantColumn,
    DatetimeColumn,
)
from ..scoring.networks.dense import Network
from .terminal import say

_SHOWN_LEVELS = 5


def run(arguments: argparse.Namespace) -> None:
    """Describe a model."""
    model = read_model(arguments.model)
    with translated_errors(arguments.model):
        facts = [*_facts(model)]
    for title, text in facts:
        say(f"{title:<10}  {text}")
    say("")
    columns = model.scorer.encoding.columns
    width = max(len(str(column.name)) for column in columns)
    for column in columns:
        say(f"  {column.name!s:<{width}}  {_describe_column(column)}")


def _facts(model: SavedModel) -> Iterator[tuple[str, str]]:
    manifest = model.manifest
    written_by = [
        f"{name} {version}" for name, version in manifest["written_by"].items()
    ]
    yield "estimator", model.estimator
    yield "written by", f"{', '.join(written_by)}; protocol {manifest['protocol']}"
    if model.offset is not None:
        yield "threshold", f"{model.offset:.6g} (rows that score below are outliers)"
    yield "network", _describe_network(model.scorer.network)
    if (training := _describe_training(model)) is not None:
        yield "training", training
    yield "columns", str(len(model.scorer.encoding.columns))


def _describe_network(network: Any) -> str:
    members = f" x {network.n_members} members" if network.n_members > 1 else ""
    if not isinstance(network, Network):
        return f"{type(network).__name__}, code of {network.latent_dim}{members}"
    layers = (*network.encoder, *network.decoder)
    widths = [network.n_inputs, *(layer.bias.shape[1] for layer in layers)]
    activations = dict.fromkeys(layer.activation for layer in layers)
    return f"{' > '.join(map(str, widths))} ({', '.join(activations)}){members}"


def _describe_training(model: SavedModel) -> str | None:
    """Return epochs, first and last losses, if the file has them."""
    state = model.manifest["state"]
    if state is None:
        return None
    history = from_plain(state["fields"]["history"], model.arrays, {})
    losses = [
        f"{name} {values[0]:.4g} > {values[-1]:.4g}" for name, values in history.items()
    ]
    return f"{len(history['loss'])} epochs, {', '.join(losses)}"


def _describe_column(column: Column) -> str:
    if isinstance(column, CategoricalColumn):
        return f"category  {_describe_levels(column)}"
    if isinstance(column, ConstantColumn):
        return f"constant  {column.value:.6g}"
    if isinstance(column, DatetimeColumn):
        cycles = ", ".join(column.cycles) or "none"
        return f"datetime  cycles {cycles}{_describe_missing(column.missing_rate)}"
    missing = _describe_missing(column.missing_rate)
    return f"number    mean {column.center:.6g}, scale {column.scale:.6g}{missing}"


def _describe_levels(column: CategoricalColumn) -> str:
    n_levels = len(column.levels) + len(column.infrequent)
    shown = [repr(level) for level in column.levels[:_SHOWN_LEVELS]]
    more = ["..."] if n_levels > len(shown) else []
    missing = ", and missing" if column.has_missing else ""
    return f"{n_levels} levels: {', '.join(shown + more)}{missing}"


def _describe_missing(rate: float) -> str:
    return f", {rate:.2%} missing" if rate else ""
