"""Metrics of anomaly scores, and scorers that read labels of either coding.

scikit-learn's own scorers take the greater label for the positive one. With 0 for
normal rows and 1 for frauds ``scoring="roc_auc"`` measures a detector upside down,
because a low score is abnormal. The scorers here look at the labels first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .labels import anomaly_labels

__all__ = [
    "AnomalyScorer",
    "average_precision",
    "card_precision_at_k",
    "cost",
    "make_anomaly_scorer",
    "precision_at_k",
    "roc_auc",
]


def roc_auc(y: Any, scores: Any, *, normal: Any = None) -> float:
    """Return the chance that an anomaly ranks below a normal row.

    Parameters
    ----------
    y : array-like of shape (n_samples,)
        Labels of either coding; see `aeanomaly.labels.anomaly_labels`. Rows without a
        label are left out.
    scores : array-like of shape (n_samples,)
        Lower is more abnormal.
    normal : object, default=None
        The label of normal rows, where the coding does not tell.

    Returns
    -------
    float
        In [0, 1]; 0.5 for scores without information.

    Examples
    --------
    >>> from aeanomaly.metrics import roc_auc
    >>> scores = [-5.0, -1.0, -2.0, -1.5]
    >>> roc_auc([1, 0, 0, 0], scores), roc_auc([-1, 1, 1, 1], scores)
    (1.0, 1.0)
    """
    from sklearn.metrics import roc_auc_score

    is_anomaly, scores = _labelled(y, scores, normal)
    return float(roc_auc_score(is_anomaly, -scores))


def average_precision(y: Any, scores: Any, *, normal: Any = None) -> float:
    """Return the mean, over the anomalies, of the precision down to their rank.

    Parameters
    ----------
    y, scores, normal
        See `roc_auc`.

    Returns
    -------
    float
        In [0, 1]; the share of anomalies for scores without information.

    Examples
    --------
    >>> from aeanomaly.metrics import average_precision
    >>> average_precision([True, False, True, False], [-5.0, -4.0, -3.0, -1.0])
    0.8333333333333333
    """
    from sklearn.metrics import average_precision_score

    is_anomaly, scores = _labelled(y, scores, normal)
    return float(average_precision_score(is_anomaly, -scores))


def precision_at_k(y: Any, scores: Any, k: int = 100, *, normal: Any = None) -> float:
    """Return the share of anomalies among the k most abnormal rows.

    Parameters
    ----------
    y, scores, normal
        See `roc_auc`.
    k : int, default=100
        All rows where there are fewer. Of equal scores the first rows count.

    Returns
    -------
    float
        In [0, 1].

    Examples
    --------
    >>> from aeanomaly.metrics import precision_at_k
    >>> precision_at_k([1, 0, 0, 1], [-5.0, -4.0, -3.0, -1.0], k=2)
    0.5
    """
    is_anomaly, scores = _labelled(y, scores, normal)
    return float(is_anomaly[np.argsort(scores, kind="stable")[:k]].mean())


def card_precision_at_k(
    y: Any, scores: Any, cards: Any, days: Any, k: int = 100, *, normal: Any = None
) -> float:
    """Return the share of compromised cards among the k most abnormal of a day.

    A card is as abnormal as its most abnormal transaction of the day, and compromised
    if any of the day's is a fraud.

    Parameters
    ----------
    y, scores, normal
        See `roc_auc`.
    cards, days : array-like of shape (n_samples,)
        Card and day of each transaction: customers and weeks will do as well.
    k : int, default=100
        Cards that are looked at in a day.

    Returns
    -------
    float
        Mean over days, in [0, 1].

    References
    ----------
    Y.-A. Le Borgne et al., *Reproducible Machine Learning for Credit Card Fraud
    Detection*, 2022, chapter 4.

    Examples
    --------
    >>> from aeanomaly.metrics import card_precision_at_k
    >>> scores, cards = [-5.0, -4.0, -3.0, -2.0], ["a", "b", "a", "b"]
    >>> card_precision_at_k([1, 0, 0, 1], scores, cards, [1, 1, 2, 2], k=1)
    0.5
    """
    import pandas as pd

    is_anomaly, is_labelled = anomaly_labels(y, normal)
    each = pd.DataFrame(
        {
            "day": np.asarray(days),
            "card": np.asarray(cards),
            "score": np.asarray(scores, dtype=np.float64),
            "found": ~is_anomaly,
        }
    )[is_labelled]
    by_card = each.groupby(["day", "card"])[["score", "found"]].min()
    ranked = by_card.sort_values("score", kind="stable")
    normal_ones = ranked.groupby("day").head(k).groupby("day")["found"]
    return float(((normal_ones.size() - normal_ones.sum()) / k).mean())


def cost(
    y: Any,
    labels: Any,
    *,
    missed: float = 10.0,
    false_alarm: float = 1.0,
    normal: Any = None,
) -> float:
    """Return what misses and false alarms cost on average, per row.

    Parameters
    ----------
    y, normal
        See `roc_auc`.
    labels : array-like of shape (n_samples,)
        What ``predict`` says: -1 for outliers, 1 for inliers.
    missed, false_alarm : float, default=10.0, 1.0
        Cost of an anomaly that is not flagged, and of a normal row that is.

    Returns
    -------
    float
        In the unit of the costs.

    Examples
    --------
    >>> from aeanomaly.metrics import cost
    >>> cost([1, 0, 0, 1], [-1, -1, 1, 1], missed=6.0, false_alarm=2.0)
    2.0
    """
    is_anomaly, labels = _labelled(y, labels, normal)
    flagged = labels < 0
    n_missed = np.count_nonzero(is_anomaly & ~flagged)
    n_false = np.count_nonzero(flagged & ~is_anomaly)
    return float((missed * n_missed + false_alarm * n_false) / len(flagged))


def _labelled(y: Any, values: Any, normal: Any) -> tuple[np.ndarray, np.ndarray]:
    is_anomaly, is_labelled = anomaly_labels(y, normal)
    values = np.asarray(values, dtype=np.float64)
    if len(values) != len(is_anomaly):
        raise ValueError(
            f"y has {len(is_anomaly)} labels for {len(values)} rows. Pass one label "
            f"for each row."
        )
    return is_anomaly[is_labelled], values[is_labelled]


class AnomalyScorer:
    """A metric as a scorer for ``GridSearchCV`` and ``cross_val_score``.

    It works with every detector of scikit-learn's sign: low scores are abnormal.

    Parameters
    ----------
    metric : callable
        From labels and scores (or what ``predict`` gives) to a number.
    response : {"score_samples", "predict"}
    sign : {1, -1}
        -1 where lower is better, since a search takes the greatest.
    options : dict
        Keyword arguments of the metric.
    columns : dict of str to str
        Keyword arguments of the metric that are columns of X, and their names there.
    """

    def __init__(
        self,
        metric: Callable[..., float],
        response: str,
        sign: int,
        options: dict[str, Any],
        columns: dict[str, str],
    ) -> None:
        self.metric = metric
        self.response = response
        self.sign = sign
        self.options = options
        self.columns = columns

    def __call__(self, estimator: Any, X: Any, y: Any) -> float:
        """Return the metric of a fitted detector on labelled rows."""
        of_rows = {name: X[column] for name, column in self.columns.items()}
        values = getattr(estimator, self.response)(X)
        return self.sign * self.metric(y, values, **of_rows, **self.options)

    def __repr__(self) -> str:
        options = self.options | self.columns
        rest = "".join(f", {name}={value!r}" for name, value in options.items())
        return f"make_anomaly_scorer({self.metric.__name__!r}{rest})"


_METRICS: dict[str, tuple[Callable[..., float], str, int]] = {
    "roc_auc": (roc_auc, "score_samples", 1),
    "average_precision": (average_precision, "score_samples", 1),
    "precision_at_k": (precision_at_k, "score_samples", 1),
    "card_precision_at_k": (card_precision_at_k, "score_samples", 1),
    "cost": (cost, "predict", -1),
}
# Arguments of metrics that say something of each row.
_OF_ROWS = ("cards", "days")


def make_anomaly_scorer(metric: str, **options: Any) -> AnomalyScorer:
    """Return a scorer that reads labels of either coding.

    Parameters
    ----------
    metric : str
        "roc_auc", "average_precision", "precision_at_k", "card_precision_at_k" or
        "cost"; the scorer of "cost" is negative, so that more is better.
    **options
        Keyword arguments of the metric. `cards` and `days` are names of columns of X.

    Returns
    -------
    AnomalyScorer

    Raises
    ------
    ValueError
        If there is no such metric.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.ensemble import IsolationForest
    >>> from sklearn.model_selection import cross_val_score
    >>> from aeanomaly.metrics import make_anomaly_scorer
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> is_fraud = np.arange(200) % 20 == 0
    >>> X[is_fraud] += 6.0
    >>> scorer = make_anomaly_scorer("average_precision")
    >>> forest = IsolationForest(random_state=0)
    >>> bool(cross_val_score(forest, X, is_fraud, scoring=scorer).mean() > 0.9)
    True
    """
    if metric not in _METRICS:
        raise ValueError(f"metric must be one of {sorted(_METRICS)}. Got {metric!r}.")
    function, response, sign = _METRICS[metric]
    columns = {name: options.pop(name) for name in _OF_ROWS if name in options}
    return AnomalyScorer(function, response, sign, options, columns)
