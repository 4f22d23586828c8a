"""Archive protocols: what old files leave unsaid, and how they become new ones.

What a file means stands in the file. Whoever changes what an old file scores (a field
less or more, another meaning of one, another formula) raises `PROTOCOL` by one, adds a
step to `_STEPS` that turns a manifest of the number before into one of the new number,
and checks a file of the new protocol into ``tests/data``, written once and for all.
Numbers in a step are those that the code had when such files were written: they are
repeated here, and do not change with the code.

Whatever the protocol, a file holds ``manifest.json``, with "protocol" in it, and
``manifest.sha256``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

PROTOCOL = 3

Manifest = dict[str, Any]
Fields = dict[str, Any]


def upgrade(manifest: Manifest) -> Manifest:
    """Return a manifest as the newest protocol would have it.

    Parameters
    ----------
    manifest : dict
        Manifest of a protocol from 1 to `PROTOCOL`. It is not changed.
    """
    for step in _STEPS[manifest["protocol"] - 1 :]:
        manifest = step(manifest)
    return manifest


def _from_1_to_2(manifest: Manifest) -> Manifest:
    """Split the scorer in model and reduction, and write its constants into fields."""
    old = _changed(manifest["scorer"], manifest["arrays"], _FROM_1_TO_2)["fields"]
    parts = ("encoding", "network", "output_activation")
    model = {"class": "Model", "fields": {name: old[name] for name in parts}}
    # A transformer has no score; protocol 1 gave it one that nobody used.
    has_score = manifest["offset"] is not None
    rest = {key: value for key, value in manifest.items() if key != "scorer"}
    reduction = old["reduction"] if has_score else None
    return rest | {"model": model, "reduction": reduction}


def _from_2_to_3(manifest: Manifest) -> Manifest:
    """Write into fields what protocol 3 no longer takes for granted."""
    manifest = _changed(manifest, manifest["arrays"], _FROM_2_TO_3)
    # Before, neither calibration scores were kept nor what was usual in the rows.
    return manifest | {"calibration": None, "usual": None}


@dataclass(frozen=True)
class _Changes:
    """What a step does to the objects of a manifest, by the names of their classes."""

    # Classes whose formulas are no longer those of their names.
    renamed: dict[str, str]
    # Fields that are new, with what the code had in their place.
    constants: dict[str, Fields]
    # Fields that follow from others.
    derived: dict[str, Callable[[Fields, dict[str, Any]], Fields]]


def _changed(node: Any, arrays: dict[str, Any], changes: _Changes) -> Any:
    """Return plain JSON in which all objects are changed, the innermost first."""
    if isinstance(node, list):
        return [_changed(item, arrays, changes) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _changed(item, arrays, changes) for key, item in node.items()}
    if "class" in node and isinstance(node.get("fields"), dict):
        name = changes.renamed.get(node["class"], node["class"])
        fields = node["fields"] | changes.constants.get(name, {})
        if name in changes.derived:
            fields = changes.derived[name](fields, arrays)
        node |= {"class": name, "fields": fields}
    return node


_RENAMED = {
    "Neighbourhood": "KeyedNeighbourhood",
    "Surroundings": "KeyedSurroundings",
    "TailScale": "InterpolatedScale",
}

_CONSTANTS: dict[str, Fields] = {
    "NumericColumn": {"indicator_scale": 1.0},
    "ConstantColumn": {"tolerance": 1e-2, "exponent": 4.0},
    "DatetimeColumn": {
        "indicator_scale": 1.0,
        "margin": 365.2425 * 86_400.0,
        "wave_scale": 0.5**0.5,
    },
    "Marginal": {"pseudo_count": 1.0, "above_edge": 1e-3, "ramp": 0.0},
    "KeyedNeighbourhood": {"min_squared_distance": 1e-6},
    "KeyedSurroundings": {"min_squared_distance": 1e-6},
}


def _knee(fields: Fields, arrays: dict[str, Any]) -> Fields:
    rest = {key: value for key, value in fields.items() if key != "squashed"}
    return rest | {"knee": 6.0 if fields["squashed"] else None}


def _block_size(fields: Fields, arrays: dict[str, Any]) -> Fields:
    n_references = arrays[fields["references"]["array"]]["shape"][0]
    n_blocks = max(1, n_references // 32)
    return fields | {"block_size": n_references // n_blocks}


def _expecting(fields: Fields, arrays: dict[str, Any]) -> Fields:
    parts = [scaled["fields"]["part"]["class"] for scaled in fields["parts"]]
    found = "Covariance" in parts
    return fields | {"expecting": parts.index("Covariance") if found else None}


_DERIVED: dict[str, Callable[[Fields, dict[str, Any]], Fields]] = {
    "ImageEncoding": _knee,
    "TableEncoding": _knee,
    "KeyedSurroundings": _block_size,
    "TailCombination": _expecting,
}

_FROM_1_TO_2 = _Changes(_RENAMED, _CONSTANTS, _DERIVED)
# Protocol 2 kept neither ranges nor counts, and read no text as numbers.
_NEW_IN_3: dict[str, Fields] = {
    "CategoricalColumn": {
        "counts": [],
        "n_known": 0.0,
        "n_missing": 0.0,
        "n_distinct": 0,
        "rarity_scale": 3.0,
        "missing_values": [],
    },
    "ConstantColumn": {"reading": None},
    "DatetimeColumn": {"reading": None},
    "EstimatorState": {"threshold": None, "threshold_summary": ""},
    "NumericColumn": {
        "low": None,
        "high": None,
        "reading": None,
        "missing_values": [],
        "sentinels": [],
    },
}

_FROM_2_TO_3 = _Changes(
    renamed={"Covariance": "ColumnwiseCovariance"},
    constants=_NEW_IN_3,
    derived={},
)

_STEPS = (_from_1_to_2, _from_2_to_3)
