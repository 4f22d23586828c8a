"""Text files in any dialect: recognised, said in words, read back equal."""

import gzip
import io
import itertools
import json
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aeanomaly.exceptions import TableError
from aeanomaly.files import TEMPORARY_MARK
from aeanomaly.fitting.encoding import fit_encoding
from aeanomaly.scoring.encoding.columns import ColumnOptions
from aeanomaly.tables import ReadOptions, open_table, table_writer
from aeanomaly.tables import columns as table_columns

BY_ITSELF = ReadOptions()
# pandas before 3 takes the last of 17 digits another way.
_LAST_DIGIT = 1e-15
FILES = Path(__file__).parents[2] / "shared" / "cases" / "files"

DIALECTS = list(
    itertools.product(
        [",", ";", "\t", "|"],
        [".", ","],
        ["utf-8", "utf-8-sig", "utf-16", "cp1252"],
        [True, False],
        ["iso", "day first"],
    )
)


def make_ledger(n_rows, seed):
    rng = np.random.default_rng(seed)
    days = pd.Timestamp("2026-01-01") + pd.to_timedelta(
        rng.integers(0, 300, n_rows), "D"
    )
    codes = rng.choice(["0071", "0105", "1200"], n_rows)
    codes[0] = "0071"
    return pd.DataFrame(
        {
            "Booked on": days,
            "Vendor, name": rng.choice(["Café Löwe", "Acme; Sons", "Bolt|Co"], n_rows),
            "Amount": rng.lognormal(4, 2, n_rows).round(2) + 0.005,
            "Pieces": rng.integers(-3, 2000, n_rows),
            "Code": codes,
            "Rate": np.where(rng.random(n_rows) < 0.2, np.nan, rng.normal(size=n_rows)),
            "Share": rng.random(n_rows),
        }
    )


def write_text(path, frame, dialect):
    sep, decimal, encoding, header, dates = dialect
    frame = frame.copy()
    if dates == "day first":
        frame["Booked on"] = frame["Booked on"].dt.strftime("%d.%m.%Y")
    frame.to_csv(
        path, sep=sep, decimal=decimal, encoding=encoding, header=header, index=False
    )
    return frame


def check_equal(found, frame, header):
    names = list(frame.columns)
    assert list(found.columns) == (
        names if header else [f"column_{i}" for i in range(1, len(names) + 1)]
    )
    found = found.set_axis(names, axis=1)
    for name in ("Amount", "Pieces", "Rate", "Share"):
        np.testing.assert_allclose(
            found[name], frame[name], rtol=1e-15, atol=_LAST_DIGIT
        )
    for name in ("Vendor, name", "Code", "Booked on"):
        assert found[name].tolist() == frame[name].tolist()


@pytest.mark.parametrize("dialect", DIALECTS[::3], ids=repr)
def test_a_table_in_any_dialect_reads_back_equal(tmp_path, dialect):
    path = tmp_path / "table.csv"
    frame = write_text(path, make_ledger(50, 0), dialect)
    check_equal(open_table(path).read(), frame, dialect[3])


@settings(max_examples=60)
@given(
    dialect=st.sampled_from(DIALECTS),
    n_rows=st.integers(2, 40),
    seed=st.integers(0, 1000),
)
def test_tables_of_any_size_and_dialect_read_back_equal(
    tmp_path_factory, dialect, n_rows, seed
):
    path = tmp_path_factory.mktemp("dialect") / "table.csv"
    frame = write_text(path, make_ledger(n_rows, seed), dialect)
    check_equal(open_table(path).read(), frame, dialect[3])


# What the lines say


@pytest.fixture
def read(tmp_path):
    """Write some text, and return the table, its rows and what is said of it."""

    def read(text, options=BY_ITSELF, encoding="utf-8"):
        path = tmp_path / "table.csv"
        path.write_bytes(text.encode(encoding))
        table = open_table(path, options)
        return table.read(), table.notes()

    return read


CASES = {
    "semicolon_comma_in_header.csv": (
        "read as separated by semicolons, decimal point, UTF-8, header in line 1"
    ),
    "preamble.csv": (
        "read as separated by commas, decimal point, UTF-8, header in line 3, 2 title "
        "lines skipped"
    ),
    "trailing_delimiter.csv": (
        "read as separated by commas, decimal point, UTF-8, header in line 1, an empty "
        "field at the end of each line left out"
    ),
    "decimal_comma_quoted.csv": (
        "read as separated by commas, decimal comma, UTF-8, header in line 1"
    ),
    "empty_rows.csv": "dropped 8 empty rows",
    "repeated_header.csv": "dropped 1 repeated header",
    "space_separated.csv": (
        "read as separated by blanks, decimal point, UTF-8, no header: the columns are "
        "column_1, column_2, ..."
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_files_that_people_have_are_read_and_described(name):
    if not FILES.exists():
        pytest.skip("The cases are not there: they are no part of this repository.")
    table = open_table(FILES / name)
    frame = table.read()
    assert table.notes() == [CASES[name]]
    assert frame.shape == (60, 4)
    if name == "space_separated.csv":
        assert [dtype.kind for dtype in frame.dtypes] == ["f"] * 4
        return
    assert list(frame.columns[2:]) == ["Amount", "VAT %"]
    assert frame["Amount"][40] == 98765.43


@pytest.mark.parametrize(
    ("text", "names", "rows"),
    [
        ("a,b\n1,2\n3,4\n", ["a", "b"], [[1, 2], [3, 4]]),
        ("0,1,2\n.5,2,3\n4,5,6\n", ["0", "1", "2"], [[0.5, 2, 3], [4, 5, 6]]),
        ("land,2019,2020\nDE,5,6\nFR,7,8\n", ["land", "2019", "2020"], None),
        ("x\n1\n2\n", ["x"], [[1], [2]]),
        ("1.5\n2.5\n", ["column_1"], [[1.5], [2.5]]),
        ("name\nAnn Lee\nBo Li\n", ["name"], [["Ann Lee"], ["Bo Li"]]),
        ("text\nso, then\nno\n", ["text"], [["so, then"], ["no"]]),
        ("a;b\n1,5;2\n2,25;3\n", ["a", "b"], [[1.5, 2], [2.25, 3]]),
        ("1,5;2,5;3,25\n2,5;3,5;1,75\n", ["column_1", "column_2", "column_3"], None),
        ("a;b\n1.234,5;x\n22,25;y\n", ["a", "b"], [[1234.5, "x"], [22.25, "y"]]),
        ('a,b\n"1,234.5",x\n22.25,y\n', ["a", "b"], [[1234.5, "x"], [22.25, "y"]]),
        ("t  v\n1   2.5\n 2 3.5 \n", ["t", "v"], [[1, 2.5], [2, 3.5]]),
        ("# log\n# t v\n1 2.5\n2 3.5\n", ["t", "v"], [[1, 2.5], [2, 3.5]]),
        ("#,amount\n1,5\n2,6\n", ["#", "amount"], [[1, 5], [2, 6]]),
        ("a,b\n1,2\n# restarted\n3,4\n", ["a", "b"], [[1, 2], [3, 4]]),
        ("a,b,\n1,2,\n3,4,\n", ["a", "b"], [[1, 2], [3, 4]]),
        ("a,b\n1,2,\n3,4,\n", ["a", "b"], [[1, 2], [3, 4]]),
        (",a\n0,5\n1,6\n", ["Unnamed: 0", "a"], [[0, 5], [1, 6]]),
        ("a,a,b\n1,2,3\n4,5,6\n", ["a", "a.1", "b"], [[1, 2, 3], [4, 5, 6]]),
        ("id,x\n007,1\n010,2\n", ["id", "x"], [["007", 1], ["010", 2]]),
        ("x y\n1 2.5 3\n2 3.5 4\n3 4 5\n", ["Unnamed: 0", "x", "y"], None),
        ("Report\nFrom:;Jan\n\nday;n\n1;5\n2;6\n3;7\n", ["day", "n"], None),
    ],
)
def test_names_and_values_are_told_from_the_lines(read, text, names, rows):
    frame, _ = read(text)
    assert list(frame.columns) == names
    if rows is not None:
        assert frame.to_numpy(dtype=object).tolist() == rows


def test_dates_with_points_are_not_numbers_with_thousands(read):
    days = [f"{day:02}.03.2026;1.234,5{day}" for day in range(1, 20)]
    frame, _ = read("\n".join(["day;amount", *days]))
    assert frame["day"][0] == "01.03.2026"
    assert frame["amount"][0] == 1234.51


def test_latin_1_is_read_and_said(read):
    frame, notes = read("Straße;n\nGasse;1\nWeg;2\n", encoding="cp1252")
    assert list(frame.columns) == ["Straße", "n"]
    assert "Latin-1 (cp1252), as it is not UTF-8" in notes[0]


def test_bytes_that_no_text_has_are_no_table(tmp_path):
    path = tmp_path / "picture.csv"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\xe9")
    with pytest.raises(TableError, match="picture.csv is not a text file: it holds"):
        open_table(path).read()


def test_latin_1_after_thousands_of_plain_lines_is_read(read):
    text = "city,n\n" + "Bonn,1\n" * 20_000 + "Köln,2\n"
    frame, notes = read(text, encoding="cp1252")
    assert frame["city"].iloc[-1] == "Köln"
    assert "Latin-1" in notes[0]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_read_with_and_without_its_mark(read, encoding):
    frame, _ = read("Löhne\tn\nx\t1,5\ny\t2,5\n", encoding=encoding)
    assert list(frame.columns) == ["Löhne", "n"]
    assert frame["n"].tolist() == [1.5, 2.5]


@pytest.mark.parametrize(
    ("options", "text", "expected"),
    [
        ({"sep": "|"}, "a;b|c\n1|2\n", {"a;b": [1], "c": [2]}),
        ({"decimal": ","}, 'a;b\n"1,234";x\n', {"a": [1.234], "b": ["x"]}),
        ({"thousands": ","}, 'a;b\n"1,234";x\n', {"a": [1234], "b": ["x"]}),
        ({"skip_rows": 2}, "a,b\n1,2\nc,d\n3,4\n", {"c": [3], "d": [4]}),
        ({"header": False}, "a,b\n1,2\n", {"column_1": ["a", "1"]}),
        ({"header": True}, "1,2\n3,4\n", {"1": [3], "2": [4]}),
        ({"encoding": "latin-1"}, "a,b\né,1\n", {"a": ["Ã©"], "b": [1]}),
        ({"encoding": "utf-8"}, "\ufeffa,b\né,1\n", {"a": ["é"], "b": [1]}),
    ],
)
def test_what_the_user_says_goes_before_what_the_lines_say(
    read, options, text, expected
):
    frame, _ = read(text, ReadOptions(**options))
    for name, values in expected.items():
        assert frame[name].tolist() == values


def test_what_is_missing_can_be_said(read):
    frame, _ = read("a,b\n1,x\n-999,y\n?,z\n", ReadOptions(na_values=("-999", "?")))
    assert frame["a"].isna().tolist() == [False, True, True]


def test_an_unknown_encoding_is_an_error(read):
    with pytest.raises(TableError, match=r"--encoding utf-9 is not an encoding that"):
        read("a,b\n1,2\n", ReadOptions(encoding="utf-9"))


def test_a_wrong_encoding_is_an_error_with_a_remedy(read):
    with pytest.raises(TableError, match="is not text in the encoding ascii .*Pass"):
        read("a,b\né,2\n", ReadOptions(encoding="ascii"))


def test_expected_names_tell_the_header_of_a_table_of_one_row(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("Daily;;\n1;5;9\n4,5;6;7\n")
    table = open_table(path)
    assert table.column_names == ["column_1", "column_2", "column_3"]
    table.expect(["1", "5", "9"])
    assert table.column_names == ["1", "5", "9"]


# Compressed files, streams, and several files


def test_compressed_files_are_read_and_written(tmp_path):
    columns = columns_of(pd.DataFrame({"x": [1.0, 2.0]}))
    path = tmp_path / "table.csv"
    path.write_text("x;y\n1,5;a\n2,5;b\n")
    for suffix in (".csv.gz", ".csv.zip", ".csv.zst", ".tsv"):
        out = copy(path, tmp_path / f"out{suffix}", columns)
        frame = open_table(out).read()
        assert frame.columns.tolist() == ["x", "y", "added"]
        assert frame["x"].tolist() == [1.5, 2.5]
        assert frame["added"].tolist() == [0.5, 1.5]
    with zipfile.ZipFile(tmp_path / "out.csv.zip") as archive:
        assert archive.namelist() == ["out.csv"]


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".csv.zip", ".csv.zst"])
def test_equal_rows_are_equal_bytes_compressed_or_not(tmp_path, monkeypatch, suffix):
    columns = columns_of(pd.DataFrame({"x": [1.0, 2.0]}))
    path = tmp_path / "table.csv"
    path.write_text("x;y\n1,5;a\n2,5;b\n")
    first = copy(path, tmp_path / f"out{suffix}", columns).read_bytes()
    monkeypatch.setattr("time.time", lambda: 2e9)
    monkeypatch.setattr("time.localtime", lambda *_: (2033, 5, 18, 3, 33, 20))
    assert copy(path, tmp_path / f"out{suffix}", columns).read_bytes() == first
    assert TEMPORARY_MARK.encode() not in first


def test_a_zip_file_of_several_tables_is_an_error(tmp_path):
    with zipfile.ZipFile(tmp_path / "both.csv.zip", "w") as archive:
        archive.writestr("a.csv", "x\n1\n")
        archive.writestr("b.csv", "x\n1\n")
    with pytest.raises(TableError, match=r"both.csv.zip holds 2 files, and a table is"):
        open_table(tmp_path / "both.csv.zip")


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_standard_input_is_a_table(monkeypatch, pack):
    data = pack(b"x;y\n1,5;a\n2,5;b\n")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    table = open_table("-")
    for _ in range(2):
        assert table.read()["x"].tolist() == [1.5, 2.5]


def test_parquet_comes_from_standard_input_too(monkeypatch):
    data = io.BytesIO()
    pd.DataFrame({"x": [1.5, 2.5]}).to_parquet(data)
    data.seek(0)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=data))
    assert open_table("-").read()["x"].tolist() == [1.5, 2.5]


def test_files_patterns_and_folders_are_one_table(tmp_path):
    parts = tmp_path / "parts.parquet"
    (parts / "day=1").mkdir(parents=True)
    (parts / "_SUCCESS").touch()
    pd.DataFrame({"x": [1.0], "y": ["a"]}).to_parquet(parts / "day=1" / "0.parquet")
    pd.DataFrame({"x": [2.0], "y": ["b"]}).to_parquet(parts / "1.parquet")
    (tmp_path / "1.csv").write_text("x,y\n1,a\n")
    (tmp_path / "2.csv").write_text("y;x\nb;2\n")
    columns = columns_of(pd.DataFrame({"x": [1.0, 2.0]}))
    both = [str(tmp_path / "1.csv"), tmp_path / "2.csv"]
    for paths in (both, str(tmp_path / "*.csv"), parts, str(parts)):
        table = open_table(paths)
        assert sorted(table.read()["x"]) == [1, 2]
        assert len(table.paths) == 2
        copy(paths, tmp_path / "out.txt", columns)
        lines = (tmp_path / "out.txt").read_text().splitlines()
        assert lines[0] == "x,y,added"
        assert {line[-4:] for line in lines[1:]} == {",0.5"}


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ("x\n1\n", r"2.csv lacks column 'y', unlike .*1.csv: as one table, files need"),
        ("x,y,z\n1,2,3\n", "2.csv has column 'z', unlike"),
    ],
)
def test_files_of_other_columns_are_not_one_table(tmp_path, second, message):
    (tmp_path / "1.csv").write_text("x,y\n1,a\n")
    (tmp_path / "2.csv").write_text(second)
    with pytest.raises(TableError, match=message):
        open_table([tmp_path / "1.csv", tmp_path / "2.csv"])


def test_a_pattern_that_matches_nothing_is_an_error(tmp_path):
    with pytest.raises(TableError, match=r"\*.csv matches no file. Check the pattern."):
        open_table(f"{tmp_path}/*.csv")


# What is written


def columns_of(frame):
    encoding = fit_encoding(frame, np.ones(len(frame)), ColumnOptions("robust", 64))
    return dict(zip(encoding.names, encoding.columns, strict=True))


def copy(source, target, columns):
    table = open_table(source)
    with table_writer(target, table.written_as) as writer:
        for batch in table.iter_batches(columns):
            writer.write(batch, {"added": np.arange(len(batch.features)) + 0.5})
    return target


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a,a,x,\n1,2,3,\n4,5,6,\n", "a,a,x,added\n1,2,3,0.5\n4,5,6,1.5\n"),
        (",x\n0,1\n1,2\n", ",x,added\n0,1,0.5\n1,2,1.5\n"),
        ("x;y\n1,50;a b\n2,25;c\n", "x;y;added\n1,50;a b;0,5\n2,25;c;1,5\n"),
        ("T\n\nx|y\n1|a\n|\n2|b\n", "x|y|added\n1|a|0.5\n2|b|1.5\n"),
        ("x  y\n1   2\n3   4\n", "x y added\n1 2 0.5\n3 4 1.5\n"),
    ],
)
@pytest.mark.parametrize("batch_rows", [1, 1000])
def test_the_output_has_the_columns_and_the_dialect_that_came_in(
    tmp_path, monkeypatch, text, written, batch_rows
):
    monkeypatch.setattr(table_columns, "_BATCH_ROWS", (batch_rows, batch_rows))
    path = tmp_path / "table.csv"
    path.write_text(text)
    with table_writer(tmp_path / "out.csv", open_table(path).dialect) as writer:
        start = 0
        columns = columns_of(pd.DataFrame({"x": [1.0, 2.0]}))
        for batch in open_table(path).iter_batches(columns):
            added = start + np.arange(len(batch.features)) + 0.5
            start += len(added)
            if len(added) or batch_rows > 1:
                writer.write(batch, {"added": added})
    assert (tmp_path / "out.csv").read_text() == written


# JSON and Excel


def test_json_lines_keep_their_objects(tmp_path):
    path = tmp_path / "table.jsonl"
    path.write_text('{"id": "007", "x": 1.5}\n\n{"x": 2, "tags": ["a"]}\n')
    columns = columns_of(pd.DataFrame({"x": [1.0, 2.0]}))
    assert open_table(path).read()["x"].tolist() == [1.5, 2]
    lines = copy(path, tmp_path / "out.jsonl", columns).read_text().splitlines()
    assert lines == [
        '{"id": "007", "x": 1.5, "added": 0.5}',
        '{"x": 2, "tags": ["a"], "added": 1.5}',
    ]
    text = copy(path, tmp_path / "out.csv", columns).read_text().splitlines()
    assert text == ["id,x,tags,added", "007,1.5,,0.5", ',2,"[""a""]",1.5']


def test_text_becomes_an_array_of_objects(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("id;x\n007;1,5\n008;\n")
    columns = columns_of(pd.DataFrame({"x": [1.0, 2.0]}))
    out = copy(path, tmp_path / "out.json", columns)
    assert json.loads(out.read_text()) == [
        {"id": "007", "x": 1.5, "added": 0.5},
        {"id": "008", "x": None, "added": 1.5},
    ]
    with pytest.raises(TableError, match=r"JSON is only written. Pass a .jsonl file"):
        open_table(out)


@pytest.mark.parametrize(
    ("line", "why"), [("{", "Expecting property"), ("[1]", "it holds list")]
)
def test_a_line_that_is_not_an_object_is_an_error(tmp_path, line, why):
    path = tmp_path / "table.jsonl"
    path.write_text(f'{{"x": 1}}\n{line}\n')
    with pytest.raises(TableError, match=f"JSON object in line 2 .*{why}"):
        open_table(path)


def test_a_sheet_with_titles_and_odd_cells_is_read(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (
        ["Journal 2026"],
        [],
        ["Booked on", "Amount", "Code", "Note"],
        [pd.Timestamp("2026-03-02"), 104.5, "007", "=1+1"],
        [],
        [pd.Timestamp("2026-03-03"), 98.25, "010", None],
        ["Booked on", "Amount", "Code", "Note"],
        [pd.Timestamp("2026-03-04"), 7, "011", "two\nlines"],
    ):
        book.active.append(row)
    book.active["D4"].data_type = "s"
    book.save(tmp_path / "table.xlsx")
    table = open_table(tmp_path / "table.xlsx")
    frame = table.read()
    assert table.notes() == [
        "first sheet: header in line 3, 2 title lines skipped",
        "dropped 1 empty row and 1 repeated header",
    ]
    assert frame["Booked on"].dtype.kind == "M"
    assert frame["Amount"].tolist() == [104.5, 98.25, 7]
    assert frame["Code"].tolist() == ["007", "010", "011"]
    columns = columns_of(frame[["Amount"]])
    out = copy(tmp_path / "table.xlsx", tmp_path / "out.xlsx", columns)
    rows = list(openpyxl.load_workbook(out).active.iter_rows())
    assert [cell.value for cell in rows[0]] == [*frame.columns, "added"]
    assert [c.value for c in rows[1][1:]] == [104.5, "007", "=1+1", 0.5]
    assert rows[1][3].data_type == "s"
    assert rows[1][0].value == pd.Timestamp("2026-03-02")


def test_what_is_not_a_sheet_is_an_error(tmp_path):
    pytest.importorskip("openpyxl")
    (tmp_path / "table.xlsx").write_bytes(b"PK")
    with pytest.raises(TableError, match=r"table.xlsx is not an Excel file, or is dam"):
        open_table(tmp_path / "table.xlsx")
