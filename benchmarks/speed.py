"""Speed against Keras, PyOD and scikit-learn: one table of ratios.

    python benchmarks/speed.py [--quick] [--threads 2] [--only train score]
    python benchmarks/speed.py --save before.json      # then, with another version,
    python benchmarks/speed.py --baseline before.json  # what has changed since

All sides do the same work in the same process, in turn, on the same pinned threads;
times are medians of interleaved rounds. "x floor" is the time over that of the matrix
products alone, at the rate that a large float32 product reaches in the same rounds.
With ``--clock processor`` times are those of the processor, which other work on the
machine changes less.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from default_speed import default_contests
from peers import (
    HIDDEN,
    LATENT,
    KerasTransformer,
    fit_keras,
    fit_quietly,
    forget_programs,
    installed,
    mlp_regressor,
    ours,
    pyod_autoencoder,
)
from timing import (
    CLOCKS,
    FLOOR,
    Contest,
    choose_clock,
    now,
    pin_threads,
    repeated,
    seconds,
    sgemm_rate,
)

_TRANSACTIONS = Path(__file__).parents[2] / "shared/data/transactions_2018_q2.parquet"


def transactions(n_rows: int) -> np.ndarray:
    """Return 15 columns of card transactions, or random ones where they are absent."""
    if _TRANSACTIONS.exists() and installed("pyarrow"):
        import pandas as pd

        frame = pd.read_parquet(_TRANSACTIONS)
        names = ["TX_AMOUNT", "TX_DURING_WEEKEND", "TX_DURING_NIGHT"]
        names += [name for name in frame.columns if name.endswith("WINDOW")]
        return frame[names].sample(n_rows, random_state=0).to_numpy(np.float64)
    sys.stderr.write("No ../shared/data: random columns in place of transactions.\n")
    return correlated(n_rows, 15)


def correlated(n_rows: int, n_columns: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    factors = rng.standard_normal((n_rows, n_columns // 2))
    mixing = rng.standard_normal((n_columns // 2, n_columns))
    return factors @ mixing + 0.1 * rng.standard_normal((n_rows, n_columns))


def standardised(X: np.ndarray) -> np.ndarray:
    return ((X - X.mean(axis=0)) / X.std(axis=0)).astype(np.float32)


def n_weights(n_columns: int) -> int:
    widths = (n_columns, *HIDDEN, LATENT, *HIDDEN[::-1], n_columns)
    return sum(a * b for a, b in zip(widths, widths[1:], strict=False))


class EpochTimer:
    """Makes a Keras callback that takes the time of each epoch, on either side."""

    def __init__(self) -> None:
        import keras

        self.times: list[float] = []
        self.callback = keras.callbacks.LambdaCallback(
            on_epoch_begin=lambda epoch, logs: self._begin(),
            on_epoch_end=lambda epoch, logs: self._end(),
        )

    def _begin(self) -> None:
        self._start = now()

    def _end(self) -> None:
        self.times.append(now() - self._start)

    @property
    def steady(self) -> float:
        """Median seconds of the epochs after the first."""
        return float(np.median(self.times[1:]))


def train_contests(quick: bool) -> Iterator[Contest]:
    n_rows, n_epochs = (20_000, 5) if quick else (200_000, 10)
    X = transactions(n_rows)
    Z = standardised(X)
    name = f"{n_rows:,} x 15, 64-32-8, batch 256"

    def fit_ours() -> None:
        ours("transformer", batch_size=256, max_iter=n_epochs).fit(X)

    def fit_first() -> None:
        forget_programs()
        fit_ours()

    peers = {"Keras fit": lambda: fit_keras(Z, 256, n_epochs)}
    slow = {"MLPRegressor": lambda: fit_quietly(mlp_regressor(n_epochs), Z, Z)}
    if tiny := pyod_autoencoder(1):
        fit_quietly(tiny, Z[:1_000])  # PyTorch's own first seconds do not count
        slow["PyOD"] = lambda: fit_quietly(pyod_autoencoder(n_epochs), Z)
    yield Contest(
        f"train {name}, {n_epochs} epochs, first fit",
        {"aeanomaly": fit_first} | peers | slow,
        {"Keras fit": 4, "PyOD": 25},
        n_rounds=1 if quick else 3,
    )
    fit_ours()
    yield Contest(
        "the same, second fit in the process",
        {"aeanomaly": fit_ours} | peers,
        {"Keras fit": 7},
    )

    def our_epoch() -> float:
        timer = EpochTimer()
        model = ours("transformer", batch_size=256, max_iter=n_epochs)
        model.set_params(callbacks=[timer.callback]).fit(X)
        return timer.steady

    def keras_epoch() -> float:
        from peers import keras_autoencoder

        timer = EpochTimer()
        keras_autoencoder(15).fit(
            Z, Z, batch_size=256, epochs=3, verbose=0, callbacks=[timer.callback]
        )
        return timer.steady

    yield Contest(
        "the same, an epoch in the steady state",
        {"aeanomaly": our_epoch, "Keras fit": keras_epoch},
        {"Keras fit": 7},
        operations=6 * n_weights(15) * n_rows,
        floor_goal=1.5,
    )


def small_contests(quick: bool) -> Iterator[Contest]:
    X = correlated(1_000, 10)
    Z = standardised(X)

    def fit_ours() -> None:
        ours("transformer", batch_size=64, max_iter=20).fit(X)

    fit_ours()
    yield Contest(
        "fit 1,000 x 10 again, 20 epochs, batch 64",
        {
            "aeanomaly": repeated(fit_ours, 3),
            "new Keras model": lambda: fit_keras(Z, 64, 20),
            "MLPRegressor": lambda: fit_quietly(mlp_regressor(20, 64), Z, Z),
        },
        {"new Keras model": 25},
        n_rounds=3 if quick else 7,
    )


def grid_contests(quick: bool) -> Iterator[Contest]:
    from sklearn.model_selection import GridSearchCV

    X = correlated(5_000, 20)
    Z = standardised(X)
    sizes, n_folds = ([2, 6], 2) if quick else ([1, 2, 3, 4, 6, 8, 10, 12], 5)

    def search(estimator: object, table: np.ndarray) -> None:
        GridSearchCV(estimator, {"latent_dim": sizes}, cv=n_folds, n_jobs=1).fit(table)

    def search_ours() -> None:
        forget_programs()
        search(ours("transformer", batch_size=256, max_iter=20), X)

    yield Contest(
        f"GridSearchCV, {len(sizes)} latent sizes x {n_folds} folds, 5,000 x 20",
        {"aeanomaly": search_ours, "Keras": lambda: search(KerasTransformer(), Z)},
        {"Keras": 8},
        n_rounds=1 if quick else 2,
    )


def score_contests(quick: bool) -> Iterator[Contest]:
    n_rows = 50_000 if quick else 200_000
    X = transactions(n_rows)
    Z = standardised(X)
    detector = ours(batch_size=256, max_iter=1).fit(X[:20_000])
    model = fit_keras(Z[:20_000], 256, 1)
    contestants = {
        "aeanomaly": repeated(lambda: detector.score_samples(X), 3),
        "Keras predict": lambda: keras_errors(model, Z, None),
        "Keras predict, batch 4,096": lambda: keras_errors(model, Z, 4_096),
    }
    if pyod := pyod_autoencoder(1):
        fit_quietly(pyod, Z[:5_000])
        contestants["PyOD"] = lambda: pyod.decision_function(Z)
    contestants |= _scikit_scorers(Z)
    yield Contest(
        f"score {n_rows:,} x 15, reconstruction error",
        contestants,
        {"PyOD": 10, "Keras predict": 100},
        operations=2 * n_weights(15) * n_rows,
        floor_goal=2,
        n_rounds=2 if quick else 5,
    )
    row, encoded = X[:1], Z[:1]
    single = {
        "aeanomaly": repeated(lambda: detector.score_samples(row), 500),
        "through the scorer": repeated(
            lambda: detector.scorer_.score_samples(row), 500
        ),
        "Keras predict": repeated(lambda: keras_errors(model, encoded, None), 5),
    }
    if pyod:
        single["PyOD"] = repeated(lambda: pyod.decision_function(encoded), 100)
    yield Contest("score one row", single, {"PyOD": 2}, n_rounds=5)


def _scikit_scorers(Z: np.ndarray) -> dict:
    from sklearn.ensemble import IsolationForest

    mlp = fit_quietly(mlp_regressor(1), Z[:5_000], Z[:5_000])
    forest = IsolationForest(random_state=0).fit(Z[:5_000])
    return {
        "MLPRegressor": lambda: ((mlp.predict(Z) - Z) ** 2).mean(axis=1),
        "IsolationForest": lambda: forest.score_samples(Z),
    }


def keras_errors(model, Z: np.ndarray, batch_size: int | None) -> np.ndarray:
    output = model.predict(Z, batch_size=batch_size, verbose=0)
    return ((output - Z) ** 2).mean(axis=1)


def start_contests(quick: bool) -> Iterator[Contest]:
    def python(*arguments: str):
        command = [sys.executable, *arguments]
        return lambda: subprocess.run(command, check=True, capture_output=True)

    n_rounds = 5 if quick else 15
    yield Contest(
        "python -c 'import aeanomaly'",
        {
            "aeanomaly": python("-c", "import aeanomaly"),
            "import numpy": python("-c", "import numpy"),
        },
        {"import numpy": 1 / 1.5},
        n_rounds=n_rounds,
    )
    with tempfile.TemporaryDirectory() as folder:
        model, table = Path(folder, "model.aea"), Path(folder, "rows.csv")
        _write_model_and_rows(model, table)
        score = ["-m", "aeanomaly", "score", "--quiet", "--model", str(model)]
        score += ["--output", str(Path(folder, "scores.csv")), str(table)]
        yield Contest(
            "aeanomaly score of 1,000 rows, whole process",
            {
                "aeanomaly": python(*score),
                "import pandas": python("-c", "import pandas"),
            },
            {"import pandas": 1 / 3},
            n_rounds=n_rounds,
        )


def _write_model_and_rows(model: Path, table: Path) -> None:
    import pandas as pd

    names = [f"column_{i}" for i in range(10)]
    frame = pd.DataFrame(correlated(1_000, 10), columns=names)
    ours(max_iter=1).fit(frame).save(model)
    frame.to_csv(table, index=False)


_CONTESTS = {
    "start": start_contests,
    "default": default_contests,
    "score": score_contests,
    "small": small_contests,
    "grid": grid_contests,
    "train": train_contests,
}


def report(contest: Contest, before: dict[str, float]) -> dict[str, float]:
    """Time a contest and write a line of the table for each contestant.

    Parameters
    ----------
    contest : Contest
    before : dict of str to float
        Seconds of contestants in a run that was saved.

    Returns
    -------
    dict of str to float
        Seconds of each contestant.
    """
    taken = seconds(contest)
    first = next(iter(contest.contestants))
    base = taken[first]
    for name in contest.contestants:
        goal = contest.goals.get(name)
        ratio = f"{taken[name] / base:.2f}" + (f" (goal {goal:.3g})" if goal else "")
        floor = ""
        if name == first and contest.operations:
            floor = f"{base / taken[FLOOR]:.2f} (goal {contest.floor_goal:g})"
        since = f"x {taken[name] / before[name]:.2f}" if name in before else ""
        work = contest.work if name == first else ""
        shown = "1" if name == first else ratio
        _row(work, name, _readable(taken[name]), shown, floor, since)
    return taken


def _row(*cells: str) -> None:
    sys.stdout.write("| " + " | ".join(cells) + " |\n")
    sys.stdout.flush()


def _readable(duration: float) -> str:
    if duration < 1e-3:
        return f"{duration * 1e6:.0f} us"
    return f"{duration * 1e3:.1f} ms" if duration < 1 else f"{duration:.2f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="about a minute")
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--only", nargs="+", choices=_CONTESTS, default=[*_CONTESTS])
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--save", type=Path, help="write the times to a JSON file")
    parser.add_argument(
        "--baseline", type=Path, help="show the change since such a file"
    )
    arguments = parser.parse_args()
    pin_threads(arguments.threads)
    choose_clock(arguments.clock)
    peers = ["keras", "pyod", "torch", "sklearn"]
    missing = [name for name in peers if not installed(name)]
    sys.stdout.write(
        f"{arguments.threads} threads, sgemm {sgemm_rate() / 1e9:.0f} GFLOP/s."
        + (f" Not installed, skipped: {', '.join(missing)}." if missing else "")
        + "\n\n"
    )
    before = json.loads(arguments.baseline.read_text()) if arguments.baseline else {}
    _row("work", "by", "time", "times aeanomaly's", "x floor", "since the baseline")
    _row(*["---"] * 6)
    taken = {}
    for name in arguments.only:
        for contest in _CONTESTS[name](arguments.quick):
            taken[contest.work] = report(contest, before.get(contest.work, {}))
            if arguments.save:
                # After each, so that a run that is ended leaves what it has.
                arguments.save.write_text(json.dumps(taken, indent=1) + "\n")


if __name__ == "__main__":
    main()
