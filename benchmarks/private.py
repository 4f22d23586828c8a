"""What a file without training rows costs in detection quality.

    python benchmarks/private.py --datasets 20_letter 14_glass --seeds 0
    python benchmarks/private.py --tables FOLDER     # Parquet files, too

Fits the default detector under the protocol of `adbench`, saves it with
``private=True``, and compares both on the same rows. Parquet files hold the truth in a
column ``anomaly``; of these, at most 4,000 rows are taken. Lines are added to the CSV
file of `--output`, in place of those of the same table, setting and seed; the means are
of all that it holds.
"""

from __future__ import annotations

import argparse
import functools
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import results_file
from adbench import SETTINGS, dataset_paths
from labelled_tables import load_split, load_typed
from quality_report import markdown
from sklearn.metrics import average_precision_score, roc_auc_score

import aeanomaly
from aeanomaly import AutoencoderOutlierDetector

_FOLDER = Path(__file__).parents[2] / "shared/detection_quality/datasets"
_OUTPUT = Path(__file__).parent / "results/private.csv"
_KEY = ["dataset", "setting", "seed"]
_MOST_ROWS = 4_000
_METRICS = {"auroc": roc_auc_score, "ap": average_precision_score}


def measure(path: Path, setting: str, seed: int) -> dict[str, Any]:
    """Return a line: quality in percent and the share of normal rows flagged, twice."""
    typed = path.suffix == ".parquet"
    load = functools.partial(load_typed, most_rows=_MOST_ROWS) if typed else load_split
    split = load(path, setting, seed)
    detector = AutoencoderOutlierDetector(random_state=seed).fit(split.X_train)
    line: dict[str, Any] = {"dataset": path.stem, "setting": setting, "seed": seed}
    with tempfile.TemporaryDirectory() as folder:
        detector.save(Path(folder, "model.aea"), private=True)
        private = aeanomaly.load(Path(folder, "model.aea"))
    normal = split.y_test == 0
    for name, model in ("whole", detector), ("private", private):
        scores = model.score_samples(split.X_test)
        for metric, quality in _METRICS.items():
            line[f"{metric}, {name}"] = 100 * float(quality(split.y_test, -scores))
        flagged = (scores < model.offset_)[normal]
        line[f"flagged, {name}"] = 100 * float(flagged.mean())
    return line


def table(results: pd.DataFrame) -> str:
    """Return the means of each setting, and each table's figures, as Markdown."""
    figures = results.drop(columns="seed")
    means = figures.drop(columns="dataset").groupby("setting").mean()
    each = figures.groupby(["setting", "dataset"]).mean()
    each.index = [" ".join(key) for key in each.index]
    return f"{markdown(means)}\n\n{markdown(each)}"


def main(arguments: list[str] | None = None) -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--folder", type=Path, default=_FOLDER, help="of data sets of ADBench")
    add("--tables", type=Path, help="folder of Parquet files")
    add("--datasets", nargs="*", help="names; all, if none are given")
    add("--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    add("--seeds", nargs="+", type=int, default=[0])
    add("--output", type=Path, default=_OUTPUT, help="CSV file")
    options = parser.parse_args(arguments)
    paths = dataset_paths(options.folder)
    if options.tables:
        paths |= {p.stem: p for p in sorted(options.tables.glob("*.parquet"))}
    chosen = options.datasets if options.datasets is not None else list(paths)
    if unknown := sorted(set(chosen) - set(paths)):
        raise SystemExit(f"There is no {unknown[0]}. There are {', '.join(paths)}.")
    for name in chosen:
        for setting in options.settings:
            for seed in options.seeds:
                line = measure(paths[name], setting, seed)
                sys.stderr.write(f"{line}\n")
                # Written each time: an interrupted run is not lost.
                results_file.add(options.output, [line], _KEY)
    sys.stdout.write(f"{table(results_file.read(options.output))}\n")


if __name__ == "__main__":
    main()
