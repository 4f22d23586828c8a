"""Reasons: which columns make up a row's score, and what was expected of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .encoding.columns import Column
from .encoding.tabular import column_at, iter_columns, take_rows
from .evaluation import Evaluation
from .expectations import N_PARTNERS, Expectations, as_numbers, greatest
from .scorer import Scorer
from .usual import Usual, UsualNumbers
from .wording.values import show_column

_TINY = 1e-300
_SAID = (
    *("low", "high", "probability", "own", "share", "believed"),
    *("partners", "sole"),
)

_FLAT = ("observed", "shown", "number", "expected", "aspect", *_SAID)

# A column is named beside another if it makes up this share of the score, and this much
# of what the greatest makes up.
_BLAMED, _BLAMED_BESIDE = 0.03, 0.5


@dataclass(frozen=True)
class Reasons:
    """The columns that make up the scores of a block of rows, greatest share first.

    Parameters
    ----------
    columns : ndarray of shape (n_samples, top), int
        Position of each column in the table.
    shares : ndarray of shape (n_samples, top)
        Share of the score; those of all columns of a row sum to one.
    observed, expected : ndarray of shape (n_samples, top), object
        Values in original units and categories.
    low, high : ndarray of shape (n_samples, top)
        Ends of the range in which nine of ten values would lie, times in seconds
        since 1970; NaN where that is not known.
    number : ndarray of shape (n_samples, top)
        The observed value as a number, or in seconds since 1970; NaN for levels.
    probability, own : ndarray of shape (n_samples, top)
        Probability of the expected level of a category, and of the observed one; NaN
        for other columns.
    share : ndarray of shape (n_samples, top)
        Of the expected level in training rows; NaN where that is not known.
    believed : ndarray of shape (n_samples, top), bool
        Whether an expected level is more than what a line says of rows far out.
    partners : ndarray of shape (n_samples, top, N_PARTNERS), int
        Positions of the columns that make this one's value unusual; -1 for none.
    partners_shown : ndarray of shape (n_samples, top, N_PARTNERS), object
        Texts of their values.
    shown : ndarray of shape (n_samples, top), object
        Texts of the observed values; None where there are no partners to look for.
    sole : ndarray of shape (n_samples, top), bool
        Whether the first of them alone makes it so.
    aspect : ndarray of shape (n_samples, top), object
        What of the value is the farthest from what was expected, in words, if it is
        not the value itself.
    like : ndarray of shape (n_samples,), int, or None
        Number of the known anomaly that each row is like, zero for none; None where
        none are known.
    """

    columns: np.ndarray
    shares: np.ndarray
    observed: np.ndarray
    expected: np.ndarray
    low: np.ndarray
    high: np.ndarray
    number: np.ndarray
    probability: np.ndarray
    own: np.ndarray
    share: np.ndarray
    believed: np.ndarray
    partners: np.ndarray
    partners_shown: np.ndarray
    shown: np.ndarray
    sole: np.ndarray
    aspect: np.ndarray
    like: np.ndarray | None

    def first(self, top: int) -> Reasons:
        """Return the first reasons of each row."""
        by_reason = {
            name: v[:, :top] for name, v in vars(self).items() if name != "like"
        }
        return Reasons(**by_reason, like=self.like)


def iter_reasons(
    scorer: Scorer, table: Any, top: int, *, beside: bool = True
) -> Iterator[tuple[slice, np.ndarray, Reasons]]:
    """Yield the scores and the reasons of each block of rows.

    Parameters
    ----------
    scorer : Scorer
    table : DataFrame or ndarray of shape (n_samples, n_features)
        With the fitted columns in the fitted order.
    top : int
        Columns to name, at most as many as there are.
    beside : bool, default=True
        Whether to look for the columns that make another's value unusual, which
        sentences name. Without it there are no partners.

    Yields
    ------
    rows : slice
    scores : ndarray of shape (n_block,)
    reasons : Reasons
    """
    top = min(top, len(scorer.encoding.columns))
    for rows, evaluation in scorer.iter_evaluations(table):
        block = take_rows(table, rows)
        statistic, shares = _divided(scorer, block, evaluation)
        # Those that are named beside a column are among the first, too.
        order = greatest(shares, max(top, N_PARTNERS + 1))
        yield (
            rows,
            -statistic,
            _reasons(scorer, block, evaluation, order, shares, top, beside),
        )


def iter_shares(scorer: Scorer, table: Any) -> Iterator[np.ndarray]:
    """Yield the share of each column in the score, for each block of rows.

    Parameters
    ----------
    scorer : Scorer
    table : DataFrame or ndarray of shape (n_samples, n_features)
        With the fitted columns in the fitted order.

    Yields
    ------
    ndarray of shape (n_block, n_features)
        Rows sum to one.
    """
    for rows, evaluation in scorer.iter_evaluations(table):
        yield _divided(scorer, take_rows(table, rows), evaluation)[1]


def _divided(
    scorer: Scorer, block: Any, evaluation: Evaluation
) -> tuple[np.ndarray, np.ndarray]:
    """Return the statistic of each row, and the share that each column has in it."""
    statistic, cells = scorer.reduction.divided(evaluation, scorer.encoding)
    moved = _moved(scorer, block)
    rows = np.flatnonzero(moved.any(axis=1))
    if len(rows):
        blamed = _to_blame(scorer, evaluation.of_rows(rows), moved[rows])
        cells[rows] = scorer.reduction.cells(blamed, scorer.encoding)
    total = np.maximum(cells.sum(axis=1, keepdims=True), _TINY)
    return statistic, np.asarray(cells / total)


def _moved(scorer: Scorer, block: Any) -> np.ndarray:
    """Return which cells of a block were moved, (n_rows, n_features), bool."""
    columns = scorer.encoding.columns
    found = np.zeros((len(block), len(columns)), dtype=bool)
    if scorer.usual is None:
        # Files of older protocols are explained as when they were written.
        return found
    for position, column in enumerate(columns):
        if type(column).moved is Column.moved:
            continue
        moved = column.moved(column_at(block, position))
        if moved is not None:
            found[:, position] = moved
    return found


def _to_blame(scorer: Scorer, evaluation: Evaluation, moved: np.ndarray) -> Evaluation:
    """Return rows in which values that were moved are as expected.

    A time after the training rows counts as the last of them. That is not what it is,
    and is not to blame; when in the day or week it is, may be.
    """
    encoding = scorer.encoding
    Z = np.array(evaluation.Z)
    expected = scorer.reduction.expected(evaluation, encoding)
    for position in np.flatnonzero(moved.any(axis=0)):
        first = int(np.flatnonzero(encoding.encoded_columns == position)[0])
        at = moved[:, position]
        Z[at, first] = expected[at, first]
    return scorer.model.evaluate(Z, evaluation.novelty)


def _reasons(
    scorer: Scorer,
    block: Any,
    evaluation: Evaluation,
    order: np.ndarray,
    shares: np.ndarray,
    top: int,
    beside: bool,
) -> Reasons:
    """Return what is to be said of the columns that are named for each row.

    Parameters
    ----------
    scorer : Scorer
    block : DataFrame or ndarray of shape (n_samples, n_features)
    evaluation : Evaluation
        Of the block.
    order : ndarray of shape (n_samples, n_ordered), int
        Columns of the greatest shares, in descending order.
    shares : ndarray of shape (n_samples, n_features)
    top : int
        Columns to name.
    beside : bool
        Whether to look for partners.
    """
    columns = order[:, :top]
    shape = columns.shape
    reasons = Reasons(
        columns=columns,
        shares=np.take_along_axis(shares, columns, axis=1),
        observed=np.empty(shape, dtype=object),
        expected=np.empty(shape, dtype=object),
        low=np.full(shape, np.nan),
        high=np.full(shape, np.nan),
        number=np.full(shape, np.nan),
        probability=np.full(shape, np.nan),
        own=np.full(shape, np.nan),
        share=np.full(shape, np.nan),
        believed=np.ones(shape, dtype=bool),
        partners=np.full((*shape, N_PARTNERS), -1),
        partners_shown=np.empty((*shape, N_PARTNERS), dtype=object),
        shown=np.empty(shape, dtype=object),
        sole=np.zeros(shape, dtype=bool),
        aspect=np.empty(shape, dtype=object),
        like=scorer.reduction.like_cases(evaluation, scorer.encoding),
    )
    expectations, held = Expectations(scorer, evaluation), _columns(block)
    flat = {name: getattr(reasons, name).reshape(columns.size, -1) for name in _FLAT}
    for position, at in _places(columns):
        row = at // columns.shape[1]
        column = scorer.encoding.columns[position]
        said = expectations.of_column(position, row, beside=beside)
        values = _take(held[position], row)
        usual = scorer.usual_of(position)
        flat["observed"][at, 0] = _as_objects(values)
        flat["number"][at, 0] = as_numbers(values, column, usual)
        flat["expected"][at, 0] = said.values
        for name in _SAID:
            flat[name][at] = getattr(said, name).reshape(len(at), -1)
        aspects = [column.aspect(i) for i in range(said.encoded.max() + 1)]
        flat["aspect"][at, 0] = np.array(aspects, dtype=object)[said.encoded]
        if beside:
            flat["shown"][at, 0] = show_column(values, _decimals(usual, column))
    if beside:
        _name_partners(reasons, shares, order[:, : N_PARTNERS + 1], held)
    return reasons


def _name_partners(
    reasons: Reasons, shares: np.ndarray, order: np.ndarray, held: list[Any]
) -> None:
    """Name the columns beside each reason, with the texts of their values."""
    _blame_together(reasons, shares, order)
    shown = reasons.partners_shown.reshape(-1)
    per_row = reasons.columns.shape[1] * N_PARTNERS
    for position, at in _places(reasons.partners):
        if position >= 0:
            shown[at] = show_column(_take(held[position], at // per_row))


def _places(columns: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yield each number that an array holds, and where it holds it, counted flat."""
    order = np.argsort(columns.ravel(), kind="stable")
    found, starts = np.unique(columns.ravel()[order], return_index=True)
    yield from zip(found.tolist(), np.split(order, starts[1:]), strict=True)


def _blame_together(reasons: Reasons, shares: np.ndarray, order: np.ndarray) -> None:
    """Name the columns that make up most of the score where no others are named.

    What expects a value knows pairs of columns; the network, and distances to other
    rows, know more of them together.
    """
    blamed = np.take_along_axis(shares, order, axis=1)
    lacking = np.nonzero(reasons.partners[..., 0] < 0)
    others, blamed = order[lacking[0]], blamed[lacking[0]]
    blamed = np.where(others == reasons.columns[lacking][:, None], 0.0, blamed)
    least = np.maximum(_BLAMED, _BLAMED_BESIDE * blamed.max(axis=1, keepdims=True))
    others = np.where(blamed >= least, others, -1)
    # Those that are named come first.
    first = np.argsort(others < 0, axis=1, kind="stable")[:, :N_PARTNERS]
    found = np.take_along_axis(others, first, axis=1)
    reasons.partners[..., : found.shape[1]][lacking] = found


def _columns(block: Any) -> list[Any]:
    """Return the columns of a block: numbers as arrays, which are taken from faster."""
    columns = []
    for values in iter_columns(block):
        dtype = values.dtype
        is_plain = isinstance(dtype, np.dtype) and dtype.kind in "fiub"
        columns.append(np.asarray(values) if is_plain else values)
    return columns


def _take(values: Any, rows: np.ndarray) -> Any:
    """Return some values of a column, as a Series or an array."""
    return values.iloc[rows] if hasattr(values, "iloc") else values[rows]


def _decimals(usual: Usual | None, column: Column) -> int | None:
    """Return the digits after the point that a column's numbers have, if known."""
    if column.ignored or not isinstance(usual, UsualNumbers):
        return None
    return usual.decimals


def _as_objects(values: Any) -> np.ndarray:
    return np.asarray(values.astype(object))
