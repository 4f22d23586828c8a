"""Every place where labelled rows can be cut, and what each of them finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..scoring.calibration import lowered


@dataclass(frozen=True)
class Cuts:
    """Offsets between rows of different scores, from none flagged to all flagged.

    Parameters
    ----------
    offsets : ndarray of shape (n_cuts,)
        In ascending order.
    flagged : ndarray of shape (n_cuts,)
        Rows, weights counted, that score below each offset.
    found : ndarray of shape (n_cuts,)
        Anomalies among them.
    """

    offsets: np.ndarray
    flagged: np.ndarray
    found: np.ndarray

    @classmethod
    def of_rows(
        cls, scores: np.ndarray, weights: np.ndarray, is_anomaly: np.ndarray
    ) -> Cuts:
        """Return the cuts of labelled rows; equal scores stay on one side."""
        order = np.argsort(scores, kind="stable")
        scores, weights = scores[order], weights[order]
        last = scores[-1] + abs(scores[-1]) * 1e-9 + 1e-12
        edges = np.append(lowered(scores), last)
        # Row i may be the first that is not flagged if it does not tie with row i - 1.
        apart = np.append(True, edges[1:] > scores)
        flagged = np.append(0.0, np.cumsum(weights))
        found = np.append(0.0, np.cumsum(weights * is_anomaly[order]))
        return cls(edges[apart], flagged[apart], found[apart])

    @property
    def n_rows(self) -> float:
        """Number of rows, weights counted."""
        return float(self.flagged[-1])

    @property
    def n_anomalies(self) -> float:
        """Number of anomalies, weights counted."""
        return float(self.found[-1])

    @property
    def precision(self) -> np.ndarray:
        """Share of anomalies among the flagged rows; one where there are none."""
        some = self.flagged > 0
        ones = np.ones_like(self.found)
        return np.divide(self.found, self.flagged, out=ones, where=some)

    @property
    def recall(self) -> np.ndarray:
        """Share of the anomalies that are flagged."""
        return self.found / self.n_anomalies

    def describe(self, index: int, confidence: float = 0.9) -> str:
        """Return what a cut gave, with intervals, as one sentence."""
        flagged, found = self.flagged[index], self.found[index]
        precision = interval(found, flagged, confidence)
        recall = interval(found, self.n_anomalies, confidence)
        return (
            f"Flags {flagged:,.0f} of {self.n_rows:,.0f} labelled rows and finds "
            f"{found:,.0f} of {self.n_anomalies:,.0f} anomalies: precision "
            f"{precision}, recall {recall} ({100 * confidence:.0f} % intervals)."
        )


def interval(successes: float, trials: float, confidence: float) -> str:
    """Return a share and its exact interval: "0.50 (0.31 to 0.69)".

    C. J. Clopper and E. S. Pearson, *Biometrika* 26, 1934.
    """
    if trials < 0.5:
        return "unknown"
    low, high = exact_interval(successes, trials, confidence)
    return f"{successes / trials:.2f} ({low:.2f} to {high:.2f})"


def exact_interval(
    successes: float, trials: float, confidence: float
) -> tuple[float, float]:
    """Return the interval of Clopper and Pearson for a share."""
    from scipy.stats import binomtest

    k, n = round(successes), max(1, round(trials))
    found = binomtest(min(k, n), n).proportion_ci(confidence, method="exact")
    return float(found.low), float(found.high)


def labelled_cuts(
    rule: Any,
    scores: np.ndarray,
    weights: np.ndarray,
    is_anomaly: np.ndarray | None,
    needs_normal: bool = True,
) -> Cuts:
    """Return the cuts that a rule chooses from.

    Raises
    ------
    ValueError
        If there are no labels, or none of a kind that the rule needs.
    """
    if is_anomaly is None:
        raise ValueError(
            f"The threshold {rule.name!r} needs labelled rows. Pass their labels: "
            f"fit_threshold(X, y)."
        )
    if not is_anomaly.any():
        raise ValueError(
            f"The threshold {rule.name!r} needs labelled anomalies; all {len(scores)} "
            f"rows are labelled as normal. Pass more rows, or a rule without labels."
        )
    if needs_normal and is_anomaly.all():
        raise ValueError(
            f"The threshold {rule.name!r} needs labelled normal rows; all "
            f"{len(scores)} rows are labelled as anomalies. Pass normal rows as well, "
            f"or the threshold 'recall'."
        )
    return Cuts.of_rows(scores, weights, is_anomaly)
