"""Rows of text: divided at their separators or with their quotes, they are the same."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aeanomaly.exceptions import TableError
from aeanomaly.tables import open_table, table_writer
from aeanomaly.tables.dialect import Dialect
from aeanomaly.tables.rows import RowReader

HEADER = ("name", "amount", "note")
PLAIN = ["a,1,x\n", "b,2,y\n", "c,3,\n", "d,,z\r\n"]
ODD = {
    "quotes": ['"e,f",5,"say ""hi"""\n'],
    "a line break in quotes": ['g,6,"one\n', 'two"\n'],
    "an empty row": [",,\n"],
    "a blank line": ["\n"],
    "a blank first field": [" ,7,x\n"],
    "a missing first field": [",8,x\n"],
    "a repeated header": ["name,amount,note\n"],
    "a comment": ["# end of page\n"],
    "a trailing separator": ["h,9,x,\n"],
}


def take_all(lines, n_rows, header=HEADER):
    reader = RowReader(lines, Dialect(header=header, width=3), "t.csv")
    rows, text = [], ""
    while True:
        some, its_text = reader.take(n_rows)
        if not len(some):
            return rows, text, reader.dropped
        assert [some.column(i) for i in range(3)] == [
            list(column) for column in zip(*some.fields, strict=True)
        ]
        rows += some.fields
        text += its_text


def expected_rows(lines, header=HEADER):
    rows = list(csv.reader(lines))[1:]
    rows = [row[:3] for row in rows if row and row[0][:1] != "#"]
    return [row for row in rows if row != list(header) and "".join(row).strip()]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([*[[line] for line in PLAIN], *ODD.values()]), max_size=9),
    st.integers(1, 12),
)
def test_rows_do_not_depend_on_what_stands_beside_them(pieces, n_rows):
    lines = ["name,amount,note\n", *[line for piece in pieces for line in piece]]
    rows, text, _ = take_all(iter(lines), n_rows)
    assert rows == expected_rows(lines)
    assert list(csv.reader(io.StringIO(text, newline=""))) == rows or any(
        # pandas leaves the field after a trailing separator out.
        line.endswith(",\n")
        for line in lines
    )


@pytest.mark.parametrize("kind", ["an empty row", "a repeated header", "a comment"])
def test_what_is_dropped_among_plain_lines_is_counted(kind):
    lines = ["name,amount,note\n", *PLAIN, *ODD[kind], *PLAIN]
    rows, _, dropped = take_all(iter(lines), 100)
    assert len(rows) == 2 * len(PLAIN)
    assert sum(dropped.values()) == 1


@pytest.mark.parametrize("n_rows", [1, 3, 100])
def test_a_line_of_another_width_is_named_by_its_number(n_rows):
    lines = ["name,amount,note\n", *PLAIN, "e,5\n", *PLAIN]
    with pytest.raises(TableError, match=r"2 fields in line 6, but 3 in its header"):
        take_all(iter(lines), n_rows)


@pytest.mark.parametrize("sep", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", ""])
def test_lines_are_written_as_their_fields_would_be(tmp_path, sep, end):
    body = [sep.join([f"id{i}", f"0{i}", f"{i}.50", "é"]) for i in range(9)]
    path, quoted = tmp_path / "in.csv", tmp_path / "quoted.csv"
    head = sep.join(["id", "code", "amount", "text"])
    path.write_text((end or "\n").join([head, *body]), newline="")
    quoted.write_text("\n".join([head, *(f'"{b[:3]}"{b[3:]}' for b in body)]))
    written = []
    for source in (path, quoted):
        table = open_table(source)
        output = tmp_path / f"out_{source.name}"
        with table_writer(output, table.written_as) as writer:
            for batch in table.iter_batches({}):
                n_rows = len(batch.text_rows())
                scores = np.arange(n_rows) / 4
                said = np.array([f'a "b"{sep} c'] * n_rows, dtype=object)
                writer.write(batch, {"score": scores, "reason_1": said})
        written.append(output.read_text())
    assert written[0] == written[1]
    read = pd.read_csv(io.StringIO(written[0]), sep=sep, dtype={"code": str})
    assert read["code"].tolist() == [f"0{i}" for i in range(9)]
    assert read["reason_1"].tolist() == [f'a "b"{sep} c'] * 9


@pytest.mark.parametrize(
    ("field", "is_code"),
    [("007", True), ("0", False), ("0.5", False), ("0x1", False), ("00", True)],
)
@pytest.mark.parametrize("place", [0, 1])
def test_leading_zeros_are_found_wherever_a_field_begins(
    tmp_path, field, is_code, place
):
    rows = [["5", "5"] for _ in range(5)]
    rows[3][place] = field
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "\n".join(map(",".join, rows)))
    values = open_table(path).read().iloc[:, place]
    assert (values.dtype.kind not in "if") == (is_code or field == "0x1")
    assert str(values[3]) == field


FOOTERS = {
    "one": "Total,,95\n",
    "without a last line break": "Total:,,95",
    "two": "Sum,,95\nGrand total,,95\n",
    "in German": "Summe,,95\n",
    "after an empty row": ",,\nTOTAL,,95\n",
    "not at the beginning": ",Total,95\n",
    "quoted": '"Total","","1,095"\n',
}


@pytest.mark.parametrize("name", FOOTERS)
@pytest.mark.parametrize("n_rows", [1, 4, 100])
def test_totals_at_the_end_are_dropped_and_counted(tmp_path, name, n_rows):
    if name == "two" and n_rows == 1:
        pytest.skip("a batch of one row shows no two")
    lines = ["name,amount,note\n", *PLAIN, *FOOTERS[name].splitlines(keepends=True)]
    rows, _, dropped = take_all(iter(lines), n_rows)
    assert len(rows) == len(PLAIN)
    assert dropped["row of totals at the end"] == 1 + (name == "two")
    path = tmp_path / "t.csv"
    path.write_text("".join(lines), newline="")
    table = open_table(path)
    assert len(table.read()) == len(PLAIN)
    (note,) = table.notes()
    assert "of totals at the end" in note


@pytest.mark.parametrize(
    "last", ["Total,1,x\n", "Totally,,9\n", "total cost of all,,9\n", ",,9\n"]
)
def test_rows_that_are_full_or_begin_otherwise_are_no_totals(last):
    rows, _, dropped = take_all(iter(["name,amount,note\n", *PLAIN, last]), 100)
    assert len(rows) == len(PLAIN) + 1
    assert not dropped


def test_totals_in_the_middle_are_rows():
    lines = ["name,amount,note\n", *PLAIN, "Total,,9\n", *PLAIN]
    rows, _, dropped = take_all(iter(lines), 100)
    assert len(rows) == 2 * len(PLAIN) + 1
    assert not dropped


def test_strict_refuses_a_row_of_totals():
    lines = ["name,amount,note\n", *PLAIN, "Total,,9\n"]
    reader = RowReader(iter(lines), Dialect(header=HEADER, width=3), "t.csv", True)
    with pytest.raises(TableError, match=r"one row of totals at the end in line 6"):
        reader.take(100)
