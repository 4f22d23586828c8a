"""What of a folder is done: by which model, with which options, from which inputs."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ... import __version__
from ...exceptions import TableError
from ...files import atomic_file
from .inputs import Part
from .stamp import Stamp

# Readers of folders leave out names that begin with an underscore.
MANIFEST = "_aeanomaly.json"
_FORMAT = 1
# Of the time of a run, what goes at most on writing what it has done.
_SHARE_OF_TIME = 0.05


@dataclass(frozen=True)
class Settings:
    """What decides the rows of an output, beside those of its input.

    Parameters
    ----------
    model : str
        SHA-256 of the model file.
    options : dict of str to object
        As JSON has them.
    aeanomaly : str, default=the version that runs
    """

    model: str
    options: dict[str, Any]
    aeanomaly: str = __version__

    @property
    def key(self) -> str:
        """A name of these settings: equal ones have equal names."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def differs_in(self, other: Settings) -> str | None:
        """Return what is another, in words."""
        if self.model != other.model:
            return "another model"
        if self.options != other.options:
            return "other options"
        if self.aeanomaly != other.aeanomaly:
            return "another version of aeanomaly"
        return None


class Listing(NamedTuple):
    """The most abnormal rows that are listed.

    Parameters
    ----------
    top : int
        How many.
    id : str or None
        Column that names them.
    """

    top: int
    id: str | None

    def holds(self, other: Listing) -> bool:
        """Return whether another list is the beginning of this one."""
        return not other.top or (other.top <= self.top and other.id == self.id)


@dataclass(frozen=True)
class PartRecord:
    """A part that is done.

    Parameters
    ----------
    settings : str
        Key of the settings.
    source : str
        Path of the input, as it was given.
    input, output : Stamp
    rows, flagged : int
    first_reasons : dict of str to float
        Share of the flagged rows by the column that is their first reason.
    listed : Listing
        How many of the most abnormal rows were asked for.
    top : list of dict
        These rows.
    """

    settings: str
    source: str
    input: Stamp
    output: Stamp
    rows: int
    flagged: int
    first_reasons: dict[str, float]
    listed: Listing
    top: list[dict[str, Any]]

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> PartRecord:
        """Return a record from JSON."""
        stamps = {key: Stamp.from_plain(plain[key]) for key in ("input", "output")}
        return cls(**{**plain, **stamps, "listed": Listing(**plain["listed"])})

    def as_plain(self) -> dict[str, Any]:
        """Return the record as JSON has it."""
        plain = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return {
            key: value._asdict() if isinstance(value, Stamp | Listing) else value
            for key, value in plain.items()
        }


@dataclass
class Manifest:
    """The parts of an output folder.

    Parameters
    ----------
    path : Path
    settings : dict of str to Settings
        By their keys.
    parts : dict of str to PartRecord
        By their names.
    failed : dict of str to str
        Errors of the last run, by the names of parts.
    """

    path: Path
    settings: dict[str, Settings] = field(default_factory=dict)
    parts: dict[str, PartRecord] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    _written: float = 0.0
    _took: float = 0.0

    @classmethod
    def read(cls, folder: Path) -> tuple[Manifest, str | None]:
        """Return the manifest of a folder, and what is wrong with it, if anything.

        Raises
        ------
        TableError
            If a newer aeanomaly wrote it.
        """
        path = folder / MANIFEST
        try:
            plain = json.loads(path.read_text(encoding="utf-8"))
            version = plain["format"]
        except FileNotFoundError:
            return cls(path), None
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            return cls(path), _unreadable(path, error)
        if isinstance(version, int) and version > _FORMAT:
            raise TableError(
                f"{path} is of format {version}; this aeanomaly knows up to {_FORMAT}. "
                f"Upgrade aeanomaly, or pass another --output."
            )
        try:
            settings = {k: Settings(**v) for k, v in plain["settings"].items()}
            parts = {k: PartRecord.from_plain(v) for k, v in plain["parts"].items()}
            for record in parts.values():
                settings[record.settings]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            return cls(path), _unreadable(path, error)
        return cls(path, settings, parts), None

    def write(self) -> None:
        """Write the manifest, whole or not at all."""
        start = time.monotonic()
        used = {record.settings for record in self.parts.values()}
        plain = {
            "format": _FORMAT,
            "settings": {
                key: dataclasses.asdict(settings)
                for key, settings in sorted(self.settings.items())
                if key in used
            },
            "parts": {k: self.parts[k].as_plain() for k in sorted(self.parts)},
            "failed": dict(sorted(self.failed.items())),
        }
        with atomic_file(self.path) as temporary:
            text = json.dumps(plain, ensure_ascii=False, indent=1)
            temporary.write_text(f"{text}\n", encoding="utf-8")
        self._written = time.monotonic()
        self._took = self._written - start

    def write_now_and_then(self) -> None:
        """Write the manifest unless that would take much of the time.

        What it does not say then is scored again after a crash.
        """
        if time.monotonic() - self._written > self._took / _SHARE_OF_TIME:
            self.write()

    def keep_equal(
        self, parts: Iterable[Part], settings: Settings, listed: Listing
    ) -> tuple[list[Part], dict[str, list[str]]]:
        """Say what is to be scored: parts that are new, and those that have changed.

        Of the others the stamps are brought up to date.

        Returns
        -------
        list of Part
        dict of str to list of str
            Names of those that were scored before, by why they are scored again.

        Raises
        ------
        TableError
            If another model, or other options, made parts that are not among these.
        """
        parts = list(parts)
        self._check_others({part.name for part in parts}, settings)
        outstanding: list[Part] = []
        why: dict[str, list[str]] = {}
        for part in parts:
            record = self.parts.get(part.name)
            if record is None:
                outstanding.append(part)
                continue
            reason = self._again_because(record, part, settings, listed)
            if reason is not None:
                outstanding.append(part)
                why.setdefault(reason, []).append(part.name)
        self.settings[settings.key] = settings
        return outstanding, why

    def _again_because(
        self, record: PartRecord, part: Part, settings: Settings, listed: Listing
    ) -> str | None:
        difference = self.settings[record.settings].differs_in(settings)
        if difference is not None:
            return difference
        source, target = (
            record.input.again(part.source),
            record.output.again(part.target),
        )
        if source is None:
            return "a changed input"
        if target is None:
            return "an output that has changed or is gone"
        if not record.listed.holds(listed):
            return "a longer list"
        self.parts[part.name] = dataclasses.replace(record, input=source, output=target)
        return None

    def _check_others(self, names: set[str], settings: Settings) -> None:
        for name, record in sorted(self.parts.items()):
            if name not in names and not (self.path.parent / name).exists():
                del self.parts[name]
                continue
            made_by = self.settings[record.settings]
            # Another version makes the same of the same, as far as it is known.
            difference = dataclasses.replace(
                made_by, aeanomaly=settings.aeanomaly
            ).differs_in(settings)
            if name not in names and difference is not None:
                raise TableError(
                    f"{self.path.parent} holds {name}, which {difference} made, and "
                    f"which is not among the tables: the folder would hold both. Pass "
                    f"its table as well, or another --output."
                )


def _unreadable(path: Path, error: Exception) -> str:
    what = f"{type(error).__name__}: {error}"
    return f"{path} cannot be read ({what}): all parts are scored again"
