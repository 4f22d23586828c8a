"""The command line, as its user sees it: files, both streams and the exit code."""

import os
import signal
import subprocess
import sys
import time
import weakref
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cases import first_fast_others_slow, make_table

import aeanomaly
from aeanomaly.cli import fit as fit_command
from aeanomaly.cli import main, options
from aeanomaly.comparison import _forest_input, anomalies, measure
from aeanomaly.exceptions import ColumnError
from aeanomaly.files import TEMPORARY_MARK
from aeanomaly.scoring.archive import write_model
from aeanomaly.tables import columns as table_columns

pytestmark = pytest.mark.usefixtures("cheap_detector")

SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture
def labelled(table):
    """The mixed table with an identifier and, in the first ten rows, anomalies."""
    table.insert(0, "id", [f"{i:03d}" for i in range(len(table))])
    table["label"] = (np.arange(len(table)) < 10).astype(int)
    table.loc[:9, "amount"] *= 1000
    return table


@pytest.fixture
def source(tmp_path, labelled):
    path = tmp_path / "table.csv"
    labelled.to_csv(path, index=False)
    return path


@pytest.fixture
def model(tmp_path, detector):
    """The session's detector of the mixed table, saved."""
    path = tmp_path / "model.aea"
    detector.save(path)
    return path


# detect


def test_detect_writes_all_columns_with_scores_and_says_what_it_did(
    run, source, tmp_path
):
    out = tmp_path / "out.csv"
    code, stdout, stderr = run(
        "detect", source, "--output", out, "--drop", "id", "--label", "label"
    )
    assert (code, stderr) == (0, "")
    before, after = (pd.read_csv(p, dtype=str) for p in (source, out))
    pd.testing.assert_frame_equal(after[before.columns], before)
    assert list(after.columns[-2:]) == ["score", "is_outlier"]
    n_outliers = (after["is_outlier"] == "True").sum()
    assert f"Read 200 rows of {source}; used 8 of 10 columns." in stdout
    assert f"Flagged {n_outliers} rows (" in stdout
    assert f"Written to {out}." in stdout
    assert "which labels 10 of 200 rows (5.00%) as anomalies" in stdout
    for name in ("AutoencoderOutlierDetector", "IsolationForest", "precision at 10"):
        assert name in stdout


def test_detect_lists_the_most_abnormal_rows(run, source, tmp_path):
    out = tmp_path / "out.csv"
    _, stdout, _ = run("detect", source, "--output", out, "--drop", "id,label")
    block = stdout.split("counted from 0:\n")[1].split("\n\n")[0].splitlines()
    listed = [int(line.split()[0]) for line in block[1:11]]
    scores = pd.read_csv(out)["score"]
    assert listed == np.argsort(scores, kind="stable")[:10].tolist()


def test_contamination_is_the_share_that_detect_flags(run, source, tmp_path):
    out = tmp_path / "out.parquet"
    args = ("--drop", "id,label", "--contamination", "0.1")
    assert run("detect", source, "--output", out, *args)[0] == 0
    assert pd.read_parquet(out)["is_outlier"].sum() == 20


def test_the_label_is_never_used_in_training(run, labelled, tmp_path):
    scores = []
    for i, seed in enumerate([0, 1]):
        labelled["label"] = np.random.default_rng(seed).integers(0, 2, len(labelled))
        path, out = tmp_path / f"{i}.csv", tmp_path / f"{i}.out.csv"
        labelled.to_csv(path, index=False)
        args = ("--label", "label", "--drop", "id")
        assert run("detect", path, "--output", out, *args)[0] == 0
        scores.append(pd.read_csv(out)["score"])
    pd.testing.assert_series_equal(*scores)


@pytest.mark.slow
def test_detect_repeats_itself_and_changes_with_the_seed(run, source, tmp_path):
    def scores(*args):
        out = tmp_path / "out.csv"
        drop = ("--drop", "id,label")
        assert run("detect", source, "--output", out, *drop, *args)[0] == 0
        return pd.read_csv(out)["score"]

    assert scores().equals(scores())
    assert not scores().equals(scores("--random-state", 1))


@pytest.fixture
def identified(labelled, rng, tmp_path):
    """A table with identifiers that are texts, and others that are numbers."""
    path = tmp_path / "identified.csv"
    labelled["n_visits"] = rng.permutation(len(labelled))
    labelled.to_csv(path, index=False)
    return path


def test_quiet_says_nothing(run, identified, tmp_path):
    args = ("--output", tmp_path / "out.csv", "--drop", "id,label", "--quiet")
    assert run("detect", identified, *args) == (0, "", "")


def test_a_number_that_may_be_an_identifier_is_pointed_out(run, identified, tmp_path):
    args = ("--output", tmp_path / "out.csv", "--drop", "label,id")
    _, _, stderr = run("detect", identified, *args)
    assert stderr == (
        "note: column 'n_visits' has another value in every row. If it is an "
        "identifier, pass --drop n_visits.\n"
    )


def test_a_counter_is_pointed_out(run, labelled, tmp_path):
    labelled = labelled.drop(columns=["id", "label", "n_visits"])
    path = tmp_path / "table.csv"
    labelled.assign(day=np.arange(len(labelled)) // 5).to_csv(path, index=False)
    _, _, stderr = run("fit", path, "--model", tmp_path / "m.aea")
    assert stderr == (
        "note: column 'day' never falls from row to row. If it is a time or a counter, "
        "later rows will be outliers by it: pass --drop day.\n"
    )


def test_an_index_that_pandas_saved_is_no_feature(run, tmp_path):
    path = tmp_path / "table.csv"
    make_table().to_csv(path)
    _, stdout, stderr = run("detect", path, "--output", tmp_path / "out.csv")
    assert "used 8 of 9 columns" in stdout
    assert stderr == ""


# fit and score


def test_score_of_a_fitted_model_gives_what_detect_gave(run, source, tmp_path):
    model, first, second = (tmp_path / n for n in ("m.aea", "1.csv", "2.csv"))
    args = ("--drop", "id", "--label", "label")
    assert run("detect", source, "--output", first, *args)[0] == 0
    assert run("fit", source, "--model", model, *args)[0] == 0
    code, stdout, _ = run("score", source, "--model", model, "--output", second)
    assert code == 0
    assert "Scored 200 rows" in stdout
    assert first.read_text() == second.read_text()


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_streamed_scores_equal_those_of_the_whole_table(
    run, suffix, tmp_path, detector, model, monkeypatch
):
    table = make_table(seed=1)
    source, out = tmp_path / f"table{suffix}", tmp_path / f"out{suffix}"
    table.to_csv(source, index=False) if suffix == ".csv" else table.to_parquet(source)
    expected = detector.score_frame(table)
    monkeypatch.setattr(table_columns, "_BATCH_ROWS", (37, 37))
    assert run("score", source, "--model", model, "--output", out)[0] == 0
    found = pd.read_csv(out) if suffix == ".csv" else pd.read_parquet(out)
    np.testing.assert_allclose(found["score"], expected["score"], rtol=1e-6)
    np.testing.assert_array_equal(found["is_outlier"], expected["is_outlier"])


def test_score_says_what_rows_are_flagged_for(run, model, tmp_path):
    table = make_table(seed=1)
    table.loc[:4, "amount"] = 1e6
    path, out = tmp_path / "table.csv", tmp_path / "out.csv"
    table.to_csv(path, index=False)
    code, stdout, stderr = run("score", path, "--model", model, "--output", out)
    assert (code, stderr) == (0, "")
    flagged = pd.read_csv(out)["is_outlier"]
    assert flagged[:5].all()
    assert f"Flagged {flagged.sum()} rows ({flagged.mean():.2%})" in stdout
    assert "Their first reason is most often amount (" in stdout


@pytest.mark.parametrize("batch_rows", [40, 10_000])
def test_rows_that_have_all_changed_are_pointed_out(
    run, model, tmp_path, monkeypatch, batch_rows
):
    table = make_table(seed=1)
    table["n_visits"] += 1_000
    path, out = tmp_path / "table.csv", tmp_path / "out.csv"
    table.to_csv(path, index=False)
    monkeypatch.setattr(table_columns, "_BATCH_ROWS", (batch_rows, batch_rows))
    code, stdout, stderr = run("score", path, "--model", model, "--output", out)
    assert code == 0
    assert "Their first reason is most often n_visits (100%)" in stdout
    assert stderr == (
        "note: more than half of the rows are flagged, most often for 'n_visits'. If "
        "all rows changed in it since training, as in a time or a counter, fit again "
        "on recent rows, or with --drop n_visits.\n"
    )


def test_score_copies_columns_that_the_model_does_not_know(
    run, source, model, tmp_path
):
    out = tmp_path / "out.csv"
    assert run("score", source, "--model", model, "--output", out)[0] == 0
    assert pd.read_csv(out, dtype=str)["id"][7] == "007"


def test_score_of_a_model_of_an_array_takes_columns_by_position(
    run, number_detector, numbers, tmp_path
):
    model, path, out = (tmp_path / n for n in ("m.aea", "table.csv", "out.csv"))
    number_detector.save(model)
    pd.DataFrame(numbers).to_csv(path, index=False)
    assert run("score", path, "--model", model, "--output", out)[0] == 0
    expected = number_detector.score_samples(numbers)
    np.testing.assert_allclose(pd.read_csv(out)["score"], expected, rtol=1e-6)
    pd.DataFrame(numbers[:, :3]).to_csv(path, index=False)
    code, _, stderr = run("score", path, "--model", model, "--output", out)
    assert code == 1
    assert "has 3 columns, but the model was fitted on an array of 5" in stderr


def test_memory_of_score_does_not_grow_with_the_rows(run, tmp_path, model, monkeypatch):
    """Measured by the batches alive at once, which is exact and quick."""
    path, out = tmp_path / "table.csv", tmp_path / "out.csv"
    make_table().to_csv(path, index=False)
    batches, alive = [], []

    def score_nothing(scorer, decision, features, n_reasons):
        batches.append(weakref.ref(features))
        alive.append(sum(batch() is not None for batch in batches))
        nothing = np.zeros(len(features))
        return {"score": nothing, "is_outlier": nothing > 0}

    monkeypatch.setattr(table_columns, "_BATCH_ROWS", (7, 7))
    monkeypatch.setattr("aeanomaly.cli.table_scores.added_columns", score_nothing)
    assert run("score", path, "--model", model, "--output", out)[0] == 0
    assert len(alive) > 20
    assert max(alive) <= 2


# inspect


def test_inspect_shows_what_a_model_holds(run, model, detector):
    code, stdout, stderr = run("inspect", model)
    assert (code, stderr) == (0, "")
    assert f"aeanomaly {aeanomaly.__version__}, numpy {np.__version__}" in stdout
    assert f"threshold   {detector.offset_:.6g} (rows that score below" in stdout
    assert " > 8 > 2 > 8 > " in stdout
    assert "5 epochs, loss " in stdout
    kinds = {line.split()[0]: line.split()[1] for line in stdout.splitlines()[-8:]}
    assert kinds == {
        "amount": "number",
        "age": "number",
        "n_visits": "number",
        "member": "category",
        "country": "category",
        "size": "category",
        "opened": "datetime",
        "version": "constant",
    }


def test_inspect_of_a_transformer_shows_no_threshold(run, transformer, tmp_path):
    transformer.save(tmp_path / "model.aea")
    code, stdout, _ = run("inspect", tmp_path / "model.aea")
    assert code == 0
    assert "AutoencoderTransformer" in stdout
    assert "threshold" not in stdout


def test_inspect_of_a_scorer_without_an_estimator_shows_no_training(
    run, detector, tmp_path
):
    write_model(
        tmp_path / "model.aea",
        estimator="AutoencoderOutlierDetector",
        model=detector.model_,
        reduction=detector.scorer_.reduction,
        offset=detector.offset_,
        version="0",
    )
    code, stdout, _ = run("inspect", tmp_path / "model.aea")
    assert code == 0
    assert not any(line.startswith("training") for line in stdout.splitlines())


# export


def test_export_writes_the_graph_of_a_model(run, model, detector, tmp_path):
    pytest.importorskip("onnx")
    graph = tmp_path / "model.onnx"
    assert run("export", model, "--onnx", graph) == (
        0,
        f"Wrote {model} to {graph}, as an ONNX graph.\n",
        "",
    )
    detector.to_onnx(tmp_path / "expected.onnx")
    assert graph.read_bytes() == (tmp_path / "expected.onnx").read_bytes()
    assert run("export", model, "--onnx", graph, "--quiet") == (0, "", "")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--onnx", "model.aea"], "--onnx model.aea: the name of an ONNX file ends in"),
        (["--onnx", "x/m.onnx"], "folder x does not exist. Create"),
        (
            ["--onnx", "m.onnx", "--typed", "opend"],
            "--typed opend: the model has no such column. Did you mean 'opened'?",
        ),
    ],
)
def test_export_says_what_is_wrong(run, model, monkeypatch, options, message):
    pytest.importorskip("onnx")
    monkeypatch.chdir(model.parent)
    code, stdout, stderr = run("export", model.name, *options)
    assert (code, stdout) == (1, "")
    assert message in stderr
    assert stderr.startswith("aeanomaly export: error: ")
    assert os.listdir() == ["model.aea"]


# Errors: one sentence, exit code 1, nothing left behind


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (
            ["--drop", "amont"],
            "--drop amont: the table has no such column. Did you mean",
        ),
        (["--drop", "zzz"], "--drop zzz: the table has no such column. It has id, amo"),
        (
            ["--label", "labels"],
            "--label labels: the table has no such column. Did you",
        ),
        (
            ["--label", "country"],
            "Column 'country' holds the labels 'FR', 'DE', 'IT', and it is unclear "
            "which of them is normal. Say so with --normal.",
        ),
        (
            ["--label", "country", "--normal", "fr"],
            "--normal fr is not a label in column 'country', which holds 'FR', 'DE', "
            "'IT'",
        ),
        (
            ["--label", "version", "--normal", "3"],
            "Column 'version' labels every row as normal: there is nothing to measure "
            "or to learn.",
        ),
        (
            [
                "--drop",
                "id,amount,age,n_visits,member,country,size,opened,version,label",
            ],
            "is left to train on. Drop fewer.",
        ),
    ],
)
def test_wrong_columns_are_named_before_training(
    run, source, tmp_path, monkeypatch, extra, message
):
    monkeypatch.setattr(fit_command, "fit_detector", pytest.fail)
    out = tmp_path / "out.csv"
    code, stdout, stderr = run("detect", source, "--output", out, "--quiet", *extra)
    assert (code, stdout) == (1, "")
    assert stderr.startswith("aeanomaly detect: error: ")
    assert message in stderr
    assert stderr.count("\n") == 1
    assert not out.exists()


@pytest.mark.filterwarnings("default::aeanomaly.exceptions.UnreadCellsWarning")
@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [("amount", "a number", "n/a?"), ("opened", "a time", "31/01/2025")],
)
def test_the_one_text_in_a_files_column_is_missing_and_said(
    run, model, tmp_path, name, kind, text
):
    table = pd.concat([make_table()] * 20, ignore_index=True)
    values = table[name].astype(object)
    values.iloc[-2] = text
    path, out = tmp_path / "table.csv", tmp_path / "out.csv"
    table.assign(**{name: values}).to_csv(path, index=False)
    code, _, stderr = run("score", path, "--model", model, "--output", out)
    assert code == 0
    assert (
        f"warning: Column '{name}': 1 cell is not {kind}, such as '{text}'. What "
        f"cannot be read is missing.\n"
    ) in stderr
    missing = table.assign(**{name: values.where(values != text)})
    missing.to_csv(tmp_path / "missing.csv", index=False)
    args = ("--model", model, "--output", tmp_path / "missing_out.csv")
    assert run("score", tmp_path / "missing.csv", *args)[0] == 0
    scores = [pd.read_csv(p)["score"] for p in (out, tmp_path / "missing_out.csv")]
    pd.testing.assert_series_equal(*scores)


def test_unread_cells_are_counted_over_all_batches(run, model, tmp_path, monkeypatch):
    monkeypatch.setattr(table_columns, "_BATCH_ROWS", (50, 50))
    table = make_table().astype({"amount": object})
    table.loc[[3, 7, 60, 61, 199], "amount"] = ["tbd", "n/k", "soon", "??", "later"]
    table.to_csv(tmp_path / "table.csv", index=False)
    out = tmp_path / "out.csv"
    code, _, stderr = run(
        "score", tmp_path / "table.csv", "--model", model, "--output", out
    )
    assert code == 0
    words = "'amount': 5 cells are not a number, such as 'tbd'."
    assert stderr.count("not a number") == stderr.count(words) == 1


def test_a_column_that_the_output_needs_is_an_error(run, source, model, tmp_path):
    once, twice = tmp_path / "once.csv", tmp_path / "twice.csv"
    assert run("score", source, "--model", model, "--output", once)[0] == 0
    code, _, stderr = run("score", once, "--model", model, "--output", twice)
    assert code == 1
    assert "already has a column 'score', which the output needs. Rename" in stderr


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (
            ["score", "gone.csv", "--model", "m.aea", "--output", "o.csv"],
            "gone.csv does",
        ),
        (
            ["score", "table.csv", "--model", "gone.aea", "--output", "o.csv"],
            "gone.aea",
        ),
        (
            ["score", "table.csv", "--model", "table.csv", "--output", "o.csv"],
            "is not an aea",
        ),
        (
            ["score", "table.csv", "--model", "m.aea", "--output", "x/o.csv"],
            "Create it",
        ),
        (["fit", "table.csv", "--model", "m.pkl"], "does not end in .aea. Rename it."),
        (["fit", "table.csv", "--model", "x/m.aea"], "folder x does not exist. Create"),
        (["inspect", "gone.aea"], "gone.aea: No such file or directory."),
        (["export", "gone.aea", "--onnx", "m.onnx"], "gone.aea: No such file or dir"),
    ],
)
def test_wrong_files_are_one_sentence(run, source, monkeypatch, argv, message):
    monkeypatch.chdir(source.parent)
    code, stdout, stderr = run(*argv)
    assert (code, stdout) == (1, "")
    assert stderr.startswith(f"aeanomaly {argv[0]}: error: ")
    assert message in stderr
    assert stderr.count("\n") == 1
    assert sorted(os.listdir()) == ["table.csv"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_an_output_that_is_a_pipe_is_one_sentence(run, source, model, tmp_path):
    out = tmp_path / "out.csv"
    os.mkfifo(out)
    code, stdout, stderr = run("score", source, "--model", model, "--output", out)
    assert (code, stdout) == (1, "")
    assert stderr == (
        f"aeanomaly score: error: {out} is a named pipe, and only a regular file can "
        f"be replaced. Pass the name of a file.\n"
    )
    assert out.is_fifo()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_a_model_is_never_trained_for_a_pipe(run, source, tmp_path, monkeypatch):
    monkeypatch.setattr(fit_command, "fit_detector", pytest.fail)
    os.mkfifo(tmp_path / "model.aea")
    code, _, stderr = run("fit", source, "--model", tmp_path / "model.aea")
    assert code == 1
    assert "model.aea is a named pipe, and only a regular file can be" in stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows gives links to few")
def test_a_model_is_saved_through_a_link_with_the_mode_of_the_older(
    detector, model, tmp_path
):
    folder = tmp_path / "links"
    folder.mkdir()
    link = folder / "latest.aea"
    link.symlink_to(model)
    content = model.read_bytes()
    model.write_bytes(b"old")
    model.chmod(0o600)
    detector.save(link)
    assert link.is_symlink()
    assert model.read_bytes() == content
    assert model.stat().st_mode & 0o777 == 0o600
    assert list(folder.iterdir()) == [link]


def test_score_needs_a_detector(run, source, transformer, tmp_path):
    transformer.save(tmp_path / "m.aea")
    out = tmp_path / "out.csv"
    code, _, stderr = run(
        "score", source, "--model", tmp_path / "m.aea", "--output", out
    )
    assert code == 1
    assert "holds an AutoencoderTransformer, which has no threshold. Pass" in stderr


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="age"), "Column 'age' is missing"),
        (lambda t: t.assign(age="old"), "Column 'age' held numbers"),
        (lambda t: t.assign(opened="soon"), "Column 'opened' held dates and times"),
        (lambda t: t.assign(age=np.inf), "Column 'age' holds 200 infinite values"),
    ],
)
def test_a_column_of_another_kind_is_named_and_the_old_output_stays(
    run, model, table, tmp_path, change, message
):
    path, out = tmp_path / "table.csv", tmp_path / "out.csv"
    change(table).to_csv(path, index=False)
    out.write_text("old")
    code, _, stderr = run("score", path, "--model", model, "--output", out)
    assert code == 1
    assert message in stderr
    assert out.read_text() == "old"
    assert sorted(tmp_path.iterdir()) == sorted([model, path, out])


def test_ctrl_c_exits_with_130_and_leaves_nothing(run, model, tmp_path, monkeypatch):
    path, out = tmp_path / "table.csv", tmp_path / "out.csv"
    make_table().to_csv(path, index=False)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("aeanomaly.cli.table_scores.added_columns", interrupt)
    code, _, stderr = run("score", path, "--model", model, "--output", out)
    assert (code, stderr) == (130, "\naeanomaly score: interrupted\n")
    assert sorted(tmp_path.iterdir()) == sorted([model, path])


def test_an_error_of_our_own_making_is_called_one(run, model, tmp_path, monkeypatch):
    path, out = tmp_path / "table.csv", tmp_path / "out.csv"
    make_table().to_csv(path, index=False)
    monkeypatch.setattr(
        "aeanomaly.cli.table_scores.added_columns", lambda *_: {}["score"]
    )
    code, _, stderr = run("score", path, "--model", model, "--output", out)
    assert code == 1
    assert "error: Unexpected KeyError: 'score'. Run `python -X dev -m aea" in stderr


# Usage


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "required: COMMAND"),
        (["train"], "invalid choice: 'train'"),
        (["detect", "t.csv"], "required: --output"),
        (["score", "t.csv", "--output", "o.csv"], "required: --model"),
        (["fit", "t.csv", "--model", "m.aea", "--contamination", "0.9"], "(0, 0.5]"),
        (
            ["fit", "t.csv", "--model", "m.aea", "--contamination", "x"],
            "'x' is not 'au",
        ),
        (["fit", "t.csv", "--model", "m.aea", "--latent-dim", "0"], "is not positive"),
        (["fit", "t.csv", "--model", "m.aea", "--random-state", "-1"], "is negative"),
        (["fit", "t.csv", "--model", "m.aea", "--architecture", "x"], "invalid choice"),
        (["detect", "t.csv", "--output", "o.csv", "--normal", "a"], "--label, which"),
    ],
)
def test_wrong_usage_exits_with_two(run, capsys, argv, message):
    with pytest.raises(SystemExit) as caught:
        run(*argv)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_the_architectures_offered_are_those_that_exist():
    from aeanomaly.architectures import ARCHITECTURES

    assert list(options.Architectures()) == list(ARCHITECTURES)


# Labels and metrics


@pytest.mark.parametrize(
    ("values", "normal", "expected"),
    [
        ([0, 1, 2], None, [False, True, True]),
        ([0.0, 1.0], None, [False, True]),
        ([False, True], None, [False, True]),
        ([-1, 1], "1", [True, False]),
        ([False, True], "True", [True, False]),
        (["normal", "dos"], "normal", [False, True]),
    ],
)
def test_labels_say_which_rows_are_anomalies(values, normal, expected):
    assert anomalies(pd.Series(values), normal).tolist() == expected


def test_labels_of_minus_one_and_one_are_ambiguous():
    with pytest.raises(ColumnError, match="unclear which of them is normal"):
        anomalies(pd.Series([-1, 1], name="y"), None)


def test_rows_without_a_label_are_not_measured(run, labelled, tmp_path):
    labelled["label"] = labelled["label"].astype(object)
    labelled.loc[100:, "label"] = None
    path = tmp_path / "table.csv"
    labelled.to_csv(path, index=False)
    args = ("--output", tmp_path / "out.csv", "--drop", "id", "--label", "label")
    assert "labels 10 of 100 rows (10.00%)" in run("detect", path, *args)[1]


def test_a_perfect_ranking_measures_one():
    is_anomaly = np.arange(500) < 150
    metrics = measure("x", np.arange(500.0), is_anomaly, 0.0)
    assert metrics[1:5] == pytest.approx((1.0, 1.0, 1.0, 100))


def test_the_forest_sees_every_kind_of_column(table):
    X = _forest_input(table)
    # Five numbers and times, two levels each of member and size, four of country.
    assert X.shape == (200, 5 + 2 + 2 + 4)
    assert np.isfinite(X).all()
    assert X[:, :1].ravel() == pytest.approx(table["amount"])


def test_reasons_are_written_as_columns(model, tmp_path, capsys):
    path, out = tmp_path / "table.csv", tmp_path / "out.csv"
    make_table().to_csv(path, index=False)
    arguments = ["score", path, "--model", model, "--output", out, "--reasons", 2]
    assert main([str(a) for a in arguments]) == 0
    written = pd.read_csv(out)
    assert list(written.columns[-4:]) == ["score", "is_outlier", "reason_1", "reason_2"]
    columns = written["reason_1"].str.split(n=1).str[0]
    assert set(columns) <= set(make_table().columns)


def test_a_negative_number_of_reasons_is_wrong_usage(model, tmp_path, capsys):
    arguments = ["score", "t.csv", "--model", model, "--output", tmp_path / "o.csv"]
    with pytest.raises(SystemExit, match="2"):
        main([*map(str, arguments), "--reasons", "-1"])
    assert "--reasons: -1 is below 0" in capsys.readouterr().err


# The process


def python(*argv):
    """Run Python as a user has it, without the log level that the tests set."""
    kept = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    command = [sys.executable, *map(str, argv)]
    return subprocess.run(
        command, capture_output=True, text=True, env=kept, check=False
    )


def test_score_runs_without_scikit_learn_and_tensorflow(model, tmp_path):
    path, out = tmp_path / "table.csv", tmp_path / "out.csv"
    make_table().to_csv(path, index=False)
    program = (
        "import sys; sys.modules.update(dict.fromkeys(('sklearn', 'keras', "
        "'tensorflow'))); from aeanomaly.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    done = python("-c", program, "score", path, "--model", model, "--output", out)
    assert (done.returncode, done.stderr) == (0, "")
    assert out.exists()


# A program started by `nohup` or in the background inherits that signals are ignored.
STARTED_AS_BY_A_USER = """
import runpy, signal
for number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("aeanomaly", run_name="__main__", alter_sys=True)
"""


def wait_for_a_temporary_file(folder, process):
    for _ in range(6_000):
        assert process.poll() is None
        if any(folder.glob(f".*{TEMPORARY_MARK}*")):
            return
        time.sleep(0.01)
    pytest.fail("No temporary file came in a minute.")


@pytest.mark.skipif(os.name == "nt", reason="Windows ends processes in other ways")
@pytest.mark.parametrize(
    ("name", "status", "said"),
    first_fast_others_slow(
        [
            ("SIGTERM", -15, ""),
            ("SIGHUP", -1, ""),
            ("SIGINT", 130, "\naeanomaly score: interrupted\n"),
        ]
    ),
)
def test_a_signal_ends_score_and_leaves_the_older_output_only(
    model, tmp_path, name, status, said
):
    path, out = tmp_path / "table.csv", tmp_path / "out.csv"
    header, rows = make_table().to_csv(index=False).split("\n", 1)
    path.write_text(f"{header}\n{rows * 300}")
    out.write_text("old")
    command = ["score", path, "--model", model, "--output", out]
    with subprocess.Popen(
        [sys.executable, "-c", STARTED_AS_BY_A_USER, *map(str, command)],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wait_for_a_temporary_file(tmp_path, process)
        process.send_signal(getattr(signal, name))
        assert process.communicate(timeout=60)[1] == said
    assert process.returncode == status
    assert out.read_text() == "old"
    assert sorted(tmp_path.iterdir()) == sorted([model, path, out])


@pytest.mark.slow
def test_fit_is_silent_in_a_pipe(source, tmp_path):
    """TensorFlow's own lines included, which its C++ code writes."""
    args = ("fit", source, "--drop", "id", "--label", "label", "--model")
    done = python("-m", "aeanomaly", *args, tmp_path / "m.aea")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Saved the model" in done.stdout


@pytest.mark.parametrize("name", ["jax", "numpy"])
def test_another_backend_of_keras_is_one_sentence(
    run, source, tmp_path, monkeypatch, name
):
    monkeypatch.setenv("KERAS_BACKEND", name)
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    with pytest.raises(ImportError, match=f"KERAS_BACKEND is '{name}', and aeanomaly"):
        aeanomaly.AutoencoderOutlierDetector().fit(pd.read_csv(source))
    args = ("--model", tmp_path / "m.aea", "--quiet")
    code, stdout, stderr = run("fit", source, *args)
    assert (code, stdout) == (1, "")
    assert "Set KERAS_BACKEND=tensorflow before Keras is imported." in stderr
    assert stderr.count("\n") == 1


def test_version_is_that_of_the_package(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"{aeanomaly.__version__}\n"


@pytest.mark.slow
def test_labels_that_are_strings_measure_real_intrusions(run, tmp_path):
    path = SHARED / "nsl_kdd_train_20percent.csv.gz"
    if not path.exists():
        pytest.skip("NSL-KDD is not there: it is no part of this repository.")
    table = pd.read_csv(path).iloc[:3000]
    table.to_csv(tmp_path / "table.csv", index=False)
    args = ("--label", "attack", "--normal", "normal", "--drop", "difficulty")
    out = tmp_path / "out.csv"
    code, stdout, _ = run("detect", tmp_path / "table.csv", "--output", out, *args)
    assert code == 0
    n_anomalies = (table["attack"] != "normal").sum()
    assert f"labels {n_anomalies:,} of 3,000 rows" in stdout
