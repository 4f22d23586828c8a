"""Tests of a score that learns from known anomalies."""

import warnings
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from cases import CHEAP
from sklearn.exceptions import NotFittedError
from sklearn.metrics import average_precision_score
from sklearn.model_selection import GridSearchCV

import aeanomaly
from aeanomaly import AutoencoderOutlierDetector, PrecisionThreshold
from aeanomaly.cli import main
from aeanomaly.cli.labels import labels_of
from aeanomaly.exceptions import ColumnError
from aeanomaly.labels import training_labels
from aeanomaly.scoring.parts import DoubtingCombination, LabelledCombination
from aeanomaly.scoring.parts.labelled import nearness

pytestmark = pytest.mark.filterwarnings("ignore:.* cannot be promised from")

N_NORMAL, N_FRAUDS = 600, 40


def payments(seed=0):
    """Payments, and frauds that are no farther out than many of them.

    Amounts of frauds lie in a narrow band at night; one payment in twenty is rarer
    than that, by its amount, and ordinary all the same.
    """
    rng = np.random.default_rng(seed)
    n = N_NORMAL + N_FRAUDS
    is_fraud = np.arange(n) >= N_NORMAL
    table = pd.DataFrame(
        {
            "amount": np.where(is_fraud, rng.normal(60, 3, n), rng.lognormal(3, 1, n)),
            "hour": np.where(is_fraud, rng.normal(3, 0.5, n), rng.normal(13, 4, n)),
            "age": rng.normal(40, 10, n),
            "country": rng.choice(["DE", "FR", "IT"], n),
        }
    )
    return table, is_fraud


@pytest.fixture(scope="module")
def learnt():
    """Fitted with a quarter of the frauds known, and what it was fitted to."""
    table, is_fraud = payments()
    labels = np.where(
        np.flatnonzero(is_fraud)[::4, None] == np.arange(len(table)), 1, 0
    )
    y = -labels.max(axis=0)
    return AutoencoderOutlierDetector(**CHEAP, labels="learn").fit(table, y), table, y


@pytest.fixture(scope="module")
def unlabelled():
    return AutoencoderOutlierDetector(**CHEAP).fit(payments()[0])


def quality(detector):
    new, is_fraud = payments(seed=1)
    return average_precision_score(is_fraud, -detector.score_samples(new))


def test_a_few_labels_find_what_no_distance_shows(learnt, unlabelled):
    assert quality(unlabelled) < 0.3
    assert quality(learnt[0]) > 0.65


@pytest.mark.parametrize(
    "y", [None, np.zeros(N_NORMAL + N_FRAUDS)], ids=["no labels", "none known"]
)
def test_without_known_anomalies_the_score_is_the_same_bit_for_bit(unlabelled, y):
    table, _ = payments()
    if y is not None:
        y[:3] = np.nan
    detector = AutoencoderOutlierDetector(**CHEAP, labels="learn").fit(table, y)
    assert (detector.score_samples(table) == unlabelled.score_samples(table)).all()
    assert detector.offset_ == unlabelled.offset_


def test_labels_are_ignored_unless_learning_is_asked_for(unlabelled):
    table, is_fraud = payments()
    detector = AutoencoderOutlierDetector(**CHEAP).fit(table, is_fraud)
    assert (detector.score_samples(table) == unlabelled.score_samples(table)).all()


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        ([1, -1, 0], [1, -1, 0]),
        ([0, 1, np.nan], [1, -1, 0]),
        ([False, True, None], [1, -1, 0]),
        ([-1, 0, np.nan], [-1, 0, 0]),
        ([1, -1, np.nan], [1, -1, 0]),
        (pd.array([0, 1, None], dtype="Int8"), [1, -1, 0]),
    ],
    ids=str,
)
def test_every_coding_of_labels_is_read(y, expected):
    assert training_labels(y).tolist() == expected


def test_labels_of_any_kind_are_read_by_the_name_of_normal():
    y = ["ok", "stolen", None, "forged"]
    assert training_labels(y, normal="ok").tolist() == [1, -1, 0, -1]


def test_labels_that_may_mean_both_are_refused():
    table, _ = payments()
    detector = AutoencoderOutlierDetector(**CHEAP, labels="learn")
    y = pd.Series(np.nan, range(len(table)))
    y[:5] = 1
    with pytest.raises(
        ValueError, match=r"All labels are 1, which is an anomaly beside"
    ):
        detector.fit(table, y)
    with pytest.raises(ValueError, match=r"Labels must be 0 and 1, .* Got 'a', 'b'"):
        detector.fit(table, ["a", "b"] * (len(table) // 2))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        detector.fit(table, [1, -1])


def test_there_must_be_rows_to_tell_anomalies_from():
    table, _ = payments()
    detector = AutoencoderOutlierDetector(**CHEAP, labels="learn")
    with pytest.raises(
        ValueError, match=r"at least 10 of those\. Got 0 beside 640 anom"
    ):
        detector.fit(table, -np.ones(len(table)))


def test_partial_fit_does_not_ignore_labels_in_silence():
    table, is_fraud = payments()
    detector = AutoencoderOutlierDetector(**CHEAP, labels="learn")
    with pytest.raises(
        ValueError, match=r"partial_fit cannot learn from labels\. Pass"
    ):
        detector.partial_fit(table, is_fraud)


def test_a_score_without_parts_cannot_learn():
    table, is_fraud = payments()
    detector = AutoencoderOutlierDetector(
        **CHEAP, labels="learn", score_type="reconstruction"
    )
    with pytest.raises(
        ValueError, match=r"needs a score of several parts\. Pass score_"
    ):
        detector.fit(table, is_fraud)


def test_known_anomalies_train_nothing(learnt):
    """Networks and parts are those of a fit to all other rows."""
    detector, table, y = learnt
    others = AutoencoderOutlierDetector(**CHEAP).fit(table[y != -1])
    ours, theirs = detector.scorer_.model.network, others.scorer_.model.network
    for a, b in zip(ours.encoder, theirs.encoder, strict=True):
        assert (a.kernel == b.kernel).all()
    new, _ = payments(seed=2)
    by_parts = detector.scorer_.reduction
    for (_, evaluation), (_, same) in zip(
        detector.scorer_.model.iter_evaluations(new),
        others.scorer_.model.iter_evaluations(new),
        strict=True,
    ):
        surprises = by_parts.surprises(evaluation, detector.scorer_.encoding)
        expected = others.scorer_.reduction.surprises(same, others.scorer_.encoding)
        np.testing.assert_array_equal(surprises, expected)


def test_the_score_is_the_weighted_mean_of_two_surprises(learnt):
    detector, table, y = learnt
    scorer = detector.scorer_
    reduction, encoding = scorer.reduction, scorer.encoding
    # 10 anomalies are known: three, and a fifth of that more.
    assert reduction.weight == pytest.approx(3 * (1 + 10 / 50))
    for rows, evaluation in scorer.model.iter_evaluations(table[:50]):
        surprises = reduction.surprises(evaluation, encoding)
        features = reduction.head.features(evaluation, surprises, encoding)
        # Trees look at no nearness to a case.
        trees = reduction.head.trees(features[:, :-10])
        by_head = reduction.scale(features @ reduction.head.weights + trees)
        by_parts = np.mean(np.array(surprises) ** 5, axis=0) ** 0.2
        # Nine tenths of the most surprising row's, over the root of ten, count half.
        doubt = 0.9 * np.log(1 + (y != -1).sum()) / 10**0.5
        believed = by_head**5 / (by_head**4 + doubt**4)
        expected = (by_parts + 3.6 * believed) / 4.6
        np.testing.assert_allclose(detector.score_samples(table[:50])[rows], -expected)


def test_a_head_is_doubted_below_a_surprise_and_believed_above(learnt):
    steep = replace(learnt[0].scorer_.reduction, doubt=2.0, steepness=4.0)
    # Of files that were written when doubt had a power of two.
    known = {field.name: getattr(steep, field.name) for field in fields(steep)}
    del known["steepness"]
    gentle = DoubtingCombination(**known)
    margins = np.linspace(-3, 20, 50)
    surprise = steep.scale(margins)
    assert surprise.min() < 0.5
    assert surprise.max() > 4
    for combination, power in [(steep, 4), (gentle, 2)]:
        expected = surprise ** (1 + power) / (surprise**power + 2.0**power)
        np.testing.assert_allclose(combination.word(margins), expected, atol=1e-12)


@pytest.mark.parametrize(
    "changes", [{"doubt": 0.0}, {"steepness": 0.9}, {"steepness": 9.0}], ids=str
)
def test_a_doubt_that_cannot_be_is_refused(learnt, changes):
    scorer = learnt[0].scorer_
    scorer.reduction.check(scorer.encoding)
    with pytest.raises(ValueError, match="doubt"):
        replace(scorer.reduction, **changes).check(scorer.encoding)


def test_nearness_to_a_known_case_falls_with_the_distance(learnt):
    detector, table, y = learnt
    encoding, head = detector.scorer_.encoding, detector.scorer_.reduction.head
    assert head.n_cases == (y == -1).sum() == 10
    encoded = slice(6, 6 + encoding.n_encoded)
    Z = encoding.encode(table[y == -1]).Z
    rows = (Z - head.center[encoded]) / head.scale[encoded]
    near = nearness(rows, head.cases, head.width, head.near_clip)
    np.testing.assert_allclose(np.diag(near), 1, atol=1e-6)
    distance = np.square(np.clip(rows[0], -3, 3) - np.clip(rows[1], -3, 3)).sum()
    assert near[0, 1] == pytest.approx(np.exp(-distance / head.width), rel=1e-4)


def test_the_threshold_keeps_its_promise(learnt):
    """Of new normal rows no more are flagged than one in a hundred, give or take."""
    detector, *_ = learnt
    flagged = []
    for seed in range(3, 8):
        new, is_fraud = payments(seed)
        flagged.append((detector.predict(new[~is_fraud]) == -1).mean())
    assert np.mean(flagged) < 0.02


def precision_of(detector):
    """Return the precision that a detector's threshold is said to have."""
    return float(detector.threshold_.summary_.split("precision ")[1].split(" ")[0])


def test_a_threshold_by_labels_does_not_believe_what_the_head_learnt_by_heart():
    # Labels that are noise: of the flagged rows a tenth is labelled, wherever one cuts.
    X = np.random.default_rng(0).normal(size=(600, 4))
    y = np.where(np.arange(600) < 60, -1, 1)
    detector = AutoencoderOutlierDetector(**CHEAP, labels="learn", threshold="f_beta")
    assert abs(precision_of(detector.fit(X, y)) - 0.1) <= 0.02
    words = " Each labelled row was judged without its own label."
    assert detector.threshold_.summary_.endswith(words)
    assert " of 600 labelled rows" in detector.threshold_.summary_
    # On the rows that it learnt from, the labels seem to mean something.
    assert precision_of(detector.fit_threshold(X, y)) > 0.2


def test_a_threshold_by_labels_counts_the_rows_that_have_one(payments_labels):
    table, y = payments_labels
    detector = AutoencoderOutlierDetector(**CHEAP, labels="learn", threshold="f_beta")
    summary = detector.fit(table, y).threshold_.summary_
    assert f"of {(y != 0).sum()} labelled rows" in summary
    assert f"of {(y == -1).sum()} anomalies" in summary


def test_a_single_anomaly_is_judged_without_labels(payments_labels):
    table, y = payments_labels
    first = np.flatnonzero(y == -1)[0]
    one = np.where((y == -1) & (np.arange(len(y)) != first), 0, y)
    detector = AutoencoderOutlierDetector(**CHEAP, labels="learn", threshold="recall")
    detector.fit(table, one)
    reduction = detector.scorer_.reduction
    evaluation = next(detector.model_.iter_evaluations(table.iloc[[first]]))[1]
    by_parts = reduction.mean(reduction.surprises(evaluation, detector.model_.encoding))
    # The cut is above what the parts say of it, far above what its own label says.
    assert -by_parts[0] < detector.offset_ < -by_parts[0] + 0.3
    assert "finds 1 of 1 anomalies" in detector.threshold_.summary_
    assert detector.score_samples(table.iloc[[first]])[0] < -by_parts[0] - 0.5


@pytest.fixture(scope="module")
def payments_labels():
    """Payments of which a quarter of the frauds and a tenth of the rest are known."""
    table, is_fraud = payments()
    known = np.arange(len(table)) % np.where(is_fraud, 4, 10) == 0
    return table, np.where(known, np.where(is_fraud, -1, 1), 0)


def test_rules_that_need_normal_rows_say_so(payments_labels):
    table, y = payments_labels
    detector = AutoencoderOutlierDetector(
        **CHEAP, labels="learn", threshold="precision"
    )
    with pytest.raises(ValueError, match="all 10 rows are labelled as anomalies. Pass"):
        detector.fit(table, np.where(y == 1, 0, y))


@pytest.mark.slow
def test_where_rows_are_held_out_an_anomaly_counts_as_much_less():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(10_500, 3))
    y = np.where(np.arange(10_500) < 500, -1, 1)
    X[y == -1] += [4.0, 0.0, 0.0]
    cheap = CHEAP | {"max_iter": 2}
    rule = PrecisionThreshold(precision=0.8)
    detector = AutoencoderOutlierDetector(**cheap, labels="learn", threshold=rule)
    detector.fit(X, y)
    assert "so that each known anomaly counts as 0.1 of one." in (
        detector.threshold_.summary_
    )
    new = rng.normal(size=(10_500, 3))
    new[:500, 0] += 4.0
    flagged = detector.predict(new) == -1
    assert flagged[:500].mean() > 0.9
    assert flagged[:500].sum() / flagged.sum() == pytest.approx(0.8, abs=0.1)


def test_p_values_are_those_of_rows_that_the_head_did_not_see(learnt):
    """Were they scored by the head that learnt from them, new rows would look worse."""
    detector, *_ = learnt
    new, is_fraud = payments(seed=9)
    assert 0.4 < np.median(detector.p_values(new[~is_fraud])) < 0.6


def test_shares_of_the_score_sum_to_one_and_name_what_is_wrong(learnt):
    detector, *_ = learnt
    new, is_fraud = payments(seed=1)
    explained = detector.explain(new[is_fraud], top=4)
    shares = explained["share"].to_numpy().reshape(-1, 4)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert (shares >= 0).all()
    first = explained["column"].to_numpy().reshape(-1, 4)[:, 0]
    assert np.isin(first, ["hour", "amount"]).mean() > 0.9


def test_reasons_name_the_known_case_that_a_row_is_like(learnt):
    detector, table, y = learnt
    cases = detector.known_cases()
    known = np.flatnonzero(y == -1)
    assert cases.index.tolist() == list(range(1, len(known) + 1))
    assert cases.columns.tolist() == table.columns.tolist()
    # Decoded, they are the rows that were given, in their order.
    np.testing.assert_allclose(cases["amount"], table["amount"].iloc[known], rtol=1e-3)
    assert cases["country"].tolist() == table["country"].iloc[known].tolist()
    # Each is like itself, and says so once; an ordinary payment is like none.
    rows = pd.concat([table.iloc[known], table.iloc[[0]]])
    found = detector.explain(rows, top=2)
    numbers = found["known_case"].xs(1, level="rank")
    assert numbers[:-1].tolist() == list(range(1, len(known) + 1))
    assert numbers.isna().tolist() == [False] * len(known) + [True]
    scored = detector.score_frame(rows, reasons=2)
    assert scored["reason_1"].iloc[2].endswith("; like known case 3")
    assert not scored["reason_2"].str.contains("known case").any()
    assert "known case" not in scored["reason_1"].iloc[-1]


def test_without_labels_reasons_name_no_case(unlabelled):
    table, _ = payments()
    assert "known_case" not in unlabelled.explain(table[:3])
    assert unlabelled.known_cases().shape == (0, 4)
    with pytest.raises(NotFittedError):
        AutoencoderOutlierDetector().known_cases()


def test_a_saved_model_says_the_same(learnt, tmp_path):
    detector, table, _ = learnt
    detector.save(tmp_path / "learnt.aea")
    loaded = aeanomaly.load(tmp_path / "learnt.aea")
    assert (loaded.score_samples(table) == detector.score_samples(table)).all()
    assert isinstance(loaded.scorer_.reduction, LabelledCombination)
    assert loaded.labels == "learn"


def test_a_row_has_one_score_alone_and_among_others(learnt):
    detector, table, _ = learnt
    alone = [detector.score_samples(table[i : i + 1])[0] for i in range(20)]
    np.testing.assert_allclose(alone, detector.score_samples(table)[:20], atol=1e-3)


def test_a_small_move_of_a_cell_moves_the_score_little(learnt):
    detector, table, _ = learnt
    before = detector.score_samples(table[:200])
    for column in ("amount", "hour", "age"):
        moved = table[:200].copy()
        moved[column] += 1e-6 * table[column].std()
        after = detector.score_samples(moved)
        np.testing.assert_allclose(after, before, atol=1e-3)


def test_private_files_lose_no_label_in_silence(learnt, tmp_path):
    detector, table, y = learnt
    with pytest.raises(
        ValueError, match="private=True would lose what was learnt from"
    ):
        detector.save(tmp_path / "private.aea", private=True)
    assert not (tmp_path / "private.aea").exists()
    without = AutoencoderOutlierDetector(**CHEAP, labels="learn", n_references=0)
    without.fit(table, y)
    assert without.scorer_.reduction.head.n_cases == 0
    without.save(tmp_path / "private.aea", private=True)
    loaded = aeanomaly.load(tmp_path / "private.aea")
    assert quality(loaded) == pytest.approx(quality(without), abs=0.1)


def damaged(head, **changes):
    values = {field.name: getattr(head, field.name) for field in fields(head)}
    return type(head)(**values | changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"weights": np.ones(3)}, "no weights for each of its features"),
        ({"scale": np.zeros(1)}, "no scale for each of its features"),
        ({"width": 0.0}, "scales or a width that are not positive"),
        ({"width": np.inf}, "scales or a width that are not positive"),
        ({"cases": np.ones((10, 2))}, "cases that are no encoded rows"),
        ({"clip": -1.0}, "features that do not count"),
        ({"trees": None}, "has no trees"),
    ],
    ids=str,
)
def test_a_head_that_cannot_be_is_refused(learnt, changes, words):
    scorer = learnt[0].scorer_
    with pytest.raises(ValueError, match=words):
        damaged(scorer.reduction.head, **changes).check(scorer.encoding, 6)


def test_a_head_that_could_learn_on_says_nothing(payments_labels, monkeypatch):
    monkeypatch.setattr("aeanomaly.fitting.label_head._MAX_ITER", 1)
    table, y = payments_labels
    AutoencoderOutlierDetector(**CHEAP, labels="learn").fit(table, y)


def test_known_normal_rows_count_more_than_unknown_ones():
    """Night payments that were looked at and found right are not flagged again."""
    table, is_fraud = payments()
    night = pd.DataFrame(
        {"amount": 61.0, "hour": np.linspace(2, 4, 12), "age": 25.0, "country": "IT"}
    )
    whole = pd.concat([table, night], ignore_index=True)
    y = np.append(np.where(is_fraud, -1, 0), np.zeros(len(night)))
    detector = AutoencoderOutlierDetector(**CHEAP, labels="learn")
    before = detector.fit(whole, y).score_samples(night)
    y[-len(night) :] = 1
    after = detector.fit(whole, y).score_samples(night)
    assert (after > before).all()


def test_a_search_may_hand_the_labels_on():
    table, is_fraud = payments()
    search = GridSearchCV(
        AutoencoderOutlierDetector(**CHEAP),
        {"labels": ["ignore", "learn"]},
        scoring="roc_auc",
        cv=2,
    )
    order = np.random.default_rng(0).permutation(len(table))
    search.fit(table.iloc[order], np.where(is_fraud, -1, 1)[order])
    assert search.best_params_ == {"labels": "learn"}


def test_the_command_line_learns(tmp_path, capsys):
    table, is_fraud = payments()
    table["fraud"] = pd.Series(np.where(is_fraud, "yes", "no")).where(
        np.arange(len(table)) % 4 == 0
    )
    path, model = tmp_path / "payments.csv", tmp_path / "model.aea"
    table.to_csv(path, index=False)
    learn = ["--label", "fraud", "--normal", "no", "--learn", "--random-state", "0"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        assert main(["fit", str(path), "--model", str(model), *learn]) == 0
    assert "Learnt from 10 known anomalies of 'fraud'." in capsys.readouterr().out
    assert quality(aeanomaly.load(model)) > 0.6
    assert main(["inspect", str(model)]) == 0
    assert "learnt from known anomalies; keeps 10 of them" in capsys.readouterr().out


def test_confirmed_frauds_alone_are_learnt_from(tmp_path, capsys):
    table, is_fraud = payments()
    table["fraud"] = np.where(is_fraud & (np.arange(len(table)) % 4 == 0), 1, np.nan)
    path, model = tmp_path / "payments.csv", tmp_path / "model.aea"
    table.to_csv(path, index=False)
    fit = ["fit", str(path), "--model", str(model), "--label", "fraud", "--learn"]
    assert main(fit) != 0
    expected = (
        "Column 'fraud' holds the labels '1', and it is unclear which of them is "
        "normal. Say so with --normal, such as --normal 0."
    )
    assert expected in capsys.readouterr().err
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        assert main([*fit, "--normal", "0"]) == 0
    assert "Learnt from 10 known anomalies of 'fraud'." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("labels", "normal", "expected"),
    [
        ([1, None, 1], "0", [True, None, True]),
        ([-1, None], "1", [True, None]),
        ([True, None], "False", [True, None]),
        ([1, None, 0], "0", [True, None, False]),
        (["fraud", None, "ok"], "ok", [True, None, False]),
    ],
)
def test_labels_may_know_anomalies_alone(labels, normal, expected):
    assert labels_of(pd.Series(labels), normal).tolist() == expected


@pytest.mark.parametrize(
    ("labels", "normal", "words"),
    [
        (
            [1.0, None],
            "2",
            "--normal 2 is not a label in column 'fraud', which holds '1'",
        ),
        (["fraud", None], "ok", "--normal ok is not a label"),
        ([1.0, None], "1", "labels every row as normal"),
    ],
)
def test_a_name_of_normal_that_may_be_a_slip_is_an_error(labels, normal, words):
    with pytest.raises(ColumnError, match=words):
        labels_of(pd.Series(labels, name="fraud"), normal)


def test_the_command_line_says_where_there_is_nothing_to_learn(tmp_path, capsys):
    table, _ = payments()
    table["fraud"] = 0
    path = tmp_path / "payments.csv"
    table.to_csv(path, index=False)
    model = ["--model", str(tmp_path / "model.aea")]
    assert main(["fit", str(path), *model, "--label", "fraud", "--learn"]) != 0
    assert "there is nothing to measure or to learn" in capsys.readouterr().err
    table["fraud"] = np.arange(len(table)) == 5
    table.to_csv(path, index=False)
    fit = ["fit", str(path), *model, "--label", "fraud", "--learn"]
    assert main([*fit, "--where", "amount < 0"]) != 0
    assert "No row of" in capsys.readouterr().err
    assert main([*fit, "--where", f"age < {table['age'][5] - 1}"]) != 0
    assert "or look at --where, --since and --train-on" in capsys.readouterr().err
    assert not (tmp_path / "model.aea").exists()
    with pytest.raises(SystemExit):
        main(["fit", str(path), *model, "--learn"])
    assert "--learn learns from --label, which is missing" in capsys.readouterr().err
