"""All parts of a folder, watched as the one table that they are."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Sequence

from ...drift import Drift, TableWatch
from ...scoring.archive import SavedModel
from ..drifted import count_table, judged, new_watch
from ..inputs import open_input
from ..table_scores import fitted_columns
from ..terminal import RowProgress, note, shows_progress
from .inputs import Part
from .scoring import Job
from .words import n_parts


class PartsWatch:
    """What the parts show together; nothing without `--watch`.

    Parameters
    ----------
    model : SavedModel
    arguments : Namespace

    Raises
    ------
    ArchiveError
        If the model keeps nothing to compare with.
    """

    def __init__(self, model: SavedModel, arguments: argparse.Namespace) -> None:
        self._model = model
        self._arguments = arguments
        self._watch = new_watch(model) if arguments.watch else None

    def take(self, counted: TableWatch | None) -> None:
        """Count what a part showed while it was scored."""
        if self._watch is not None and counted is not None:
            self._watch.merge(counted)

    def judged(self, done_before: Sequence[Part], job: Job) -> Drift | None:
        """Return what has become of the table, None where nobody asked.

        Parts that an earlier run has scored are read and scored once more, and not
        written: nothing of what they showed was kept.
        """
        watch, quiet = self._watch, self._arguments.quiet
        if watch is None:
            return None
        if done_before and not quiet:
            note(f"{n_parts(len(done_before))} done already: read again for --watch")
        line = RowProgress(None, shows_progress(quiet))
        with contextlib.closing(line):
            for part in done_before:
                assert self._model.scorer is not None
                table = open_input(job.of_part(part))
                columns = fitted_columns(table, self._model.scorer.encoding)
                count_table(watch, table, self._model.scorer, columns, line.show)
        return judged(watch, self._model, self._arguments)
