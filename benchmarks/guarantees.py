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
import contextlib
import itertools
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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
# Tables with enough rows, and anomalies that a detector can find.
FDR_TABLES = ["31_satimage-2", "38_thyroid", "28_pendigits", "23_mammography"]
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


def ours(train: pd.DataFrame, new: pd.DataFrame, draw: int, cheap: bool) -> dict:
    """Return the share of new rows flagged, and whether `fit` says it is a guess."""
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
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always")
                offset = detector.fit_threshold(threshold=rule).offset_
            guessed = int(any("cannot be promised" in str(w.message) for w in said))
            found[asked, confidence or 0.0] = float(np.mean(scores < offset)), guessed
    return found


def with_nonconform(train: pd.DataFrame, new: pd.DataFrame, draw: int, _: bool) -> dict:
    """Return the same for nonconform's split p-values around our detector."""
    detector = _nonconform(draw).fit(train.to_numpy(dtype=float))
    p_values = detector.compute_p_values(new.to_numpy(dtype=float))
    return {(asked, 0.0): (float(np.mean(p_values <= asked)), None) for asked in ASKED}


def _nonconform(draw: int) -> Any:
    """Return nonconform's detector, told which way round our scores are."""
    from nonconform import ConformalDetector, Split

    return ConformalDetector(
        detector=AutoencoderOutlierDetector(random_state=draw),
        strategy=Split(n_calib=0.5),
        score_polarity="higher_is_normal",
        seed=draw,
    )


def with_pyod(train: pd.DataFrame, new: pd.DataFrame, draw: int, _: bool) -> dict:
    """Return the same for PyOD's AutoEncoder, whose threshold is a quantile."""
    from pyod.models.auto_encoder import AutoEncoder

    X, X_new = train.to_numpy(dtype=float), new.to_numpy(dtype=float)
    detector = AutoEncoder(random_state=draw, verbose=0, contamination=0.01)
    detector.fit(X)
    scores = detector.decision_function(X_new)
    known = np.quantile(detector.decision_scores_, [1 - asked for asked in ASKED])
    return {
        (asked, 0.0): (float(np.mean(scores > cut)), None)
        for asked, cut in zip(ASKED, known, strict=True)
    }


DETECTORS: dict[str, Callable[..., dict]] = {
    "aeanomaly": ours,
    "nonconform": with_nonconform,
    "pyod": with_pyod,
}


def fdr_lines(tables: list[str], draws: range, fdr: float) -> Iterator[dict[str, Any]]:
    """Yield the share of normal rows among the selected ones, and what is found.

    Half of the normal rows of a table, up to 3,000, train; up to 1,000 others and at
    most a tenth as many anomalies are judged together.
    """
    for name in tables:
        with np.load(SHARED / f"datasets/{name}.npz") as data:
            X, y = data["X"], data["y"] == 1
        for draw in draws:
            rng = np.random.default_rng(draw)
            normal, bad = rng.permutation(X[~y]), rng.permutation(X[y])
            half = min(3_000, len(normal) // 2)
            rows = normal[half : half + 1_000]
            bad = bad[: max(1, len(rows) // 10)]
            test = np.concatenate([rows, bad])
            is_bad = np.arange(len(test)) >= len(rows)
            for label, selected in _selections(normal[:half], test, draw, fdr):
                n = max(1, selected.sum())
                yield {
                    "detector": label,
                    "table": name,
                    "draw": draw,
                    "asked": 100 * fdr,
                    "false": 100 * (selected & ~is_bad).sum() / n,
                    "found": 100 * selected[is_bad].mean(),
                }


def _selections(
    train: np.ndarray, test: np.ndarray, draw: int, fdr: float
) -> Iterator[tuple[str, np.ndarray]]:
    detector = AutoencoderOutlierDetector(random_state=draw).fit(train)
    yield "aeanomaly", detector.select(test, fdr=fdr)
    yield "aeanomaly, storey", detector.select(test, fdr=fdr, method="storey")
    yield "aeanomaly, confidence 0.9", detector.select(test, fdr=fdr, confidence=0.9)
    with contextlib.suppress(ImportError):
        around = _nonconform(draw).fit(train)
        yield "nonconform", np.asarray(around.select(test, alpha=fdr))


def fdr_summary(lines: pd.DataFrame) -> pd.DataFrame:
    """Return mean rates over all splits, and whether the rate is kept."""
    groups = lines.groupby("detector")
    table = groups[["false", "found"]].mean()
    table["standard error"] = groups["false"].sem()
    table["splits"] = groups.size()
    table["kept"] = table["false"] <= lines["asked"].max() + 2 * table["standard error"]
    return table.reset_index()


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
                rates = run(*rows, draw, cheap)
                for (asked, confidence), (rate, guessed) in rates.items():
                    yield {
                        "detector": label,
                        "table": name,
                        "n": n,
                        "draw": draw,
                        "asked": asked,
                        "confidence": confidence,
                        "flagged": 100 * rate,
                        "guessed": guessed,
                    }


def summary(lines: pd.DataFrame) -> pd.DataFrame:
    """Return means over draws, and where a promise is not kept.

    "kept" is whether the mean is at most what was asked, within two standard errors;
    "half" whether it is at least half of it, within as much. With a confidence, "kept"
    is whether at most a tenth of the draws exceed it, within two standard errors.
    "promised" is whether n rows can promise it and no fit said that it is a guess.
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
    enough = (lines["n"] + 1) * lines["asked"] >= 1
    # Peers say nothing of it.
    lines = lines.assign(promised=enough & ~(lines["guessed"] > 0))
    table["promised"] = lines["promised"].groupby(keys).all().to_numpy()
    return table


def main() -> None:
    """Measure what is asked for, and show all that was measured."""
    arguments = _parse()
    shown = fdr_summary if arguments.fdr else summary
    output = arguments.output or (FDR_RESULTS if arguments.fdr else RESULTS)
    key = ["detector", "table", "draw"] if arguments.fdr else _KEY
    if arguments.draws:
        draws = range(arguments.first, arguments.first + arguments.draws)
        lines = (
            fdr_lines(arguments.tables, draws, 0.1)
            if arguments.fdr
            else measure(arguments)
        )
        _store(lines, output, key)
    table = shown(results_file.read(output))
    with pd.option_context("display.max_rows", None, "display.width", 160):
        print(table.round(3).to_string(index=False))
    if not arguments.fdr:
        broken = table[table["promised"] & ~(table["kept"] & table["half"])]
        print(f"{len(broken)} of {table['promised'].sum()} promises are not kept.")


def _store(lines: Iterator[dict[str, Any]], output: Path, key: list[str]) -> None:
    """Put lines into a file, those of each table when it is done."""
    start = time.perf_counter()
    with warnings.catch_warnings(action="ignore"):
        for name, of_table in itertools.groupby(lines, key=lambda line: line["table"]):
            results_file.add(output, list(of_table), key)
            seconds = time.perf_counter() - start
            sys.stderr.write(f"{name}: {seconds:.0f} s\n")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=0, help="none: only show")
    parser.add_argument("--first", type=int, default=0, help="first draw")
    parser.add_argument("--n", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--tables", nargs="+", help='such as "gaussian 5", or "real"')
    parser.add_argument("--cheap", action="store_true", help="small networks")
    parser.add_argument("--fdr", action="store_true", help="false discovery rates")
    parser.add_argument("--detector", choices=DETECTORS, default="aeanomaly")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    if arguments.tables == ["real"]:
        arguments.tables = real_tables()
    if not arguments.tables:
        made = [f"{family} {k}" for family in MADE for k in (5, 60)]
        arguments.tables = FDR_TABLES if arguments.fdr else made
    return arguments


if __name__ == "__main__":
    main()
