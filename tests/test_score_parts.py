"""``aeanomaly score`` of a folder: an output for each part, taken up again."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from cases import make_table

import aeanomaly
from aeanomaly.cli.parts import manifest as manifests
from aeanomaly.cli.parts import run as run_module
from aeanomaly.cli.parts import scoring, workers, writes_parts
from aeanomaly.files import TEMPORARY_MARK, locked_folder

MANIFEST = manifests.MANIFEST


@pytest.fixture
def model(tmp_path, detector):
    """The session's detector of the mixed table, saved."""
    path = tmp_path / "model.aea"
    detector.save(path)
    return path


@pytest.fixture
def parts(tmp_path):
    """A folder of four parts, one of them in a folder below."""
    folder = tmp_path / "parts"
    (folder / "late").mkdir(parents=True)
    for i, name in enumerate(["a.csv", "b.csv", "c.csv", "late/d.csv"]):
        make_table(20, seed=i).to_csv(folder / name, index=False)
    return folder


@pytest.fixture
def score(run, parts, model, tmp_path):
    """A function that scores the folder; returns code, output and complaints."""

    def score(*options, tables=(parts,), model=model, out="scored/"):
        out = f"{tmp_path / out}{'/' if out.endswith('/') else ''}"
        return run("score", *tables, "--model", model, "--output", out, *options)

    return score


@pytest.fixture
def other(model, tmp_path):
    """The same model with another threshold."""
    detector = aeanomaly.load(model)
    detector.offset_ -= 0.5
    path = tmp_path / "other.aea"
    detector.save(path)
    return path


def written(tmp_path, out="scored"):
    folder = tmp_path / out
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def manifest_of(tmp_path):
    return json.loads((tmp_path / "scored" / MANIFEST).read_text())


def spoil(path):
    path.write_text("amount\n1\n")


# What is written


def test_each_part_becomes_a_file_of_its_name(score, run, parts, model, tmp_path):
    code, stdout, stderr = score()
    assert (code, stderr) == (0, "")
    assert "Scored 4 parts in " in stdout
    assert "\n80 rows in all. Flagged " in stdout
    assert stdout.endswith(f"Written to {tmp_path}/scored; {MANIFEST} there says from "
                           "what.\n")  # fmt: skip
    names = ["a.csv", "b.csv", "c.csv", "late/d.csv"]
    assert sorted(written(tmp_path)) == [MANIFEST, *names]
    whole = tmp_path / "whole.csv"
    run("score", parts, "--model", model, "--output", whole, "--quiet")
    joined = pd.concat([pd.read_csv(tmp_path / "scored" / name) for name in names])
    pd.testing.assert_frame_equal(pd.read_csv(whole), joined.reset_index(drop=True))


def test_the_manifest_says_from_what_each_part_is(score, parts, model, tmp_path):
    score("--reasons", "1", "--top", "2")
    found = manifest_of(tmp_path)
    (key,) = found["settings"]
    settings = found["settings"][key]
    assert settings["model"] == scoring_sha256(model)
    assert settings["options"]["reasons"] == 1
    part = found["parts"]["late/d.csv"]
    assert part["settings"] == key
    assert part["source"] == str(parts / "late" / "d.csv")
    assert part["input"]["sha256"] == scoring_sha256(parts / "late" / "d.csv")
    out = tmp_path / "scored" / "late" / "d.csv"
    assert part["output"]["sha256"] == scoring_sha256(out)
    assert part["output"]["bytes"] == out.stat().st_size
    frame = pd.read_csv(out)
    assert (part["rows"], part["flagged"]) == (20, frame["is_outlier"].sum())
    assert [row["score"] for row in part["top"]] == sorted(frame["score"])[:2]
    assert found["failed"] == {}


def scoring_sha256(path):
    from aeanomaly.cli.parts.stamp import sha256_of

    return sha256_of(path)


def test_which_outputs_are_folders(tmp_path):
    folder, table = tmp_path / "there", tmp_path / "t.csv"
    folder.mkdir()
    table.touch()
    one, several = [str(table)], [str(table), str(table)]
    assert writes_parts(f"{tmp_path}/new/", one)
    assert writes_parts(str(folder), one)
    assert writes_parts(str(tmp_path / "new"), several)
    assert writes_parts(str(tmp_path / "new"), [str(folder)])
    assert writes_parts(str(tmp_path / "new"), [f"{tmp_path}/*.csv"])
    # Names of files stay names of files, and what has no ending stays an error.
    assert not writes_parts(str(tmp_path / "new.csv"), several)
    assert not writes_parts(str(tmp_path / "new"), one)
    assert not writes_parts(str(tmp_path / "new"), [str(tmp_path / "gone.csv")])
    assert not writes_parts(str(tmp_path / "new.doc"), several)
    assert not writes_parts("-", several)


def test_hidden_and_unfinished_files_are_no_parts(score, parts, tmp_path):
    for name in (".a.csv.crc", "_SUCCESS", "_temporary/0/e.csv", ".git/f.csv"):
        (parts / name).parent.mkdir(parents=True, exist_ok=True)
        (parts / name).write_text("x")
    (parts / "_day=1").mkdir()
    shutil.copy(parts / "a.csv", parts / "_day=1" / "e.csv")
    assert score()[0] == 0
    assert len(written(tmp_path)) == 6
    assert "_day=1/e.csv" in written(tmp_path)


# Going on


def test_what_is_done_is_not_done_again(score, tmp_path):
    score("--quiet")
    before = written(tmp_path)
    times = {p: p.stat().st_mtime_ns for p in (tmp_path / "scored").rglob("*.csv")}
    code, stdout, stderr = score()
    assert (code, stderr) == (0, "")
    assert "Scored 0 parts in " in stdout
    assert "; 4 were done already.\n80 rows in all." in stdout
    del before[MANIFEST]
    assert before.items() <= written(tmp_path).items()
    assert times == {p: p.stat().st_mtime_ns for p in times}


def test_a_run_that_was_ended_goes_on_with_the_same_rows(score, tmp_path, monkeypatch):
    score("--quiet", out="undisturbed/")
    expected = written(tmp_path, "undisturbed")
    attempt, n_done = scoring.attempt, []

    def end_in_the_third(part, *args):
        if len(n_done) == 2:
            raise KeyboardInterrupt
        n_done.append(part.name)
        return attempt(part, *args)

    monkeypatch.setattr(workers, "attempt", end_in_the_third)
    assert score()[0] == 130
    assert sorted(written(tmp_path)) == [MANIFEST, "a.csv", "b.csv"]
    monkeypatch.setattr(workers, "attempt", attempt)
    code, stdout, _ = score()
    assert code == 0
    assert "Scored 2 parts in " in stdout
    found = written(tmp_path)
    del found[MANIFEST], expected[MANIFEST]
    assert found == expected


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("input", "a changed input"),
        ("input of the same size", "a changed input"),
        ("output", "an output that has changed or is gone"),
        ("no output", "an output that has changed or is gone"),
    ],
)
def test_a_part_that_has_changed_is_scored_again(
    score, parts, tmp_path, change, reason
):
    score("--quiet")
    before = written(tmp_path)
    source, out = parts / "b.csv", tmp_path / "scored" / "b.csv"
    text = source.read_text()
    if change == "input":
        source.write_text(text + text.splitlines()[1] + "\n")
    elif change == "input of the same size":
        # Within what the time of a file can tell apart.
        status = source.stat()
        source.write_text(text.replace("FR", "DE"))
        os.utime(source, ns=(status.st_atime_ns, status.st_mtime_ns))
    elif change == "output":
        out.write_text(out.read_text()[:-9])
    else:
        out.unlink()
    code, stdout, stderr = score()
    assert code == 0
    assert stderr == f"note: b.csv: scored again for {reason}\n"
    assert "Scored 1 part in " in stdout
    if "input" not in change:
        assert written(tmp_path).keys() == before.keys()
        assert written(tmp_path)["b.csv"] == before["b.csv"]
    assert score()[2] == ""


def test_a_part_that_was_only_touched_is_not_scored_again(score, parts, tmp_path):
    for path in (parts / "a.csv", parts / "b.csv"):
        os.utime(path, (1e9, 1e9))
    score("--quiet")
    os.utime(parts / "a.csv", (1.1e9, 1.1e9))
    assert "Scored 0 parts in " in score()[1]
    # And is known by its time from then on.
    times = manifest_of(tmp_path)["parts"]["a.csv"]["input"]["mtime_ns"]
    assert times == 1_100_000_000_000_000_000


def test_other_options_and_another_model_score_again_and_say_so(score, other, tmp_path):
    score("--quiet")
    note = "note: a.csv, b.csv, c.csv and 1 more: scored again for "
    code, _, stderr = score("--p-values")
    assert (code, stderr) == (0, f"{note}other options\n")
    code, _, stderr = score("--p-values", model=other)
    assert (code, stderr) == (0, f"{note}another model\n")
    assert len(manifest_of(tmp_path)["settings"]) == 1


def test_parts_of_another_model_that_cannot_be_scored_again_are_an_error(
    score, parts, other, tmp_path
):
    score("--quiet")
    before = written(tmp_path)
    code, _, stderr = score(tables=[parts / "b.csv"], model=other)
    assert code == 1
    assert (
        f"{tmp_path}/scored holds a.csv, which another model made, and which" in stderr
    )
    assert "Pass its table as well, or another --output." in stderr
    assert written(tmp_path) == before
    # What is gone is not mixed with anything.
    for name in ("a.csv", "c.csv", "late/d.csv"):
        (tmp_path / "scored" / name).unlink()
    assert score(tables=[parts / "b.csv"], model=other)[0] == 0
    assert [*manifest_of(tmp_path)["parts"]] == ["b.csv"]


def test_parts_of_other_runs_stay_and_are_named(score, parts, tmp_path):
    score("--quiet", tables=[parts / "a.csv", parts / "b.csv"])
    code, stdout, stderr = score(tables=[parts / "c.csv"])
    assert code == 0
    assert stderr == (
        f"note: {tmp_path}/scored holds 2 parts that this run was not asked for, which "
        f"stay: a.csv, b.csv\n"
    )
    assert "\n20 rows in all." in stdout
    assert sorted(manifest_of(tmp_path)["parts"]) == ["a.csv", "b.csv", "c.csv"]


def test_a_longer_list_is_made_again_and_a_shorter_one_is_not(score, parts):
    score("--quiet", "--top", "2")
    code, stdout, stderr = score("--top", "1")
    assert (code, stderr) == (0, "")
    assert "The most abnormal rows, by part and row:" in stdout
    assert stdout.count(".csv: ") == 1
    assert "scored again for a longer list" in score("--top", "3")[2]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": 1}', '{"format": 1, "parts": {"a": 3}}']
)
def test_a_manifest_that_cannot_be_read_is_said_and_written_again(
    score, tmp_path, text
):
    score("--quiet")
    before = written(tmp_path)
    (tmp_path / "scored" / MANIFEST).write_text(text)
    code, stdout, stderr = score()
    assert code == 0
    assert f"note: {tmp_path}/scored/{MANIFEST} cannot be read (" in stderr
    assert stderr.endswith("): all parts are scored again\n")
    assert "Scored 4 parts in " in stdout
    del before[MANIFEST]
    assert before.items() <= written(tmp_path).items()


def test_a_manifest_of_a_newer_aeanomaly_is_an_error(score, tmp_path):
    score("--quiet")
    path = tmp_path / "scored" / MANIFEST
    path.write_text('{"format": 2}')
    code, _, stderr = score()
    assert code == 1
    assert "is of format 2; this aeanomaly knows up to 1. Upgrade aeanomaly" in stderr
    assert path.read_text() == '{"format": 2}'


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such locks")
def test_two_runs_do_not_write_to_one_folder(score, tmp_path):
    (tmp_path / "scored").mkdir()
    with locked_folder(tmp_path / "scored"):
        code, _, stderr = score()
    assert code == 1
    assert f"Another run is writing to {tmp_path}/scored. Wait for it, or" in stderr
    assert score("--quiet") == (0, "", "")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such locks")
def test_what_killed_runs_left_is_removed_whatever_it_was(score, tmp_path):
    for name in ("scored/.gone.csv", "scored/late/.d.csv", f"scored/.{MANIFEST}"):
        path = tmp_path / f"{name}.0123abcd.{TEMPORARY_MARK}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    score("--quiet")
    assert not [name for name in written(tmp_path) if TEMPORARY_MARK in name]


# Failures


def test_a_part_that_fails_does_not_stop_the_others(score, parts, tmp_path):
    spoil(parts / "b.csv")
    (parts / "readme.doc").write_text("x")
    code, stdout, stderr = score()
    assert code == 1
    assert "Scored 3 parts in " in stdout
    lines = stderr.splitlines()
    assert lines[0].startswith("aeanomaly score: failed: b.csv: ")
    assert "'age'" in lines[0]
    assert lines[1].startswith(
        f"aeanomaly score: failed: readme.doc: {parts}/readme.doc does not end in .csv"
    )
    assert lines[2:] == [
        "aeanomaly score: error: 2 of 5 parts failed; the others are written. The same "
        "command scores those that failed again."
    ]
    assert sorted(written(tmp_path)) == [MANIFEST, "a.csv", "c.csv", "late/d.csv"]
    assert [*manifest_of(tmp_path)["failed"]] == ["b.csv", "readme.doc"]
    # Mended, they are scored, and are the only ones.
    (parts / "readme.doc").unlink()
    make_table(20, seed=9).to_csv(parts / "b.csv", index=False)
    code, stdout, stderr = score()
    assert (code, stderr) == (0, "")
    assert "Scored 1 part in " in stdout
    assert manifest_of(tmp_path)["failed"] == {}


def test_an_older_output_of_a_part_that_fails_stays_and_is_said(score, parts, tmp_path):
    score("--quiet")
    before = written(tmp_path)["b.csv"]
    spoil(parts / "b.csv")
    code, _, stderr = score("--quiet")
    assert code == 1
    assert "Its older output stays." in stderr
    assert written(tmp_path)["b.csv"] == before


def test_an_input_that_grows_meanwhile_is_not_half_scored(
    score, parts, tmp_path, monkeypatch
):
    score_table = scoring.score_table

    def written_to(table, *args, **kwargs):
        if table.path.name == "b.csv":
            with open(table.path, "a") as file:
                file.write(table.path.read_text().splitlines()[1] + "\n")
        return score_table(table, *args, **kwargs)

    monkeypatch.setattr(scoring, "score_table", written_to)
    code, _, stderr = score("--quiet")
    assert code == 1
    assert f"{parts}/b.csv was written to while it was read. Score it when" in stderr
    assert "b.csv" not in written(tmp_path)


def test_unread_cells_and_notes_are_said_once_for_all_parts(score, parts):
    for name in ("a.csv", "b.csv"):
        frame = pd.read_csv(parts / name).astype({"amount": object})
        frame.loc[:1, "amount"] = "?!"
        frame.to_csv(parts / name, index=False)
        (parts / name).write_text((parts / name).read_text() + "\n")
    code, _, stderr = score()
    assert code == 0
    assert stderr.splitlines() == [
        "note: a.csv, b.csv: dropped 1 empty row",
        "aeanomaly score: warning: Column 'amount': 4 cells are not a number, such as "
        "'?!'. What cannot be read is missing.",
    ]
    code, _, stderr = score("--strict")
    assert code == 1
    assert "2 of 4 parts failed" in stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--fdr", "0.1"], "--fdr judges the rows of a table together, and parts are"),
        (["--budget", "5"], "--budget judges the rows of a table together"),
    ],
)
def test_rows_of_parts_are_not_judged_together(score, options, message, tmp_path):
    code, _, stderr = score(*options)
    assert code == 1
    assert message in stderr
    assert not (tmp_path / "scored").exists()


def test_parts_are_watched_as_one_table(score, run, parts, model, tmp_path):
    for i, path in enumerate(sorted(parts.rglob("*.csv"))):
        frame = make_table(200, seed=20 + i)
        frame["amount"] *= 100
        frame.to_csv(path, index=False)
    state = tmp_path / "state.json"
    code, whole, _ = run("watch", model, parts, "--state", state)
    assert code == 10
    assert "One column broke: amount is in cents now" in whole
    for n_workers, out in ((1, "one/"), (2, "two/")):
        options = ["--watch", "--state", state, "--workers", n_workers]
        code, text, _ = score(*options, out=out)
        # The same night again: it counts once.
        nights = json.loads(state.read_text())["nights"]
        assert (code, len(nights)) == (10, 1)
        assert text.endswith(f"\n\n{whole}")
    (tmp_path / "one" / "b.csv").unlink()
    code, out, stderr = score("--watch", "--json", out="one/")
    assert code == 10
    assert "note: 3 parts done already: read again for --watch\n" in stderr
    alone = json.loads(run("watch", model, parts, "--json")[1])
    assert json.loads(out)["drift"] == alone
    assert score("--watch", "--quiet", out="one/") == (10, "", "")


def test_drift_is_judged_when_no_part_fails(score, parts, tmp_path):
    kept = (parts / "b.csv").read_bytes()
    spoil(parts / "b.csv")
    state = tmp_path / "state.json"
    options = ["--watch", "--state", state]
    code, out, stderr = score(*options, "--json")
    assert (code, "drift" in json.loads(out), state.exists()) == (1, False, False)
    assert stderr.endswith(
        "The same command scores those that failed again, and then judges drift.\n"
    )
    (parts / "b.csv").write_bytes(kept)
    code, out, _ = score(*options, "--json")
    found = json.loads(out)
    assert (found["scored"], found["drift"]["rows"], state.exists()) == (1, 80, True)
    assert code == (10 if found["drift"]["has_drifted"] else 0)


def test_a_model_that_cannot_watch_writes_nothing(score, tmp_path):
    old = Path(__file__).parent / "data" / "protocol_1_hybrid.aea"
    code, _, stderr = score("--watch", model=old)
    assert code == 1
    assert "keeps nothing of its training rows to compare with" in stderr
    assert not (tmp_path / "scored").exists()


def test_tables_and_outputs_that_do_not_go_together(score, parts, tmp_path, capsys):
    for tables, out, message in (
        ([parts], "parts/", f"{parts} lies in {parts}: the next run would read what"),
        ([parts], "parts/out/", f"{parts}/out lies in {parts}: the next run would"),
        ([parts / "late"], "parts/", "lies in"),
        (["-"], "scored/", "standard input is none"),
        ([parts / "a.csv", parts / "a.csv"], "scored/", "would both be written to"),
        ([parts], "no/where/", f"the folder {tmp_path}/no does not exist"),
    ):
        code, _, stderr = score(tables=tables, out=out)
        assert (code, message in stderr) == (1, True), stderr
    code, _, stderr = score("--workers", "2", out="one.csv")
    assert code == 1
    assert "--workers 2 divides parts, and" in stderr
    assert "is one file. Pass a folder to --output, as in scored/." in stderr
    for options, message in (
        (["--workers", "0"], "0 is below 1"),
        (["--json", "--log-json"], "--log-json prints what --json would"),
    ):
        with pytest.raises(SystemExit):
            score(*options)
        assert message in capsys.readouterr().err


# What is said


def test_json_is_of_all_parts(score, parts, tmp_path):
    spoil(parts / "b.csv")
    code, stdout, _ = score("--json", "--top", "2")
    found = json.loads(stdout)
    assert code == 1
    assert (found["parts"], found["scored"], found["done_before"]) == (4, 3, 0)
    assert (found["rows"], [*found["failed"]]) == (60, ["b.csv"])
    assert len(found["top"]) == 2
    assert {"part", "row", "score", "reasons"} <= set(found["top"][0])


def test_log_json_is_an_object_a_line(score, parts, tmp_path):
    (parts / "b.csv").write_text((parts / "b.csv").read_text() + "\n")
    (parts / "c\x9b.csv").write_text("x")
    code, stdout, _ = score("--log-json")
    assert code == 1
    lines = [json.loads(line) for line in stdout.splitlines()]
    kinds = [line["event"] for line in lines]
    assert kinds == ["start", *["part_done"] * 3, "part_failed", "part_done", "end"]
    start, end = lines[0], lines[-1]
    assert (start["parts"], start["done_before"], start["workers"]) == (5, 0, 1)
    assert (end["exit_code"], end["rows"], [*end["failed"]]) == (1, 80, ["c\x9b.csv"])
    assert lines[2]["notes"] == [f"{parts}/b.csv: dropped 1 empty row"]
    assert lines[2]["rows"] == 20
    assert all(line["time"].endswith("+00:00") for line in lines)


def test_log_json_of_one_file_has_a_start_and_an_end(run, parts, model, tmp_path):
    out = tmp_path / "one.csv"
    options = ("--model", model, "--output", out, "--log-json", "--quiet")
    code, stdout, stderr = run("score", parts, *options)
    assert (code, stderr) == (0, "")
    start, end = map(json.loads, stdout.splitlines())
    assert (start["event"], end["event"], end["rows"]) == ("start", "end", 80)
    code, _, stderr = run("score", parts, *options[:3], "-", "--log-json")
    assert code == 1
    assert "--log-json and --output - both write to standard output" in stderr


def test_progress_says_rate_and_time_left_on_a_terminal(score, monkeypatch, capsys):
    from aeanomaly.cli import terminal
    from aeanomaly.cli.parts import run as parts_run

    clock = iter(range(0, 100_000, 7))
    monkeypatch.setattr(terminal.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(parts_run, "shows_progress", lambda quiet: not quiet)
    stderr = score()[2]
    shown = stderr.split("\r")
    assert any("0 of 4 parts, 20 rows scored, " in line for line in shown)
    assert any("3 of 4 parts, 80 rows scored, " in line for line in shown)
    assert " a second, " in shown[-2]
    assert " left\x1b[K" in shown[-2]
    assert shown[-1] == "\x1b[K"
    assert score("--quiet")[2] == ""


def test_times_are_said_in_words():
    from aeanomaly.cli.terminal import Pace, in_time

    assert [in_time(s) for s in (0.2, 59.4, 60, 3_599, 90_000)] == [
        *("0 s", "59 s", "1 min 0 s", "59 min 59 s", "25 h 0 min")
    ]
    assert Pace(None).left(5) == Pace(10).left(0) == ""


# Processes


def command(parts, model, out, *options):
    module = [sys.executable, "-m", "aeanomaly", "score", parts, "--model", model]
    return [*map(str, [*module, "--output", f"{out}/", *options])]


def test_a_part_that_is_left_alone_goes_to_a_worker(score, tmp_path, monkeypatch):
    """With as many threads as the others: they may change a score's last digits."""
    assert score()[0] == 0
    next((tmp_path / "scored").rglob("*.csv")).unlink()
    asked = []

    def score_in_workers(parts, job, tell, n_workers):
        asked.append((len(parts), n_workers))
        return workers.score_here(parts, job, tell)

    monkeypatch.setattr(run_module, "score_in_workers", score_in_workers)
    assert score("--workers", "2")[0] == 0
    assert asked == [(1, 1)]


@pytest.mark.slow
def test_workers_write_what_one_process_writes(parts, model, tmp_path):
    spoil(parts / "c.csv")
    environment = {k: v for k, v in os.environ.items() if "NUM_THREADS" not in k}
    for out, options in (("one", []), ("two", ["--workers", "2"])):
        done = subprocess.run(
            command(parts, model, tmp_path / out, *options),
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
        assert done.returncode == 1, done.stderr
        assert "failed: c.csv: " in done.stderr
    one, two = written(tmp_path, "one"), written(tmp_path, "two")
    del one[MANIFEST], two[MANIFEST]
    assert one == two
    assert sorted(one) == ["a.csv", "b.csv", "late/d.csv"]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_a_worker_that_dies_twice_fails_its_part_only(score, parts, monkeypatch):
    # Sent to the workers as it is here: by its name.
    monkeypatch.setattr(workers, "_work", die_over_b)
    code, stdout, stderr = score("--workers", "2")
    assert code == 1
    assert "Scored 3 parts in " in stdout
    assert (
        "failed: b.csv: The process that scored it ended twice (signal 9), as it does "
        "where memory is short. Pass fewer --workers, or divide the part." in stderr
    )


def die_over_b(connection, job):
    while True:
        try:
            part = connection.recv()
        except EOFError:
            return
        if part.name == "b.csv":
            os.kill(os.getpid(), signal.SIGKILL)
        connection.send(scoring.attempt(part, job, lambda n_rows: None))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_killed_runs_go_on_and_leave_nothing():
    """In a process of its own, of which copies are killed."""
    program = Path(__file__).parents[1] / "benchmarks" / "kills_of_parts.py"
    small = ["--kills", "1", "--parts", "6", "--rows", "200"]
    signals = ["--signals", "SIGKILL", "SIGTERM", "--workers", "2"]
    done = subprocess.run(
        [sys.executable, str(program), *small, *signals],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()[1:]
    assert len(lines) == 2, done.stderr
    for line in lines:
        for what, n in re.findall(r"([a-zA-Z][a-zA-Z ]+?) (\d+)(?:,|$)", line):
            wrong = any(word.isupper() for word in what.split()[1:])
            assert n == "0" or not (wrong or "exit code" in what), line
