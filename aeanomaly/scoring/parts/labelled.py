"""A score that has learnt from known anomalies."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..encoding.table import TableEncoding
from ..evaluation import Evaluation
from .base import check_finite
from .combination import TailCombination
from .marginal import Marginal
from .soft_trees import SoftTrees
from .tails import TailScale

# Features count up to so many deviations, encoded values in distances up to fewer.
_CLIP = 8.0
_NEAR_CLIP = 3.0
_TINY = 1e-12
# So that powers of surprises stay finite.
_STEEPEST = 8.0


@dataclass(frozen=True)
class LabelHead:
    """How like known anomalies a row is: a logistic regression, as arrays.

    Its features are the surprises of the score's parts, the encoded row, the surprise
    of each unit, and how near the row is to each of some known anomalies, in a Gaussian
    kernel. The first ones say *how* known anomalies are abnormal, which a handful of
    labels tells; the last ones *which* rows are, when labels are many.

    Parameters
    ----------
    marginal : Marginal or None
        Gives the surprises of units; None where the score has no such part.
    center, scale : ndarray of shape (n_features,)
        Mean and deviation of the features among rows that are not known to be abnormal.
    cases : ndarray of shape (n_cases, n_encoded)
        Known anomalies, standardised like the encoded row.
    width : float
        Squared distance at which a case's nearness falls to 1/e.
    weights : ndarray of shape (n_features,)
    clip, near_clip : float
        In deviations, how far features, and encoded values in distances, count.
    """

    marginal: Marginal | None
    center: np.ndarray
    scale: np.ndarray
    cases: np.ndarray
    width: float
    weights: np.ndarray
    clip: float = _CLIP
    near_clip: float = _NEAR_CLIP

    @property
    def n_cases(self) -> int:
        """Number of known anomalies that are kept."""
        return len(self.cases)

    def features(
        self,
        evaluation: Evaluation,
        surprises: list[np.ndarray],
        encoding: TableEncoding,
    ) -> np.ndarray:
        """Return the standardised features, (n_samples, n_features).

        Parameters
        ----------
        evaluation : Evaluation
        surprises : list of ndarray of shape (n_samples,)
            Of the parts of the score.
        encoding : TableEncoding
        """
        raw = raw_features(self.marginal, evaluation, surprises, encoding)
        return self.standardised(raw, len(surprises))

    def standardised(self, raw: np.ndarray, n_parts: int) -> np.ndarray:
        """Return raw features in deviations, with nearness to the cases."""
        n_plain = raw.shape[1]
        features = np.empty((len(raw), len(self.center)), dtype=raw.dtype)
        if not len(raw):
            return features
        center, inverse = self.center.astype(raw.dtype), 1.0 / self.scale
        inverse = inverse.astype(raw.dtype)
        plain, near = features[:, :n_plain], features[:, n_plain:]
        np.subtract(raw, center[:n_plain], out=plain)
        plain *= inverse[:n_plain]
        np.clip(plain, -self.clip, self.clip, out=plain)
        if self.n_cases:
            encoded = plain[:, n_parts : n_parts + self.cases.shape[1]]
            of_cases = nearness(encoded, self.cases, self.width, self.near_clip)
            np.subtract(of_cases, center[n_plain:], out=near)
            near *= inverse[n_plain:]
            np.clip(near, -self.clip, self.clip, out=near)
        return features

    def margin(
        self,
        evaluation: Evaluation,
        surprises: list[np.ndarray],
        encoding: TableEncoding,
    ) -> np.ndarray:
        """Return the log odds of each row, up to a constant."""
        return self.log_odds(self.features(evaluation, surprises, encoding))

    def log_odds(self, features: np.ndarray) -> np.ndarray:
        """Return the log odds of standardised features, up to a constant."""
        return np.asarray(features @ self.weights.astype(features.dtype))

    def adds(self, features: np.ndarray) -> np.ndarray:
        """Return what each feature adds to the log odds, (n_samples, n_features)."""
        return features * self.weights

    def check(self, encoding: TableEncoding, n_parts: int) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        if self.marginal is not None:
            self.marginal.check(encoding)
        n_units = 0 if self.marginal is None else len(encoding.unit_columns)
        n_features = n_parts + encoding.n_encoded + n_units + self.n_cases
        for name in ("center", "scale", "weights"):
            array = getattr(self, name)
            check_finite(self, **{name: array})
            if array.shape != (n_features,):
                raise ValueError(f"LabelHead has no {name} for each of its features")
        check_finite(self, cases=self.cases)
        if self.cases.shape != (self.n_cases, encoding.n_encoded):
            raise ValueError("LabelHead has cases that are no encoded rows")
        if not ((self.scale > 0).all() and 0 < self.width < np.inf):
            raise ValueError("LabelHead has scales or a width that are not positive")
        if not (0 < self.clip < np.inf and 0 < self.near_clip < np.inf):
            raise ValueError("LabelHead has features that do not count")


@dataclass(frozen=True)
class GrownHead(LabelHead):
    """The same, and trees that see what features say together.

    Parameters
    ----------
    marginal, center, scale, cases, width, weights, clip, near_clip
        See `LabelHead`.
    trees : SoftTrees
        What they say is added to the log odds; they look at no case.
    """

    trees: SoftTrees = field(kw_only=True)

    def log_odds(self, features: np.ndarray) -> np.ndarray:
        """Return the log odds of standardised features, up to a constant."""
        return super().log_odds(features) + self.trees(features)

    def adds(self, features: np.ndarray) -> np.ndarray:
        """Return what each feature adds to the log odds, (n_samples, n_features)."""
        return super().adds(features) + self.trees.adds(features)

    def check(self, encoding: TableEncoding, n_parts: int) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        super().check(encoding, n_parts)
        if not isinstance(self.trees, SoftTrees):
            raise ValueError("GrownHead has no trees")
        self.trees.check(len(self.center) - self.n_cases)


def raw_features(
    marginal: Marginal | None,
    evaluation: Evaluation,
    surprises: list[np.ndarray],
    encoding: TableEncoding,
) -> np.ndarray:
    """Return the features that need no known case, not standardised yet."""
    Z = evaluation.Z
    features = [*(surprise[:, None] for surprise in surprises), Z]
    if marginal is not None:
        features.append(marginal.unit_surprise(Z, encoding))
    # Like the row, in double precision where rows are few.
    return np.concatenate(features, axis=1, dtype=Z.dtype, casting="same_kind")


def nearness(
    encoded: np.ndarray, cases: np.ndarray, width: float, clip: float
) -> np.ndarray:
    """Return how near rows are to cases, (n_samples, n_cases), in (0, 1]."""
    nearer = squared_distances(encoded, cases, clip, 1.0 / width)
    np.negative(nearer, out=nearer)
    return np.exp(nearer, out=nearer)


def squared_distances(
    encoded: np.ndarray, cases: np.ndarray, clip: float, scale: float = 1.0
) -> np.ndarray:
    """Return scaled squared distances of standardised rows, which count up to `clip`.

    One product gives all three terms of each: distances are many, features few.
    """
    rows = np.clip(encoded, -clip, clip)
    cases = np.clip(cases, -clip, clip).astype(rows.dtype)
    n_rows, n_columns = rows.shape
    left = np.empty((n_rows, n_columns + 2), dtype=rows.dtype)
    left[:, :-2] = rows
    left[:, -2] = np.square(rows).sum(axis=1)
    left[:, -1] = 1.0
    right = np.column_stack(
        [-2.0 * cases, np.ones(len(cases)), np.square(cases).sum(1)]
    )
    squared = left @ (scale * right.T).astype(rows.dtype)
    return np.maximum(squared, 0.0, out=squared)


@dataclass(frozen=True)
class LabelledCombination(TailCombination):
    """A combination of parts, and how like known anomalies a row is.

    The head's log odds become a surprise, as the parts' statistics do: minus the log
    share of rows not known to be abnormal that are as like the known anomalies. The
    score is the weighted mean of both surprises.

    Parameters
    ----------
    parts, power, expecting
        See `TailCombination`.
    head : LabelHead
    scale : TailScale
        Of the head's log odds.
    weight : float
        Of the head's surprise; that of the parts weighs one.
    """

    head: LabelHead
    scale: TailScale
    weight: float

    def known_anomalies(self, encoding: TableEncoding) -> np.ndarray:
        """Return the known anomalies that the head keeps, as encoded rows.

        Values beyond `clip` deviations are at that distance.
        """
        own = self._encoded(encoding)
        return self.head.cases * self.head.scale[own] + self.head.center[own]

    def like_cases(
        self, evaluation: Evaluation, encoding: TableEncoding
    ) -> np.ndarray | None:
        """Return the nearest known anomaly of each row, by its number from one.

        Zero where none is as near as the width of nearness.
        """
        head, own = self.head, self._encoded(encoding)
        if not head.n_cases:
            return None
        rows = (evaluation.Z - head.center[own]) / head.scale[own]
        rows = np.clip(rows, -head.clip, head.clip)
        near = nearness(rows, head.cases, head.width, head.near_clip)
        is_near = near.max(axis=1) >= np.exp(-1.0)
        return np.where(is_near, 1 + near.argmax(axis=1), 0)

    def _encoded(self, encoding: TableEncoding) -> slice:
        """Return where among the features the encoded row is."""
        first = len(self.parts)
        return slice(first, first + encoding.n_encoded)

    def _both(
        self, evaluation: Evaluation, encoding: TableEncoding
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the surprise of the parts together, and the head's word."""
        surprises = self.surprises(evaluation, encoding)
        margin = self.head.margin(evaluation, surprises, encoding)
        return self.mean(surprises), self.word(margin)

    def statistic(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the weighted mean of the parts' surprise and the head's word."""
        return self.weighted(*self._both(evaluation, encoding))

    def word(self, margin: np.ndarray) -> np.ndarray:
        """Return what the head says by its log odds: their surprise."""
        return self.scale(margin)

    def weighted(self, by_parts: np.ndarray, by_head: np.ndarray) -> np.ndarray:
        """Return the weighted mean of the parts' surprise and the head's word."""
        return (by_parts + self.weight * by_head) / (1.0 + self.weight)

    def scores_of(self, raw: np.ndarray, by_parts: np.ndarray) -> np.ndarray:
        """Return scores of rows by their `raw_features` and what the parts say."""
        margin = self.head.log_odds(self.head.standardised(raw, len(self.parts)))
        return -self.weighted(by_parts, self.word(margin))

    def cells(self, evaluation: Evaluation, encoding: TableEncoding) -> np.ndarray:
        """Return the statistic, divided among the columns.

        What the head adds is divided by what each column adds to the log odds; columns
        that speak for a normal row have no share.
        """
        return self.divided(evaluation, encoding)[1]

    def divided(
        self, evaluation: Evaluation, encoding: TableEncoding
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the statistic, and what each column adds to it; see `cells`."""
        surprises, of_parts = self.divided_parts(evaluation, encoding)
        by_parts, unlabelled = self._put_together(surprises, of_parts)
        features = self.head.features(evaluation, surprises, encoding)
        by_head = self.word(self.head.log_odds(features))
        adds = np.maximum(self._head_cells(features, of_parts, encoding), 0.0)
        total = adds.sum(axis=1, keepdims=True)
        shares = unlabelled / np.maximum(by_parts, _TINY)[:, None]
        shares = np.where(total > _TINY, adds / np.maximum(total, _TINY), shares)
        by_columns = shares * by_head[:, None]
        return (
            self.weighted(by_parts, by_head),
            np.asarray(self.weighted(unlabelled, by_columns)),
        )

    def _head_cells(
        self,
        features: np.ndarray,
        shares: list[np.ndarray],
        encoding: TableEncoding,
    ) -> np.ndarray:
        """Return what each column adds to the log odds, (n_samples, n_features)."""
        adds = self.head.adds(features)
        n_parts = len(self.parts)
        ends = (
            n_parts,
            n_parts + encoding.n_encoded,
            adds.shape[1] - self.head.n_cases,
        )
        of_parts, of_encoded, of_units, of_cases = np.split(adds, ends, axis=1)
        cells = encoding.sum_encoded(of_encoded)
        if of_units.shape[1]:
            cells = cells + encoding.sum_units(of_units)
        for share, added in zip(shares, of_parts.T, strict=True):
            cells += added[:, None] * share
        # A case is what it is by what sets it apart from usual rows.
        apart = encoding.sum_encoded(np.square(self.head.cases))
        apart /= np.maximum(apart.sum(axis=1, keepdims=True), _TINY)
        return np.asarray(cells + of_cases @ apart)

    def check(self, encoding: TableEncoding) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        super().check(encoding)
        if not isinstance(self.head, LabelHead):
            raise ValueError("the score has no head that learnt from labels")
        self.head.check(encoding, len(self.parts))
        self.scale.check()
        if not 0 < self.weight < np.inf:
            raise ValueError(f"a head cannot weigh {self.weight}")


@dataclass(frozen=True)
class DoubtingCombination(LabelledCombination):
    """The same, with a head that is believed where it is sure.

    What a few labels taught is often wrong of usual rows, and right of those that are
    the most like the known anomalies. A surprise of h therefore counts as
    ``h ** 3 / (h ** 2 + doubt ** 2)``: nearly nothing below `doubt`, nearly h above.

    Parameters
    ----------
    parts, power, expecting, head, scale, weight
        See `LabelledCombination`.
    doubt : float
        Surprise of which half counts.
    """

    doubt: float

    @property
    def power_of_doubt(self) -> float:
        """Power k of ``h ** (1 + k) / (h ** k + doubt ** k)``."""
        return 2.0

    def word(self, margin: np.ndarray) -> np.ndarray:
        """Return the head's surprise, as far as it is believed."""
        surprise = self.scale(margin)
        belief = (surprise / self.doubt) ** self.power_of_doubt
        return np.asarray(surprise * (belief / (1.0 + belief)))

    def check(self, encoding: TableEncoding) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        super().check(encoding)
        if not 0 < self.doubt < np.inf:
            raise ValueError(f"a head cannot be doubted by {self.doubt}")


@dataclass(frozen=True)
class SteeplyDoubtingCombination(DoubtingCombination):
    """The same, with a steeper step from what is doubted to what is believed.

    A surprise of h counts as ``h ** (1 + k) / (h ** k + doubt ** k)``, k = steepness.

    Parameters
    ----------
    parts, power, expecting, head, scale, weight, doubt
        See `DoubtingCombination`.
    steepness : float
    """

    steepness: float

    @property
    def power_of_doubt(self) -> float:
        """The steepness."""
        return self.steepness

    def check(self, encoding: TableEncoding) -> None:
        """Raise a `ValueError` if fields that came from a file make no sense."""
        super().check(encoding)
        if not 1 <= self.steepness <= _STEEPEST:
            raise ValueError(f"doubt cannot have a steepness of {self.steepness}")
