"""A folder scored part by part, and taken up again where the last run ended."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...drift import Drift
from ...exceptions import TableError
from ...files import locked_folder, remove_orphans
from ...scoring.archive import SavedModel
from ...tables import check_target
from ..decision import Decision, offset_of
from ..drifted import check_state
from ..event_log import EventLog
from ..flagged import FlaggedRows
from ..summary import say_json
from ..table_scores import read_detector
from ..terminal import complain, note, say, shows_progress
from ..top_rows import ListedRow
from .inputs import Part, find_parts
from .manifest import Listing, Manifest, Settings
from .scoring import Job, Outcome
from .stamp import sha256_of
from .summary import RunSummary
from .watch import PartsWatch
from .words import PartsProgress, n_parts, names_in_words
from .workers import SignalReceived, end_by, score_here, score_in_workers

# Options that decide no row of an output. What is added to others is taken for one
# that does, so that it is scored again rather than wrong.
_NOT_OF_ROWS = (
    *("table", "model", "output", "config", "command", "module"),
    *("quiet", "json", "log_json", "workers", "top", "id", "watch", "state"),
)


def score_parts(arguments: argparse.Namespace) -> int:
    """Score what is not done yet, say what became of it, and return the exit code.

    Raises
    ------
    TableError
        If options do not go together, or when all is done, if parts failed.
    """
    _check_options(arguments)
    parts = find_parts(arguments.table, arguments.output)
    model, settings = _model_and_settings(arguments)
    watch = PartsWatch(model, arguments)
    folder = Path(arguments.output)
    if not folder.is_dir():
        check_target(folder, [part.source for part in parts])
        folder.mkdir()
    check_state(
        arguments, [path for part in parts for path in (part.source, part.target)]
    )
    with locked_folder(folder) as is_ours:
        if not is_ours:
            raise TableError(
                f"Another run is writing to {folder}. Wait for it, or pass another "
                f"--output."
            )
        _sweep(folder, parts)
        run = _Run(arguments, parts, model, settings, folder, watch)
        run.score()
        run.judge()
        code = run.say()
    run.complain()
    return code


def _check_options(arguments: argparse.Namespace) -> None:
    for option in ("fdr", "budget"):
        if getattr(arguments, option) is not None:
            raise TableError(
                f"--{option} judges the rows of a table together, and parts are scored "
                f"one by one. Pass the name of a file to --output, or set the model's "
                f"threshold with aeanomaly threshold."
            )


def _model_and_settings(arguments: argparse.Namespace) -> tuple[SavedModel, Settings]:
    """Return the model, and what decides the rows of an output."""
    read = sha256_of(arguments.model)
    model = read_detector(arguments.model)
    if sha256_of(arguments.model) != read:
        raise TableError(
            f"{arguments.model} was written to while it was read. Run again when it is "
            f"complete."
        )
    options = {
        name: value
        for name, value in sorted(vars(arguments).items())
        if name not in _NOT_OF_ROWS and not (value is None or value is False)
    }
    return model, Settings(read, options)


def _sweep(folder: Path, parts: list[Part]) -> None:
    """Remove what killed runs have left, of parts of this run and of others."""
    for place in {folder, *(part.target.parent for part in parts)}:
        remove_orphans(place)


class _Run:
    """One run over the parts of a folder.

    Parameters
    ----------
    arguments : Namespace
    parts : list of Part
    model : SavedModel
    settings : Settings
    folder : Path
    watch : PartsWatch
    """

    def __init__(
        self,
        arguments: argparse.Namespace,
        parts: list[Part],
        model: SavedModel,
        settings: Settings,
        folder: Path,
        watch: PartsWatch,
    ) -> None:
        self._arguments = arguments
        self._parts = parts
        self._model = model
        self._settings = settings
        self._folder = folder
        self._start = time.perf_counter()
        self._log = EventLog(arguments.log_json)
        self._decision = Decision(offset_of(model, arguments))
        self._watch = watch
        self._drift: Drift | None = None
        self._notes: dict[str, list[str]] = {}
        self._manifest, trouble = Manifest.read(folder)
        if trouble is not None:
            note(trouble)
        self._outstanding, why = self._manifest.keep_equal(
            parts, settings, Listing(arguments.top, arguments.id)
        )
        if not arguments.quiet:
            for reason, names in why.items():
                note(f"{names_in_words(names)}: scored again for {reason}")
            self._note_others()

    def _note_others(self) -> None:
        ours = {part.name for part in self._parts}
        others = sorted(set(self._manifest.parts) - ours)
        if others:
            note(
                f"{self._folder} holds {n_parts(len(others))} that this run was not "
                f"asked for, which stay: {names_in_words(others)}"
            )

    def score(self) -> None:
        """Score what is not done, and write after each part what is."""
        self._manifest.failed = {}
        self._log.write(
            "start",
            model=self._arguments.model,
            model_sha256=self._settings.model,
            output=str(self._folder),
            parts=len(self._parts),
            done_before=len(self._parts) - len(self._outstanding),
            workers=self._arguments.workers,
        )
        shown = shows_progress(self._arguments.quiet)
        progress = PartsProgress(self._outstanding, shown)
        try:
            with (
                contextlib.closing(progress),
                contextlib.closing(self._outcomes(progress)) as outcomes,
            ):
                for outcome in outcomes:
                    progress.done(outcome.part)
                    self._take(outcome)
                    self._manifest.write_now_and_then()
        except SignalReceived as signal:
            _sweep(self._folder, self._parts)
            self._manifest.write()
            end_by(signal.number)
        finally:
            # Whatever ended it: what is done need not be done again.
            self._manifest.write()

    def _job(self) -> Job:
        bare = dataclasses.replace(self._model, manifest={}, arrays={})
        return Job(bare, self._arguments, self._settings.key)

    def _outcomes(self, progress: PartsProgress) -> Any:
        job = self._job()
        n_workers = min(self._arguments.workers, len(self._outstanding))
        # A single part that is left goes to a worker, too: the number of threads that
        # multiply may change a score's last digits.
        if self._arguments.workers < 2:
            return score_here(self._outstanding, job, progress.rows)
        return score_in_workers(self._outstanding, job, progress.rows, n_workers)

    def _take(self, outcome: Outcome) -> None:
        name = outcome.part.name
        facts: dict[str, Any] = {"part": name, "seconds": round(outcome.seconds, 3)}
        said = {"notes": outcome.notes, "warnings": [*map(str, outcome.warnings)]}
        if outcome.record is None:
            self._manifest.failed[name] = outcome.error
            self._log.write("part_failed", **facts, error=outcome.error, **said)
        else:
            record = self._manifest.parts[name] = outcome.record
            self._watch.take(outcome.watch)
            counts = {"rows": record.rows, "flagged": record.flagged}
            self._log.write("part_done", **facts, **counts, **said)
        for text in outcome.notes:
            # What is the same of all parts is said once.
            text = text.removeprefix(f"{outcome.part.source}: ")
            self._notes.setdefault(text, []).append(name)
        for warning in outcome.warnings:
            warnings.warn(warning, stacklevel=2)

    def judge(self) -> None:
        """Say of all parts together whether they have drifted, if that was asked for.

        Where parts failed, the next run does so: what they would show is missing.
        """
        if self._manifest.failed:
            return
        outstanding = {part.name for part in self._outstanding}
        done_before = [part for part in self._parts if part.name not in outstanding]
        self._drift = self._watch.judged(done_before, self._job())

    def say(self) -> int:
        """Say what was scored, as text or for programs, and return the exit code."""
        arguments, summary = self._arguments, self._summary()
        counts = summary.counts()
        self._log.end(summary.code, **counts)
        if arguments.json:
            whole = {"table": [str(path) for path in arguments.table], **counts}
            whole |= {"top": summary.listed(), "output": str(self._folder)}
            say_json(whole)
        if not arguments.quiet:
            for text, names in self._notes.items():
                note(f"{names_in_words(names)}: {text}")
            if not (arguments.json or arguments.log_json):
                seconds = time.perf_counter() - self._start
                say(summary.in_words(seconds, arguments.id))
        return summary.code

    def _summary(self) -> RunSummary:
        failed = self._manifest.failed
        return RunSummary(
            folder=self._folder,
            flagged=self._counted(),
            n_parts=len(self._parts),
            n_scored=len(self._outstanding) - len(failed),
            n_before=len(self._parts) - len(self._outstanding),
            failed=failed,
            top=[*self._top()],
            drift=self._drift,
        )

    def _counted(self) -> FlaggedRows:
        """Return what is flagged of all parts, of those that were done before too."""
        assert self._model.scorer is not None
        flagged = FlaggedRows(self._model.scorer, self._decision, explained=False)
        for record in self._records().values():
            flagged.add_counted(record.rows, record.flagged, record.first_reasons)
        return flagged

    def _top(self) -> Iterator[tuple[str, ListedRow]]:
        """Yield the most abnormal rows of all parts."""
        rows = [
            (name, ListedRow(**row))
            for name, record in self._records().items()
            for row in record.top
        ]
        rows.sort(key=lambda pair: pair[1].score)
        yield from rows[: self._arguments.top]

    def _records(self) -> dict[str, Any]:
        done, failed = self._manifest.parts, self._manifest.failed
        return {
            part.name: done[part.name]
            for part in self._parts
            if part.name in done and part.name not in failed
        }

    def complain(self) -> None:
        """List the parts that failed, and raise if there are any."""
        failed = self._manifest.failed
        for name, error in failed.items():
            older = self._manifest.parts.get(name)
            stays = " Its older output stays." if older is not None else ""
            complain(f"aeanomaly score: failed: {name}: {error}{stays}")
        if failed:
            then = ", and then judges drift" if self._arguments.watch else ""
            raise TableError(
                f"{len(failed):,} of {n_parts(len(self._parts))} failed; the others "
                f"are written. The same command scores those that failed again{then}."
            )
