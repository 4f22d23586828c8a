"""What a score is made of: a statistic of a row, and its share for each column."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar, TypeVar, cast

import numpy as np

from ..encoding.table import TableEncoding
from ..evaluation import Evaluation
from .low_rank import LowRankMatrix, Matrix

_Made = TypeVar("_Made")


@dataclass(frozen=True)
class PartRows:
    """Training rows, as a part of the score is fitted to them.

    Parameters
    ----------
    Z : ndarray of shape (n_samples, n_encoded)
        Distinct encoded rows.
    weights : ndarray of shape (n_samples,)
        How often each row counts.
    encoding : TableEncoding
    sample : ndarray of int
        Positions of at most 20,000 rows at random.
    references : ndarray of int
        Positions of the rows that the score may keep.
    evaluate : callable
        From encoded rows to what the network says about them, an `Evaluation`.
    """

    Z: np.ndarray
    weights: np.ndarray
    encoding: TableEncoding
    sample: np.ndarray
    references: np.ndarray
    evaluate: Callable[[np.ndarray], Evaluation]

    def once(self, key: Any, make: Callable[[], _Made]) -> _Made:
        """Return what several parts are made of, made by the first that asks for it."""
        if key not in self._made:
            self._made[key] = make()
        return cast(_Made, self._made[key])

    @cached_property
    def _made(self) -> dict[Any, Any]:
        return {}


def check_finite(part: object, **arrays: np.ndarray) -> None:
    """Raise a `ValueError` if an array of a part holds anything but finite numbers."""
    for name, array in arrays.items():
        if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
            raise ValueError(
                f"{type(part).__name__} has {name} that are not finite numbers"
            )


def check_matrix(part: object, name: str, matrix: Matrix) -> None:
    """Raise a `ValueError` unless a matrix of a part is one of finite numbers."""
    if not isinstance(matrix, LowRankMatrix):
        check_finite(part, **{name: matrix})
        return
    matrix.check()
    arrays = {"diagonal": matrix.diagonal, "left": matrix.left, "right": matrix.right}
    check_finite(part, **{f"{name}.{key}": array for key, array in arrays.items()})


def own_fields(part: Any) -> dict[str, Any]:
    """Return the state of a dataclass without what it computed for itself."""
    return {field.name: getattr(part, field.name) for field in fields(part)}


class Reduction(ABC):
    """Turns what the network says about a row into one number."""

    @property
    def precise(self) -> bool:
        """Whether it needs evaluations in double precision."""
        return False

    @abstractmethod
    def statistic(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return one number for each row, greater for more abnormal rows.

        Parameters
        ----------
        evaluation : Evaluation
        encoding : TableEncoding

        Returns
        -------
        ndarray of shape (n_samples,), float64
        """

    @abstractmethod
    def cells(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return what each column of the table adds; reasons are made of nothing else.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Not negative.
        """

    def divided(
        self, evaluation: Evaluation, encoding: TableEncoding
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the statistic and the cells of each row, which reasons need both.

        A class whose cells are made of what gives its statistic computes that once
        here, and nothing else than `statistic` and `cells` do.
        """
        return self.statistic(evaluation, encoding), self.cells(evaluation, encoding)

    def expected(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the encoded values that a row's columns should have had.

        Returns
        -------
        ndarray of shape (n_samples, n_encoded)
            By default the network's reconstruction, mean over its members.
        """
        return np.asarray(evaluation.output.mean(axis=0))

    def pulls(
        self,
        evaluation: Evaluation,
        encoding: TableEncoding,
        rows: np.ndarray,
        column: int,
        encoded: np.ndarray,
    ) -> np.ndarray | None:
        """Return how far each other column moves what is expected of one.

        Parameters
        ----------
        evaluation : Evaluation
        encoding : TableEncoding
        rows : ndarray of shape (n_rows,), int
            Positions of the rows to look at.
        column : int
            Position in the table of the column that is expected.
        encoded : ndarray of shape (n_rows,), int
            One of its encoded columns for each row.

        Returns
        -------
        ndarray of shape (n_rows, n_features) or None
            In units of the encoded column; None, by default, where that is not known.
        """
        return None

    def known_anomalies(self, encoding: TableEncoding) -> np.ndarray:
        """Return the known anomalies that the score keeps, (n_cases, n_encoded)."""
        return np.empty((0, encoding.n_encoded))

    def like_cases(
        self, evaluation: Evaluation, encoding: TableEncoding
    ) -> np.ndarray | None:
        """Return which known anomaly each row is like.

        Returns
        -------
        ndarray of shape (n_samples,), int, or None
            Numbers from one, zero for none; None, by default, where none are known.
        """
        return None

    def check(self, encoding: TableEncoding) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        return


class ScorePart(Reduction):
    """A part of a score that is fitted to training rows.

    To add one, write a frozen dataclass that inherits from this class, and name it
    among the parts of ``score_type``. All that changes what is computed must be a
    field, so that a saved model keeps it. Several threads call its methods at once.

    Attributes
    ----------
    name : str
        Class attribute: what ``score_type`` calls the part.
    keeps_rows : bool
        Class attribute: whether the part holds training rows. Such parts are left out
        with ``n_references=0``.
    expects : bool
        Class attribute: whether `expected` uses only what a row's other columns say.
        Reasons take what was expected from the first such part.
    resolution : float
        Class attribute: differences of the statistic that say nothing. The scale of
        surprises does not rise faster than over this distance, nor over a twentieth of
        the distance between the median and the 95 % quantile of training rows.
    discount : float
        Class attribute: nats that are taken from the part's surprises, so that it
        speaks only where it is surer than the others.
    factor : float
        Class attribute: what each nat of the part's surprises then counts.
    enlarges_rounding : bool
        Class attribute: whether the statistic needs evaluations in double precision:
        in single, equal rows would have scores that differ by more than a millionth.
    counts_novelty : bool
        Class attribute: whether the scale is that of rows whose values no other row
        shows are new ones; a part that takes rows out of its own counts needs no such.
    sees_groups : bool
        Class attribute: whether a row that lies far beyond most training rows is
        believed to be rarer than its rank says, as one of a group of like anomalies.
    """

    name: ClassVar[str]
    keeps_rows: ClassVar[bool] = False
    expects: ClassVar[bool] = False
    resolution: ClassVar[float] = 1e-9
    discount: ClassVar[float] = 0.0
    factor: ClassVar[float] = 1.0
    counts_novelty: ClassVar[bool] = False
    sees_groups: ClassVar[bool] = False
    enlarges_rounding: ClassVar[bool] = False

    @property
    def precise(self) -> bool:
        """Whether it needs double precision."""
        return self.enlarges_rounding

    @classmethod
    @abstractmethod
    def fit(cls, rows: PartRows) -> ScorePart:
        """Learn from training rows.

        Parameters
        ----------
        rows : PartRows
        """

    def unseen_statistic(
        self, evaluation: Evaluation, encoding: TableEncoding
    ) -> np.ndarray:
        """Return the statistic of training rows, each as if it had not been seen."""
        return self.statistic(evaluation, encoding)
