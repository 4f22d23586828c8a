"""Detection quality over a folder of labelled tables, beside other detectors.

    python benchmarks/quality.py --seeds 0 1 2
    python benchmarks/quality.py --detectors iforest knn lof --settings semi
    python benchmarks/quality.py --parts --datasets 38_thyroid 45_wine
    python benchmarks/quality.py --settings semi --new-rows --output new_rows.csv
    python benchmarks/quality.py --detectors            # only show what the file holds

Every detector runs with one configuration, its defaults, under the protocols of
`labelled_tables`, which says what a folder may hold. A fit that fails counts as chance
level. Fits are added to the CSV file of `--output`, in place of earlier ones of the
same detector, table and seed; tables and picture show all that it holds.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import results_file
from adbench import SETTINGS
from detectors import DETECTORS, available, make_detector, reads_tables
from labelled_tables import (
    as_numbers,
    load_split,
    n_rows,
    table_paths,
    without_copies,
)
from quality_report import draw, report
from sklearn.metrics import average_precision_score, roc_auc_score

_FOLDER = Path(__file__).parents[2] / "shared/detection_quality/datasets"
_OUTPUT = Path(__file__).parent / "results/quality.csv"
_KEY = ["detector", "setting", "dataset", "seed"]
# Test rows of either kind below which a table says nothing.
_LEAST_JUDGED = 20


def measure(
    name: str,
    path: Path,
    setting: str,
    seed: int,
    parts: bool = False,
    new_rows: bool = False,
) -> list[dict[str, Any]]:
    """Fit and score a detector once.

    Parameters
    ----------
    name : str
        A key of `DETECTORS`.
    path : Path
        Of the data set.
    setting : {"semi", "unsup"}
    seed : int
    parts : bool, default=False
        Whether the hybrid score is taken apart as well: see `part_scores`.
    new_rows : bool, default=False
        Whether test rows that equal a training row are left out.

    Returns
    -------
    list of dict
        A line with "auroc" and "ap" in percent, seconds, and "error" of a fit that
        failed; with `parts`, one more for every part left out or alone. None where too
        few new rows are left to judge by.
    """
    split = load_split(path, setting, seed)
    if new_rows:
        split = without_copies(split)
        if np.bincount(split.y_test, minlength=2).min() < _LEAST_JUDGED:
            return []
    if not reads_tables(name) and hasattr(split.X_train, "columns"):
        split = as_numbers(split)
    line: dict[str, Any] = {"detector": name, "setting": setting}
    line |= {"dataset": path.stem, "seed": seed}
    detector = make_detector(name, random_state=seed)
    try:
        start = time.perf_counter()
        detector.fit(split.X_train)
        fitted = time.perf_counter()
        scores = np.asarray(detector.score_samples(split.X_test), dtype=np.float64)
        end = time.perf_counter()
        quality = _quality(split.y_test, -scores)
    except Exception as error:
        # A failure is a result: that of a detector which knows nothing.
        share = 100 * float(split.y_test.mean())
        chance = {"auroc": 50.0, "ap": share, "fit_s": np.nan, "score_s": np.nan}
        return [line | chance | {"error": repr(error)[:200]}]
    variants = part_scores(detector, split.X_test) if parts else {}
    return [
        line | quality | {"fit_s": fitted - start, "score_s": end - fitted},
        *(
            line | {"detector": f"{name}, {variant}"} | _quality(split.y_test, values)
            for variant, values in variants.items()
        ),
    ]


def _quality(y: np.ndarray, abnormality: np.ndarray) -> dict[str, float]:
    return {
        "auroc": 100 * float(roc_auc_score(y, abnormality)),
        "ap": 100 * float(average_precision_score(y, abnormality)),
    }


def part_scores(detector: Any, X: np.ndarray) -> dict[str, np.ndarray]:
    """Return the hybrid score with each part left out, and each part alone.

    Parameters
    ----------
    detector : AutoencoderOutlierDetector
        Fitted; one without a hybrid score has no variants.
    X : ndarray of shape (n_samples, n_features)

    Returns
    -------
    dict of str to ndarray of shape (n_samples,)
        Greater for more abnormal rows, by "without residual", "residual alone" ...
    """
    from aeanomaly.scoring.parts import TailCombination

    scorer = getattr(detector, "scorer_", None)
    combination = getattr(scorer, "reduction", None)
    if not isinstance(combination, TailCombination):
        return {}
    blocks = [
        combination.surprises(evaluation, scorer.encoding)
        for _, evaluation in scorer.model.iter_evaluations(X)
    ]
    names = [type(scaled.part).__name__.lower() for scaled in combination.parts]
    columns = map(np.concatenate, zip(*blocks, strict=True))
    surprises = dict(zip(names, columns, strict=True))
    scores = {}
    for left_out in names:
        rest = [surprises[name] for name in names if name != left_out]
        scores[f"without {left_out}"] = combination.mean(rest)
    return scores | {f"{name} alone": surprises[name] for name in names}


def run(
    tasks: list[tuple[str, Path, str, int]], n_jobs: int, **options: bool
) -> Iterator[list[dict[str, Any]]]:
    """Yield the lines of `measure` for each task, as they come."""
    if n_jobs == 1:
        yield from (measure(*task, **options) for task in tasks)
        return
    from joblib import Parallel, delayed

    yield from Parallel(n_jobs=n_jobs, return_as="generator_unordered")(
        delayed(measure)(*task, **options) for task in tasks
    )


def measure_all(arguments: argparse.Namespace, paths: dict[str, Path]) -> None:
    """Run what the arguments ask for, and add it to the file of results."""
    tasks = [
        (name, path, setting, seed)
        for name in available(arguments.detectors)
        for seed in arguments.seeds
        for path in paths.values()
        for setting in arguments.settings
    ]
    options = {"parts": arguments.parts, "new_rows": arguments.new_rows}
    for i, lines in enumerate(run(tasks, arguments.jobs, **options), start=1):
        if not lines:
            continue
        line = lines[0]
        sys.stderr.write(
            f"{i} of {len(tasks)}: {line['detector']} {line['setting']} "
            f"{line['dataset']} {line['seed']}: AUROC {line['auroc']:.2f}, "
            f"AP {line['ap']:.2f} {line.get('error', '')}\n"
        )
        # Written each time: an interrupted run is not lost.
        results_file.add(arguments.output, lines, _KEY)


def selected_paths(arguments: argparse.Namespace) -> dict[str, Path]:
    """Return the data sets that the arguments ask for, by name."""
    paths = table_paths(arguments.folder)
    if arguments.datasets:
        if unknown := sorted(set(arguments.datasets) - set(paths)):
            raise SystemExit(
                f"{arguments.folder} holds no {', '.join(unknown)}. "
                f"It holds {', '.join(paths)}."
            )
        paths = {name: paths[name] for name in arguments.datasets}
    if arguments.max_rows:
        paths = {k: p for k, p in paths.items() if n_rows(p) <= arguments.max_rows}
    return paths


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--detectors", nargs="*", choices=DETECTORS, default=["aeanomaly"])
    add("--folder", type=Path, default=_FOLDER, help="of .npz or Parquet files")
    add("--datasets", nargs="+", help="names of files without ending; all by default")
    add("--settings", nargs="+", choices=SETTINGS, default=[*SETTINGS])
    add("--seeds", nargs="+", type=int, default=[0, 1, 2])
    add("--max-rows", type=int, help="leave out larger data sets")
    add("--jobs", type=int, default=1, help="processes")
    add("--parts", action="store_true", help="take the hybrid score apart")
    add(
        "--new-rows",
        action="store_true",
        help="leave copies of training rows out of the test",
    )
    add("--output", type=Path, default=_OUTPUT, help="CSV file; picture beside it")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark."""
    options = parse(arguments)
    if not options.folder.is_dir():
        raise SystemExit(f"There is no folder {options.folder}: pass --folder.")
    order = list(table_paths(options.folder))
    measure_all(options, selected_paths(options))
    results = results_file.read(options.output)
    if results.empty:
        raise SystemExit(f"{options.output} holds nothing yet: pass --detectors.")
    sys.stdout.write(report(results, order, options.folder.parent))
    draw(results, options.folder.parent, options.output.with_suffix(".png"))


if __name__ == "__main__":
    main()
