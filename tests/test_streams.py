"""Tests of fitting in constant memory: samples, counts of all rows, and the fit."""

import json

import numpy as np
import pandas as pd
import pytest
from cases import CHEAP
from hypothesis import given, settings
from hypothesis import strategies as st

from aeanomaly import AutoencoderOutlierDetector, AutoencoderTransformer
from aeanomaly.exceptions import ColumnError, UnreadCellsWarning
from aeanomaly.fitting import census as census_module
from aeanomaly.fitting.census import Census
from aeanomaly.fitting.reservoir import Reservoir, RowKeys, last_key
from aeanomaly.streams import Drawing, iter_frames
from aeanomaly.streams.mixin import drawing_for
from aeanomaly.tables import open_table, sample_table

N_ROWS, SIZE = 3_000, 400


def make_rows(n_rows=N_ROWS):
    """Numbers, codes, levels, flags and times, each missing somewhere."""
    rng = np.random.default_rng(5)
    table = pd.DataFrame(
        {
            "amount": rng.lognormal(3, 1, n_rows).round(2),
            "items": rng.integers(1, 5, n_rows),
            "code": rng.choice(["007", "012", "107", "200"], n_rows),
            "city": rng.choice(
                ["Bonn", "São Paulo", "x, y"], n_rows, p=[0.6, 0.3, 0.1]
            ),
            "flag": rng.random(n_rows) < 0.3,
            "at": pd.Timestamp("2026-01-01")
            + pd.to_timedelta(rng.integers(0, 10**7, n_rows), "s"),
            "fraud": (rng.random(n_rows) < 0.01).astype(int),
        }
    )
    table.loc[::50, "amount"] = np.nan
    table.loc[::60, "city"] = None
    # What a sample of a few hundred rows hardly ever shows.
    table.loc[1_234, ["amount", "items", "city"]] = [9e4, 9, "Ulm"]
    return table


@pytest.fixture(scope="module")
def rows():
    return make_rows()


@pytest.fixture(scope="module")
def files(rows, tmp_path_factory):
    """The same rows in files of every format, and in parts."""
    folder = tmp_path_factory.mktemp("files")
    rows.to_csv(folder / "rows.csv", index=False)
    rows.to_csv(folder / "rows.tsv.gz", sep="\t", index=False)
    rows.to_parquet(folder / "rows.parquet")
    lines = rows.assign(at=rows["at"].astype(str)).to_json(orient="records", lines=True)
    (folder / "rows.jsonl").write_text(lines, encoding="utf-8")
    (folder / "parts").mkdir()
    for i, start in enumerate(range(0, N_ROWS, 1_100)):
        part = rows.iloc[start : start + 1_100]
        part.to_csv(folder / "parts" / f"{i}.csv", index=False)
    return folder


NAMES = ["rows.csv", "rows.tsv.gz", "rows.parquet", "rows.jsonl", "parts"]


def drawn(table, size=SIZE, **parameters):
    drawing = Drawing(size, 7, **parameters)
    for frame in iter_frames(table, size, 7):
        drawing.add(frame)
    return drawing.drawn()


# --- Samples ---


@given(st.lists(st.integers(0, 40), min_size=1, max_size=12), st.integers(1, 30))
def test_a_sample_does_not_depend_on_how_rows_are_cut(lengths, size):
    n_rows = sum(lengths)
    reservoir, keys, start = Reservoir(size, lambda b, mask: b[mask]), RowKeys(3), 0
    for length in lengths:
        block = np.arange(start, start + length)
        reservoir.add(block, keys.take(length))
        start += length
    found = np.concatenate([*reservoir.blocks(), np.empty(0, int)])
    keys = RowKeys(3).take(n_rows)
    assert found.tolist() == np.sort(np.argsort(keys)[:size]).tolist()
    assert reservoir.is_complete == (n_rows <= size)
    # Who knows the length beforehand knows the sample.
    assert (keys <= last_key(3, n_rows, size)).sum() == len(found)


def test_every_row_is_as_probable_as_another():
    counts = np.zeros(50)
    for seed in range(400):
        reservoir = Reservoir(10, lambda b, mask: b[mask])
        reservoir.add(np.arange(50), RowKeys(seed).take(50))
        counts[np.concatenate(reservoir.blocks())] += 1
    # 400 draws of a share of a fifth: 80 each, with a deviation of 8.
    assert abs(counts.mean() - 80) < 1e-9
    assert counts.min() > 80 - 5 * 8
    assert counts.max() < 80 + 5 * 8


# --- Counts of all rows ---


def facts(census):
    return {
        name: (c.kind, c.n_rows, c.n_missing, c.low, c.high, c.counts)
        for name, c in census.columns.items()
    }


@settings(max_examples=10)
@given(st.lists(st.integers(0, N_ROWS), max_size=8), st.booleans())
def test_counts_add_up_however_rows_are_cut(cuts, merged):
    rows = make_rows()
    whole, parts = Census(), Census()
    whole.add(rows)
    edges = sorted({0, N_ROWS, *cuts})
    for start, stop in zip(edges, edges[1:], strict=False):
        part = Census() if merged else parts
        part.add(rows.iloc[start:stop])
        if merged:
            parts.merge(part)
    assert facts(parts) == facts(whole)
    for cycle, counts in whole.columns["at"].cycles.items():
        assert (parts.columns["at"].cycles[cycle] == counts).all()


def test_levels_are_counted_up_to_a_number(monkeypatch, rows):
    monkeypatch.setattr(census_module, "MAX_LEVELS", 3)
    census = Census()
    for start in range(0, N_ROWS, 500):
        census.add(rows.iloc[start : start + 500])
    assert census.columns["code"].counts is None
    assert census.columns["code"].n_rows == N_ROWS
    assert sum(census.columns["flag"].counts.values()) == N_ROWS


def test_long_texts_are_not_kept(monkeypatch):
    monkeypatch.setattr(census_module, "_MAX_CHARACTERS", 1_000)
    census = Census()
    census.add(pd.DataFrame({"text": ["a" * 600, "b" * 600]}))
    assert census.columns["text"].counts is None


def test_columns_of_another_kind_in_each_part_are_not_counted():
    census = Census()
    census.add(pd.DataFrame({"a": [None, None], "b": [1, 2], "c": [[1], [2]]}))
    census.add(pd.DataFrame({"a": ["x", "y"], "b": ["x", "y"], "c": [[1], [2]]}))
    kinds = [column.kind for column in census.columns.values()]
    assert kinds == ["levels", "mixed", "mixed"]
    assert census.columns["a"].n_missing == 2


# --- Files ---


@pytest.mark.parametrize("name", NAMES)
def test_all_rows_are_read_in_the_types_of_some(files, name):
    source = open_table(files / name)
    whole = source.read()
    sample = sample_table(source, SIZE, 7)
    assert (len(sample.frame), sample.n_rows) == (SIZE, N_ROWS)
    assert list(sample.frame.dtypes) == list(whole.dtypes)
    chosen = np.sort(np.argsort(RowKeys(7).take(N_ROWS))[:SIZE])
    expected = whole.iloc[chosen].reset_index(drop=True)
    pd.testing.assert_frame_equal(sample.frame, expected)
    frames = pd.concat(list(source.iter_frames(sample.frame)), ignore_index=True)
    pd.testing.assert_frame_equal(frames, whole, check_dtype=False)


@pytest.mark.parametrize("name", NAMES)
def test_a_small_table_is_read_as_ever(files, name):
    source = open_table(files / name)
    sample = sample_table(source, N_ROWS, 7)
    assert sample.is_complete
    pd.testing.assert_frame_equal(sample.frame, source.read())


def test_cells_that_the_sample_does_not_know_are_missing_and_said(tmp_path):
    path = tmp_path / "rows.csv"
    cells = ["1.5"] * 999
    cells[500] = "tbd"
    path.write_text("a,b\n" + "".join(f"{c},x\n" for c in cells), encoding="utf-8")
    source = open_table(path)
    sample = sample_table(source, 20, 0)
    assert sample.frame["a"].dtype == float
    with pytest.warns(
        UnreadCellsWarning, match="1 cell is not a number, such as 'tbd'"
    ):
        (frame,) = source.iter_frames(sample.frame)
    assert frame["a"].isna().tolist() == [cell == "tbd" for cell in cells]


def test_german_numbers_are_read_in_every_part(tmp_path):
    path = tmp_path / "rows.csv"
    rows = "".join(f"{i}.{i % 10}00,5;0{i % 10}\n" for i in range(100, 700))
    path.write_text("Betrag;Nr\n" + rows, encoding="utf-8")
    source = open_table(path)
    whole, sample = source.read(), sample_table(source, 30, 0)
    (frame,) = source.iter_frames(sample.frame)
    pd.testing.assert_frame_equal(frame, whole)
    assert whole["Nr"].iloc[0] == "00"


# --- Sources ---


def test_every_source_gives_the_same_rows(rows, files):
    import polars
    import pyarrow as pa
    import pyarrow.dataset

    expected = drawn(rows)
    plain = rows.assign(code=rows["code"].astype(object))
    arrow = pa.Table.from_pandas(rows)
    sources = [
        *(files / name for name in NAMES),
        str(files / "rows.parquet"),
        [files / "parts" / f"{i}.csv" for i in range(3)],
        (rows.iloc[start : start + 77] for start in range(0, N_ROWS, 77)),
        pd.read_csv(files / "rows.csv", chunksize=500, dtype={"code": str}),
        polars.scan_parquet(files / "rows.parquet"),
        polars.from_pandas(plain),
        arrow,
        pa.dataset.dataset(files / "rows.parquet"),
        arrow.to_reader(max_chunksize=999),
    ]
    for source in sources:
        found = drawn(source)
        assert found.n_rows == N_ROWS
        assert found.table["amount"].equals(expected.table["amount"]), source
        assert found.table["code"].tolist() == expected.table["code"].tolist(), source
        counts = found.census.columns["city"].counts
        assert counts == expected.census.columns["city"].counts, source


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (7, "The table is of type int. Allowed are paths"),
        ([1, 2], "A part of the table is of type int. Allowed are paths"),
        (np.zeros((5, 2)), "The table is of type ndarray"),
    ],
)
def test_what_is_not_a_table_is_refused(table, message):
    with pytest.raises(TypeError, match=message):
        drawn(table)


def test_parts_of_other_columns_are_refused(rows):
    parts = [rows, rows.drop(columns="city")]
    with pytest.raises(ColumnError, match="lacks column 'city', unlike the first part"):
        drawn(parts)
    with pytest.raises(ColumnError, match="has column 'new', unlike the first part"):
        drawn([rows, rows.assign(new=1)])
    turned = rows[rows.columns[::-1]]
    assert drawn([rows, turned]).n_rows == 2 * N_ROWS


def test_a_table_without_rows_is_refused(rows):
    with pytest.raises(ValueError, match="The table holds no rows"):
        drawn([rows.iloc[:0]])


# --- Labels ---


def test_known_anomalies_are_kept_beside_the_sample(rows):
    detector = AutoencoderOutlierDetector(labels="learn")
    n_known = int(rows["fraud"].sum())
    for size in (50, N_ROWS):
        drawing = drawing_for(detector, "fraud", size, seed=7)
        for start in range(0, N_ROWS, 640):
            drawing.add(rows.iloc[start : start + 640])
        found = drawing.drawn()
        assert found.labels.sum() == n_known
        assert "fraud" not in found.table
        assert found.n_sampled == size
    assert len(found.table) == N_ROWS


def test_a_rule_that_counts_anomalies_has_them_in_their_share(rows):
    detector = AutoencoderOutlierDetector(labels="learn", threshold="f_beta")
    drawing = drawing_for(detector, "fraud", 1_000, seed=7)
    drawing.add(rows)
    assert len(drawing.drawn().table) == 1_000


def test_labels_of_minus_one_are_anomalies_beside_one(rows):
    detector = AutoencoderOutlierDetector(labels="learn")
    drawing = drawing_for(detector, "y", 50, seed=7)
    drawing.add(rows.assign(y=1 - 2 * rows["fraud"]))
    labels = drawing.drawn().labels
    assert (labels == -1).sum() == rows["fraud"].sum()
    assert 48 <= (labels == 1).sum() <= 50


def test_labels_that_nobody_learns_from_are_left_out_only(rows):
    drawing = drawing_for(AutoencoderOutlierDetector(), "fraud", 50, seed=7)
    drawing.add(rows)
    found = drawing.drawn()
    assert len(found.table) == 50
    assert "fraud" not in found.table
    with pytest.raises(ColumnError, match="label='frau' is not a column of the table"):
        drawing_for(AutoencoderOutlierDetector(), "frau", 50, seed=7).add(rows)


# --- The fit ---


@pytest.fixture(scope="module")
def streamed(rows):
    """A detector that has trained on some rows of many."""
    parts = (rows.iloc[start : start + 321] for start in range(0, N_ROWS, 321))
    detector = AutoencoderOutlierDetector(**CHEAP)
    return detector.fit_stream(parts, label="fraud", sample_size=SIZE)


def test_ranges_and_levels_are_those_of_all_rows(streamed, rows):
    amount, items, code, city, flag, at = streamed.model_.encoding.columns
    assert (amount.low, amount.high) == (rows["amount"].min(), 9e4)
    assert amount.missing_rate == rows["amount"].isna().mean()
    assert (items.low, items.high) == (1, 9)
    assert city.count("Ulm") == 1
    assert city.n_missing == rows["city"].isna().sum()
    for column, name in ((code, "code"), (city, "city"), (flag, "flag")):
        for level, count in rows[name].value_counts().items():
            assert column.count(level) == count
    assert at.first == rows["at"].min().timestamp()
    assert at.last == rows["at"].max().timestamp()
    usual = dict(zip(rows.columns, streamed.scorer_.usual, strict=False))
    assert usual["items"].counts_of(np.array([9.0])) == 1
    assert usual["items"].n_rows == usual["city"].n_rows == N_ROWS
    assert sum(usual["at"].hours) == N_ROWS
    assert streamed.n_samples_seen_ == N_ROWS


def test_what_the_sample_lacks_is_rare_and_not_new(streamed, rows):
    row = rows.drop(columns="fraud").iloc[[1_234]]
    reasons = streamed.score_frame(row, reasons=6).iloc[0].filter(like="reason").str
    assert not reasons.contains("never seen|in training").any()
    assert reasons.contains("Ulm, rare: seen once in 3,000 rows").any()
    new = row.assign(city="Rom", items=10)
    reasons = streamed.score_frame(new, reasons=6).iloc[0].filter(like="reason").str
    assert reasons.contains("city Rom, never seen in training").any()


def test_the_model_is_kept_in_a_file(streamed, rows, tmp_path):
    import aeanomaly

    streamed.save(tmp_path / "model.aea")
    loaded = aeanomaly.load(tmp_path / "model.aea")
    features = rows.drop(columns="fraud").head(300)
    assert (loaded.score_samples(features) == streamed.score_samples(features)).all()
    assert (
        loaded.explain(features)["share"] == streamed.explain(features)["share"]
    ).all()


def test_the_size_of_the_sample_is_checked(rows):
    with pytest.raises(ValueError, match="'sample_size' parameter of fit_stream must"):
        AutoencoderOutlierDetector().fit_stream(rows, sample_size=1)
    with pytest.raises(ValueError, match="'dropout' parameter"):
        AutoencoderOutlierDetector(dropout=3).fit_stream(rows)


@pytest.mark.slow
def test_a_table_that_fits_in_the_sample_is_fitted_as_by_fit(rows):
    features = rows.drop(columns="fraud").head(600)
    whole = AutoencoderOutlierDetector(**CHEAP).fit(features)
    streamed = AutoencoderOutlierDetector(**CHEAP).fit_stream(features)
    assert (whole.score_samples(features) == streamed.score_samples(features)).all()
    assert whole.offset_ == streamed.offset_
    codes = AutoencoderTransformer(**CHEAP).fit(features).transform(features)
    streamed = AutoencoderTransformer(**CHEAP).fit_stream(features)
    assert (streamed.transform(features) == codes).all()


@pytest.mark.slow
def test_a_detector_learns_from_labels_of_a_stream(rows):
    features = rows.drop(columns="fraud")
    detector = AutoencoderOutlierDetector(labels="learn", **CHEAP)
    detector.fit_stream(
        rows.assign(items=rows["items"] + 9 * rows["fraud"]),
        label="fraud",
        sample_size=SIZE,
    )
    features["items"] += 9 * rows["fraud"]
    scores = detector.score_samples(features)
    assert scores[rows["fraud"] == 1].mean() < np.quantile(scores, 0.05)


# --- The command line ---


def test_the_command_trains_on_a_sample_and_says_so(
    run, cheap_detector, files, tmp_path
):
    model = tmp_path / "model.aea"
    options = ["--sample", SIZE, "--label", "fraud", "--where", "items < 9"]
    code, out, err = run("fit", files / "parts", "--model", model, *options)
    assert (code, err) == (0, "")
    assert f"Trained on a sample of {SIZE} of 2,999 rows." in out
    assert "Read 3,000 rows" in out
    assert "used 6 of 7 columns and 2,999 rows to train on." in out
    code, said, _ = run("describe", files / "parts", *options)
    assert code == 0
    # The same columns, whatever is read of them.
    assert [line for line in said.splitlines() if line.startswith("amount")][0] in out


def test_rows_are_chosen_of_all_parts(run, files):
    options = ["--sample", 50, "--label", "fraud", "--train-on", 1]
    code, out, _ = run("describe", files / "rows.csv", *options)
    assert code == 0
    n_rows = pd.read_csv(files / "rows.csv")["fraud"].sum()
    assert f"and {n_rows} rows to train on" in out
    code, out, _ = run(
        "describe", files / "rows.csv", "--sample", 50, "--since", "2026-04-20"
    )
    assert code == 0
    later = pd.read_csv(files / "rows.csv")["at"] >= "2026-04-20"
    assert f"and {later.sum()} rows to train on" in out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--label", "fraud", "--train-on", "9"],
            "--train-on 9 is not in column 'fraud'",
        ),
        (["--where", "amount > 1e9"], "is left to train on. Look at --train-on"),
    ],
)
def test_no_row_to_train_on_is_one_sentence(run, files, options, message):
    code, _, err = run("describe", files / "rows.csv", "--sample", 50, *options)
    assert code == 1
    assert message in err


@pytest.mark.slow
def test_known_anomalies_of_a_large_table_are_learnt(
    run, cheap_detector, files, tmp_path
):
    options = ["--sample", 200, "--label", "fraud", "--learn"]
    model = tmp_path / "model.aea"
    code, out, _ = run("fit", files / "rows.csv", "--model", model, *options)
    assert code == 0
    n_known = pd.read_csv(files / "rows.csv")["fraud"].sum()
    assert f"Learnt from {n_known} known anomalies of 'fraud'." in out
    assert "Trained on a sample of 200 of 3,000 rows, and " in out


def test_a_wrong_sample_is_wrong_usage(run, capsys, files):
    with pytest.raises(SystemExit) as error:
        run("describe", files / "rows.csv", "--sample", "1")
    assert error.value.code == 2
    assert "argument --sample: 1 is below 2" in capsys.readouterr().err


@pytest.mark.slow
def test_detect_trains_as_fit_does(run, cheap_detector, files, tmp_path):
    options = [files / "rows.csv", "--drop", "fraud", "--sample", SIZE]
    assert run("fit", *options, "--model", tmp_path / "m.aea")[0] == 0
    score = ["score", files / "rows.csv", "--model", tmp_path / "m.aea"]
    assert run(*score, "--output", tmp_path / "a.csv")[0] == 0
    code, out, _ = run("detect", *options, "--output", tmp_path / "b.csv", "--json")
    assert code == 0
    assert json.loads(out)["rows"] == N_ROWS
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
