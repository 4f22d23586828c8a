"""What ``watch`` and ``score --watch`` share: a watch, its state and its verdict."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import Any

from ..drift import Drift, TableWatch, drift_of
from ..exceptions import ArchiveError
from ..scoring.archive import SavedModel
from ..scoring.scorer import Scorer
from ..tables import check_target

# What a scheduler is told where a table has drifted.
DRIFTED = 10


def check_state(arguments: argparse.Namespace, inputs: Iterable[Any]) -> None:
    """Find out before reading whether the state can be written."""
    if arguments.state is not None:
        check_target(arguments.state, [*inputs, arguments.model])


def new_watch(model: SavedModel, absent: Iterable[int] = ()) -> TableWatch:
    """Return a watch of a table, which has no rows yet."""
    assert model.scorer is not None
    watch = TableWatch(model.scorer, model.calibration, model.offset, absent)
    if not watch.columns and watch.scores is None:
        raise ArchiveError(
            "The model keeps nothing of its training rows to compare with: an older "
            "aeanomaly wrote it, or it is private. Fit again."
        )
    return watch


def count_table(
    watch: TableWatch,
    table: Any,
    scorer: Scorer,
    columns: dict[Any, Any],
    tell: Callable[[int], None],
) -> None:
    """Count the rows of a table and their scores, which are of use here only.

    Parameters
    ----------
    watch : TableWatch
    table : TextTable or another
    scorer : Scorer
    columns : dict of str to Column
        The fitted columns that the table has.
    tell : callable
        Told of the number of rows so far.
    """
    for batch in table.iter_batches(columns):
        scores = None
        if watch.scores is not None and not watch.absent and len(batch.features):
            scores = scorer.score_samples(batch.features)
        watch.add(batch.features, scores)
        tell(watch.n_rows)


def judged(
    watch: TableWatch,
    model: SavedModel,
    arguments: argparse.Namespace,
    names: Iterable[Any] = (),
) -> Drift:
    """Return what has become of the table, and remember it if there is a state."""
    assert model.scorer is not None
    known = set(model.scorer.encoding.names)
    return drift_of(
        watch,
        model.scorer,
        state=arguments.state,
        accept=getattr(arguments, "accept", False),
        extra=[name for name in names if name not in known],
    )
