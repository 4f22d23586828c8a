"""Tests of ``aeanomaly threshold``, and of what ``score`` may flag by."""

import warnings

import numpy as np
import pandas as pd
import pytest
from cases import make_table
from test_protocols import DATA, read_expected, rows_of

import aeanomaly
from aeanomaly.cli import main

SCORE = ["score", "table.csv", "--model", "model.aea", "--output", "out.csv"]


@pytest.fixture
def model(tmp_path, detector):
    """The session's detector of the mixed table, saved."""
    path = tmp_path / "model.aea"
    detector.save(path)
    return path


@pytest.fixture
def table(tmp_path):
    """A table of 200 rows on four days, ten of them labelled as bad."""
    frame = make_table()
    frame["is_bad"] = np.where(np.arange(200) % 20 == 7, "bad", "good")
    frame["day"] = pd.date_range("2026-03-01", periods=200, freq="30min").astype(str)
    path = tmp_path / "table.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture
def run(capsys):
    def run(*argv):
        code = main([str(argument) for argument in argv])
        return code, *capsys.readouterr()

    return run


def test_a_false_alarm_rate_needs_no_table(run, model, tmp_path):
    new = tmp_path / "new.aea"
    code, stdout, _ = run(
        "threshold", model, "--false-alarm-rate", 0.1, "--output", new
    )
    assert code == 0
    before, after = aeanomaly.load(model), aeanomaly.load(new)
    assert after.offset_ > before.offset_
    expected = before.fit_threshold(threshold=after.threshold_)
    assert after.offset_ == expected.offset_
    assert "At most 10 % of new normal rows are flagged on average" in stdout
    assert f"The threshold is {after.offset_:.6g}; it was " in stdout
    assert "promise     At most 10 % of new" in run("inspect", new)[1]


def test_confidence_makes_the_threshold_lower(run, model, tmp_path):
    new = tmp_path / "new.aea"
    rate = ["threshold", model, "--false-alarm-rate", 0.2, "--output", new]
    run(*rate)
    plain = aeanomaly.load(new).offset_
    assert run(*rate, "--confidence", 0.9)[0] == 0
    assert aeanomaly.load(new).offset_ < plain


def test_the_model_is_replaced_unless_said_otherwise(run, model):
    run("threshold", model, "--offset", -3.5)
    loaded = aeanomaly.load(model)
    assert loaded.offset_ == -3.5
    assert not hasattr(loaded, "threshold_")
    assert "promise" not in run("inspect", model)[1]


def test_a_file_of_an_older_protocol_takes_another_threshold(run, tmp_path):
    new = tmp_path / "new.aea"
    old = DATA / "protocol_2_hybrid.aea"
    assert run("threshold", old, "--offset", -4.5, "--output", new)[0] == 0
    assert aeanomaly.load(new).offset_ == -4.5
    code, _, stderr = run("threshold", old, "--tail", 0.01, "--output", new)
    assert code == 1
    assert "keeps no calibration scores" in stderr
    assert aeanomaly.load(new).offset_ == -4.5


def test_labels_set_the_threshold(run, model, table):
    code, stdout, _ = run(
        *("threshold", model, table, "--recall", 0.5),
        *("--label", "is_bad", "--normal", "good"),
    )
    assert code == 0
    assert "of 200 labelled rows and finds 5 of 10 anomalies" in stdout
    rows = pd.read_csv(table)
    flagged = aeanomaly.load(model).predict(
        rows.drop(columns=["is_bad", "day"]).assign(
            opened=pd.to_datetime(rows["opened"])
        )
    )
    assert ((flagged == -1) & (rows["is_bad"] == "bad")).sum() == 5


def test_a_budget_per_day_holds_on_every_day(run, model, table, tmp_path):
    code, stdout, _ = run(
        *("threshold", model, table, "--budget", 3, "--per", "D", "--time", "day")
    )
    assert code == 0
    assert "at most 3 and" in stdout
    out = tmp_path / "out.csv"
    run("score", table, "--model", model, "--output", out)
    written = pd.read_csv(out)
    days = written.groupby(written["day"].str[:10])["is_outlier"].sum()
    assert days.max() == 3


def test_score_flags_exactly_the_budget_of_each_day(run, model, table, tmp_path):
    out = tmp_path / "out.csv"
    code, stdout, _ = run(
        *("score", table, "--model", model, "--output", out),
        *("--budget", 3, "--per", "D", "--time", "day", "--p-values", "--severity"),
    )
    assert code == 0
    written = pd.read_csv(out)
    days = written.groupby(written["day"].str[:10])
    assert (days["is_outlier"].sum() == 3).all()
    assert (days["score"].rank()[written["is_outlier"]] <= 3).all()
    assert "Flagged 15 rows (7.50%) with a budget of 3 per D of day." in stdout
    known = aeanomaly.load(model).calibration_
    expected = known.p_values(written["score"].to_numpy())
    np.testing.assert_allclose(written["p_value"], expected, atol=1e-12)
    expected = known.severities(written["score"].to_numpy())
    np.testing.assert_allclose(written["severity"], expected, atol=1e-12)


def test_score_flags_at_a_false_discovery_rate(run, model, table, tmp_path):
    out = tmp_path / "out.csv"
    rows = pd.read_csv(table)
    rows.loc[:19, "amount"] = 1e7
    rows.to_csv(table, index=False)
    command = ["score", table, "--model", model, "--output", out]
    code, stdout, _ = run(*command, "--fdr", 0.3)
    assert code == 0
    assert "at a false discovery rate of 30 %." in stdout
    written = pd.read_csv(out)
    assert written["is_outlier"][:20].all()
    assert written["is_outlier"].sum() < 30
    # With too few calibration rows nothing can be selected, which is said.
    with warnings.catch_warnings(action="always"):
        code, _, stderr = run(*command, "--fdr", 0.0001)
    assert code == 0
    assert "No selection at 0.01 % of 200 rows is possible" in stderr


def test_an_old_model_says_that_it_has_no_calibration_scores(run, table, tmp_path):
    rows_of(read_expected("protocol_2_hybrid")).to_csv(table, index=False)
    old = DATA / "protocol_2_hybrid.aea"
    command = ["score", table, "--model", old, "--output", tmp_path / "out.csv"]
    for option in ("--p-values", "--severity"):
        code, _, stderr = run(*command, option)
        assert code == 1
        assert "keeps no calibration scores, which --p-values, --severity" in stderr
    loaded = aeanomaly.load(old)
    with pytest.raises(ValueError, match=r"Call calibrate\(X\) with normal rows"):
        loaded.p_values(rows_of(read_expected("protocol_2_hybrid")))
    with pytest.raises(ValueError, match="The model keeps no calibration scores"):
        loaded.severity(rows_of(read_expected("protocol_2_hybrid")))


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--precision", "0.5"], "needs labelled rows: pass them as TABLE"),
        (["--budget", "3"], "needs rows of a batch or of some periods: pass them"),
        (
            ["--share", "0.01", "--label", "x"],
            "--label and --time are columns of TABLE",
        ),
        (["--false-alarm-rate", "1.5"], "'quantile' parameter"),
        (["TABLE", "--precision", "0.5"], "name their column with --label"),
        (["TABLE", "--recall", "1", "--label", "bad"], "--label bad: the table has no"),
    ],
)
def test_what_is_missing_is_said(run, model, table, argv, words):
    before = model.read_bytes()
    argv = [str(table) if argument == "TABLE" else argument for argument in argv]
    code, _, stderr = run("threshold", model, *argv)
    assert code == 1
    assert words in stderr
    assert model.read_bytes() == before


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["threshold", "m", "--budget", "1", "--per", "D"], "--per and --time go"),
        (["threshold", "m", "--tail", "0.1", "--confidence", "0.9"], "does not belong"),
        (["threshold", "m"], "one of the arguments"),
        (["threshold", "m", "--tail", "0.1", "--recall", "1"], "not allowed with"),
        (
            [
                "score",
                "t",
                "--model",
                "m",
                "--output",
                "o",
                "--per",
                "D",
                "--time",
                "x",
            ],
            "divide a --budget, which is missing",
        ),
        (
            [*SCORE, "--confidence", "0.9"],
            "--confidence says how sure --fdr is",
        ),
    ],
)
def test_options_that_do_not_go_together_are_wrong_usage(capsys, argv, words):
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2
    assert words in capsys.readouterr().err
