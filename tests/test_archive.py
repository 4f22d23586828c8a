"""Model files: what they hold, and what becomes of damaged and hostile ones.

The hostile ones are made in three ways: bytes are changed at random; entries of the zip
are changed; and the manifest is edited and all hashes are computed again, as someone
who knows the format could. Each such file must give an error of the archive's own, or
score.
"""

import hashlib
import io
import json
import math
import os
import pickle
import subprocess
import sys
import warnings
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from cases import make_numbers, make_table

from aeanomaly.exceptions import (
    AeanomalyError,
    ArchiveError,
    ArchiveFormatError,
    ArchiveIntegrityError,
    ArchiveProtocolError,
    ArchiveSizeError,
)
from aeanomaly.scoring.archive import PROTOCOL, read_model, write_model

N_FLIPS = 250
N_TRUNCATIONS = 120
N_OVERWRITES = 80
N_EDITS = 400


def entries_of(content):
    """Return the entries of a zip file as a dict of bytes."""
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def zipped(entries, compression=zipfile.ZIP_STORED):
    """Return a zip file of pairs of name and bytes."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", compression) as opened:
        warnings.simplefilter("ignore", UserWarning)  # Duplicate names are meant.
        for name, content in entries.items() if hasattr(entries, "items") else entries:
            opened.writestr(name, content)
    return buffer.getvalue()


def signed(entries, manifest):
    """Return entries with another manifest and its hash."""
    text = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
    signature = hashlib.sha256(text).hexdigest().encode()
    return entries | {"manifest.json": text, "manifest.sha256": signature}


def npy(array, **kwargs):
    buffer = io.BytesIO()
    np.save(buffer, array, **kwargs)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def saved(detector, tmp_path_factory):
    """The bytes of a file with every kind of column and every part of a score."""
    path = tmp_path_factory.mktemp("saved") / "model.aea"
    detector.save(path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def saved_numbers(number_detector, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "numbers.aea"
    number_detector.save(path)
    return path.read_bytes()


@pytest.fixture
def read(tmp_path):
    """A function that writes bytes to "model.aea" and reads the model."""

    def read(content, **kwargs):
        path = tmp_path / "model.aea"
        path.write_bytes(content)
        return read_model(path, **kwargs)

    return read


@pytest.fixture
def edit(saved):
    """A function that edits the manifest with a function, and hashes it again."""

    def edit(change, **changed_entries):
        entries = entries_of(saved)
        manifest = json.loads(entries["manifest.json"])
        change(manifest)
        return zipped(signed(entries, manifest) | changed_entries)

    return edit


# What a file holds.


def test_a_model_scores_the_same_bits_as_before(detector, saved, read):
    table = make_table()
    model = read(saved)
    assert model.estimator == "AutoencoderOutlierDetector"
    assert model.offset == detector.offset_
    assert model.manifest["protocol"] == PROTOCOL
    np.testing.assert_array_equal(
        model.scorer.score_samples(table), detector.score_samples(table)
    )


def test_the_same_model_gives_the_same_bytes(detector, saved, tmp_path):
    detector.save(tmp_path / "again.aea")
    assert (tmp_path / "again.aea").read_bytes() == saved


def test_a_file_can_be_read_with_other_tools(detector, saved):
    entries = entries_of(saved)
    manifest = json.loads(entries["manifest.json"])
    assert manifest["offset"] == detector.offset_
    kernel = np.load(io.BytesIO(entries["arrays/model.network.encoder.0.kernel.npy"]))
    np.testing.assert_array_equal(kernel, detector.model_.network.encoder[0].kernel)


def test_a_file_is_little_larger_than_its_arrays(saved):
    arrays = [v for k, v in entries_of(saved).items() if k.endswith(".npy")]
    assert len(saved) < sum(map(len, arrays)) + 28_000


@pytest.mark.parametrize("function", ["replace", "fsync"])
def test_a_failed_write_leaves_the_old_file_and_no_other(
    detector, tmp_path, monkeypatch, function
):
    def fail(*args):
        raise OSError("disk full")

    path = tmp_path / "model.aea"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, function, fail)
    with pytest.raises(OSError, match="disk full"):
        detector.save(path)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["model.aea"]


def test_a_complete_write_replaces_the_old_file(detector, saved, tmp_path):
    path = tmp_path / "model.aea"
    path.write_bytes(b"old")
    detector.save(str(path))
    assert path.read_bytes() == saved
    assert os.listdir(tmp_path) == ["model.aea"]


def test_a_missing_folder_is_named(detector, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        detector.save(tmp_path / "nowhere" / "model.aea")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"absent\.aea"):
        read_model(tmp_path / "absent.aea")


def test_big_endian_arrays_come_back_as_little_endian_ones(detector, tmp_path):
    layers = [
        replace(layer, kernel=layer.kernel.astype(">f4"), bias=layer.bias.astype(">f4"))
        for layer in detector.model_.network.encoder
    ]
    network = replace(detector.model_.network, encoder=tuple(layers))
    model = replace(detector.model_, network=network)
    path = tmp_path / "model.aea"
    write_model(
        path,
        estimator="AutoencoderTransformer",
        model=model,
        reduction=None,
        offset=None,
        version="1",
    )
    kernel = read_model(path).model.network.encoder[0].kernel
    assert kernel.dtype.str == "<f4"
    np.testing.assert_array_equal(kernel, layers[0].kernel)


BLOCKED = """
import sys
for name in {blocked!r}:
    sys.modules[name] = None
{code}
unwanted = {{"tensorflow", "keras", "sklearn", "scipy", "pandas"}} - {allowed!r}
loaded = [n for n in unwanted if sys.modules.get(n) is not None]
assert not loaded, loaded
"""


def run_blocked(code, blocked, allowed):
    script = BLOCKED.format(code=code, blocked=blocked, allowed=allowed)
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_reading_and_scoring_needs_numpy_only(number_detector, saved_numbers, tmp_path):
    path = tmp_path / "model.aea"
    path.write_bytes(saved_numbers)
    X = make_numbers()
    np.save(tmp_path / "X.npy", X)
    code = f"""
import os
import numpy as np
from aeanomaly.scoring.archive import read_model
os.chdir({str(tmp_path)!r})
scorer = read_model("model.aea").scorer
np.save("scores.npy", scorer.score_samples(np.load("X.npy")))
"""
    run_blocked(code, ["tensorflow", "keras", "sklearn", "scipy", "pandas"], set())
    np.testing.assert_array_equal(
        np.load(tmp_path / "scores.npy"), number_detector.score_samples(X)
    )


# The error of each kind of file.


@pytest.mark.parametrize("content", [b"", b"PK\5\6", b"hello world" * 100])
def test_no_zip_file(read, content):
    with pytest.raises(
        ArchiveFormatError, match=r"model\.aea is not an aeanomaly model, or"
    ):
        read(content)


def test_truncated_file(read, saved):
    with pytest.raises(
        ArchiveFormatError, match="is truncated: it does not end as a z"
    ):
        read(saved[: len(saved) // 2])


def test_another_zip_file(read):
    with pytest.raises(
        ArchiveFormatError, match=r"but not an aeanomaly model: it lacks"
    ):
        read(zipped({"word/document.xml": b"<x/>"}))


def test_pickle_file(read):
    with pytest.raises(ArchiveFormatError, match="is not an aeanomaly model"):
        read(pickle.dumps({"a": np.ones(3)}))


def test_newer_protocol(read, edit):
    content = edit(lambda m: m.update(protocol=PROTOCOL + 2, scorer="new", arrays=1))
    with pytest.raises(
        ArchiveProtocolError,
        match=rf"model\.aea was written with archive protocol {PROTOCOL + 2}; this "
        rf"aeanomaly reads up to {PROTOCOL}\. Upgrade aeanomaly to read it\.",
    ):
        read(content)


@pytest.mark.parametrize("protocol", [0, -1, "1", None, 1.0])
def test_no_protocol(read, edit, protocol):
    with pytest.raises(ArchiveFormatError, match="is not the number of a protocol"):
        read(edit(lambda m: m.update(protocol=protocol)))


def test_changed_manifest(read, saved):
    entries = entries_of(saved)
    entries["manifest.json"] = entries["manifest.json"].replace(b"silu", b"relu")
    with pytest.raises(
        ArchiveIntegrityError,
        match=r"was changed after it was written: the SHA-256 of manifest\.json",
    ):
        read(zipped(entries))


def test_changed_array(read, saved):
    entries = entries_of(saved)
    name = "arrays/model.network.encoder.0.bias.npy"
    entries[name] = entries[name][:-1] + b"\1"
    with pytest.raises(
        ArchiveIntegrityError, match=r"SHA-256 of arrays/model\.network\.encoder\.0\.b"
    ):
        read(zipped(entries))


def test_flipped_bit_in_an_array(read, saved):
    position = saved.index(b"model.network.encoder.0.kernel.npy") + 300
    flipped = bytearray(saved)
    flipped[position] ^= 1
    with pytest.raises(ArchiveIntegrityError, match=r"damaged in arrays/.*Bad CRC-32"):
        read(bytes(flipped))


@pytest.mark.parametrize(
    "name", ["arrays/extra.npy", "../evil.py", "/etc/evil", "arrays/../../evil.npy"]
)
def test_entry_that_the_manifest_does_not_list(read, saved, name, tmp_path):
    with pytest.raises(ArchiveIntegrityError, match="not hold what its manifest lists"):
        read(zipped(entries_of(saved) | {name: b"x"}))
    assert os.listdir(tmp_path) == ["model.aea"]


def test_entry_that_stands_twice(read, saved):
    entries = list(entries_of(saved).items())
    with pytest.raises(ArchiveIntegrityError, match="an entry that appears twice"):
        read(zipped([*entries, entries[-1]]))


def test_entry_that_is_missing(read, saved):
    entries = entries_of(saved)
    del entries["arrays/model.network.encoder.0.bias.npy"]
    with pytest.raises(ArchiveIntegrityError, match=r"differs in arrays/model\.net"):
        read(zipped(entries))


def test_array_name_that_leaves_the_archive(read, edit):
    def change(manifest):
        manifest["arrays"]["../x"] = manifest["arrays"].popitem()[1]

    with pytest.raises(
        ArchiveFormatError, match=r"'\.\./x' is not the name of an array"
    ):
        read(edit(change))


def test_file_larger_than_allowed(read, saved):
    with pytest.raises(ArchiveSizeError, match=r"takes \d+ bytes; allowed are 1000\."):
        read(saved, max_bytes=1000)


def test_zip_bomb(read, saved):
    entries = signed(entries_of(saved), b" " * 10_000_000)
    with pytest.raises(ArchiveSizeError, match=r"claims to unpack to \d+ bytes, more"):
        read(zipped(entries, zipfile.ZIP_DEFLATED))


def test_entry_that_claims_a_huge_size(read, saved):
    start = saved.index(b"PK\1\2")
    content = bytearray(saved)
    content[start + 24 : start + 28] = (2**31).to_bytes(4, "little")
    with pytest.raises(ArchiveSizeError, match="claims to unpack to 2147"):
        read(bytes(content))


def test_overlapping_entries(read, saved):
    """Let every entry of the directory point to the largest one's bytes."""
    with zipfile.ZipFile(io.BytesIO(saved)) as opened:
        largest = max(opened.infolist(), key=lambda info: info.file_size)
        start = opened.start_dir
    content, position = bytearray(saved), start
    while content[position : position + 4] == b"PK\1\2":
        lengths = content[position + 28 : position + 34]
        for offset, value in ((20, largest.file_size), (24, largest.file_size)):
            content[position + offset : position + offset + 4] = value.to_bytes(
                4, "little"
            )
        content[position + 42 : position + 46] = largest.header_offset.to_bytes(
            4, "little"
        )
        position += 46 + sum(
            int.from_bytes(lengths[i : i + 2], "little") for i in (0, 2, 4)
        )
    with pytest.raises(ArchiveSizeError, match="claims to unpack to"):
        read(bytes(content))


def test_too_many_entries(read):
    with pytest.raises(ArchiveSizeError, match="more than the 65534 entries"):
        read(zipped({str(i): b"" for i in range(65_535)}))


def test_zip64_directory(read, saved):
    end = len(saved) - 22
    with pytest.raises(ArchiveSizeError, match="more than the 65534 entries"):
        read(saved[:end] + b"PK\6\7" + bytes(16) + saved[end:])


def test_compressed_entry(read, saved):
    incompressible = np.random.default_rng(0).bytes(1_000)
    content = zipped({"a": incompressible}, zipfile.ZIP_DEFLATED)
    with pytest.raises(
        ArchiveFormatError, match="is compressed. Models are stored unc"
    ):
        read(content)


def test_lack_of_memory(read, saved, monkeypatch):
    def fail(*_):
        raise MemoryError

    monkeypatch.setattr("aeanomaly.scoring.archive.model_file.audit", fail)
    with pytest.raises(ArchiveSizeError, match="needs more memory than there is"):
        read(saved)


@pytest.mark.parametrize(
    "text", [b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b"1" * 5_000, b"{}"]
)
def test_manifest_that_is_no_manifest(read, saved, text):
    with pytest.raises(
        ArchiveFormatError, match="does not describe a model that this aeanoma"
    ):
        read(zipped(signed(entries_of(saved), text)))


# Edited manifests with the right hashes.


def fields_at(manifest, *path):
    """Return the fields of a nested object of the model, or of the reduction."""
    if path[:1] == ("reduction",):
        return manifest["reduction"]["fields"]
    node = manifest["model"]["fields"]
    for key in path:
        node = node[key]
        if "fields" in node:
            node = node["fields"]
    return node


BIAS = "model.network.encoder.0.bias"
ENCODER = ("network", "encoder", 0)
COLUMN = ("encoding", "columns", 0)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda m: m.pop("model"), "KeyError: 'model'"),
        (lambda m: m.update(model=3), "does not describe a model"),
        (lambda m: m.update(reduction=None), "Detector cannot have this reduction"),
        (
            lambda m: m.update(offset=math.nan),
            "a threshold of nan is not a finite number",
        ),
        (lambda m: m.update(offset=-math.inf), "a threshold of -inf is not a finite"),
        (
            lambda m: fields_at(m, *COLUMN).update(name="x" * 10_001),
            "the name of a column has 10001 characters; allowed are 10000",
        ),
        (
            lambda m: fields_at(m, "encoding", "columns", 4).update(
                levels=["x" * 100_001]
            ),
            "has a level of 100001 characters; allowed are 100000",
        ),
        (
            lambda m: fields_at(m, *COLUMN).update(novelty=math.nan),
            "no finite novelty",
        ),
        (
            lambda m: fields_at(m, "encoding", "columns", 6).update(first=-math.inf),
            "has no finite range",
        ),
        (
            lambda m: fields_at(m, "reduction").update(power=1e308),
            r"a power mean of power 1e\+308 is not possible",
        ),
        (lambda m: m.update(estimator="Popen"), "estimator 'Popen' is unknown"),
        (lambda m: m.update(estimator=["Popen"]), "unhashable|unknown"),
        (lambda m: m.update(offset=None), "None is not a threshold of an Autoencoder"),
        (lambda m: m.update(offset="0"), "'0' is not a threshold of an Autoencoder"),
        (
            lambda m: m["model"].update({"class": "subprocess.Popen"}),
            "holds an object of 'subprocess.Popen', a class that aeanomaly does not",
        ),
        (
            lambda m: fields_at(m).update(network=m["model"]["fields"]["encoding"]),
            "'network' of Model must be FrozenNetwork. Got TableEncoding",
        ),
        (
            lambda m: fields_at(m, "network").update(encoder=[]),
            "IndexError",
        ),
        (
            lambda m: fields_at(m, "network")["encoder"].pop(),
            "a kernel of shape .* should follow",
        ),
        (
            lambda m: fields_at(m, *ENCODER).update(activation="exec"),
            "activation of a dense layer must be one of",
        ),
        (
            lambda m: fields_at(m).update(output_activation="exec"),
            "the activation 'exec' is unknown",
        ),
        (
            lambda m: fields_at(m, *ENCODER).update(
                kernel={"array": "model.network.decoder.0.kernel"}
            ),
            "inputs, but the encoding gives",
        ),
        (
            lambda m: fields_at(m, "encoding")["columns"].pop(0),
            "inputs, but the encoding gives",
        ),
        (
            lambda m: fields_at(m, "encoding").update(columns=[]),
            "the encoding has no columns",
        ),
        (
            lambda m: fields_at(m, *COLUMN).update(missing_rate=2.0),
            "column 'amount' has no valid missing_rate",
        ),
        (lambda m: fields_at(m, *COLUMN).update(scale=0.0), "no positive scale"),
        (lambda m: fields_at(m, *COLUMN).update(scale=10**400), "Got int instead"),
        (lambda m: fields_at(m, *COLUMN).update(name="age"), "have the same name"),
        (
            lambda m: fields_at(m, *COLUMN).update(name={"list": []}),
            r"\[\] is not the name of a column",
        ),
        (
            lambda m: fields_at(m, "encoding", "columns", 6).update(cycles=["moon"]),
            "column 'opened' has an unknown cycle",
        ),
        (
            lambda m: fields_at(m, "encoding", "columns", 6).update(last=0.0),
            "column 'opened' ends before it starts",
        ),
        (
            lambda m: fields_at(m, "encoding", "columns", 4)["levels"].append(["x"]),
            "column 'country' has a level of unknown type",
        ),
        (
            lambda m: fields_at(m, "reduction").update(parts=[]),
            "the score has no parts",
        ),
        (
            lambda m: fields_at(m, "reduction").update(power=0),
            "a power mean of power 0 is not possible",
        ),
        (
            lambda m: fields_at(m, "reduction").update(expecting=9),
            "the score has no part 9 to expect values",
        ),
        (lambda m: fields_at(m, *COLUMN).pop("indicator_scale"), "lacks its field"),
        (lambda m: fields_at(m, "encoding").update(knee=0.0), "be squashed from 0.0"),
    ],
)
def test_edited_manifest(read, edit, change, text):
    with pytest.raises(ArchiveFormatError, match=text):
        read(edit(change))


@pytest.mark.parametrize("name", ["Lambda", "TFSMLayer", "Popen"])
def test_keras_network_that_would_run_code(read, edit, name):
    layer = {"class_name": name, "module": "keras.layers", "config": {}}
    fields = {
        "encoder": json.dumps(layer | {"registered_name": None}),
        "decoder": "{}",
        "encoder_weights": [],
        "decoder_weights": [],
        "n_members": 1,
        "n_inputs": 13,
        "latent_dim": 2,
    }
    content = edit(
        lambda m: fields_at(m).update(
            network={"class": "KerasNetwork", "fields": fields}
        )
    )
    with pytest.raises(ArchiveFormatError, match=f"Got '{name}' of 'keras.layers'"):
        read(content)


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ([3, 4, 1], "5 pixels do not make an image of shape"),
        ([-1, -5, 1], "do not make an image of shape"),
        ([5, "1", 1], "must be tuple"),
    ],
)
def test_images_of_another_size(read, saved_numbers, shape, text):
    entries = entries_of(saved_numbers)
    manifest = json.loads(entries["manifest.json"])
    encoding = manifest["model"]["fields"]["encoding"]
    encoding["class"] = "ImageEncoding"
    encoding["fields"] |= {"sample_shape": [5], "image_shape": [5, 1, 1]}
    read(zipped(signed(entries, manifest)))
    encoding["fields"] |= {"image_shape": shape}
    with pytest.raises(ArchiveFormatError, match=text):
        read(zipped(signed(entries, manifest)))


def replaced_array(saved, content, **entry):
    """Return a file with other bytes as an array, everything hashed again."""
    entries = entries_of(saved)
    manifest = json.loads(entries["manifest.json"])
    manifest["arrays"][BIAS] |= {"sha256": hashlib.sha256(content).hexdigest()} | entry
    return zipped(signed(entries, manifest) | {f"arrays/{BIAS}.npy": content})


class Payload:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("dtype", ["|O", "<f4", "<U3"])
def test_pickled_array_is_not_unpickled(read, saved, tmp_path, dtype):
    trap = tmp_path / "trap"
    content = npy(np.array([Payload(trap)], dtype=object), allow_pickle=True)
    with pytest.raises(ArchiveFormatError, match="not allowed|not as the manifest"):
        read(replaced_array(saved, content, dtype=dtype, shape=[1]))
    assert not trap.exists()


@pytest.mark.parametrize(
    ("array", "entry", "text"),
    [
        (np.ones((4, 9), "f4"), {}, "not as the manifest describes it"),
        (np.ones((4, 8), "f8"), {}, "not as the manifest describes it"),
        (np.ones((4, 8), "f8"), {"dtype": "<f8", "shape": [2**60, 2**60]}, "not as"),
        (np.ones((4, 8), "f4", order="F"), {}, "not as the manifest describes it"),
        (np.ones(2, "f4"), {"shape": [2]}, "needs a bias of shape"),
        (np.ones((4, 8), "c8"), {"dtype": "<c8"}, "'<c8', which is not allowed"),
        (
            np.ones((4, 8), "i4"),
            {"dtype": "<i4"},
            "layers of the network must hold floats",
        ),
    ],
)
def test_array_that_does_not_fit(read, saved, array, entry, text):
    with pytest.raises(ArchiveFormatError, match=text):
        read(replaced_array(saved, npy(array), **entry))


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ((2**40, 2**40), "is not as large as its shape"),
        ((2**70,), "is not as large as its shape"),
        ((-2, -8), "has a negative length"),
    ],
)
def test_array_that_declares_a_huge_shape(read, saved, shape, text):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header = header.ljust(117) + b"\n"
    content = b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header + bytes(64)
    with pytest.raises(ArchiveFormatError, match=text):
        read(replaced_array(saved, content, shape=list(shape)))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY\1\0",
        b"\x93NUMPY\3\0" + bytes(64),
        b"\x93NUMPY\1\0\xff\xff" + b"(" * 65_535,
        b"\x93NUMPY\1\0\x40\0" + b"(" * 64,
    ],
)
def test_array_that_is_no_array(read, saved, content):
    with pytest.raises(ArchiveFormatError, match="does not describe a model"):
        read(replaced_array(saved, content))


# Mutations at random.


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """A function that tells what becomes of a file: an error's name, or "scores"."""
    path = tmp_path_factory.mktemp("mutated") / "model.aea"
    table = make_table(12)

    def outcome(content):
        path.write_bytes(content)
        try:
            model = read_model(path)
        except ArchiveError as error:
            named = str(path) in str(error)
            return type(error).__name__ if named else "names no file", None
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            try:
                scores = model.scorer.score_samples(model.model.encoding.select(table))
            except AeanomalyError as error:  # The edited model fits another table.
                return type(error).__name__, None
        return "scores", scores

    return outcome


def assert_error_or_same_scores(outcome, mutated, saved):
    """Check every mutated file, and that most of them are found to be damaged."""
    _, expected = outcome(saved)
    names = []
    for content in mutated:
        name, scores = outcome(content)
        names.append(name)
        if name == "scores":
            np.testing.assert_array_equal(scores, expected)
    assert names.count("scores") < len(names) / 2
    assert "names no file" not in names
    return set(names)


@pytest.mark.parametrize("n_flips", [50, pytest.param(N_FLIPS, marks=pytest.mark.slow)])
def test_flipped_bits(outcome, saved, rng, n_flips):
    def mutated():
        # Every other flip hits the directory at the end, which has no hash.
        for i in range(n_flips):
            content = bytearray(saved)
            start = len(saved) - 3_000 if i % 2 else 0
            content[rng.integers(start, len(saved))] ^= 1 << rng.integers(8)
            yield bytes(content)

    names = assert_error_or_same_scores(outcome, mutated(), saved)
    assert {"ArchiveFormatError", "ArchiveIntegrityError"} <= names


def test_truncations(outcome, saved, rng):
    ends = rng.integers(0, len(saved), N_TRUNCATIONS)
    mutated = [saved[:end] for end in [*ends, 0, 1, 21, 22, len(saved) - 1]]
    names = assert_error_or_same_scores(outcome, mutated, saved)
    assert names == {"ArchiveFormatError"}


def test_overwritten_stretches(outcome, saved, rng):
    def mutated():
        for _ in range(N_OVERWRITES):
            start = rng.integers(len(saved))
            length = rng.integers(1, 64)
            yield saved[:start] + rng.bytes(length) + saved[start + length :]

    assert_error_or_same_scores(outcome, mutated(), saved)


def test_dropped_swapped_and_emptied_entries(outcome, saved):
    entries = entries_of(saved)
    names = list(entries)
    mutated = [zipped({n: entries[n] for n in names if n != name}) for name in names]
    mutated += [zipped(entries | {name: b""}) for name in names]
    mutated += [
        zipped(entries | {one: entries[other], other: entries[one]})
        for one, other in zip(names, names[1:], strict=False)
        if entries[one] != entries[other]
    ]
    found = assert_error_or_same_scores(outcome, mutated, saved)
    assert found <= {"ArchiveFormatError", "ArchiveIntegrityError"}


ODD_VALUES = [
    *(None, True, 0, 1, -1, 3, 10**30, 10**400, 0.0, -1.5, 1e308, float("nan")),
    *(float("inf"), "", "x", "silu", "..", [], [[]], [None, "x"], {}, {"list": []}),
    *({"dict": {}}, {"array": BIAS}, {"array": 0}, {"class": "Network", "fields": {}}),
    {"class": "KerasNetwork", "fields": {"encoder": "{}", "decoder": "{}"}},
]


def places(node, path=()):
    """Yield the path of every value in a tree of JSON."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


def edited(manifest, rng):
    """Return a manifest with one value replaced, removed, repeated or moved."""
    manifest = json.loads(json.dumps(manifest))
    paths = list(places(manifest))
    *path, key = paths[rng.integers(len(paths))]
    node = manifest
    for step in path:
        node = node[step]
    kind = rng.integers(4)
    if kind == 0:
        del node[key]
    elif kind == 1 and isinstance(node, list):
        node.insert(key, node[key])
    elif kind == 2 and len(node) > 1:
        other = list(node)[rng.integers(len(node))] if isinstance(node, dict) else 0
        node[key], node[other] = node[other], node[key]
    else:
        node[key] = ODD_VALUES[rng.integers(len(ODD_VALUES))]
    return manifest


@pytest.mark.parametrize("n_edits", [80, pytest.param(N_EDITS, marks=pytest.mark.slow)])
def test_edited_manifests_with_the_right_hashes(outcome, saved, rng, n_edits):
    """An edit may make another model, but never one that fails when it scores."""
    entries = entries_of(saved)
    manifest = json.loads(entries["manifest.json"])
    names = {
        outcome(zipped(signed(entries, edited(manifest, rng))))[0]
        for _ in range(n_edits)
    }
    assert {"ArchiveFormatError", "scores"} <= names
    assert "names no file" not in names


@pytest.mark.parametrize("n_edits", [25, pytest.param(100, marks=pytest.mark.slow)])
def test_edited_arrays_with_the_right_hashes(outcome, saved, rng, n_edits):
    """Arrays of other shapes, types and values, as the manifest says."""
    entries = entries_of(saved)
    manifest = json.loads(entries["manifest.json"])
    names = list(manifest["arrays"])
    for _ in range(n_edits):
        name = names[rng.integers(len(names))]
        array = np.load(io.BytesIO(entries[f"arrays/{name}.npy"]))
        changes = [array[:0], array[..., :-1], array[None], array * np.nan, -array]
        changes += [array.astype("f8"), array.astype("i4"), np.repeat(array, 2, axis=0)]
        with np.errstate(all="ignore"):
            changed = changes[rng.integers(len(changes))]
        content = npy(np.ascontiguousarray(changed))
        sha256 = hashlib.sha256(content).hexdigest()
        entry = {"dtype": changed.dtype.str, "shape": changed.shape, "sha256": sha256}
        table = manifest["arrays"] | {name: entry}
        new = signed(entries, manifest | {"arrays": table})
        outcome(zipped(new | {f"arrays/{name}.npy": content}))


def test_at_least_five_hundred_archives_are_mutated():
    assert N_FLIPS + N_TRUNCATIONS + N_OVERWRITES + N_EDITS >= 500
