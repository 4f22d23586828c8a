"""Two versions of a model: ranks, alerts that appear and disappear, and why."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from cases import make_table
from numpy.testing import assert_allclose
from scipy import stats

import aeanomaly
from aeanomaly import compare
from aeanomaly.scoring import load as load_to_score
from aeanomaly.versions.ranks import kendall, overlaps, spearman


@pytest.fixture
def older(detector, tmp_path):
    """The session's detector with a threshold that flags more."""
    path = tmp_path / "older.aea"
    detector.save(path)
    older = aeanomaly.load(path)
    older.offset_ = float(np.quantile(detector.score_samples(make_table()), 0.1))
    older.save(path)
    return path


@pytest.fixture
def newer(detector, tmp_path):
    path = tmp_path / "newer.aea"
    detector.save(path)
    return path


@pytest.fixture
def fewer_columns(detectors, tmp_path):
    """A detector that has not seen `country`, and saw a column of its own."""
    table = make_table().drop(columns="country").assign(extra=np.arange(200.0) % 7)
    parameters = detectors("denoising").get_params()
    path = tmp_path / "fewer.aea"
    aeanomaly.AutoencoderOutlierDetector(**parameters).fit(table).save(path)
    return path


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "table.csv"
    table = make_table(300, seed=1)
    table.loc[:5, "amount"] *= 100
    table.to_csv(path, index=False)
    return path


# Ranks


@pytest.mark.parametrize("n_levels", [2, 5, 40, 10_000])
@pytest.mark.parametrize("n_rows", [2, 3, 17, 500])
def test_correlations_of_ranks_are_those_of_scipy(rng, n_rows, n_levels):
    x = rng.integers(0, n_levels, n_rows).astype(float)
    y = np.round(x + rng.standard_normal(n_rows) * n_levels / 4)
    for own, other in ((spearman, stats.spearmanr), (kendall, stats.kendalltau)):
        if len(set(x)) > 1 and len(set(y)) > 1:
            assert_allclose(own(x, y), other(x, y).statistic, atol=1e-12)
    assert spearman(x, x * 0) is None
    assert kendall(x * 0, x) is None


def test_equal_and_opposite_rankings_agree_fully(rng):
    x = rng.standard_normal(1_000)
    assert_allclose([spearman(x, x**3), kendall(x, x**3)], 1.0)
    assert_allclose([spearman(x, -x), kendall(x, -x)], -1.0)


def test_a_ranking_of_few_rows_has_no_lowest_thousand():
    x = np.arange(30.0)
    assert overlaps(x, x) == {10: 1.0}
    assert overlaps(x, x[::-1], also=3) == {3: 0.0, 10: 0.0}
    assert overlaps(x[:4], x[:4], also=3) == {}


# In Python


def test_alerts_appear_and_disappear_with_their_reasons(older, newer):
    old, new = aeanomaly.load(older), load_to_score(newer)
    X = make_table(300, seed=1).set_index(np.arange(300) + 1_000)
    found = compare(old, new, X, reasons=1)
    by_old, by_new = old.predict(X) == -1, new.predict(X) == -1
    assert found.n_rows == 300
    assert (found.old.n_flagged, found.new.n_flagged) == (by_old.sum(), by_new.sum())
    assert found.n_both == (by_old & by_new).sum()
    assert found.n_disappear == (by_old & ~by_new).sum() > 0
    changed = found.changed
    assert changed.index.tolist() == X.index[by_old != by_new].tolist()
    assert set(changed["change"]) == {"disappears"}
    assert_allclose(changed["old_score"], old.score_samples(X)[by_old != by_new])
    # By the model that flags the row.
    first = old.score_frame(X, reasons=1).loc[changed.index, "reason_1"]
    assert changed["reason_1"].tolist() == first.tolist()
    assert sum(found.old.first_reasons.values()) == pytest.approx(1, abs=1e-3)
    assert found.new.first_reasons == {}
    assert found.spearman == found.kendall == 1.0
    assert found.old.promise == old.threshold_.summary_
    assert found.new.promise is None
    assert set(found.overlaps) == {10, 100, by_old.sum()}
    # Which model is the older one decides what appears.
    back = compare(new, old, X)
    assert back.n_appear == found.n_disappear
    assert set(back.changed["change"]) == {"appears"}
    assert "Alerts that appear are most often flagged by new for " in str(back)


def test_equal_models_change_nothing(newer):
    detector = aeanomaly.load(newer)
    found = compare(detector, detector, make_table())
    assert found.n_appear == found.n_disappear == len(found.changed) == 0
    added = ["change", "old_score", "new_score", "reason_1", "reason_2"]
    assert list(found.changed) == added
    assert "0 alerts appear and 0 disappear." in str(found)


def test_arrays_are_compared(number_detector, numbers):
    found = compare(number_detector, number_detector, numbers, reasons=0)
    assert found.n_both == found.old.n_flagged
    assert list(found.changed) == ["change", "old_score", "new_score"]


@pytest.mark.slow
def test_models_with_other_columns_see_their_own(newer, fewer_columns):
    old, new = aeanomaly.load(newer), aeanomaly.load(fewer_columns)
    X = make_table(300, seed=1).assign(extra=1.0, unknown_to_both="x")
    found = compare(old, new, X)
    assert (found.old.columns, found.new.columns) == (("country",), ("extra",))
    assert "Only old knows: country.\nOnly new knows: extra.\n" in str(found)
    own = X[list(new.feature_names_in_)]
    assert_allclose(found.new_scores, new.score_samples(own))


def test_what_is_no_detector_is_named(transformer, detector, table):
    for pair, name in (((transformer, detector), "old"), ((detector, 3), "new")):
        with pytest.raises(TypeError, match=f"The '{name}' parameter of compare must"):
            compare(*pair, table)


# On the command line


def test_the_command_says_what_compare_says(run, older, newer, source, tmp_path):
    out = tmp_path / "changed.csv"
    options = ("--output", out, "--top", "2", "--id", "n_visits", "--reasons", "1")
    code, stdout, stderr = run("compare", older, newer, source, *options)
    assert (code, stderr) == (0, "")
    X = pd.read_csv(source)
    found = compare(aeanomaly.load(older), aeanomaly.load(newer), X, reasons=1)
    assert f"300 rows of {source}.\n" in stdout
    assert "older.aea" in stdout
    assert f"{found.n_both:,} rows are flagged by both; 0 alerts appear and " in stdout
    assert f"older.aea: {found.old.promise}\n" in stdout
    assert "Ranks: Spearman 1.000, Kendall 1.000. The most abnormal" in stdout
    assert "Alerts that disappear, scored by older.aea; by n_visits:\n" in stdout
    assert stdout.endswith(f"\nWritten to {out}.\n")
    changed = pd.read_csv(out)
    assert list(changed)[-4:] == ["change", "old_score", "new_score", "reason_1"]
    assert list(changed)[:-4] == list(X)
    assert_allclose(changed["old_score"], found.changed["old_score"], rtol=1e-4)
    assert changed["amount"].tolist() == X.loc[found.changed.index, "amount"].tolist()


def test_the_command_prints_json(run, older, newer, source):
    options = ("--json", "--top", "3")
    code, stdout, _ = run("compare", newer, older, source, *options)
    found = json.loads(stdout)
    assert code == 0
    assert (found["rows"], found["disappears"]) == (300, 0)
    assert found["appears"] == found["new"]["flagged"] - found["old"]["flagged"] > 3
    assert found["old"]["model"] == "newer.aea"
    assert 0 < found["old"]["expected_share"] < 0.05
    assert [row["score"] for row in found["top_appears"]] == sorted(
        row["score"] for row in found["top_appears"]
    )
    assert len(found["top_appears"]) == 3
    assert found["top_disappears"] == []


@pytest.mark.slow
def test_a_table_that_lacks_a_column_of_one_model_is_an_error(
    run, newer, fewer_columns, source
):
    code, _, stderr = run("compare", newer, fewer_columns, source)
    assert code == 1
    assert f"error: {fewer_columns}: Column 'extra' is missing: the model" in stderr
    table = pd.read_csv(source).assign(extra=1.0)
    table.to_csv(source, index=False)
    code, stdout, _ = run("compare", newer, fewer_columns, source)
    assert code == 0
    assert "Only newer.aea knows: country.\nOnly fewer.aea knows: extra.\n" in stdout


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"table": "-"}, "standard input can be read once. Pass a file."),
        ({"out": "-"}, "--output takes the name of a file. The text says the rest."),
        ({"out": "table.csv"}, "table.csv is both input and output. Pass another"),
        ({"out": "newer.aea"}, "newer.aea does not end in .csv"),
        ({"id": "nobody"}, "--id nobody: the table has no such column. It has"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(
    run, older, newer, source, tmp_path, monkeypatch, change, message
):
    monkeypatch.chdir(tmp_path)
    table, out = change.get("table", source), change.get("out", "changed.csv")
    options = ["--output", out, *(["--id", change["id"]] if "id" in change else [])]
    code, stdout, stderr = run("compare", older, newer, table, *options)
    assert (code, stdout) == (1, "")
    assert message in stderr
    assert stderr.count("\n") == 1
    assert not (tmp_path / "changed.csv").exists()


def test_a_column_that_the_output_needs_is_an_error(run, older, newer, source):
    pd.read_csv(source).assign(change=1).to_csv(source, index=False)
    out = source.with_name("changed.csv")
    assert run("compare", older, newer, source, "--quiet") == (0, "", "")
    code, _, stderr = run("compare", older, newer, source, "--output", out)
    assert code == 1
    assert "already has a column 'change', which the output needs." in stderr
    assert not out.exists()


def test_an_empty_table_is_compared(run, older, newer, source):
    source.write_text(source.read_text().splitlines()[0] + "\n")
    code, stdout, _ = run("compare", older, newer, source)
    assert code == 0
    assert "The table has no rows." in stdout


def test_compare_runs_without_scikit_learn_and_tensorflow(older, newer, source):
    program = (
        "import sys; sys.modules.update(dict.fromkeys(('sklearn', 'scipy', 'keras', "
        "'tensorflow'))); from aeanomaly.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", program, "compare", older, newer, source]
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "disappear" in done.stdout
