"""Tests of closed alerts that are taken into a model, and of rows to look at next."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases import CHEAP
from sklearn.metrics import average_precision_score

import aeanomaly
from aeanomaly import AutoencoderOutlierDetector
from aeanomaly.cli import main
from aeanomaly.scoring.parts import FeedbackReduction

pytestmark = pytest.mark.filterwarnings("ignore:.* cannot be promised from")

N_ROWS = 600


def visits(seed=0):
    """Ordinary rows, frauds by night, and batch runs that are right."""
    rng = np.random.default_rng(seed)
    kind = np.repeat(["ordinary", "fraud", "batch"], [N_ROWS, 12, 12])
    amount = rng.normal(50, 10, len(kind))
    table = pd.DataFrame(
        {
            "amount": np.where(kind == "fraud", rng.normal(115, 6, len(kind)), amount),
            "hour": np.where(kind == "fraud", 4 + rng.random(len(kind)), 13.0)
            + rng.normal(0, 1, len(kind)),
            "items": np.where(kind == "batch", 40 + rng.random(len(kind)), 5.0)
            + rng.normal(0, 1, len(kind)),
            "shop": rng.choice(["north", "south"], len(kind)),
        }
    )
    return table, kind


@pytest.fixture
def detector():
    table, kind = visits()
    return AutoencoderOutlierDetector(**CHEAP).fit(table[kind == "ordinary"])


def scores(detector, kind, seed=1):
    table, kinds = visits(seed)
    return detector.score_samples(table[kinds == kind])


def test_a_dismissed_pattern_is_let_through_and_nothing_else_changes(detector):
    table, kind = visits()
    before = {name: scores(detector, name) for name in ("ordinary", "fraud", "batch")}
    assert (before["batch"] < detector.offset_).all()
    offset = detector.offset_
    detector.feedback(table[kind == "batch"], ["right"] * 12, normal="right")
    assert detector.offset_ == offset
    assert (scores(detector, "batch") >= offset).mean() > 0.9
    np.testing.assert_allclose(scores(detector, "fraud"), before["fraud"], atol=0.05)
    moved = scores(detector, "ordinary") - before["ordinary"]
    assert (np.abs(moved) < 1e-3).mean() > 0.97


def test_the_dismissed_row_itself_scores_as_an_ordinary_one(detector):
    table, kind = visits()
    row = table[kind == "batch"][:1]
    usual = np.median(detector.calibration_.scores)
    detector.feedback(row, [False], normal=False)
    assert detector.score_samples(row)[0] == pytest.approx(usual, abs=0.05)


def test_confirmed_alerts_teach_what_they_have_in_common():
    table, kind = visits()
    rng = np.random.default_rng(0)
    # Ordinary rows are as far out as frauds, in other ways.
    table["items"] += np.where(kind == "ordinary", rng.standard_t(2, len(table)), 0)
    new = table.sample(frac=1, random_state=0)
    is_fraud = kind[new.index] == "fraud"
    detector = AutoencoderOutlierDetector(**CHEAP).fit(table)
    before = average_precision_score(is_fraud, -detector.score_samples(new))
    detector.feedback(table[kind != "ordinary"], kind[kind != "ordinary"] == "fraud")
    after = average_precision_score(is_fraud, -detector.score_samples(new))
    assert before < 0.7 < 0.95 < after


def test_the_threshold_moves_so_that_as_many_rows_are_flagged(detector):
    table, kind = visits()
    detector.feedback(table[kind != "ordinary"], kind[kind != "ordinary"] == "fraud")
    (entry,) = detector.feedback_
    assert entry["flagged_after"] < 0.03
    new = [(scores(detector, "ordinary", s) < detector.offset_).mean() for s in (3, 4)]
    assert np.mean(new) < 0.03
    assert (scores(detector, "fraud") < detector.offset_).all()


def test_feedback_is_logged_and_taken_back(detector):
    table, kind = visits()
    before, offset = detector.score_samples(table), detector.offset_
    calibration = detector.calibration_
    assert detector.feedback_ == []
    detector.feedback(table[kind == "fraud"], np.ones(12), normal=0)
    detector.feedback(table[kind == "batch"], np.zeros(12), normal=0)
    first, second = detector.feedback_
    assert (first["n_anomalies"], first["n_normal"]) == (12, 0)
    assert (second["n_anomalies"], second["n_normal"]) == (0, 12)
    assert second["n_lowered"] >= 10
    assert first["when"] <= second["when"]
    assert first["when"].endswith("+00:00")
    detector.forget_feedback()
    assert detector.feedback_ == []
    assert (detector.score_samples(table) == before).all()
    assert (detector.offset_, detector.calibration_) == (offset, calibration)
    assert detector.forget_feedback() is detector


def test_what_fit_has_learnt_from_goes_on_counting():
    table, kind = visits()
    y = np.where(kind == "fraud", -1, 0)
    learnt = AutoencoderOutlierDetector(**CHEAP, labels="learn").fit(table, y)
    known = learnt.scorer_.reduction.head.n_cases
    row = table[kind == "batch"][:1]
    learnt.feedback(row, [True])
    assert learnt.scorer_.reduction.learnt.head.n_cases == known + 1 == 13
    encoding = learnt.scorer_.encoding
    base = learnt.scorer_.reduction.base
    Z = encoding.encode(table[kind == "fraud"]).Z
    np.testing.assert_allclose(base.known_anomalies(encoding), Z, atol=1e-4)
    new = visits(seed=1)[0][visits(seed=1)[1] == "fraud"]
    assert (learnt.predict(new) == -1).mean() > 0.9


def test_the_promise_says_when_feedback_has_moved_the_threshold(detector):
    table, kind = visits()
    promised = detector.threshold_.summary_
    detector.feedback(table[kind == "batch"], [False] * 12, normal=False)
    assert detector.threshold_.summary_ == promised
    detector.feedback(table[kind == "fraud"], [True] * 12)
    assert detector.threshold_.summary_.startswith(
        "The threshold was moved by feedback"
    )
    assert detector.forget_feedback().threshold_.summary_ == promised


def test_a_later_label_of_a_row_replaces_an_earlier_one(detector):
    table, kind = visits()
    row = table[kind == "batch"][:1]
    detector.feedback(row, [True])
    detector.feedback(row, [False], normal=False)
    reduction = detector.scorer_.reduction
    assert reduction.is_anomaly.tolist() == [False]
    assert reduction.learnt is None
    assert detector.predict(row)[0] == 1


def test_nearly_equal_cases_are_kept_once(detector):
    table, kind = visits()
    row = table[kind == "batch"][:1]
    copies = pd.concat([row] * 50, ignore_index=True)
    detector.feedback(copies, [False] * 50, normal=False)
    assert len(detector.scorer_.reduction.cases) == 1


def test_ten_thousand_labels_keep_few_cases(detector):
    table, _ = visits()
    many = table.sample(10_000, replace=True, random_state=0)
    many["amount"] += np.random.default_rng(0).normal(0, 30, len(many))
    detector.feedback(many, many["amount"] > 100)
    kept = detector.scorer_.reduction.is_anomaly
    assert kept.sum() <= 500
    assert (~kept).sum() <= 500


def test_what_many_rows_have_in_common_is_no_pattern(detector):
    """An ordinary row that is dismissed lets hardly any other through."""
    table, kind = visits()
    before = scores(detector, "ordinary")
    detector.feedback(table[kind == "ordinary"][:20], [False] * 20, normal=False)
    moved = np.abs(scores(detector, "ordinary") - before) > 0.2
    assert moved.mean() < 0.1


def test_a_saved_model_keeps_feedback(detector, tmp_path):
    table, kind = visits()
    before = detector.score_samples(table)
    detector.feedback(table[kind != "ordinary"], kind[kind != "ordinary"] == "fraud")
    detector.save(tmp_path / "told.aea")
    loaded = aeanomaly.load(tmp_path / "told.aea")
    assert (loaded.score_samples(table) == detector.score_samples(table)).all()
    assert loaded.feedback_ == detector.feedback_
    assert (loaded.forget_feedback().score_samples(table) == before).all()
    with pytest.raises(ValueError, match="private=True would lose what feedback has"):
        detector.save(tmp_path / "private.aea", private=True)


def test_reasons_divide_the_moved_score(detector):
    table, kind = visits()
    detector.feedback(table[kind == "batch"], [False] * 12, normal=False)
    explained = detector.explain(table[:30], top=4)
    np.testing.assert_allclose(explained["share"].groupby(level=0).sum(), 1)
    cells = [
        detector.scorer_.reduction.cells(evaluation, detector.scorer_.encoding).sum(1)
        for _, evaluation in detector.scorer_.model.iter_evaluations(table)
    ]
    np.testing.assert_allclose(
        np.concatenate(cells), -detector.score_samples(table), rtol=1e-5
    )


@pytest.mark.parametrize(
    "parameters", [{"n_references": 0}, {"score_type": ["residual"]}]
)
def test_without_kept_rows_confirmed_cases_are_outliers_all_the_same(parameters):
    table, kind = visits()
    detector = AutoencoderOutlierDetector(**CHEAP, **parameters).fit(
        table[kind == "ordinary"]
    )
    row = table[kind == "ordinary"][:1]
    offset = detector.offset_
    assert detector.predict(row)[0] == 1
    detector.feedback(row, [True])
    assert detector.predict(row)[0] == -1
    assert detector.offset_ == offset


def test_labels_that_say_nothing_are_refused(detector):
    table, _ = visits()
    with pytest.raises(
        ValueError, match=r"No row of y has a label\. Pass at least one"
    ):
        detector.feedback(table[:2], [None, None])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        detector.feedback(table[:2], [1, 0, 1])
    assert detector.feedback_ == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"widths": np.zeros(1)}, "no positive width"),
        ({"widths": np.ones(3)}, "no width for each of its cases"),
        ({"cases": np.ones((1, 2))}, "cases that are no encoded rows"),
        ({"is_anomaly": np.ones(1)}, "no kind for each of its cases"),
        ({"low": 3.0, "high": 1.0}, "moves scores to where none are"),
        ({"offset": np.nan}, "no threshold to go back to"),
        ({"log": (1,)}, "a log of something else"),
    ],
    ids=str,
)
def test_feedback_that_cannot_be_is_refused(detector, changes, words):
    table, kind = visits()
    detector.feedback(table[kind == "batch"][:1], [False], normal=False)
    reduction = replace(detector.scorer_.reduction, **changes)
    with pytest.raises(ValueError, match=words):
        reduction.check(detector.scorer_.encoding)
    nested = replace(detector.scorer_.reduction, base=detector.scorer_.reduction)
    with pytest.raises(ValueError, match="has no score that it moves"):
        nested.check(detector.scorer_.encoding)


def test_the_most_abnormal_row_is_suggested_first_and_then_others(detector):
    table, kind = visits()
    table = table.sample(frac=1, random_state=0, ignore_index=False)
    kinds = kind[table.index]
    suggested = detector.suggest(table, 6)
    assert suggested[0] == np.argmin(detector.score_samples(table))
    assert len(set(suggested)) == 6
    # Both kinds at once; from the top, one would come first.
    assert {"fraud", "batch"} <= set(kinds[suggested[:5]])
    assert len(detector.suggest(table[:3], 10)) == 3
    assert detector.suggest(table[:0], 10).tolist() == []
    with pytest.raises(ValueError, match=r"n must be at least 1\. Got 0 instead"):
        detector.suggest(table, 0)


def test_what_was_judged_is_not_suggested_again(detector):
    table, kind = visits()
    detector.feedback(table[kind == "batch"], [False] * 12, normal=False)
    suggested = detector.suggest(table, 10)
    assert "batch" not in kind[suggested]


def test_the_command_line_takes_feedback_and_forgets_it(detector, tmp_path, capsys):
    table, kind = visits()
    model, told = tmp_path / "model.aea", tmp_path / "told.aea"
    detector.save(model)
    closed = table[kind != "ordinary"].assign(case="", closed=kind[kind != "ordinary"])
    closed.to_csv(tmp_path / "closed.csv", index=False)
    call = ["feedback", str(model), str(tmp_path / "closed.csv"), "--label", "closed"]
    assert main([*call, "--normal", "batch", "--output", str(told)]) == 0
    said = capsys.readouterr().out
    assert "Took 12 anomalies and 12 normal rows of" in said
    assert "Of the training rows in the model" in said
    loaded = aeanomaly.load(told)
    assert isinstance(loaded.scorer_.reduction, FeedbackReduction)
    assert main(["inspect", str(told)]) == 0
    assert re.search(r"feedback +\d+ cases, \d+ of them anom", capsys.readouterr().out)
    assert main(["feedback", str(told), "--forget"]) == 0
    assert "Forgot feedback that was given once." in capsys.readouterr().out
    again = aeanomaly.load(told)
    assert (again.score_samples(table) == detector.score_samples(table)).all()


@pytest.mark.parametrize(
    ("label", "normal"), [("right", ["--normal", "right"]), (0, []), (False, [])]
)
def test_alerts_that_were_all_dismissed_are_feedback_too(
    detector, tmp_path, capsys, label, normal
):
    table, kind = visits()
    model = tmp_path / "model.aea"
    detector.save(model)
    table[kind == "batch"].assign(closed=label).to_csv(tmp_path / "c.csv", index=False)
    call = ["feedback", str(model), str(tmp_path / "c.csv"), "--label", "closed"]
    assert main([*call, *normal]) == 0
    assert "Took 0 anomalies and 12 normal rows" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--forget", "--label", "x"], "--forget takes no TABLE and no --label"),
        ([], "feedback needs a TABLE, and --label to say what its rows were"),
    ],
)
def test_options_that_do_not_go_together_are_an_error(arguments, words, capsys):
    with pytest.raises(SystemExit):
        main(["feedback", "model.aea", *arguments])
    assert words in capsys.readouterr().err
