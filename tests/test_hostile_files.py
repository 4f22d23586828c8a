"""Model files from strangers: size, time and sense are bounded when they are read."""

import hashlib
import io
import json
import os
import threading
import tracemalloc
from functools import cache

import numpy as np
import pytest
from small_rows import numbers
from test_archive import entries_of, fields_at, npy, signed, zipped

from aeanomaly.exceptions import ArchiveError, ArchiveFormatError, ArchiveSizeError
from aeanomaly.scoring.archive import read_model, write_model
from aeanomaly.scoring.model import Model
from aeanomaly.scoring.networks.keras import KerasNetwork
from aeanomaly.scoring.parts import Residual

N_INPUTS, LATENT_DIM = 4, 2
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has none of this")


def small_keras_network():
    keras = pytest.importorskip("keras")
    layers = keras.layers
    keras.utils.set_random_seed(0)
    encoder = keras.Sequential(
        [
            keras.Input((N_INPUTS,)),
            layers.Reshape((N_INPUTS, 1)),
            layers.Conv1D(2, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(LATENT_DIM),
        ]
    )
    decoder = keras.Sequential(
        [keras.Input((LATENT_DIM,)), layers.Dense(N_INPUTS, activation="gelu")]
    )
    weights = [
        tuple(array[None] for array in model.get_weights())
        for model in (encoder, decoder)
    ]
    texts = encoder.to_json(), decoder.to_json()
    return KerasNetwork(*texts, *weights, 1, N_INPUTS, LATENT_DIM)


@cache
def keras_file():
    """The bytes of a detector whose network runs through Keras."""
    model = Model(numbers(N_INPUTS), small_keras_network(), "linear")
    reduction = Residual(np.ones(N_INPUTS, dtype=np.float32))
    return written(model, reduction)


def written(model, reduction):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.aea"
        write_model(
            path,
            estimator="AutoencoderOutlierDetector",
            model=model,
            reduction=reduction,
            offset=-1.0,
            version="1",
        )
        return path.read_bytes()


def forged(content, change):
    """Return a file with another manifest, hashed again.

    ``change`` gets the manifest and the arrays, which it may replace.
    """
    entries = entries_of(content)
    manifest = json.loads(entries["manifest.json"])
    names = list(manifest["arrays"])
    arrays = {
        name: np.load(io.BytesIO(entries[f"arrays/{name}.npy"])) for name in names
    }
    change(manifest, arrays)
    for name, array in arrays.items():
        content = npy(np.ascontiguousarray(array))
        manifest["arrays"][name] = {
            "dtype": array.dtype.str,
            "shape": list(array.shape),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        entries[f"arrays/{name}.npy"] = content
    return zipped(signed(entries, manifest))


def with_layers(part, change):
    """Return a change of the layers of the encoder's or the decoder's configuration."""

    def on_manifest(manifest, arrays):
        fields = fields_at(manifest, "network")
        tree = json.loads(fields[part])
        change(tree["config"]["layers"])
        fields[part] = json.dumps(tree)

    return on_manifest


def layer(class_name, **config):
    return {
        "module": "keras.layers",
        "class_name": class_name,
        "registered_name": None,
        "config": {"name": "forged", "dtype": "float32"} | config,
    }


@pytest.fixture
def read(tmp_path):
    def read(content):
        path = tmp_path / "model.aea"
        path.write_bytes(content)
        return read_model(path)

    return read


# Networks that Keras runs


def test_a_network_of_keras_is_run_when_it_is_read(read):
    scorer = read(keras_file()).scorer
    assert np.isfinite(scorer.score_samples(np.zeros((3, N_INPUTS)))).all()


FORGED = {
    "a result of many numbers": (
        lambda layers: layers.insert(-1, layer("RepeatVector", n=10_000_000)),
        "10000000|20000000|must turn|not fit",
    ),
    "copies that are flattened again": (
        lambda layers: layers.extend(
            [
                layer("RepeatVector", n=10_000_000),
                layer("GlobalAveragePooling1D", name="mean"),
            ]
        ),
        "a result of 20000000 numbers for one row is larger than 8388608",
    ),
    "a layer of a billion units": (
        lambda layers: layers[-1]["config"].update(units=10**9),
        "a layer of size 1000000000 is larger",
    ),
    "more units than there are weights": (
        lambda layers: layers[-1]["config"].update(units=1_000_000),
        "the stored weights do not fit the stored layers",
    ),
    "a layer less": (lambda layers: layers.pop(), "do not fit the stored layers"),
    "an unknown activation": (
        lambda layers: layers[-1]["config"].update(activation="exec"),
        "does not describe",
    ),
    "a sequence that is written out": (
        lambda layers: layers.extend(
            [
                layer("RepeatVector", n=100_000),
                layer("TimeDistributed", name="each", layer=layer("Flatten")),
                layer("GlobalAveragePooling1D", name="mean"),
            ]
        ),
        "a TimeDistributed layer takes 100000 steps; allowed are 1024",
    ),
}


@pytest.mark.parametrize(("change", "text"), FORGED.values(), ids=FORGED.keys())
def test_a_network_of_keras_that_would_fail_or_grow_is_refused(read, change, text):
    content = forged(keras_file(), with_layers("encoder", change))
    tracemalloc.start()
    try:
        with pytest.raises(ArchiveFormatError, match=text):
            read(content)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


def test_a_result_within_a_layer_is_bounded(read):
    """The output is small, what attention makes of all pairs of steps is not."""
    keras = pytest.importorskip("keras")
    inputs = keras.Input((N_INPUTS,))
    steps = keras.layers.RepeatVector(4_000)(inputs)
    seen = keras.layers.Attention()([steps, steps])
    mean = keras.layers.GlobalAveragePooling1D()(seen)
    encoder = keras.Model(inputs, keras.layers.Dense(LATENT_DIM)(mean))

    def change(manifest, arrays):
        fields_at(manifest, "network")["encoder"] = encoder.to_json()
        weights = encoder.get_weights()
        names = fields_at(manifest, "network")["encoder_weights"]
        keep = names[: len(weights)]
        for reference in names[len(weights) :]:
            arrays.pop(reference["array"])
            manifest["arrays"].pop(reference["array"])
        fields_at(manifest, "network")["encoder_weights"] = keep
        for reference, array in zip(keep, weights, strict=True):
            arrays[reference["array"]] = array[None]

    content = forged(keras_file(), change)
    entries = entries_of(content)
    listed = json.loads(entries["manifest.json"])["arrays"]
    kept = {f"arrays/{name}.npy" for name in listed} | {
        "manifest.json",
        "manifest.sha256",
    }
    content = zipped({name: entries[name] for name in entries if name in kept})
    with pytest.raises(
        ArchiveFormatError, match="a result of 16000000 numbers for one"
    ):
        read(content)


def test_rows_are_run_so_many_at_a_time_as_memory_allows(monkeypatch):
    from aeanomaly.scoring.networks import keras_sizes

    rows = np.random.default_rng(0).standard_normal((50, N_INPUTS))
    expected = small_keras_network().encode(rows)
    monkeypatch.setattr(keras_sizes, "_NUMBERS_TOGETHER", 64)
    network = small_keras_network()
    np.testing.assert_allclose(network.encode(rows), expected, rtol=1e-12)
    from aeanomaly.scoring.networks.keras import _built

    assert _built(network, "encoder", "float64").n_rows < 20


# Numbers that are not finite, or out of range


def replaced(name, change):
    def on_arrays(manifest, arrays):
        arrays[name] = change(arrays[name])

    return on_arrays


def spoilt(value, position=0):
    def change(array):
        array = array.copy()
        array.flat[position] = value
        return array

    return change


def names_of_floats(content):
    entries = entries_of(content)
    manifest = json.loads(entries["manifest.json"])
    return [
        name
        for name, entry in manifest["arrays"].items()
        if "f" in entry["dtype"] and 0 not in entry["shape"]
    ]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_no_array_holds_anything_but_finite_numbers(read, detector, tmp_path, value):
    detector.save(tmp_path / "saved.aea")
    content = (tmp_path / "saved.aea").read_bytes()
    names = names_of_floats(content)
    assert len(names) > 8
    for name in names:
        with pytest.raises(ArchiveError):
            read(forged(content, replaced(name, spoilt(value, -1))))


def test_no_weight_of_a_keras_network_is_anything_but_finite(read):
    for name in names_of_floats(keras_file()):
        with pytest.raises(ArchiveFormatError, match="not finite"):
            read(forged(keras_file(), replaced(name, spoilt(np.nan))))


def test_weights_whose_scores_overflow_are_refused(read):
    def change(manifest, arrays):
        arrays["model.network.encoder_weights.3"] += np.float32(100)
        arrays["model.network.decoder_weights.0"] += np.float32(3e38)

    with pytest.raises(ArchiveFormatError, match="not a finite number"):
        read(forged(keras_file(), change))


# What is not a file of its own


@posix
@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda path: os.mkfifo(path), "is a named pipe, not a model file"),
        (lambda path: path.mkdir(), "is a folder, not a model file"),
        (lambda path: path.symlink_to("/dev/zero"), "is a device, not a model file"),
    ],
)
def test_what_is_not_a_regular_file_is_refused_at_once(tmp_path, make, text):
    path = tmp_path / "model.aea"
    make(path)
    caught = []

    def read():
        with pytest.raises(ArchiveFormatError, match=text) as error:
            read_model(path)
        caught.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(10)
    assert caught


def test_a_manifest_of_very_many_objects_is_refused(read):
    entries = entries_of(keras_file())
    text = b'{"protocol": 2, "x": [' + b"[]," * 2_000_001 + b"[]]}"
    with pytest.raises(ArchiveSizeError, match="more than 2000000 objects"):
        read(zipped(signed(entries, text)))


def test_a_large_manifest_is_refused(tmp_path):
    path = tmp_path / "model.aea"
    path.write_bytes(keras_file())
    with pytest.raises(ArchiveSizeError, match=r"has a manifest of \d+ bytes; allowed"):
        read_model(path, max_bytes=len(keras_file()) + 1)
