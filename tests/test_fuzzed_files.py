"""Thousands of forged model files: each is refused when it is read, or it scores."""

import json
import time
import warnings

import numpy as np
import pytest
from small_rows import category, constant_model
from test_archive import edited, entries_of, fields_at, signed, zipped
from test_hostile_files import forged, keras_file, names_of_floats, written

from aeanomaly.exceptions import AeanomalyError, ArchiveError
from aeanomaly.scoring.archive import read_model
from aeanomaly.scoring.encoding.columns import NumericColumn
from aeanomaly.scoring.encoding.table import TableEncoding
from aeanomaly.scoring.parts import (
    Marginal,
    Residual,
    ScaledPart,
    TailCombination,
    TailScale,
)

N_DENSE, N_KERAS = 1_600, 100
MOST_SECONDS = 20.0
MOST_MEGABYTES = 800

SIZES = [0, -1, 2, 3, 7, 1_000, 10**5, 10**7, 10**9, 2**63, 1e308, float("nan")]
WORDS = ["", "relu", "exec", "valid", "same", "Lambda", "\x1b[31m", "float16", None]
FLOATS = [np.nan, np.inf, -np.inf, 0.0, -1.0, 1e-45, 3e38]


def dense_file():
    """The bytes of a small detector of arrays: two numbers and a category."""
    columns = (
        NumericColumn("a", 0.0, 1.0),
        NumericColumn("b", 0.0, 1.0, missing_rate=0.25),
        category("c", "x", "y"),
    )
    encoding = TableEncoding(columns, named=False)
    model = constant_model(encoding, np.zeros(encoding.n_encoded))
    marginal = Marginal.of_rows(
        np.random.default_rng(0).random((50, encoding.n_encoded)),
        np.ones(50),
        encoding,
    )
    residual = Residual(np.ones(len(encoding.unit_columns), dtype=np.float32))
    scale = TailScale(np.array([0.0, 1.0]), np.array([0.1, 2.0]), 1.0)
    parts = tuple(ScaledPart(part, scale) for part in (residual, marginal))
    return written(model, TailCombination(parts, 4.0, None))


def memory():
    """Resident memory of this process, in megabytes."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4_096 / 1e6


def spoilt_array(content, rng):
    """Return a file with one number, or one array, replaced."""
    names = names_of_floats(content)
    name = names[rng.integers(len(names))]

    def change(manifest, arrays):
        array = arrays[name].copy()
        if rng.random() < 0.5:
            array.flat[rng.integers(array.size)] = FLOATS[rng.integers(len(FLOATS))]
        else:
            others = [array[:0], array[..., :-1], array[None], np.repeat(array, 3, 0)]
            array = others[rng.integers(len(others))]
        arrays[name] = array

    return forged(content, change)


def spoilt_configuration(content, rng):
    """Return a file whose Keras configuration has one value replaced or moved."""

    def change(manifest, arrays):
        fields = fields_at(manifest, "network")
        part = ("encoder", "decoder")[rng.integers(2)]
        tree = json.loads(fields[part])
        if rng.random() < 0.3:
            tree = edited(tree, rng)
        else:
            leaves = list(_leaves(tree))
            node, key = leaves[rng.integers(len(leaves))]
            odd = WORDS if isinstance(node[key], str) else SIZES
            node[key] = odd[rng.integers(len(odd))]
        fields[part] = json.dumps(tree)

    return forged(content, change)


def _leaves(node):
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(value, dict | list):
            yield from _leaves(value)
        else:
            yield node, key


def spoilt_manifest(content, rng):
    entries = entries_of(content)
    manifest = edited(json.loads(entries["manifest.json"]), rng)
    return zipped(signed(entries, manifest))


def spoilt_bytes(content, rng):
    changed = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        changed[rng.integers(len(content))] = rng.integers(256)
    return bytes(changed[: len(content) - rng.integers(2) * rng.integers(200)])


def outcome(path, content, rows):
    """Return what becomes of a file; the numbers that it gives are finite."""
    path.write_bytes(content)
    try:
        model = read_model(path)
    except ArchiveError as error:
        return type(error).__name__ if str(path) in str(error) else "names no file"
    try:
        scores = model.scorer.score_samples(model.model.encoding.select(rows))
    except ArchiveError:
        return "refused too late"
    except AeanomalyError as error:  # A valid model of another table.
        return type(error).__name__
    assert scores.shape == (len(rows),)
    assert np.isfinite(scores).all()
    return "scores"


def run(path, content, mutators, n, rows):
    rng, found = np.random.default_rng(0), {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of TensorFlow and Keras about odd layers.
        assert outcome(path, content, rows) == "scores"
        before = memory()
        for i in range(n):
            mutated = mutators[i % len(mutators)](content, rng)
            start = time.perf_counter()
            name = outcome(path, mutated, rows)
            assert time.perf_counter() - start < MOST_SECONDS
            found[name] = found.get(name, 0) + 1
            assert memory() - before < MOST_MEGABYTES
    assert not found.keys() & {"names no file", "refused too late"}
    return found


def table_of(names):
    import pandas as pd

    values = {"a": [0.5, 3.0], "b": [np.nan, 1.0], "c": ["x", "z"]}
    return pd.DataFrame({name: values[name] for name in names})


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="/proc is Linux's")
def test_forged_files_of_arrays_are_refused_or_score(tmp_path):
    mutators = [spoilt_bytes, spoilt_manifest, spoilt_array]
    path, rows = tmp_path / "model.aea", table_of("abc")
    found = run(path, dense_file(), mutators, N_DENSE, rows)
    assert sum(found.values()) == N_DENSE
    assert found["scores"] > 20
    assert found["ArchiveFormatError"] > N_DENSE / 5


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="/proc is Linux's")
def test_forged_files_of_keras_are_refused_or_score(tmp_path):
    mutators = [spoilt_configuration, spoilt_configuration, spoilt_array]
    rows = np.random.default_rng(0).standard_normal((5, 4))
    found = run(tmp_path / "model.aea", keras_file(), mutators, N_KERAS, rows)
    assert sum(found.values()) == N_KERAS
    assert found["scores"] > 5
    assert found["ArchiveFormatError"] > N_KERAS / 5
