"""Names and values of strangers command neither a terminal nor a spreadsheet."""

import csv
import io
import subprocess
import sys
import unicodedata
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from aeanomaly.cli import main
from aeanomaly.printable import as_cell, escape_controls, printable
from aeanomaly.scoring.encoding.columns.base import show_value
from aeanomaly.scoring.scorer import Scorer

HOSTILE = "\x1b]0;owned\x07\x9b31m\u202etxt\r\nnote: all is well\x00\udc80"
ORDERS = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def obeyed(text, kept=""):
    return [c for c in text if unicodedata.category(c) in ORDERS and c not in kept]


def test_nothing_that_a_terminal_obeys_is_left():
    assert not obeyed(printable(HOSTILE))
    assert printable(HOSTILE).startswith(r"\x1b]0;owned\x07\x9b31m\u202etxt\r\n")
    every = "".join(map(chr, range(0x3000)))
    assert not obeyed(escape_controls(every))


@pytest.mark.parametrize("text", ["plain", "Größe in €", "1\xa0234", "日本 語", ""])
def test_words_of_any_language_stay(text):
    assert printable(text) == text


def test_a_long_text_is_cut():
    assert printable("x" * 10_000_000) == "x" * 199 + "…"
    assert len(show_value("x" * 10_000)) == 200


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("@SUM(1)", "'@SUM(1)"),
        ("+cmd|calc", "'+cmd|calc"),
        ("-2+3", "'-2+3"),
        ("\t=1", "'\t=1"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("\uff20SUM(1)", "'\uff20SUM(1)"),
        ("\r=1", "'\r=1"),
        *((number, number) for number in ["-5", "+1,5", "-1.2e-7", "-3 %", "-.5"]),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_a_cell_is_never_a_formula(text, cell):
    assert as_cell(text) == cell


def test_pandas_missing_value_is_missing():
    assert show_value(pd.NA) == "missing"


@pytest.fixture
def hostile_model(number_detector, tmp_path):
    """A model of five numbers, whose first column has a name of a stranger's."""
    detector = number_detector
    names = [f"={HOSTILE}", *"bcde"]
    encoding = detector.model_.encoding
    columns = tuple(
        replace(column, name=name)
        for column, name in zip(encoding.columns, names, strict=True)
    )
    encoding = replace(encoding, columns=columns, named=True)
    model = replace(detector.model_, encoding=encoding)
    from aeanomaly.scoring.archive import write_model

    path = tmp_path / "model.aea"
    write_model(
        path,
        estimator="AutoencoderOutlierDetector",
        model=model,
        reduction=detector.scorer_.reduction,
        offset=detector.offset_,
        version="1",
    )
    return path, names, Scorer(model, detector.scorer_.reduction)


def test_a_name_of_a_strangers_is_shown_escaped(hostile_model, capsys):
    path, _, _ = hostile_model
    assert main(["inspect", str(path)]) == 0
    assert main(["inspect", f"{path}\x1b[31m"]) == 1
    for argv in ["inspect", str(path), "--\x1b[31m"], ["\x1b[31m"]:
        with pytest.raises(SystemExit):
            main(argv)
    out, err = capsys.readouterr()
    assert r"=\x1b]0;owned\x07\x9b31m\u202etxt\r\nnote: all is well" in out
    assert not obeyed(out + err, kept="\n")
    assert r"model.aea\x1b[31m" in err


def test_a_reason_that_we_write_is_never_a_formula(hostile_model, tmp_path):
    from aeanomaly.scoring.reason_texts import score_with_reasons
    from aeanomaly.tables.text_output import TextWriter

    _, names, scorer = hostile_model
    table = pd.DataFrame(np.full((2, 5), 9.0), columns=pd.Index(names, dtype=object))
    _, texts = score_with_reasons(scorer, table, 5)
    assert all(not obeyed(text) for text in texts.ravel())

    class Batch:
        column_names = ("a",)

        def text_rows(self):
            return [["=copied"], ["1"]]

    path = tmp_path / "out.csv"
    writer = TextWriter(path, path, None)
    writer.write(Batch(), {f"reason_{i}": text for i, text in enumerate(texts.T)})
    writer.close()
    rows = list(csv.reader(io.StringIO(path.read_text())))[1:]
    assert rows[0][0] == "=copied"
    written = [cell for row in rows for cell in row[1:]]
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in written)
    assert any(cell.startswith(r"'=\x1b]0;owned") for cell in written)


CLOSED = """
import os, sys
os.close({descriptor})
sys.argv = ["aeanomaly", *{argv!r}]
from aeanomaly.cli import main
code = main(sys.argv[1:])
os._exit(code)
"""


@pytest.mark.parametrize("descriptor", [1, 2])
def test_a_closed_stream_does_not_cost_the_output(
    number_detector, tmp_path, descriptor
):
    number_detector.save(tmp_path / "model.aea")
    pd.DataFrame(np.zeros((3, 5))).to_csv(tmp_path / "in.csv", index=False)
    output = tmp_path / "out.csv"
    argv = ["score", str(tmp_path / "in.csv"), "--model", str(tmp_path / "model.aea")]
    argv += ["--output", str(output)]
    script = f"import warnings\n{CLOSED.format(descriptor=descriptor, argv=argv)}"
    if descriptor == 2:
        # Something has to be said there.
        script = script.replace(
            "code = main",
            "from aeanomaly.cli.terminal import note\nnote('x')\ncode = main",
        )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=False
    )
    assert done.returncode == 3
    assert len(output.read_text().splitlines()) == 4


@pytest.mark.parametrize("argv", [["--version"], ["score", "--help"]])
def test_help_that_nobody_hears_is_no_success(argv):
    script = CLOSED.format(descriptor=1, argv=argv)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=False
    )
    assert done.returncode == 3


FULL_DISK = """
import resource, sys
from aeanomaly.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
@pytest.mark.parametrize(
    "ending",
    ["csv", "csv.gz", "csv.zip", "csv.zst", "json", "jsonl", "parquet", "xlsx"],
)
def test_a_full_disk_is_one_sentence_that_names_the_output(
    number_detector, tmp_path, ending
):
    number_detector.save(tmp_path / "model.aea")
    X = np.random.default_rng(0).random((3_000, 5))
    pd.DataFrame(X).to_csv(tmp_path / "in.csv", index=False)
    before = set(tmp_path.iterdir())
    output = tmp_path / f"out.{ending}"
    argv = ["score", str(tmp_path / "in.csv"), "--model", str(tmp_path / "model.aea")]
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, *argv, "--output", str(output)],
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 1
    sentence = f"aeanomaly score: error: {output}: File too large.\n"
    assert done.stderr.startswith(sentence)
    # The limit is one of openpyxl's own temporary files as well, which complain later.
    assert ending == "xlsx" or done.stderr == sentence
    assert set(tmp_path.iterdir()) == before


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_a_model_that_is_read_is_never_the_output(number_detector, tmp_path, capsys):
    model, link = tmp_path / "model.aea", tmp_path / "out.csv"
    number_detector.save(model)
    before = model.read_bytes()
    link.symlink_to(model)
    table = tmp_path / "in.csv"
    pd.DataFrame(np.zeros((3, 5))).to_csv(table, index=False)
    assert main(["score", str(table), "--model", str(model), "--output", str(link)])
    assert "is both input and output" in capsys.readouterr().err
    training = tmp_path / "new.aea"
    training.symlink_to(table)
    assert main(["fit", str(table), "--model", str(training)])
    assert "is both input and output" in capsys.readouterr().err
    assert model.read_bytes() == before


def test_copied_cells_stay_unless_they_are_to_be_escaped(number_detector, tmp_path):
    number_detector.save(tmp_path / "model.aea")
    table = pd.DataFrame(np.zeros((2, 4)), columns=list("bcde"))
    table.insert(0, "=a", ["-5", "5"])
    table.to_csv(tmp_path / "in.csv", index=False)
    argv = ["score", str(tmp_path / "in.csv"), "--model", str(tmp_path / "model.aea")]
    argv += ["--quiet", "--output", str(tmp_path / "out.csv")]
    for option, cell in ([], "=a"), (["--escape-formulas"], "'=a"):
        assert main([*argv, *option]) == 0
        with open(tmp_path / "out.csv", newline="") as file:
            rows = list(csv.reader(file))
        assert [row[0] for row in rows] == [cell, "-5", "5"]
