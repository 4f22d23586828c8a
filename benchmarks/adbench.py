"""The field's protocol for detectors of anomalies in tables.

Two settings, as in Livernoche et al., "On Diffusion Modeling for Anomaly Detection"
(ICLR 2024), over data sets of ADBench (Han et al., NeurIPS 2022):

- ``semi``: trained on half of the normal rows, tested on the other half and all
  anomalies.
- ``unsup``: trained on a bootstrap of all rows, anomalies included, tested on all rows.

Tables of fewer than 1,000 rows are resampled up to 1,000, those of more than 50,000 are
subsampled; columns are standardised on the training rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.preprocessing import StandardScaler

SETTINGS = ("semi", "unsup")
_LEAST_ROWS, _MOST_ROWS = 1_000, 50_000


class Split(NamedTuple):
    """What a detector is fitted on, and what it is judged by.

    Parameters
    ----------
    X_train : ndarray or DataFrame of shape (n_train, n_features)
    X_test : ndarray or DataFrame of shape (n_test, n_features)
    y_test : ndarray of shape (n_test,)
        1 for anomalies, 0 for normal rows.
    """

    X_train: Any
    X_test: Any
    y_test: np.ndarray


def dataset_paths(folder: Path) -> dict[str, Path]:
    """Return the ``.npz`` files of a folder by name, in order of their leading number.

    Raises
    ------
    FileNotFoundError
        If there are none.
    """
    paths = sorted(Path(folder).glob("*.npz"), key=_number_and_name)
    if not paths:
        raise FileNotFoundError(
            f"{folder} holds no .npz files. Pass a folder of files with arrays X and y "
            f"(1 for anomalies), such as those of ADBench."
        )
    return {path.stem: path for path in paths}


def _number_and_name(path: Path) -> tuple[float, str]:
    number = path.stem.split("_")[0]
    return (int(number) if number.isdigit() else np.inf), path.stem


def load_split(path: Path, setting: str, seed: int) -> Split:
    """Read a data set and split it, standardised on the training rows.

    Parameters
    ----------
    path : Path
        Of an ``.npz`` file with arrays ``X`` and ``y``.
    setting : {"semi", "unsup"}
    seed : int
        Of resampling; the halves of ``semi`` are the first and the second.
    """
    with np.load(path, allow_pickle=False) as arrays:
        X = np.asarray(arrays["X"], dtype=np.float64)
        y = np.asarray(arrays["y"]).astype(int).ravel()
    if len(y) < _LEAST_ROWS:
        rows = np.random.RandomState(seed).choice(len(y), _LEAST_ROWS, replace=True)
        X, y = X[rows], y[rows]
    elif len(y) > _MOST_ROWS:
        rows = np.random.RandomState(seed).choice(len(y), _MOST_ROWS, replace=False)
        X, y = X[rows], y[rows]
    train, test = _train_and_test(y, setting, seed)
    scaler = StandardScaler().fit(X[train])
    # A column that overflows says nothing, for all detectors alike.
    X_train = np.nan_to_num(scaler.transform(X[train]))
    return Split(X_train, np.nan_to_num(scaler.transform(X[test])), y[test])


def _train_and_test(
    y: np.ndarray, setting: str, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    check_setting(setting)
    if setting == "semi":
        normal = np.flatnonzero(y == 0)
        half = round(0.5 * len(normal))
        return normal[:half], np.append(normal[half:], np.flatnonzero(y == 1))
    train = np.random.RandomState(seed).choice(len(y), len(y), replace=True)
    return train, np.arange(len(y))


def check_setting(setting: str) -> None:
    """Raise a `ValueError` if there is no such setting."""
    if setting not in SETTINGS:
        raise ValueError(f"setting must be one of {SETTINGS}. Got {setting!r} instead.")
