"""From a watched table to a verdict, with or without earlier nights."""

from __future__ import annotations

import copy
import datetime
import os
from collections.abc import Iterable
from typing import Any

from ..scoring.scorer import Scorer
from .evidence import NightEvidence
from .judge import Judgement, judge
from .levels import same_text
from .result import Drift
from .state import WatchState, read_state
from .table import TableWatch


def drift_of(
    watch: TableWatch,
    scorer: Scorer,
    *,
    state: str | os.PathLike[str] | None = None,
    accept: bool = False,
    extra: Iterable[Any] = (),
) -> Drift:
    """Return what has become of a table, and remember it.

    Parameters
    ----------
    watch : TableWatch
        After all rows.
    scorer : Scorer
    state : str or path-like, default=None
        JSON file that remembers earlier tables. It is made where there is none, and
        written anew. None: the table is judged by itself.
    accept : bool, default=False
        Whether to take the table for a stable one, whatever it looks like.
    extra : iterable
        Names of columns that the model does not know, among which absent ones are
        looked for.
    """
    notes = list(_not_compared(watch, scorer))
    if state is None:
        found = judge(watch)
        return _drift(watch, scorer, found, found.is_alarm, notes, extra)
    remembered, evidence, texts = _remembered(watch, state)
    found = judge(watch, evidence, accept=accept)
    is_alarm = found.is_alarm and not accept
    n_stable = remembered.n_stable
    drift = _drift(watch, scorer, found, is_alarm, [*notes, *texts], extra, n_stable)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    remembered.columns, remembered.last = evidence.columns, watch.digests()[1]
    remembered.note(now, watch.n_rows, is_alarm, drift.verdict)
    remembered.write(state)
    return drift


def _remembered(
    watch: TableWatch, path: str | os.PathLike[str]
) -> tuple[WatchState, NightEvidence, list[str]]:
    """Return the state before this table, its evidence, and what is to be said."""
    model, table = watch.digests()
    remembered, texts = read_state(path), []
    if remembered is not None and remembered.model != model:
        texts.append(
            f"earlier tables, as {os.fspath(path)} is about another model and begins "
            f"anew"
        )
        remembered = None
    if remembered is None:
        remembered = WatchState(model)
    elif remembered.last == table:
        # The same table again, as after a restart: it counts once.
        remembered.columns = remembered.before
        remembered.nights = remembered.nights[:-1]
    remembered.before = copy.deepcopy(remembered.columns)
    n_columns = len(watch.columns) + (watch.scores is not None)
    evidence = NightEvidence(n_columns, copy.deepcopy(remembered.columns))
    return remembered, evidence, texts


def _drift(
    watch: TableWatch,
    scorer: Scorer,
    found: Judgement,
    is_alarm: bool,
    notes: list[str],
    extra: Iterable[Any],
    n_stable: int | None = None,
) -> Drift:
    absent = tuple(scorer.encoding.names[i] for i in sorted(watch.absent))
    others = {same_text(str(name)): name for name in extra}
    renamed = {n: others[t] for n in absent if (t := same_text(str(n))) in others}
    scores = watch.scores
    compared = scores is not None and scores.n_rows > 0
    return Drift(
        watch.n_rows,
        found.columns,
        found.score,
        scores.promised if scores is not None and compared else None,
        scores.n_flagged / scores.n_rows if scores is not None and compared else None,
        absent,
        renamed,
        is_alarm,
        tuple(notes),
        n_stable,
    )


def _not_compared(watch: TableWatch, scorer: Scorer) -> Iterable[str]:
    """Yield what could not be compared, and why."""
    columns = scorer.encoding.columns
    unknown = [
        str(column.name)
        for position, column in enumerate(columns)
        if position not in watch.columns and not column.ignored
    ]
    if unknown:
        shown = ", ".join(unknown[:3]) + (" and others" if len(unknown) > 3 else "")
        yield f"{shown}, of which the model keeps nothing to compare with"
    if watch.scores is None:
        yield "scores, of which the model keeps none"
    elif not watch.scores.n_rows and watch.n_rows:
        yield "scores, as columns are gone"
    if watch.calendar.is_part_of_a_day:
        yield "hours of the day, as the rows span less than most of a day"
