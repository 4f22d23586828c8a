"""What the default detector takes beside an isolation forest: contests of speed.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from timing import Contest, repeated

_TRAINING_ROWS = 20_000


def mixed_normal(n_rows: int, n_columns: int) -> np.ndarray:
    """Return columns that go together, a third of them skewed."""
    rng = np.random.default_rng(0)
    factors = rng.standard_normal((n_rows, n_columns // 2))
    X = factors @ rng.standard_normal((n_columns // 2, n_columns))
    X += 0.1 * rng.standard_normal(X.shape)
    X[:, : n_columns // 3] = np.exp(X[:, : n_columns // 3] / 3)
    return X


def default_contests(quick: bool) -> Iterator[Contest]:
    """Yield the contests: scoring, one row, explaining, fitting."""
    n_rows = 50_000 if quick else 200_000
    narrow = mixed_normal(n_rows, 15)
    detector, forest = _fitted(narrow)
    eight = _detector(n_estimators=8).fit(narrow[:_TRAINING_ROWS])
    n_rounds = 2 if quick else 3
    yield Contest(
        f"score {n_rows:,} x 15, the default",
        {
            "aeanomaly": lambda: detector.score_samples(narrow),
            "IsolationForest": lambda: forest.score_samples(narrow),
            "eight members": lambda: eight.score_samples(narrow),
        },
        {"IsolationForest": 1},
        n_rounds=n_rounds,
    )
    yield _rows_contest(detector, forest, narrow)
    yield from _explain_contests(detector, narrow[:10_000], n_rounds)
    wide = mixed_normal(n_rows // 4, 100)
    detector, forest = _fitted(wide)
    yield Contest(
        f"score {len(wide):,} x 100, the default",
        _scorers(detector, forest, wide),
        {"IsolationForest": 0.5},
        n_rounds=n_rounds,
    )
    for n_rows in (2_000, 20_000) if quick else (2_000, 100_000):
        yield _fit_contest(narrow[:n_rows], n_rounds)


def _detector(**parameters: Any) -> Any:
    from aeanomaly import AutoencoderOutlierDetector

    return AutoencoderOutlierDetector(random_state=0, **parameters)


def _forest() -> Any:
    from sklearn.ensemble import IsolationForest

    return IsolationForest(random_state=0, n_jobs=1)


def _fitted(X: np.ndarray) -> tuple[Any, Any]:
    rows = X[:_TRAINING_ROWS]
    return _detector().fit(rows), _forest().fit(rows)


def _scorers(
    detector: Any, forest: Any, X: np.ndarray, n_calls: int = 1
) -> dict[str, Callable[[], object]]:
    return {
        "aeanomaly": repeated(lambda: detector.score_samples(X), n_calls),
        "IsolationForest": repeated(lambda: forest.score_samples(X), n_calls),
    }


def _rows_contest(detector: Any, forest: Any, X: np.ndarray) -> Contest:
    return Contest("score one row, the default", _scorers(detector, forest, X[:1], 50))


def _explain_contests(detector: Any, X: np.ndarray, n_rounds: int) -> Iterator[Contest]:
    calls = {
        "explain": lambda: detector.explain(X, top=3),
        "score with three sentences": lambda: detector.score_frame(X, reasons=3),
    }
    for name, call in calls.items():
        yield Contest(
            f"{name}, {len(X):,} x 15, the default",
            {"aeanomaly": call, "scoring them": lambda: detector.score_samples(X)},
            {"scoring them": 1 / 1.5 if name == "explain" else 1 / 2},
            n_rounds=2 * n_rounds,
        )


def _fit_contest(X: np.ndarray, n_rounds: int) -> Contest:
    _detector().fit(X)
    return Contest(
        f"fit {len(X):,} x 15 again, the default",
        {
            "aeanomaly": lambda: _detector().fit(X),
            "IsolationForest": lambda: _forest().fit(X),
        },
        n_rounds=n_rounds,
    )
