"""A few rows made by hand: encodings, networks, and what they say of the rows."""

import numpy as np
import pandas as pd

from aeanomaly.scoring.encoding.columns import (
    CategoricalColumn,
    ColumnOptions,
    ConstantColumn,
    NumericColumn,
)
from aeanomaly.scoring.encoding.table import TableEncoding
from aeanomaly.scoring.evaluation import Evaluation
from aeanomaly.scoring.model import Model
from aeanomaly.scoring.networks.dense import DenseLayer, Network
from aeanomaly.scoring.parts import PartRows


def numbers(n_columns):
    """The encoding of columns of numbers that are encoded as they are."""
    columns = (NumericColumn(i, 0.0, 1.0) for i in range(n_columns))
    return TableEncoding(tuple(columns), named=False, knee=None)


def category(name, *levels):
    """A column of levels, none of them rare or missing."""
    return CategoricalColumn(name, levels, (), has_missing=False, novelty=2.0)


# Encoded columns: amount, age, whether age is missing, L, M, S. All rows have the same
# currency and version, which are watched but not encoded.
MIXED = TableEncoding(
    (
        NumericColumn("amount", 0.0, 1.0),
        NumericColumn("age", 0.0, 1.0, missing_rate=0.25),
        category("size", "L", "M", "S"),
        category("currency", "EUR"),
        ConstantColumn("version", 3.0, novelty=3.0),
    ),
    named=True,
)


def fit_column(kind, values, *, weights=None, scaling="robust", max_categories=64):
    """One column of a kind, fitted to its values."""
    values = values if isinstance(values, pd.Series) else pd.Series(values)
    weights = np.ones(len(values)) if weights is None else np.array(weights, float)
    return kind.fit(values, "x", weights, ColumnOptions(scaling, max_categories))


def encode_column(column, values):
    """The encoded values of one column, not squashed, and their novelty."""
    table = pd.DataFrame({"x": values})
    Z, novelty = TableEncoding((column,), named=True, knee=None).encode(table)
    return Z, np.zeros(len(table)) if novelty is None else novelty[:, 0]


def restore_column(column, *rows):
    """The values that encoded rows of one column stand for."""
    encoding = TableEncoding((column,), named=True, knee=None)
    (values,) = encoding.restore(np.array(rows))
    return values


def evaluation(Z, *outputs, novelty=None):
    """What a network says that puts out one array of rows for each member."""
    Z = np.asarray(Z, dtype=float)
    output = np.array(outputs if outputs else [Z], dtype=float)
    return Evaluation(Z, novelty, output[..., :1], output)


def part_rows(
    Z, encoding, *, weights=None, sample=None, references=None, evaluate=None
):
    """Training rows for a part; by default all are sample and references."""
    Z = np.asarray(Z, dtype=float)
    every = np.arange(len(Z))
    return PartRows(
        Z,
        np.ones(len(Z)) if weights is None else np.asarray(weights, dtype=float),
        encoding,
        every if sample is None else np.asarray(sample),
        every if references is None else np.asarray(references),
        evaluation if evaluate is None else evaluate,
    )


def multiplying_model(encoding, *factors):
    """A model whose members put out what they are shown, each times its factor."""
    width = encoding.n_encoded
    kernel = np.stack([np.eye(width)] * len(factors))
    bias = np.zeros((len(factors), width))
    scaled = kernel * np.reshape(factors, (-1, 1, 1))
    network = Network((DenseLayer(kernel, bias),), (DenseLayer(scaled, bias),))
    return Model(encoding, network, "linear")


def constant_model(encoding, *logits):
    """A model whose members put out the same logits for every row."""
    bias = np.array(logits, dtype=float)
    n_members, width = bias.shape
    encoder = DenseLayer(np.zeros((n_members, width, 1)), np.zeros((n_members, 1)))
    decoder = DenseLayer(np.zeros((n_members, 1, width)), bias)
    return Model(encoding, Network((encoder,), (decoder,)), "linear")


def innermost_by_hand(X, weights, support, shrinkage, n_steps=5):
    """Centre and covariance of the innermost rows, found row by row."""
    chosen = np.arange(len(X))
    for step in range(n_steps + 1):
        center = (weights[chosen, None] * X[chosen]).sum(axis=0) / weights[chosen].sum()
        covariance = np.cov(X[chosen].T, ddof=0, aweights=weights[chosen])
        covariance = (1 - shrinkage) * covariance + shrinkage * np.eye(X.shape[1])
        if step == n_steps:
            return center, covariance
        distances = [(x - center) @ np.linalg.solve(covariance, x - center) for x in X]
        # As many as lie up to the quantile, which counts from the first row on.
        n_chosen = int((len(X) - 1) * support) + 1
        chosen = np.argsort(distances)[:n_chosen]
    raise AssertionError("unreachable")
