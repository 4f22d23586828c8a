"""Labelled tables of three kinds, each split as those who use it do.

- ``.npz`` with ``X`` and ``y``: the protocol of `adbench`.
- ``.npz`` with ``train``, ``test`` and ``test_labels``, as of OddBench (arXiv
  2602.09329): ``semi`` is fitted on ``train`` and judged by ``test``, ``unsup`` is
  fitted on ``test`` and judged by it, standardised on the rows that are fitted. At most
  5,000 rows of each; seeds are the detector's alone.
- ``.parquet`` with columns of any kind, of which ``anomaly`` is the truth: ``semi`` is
  fitted on half of the normal rows and judged by all others, ``unsup`` is fitted on all
  rows and judged by them. At most 6,000 rows, drawn anew for each seed.

In all, 1 is an anomaly.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import adbench
import numpy as np
import pandas as pd
from adbench import Split
from sklearn.preprocessing import StandardScaler

TRUTH = "anomaly"
_MOST_FIXED_ROWS = 5_000
_MOST_TYPED_ROWS = 6_000


def table_paths(folder: Path) -> dict[str, Path]:
    """Return the labelled tables of a folder by name, Parquet files last.

    Raises
    ------
    FileNotFoundError
        If there are none.
    """
    typed = sorted(Path(folder).glob("*.parquet"))
    if not typed:
        return adbench.dataset_paths(folder)
    arrays = adbench.dataset_paths(folder) if [*Path(folder).glob("*.npz")] else {}
    return arrays | {path.stem: path for path in typed}


def n_rows(path: Path) -> int:
    """Return the number of rows in a table's file."""
    if path.suffix == ".parquet":
        return len(pd.read_parquet(path, columns=[TRUTH]))
    with np.load(path, allow_pickle=False) as arrays:
        if "train" in arrays:
            return len(arrays["train"]) + len(arrays["test"])
        return len(arrays["y"])


def load_split(path: Path, setting: str, seed: int) -> Split:
    """Read a table and split it by the protocol of its kind.

    Parameters
    ----------
    path : Path
    setting : {"semi", "unsup"}
    seed : int

    Returns
    -------
    Split
        Of DataFrames, if the file is Parquet.
    """
    if path.suffix == ".parquet":
        return load_typed(path, setting, seed)
    with np.load(path, allow_pickle=False) as arrays:
        is_fixed = "train" in arrays
    load = _load_fixed if is_fixed else adbench.load_split
    return load(path, setting, seed)


def load_typed(
    path: Path, setting: str, seed: int, most_rows: int = _MOST_TYPED_ROWS
) -> Split:
    """Read a table of columns of any kind, and split it."""
    adbench.check_setting(setting)
    table = pd.read_parquet(path).sample(frac=1, random_state=seed)[:most_rows]
    y = table.pop(TRUTH).to_numpy().astype(int)
    if setting == "unsup":
        return Split(table, table, y)
    normal = np.flatnonzero(y == 0)
    train = np.sort(normal[: len(normal) // 2])
    test = np.setdiff1d(np.arange(len(y)), train)
    return Split(table.iloc[train], table.iloc[test], y[test])


def _load_fixed(path: Path, setting: str, seed: int) -> Split:
    adbench.check_setting(setting)
    with np.load(path, allow_pickle=False) as arrays:
        train, test, y = (arrays[k] for k in ("train", "test", "test_labels"))
    rng = np.random.default_rng(0)
    train = train[rng.permutation(len(train))[:_MOST_FIXED_ROWS]]
    chosen = rng.permutation(len(test))[:_MOST_FIXED_ROWS]
    test, y = test[chosen].astype(float), y[chosen].astype(int)
    fitted = test if setting == "unsup" else train.astype(float)
    scaler = StandardScaler().fit(fitted)
    return Split(scaler.transform(fitted), scaler.transform(test), y)


def without_copies(split: Split) -> Split:
    """Return a split less the test rows that equal a training row.

    Small tables are drawn with replacement, so in ``semi`` most of their normal test
    rows were seen in training: to know them again says nothing about new rows.
    """
    seen = set(_hashes(split.X_train))
    new = np.array([row not in seen for row in _hashes(split.X_test)])
    return Split(split.X_train, split.X_test[new], split.y_test[new])


def _hashes(X: Any) -> np.ndarray:
    return pd.util.hash_pandas_object(pd.DataFrame(X), index=False).to_numpy()


def as_numbers(split: Split) -> Split:
    """Return a split of numbers alone, for detectors that read nothing else.

    A level becomes a column of its own, a time its seconds, its hour and its weekday, a
    missing number the mean, beside a column that says so; all standardised.
    """
    train, test = (_encoded(X) for X in (split.X_train, split.X_test))
    test = test.reindex(columns=train.columns, fill_value=0.0)
    for name in train.columns[train.isna().any() | test.isna().any()]:
        mean = train[name].mean()
        filled = 0.0 if np.isnan(mean) else mean
        for X in (train, test):
            X[f"{name} is missing"] = X[name].isna().astype(float)
            X[name] = X[name].fillna(filled)
    scaler = StandardScaler().fit(train.to_numpy())
    return Split(*(scaler.transform(X.to_numpy()) for X in (train, test)), split.y_test)


def _encoded(X: Any) -> pd.DataFrame:
    columns: dict[str, Any] = {}
    for name, values in pd.DataFrame(X).items():
        if pd.api.types.is_datetime64_any_dtype(values):
            columns[f"{name}"] = (values - pd.Timestamp(0)).dt.total_seconds()
            columns[f"{name} hour"] = values.dt.hour + values.dt.minute / 60
            columns[f"{name} weekday"] = values.dt.day_of_week
        else:
            columns[f"{name}"] = values
    return pd.get_dummies(pd.DataFrame(columns), dtype=float).astype(float)
