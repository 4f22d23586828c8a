"""Table files: what is read, what is written, and what is refused."""

import gzip
import os
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from cases import make_table
from hypothesis import given, settings
from hypothesis import strategies as st

from aeanomaly.exceptions import TableError, UnreadCellsWarning
from aeanomaly.fitting.encoding import fit_encoding
from aeanomaly.scoring.encoding.columns import ColumnOptions
from aeanomaly.tables import check_output, check_target, open_table, table_writer
from aeanomaly.tables import columns as table_columns

ADDED = "added"


def write(path, frame):
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    elif path.suffix == ".jsonl":
        frame.to_json(path, orient="records", lines=True, date_format="iso")
    elif path.suffix == ".xlsx":
        frame.to_excel(path, index=False)
    else:
        frame.to_csv(path, index=False)
    return path


def fitted_columns(frame):
    encoding = fit_encoding(frame, np.ones(len(frame)), ColumnOptions("robust", 64))
    return dict(zip(encoding.names, encoding.columns, strict=True))


@pytest.fixture
def small_batches(monkeypatch):
    """Batches of seven rows, which no table's length is a multiple of."""
    monkeypatch.setattr(table_columns, "_BATCH_ROWS", (7, 7))


@pytest.fixture(params=[".csv", ".csv.gz", ".parquet", ".jsonl", ".xlsx"])
def suffix(request):
    return request.param


def copy_in_batches(source, target, columns):
    with table_writer(target) as writer:
        start = 0
        for batch in open_table(source).iter_batches(columns):
            n_rows = len(batch.features)
            writer.write(batch, {ADDED: np.arange(start, start + n_rows) / 4})
            start += n_rows
    return target


# Reading


def test_a_table_keeps_its_kinds_of_columns(tmp_path, suffix):
    table = make_table()
    frame = open_table(write(tmp_path / f"table{suffix}", table)).read()
    assert list(frame.columns) == list(table.columns)
    assert frame["opened"].dtype.kind == "M"
    assert frame["member"].dtype == bool
    np.testing.assert_array_equal(frame["age"], table["age"])
    assert frame["country"].isna().equals(table["country"].isna())


def test_csv_times_with_an_offset_become_utc(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("t\n2024-03-01T12:00:00+02:00\n2024-03-01 10:00:00Z\n\n")
    times = open_table(path).read()["t"]
    assert (times == pd.Timestamp("2024-03-01 10:00")).all()


@pytest.mark.parametrize("odd", ["soon", "2024-13-01", "12:30"])
def test_a_column_with_one_value_that_is_not_a_time_stays_text(tmp_path, odd):
    path = tmp_path / "table.csv"
    path.write_text(f"t,x\n2024-01-01,1\n{odd},2\n")
    assert open_table(path).read()["t"].tolist() == ["2024-01-01", odd]


def test_a_byte_order_mark_is_not_part_of_the_first_name(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes("\ufeffa,b\n1,2\n3,4\n".encode())
    table = open_table(path)
    assert table.column_names == ["a", "b"]
    assert table.read()["a"].tolist() == [1, 3]


def test_parquet_dates_are_read_as_times(tmp_path):
    pa = pytest.importorskip("pyarrow")
    import datetime

    import pyarrow.parquet as pq

    days = [datetime.date(2024, 1, 1), None]
    pq.write_table(pa.table({"day": days}), tmp_path / "table.parquet")
    assert open_table(tmp_path / "table.parquet").read()["day"].dtype.kind == "M"


# Batches


@pytest.mark.usefixtures("small_batches")
def test_batches_encode_as_the_whole_table_does(tmp_path, suffix):
    path = write(tmp_path / f"table{suffix}", make_table())
    table = open_table(path)
    whole = table.read()
    encoding = fit_encoding(whole, np.ones(len(whole)), ColumnOptions("robust", 64))
    columns = dict(zip(encoding.names, encoding.columns, strict=True))
    batches = [batch.features for batch in table.iter_batches(columns)]
    assert len(batches) > 20
    Z = np.concatenate([encoding.encode(batch).Z for batch in batches])
    np.testing.assert_array_equal(Z, encoding.encode(whole).Z)


@settings(max_examples=30)
@given(
    values=st.lists(
        st.one_of(
            st.none(),
            st.sampled_from(["", "NA", "1", "1.5", "True", "2024-01-01", " a", "é,ü"]),
            st.text("ab\"',\n é1", max_size=6),
        ),
        min_size=2,
        max_size=40,
    )
)
def test_text_is_encoded_alike_whole_and_in_batches(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("text") / "table.csv"
    pd.DataFrame({"x": np.arange(len(values)), "text": values}).to_csv(
        path, index=False
    )
    table = open_table(path)
    whole = table.read()
    encoding = fit_encoding(whole, np.ones(len(whole)), ColumnOptions("robust", 64))
    columns = dict(zip(encoding.names, encoding.columns, strict=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table_columns, "_BATCH_ROWS", (3, 3))
        batches = [batch.features for batch in table.iter_batches(columns)]
    Z = np.concatenate([encoding.encode(batch).Z for batch in batches])
    np.testing.assert_array_equal(Z, encoding.encode(whole).Z)


@pytest.mark.usefixtures("small_batches")
def test_columns_come_in_the_fitted_order(tmp_path, suffix):
    table = make_table()
    columns = fitted_columns(table[["opened", "country", "amount"]])
    path = write(tmp_path / f"table{suffix}", table)
    for batch in open_table(path).iter_batches(columns):
        assert list(batch.features.columns) == ["opened", "country", "amount"]


@pytest.mark.parametrize(
    ("n_columns", "n_rows"), [(0, 65_536), (15, 65_536), (100, 10_000), (10_000, 1_024)]
)
def test_a_batch_has_a_million_cells_within_bounds_on_its_rows(n_columns, n_rows):
    assert table_columns.batch_rows(n_columns) == n_rows


def test_the_cells_of_a_batch_are_those_of_all_columns(tmp_path, suffix, monkeypatch):
    """Columns that the model does not know take memory, too."""
    table = make_table()
    path = write(tmp_path / f"table{suffix}", table)
    monkeypatch.setattr(table_columns, "_BATCH_ROWS", (1, 1_000))
    monkeypatch.setattr(table_columns, "_BATCH_CELLS", 60 * table.shape[1])
    batches = open_table(path).iter_batches(fitted_columns(table[["amount"]]))
    assert [len(batch.features) for batch in batches] == [60, 60, 60, 20]


def test_an_index_that_pandas_stored_is_a_column_like_any_other(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "table.parquet"
    frame = pd.DataFrame({"x": [1.0, 2.0]}, index=pd.Index([30.0, 40.0], name="key"))
    frame.to_parquet(path)
    table = open_table(path)
    assert sorted(table.column_names) == ["key", "x"]
    assert sorted(table.read().columns) == ["key", "x"]
    assert table.read()["key"].tolist() == [30, 40]
    columns = fitted_columns(pd.DataFrame({"key": [1.0, 2.0], "x": [1.0, 2.0]}))
    (batch,) = table.iter_batches(columns)
    assert batch.features["key"].tolist() == [30, 40]


def test_columns_of_no_value_or_of_levels_that_are_numbers_take_any_value(
    tmp_path, suffix
):
    fitted = pd.DataFrame({"empty": [np.nan] * 3, "code": pd.Categorical([1, 2, 2])})
    columns = fitted_columns(fitted)
    assert {column.storage for column in columns.values()} == {"number"}
    table = pd.DataFrame({"empty": ["a", "b"], "code": ["x", "1"]})
    path = write(tmp_path / f"table{suffix}", table)
    (batch,) = open_table(path).iter_batches(columns)
    assert batch.features["empty"].tolist() == ["a", "b"]
    assert batch.features["code"].tolist() == ["x", "1"]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("x", ["1", "2", "unknown", "3"]),
        ("t", ["2024-01-01", "2024-01-02", "unknown", "2024-01-03"]),
    ],
)
def test_one_text_among_numbers_or_times_is_missing_and_shown(tmp_path, name, values):
    days = pd.to_datetime(["2024-01-01", "2024-02-03"])
    columns = fitted_columns(pd.DataFrame({"x": [1.0, 2.0], "t": days}))
    path = write(tmp_path / "table.csv", pd.DataFrame({name: values}))
    with pytest.warns(UnreadCellsWarning, match=f"'{name}': 1 .*such as 'unknown'."):
        (batch,) = open_table(path).iter_batches({name: columns[name]})
    assert batch.features[name].isna().tolist() == [False, False, True, False]


@pytest.mark.parametrize(
    ("storage", "values"),
    [
        ("number", [7.0, 8.0]),
        ("text", ["007", "008"]),
        ("time", [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02")]),
        ("boolean", [True, False]),
    ],
)
def test_a_kind_of_column_says_what_it_is_in_a_csv_file(tmp_path, storage, values):
    """Whatever its class: kinds of column may come from outside."""
    pa = pytest.importorskip("pyarrow")
    column = SimpleNamespace(
        storage=storage,
        n_linear=1,
        from_text=False,
        read=pd.to_datetime if storage == "time" else lambda values: values,
    )
    path = tmp_path / "table.csv"
    pd.DataFrame({"x": values}).to_csv(path, index=False)
    (batch,) = open_table(path).iter_batches({"x": column})
    assert batch.features["x"].tolist() == values
    types = {"number": "double", "text": "string", "boolean": "bool"}
    kind = batch.arrow().schema.field("x").type
    assert kind == types.get(storage, pa.timestamp("us"))


# Writing


@pytest.mark.usefixtures("small_batches")
def test_csv_fields_are_copied_to_the_character(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text('id,x,note\n007,1.50,"a, ""b"""\n008,NA,\n' + "009,-0,é\n" * 9)
    columns = fitted_columns(pd.DataFrame({"x": [1.5, 2.0, 3.0]}))
    out = copy_in_batches(path, tmp_path / "out.csv", columns)
    lines = out.read_text().splitlines()
    assert lines[:3] == [
        "id,x,note,added",
        '007,1.50,"a, ""b""",0.0',
        "008,NA,,0.25",
    ]
    assert lines[-1] == "009,-0,é,2.5"


@pytest.mark.usefixtures("small_batches")
def test_parquet_types_are_copied(tmp_path):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    path = write(tmp_path / "table.parquet", make_table())
    columns = fitted_columns(make_table()[["amount"]])
    out = copy_in_batches(path, tmp_path / "out.parquet", columns)
    before, after = pq.read_table(path), pq.read_table(out)
    assert after.drop_columns(ADDED).equals(before)
    assert after.column(ADDED).type == pa.float64()


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("source", [".csv", ".parquet", ".jsonl", ".xlsx"])
@pytest.mark.parametrize("target", [".csv", ".csv.gz", ".parquet", ".jsonl", ".xlsx"])
def test_any_format_becomes_any_other(tmp_path, source, target):
    table = make_table()
    columns = fitted_columns(table)
    path = write(tmp_path / f"table{source}", table)
    out = copy_in_batches(path, tmp_path / f"out{target}", columns)
    frame = open_table(out).read()
    np.testing.assert_array_equal(frame[ADDED], np.arange(len(table)) / 4)
    np.testing.assert_array_equal(frame["age"], table["age"])
    np.testing.assert_array_equal(frame["member"], table["member"])
    np.testing.assert_array_equal(frame["opened"], table["opened"])
    assert frame["country"].isna().equals(table["country"].isna())
    assert frame["size"].astype(str).tolist() == table["size"].tolist()


def test_columns_without_a_fitted_kind_stay_text_from_csv_to_parquet(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "table.csv"
    path.write_text("id,x\n007,1\n,2\n")
    columns = fitted_columns(pd.DataFrame({"x": [1.0, 2.0]}))
    out = copy_in_batches(path, tmp_path / "out.parquet", columns)
    ids = open_table(out).read()["id"]
    assert ids[0] == "007"
    assert ids.isna().tolist() == [False, True]


def test_a_list_column_cannot_become_csv(tmp_path):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    path = tmp_path / "table.parquet"
    pq.write_table(pa.table({"x": [1.0, 2.0], "tags": [["a"], []]}), path)
    columns = fitted_columns(pd.DataFrame({"x": [1.0, 2.0]}))
    with pytest.raises(TableError, match=r"Column 'tags' of type list.*Write Parquet"):
        copy_in_batches(path, tmp_path / "out.csv", columns)


# All or nothing


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, suffix, error):
    source = write(tmp_path / "table.csv", make_table())
    target = tmp_path / f"out{suffix}"
    target.write_bytes(b"old")
    columns = fitted_columns(make_table())
    (batch,) = open_table(source).iter_batches(columns)

    def fail_half_way():
        with table_writer(target) as writer:
            writer.write(batch, {})
            raise error

    with pytest.raises(error):
        fail_half_way()
    assert target.read_bytes() == b"old"
    assert sorted(tmp_path.iterdir()) == sorted([source, target])


@pytest.mark.skipif(os.name == "nt", reason="Windows gives links to few")
def test_a_table_is_written_through_a_link(tmp_path, suffix):
    source = write(tmp_path / "table.csv", make_table())
    target, link = tmp_path / f"target{suffix}", tmp_path / f"link{suffix}"
    target.write_bytes(b"old")
    link.symlink_to(target)
    copy_in_batches(source, link, fitted_columns(make_table()))
    assert link.is_symlink()
    assert len(open_table(target).read()) == len(make_table())


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_written_table_has_the_mode_of_the_older_one(tmp_path, suffix):
    source = write(tmp_path / "table.csv", make_table())
    target = tmp_path / f"out{suffix}"
    target.touch(mode=0o600)
    copy_in_batches(source, target, fitted_columns(make_table()))
    assert target.stat().st_mode & 0o777 == 0o600


# Refusals


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"", "t.csv is empty. Pass a table with a header line."),
        ("t.csv", b"\n \n", "t.csv is empty. Pass a table with a header line."),
        ("t.csv", b"a,b\n", "t.csv holds no rows. Pass a table with at least one."),
        (
            "t.csv",
            b"a,b\n1,2\n3\n",
            "t.csv has 1 fields in line 3, but 2 in its header",
        ),
        ("t.csv", b"a,b\n1,2,3\n", "t.csv has 3 fields in line 2, but 2 in its header"),
        ("t.csv.gz", b"a,b\n1,2\n", "t.csv.gz is not a gzip file, or is truncated"),
        ("t.parquet", b"a,b\n1,2\n", "t.parquet is not a Parquet file, or is damaged"),
        ("t.parquet", b"", "t.parquet is not a Parquet file, or is damaged"),
        ("t.doc", b"x", "t.doc does not end in .csv, .tsv, .txt, .data, .jsonl (e"),
        ("t.parquet.gz", b"x", "t.parquet.gz does not end in .csv, .tsv, .txt, .data"),
        ("t.zip", b"x", "t.zip does not end in .csv, .tsv, .txt, .data, .jsonl (e"),
        ("t.csv.zip", b"x", "t.csv.zip is not a zip file, or is damaged"),
    ],
)
def test_what_is_not_a_table_is_named_with_a_remedy(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(TableError) as caught:
        open_table(path).read()
    assert str(caught.value).startswith(f"{tmp_path}/{message}")


def test_a_truncated_gzip_file_is_an_error(tmp_path):
    path = tmp_path / "table.csv.gz"
    text = make_table().to_csv(index=False).encode()
    path.write_bytes(gzip.compress(text)[:-200])
    with pytest.raises(TableError, match="is truncated"):
        open_table(path).read()


def test_a_truncated_parquet_file_is_an_error(tmp_path):
    path = write(tmp_path / "table.parquet", make_table())
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(TableError, match="damaged"):
        open_table(path)


@pytest.mark.parametrize(
    ("rows", "message"),
    [("1,2\n3,4\n5\n", "has 1 fields in line 4")],
)
def test_batches_of_a_broken_csv_end_in_an_error(tmp_path, rows, message):
    path = tmp_path / "table.csv"
    path.write_text(f"a,b\n{rows}")
    columns = fitted_columns(pd.DataFrame({"a": [1.0, 2.0]}))
    with pytest.raises(TableError, match=message):
        list(open_table(path).iter_batches(columns))


BLANK_LINES = {
    "within": "x\n" + "1\n" * 3 + " \n" + "2\n" * 8,
    "at the end": "x\n" + "1\n" * 7 + " \n",
    "many": "x\n" + "1\n\n" * 8 + "2\n",
}


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("place", BLANK_LINES)
def test_blank_lines_are_dropped_and_counted(tmp_path, place):
    path = tmp_path / "table.csv"
    path.write_text(BLANK_LINES[place])
    table = open_table(path)
    whole = table.read()["x"].tolist()
    n_blank = BLANK_LINES[place].count("\n") - 1 - len(whole)
    rows = "1 empty row" if n_blank == 1 else f"{n_blank} empty rows"
    assert table.notes() == [f"dropped {rows}"]
    assert set(whole) <= {1, 2}
    columns = fitted_columns(pd.DataFrame({"x": [1.0, 2.0]}))
    batches = [batch.features["x"] for batch in table.iter_batches(columns)]
    assert np.concatenate(batches).tolist() == whole


def test_a_table_without_rows_has_one_batch_without_rows(tmp_path, suffix):
    path = write(tmp_path / f"table{suffix}", make_table().iloc[:0])
    columns = fitted_columns(make_table())
    table = open_table(path)
    table.expect(list(columns))
    (batch,) = table.iter_batches(columns)
    assert batch.features.shape == (0, len(columns))
    if suffix == ".jsonl":
        return
    out = copy_in_batches(path, tmp_path / "out.csv", columns)
    names = ",".join(make_table().columns)
    assert out.read_text() == f"{names},{ADDED}\n"
    with pytest.raises(TableError, match="holds no rows. Pass a table with at least"):
        open_table(path).read()


def test_a_path_that_is_not_a_file_is_an_error(tmp_path):
    with pytest.raises(TableError, match=r"gone.csv does not exist. Check the path"):
        open_table(tmp_path / "gone.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(
        TableError, match=r"folder.csv is a folder without files. Pass a t"
    ):
        open_table(tmp_path / "folder.csv")


def test_an_output_that_cannot_be_written_is_an_error(tmp_path):
    source = write(tmp_path / "table.csv", make_table())
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "link.csv").symlink_to(source)
    for name, message in {
        "gone/out.csv": "the folder .*gone does not exist. Create it",
        "out.doc": "does not end in .csv, .tsv, .txt, .data",
        "folder.csv": "is a folder, and only a regular file can be replaced. Pass",
        "table.csv": "is both input and output. Pass another output",
        "link.csv": "is both input and output",
    }.items():
        with pytest.raises(TableError, match=message):
            check_output(tmp_path / name, source)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_what_must_not_be_replaced_is_refused_before_the_work(tmp_path):
    source = write(tmp_path / "table.csv", make_table())
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "gone.csv").symlink_to(tmp_path / "gone" / "out.csv")
    for name, message in {
        "pipe.csv": "pipe.csv is a named pipe, and only a regular file can be replaced",
        "gone.csv": "the folder .*gone does not exist. Create it",
    }.items():
        with pytest.raises(TableError, match=message):
            check_output(tmp_path / name, source)
        with pytest.raises(TableError, match=message):
            check_target(tmp_path / name)


def test_without_pyarrow_parquet_is_refused_and_csv_works(tmp_path, monkeypatch):
    csv = write(tmp_path / "table.csv", make_table())
    parquet = write(tmp_path / "table.parquet", make_table())
    columns = fitted_columns(make_table())
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "aeanomaly.tables.parquet", None)
    install = r'requires pyarrow. Install it with: pip install "aeanomaly\[parquet\]"'
    with pytest.raises(ImportError, match=f"Reading Parquet {install}"):
        open_table(parquet)
    with pytest.raises(ImportError, match=f"Writing Parquet {install}"):
        check_output(tmp_path / "out.parquet", csv)
    assert copy_in_batches(csv, tmp_path / "out.csv", columns).exists()
