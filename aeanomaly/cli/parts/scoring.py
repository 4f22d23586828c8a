"""One part scored and written, or the sentence that says why not."""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...drift import TableWatch
from ...exceptions import TableError, UnreadCellsWarning
from ...scoring.archive import SavedModel
from ...tables import check_output
from ..drifted import new_watch
from ..errors import in_a_sentence
from ..inputs import open_input
from ..table_scores import score_table
from .inputs import Part
from .manifest import Listing, PartRecord
from .stamp import Stamp


@dataclass(frozen=True)
class Job:
    """What is done to each part.

    Parameters
    ----------
    model : SavedModel
    arguments : Namespace
        Of the command.
    settings : str
        Key of the settings, for the records.
    """

    model: SavedModel
    arguments: argparse.Namespace
    settings: str

    def of_part(self, part: Part) -> argparse.Namespace:
        """Return the arguments with which one part is scored."""
        # One line shows the progress of all parts.
        own = {"table": [str(part.source)], "output": str(part.target), "quiet": True}
        return argparse.Namespace(**{**vars(self.arguments), **own})


@dataclass(frozen=True)
class Outcome:
    """What has become of a part.

    Parameters
    ----------
    part : Part
    seconds : float
    record : PartRecord or None, default=None
        None if it failed.
    watch : TableWatch or None, default=None
        What it showed, if that was asked for.
    error : str, default=""
        Why it failed, as a sentence.
    notes : list of str
    warnings : list of Warning
    """

    part: Part
    seconds: float
    record: PartRecord | None = None
    watch: TableWatch | None = None
    error: str = ""
    notes: list[str] = field(default_factory=list)
    warnings: list[Warning] = field(default_factory=list)


def attempt(part: Part, job: Job, tell: Callable[[int], None]) -> Outcome:
    """Score a part; its errors do not stop others.

    Parameters
    ----------
    part : Part
    job : Job
    tell : callable
        Told of the number of rows so far.
    """
    start = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        strict = job.arguments.strict
        warnings.simplefilter("error" if strict else "always", UnreadCellsWarning)
        try:
            watch = new_watch(job.model) if job.arguments.watch else None
            record, notes = _score(part, job, tell, watch)
        except Exception as error:
            if sys.flags.dev_mode:
                raise
            record, watch, notes, sentence = None, None, [], in_a_sentence(error)
        else:
            sentence = ""
    seconds = time.perf_counter() - start
    said = _merged(warning.message for warning in caught)
    return Outcome(part, seconds, record, watch, sentence, notes, said)


def _score(
    part: Part, job: Job, tell: Callable[[int], None], watch: TableWatch | None
) -> tuple[PartRecord, list[str]]:
    arguments = job.of_part(part)
    # Before anything of it is read.
    moment = _moment(part.source) if part.source.exists() else None
    table = open_input(arguments)
    before = Stamp.of(part.source)
    part.target.parent.mkdir(parents=True, exist_ok=True)
    check_output(part.target, [part.source, arguments.model])

    def check_unchanged() -> None:
        if _moment(part.source) != moment:
            raise TableError(
                f"{part.source} was written to while it was read. Score it when it is "
                f"complete."
            )

    scored = score_table(
        table,
        job.model,
        arguments,
        explained=not job.arguments.quiet,
        watch=watch,
        tell=tell,
        before_it_appears=check_unchanged,
    )
    assert job.model.scorer is not None
    summary = scored.flagged.summary()
    record = PartRecord(
        settings=job.settings,
        source=str(part.source),
        input=before,
        output=Stamp.of_own(part.target),
        rows=scored.flagged.n_rows,
        flagged=summary["flagged"],
        first_reasons=summary["first_reasons"],
        listed=Listing(arguments.top, arguments.id),
        top=[row._asdict() for row in scored.top.listed(job.model.scorer)],
    )
    return record, scored.notes


def _moment(path: Path) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_size, status.st_mtime_ns


def _merged(found: Iterable[Any]) -> list[Warning]:
    """Return warnings that can be sent to another process, a column's as one."""
    by_column: dict[Any, UnreadCellsWarning] = {}
    others: dict[str, Warning] = {}
    for warning in found:
        if isinstance(warning, UnreadCellsWarning):
            known = by_column.get(warning.column)
            by_column[warning.column] = known + warning if known else warning
        else:
            others[str(warning)] = UserWarning(str(warning))
    return [*by_column.values(), *others.values()]
