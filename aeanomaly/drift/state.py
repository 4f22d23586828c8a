"""The file that remembers earlier nights: JSON, written whole."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..exceptions import StateError
from ..files import atomic_file

_FORMAT = 1
_MOST_BYTES = 200_000_000
_LOGGED_NIGHTS = 400


@dataclass
class WatchState:
    """What a watch remembers of the nights so far.

    Parameters
    ----------
    model : str
        Hash of what the model knows; another model has another one.
    columns : dict
        See `NightEvidence`.
    before : dict
        `columns` before the last night, for when its table is watched again.
    last : str
        Hash of the last night's table.
    nights : list of dict
        Of the last nights: "when", "rows", "drifted" and "verdict".
    """

    model: str
    columns: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    last: str = ""
    nights: list[dict[str, Any]] = field(default_factory=list)

    @property
    def n_stable(self) -> int:
        """Stable nights among those that are remembered."""
        return sum(not night["drifted"] for night in self.nights)

    def note(self, when: str, n_rows: int, drifted: bool, verdict: str) -> None:
        """Remember a night."""
        night = {"when": when, "rows": n_rows, "drifted": drifted, "verdict": verdict}
        self.nights = [*self.nights, night][-_LOGGED_NIGHTS:]

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the file whole."""
        content = {"format": _FORMAT, "kind": "aeanomaly watch", **vars(self)}
        with atomic_file(path) as temporary:
            text = json.dumps(content, separators=(",", ":"), allow_nan=False)
            temporary.write_text(text, encoding="utf-8")


def read_state(path: str | os.PathLike[str]) -> WatchState | None:
    """Return the state in a file; None where there is no file.

    Raises
    ------
    StateError
        If the file holds something else.
    """
    place = Path(path)
    if not place.exists():
        return None
    if not place.is_file() or place.stat().st_size > _MOST_BYTES:
        raise _not_a_state(path, "it is not a file of its size")
    try:
        content = json.loads(place.read_bytes())
    except (ValueError, RecursionError):
        raise _not_a_state(path, "it is not JSON") from None
    if not isinstance(content, dict) or content.get("kind") != "aeanomaly watch":
        raise _not_a_state(path, "it holds something else")
    if content.get("format") != _FORMAT:
        raise _not_a_state(path, f"its format is {content.get('format')!r}, not 1")
    try:
        state = WatchState(
            str(content["model"]),
            dict(content["columns"]),
            dict(content["before"]),
            str(content["last"]),
            list(content["nights"]),
        )
        _check(state)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise _not_a_state(path, "parts of it are missing or of another kind") from None
    return state


def _check(state: WatchState) -> None:
    """Raise an error unless all values are what they are to be."""
    for columns in (state.columns, state.before):
        for own in columns.values():
            for name in ("nights", "surprise", "evidence"):
                if not 0 <= float(own[name]) < float("inf"):
                    raise ValueError(name)
            if not all(0 <= float(s) < float("inf") for s in own["recent"]):
                raise ValueError("recent")
            for rows in own["rows"].values():
                if not all(isinstance(n, int) and n >= 0 for n in rows):
                    raise ValueError("rows")
    for night in state.nights:
        night["when"], night["rows"], night["drifted"], night["verdict"]


def _not_a_state(path: str | os.PathLike[str], why: str) -> StateError:
    return StateError(
        f"{os.fspath(path)} is not a state of aeanomaly watch: {why}. Name another "
        f"file, or remove it to begin anew."
    )
