"""A private file: nothing of a training row can be read back from it."""

import io
import json
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases import CHEAP, make_numbers
from small_rows import numbers
from test_archive import entries_of

import aeanomaly
from aeanomaly import AutoencoderOutlierDetector
from aeanomaly.cli import main
from aeanomaly.scoring.encoding.columns import CategoricalColumn, ColumnOptions
from aeanomaly.scoring.encoding.columns.hashed import HashedCategoricalColumn
from aeanomaly.scoring.parts import Marginal
from aeanomaly.scoring.parts.rebinned import RebinnedMarginal
from aeanomaly.scoring.privacy import private_model
from aeanomaly.scoring.scorer import Scorer

N_ROWS = 200


def people():
    """Rows whose every value is one person's."""
    rng = np.random.default_rng(0)
    seconds = rng.integers(0, 10**8, N_ROWS)
    return pd.DataFrame(
        {
            "amount": rng.lognormal(3, 1, N_ROWS),
            "balance": rng.normal(0, 1e4, N_ROWS),
            "seen": pd.Timestamp("2023-01-01") + pd.to_timedelta(seconds, unit="s"),
            "town": rng.choice([f"town of {i}" for i in range(90)], N_ROWS),
        }
    )


@pytest.fixture(scope="module")
def fitted():
    detector = AutoencoderOutlierDetector(**CHEAP, column_kinds={"town": "category"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # Few rows promise little.
        return detector.fit(people())


@pytest.fixture
def files(fitted, tmp_path):
    whole, private = tmp_path / "whole.aea", tmp_path / "private.aea"
    fitted.save(whole)
    fitted.save(private, private=True)
    return whole, private


def numbers_in(path):
    """Every number of a file's arrays and of its manifest, in double precision."""
    entries = entries_of(path.read_bytes())
    arrays = [
        np.load(io.BytesIO(content)).ravel().astype(float)
        for name, content in entries.items()
        if name.endswith(".npy")
    ]
    found = []

    def walk(node):
        if isinstance(node, dict):
            node = list(node.values())
        if isinstance(node, list):
            for child in node:
                walk(child)
        elif isinstance(node, float):
            found.append(node)

    walk(json.loads(entries["manifest.json"]))
    return np.unique(np.concatenate([*arrays, found]))


def values_found(fitted, path):
    """Values of training rows, raw or encoded, that a file holds to seven digits."""
    table = people()
    Z = fitted.model_.encoding.encode(table).Z
    seconds = table["seen"].astype("datetime64[us]").astype(np.int64) / 1e6
    raw = [table["amount"], table["balance"], seconds]
    # Encoded numbers and times; waves and levels are shared by many rows.
    encoded = [Z[:, i] for i in range(3)]
    kept = numbers_in(path)
    found = 0
    for values in (*raw, *encoded):
        values = np.asarray(values, dtype=float)
        near = np.searchsorted(kept, values)
        for shift in (-1, 0):
            other = kept[np.clip(near + shift, 0, len(kept) - 1)]
            close = np.abs(other - values) <= 1e-7 * np.abs(values)
            found += int(close.sum())
    return found


def test_a_default_file_holds_rows_and_a_private_one_none(fitted, files):
    whole, private = files
    assert values_found(fitted, whole) > 3 * N_ROWS / 2
    assert values_found(fitted, private) == 0


def test_a_private_file_holds_no_level_word_for_word(files):
    whole, private = (path.read_bytes() for path in files)
    towns = [town.encode() for town in people()["town"].unique()]
    assert all(town in whole for town in towns)
    assert not any(town in private for town in towns)
    assert private.find(b"town of") == -1


def test_hashes_of_two_files_differ(fitted, files, tmp_path):
    fitted.save(tmp_path / "again.aea", private=True)
    assert (tmp_path / "again.aea").read_bytes() != files[1].read_bytes()


def test_a_private_model_scores_and_flags_about_as_many(fitted, files):
    loaded = aeanomaly.load(files[1])
    table = people()
    flagged = [(m.predict(table) == -1).sum() for m in (fitted, loaded)]
    assert abs(flagged[0] - flagged[1]) <= 2
    wild = table.head(1).assign(amount=1e7)
    assert loaded.score_samples(wild)[0] < loaded.score_samples(table).min()


def test_reasons_of_a_private_model_do_not_say_which_level(files):
    loaded = aeanomaly.load(files[1])
    table = people().head(5).assign(town="nowhere")
    texts = loaded.score_frame(table, reasons=4).filter(like="reason").to_numpy()
    towns = [text for text in texts.ravel() if text.startswith("town")]
    assert towns
    assert not any("town of" in text for text in towns)


def test_inspect_says_which_kind_a_file_is(files, capsys):
    whole, private = files
    main(["inspect", str(whole)])
    assert f"holds {N_ROWS} training rows; levels word for word" in (
        capsys.readouterr().out
    )
    main(["inspect", str(private)])
    out = capsys.readouterr().out
    assert "holds no training rows; levels are hashed" in out
    assert "levels, stored as hashes" in out


def test_without_kept_rows_the_threshold_stays(number_detector):
    reduction = number_detector.scorer_.reduction
    kept = [scaled for scaled in reduction.parts if not scaled.part.keeps_rows]
    rest = replace(reduction, parts=tuple(kept), expecting=None)
    found = private_model(number_detector.model_, rest, -3.0)
    assert (found.offset, found.same_scores) == (-3.0, True)
    X = make_numbers()
    before = Scorer(number_detector.model_, rest).score_samples(X)
    after = Scorer(found.model, found.reduction).score_samples(X)
    assert np.abs(after - before).mean() < 0.1 * before.std()
    rows = [scaled for scaled in reduction.parts if scaled.part.keeps_rows]
    only = replace(reduction, parts=tuple(rows), expecting=None)
    with pytest.raises(ValueError, match="private=True leaves out every part"):
        private_model(number_detector.model_, only, -3.0)


def marginals(width, n_rows=3_000):
    """A histogram of numbers of all kinds, the same for a private file, and rows."""
    rng = np.random.default_rng(0)
    columns = [
        rng.normal(0, width, n_rows),
        np.exp(rng.normal(0, 1, n_rows)) * width,
        rng.integers(0, 16, n_rows) * width,
        rng.integers(0, 2, n_rows) * width,
        rng.uniform(-3, 7, n_rows) * width,
    ]
    Z = np.column_stack(columns).astype(np.float32)
    part = Marginal.of_rows(Z, np.ones(n_rows), numbers(5))
    return Z, part, RebinnedMarginal.of_marginal(part)


@pytest.mark.parametrize("width", [1.0, 7e-5, 3e11])
def test_a_private_histogram_is_as_surprised(width):
    Z, part, private = marginals(width)
    encoding = numbers(5)
    before = part.unit_surprise(Z, encoding)
    shift = private.unit_surprise(Z, encoding) - before
    # Half of the other's fuller neighbour in an eighth of the bins: little is moved.
    assert np.abs(shift.mean(axis=0)).max() < 0.15
    assert (np.abs(shift) > 0.5).mean() < 0.05
    ranks = [np.argsort(np.argsort(s.mean(axis=1))) for s in (before, before + shift)]
    assert np.corrcoef(*ranks)[0, 1] > 0.98
    # What lies far beyond the range is as far.
    far = Z[:1] + 1e3 * np.float32(width)
    difference = private.unit_surprise(far, encoding) - part.unit_surprise(
        far, encoding
    )
    assert np.abs(difference).max() < 0.2


def test_a_private_histogram_does_not_end_where_values_did():
    Z, part, private = marginals(1.0)
    low, width = private.low.astype(float), private.width.astype(float)
    assert (low <= Z.min(axis=0)).all()
    assert (low > Z.min(axis=0) - width).all()
    assert (low + private.n_bins * width >= Z.max(axis=0)).all()
    for number in width:
        assert float(f"{number:.3g}") == pytest.approx(number, rel=1e-6)
    np.testing.assert_allclose(low / width, np.round(low / width), atol=1e-3)


def test_a_column_of_hashes_tells_levels_as_the_column_does():
    values = pd.Series(["a", "b", "b", None, "c", "c", "c"], name="x")
    column = CategoricalColumn.fit(values, "x", np.ones(7), ColumnOptions())
    hashed = HashedCategoricalColumn.of_column(column)
    asked = pd.Series(["c", "new", None, "a", "b"])
    np.testing.assert_array_equal(hashed.codes(asked), column.codes(asked))
    assert hashed.storage == column.storage
    assert not {"a", "b", "c"} & {*hashed.levels, *hashed.infrequent}
    numbers = pd.Series([5411, 5812, 5411])
    column = CategoricalColumn.fit(numbers, "x", np.ones(3), ColumnOptions())
    hashed = HashedCategoricalColumn.of_column(column)
    np.testing.assert_array_equal(hashed.codes(numbers.astype(str)), [0, 1, 0])
    assert hashed.storage == "number"


def test_p_values_of_a_score_with_fewer_parts_are_refused(number_detector, tmp_path):
    number_detector.save(tmp_path / "private.aea", private=True)
    loaded = aeanomaly.load(tmp_path / "private.aea")
    with pytest.raises(ValueError, match="calibration"):
        loaded.p_values(make_numbers())
