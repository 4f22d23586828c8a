"""Tests of labels of either coding, and of the metrics and scorers that read them."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import GridSearchCV

from aeanomaly.labels import anomaly_labels
from aeanomaly.metrics import (
    average_precision,
    card_precision_at_k,
    cost,
    make_anomaly_scorer,
    precision_at_k,
    roc_auc,
)

CODINGS = [
    [0, 1, 0, 1],
    [False, True, False, True],
    [1, -1, 1, -1],
    [0.0, 1.0, 0.0, 1.0],
    [1.0, -1.0, 1.0, -1.0],
    pd.Series([0, 1, 0, 1], dtype="Int8"),
    pd.array([False, True, False, True], dtype="boolean"),
]


@pytest.mark.parametrize("y", CODINGS, ids=repr)
def test_every_coding_says_the_same(y):
    is_anomaly, is_labelled = anomaly_labels(y)
    assert is_anomaly.tolist() == [False, True, False, True]
    assert is_labelled.all()


def test_any_labels_do_with_the_name_of_normal():
    y = ["ok", "stolen", None, "forged"]
    is_anomaly, is_labelled = anomaly_labels(y, normal="ok")
    assert is_anomaly.tolist() == [False, True, False, True]
    assert is_labelled.tolist() == [True, True, False, True]
    assert anomaly_labels([1, 1], normal=1)[0].tolist() == [False, False]
    assert anomaly_labels([1, 1], normal=0)[0].tolist() == [True, True]
    assert anomaly_labels([1, 1], normal=-1)[0].tolist() == [True, True]


@pytest.mark.parametrize("missing", [np.nan, None, pd.NA])
def test_rows_without_a_label_are_no_anomalies(missing):
    is_anomaly, is_labelled = anomaly_labels(pd.Series([1, missing, 0], dtype=object))
    assert is_anomaly.tolist() == [True, False, False]
    assert is_labelled.tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("y", "words"),
    [
        ([1, 1], r"All labels are 1, .* Pass normal=, the label of normal rows\.$"),
        ([0, 1, -1], r"Labels must be 0 and 1, .* Got 0, 1, -1\. Pass normal="),
        (["a", "b"], r"Got 'a', 'b'\. Pass normal="),
        ([0, 2], r"Got 0, 2\."),
        (list("abcdefg"), r"Got 'a', 'b', 'c', 'd', 'e', \.\.\.\."),
    ],
)
def test_unclear_labels_are_an_error(y, words):
    with pytest.raises(ValueError, match=words):
        anomaly_labels(y)


def test_a_normal_label_that_is_not_there_is_an_error():
    with pytest.raises(
        ValueError, match=r"normal='fine' is not among .* 'ok', 'bad'\."
    ):
        anomaly_labels(["ok", "bad"], normal="fine")


def test_one_kind_of_clear_labels_is_no_error():
    assert not anomaly_labels([0, 0])[0].any()
    assert anomaly_labels([-1, -1])[0].all()
    assert anomaly_labels([True, True])[0].all()


@pytest.fixture
def rows(rng):
    is_anomaly = rng.random(200) < 0.1
    return is_anomaly, rng.normal(size=200) - 2.0 * is_anomaly


@pytest.mark.parametrize("sign", [1, -1])
def test_metrics_are_those_of_scikit_learn_whatever_the_coding(rows, sign):
    is_anomaly, scores = rows
    y = is_anomaly.astype(int) if sign == 1 else np.where(is_anomaly, -1, 1)
    assert roc_auc(y, scores) == roc_auc_score(is_anomaly, -scores)
    assert average_precision(y, scores) == average_precision_score(is_anomaly, -scores)
    assert precision_at_k(y, scores, 10) == is_anomaly[np.argsort(scores)[:10]].mean()


def test_metrics_leave_out_rows_without_a_label():
    assert precision_at_k([1, None, 0], [-1.0, -5.0, -2.0], k=1) == 0.0


def test_card_precision_takes_the_worst_transaction_of_a_card_and_day():
    frame = pd.DataFrame(
        [
            # day, card, score, fraud
            (1, "a", -9.0, 0),
            (1, "a", -1.0, 1),
            (1, "b", -8.0, 0),
            (1, "c", -2.0, 1),
            (2, "c", -7.0, 1),
            (2, "b", -3.0, 0),
        ],
        columns=["day", "card", "score", "fraud"],
    )
    of = [frame[name] for name in ("fraud", "score", "card", "day")]
    # Day 1: a (compromised) and b; day 2: c (compromised) and b.
    assert card_precision_at_k(*of, k=2) == pytest.approx(0.5)
    assert card_precision_at_k(*of, k=1) == pytest.approx(1.0)
    # Slots that no card fills are not found either.
    assert card_precision_at_k(*of, k=4) == pytest.approx((2 / 4 + 1 / 4) / 2)


def test_cost_weighs_misses_and_false_alarms():
    y, labels = [1, 1, 0, 0, 0], [-1, 1, -1, 1, 1]
    assert cost(y, labels, missed=5.0, false_alarm=1.0) == pytest.approx(6 / 5)


@pytest.mark.parametrize("coding", [lambda y: y.astype(int), lambda y: 1 - 2 * y])
def test_a_search_with_either_coding_finds_the_same(rng, coding):
    X = rng.normal(size=(300, 3))
    is_anomaly = np.arange(300) % 15 == 0
    X[is_anomaly] += 3.0
    search = GridSearchCV(
        IsolationForest(random_state=0, n_estimators=10),
        {"max_samples": [8, 64]},
        scoring=make_anomaly_scorer("average_precision"),
        cv=3,
    )
    search.fit(X, coding(is_anomaly.astype(int)))
    assert search.best_score_ > 0.5


def test_a_scorer_reads_columns_of_the_table():
    X = pd.DataFrame({"card": ["a", "b"], "day": [1, 1], "score": [-2.0, -1.0]})

    class Given:
        def score_samples(self, X):
            return X["score"]

    scorer = make_anomaly_scorer("card_precision_at_k", cards="card", days="day", k=1)
    assert scorer(Given(), X, [1, 0]) == 1.0
    assert repr(scorer) == (
        "make_anomaly_scorer('card_precision_at_k', k=1, cards='card', days='day')"
    )
    assert repr(pickle.loads(pickle.dumps(scorer))) == repr(scorer)


def test_more_is_better_for_every_scorer():
    class All:
        def predict(self, X):
            return np.full(len(X), -1)

    assert (
        make_anomaly_scorer("cost", false_alarm=4.0)(All(), [[0], [0]], [0, 1]) == -2.0
    )


def test_a_metric_that_does_not_exist_is_an_error():
    with pytest.raises(ValueError, match=r"one of \['average_precision', .*'f1'\.$"):
        make_anomaly_scorer("f1")


def test_labels_of_another_length_are_an_error():
    with pytest.raises(ValueError, match=r"y has 2 labels for 3 rows\."):
        roc_auc([0, 1], [1.0, 2.0, 3.0])
