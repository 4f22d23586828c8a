"""Cheap constructor arguments, architectures and tables that the tests run on."""

from functools import cache
from importlib.metadata import version

import numpy as np
import pandas as pd
import pytest

# A Keras reads networks that it or an older one wrote.
KERAS_OF_THE_FILES = pytest.mark.skipif(
    tuple(map(int, version("keras").split(".")[:2])) < (3, 15),
    reason="Keras 3.15 wrote the networks in tests/data",
)

CHEAP = {
    "hidden_layer_sizes": (8,),
    "latent_dim": 2,
    "max_iter": 5,
    "random_state": 0,
}
# Of networks that are more than dense layers while they are trained.
REGULARISATION = {"batch_normalization": True, "dropout": 0.3, "activation": "elu"}
# Of a `TrainingOptions`.
SHORT_TRAINING = {
    "batch_size": 32,
    "max_iter": 6,
    "learning_rate": "constant",
    "learning_rate_init": 1e-2,
    "alpha": 0.0,
    "early_stopping": False,
    "n_iter_no_change": 3,
    "tol": 1e-4,
    "verbose": 0,
}
ARCHITECTURES = (
    "undercomplete",
    "linear",
    "sparse",
    "denoising",
    "contractive",
    "variational",
)


def first_fast_others_slow(values):
    """Return what to parametrize with: only the first is run by the fast tests."""
    first, *others = values
    slow = [other if isinstance(other, tuple) else (other,) for other in others]
    return [first, *(pytest.param(*other, marks=pytest.mark.slow) for other in slow)]


# The default's graph is that of the session's detector.
DEFAULT_THEN_OTHERS = first_fast_others_slow(
    sorted(ARCHITECTURES, key=lambda name: name != "denoising")
)


def parametrize_with_checks(estimators):
    """As scikit-learn's, with the name of each estimator made once, not once a check.

    The names of all checks took as long as a dozen fits.
    """
    from sklearn.utils import estimator_checks

    made = estimator_checks.parametrize_with_checks(estimators).mark
    return pytest.mark.parametrize(*made.args, ids=cache(made.kwargs["ids"]))


def make_numbers(n_rows=200, seed=0):
    """Rows near a plane in five dimensions."""
    rng = np.random.default_rng(seed)
    plane = rng.standard_normal((n_rows, 2)) @ np.array(
        [[1.0, 0.5, -1.0, 2.0, 0.0], [0.0, 1.0, 1.0, -0.5, 3.0]]
    )
    return plane + 0.1 * rng.standard_normal(plane.shape)


def make_table(n_rows=200, seed=0):
    """Rows with every kind of column, some values missing."""
    rng = np.random.default_rng(seed)
    wealth = rng.standard_normal(n_rows)
    table = pd.DataFrame(
        {
            "amount": np.round(np.exp(wealth + 3), 2),
            "age": np.round(40 + 10 * wealth + rng.standard_normal(n_rows), 1),
            "n_visits": rng.poisson(4, n_rows),
            "member": wealth > 0.5,
            "country": rng.choice(["FR", "DE", "IT"], n_rows, p=[0.6, 0.3, 0.1]),
            "size": pd.Categorical(np.where(wealth > 0, "large", "small")),
            "opened": pd.Timestamp("2025-01-01")
            + pd.to_timedelta(rng.integers(0, 30 * 24, n_rows), unit="h"),
            "version": 3.0,
        }
    )
    table["opened"] = table["opened"].astype("datetime64[us]")
    table.loc[rng.random(n_rows) < 0.1, "age"] = np.nan
    table.loc[rng.random(n_rows) < 0.1, "country"] = None
    return table
