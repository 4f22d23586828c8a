"""Whether thresholds keep their promise on new normal rows.

    python benchmarks/guarantees.py                         # show what was measured
    python benchmarks/guarantees.py --draws 20 --n 300 1000 # measure, and show
    python benchmarks/guarantees.py --cheap --draws 200
    python benchmarks/guarantees.py --fdr --draws 200

Normal rows are drawn, a detector is fitted to n of them, and the share of other normal
rows that it flags is counted, for thresholds that ask for 0.1, 1 and 5 %. Made tables
have endless new rows; from the tables of ``../shared/detection_quality`` rows are drawn
without replacement. With ``--fdr``, anomalies are among the new rows, and the share of
normal ones among the selected rows is counted. nonconform and PyOD take part where they
are installed.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import results_file

from aeanomaly import AutoencoderOutlierDetector, QuantileThreshold

SHARED = Path(__file__).resolve().parents[2] / "shared" / "detection_quality"
RESULTS = Path(__file__).parent / "results" / "guarantees.csv"
FDR_RESULTS = Path(__file__).parent / "results" / "fdr.csv"
ASKED = (0.001, 0.01, 0.05)
CONFIDENCE = 0.9
SIZES = (60, 300, 1_000, 3_000, 20_000)
_NEW_ROWS = 20_000
# A table must have so many normal rows beside the n drawn.
_LEAST_NEW = 300
_KEY = ["detector", "table", "n", "draw", "asked", "confidence"]


def gaussian(n: int, columns: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw correlated normal columns."""
    mixing = np.random.default_rng(columns).normal(size=(columns, columns))
    mixing = np.eye(columns) + 0.3 * mixing / np.sqrt(columns)
    return _frame(rng.normal(size=(n, columns)) @ mixing)


def heavy(n: int, columns: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw columns of a t distribution with two degrees, and log-normal ones."""
    X = rng.standard_t(2, size=(n, columns))
    X[:, ::2] = np.exp(rng.normal(size=X[:, ::2].shape))
    return _frame(X)


def counts(n: int, columns: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw counts with few values."""
    return _frame(rng.poisson(1 + np.arange(columns) % 4, size=(n, columns)))


def mixed(n: int, columns: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw numbers, levels of which some are rare, flags, times, missing cells."""
    made: dict[str, Any] = {}
    rank = np.arange(1, 41)
    for i in range(columns):
        kind = i % 5
        if kind == 0:
            values = np.exp(rng.normal(size=n))
            made[f"amount_{i}"] = np.where(rng.random(n) < 0.05, np.nan, values)
        elif kind == 1:
            p = (1 / rank) / (1 / rank).sum()
            made[f"level_{i}"] = np.char.add("L", rng.choice(rank, n, p=p).astype(str))
        elif kind == 2:
            made[f"flag_{i}"] = rng.random(n) < 0.1
        elif kind == 3:
            hours = rng.integers(0, 24 * 365, n)
            start = np.datetime64("2025-01-01T00", "h")
            made[f"time_{i}"] = (start + hours).astype("datetime64[ns]")
        else:
            made[f"count_{i}"] = rng.geometric(0.3, n)
    return pd.DataFrame(made)


def _frame(X: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])


MADE: dict[str, Callable[..., pd.DataFrame]] = {
    f.__name__: f for f in (gaussian, mixed, heavy, counts)
}


def made_rows(name: str, n: int, draw: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return n rows of a made table, such as "gaussian 5", and new ones."""
    family, columns = name.split()
    rng = np.random.default_rng([draw, n, int(columns)])
    make = MADE[family]
    # Rows enough for the rarest share at sizes that can promise it.
    n_new = _NEW_ROWS if n >= 1 / ASKED[0] - 1 else _NEW_ROWS // 4
    return make(n, int(columns), rng), make(n_new, int(columns), rng)


def real_rows(name: str, n: int, draw: int) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Return n normal rows of a table and the others, if there are enough."""
    normal = _normal_rows(name)
    if len(normal) < n + _LEAST_NEW:
        return None
    order = np.random.default_rng([draw, n]).permutation(len(normal))
    rest = order[n : n + _NEW_ROWS]
    return (
        normal.iloc[order[:n]].reset_index(drop=True),
        normal.iloc[rest].reset_index(drop=True),
    )


_CACHE: dict[str, pd.DataFrame] = {}


def _normal_rows(name: str) -> pd.DataFrame:
    if name not in _CACHE:
        parquet = SHARED / f"tables/{name}.parquet"
        if parquet.exists():
            frame = pd.read_parquet(parquet)
            frame = frame[frame["anomaly"] == 0].drop(columns="anomaly")
        else:
            with np.load(SHARED / f"datasets/{name}.npz") as data:
                frame = _frame(data["X"][data["y"] == 0])
        _CACHE[name] = frame.reset_index(drop=True)
    return _CACHE[name]


def real_tables() -> list[str]:
    """Return the names of the labelled tables at hand."""
    paths = [*SHARED.glob("tables/*.parquet"), *SHARED.glob("datasets/*.npz")]
    return sorted(path.stem for path in paths)


class Rates(NamedTuple):
    """Shares of new normal rows that are flagged, by what was asked."""

    flagged: dict[tuple[float, float], float]


def ours(train: pd.DataFrame, new: pd.DataFrame, draw: int, cheap: bool) -> dict:
    """Return the share of new rows flagged, by share asked and confidence."""
    options: dict[str, Any] = {}
    if cheap:
        options = {"architecture": "undercomplete", "score_type": "reconstruction"}
        options |= {"max_iter": 5, "hidden_layer_sizes": (16,), "activation": "relu"}
    detector = AutoencoderOutlierDetector(random_state=draw, **options).fit(train)
    scores = detector.score_samples(new)
    found = {}
    for asked in ASKED:
        for confidence in (None, CONFIDENCE):
            rule = QuantileThreshold(quantile=asked, confidence=confidence)
            offset = detector.fit_threshold(threshold=rule).offset_
            found[asked, confidence or 0.0] = float(np.mean(scores < offset))
    return found


def with_nonconform(train: pd.DataFrame, new: pd.DataFrame, draw: int, _: bool) -> dict:
    """Return the same for nonconform's split p-values around our scores."""
    from nonconform import ConformalDetector, Split

    class Plain(AutoencoderOutlierDetector):
        """The detector with the sign that nonconform expects of its own."""

    detector = ConformalDetector(
        detector=Plain(random_state=draw), strategy=Split(n_calib=0.5), seed=draw
    )
    detector.fit(train.to_numpy(dtype=float))
    p_values = detector.compute_p_values(new.to_numpy(dtype=float))
    return {(asked, 0.0): float(np.mean(p_values <= asked)) for asked in ASKED}


def with_pyod(train: pd.DataFrame, new: pd.DataFrame, draw: int, _: bool) -> dict:
    """Return the same for PyOD's AutoEncoder, whose threshold is a quantile."""
    from pyod.models.auto_encoder import AutoEncoder

    X, X_new = train.to_numpy(dtype=float), new.to_numpy(dtype=float)
    detector = AutoEncoder(random_state=draw, verbose=0, contamination=0.01)
    detector.fit(X)
    scores = detector.decision_function(X_new)
    known = np.quantile(detector.decision_scores_, [1 - asked for asked in ASKED])
    return {
        (asked, 0.0): float(np.mean(scores > cut))
        for asked, cut in zip(ASKED, known, strict=True)
    }


DETECTORS: dict[str, Callable[..., dict]] = {
    "aeanomaly": ours,
    "nonconform": with_nonconform,
    "pyod": with_pyod,
}


def measure(arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield a line for each draw, share asked and confidence."""
    run = DETECTORS[arguments.detector]
    cheap = arguments.cheap
    label = f"{arguments.detector}, cheap" if cheap else arguments.detector
    for name in arguments.tables:
        for n in arguments.n:
            for draw in range(arguments.first, arguments.first + arguments.draws):
                rows = (made_rows if " " in name else real_rows)(name, n, draw)
                if rows is None:
                    break
                with warnings.catch_warnings(action="ignore"):
                    rates = run(*rows, draw, cheap)
                for (asked, confidence), rate in rates.items():
                    yield {
                        "detector": label,
                        "table": name,
                        "n": n,
                        "draw": draw,
                        "asked": asked,
                        "confidence": confidence,
                        "flagged": 100 * rate,
                    }


def summary(lines: pd.DataFrame) -> pd.DataFrame:
    """Return means over draws, and where a promise is not kept.

    "kept" is whether the mean is at most what was asked, within two standard errors;
    "half" whether it is at least half of it, within as much. With a confidence, "kept"
    is whether at most a tenth of the draws exceed it, within two standard errors.
    """
    groups = lines.groupby(["detector", "table", "n", "asked", "confidence"])["flagged"]
    table = groups.agg(["mean", "sem", "max", "count"]).reset_index()
    asked = 100 * table["asked"]
    above = lines["flagged"] > 100 * lines["asked"]
    keys = [lines[name] for name in ("detector", "table", "n", "asked", "confidence")]
    table["exceeded"] = above.groupby(keys).mean().to_numpy()
    error = 2 * table["sem"].fillna(0.0)
    sure = table["confidence"] > 0
    spread = 2 * np.sqrt(0.1 * 0.9 / table["count"])
    table["kept"] = np.where(
        sure, table["exceeded"] <= 0.1 + spread, table["mean"] <= asked + error
    )
    table["half"] = sure | (table["mean"] + error >= asked / 2)
    table["promised"] = (table["n"] + 1) * table["asked"] >= 1
    return table


def main() -> None:
    """Measure what is asked for, and show all that was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=0, help="none: only show")
    parser.add_argument("--first", type=int, default=0, help="first draw")
    parser.add_argument("--n", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--tables", nargs="+", help='such as "gaussian 5", or "real"')
    parser.add_argument("--cheap", action="store_true", help="small networks")
    parser.add_argument("--detector", choices=DETECTORS, default="aeanomaly")
    parser.add_argument("--output", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    if arguments.tables == ["real"]:
        arguments.tables = real_tables()
    if not arguments.tables:
        arguments.tables = [f"{family} {k}" for family in MADE for k in (5, 60)]
    if arguments.draws:
        start, lines = time.perf_counter(), []
        for line in measure(arguments):
            lines.append(line)
            if line["asked"] == ASKED[-1] and line["draw"] % 10 == 9:
                seconds = time.perf_counter() - start
                sys.stderr.write(f"{line['table']} {line['n']}: {seconds:.0f} s\n")
                results_file.add(arguments.output, lines, _KEY)
        results_file.add(arguments.output, lines, _KEY)
    table = summary(results_file.read(arguments.output))
    with pd.option_context("display.max_rows", None, "display.width", 160):
        print(table.round(3).to_string(index=False))
    broken = table[table["promised"] & ~(table["kept"] & table["half"])]
    print(f"{len(broken)} of {table['promised'].sum()} promises are not kept.")


if __name__ == "__main__":
    main()
