"""Search of the fewest columns to change so that a row is no longer flagged."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..scoring.calibration import TIE
from ..scoring.encoding.tabular import column_at, take_rows
from ..scoring.reasons import iter_reasons
from ..scoring.scorer import Scorer
from .ordinary import OrdinaryRows, as_table
from .possible import frequent_levels, possible_values

# Columns of a row that are tried, those that make up most of its score.
_MAX_COLUMNS = 16
# Ordinary rows that are tried as a whole, and whose values are tried one by one.
_N_NEAREST, _N_TRIED = 8, 3
# Columns that are changed one after the other before a whole row is taken over.
_MAX_STEPS = 8
# Rows that are searched together: their candidates are one block for the network.
_ROWS = 64


class Change(NamedTuple):
    """One column of a row, changed.

    Parameters
    ----------
    position : int
        Of the column in the table.
    observed, changed : object
        In original units.
    """

    position: int
    observed: Any
    changed: Any


class Counterfactual(NamedTuple):
    """What would make a row ordinary.

    Parameters
    ----------
    changes : tuple of Change
        Those that move the score most first; empty if nothing was found.
    score : float
        Of the changed row.
    found : bool
        Whether the changed row is not flagged.
    """

    changes: tuple[Change, ...]
    score: float
    found: bool


def find_counterfactuals(
    scorer: Scorer,
    offset: float,
    table: Any,
    ordinary: OrdinaryRows | None = None,
) -> list[Counterfactual]:
    """Return the smallest change found of each row after which it is not flagged.

    Columns are changed one by one, each time the one that moves the score most: to what
    its other columns let expect, to an end of that range, to a frequent level, or to
    what one of the nearest ordinary rows holds. Where that does not suffice, the
    nearest ordinary rows are taken as a whole. Then what is not needed is changed back.
    The changed rows are scored as any rows are.

    Parameters
    ----------
    scorer : Scorer
    offset : float
        Rows that score below it are flagged.
    table : DataFrame or ndarray of shape (n_samples, n_features)
        Rows to change, with the fitted columns in the fitted order.
    ordinary : OrdinaryRows or None, default=None
        Those of the scorer, if they are known already.

    Returns
    -------
    list of Counterfactual
        Without changes for rows that are not flagged.
    """
    ordinary = ordinary or OrdinaryRows.of_scorer(scorer, offset, table)
    found: list[Counterfactual] = []
    for start in range(0, len(table), _ROWS):
        rows = take_rows(table, slice(start, start + _ROWS))
        found += _Search(scorer, offset, rows, ordinary).run()
    return found


class _Search:
    """The search for some rows together.

    Encoded columns stand for values: a change copies those of one column from a
    candidate. So nothing is encoded twice, and thousands of changed rows are scored at
    once.
    """

    def __init__(
        self, scorer: Scorer, offset: float, rows: Any, ordinary: OrdinaryRows | None
    ) -> None:
        self.scorer, self.rows, self.ordinary = scorer, rows, ordinary
        # Rows differ by rounding from those of a great table: so much above it.
        self.offset = offset
        self.aim = offset + 2 * TIE * abs(offset)
        encoding = scorer.encoding
        self.n_columns = len(encoding.columns)
        self.encoded = [
            np.flatnonzero(encoding.encoded_columns == i) for i in range(self.n_columns)
        ]
        Z, novelty = encoding.encode(rows)
        self.observed_Z = Z
        none = np.zeros((len(Z), self.n_columns))
        self.observed_novelty = none if novelty is None else novelty
        self.scores = self._score(Z, self.observed_novelty)

    def run(self) -> list[Counterfactual]:
        self.flagged = np.flatnonzero(self.scores < self.offset)
        # Which candidate each column of each row has; -1 for what was observed.
        self.chosen = np.full((len(self.scores), self.n_columns), -1)
        if len(self.flagged):
            self._collect()
            self._change_columns()
            self._take_whole_rows()
            self._change_back()
        return self._verified()

    # --- Candidates ---

    def _collect(self) -> None:
        """Collect candidate values of each column of each flagged row.

        Every value of a column stands once in its pool, at the place that is its id.
        """
        order, expected = self._expected()
        self.order = dict(zip(self.flagged.tolist(), order, strict=True))
        n_flagged, n_columns = len(self.flagged), self.n_columns
        n_nearest, nearest = 0, np.empty((n_flagged, 0), dtype=np.intp)
        if self.ordinary is not None:
            nearest = self.ordinary.nearest(self.observed_Z[self.flagged], _N_NEAREST)
            n_nearest = nearest.shape[1]
        # Ids of the values to try one by one, and of those of the nearest rows.
        self.tried: dict[int, list[list[int]]] = {}
        self.near: dict[int, np.ndarray] = {}
        pools: list[dict[Any, int]] = [{} for _ in range(n_columns)]
        observed = [self._observed(i) for i in range(n_columns)]
        for i, row in enumerate(self.flagged.tolist()):
            tried: list[list[int]] = [[] for _ in range(n_columns)]
            near = np.full((n_nearest, n_columns), -1)
            for position, column in enumerate(self.scorer.encoding.columns):
                if column.ignored:
                    continue
                pool = pools[position]
                values = [*expected[i][position], *frequent_levels(column)]
                known = possible_values(self.scorer, position, _array(values, column))
                held = known[:0]
                if self.ordinary is not None:
                    held = _array(self.ordinary.values[position][nearest[i]], column)
                    near[:, position] = [_id_in(pool, v) for v in held.tolist()]
                # What is missing explains nothing: it comes with whole rows only.
                own = _plain(observed[position][row])
                for value in [*known.tolist(), *held[:_N_TRIED].tolist()]:
                    if not _missing(value) and value != own:
                        tried[position].append(_id_in(pool, value))
                tried[position] = list(dict.fromkeys(tried[position]))
            self.tried[row], self.near[row] = tried, near
        self._encode(pools)

    def _expected(self) -> tuple[np.ndarray, list[list[list[Any]]]]:
        """Return columns by their share of the score, and what was expected of each."""
        order = np.empty((len(self.flagged), self.n_columns), dtype=np.intp)
        expected: list[list[list[Any]]] = []
        flagged = take_rows(self.rows, self.flagged)
        for block, _, reasons in iter_reasons(self.scorer, flagged, self.n_columns):
            order[block] = reasons.columns
            for i, columns in enumerate(reasons.columns):
                own: list[list[Any]] = [[] for _ in columns]
                for rank, position in enumerate(columns):
                    own[position] = [reasons.expected[i, rank]]
                    ends = reasons.low[i, rank], reasons.high[i, rank]
                    number = reasons.number[i, rank]
                    if np.isfinite(ends).all() and np.isfinite(number):
                        # The nearer end is the smaller change.
                        own[position].append(
                            self._in_units(position, np.clip(number, *ends))
                        )
                expected.append(own)
        return order, expected

    def _in_units(self, position: int, number: float) -> Any:
        column = self.scorer.encoding.columns[position]
        if column.storage == "time":
            return np.datetime64(round(number * 1e6), "us")
        return number

    def _encode(self, pools: list[dict[Any, int]]) -> None:
        """Encode all candidates; shorter pools are filled with what was observed."""
        longest = max(map(len, pools))
        self.values = []
        for position, pool in enumerate(pools):
            column = self.scorer.encoding.columns[position]
            filler = [self._observed(position)[0]] * (longest - len(pool))
            self.values.append(_array([*pool, *filler], column))
        table = as_table(self.scorer, self.values, self.rows)
        self.Z, novelty = self.scorer.encoding.encode(table)
        none = np.zeros((len(self.Z), self.n_columns))
        self.novelty = none if novelty is None else novelty

    def _observed(self, position: int) -> Any:
        values = column_at(self.rows, position)
        column = self.scorer.encoding.columns[position]
        if column.storage == "time" and hasattr(values, "dt"):
            values = _naive(values).to_numpy("datetime64[us]")
        return _array(list(np.asarray(values)), column)

    # --- Scores of changed rows ---

    def _score(self, Z: np.ndarray, novelty: np.ndarray) -> np.ndarray:
        model, reduction = self.scorer.model, self.scorer.reduction
        evaluation = model.evaluate(Z, novelty)
        return -reduction.statistic(evaluation, self.scorer.encoding)

    def _changed(self, row: int, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return a row, encoded, with some of its columns those of candidates."""
        Z, novelty = self.observed_Z[row].copy(), self.observed_novelty[row].copy()
        for position in np.flatnonzero(chosen >= 0):
            columns = self.encoded[position]
            Z[columns] = self.Z[chosen[position], columns]
            novelty[position] = self.novelty[chosen[position], position]
        return Z, novelty

    def _score_each(self, rows: Any, choices: list[np.ndarray]) -> np.ndarray:
        """Return the scores of rows with candidates in some of their columns."""
        if not choices:
            return np.empty(0)
        Z, novelty = zip(*map(self._changed, rows, choices), strict=True)
        return self._score(np.array(Z), np.array(novelty))

    # --- The search ---

    def _change_columns(self) -> None:
        """Change column after column of the rows that are still flagged."""
        for _ in range(min(_MAX_STEPS, self.n_columns)):
            active = [r for r in self.flagged.tolist() if self.scores[r] < self.aim]
            if not active:
                return
            tried = [self._moves(row) for row in active]
            sizes = [len(moves) for moves in tried]
            scores = self._score_moves(active, tried)
            starts = np.append(0, np.cumsum(sizes))
            for i, row in enumerate(active):
                own = scores[starts[i] : starts[i + 1]]
                if not len(own) or own.max() <= self.scores[row]:
                    continue
                best = self._best(row, tried[i], own)
                position, candidate = tried[i][best]
                self.chosen[row, position] = candidate
                self.scores[row] = own[best]

    def _moves(self, row: int) -> list[tuple[int, int]]:
        """Return columns and candidates to try next."""
        return [
            (position, candidate)
            for position in self.order[row][:_MAX_COLUMNS].tolist()
            for candidate in self.tried[row][position]
            if self.chosen[row, position] != candidate
        ]

    def _score_moves(
        self, active: list[int], tried: list[list[tuple[int, int]]]
    ) -> np.ndarray:
        Z, novelty = [], []
        for row, moves in zip(active, tried, strict=True):
            own_Z, own_novelty = self._changed(row, self.chosen[row])
            many_Z = np.repeat(own_Z[None], len(moves), axis=0)
            many_novelty = np.repeat(own_novelty[None], len(moves), axis=0)
            for i, (position, candidate) in enumerate(moves):
                columns = self.encoded[position]
                many_Z[i, columns] = self.Z[candidate, columns]
                many_novelty[i, position] = self.novelty[candidate, position]
            Z.append(many_Z)
            novelty.append(many_novelty)
        return self._score(np.concatenate(Z), np.concatenate(novelty))

    def _best(self, row: int, moves: list[tuple[int, int]], scores: np.ndarray) -> int:
        """Return the move to make: the smallest that suffices, or the best."""
        enough = np.flatnonzero(scores >= self.aim)
        if not len(enough):
            return int(scores.argmax())
        sizes = [
            np.abs(self.Z[candidate, columns] - self.observed_Z[row, columns]).sum()
            for position, candidate in (moves[i] for i in enough)
            for columns in [self.encoded[position]]
        ]
        return int(enough[int(np.argmin(sizes))])

    def _take_whole_rows(self) -> None:
        """Take over an ordinary row where changes of some columns did not suffice.

        Of the nearest ones that of which the fewest columns are needed.
        """
        for row in self.flagged.tolist():
            if self.scores[row] >= self.aim or not len(self.near[row]):
                continue
            choices = list(self.near[row])
            scores = self._score_each([row] * len(choices), choices)
            enough = np.flatnonzero(scores >= self.aim)
            if not len(enough):
                self.chosen[row] = choices[int(scores.argmax())]
                self.scores[row] = scores.max()
                continue
            kept, scores = self._without_needless(
                [row] * len(enough), [choices[i] for i in enough], scores[enough]
            )
            best = int(np.argmin([(own >= 0).sum() for own in kept]))
            self.chosen[row], self.scores[row] = kept[best], scores[best]

    def _change_back(self) -> None:
        """Change back columns whose change is not needed."""
        rows = [r for r in self.flagged.tolist() if self.scores[r] >= self.aim]
        kept, scores = self._without_needless(
            rows, list(self.chosen[rows]), self.scores[rows]
        )
        for row, own, score in zip(rows, kept, scores, strict=True):
            self.chosen[row], self.scores[row] = own, score

    def _without_needless(
        self, rows: list[int], choices: list[np.ndarray], scores: np.ndarray
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """Return changes without those that are not needed, and their scores.

        One after the other, each time the one without which the score is best.
        """
        choices, scores = list(choices), scores.copy()
        active = list(range(len(rows)))
        while active:
            tried, owners = [], []
            for i in active:
                changed = np.flatnonzero(choices[i] >= 0)
                for position in changed if len(changed) > 1 else ():
                    without = choices[i].copy()
                    without[position] = -1
                    tried.append(without)
                    owners.append(i)
            found = self._score_each([rows[i] for i in owners], tried)
            following = []
            for i in active:
                own = np.flatnonzero(np.array(owners, dtype=np.intp) == i)
                if len(own) and found[own].max() >= self.aim:
                    best = own[int(found[own].argmax())]
                    choices[i], scores[i] = tried[best], found[best]
                    following.append(i)
            active = following
        return choices, scores

    # --- The result ---

    def _verified(self) -> list[Counterfactual]:
        """Return the changes, the changed rows scored in original units."""
        found = [
            Counterfactual((), float(s), bool(s >= self.offset)) for s in self.scores
        ]
        if not len(self.flagged):
            return found
        columns = []
        for position in range(self.n_columns):
            held = self._observed(position)
            changed = held.copy()
            chosen = self.chosen[:, position]
            at = np.flatnonzero(chosen >= 0)
            changed[at] = self.values[position][chosen[at]]
            columns.append((held, changed))
        table = as_table(self.scorer, [changed for _, changed in columns], self.rows)
        scores = self.scorer.score_samples(table)
        for row in self.flagged.tolist():
            found[row] = self._counterfactual(row, columns, float(scores[row]))
        return found

    def _counterfactual(
        self, row: int, columns: list[Any], score: float
    ) -> Counterfactual:
        enough = score >= self.offset
        changes = []
        for position in self.order[row].tolist():
            held, changed = columns[position]
            if self.chosen[row, position] >= 0 and not _equal(held[row], changed[row]):
                changes.append(
                    Change(position, _plain(held[row]), _plain(changed[row]))
                )
        return Counterfactual(tuple(changes) if enough else (), score, enough)


def _id_in(pool: dict[Any, int], value: Any) -> int:
    """Return the place of a value in a pool, to which it is added if it is new."""
    return pool.setdefault(None if _missing(value) else value, len(pool))


def _array(values: Any, column: Any) -> np.ndarray:
    """Return values of a column as an array that holds them all."""
    if column.storage == "time":
        return np.array(values, dtype="datetime64[us]")
    kind = getattr(column, "kind", "")
    if column.categorical or column.ignored or kind in ("clock", "constant"):
        held = np.empty(len(values), dtype=object)
        held[:] = list(values)
        return held
    return np.array([np.nan if _missing(v) else v for v in values], dtype=np.float64)


def _naive(values: Any) -> Any:
    """Return times without a zone, as the encoding sees them."""
    if values.dt.tz is None:
        return values
    return values.dt.tz_convert("UTC").dt.tz_localize(None)


def _missing(value: Any) -> bool:
    try:
        return value is None or bool(value != value)
    except TypeError:
        # Pandas's NA.
        return True


def _equal(one: Any, other: Any) -> bool:
    return (_missing(one) and _missing(other)) or bool(one == other)


def _plain(value: Any) -> Any:
    """Return a value of NumPy as one of Python."""
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else value.item()
    if _missing(value):
        return None
    value = value.item() if isinstance(value, np.generic) else value
    return int(value) if isinstance(value, float) and value.is_integer() else value
