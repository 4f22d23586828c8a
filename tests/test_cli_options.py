"""The options of the command line about files, columns and rows."""

import io
import json
import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cases import first_fast_others_slow, make_table

from aeanomaly.cli.conditions import rows_where
from aeanomaly.cli.parameter_names import in_options
from aeanomaly.exceptions import ColumnError, TableError

FILES = Path(__file__).parents[2] / "shared" / "cases" / "files"

pytestmark = [
    pytest.mark.usefixtures("cheap_detector"),
    pytest.mark.filterwarnings("default::aeanomaly.exceptions.ColumnWarning"),
]


@pytest.fixture
def ledger(tmp_path):
    """Semicolons, a decimal comma, a title, an empty row and a bad cell."""
    path = tmp_path / "ledger.csv"
    rows = [
        f"{500 + i};{1 + i % 28:02}.03.2026;{'AB'[i % 2]};{100 + i % 7},5;{i % 3}"
        for i in range(60)
    ]
    rows[30] = "530;03.03.2026;A;tbd;1"
    lines = ["Journal;;;;", "Row ID;Booked on;Vendor;Amount;Checked", *rows, ";;;;"]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def model(tmp_path, detector):
    """The session's detector of the mixed table, saved."""
    path = tmp_path / "model.aea"
    detector.save(path)
    return path


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "table.csv"
    table = make_table(seed=1)
    table.insert(0, "key", [f"K{i:03}" for i in range(len(table))])
    table.loc[7, "amount"] = 1e6
    table.to_csv(path, index=False)
    return path


# Files that people have: the planted row is among the first three, and nothing silent


@pytest.mark.parametrize(
    ("name", "options", "said"),
    first_fast_others_slow(
        [
            ("repeated_header.csv", "", ["dropped 1 repeated header"]),
            ("empty_rows.csv", "", ["dropped 8 empty rows"]),
            (
                "preamble.csv",
                "",
                ["header in line 3, 2 title lines skipped"],
            ),
            (
                "semicolon_comma_in_header.csv",
                "",
                ["separated by semicolons"],
            ),
            ("trailing_delimiter.csv", "", ["an empty field at the end of each line"]),
            (
                "hint_not_pastable.csv",
                "--drop 'Row ID' --drop '#'",
                [],
            ),
            ("currency_percent.csv", "", []),
            ("decimal_comma_quoted.csv", "", ["decimal comma"]),
            ("one_bad_cell.csv", "", ["1 cell is not a number, such as 'tbd'"]),
            ("one_blank_space.csv", "", []),
            ("ok_reference.csv", "", []),
            (
                "sentinel_-999.csv",
                "",
                ["may stand for a missing one: pass --na"],
            ),
        ]
    ),
)
def test_the_planted_row_of_a_file_is_found(run, tmp_path, name, options, said):
    if not FILES.exists():
        pytest.skip("The cases are not there: they are no part of this repository.")
    out = tmp_path / "out.csv"
    code, stdout, stderr = run(
        "detect", FILES / name, "--output", out, *shlex.split(options)
    )
    assert code == 0
    for text in said:
        assert text in stderr
    block = stdout.split("counted from 0:\n")[1].splitlines()
    assert "40" in [line.split()[0] for line in block[1:4]]
    assert re.search(r"Booked on +datetime", stdout)
    header = out.read_text().splitlines()[0]
    assert "Unnamed" not in header
    assert len(pd.read_csv(out, sep=None, engine="python")) == 60


def test_hints_can_be_pasted(run):
    if not FILES.exists():
        pytest.skip("The cases are not there: they are no part of this repository.")
    _, _, stderr = run("describe", FILES / "hint_not_pastable.csv")
    hints = [line.split("pass ")[1].rstrip(".") for line in stderr.splitlines()]
    assert hints == ["--drop 'Row ID'", "--drop '#'"]
    pasted = shlex.split(" ".join(hints))
    _, stdout, stderr = run("describe", FILES / "hint_not_pastable.csv", *pasted)
    assert "used 4 of 6 columns" in stdout
    assert stderr == ""


# describe


def test_describe_shows_how_columns_are_read(run, ledger):
    code, stdout, stderr = run("describe", ledger, "--label", "Checked")
    assert code == 0
    assert stdout.splitlines()[0] == (f"Read 60 rows of {ledger}; used 4 of 5 columns.")
    lines = {line[:9]: line for line in stdout.splitlines()[2:]}
    assert "datetime  2026-03-01 to 2026-03-28" in lines["Booked on"]
    assert "day first" in lines["Booked on"]
    assert "number" in lines["Amount   "]
    assert "1 cell is not a number, such as 'tbd': missing" in lines["Amount   "]
    assert lines["Checked  "].split() == ["Checked", "left", "out", "--label"]
    assert stderr.splitlines()[:2] == [
        f"note: {ledger}: read as separated by semicolons, decimal comma, UTF-8, "
        f"header in line 2, 1 title line skipped",
        f"note: {ledger}: dropped 1 empty row",
    ]


def test_numbers_are_levels_where_it_is_said(run, tmp_path):
    path = tmp_path / "codes.csv"
    path.write_text("code,amount\n" + "1010,1.5\n30300,2.5\n4,0.5\n" * 20)
    _, stdout, _ = run("describe", path)
    assert re.search(r"^code +number", stdout, re.MULTILINE)
    code, stdout, _ = run("describe", path, "--categories", "code")
    assert code == 0
    assert re.search(r"^code +category +3 levels: 1010 0\.33", stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--drop", "Row*", "--keep", "Vendor,Amount"], "used 2 of 5 columns"),
        (["--keep", "*o*"], "used 4 of 5 columns"),
        (["--id", "Row ID"], "used 4 of 5 columns."),
        (["--label", "Checked", "--train-on", "1"], "4 of 5 columns and 21 rows to"),
        (["--where", "`Row ID` < 510 and Vendor == 'A'"], "and 5 rows to train on."),
        (["--where", "Amount >= 105.5"], "and 16 rows to train on."),
        (["--since", "2026-03-28"], "and 2 rows to train on."),
        (["--since", "2026-03-28", "--time", "Booked on"], "and 2 rows to train on."),
    ],
)
def test_columns_and_rows_are_chosen(run, ledger, options, message):
    code, stdout, _ = run("describe", ledger, *options)
    assert code == 0
    assert message in stdout.splitlines()[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--keep", "amont"], "--keep amont: the table has no such column. Did you"),
        (["--keep", "Vendor", "--drop", "V*"], "No column of"),
        (["--id", "id"], "--id id: the table has no such column."),
        (["--dates", "day"], "--dates day: the table has no such column."),
        (["--categories", "code"], "--categories code: the table has no such column."),
        (
            ["--dates", "Booked on", "--categories", "Booked on"],
            "--dates and --categories both name column 'Booked on'. Pass it to one.",
        ),
        (["--label", "Checked", "--train-on", "9"], "--train-on 9 is not in column"),
        (["--where", "Amount > 1e9"], "No row of"),
        (
            ["--where", "amount > 1"],
            "--where amount: the table has no such column. Did",
        ),
        (["--since", "soon"], "--since soon is not a date. Pass one as in 2026-01-31."),
        (["--since", "2026-01-01", "--time", "Vendor"], "is not a column of dates"),
        (
            ["--strict"],
            "holds one empty row in line 63, which would be dropped.",
        ),
        (["--skip-rows", "0", "--sep", ","], "has 1 fields in line"),
        (["--encoding", "utf-9"], "--encoding utf-9 is not an encoding"),
    ],
)
def test_what_cannot_be_chosen_is_one_sentence(run, ledger, options, message):
    code, stdout, stderr = run("describe", ledger, *options)
    assert (code, stdout) == (1, "")
    assert message in stderr
    assert "Traceback" not in stderr


def test_a_cell_that_cannot_be_read_is_an_error_where_reading_is_strict(
    run, ledger, tmp_path
):
    text = ledger.read_text().replace(";;;;\n", "").replace("Journal", "")
    path = tmp_path / "strict.csv"
    path.write_text(text)
    code, _, stderr = run("describe", path, "--strict")
    assert code == 1
    assert "error: Column 'Amount': 1 cell is not a number, such as 'tbd'." in stderr


# Conditions


FRAME = pd.DataFrame(
    {
        "amount": [5.0, -1.0, np.nan],
        "country": ["DE", "FR", None],
        "Net, EUR": [1, 2, 3],
        "on": pd.to_datetime(["2026-01-01", "2026-02-01", None]),
        "open": [True, False, True],
    }
)


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("amount > 0", [0]),
        ("not amount > 0", [1, 2]),
        ("amount > 0 or country == 'FR'", [0, 1]),
        ("country in ['FR', 'IT']", [1]),
        ("country not in ['FR']", [0, 2]),
        ("`Net, EUR` * 2 + 1 >= 5 and (amount < 0)", [1]),
        ("-2 < amount < 2", [1]),
        ("on >= '2026-01-15'", [1]),
        ("open and amount > 0", [0]),
        ("'DE' == country", [0]),
    ],
)
def test_a_condition_says_which_rows(condition, rows):
    assert np.flatnonzero(rows_where(condition, FRAME)).tolist() == rows


@pytest.mark.parametrize(
    "condition",
    [
        "__import__('os').system('true')",
        "amount.sum() > 0",
        "@amount > 0",
        "amount.values",
        "(lambda: 1)()",
        "[x for x in amount]",
        "country[0] == 'DE'",
        "amount ** 99 > 0",
        "amount = 1",
        "amount >",
        "amount",
        "1 < 2",
        "country + 'x' == 'DE'",
        "country > 0",
        "amount == 'DE'",
        "on > 5",
        "f'{amount}' == 'x'",
        "amount if open else 0",
        "amount is None",
        "amount & 1",
        "(a := 1) > 0",
        "",
        "(" * 500,
    ],
)
def test_what_is_not_a_condition_is_refused(condition):
    with pytest.raises((TableError, ColumnError), match="--where"):
        rows_where(condition, FRAME)


def test_a_refused_condition_says_what_is_allowed():
    with pytest.raises(TableError, match=r"which is not allowed. Allowed are names of"):
        rows_where("len(amount) > 0", FRAME)
    with pytest.raises(TableError, match=r"compares column 'amount', of numbers, with"):
        rows_where("amount > 'x'", FRAME)


# Options in a file


def test_options_come_from_a_file_and_the_command_line_goes_before(
    run, ledger, tmp_path
):
    config = tmp_path / "night.toml"
    config.write_text(
        f"table = '{ledger}'\ndrop = ['Row ID']\nskip-rows = 1\n"
        "only_flagged = true\n[describe]\nkeep = ['Amount', 'Vendor']\n"
        "[fit]\nrandom-state = 3\n"
    )
    code, stdout, _ = run("describe", "--config", config)
    assert code == 0
    assert "used 2 of 5 columns" in stdout
    assert run("describe", "--config", config, "--skip-rows", "60")[0] == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("drp = ['id']", "holds drp, which is not an option. Known are "),
        (
            "[score]\ncontamination = 0.1",
            "holds contamination in [score], which",
        ),
        ("drop = ", "is not TOML ("),
        ("drop = [{a = 1}]", "drop must be a text, a number, true, false, or a list"),
        ("table = 3", "table must be a path or a list of them"),
    ],
)
def test_a_wrong_file_of_options_is_one_sentence(run, tmp_path, content, message):
    config = tmp_path / "night.toml"
    config.write_text(content)
    code, stdout, stderr = run("describe", "--config", config)
    assert (code, stdout) == (1, "")
    assert message in stderr


# score


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no /dev/zero")
def test_options_are_not_read_from_a_device_for_ever(run):
    code, _, stderr = run("describe", "--config", "/dev/zero")
    assert code == 1
    assert (
        "--config /dev/zero holds more than 1,000,000 bytes, and is no file" in stderr
    )


def test_score_lists_rows_by_their_names(run, source, model, tmp_path):
    out = tmp_path / "out.csv"
    options = ("--top", "2", "--id", "key")
    code, stdout, _ = run("score", source, "--model", model, "--output", out, *options)
    assert code == 0
    block = stdout.split("The most abnormal rows, by key:\n")[1].splitlines()
    lowest = pd.read_csv(out).sort_values("score", kind="stable")["key"][:2]
    assert [line.split()[0] for line in block[1:3]] == lowest.tolist()
    assert block[1].split()[0] == "K007"


def test_the_summary_is_json_for_programs(run, source, model, tmp_path):
    out = tmp_path / "out.jsonl"
    options = ("--top", "3", "--json", "--id", "key")
    _, stdout, _ = run("score", source, "--model", model, "--output", out, *options)
    summary = json.loads(stdout)
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert summary["rows"] == len(rows) == 200
    assert summary["flagged"] == sum(row["is_outlier"] for row in rows)
    assert summary["top"][0]["name"] == "K007"
    assert summary["top"][0]["row"] == 7
    assert summary["top"][0]["reasons"][0].startswith("amount 1,000,000")
    assert rows[7]["amount"] == 1e6


def test_only_flagged_rows_are_written(run, source, model, tmp_path):
    whole, part = tmp_path / "whole.csv", tmp_path / "part.csv"
    for out, options in ((whole, ()), (part, ("--only-flagged", "--reasons", "1"))):
        args = ("--model", model, "--output", out, *options)
        assert run("score", source, *args)[0] == 0
    flagged = pd.read_csv(whole).query("is_outlier")
    assert pd.read_csv(part)["key"].tolist() == flagged["key"].tolist()
    assert 0 < len(flagged) < 200


def test_another_threshold_or_share_flags_other_rows(run, source, model, tmp_path):
    out = tmp_path / "out.csv"

    def flagged(*options):
        assert run("score", source, "--model", model, "--output", out, *options)[0] == 0
        return pd.read_csv(out)["is_outlier"].sum()

    scores = pd.read_csv(out)["score"] if flagged() else None
    tenth = np.sort(scores)[10]
    assert flagged("--threshold", tenth) == 10
    assert flagged("--share", "0.5") > flagged("--share", "0.2") > 0
    code, _, stderr = run(
        "score", source, "--model", model, "--output", out, "--share", "1e-6"
    )
    assert code == 1
    assert "--share 1e-06 cannot be promised from the" in stderr


def test_a_table_without_rows_gives_one_without_rows(run, source, model, tmp_path):
    header = source.read_text().splitlines()[0]
    (tmp_path / "none.csv").write_text(f"{header}\n")
    out = tmp_path / "out.csv"
    args = ("--model", model, "--output", out, "--reasons", "1")
    code, stdout, _ = run("score", tmp_path / "none.csv", *args)
    assert code == 0
    assert "The table has no rows." in stdout
    assert out.read_text() == f"{header},score,is_outlier,reason_1\n"


def test_a_table_goes_to_standard_output_and_nothing_else(run, source, model):
    code, stdout, stderr = run("score", source, "--model", model, "--output", "-")
    assert (code, stderr) == (0, "")
    assert pd.read_csv(io.StringIO(stdout)).shape == (200, 11)
    code, _, stderr = run("score", source, "--model", model, "--output", "-", "--json")
    assert code == 1
    assert "--json and --output - both write to standard output. Pass a file." in stderr


def test_parameters_are_called_as_options():
    assert in_options("pass decimal=',' or day_first=False") == (
        "pass --decimal , or --no-day-first"
    )


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["describe"], "the following arguments are required: TABLE"),
        (["describe", "t.csv", "--train-on", "0"], "--train-on is a value of --label"),
        (["describe", "t.csv", "--time", "t"], "--time says what --since looks at"),
        (["describe", "t.csv", "--sep", "ab"], "'ab' is not one character, nor one of"),
        (["describe", "t.csv", "--decimal", "5"], "'5' is not one character, such as"),
        (["score", "t.csv", "--model", "m", "--output", "o", "--share", "2"], "(0, 1)"),
    ],
)
def test_wrong_usage_of_options_exits_with_two(run, capsys, argv, message):
    with pytest.raises(SystemExit) as caught:
        run(*argv)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err
