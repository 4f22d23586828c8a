"""An isolation forest beside: where it agrees, and what each finds alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..comparison import isolation_forest_scores
from ..scoring.encoding.tabular import is_frame, take_rows
from ..scoring.reason_texts import score_with_reasons
from ..scoring.scorer import Scorer

# Rows that a person would look at.
_MOST_FOUND = 200
_N_EXAMPLES = 3
_N_POINTS = 160


def beside_forest(
    scorer: Scorer,
    offset: float,
    features: Any,
    scores: np.ndarray,
    positions: np.ndarray,
    is_anomaly: np.ndarray | None,
    labelled: np.ndarray | None,
    random_state: int,
) -> dict[str, Any]:
    """Return how an isolation forest ranks the same rows.

    Parameters
    ----------
    scorer : Scorer
    offset : float
    features : DataFrame or ndarray of shape (n_sample, n_features)
        Rows at random.
    scores : ndarray of shape (n_sample,)
        Their scores.
    positions : ndarray of shape (n_sample,), int
        Of the rows in the table.
    is_anomaly, labelled : ndarray of shape (n_sample,), bool, or None
    random_state : int
    """
    from scipy.stats import spearmanr

    forest = isolation_forest_scores(_judged(scorer, features), random_state)
    n_flagged = int((scores < offset).sum())
    n_found = min(_MOST_FOUND, max(1, n_flagged))
    own, other = (np.argsort(s, kind="stable")[:n_found] for s in (scores, forest))
    agreement = 1.0
    if len(scores) > 1 and np.ptp(scores) and np.ptp(forest):
        agreement = float(spearmanr(scores, forest).statistic)
    result: dict[str, Any] = {
        "rows": len(scores),
        "rank_agreement": round(agreement, 3),
        "compared": n_found,
        "both": len(np.intersect1d(own, other)),
        "only_here": _examples(scorer, features, positions, _without(own, other)),
        "only_forest": _examples(scorer, features, positions, _without(other, own)),
        "curves": None,
    }
    if is_anomaly is not None and labelled is not None:
        known = np.flatnonzero(labelled)
        if is_anomaly[known].any() and not is_anomaly[known].all():
            result["curves"] = _curves(
                is_anomaly[known], {"detector": scores[known], "forest": forest[known]}
            )
    return result


def _judged(scorer: Scorer, features: Any) -> Any:
    """Return the columns that have a part in the score, as a DataFrame."""
    import pandas as pd

    columns = scorer.encoding.columns
    judged = [i for i, column in enumerate(columns) if not column.ignored]
    table = features if is_frame(features) else pd.DataFrame(features)
    # Names may be tuples, and the forest has no use for them.
    return table.iloc[:, judged].set_axis([str(i) for i in judged], axis=1)


def _without(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return first[~np.isin(first, second)]


def _examples(
    scorer: Scorer, features: Any, positions: np.ndarray, rows: np.ndarray
) -> list[dict[str, Any]]:
    shown = rows[:_N_EXAMPLES]
    if not len(shown):
        return []
    scores, texts = score_with_reasons(scorer, take_rows(features, shown), 1)
    return [
        {"row": int(positions[row]), "score": round(float(score), 3), "reason": text[0]}
        for row, score, text in zip(shown, scores, texts, strict=True)
    ]


def _curves(is_anomaly: np.ndarray, scores: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return precision against recall, with what sums them up."""
    from sklearn.metrics import (
        average_precision_score,
        precision_recall_curve,
        roc_auc_score,
    )

    curves = {}
    for name, values in scores.items():
        precision, recall, _ = precision_recall_curve(is_anomaly, -values)
        # Where few rows are looked at, the curve moves the most.
        ranks = np.geomspace(1, len(recall), _N_POINTS).astype(int)
        chosen = np.unique(len(recall) - ranks)
        curves[name] = {
            "auroc": round(float(roc_auc_score(is_anomaly, -values)), 4),
            "average_precision": round(
                float(average_precision_score(is_anomaly, -values)), 4
            ),
            "recall": np.round(recall[chosen], 4).tolist(),
            "precision": np.round(precision[chosen], 4).tolist(),
        }
    return {
        "labelled": len(is_anomaly),
        "anomalies": int(is_anomaly.sum()),
        "prevalence": round(float(is_anomaly.mean()), 5),
        **curves,
    }
