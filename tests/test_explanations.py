import re

import numpy as np
import pandas as pd
import pytest

from aeanomaly import AutoencoderOutlierDetector
from aeanomaly.scoring.reason_texts import reason_texts
from aeanomaly.scoring.reasons import iter_reasons

SMALL = {"hidden_layer_sizes": (16,), "max_iter": 30, "random_state": 0}


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    size = rng.normal(35, 5, 800)
    return pd.DataFrame(
        {
            "amount": size,
            "fee": size * 0.1 + rng.normal(0, 0.05, 800),
            "country": np.where(rng.random(800) < 0.95, "FR", "BE"),
            "currency": "EUR",
            "when": pd.Timestamp("2025-01-01") + pd.to_timedelta(size, unit="h"),
            "version": 3.0,
        },
        index=[f"row {i}" for i in range(800)],
    )


@pytest.fixture(scope="module", params=["hybrid", "reconstruction"])
def detector(request, frame):
    return AutoencoderOutlierDetector(score_type=request.param, **SMALL).fit(frame)


def test_shares_of_all_columns_sum_to_one(detector, frame):
    shares = detector.explain(frame[:20], top=6)["share"]
    np.testing.assert_allclose(shares.groupby(level=0).sum(), 1.0, rtol=1e-6)
    assert (shares >= 0).all()


def test_reasons_come_greatest_share_first(detector, frame):
    explained = detector.explain(frame[:20], top=4)
    shares = explained["share"].unstack("rank")
    assert (np.diff(shares.to_numpy(), axis=1) <= 0).all()
    assert list(shares.columns) == [1, 2, 3, 4]


def test_explain_keeps_the_index_and_shows_original_values(detector, frame):
    explained = detector.explain(frame[5:7], top=6)
    assert list(explained.index.get_level_values(0).unique()) == ["row 5", "row 6"]
    by_column = explained.loc["row 5"].set_index("column")
    assert by_column.loc["amount", "observed"] == frame.loc["row 5", "amount"]
    assert by_column.loc["country", "observed"] == frame.loc["row 5", "country"]
    assert by_column.loc["amount", "expected"] == pytest.approx(35, abs=15)
    assert by_column.loc["country", "expected"] == "FR"
    assert 0.5 < by_column.loc["country", "probability"] <= 1


def test_a_wild_amount_is_the_first_reason(detector, frame):
    row = frame[:1].assign(amount=912.4)
    reason = detector.score_frame(row, reasons=2)["reason_1"].iloc[0]
    assert re.fullmatch(
        r"amount 912.4, expected [\d.]+ to [\d.]+; at most \d\d.\d+ in training",
        reason,
    )


def test_expected_numbers_are_rounded_to_their_column():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"risk": np.where(rng.random(500) < 0.9, 0.0, 0.5), "b": 1.5})
    frame["c"] = rng.normal(size=500)
    detector = AutoencoderOutlierDetector(
        architecture="undercomplete",
        n_estimators=1,
        **SMALL | {"hidden_layer_sizes": (8,)},
    ).fit(frame)
    reason = detector.score_frame(frame[:1].assign(risk=1.0), reasons=1)["reason_1"]
    assert "e-" not in reason.iloc[0]


def test_an_unseen_category_is_the_first_reason(detector, frame):
    row = frame[:1].assign(country="BR")
    reason = detector.score_frame(row, reasons=1)["reason_1"].iloc[0]
    assert reason.startswith("country BR, never seen in training; expected FR (0.9")


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"version": 4.0}, "version 4, always 3 in training"),
        ({"currency": "USD"}, "currency USD, always EUR in training"),
    ],
)
def test_a_constant_that_takes_a_new_value_is_the_first_reason(
    detector, frame, changed, text
):
    row = frame[:1].assign(**changed)
    assert detector.score_frame(row, reasons=1)["reason_1"].iloc[0] == text


def test_what_was_expected_is_no_reason_but_what_it_goes_with_is(detector, frame):
    row = frame[frame["country"] == "FR"][:1]
    reasons = detector.score_frame(row, reasons=6).iloc[0, 2:]
    (text,) = [reason for reason in reasons if reason.startswith("country")]
    assert re.match(
        "country FR, (usual by itself, not with|unusual together with) ", text
    )


def test_a_missing_value_is_named(detector, frame):
    row = frame[:1].assign(amount=np.nan)
    reason = detector.score_frame(row, reasons=1)["reason_1"].iloc[0]
    assert reason.startswith("amount missing, never so in training; expected ")


def test_a_date_is_shown_to_the_second_and_training_as_days(detector, frame):
    row = frame[:1].assign(when=pd.Timestamp("2031-05-06 07:08:09"))
    reason = detector.score_frame(row, reasons=1)["reason_1"].iloc[0]
    assert reason.startswith("when 2031-05-06 07:08:09, after the training rows, 2025-")


def test_scores_are_the_same_with_and_without_reasons(detector, frame):
    plain = detector.score_frame(frame)
    with_reasons = detector.score_frame(frame, reasons=3)
    np.testing.assert_array_equal(plain["score"], with_reasons["score"])
    assert list(with_reasons.columns[2:]) == ["reason_1", "reason_2", "reason_3"]


def test_more_reasons_than_columns_gives_all_columns(detector, frame):
    assert detector.score_frame(frame[:3], reasons=99).shape == (3, 2 + 6)


def test_arrays_are_explained_by_position(number_detector):
    explained = number_detector.explain([[0.0, 25.0, 0.0, 0.0, 0.0]], top=1)
    assert explained["column"].iloc[0] == 1
    assert explained.index.names == [None, "rank"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["number", "category"])
def test_a_corrupted_column_of_thirty_comes_first(kind):
    rng = np.random.default_rng(0)
    n_rows = 4_000
    latent = rng.integers(4, size=(n_rows, 3))
    columns = {
        f"number_{j}": latent[:, j % 3] * (1.0 + j % 5) + 0.2 * rng.normal(size=n_rows)
        for j in range(20)
    }
    for j in range(10):
        level = rng.permutation(4)[latent[:, j % 3]]
        noise = np.where(rng.random(n_rows) < 0.02, rng.integers(4, size=n_rows), level)
        columns[f"category_{j}"] = np.array(list("ABCD"))[noise]
    frame = pd.DataFrame(columns)
    train, test = frame[:3_000], frame[3_000:].reset_index(drop=True)
    names = [name for name in frame if name.startswith(kind)]
    corrupted = rng.choice(names, size=len(test))
    for row, name in enumerate(corrupted):
        if kind == "number":
            test.loc[row, name] += 4 * train[name].std() * rng.choice([-1, 1])
        else:
            others = [level for level in "ABCD" if level != test.loc[row, name]]
            test.loc[row, name] = rng.choice(others)
    detector = AutoencoderOutlierDetector(random_state=0).fit(train)
    first = detector.explain(test, top=1)["column"].to_numpy()
    # A wrong level is hardly abnormal here: in 18 % of the training rows one is wrong.
    assert (first == corrupted).mean() >= (0.99 if kind == "number" else 0.88)


def test_a_value_that_is_usual_by_itself_is_named_with_others(detector, frame):
    worst = np.argsort(detector.score_samples(frame), kind="stable")[:50]
    some = frame.iloc[worst]
    ((_, _, reasons),) = iter_reasons(detector.scorer_, some, 3)
    texts = reason_texts(detector.scorer_, reasons)
    together = [text for text in texts.ravel() if "unusual together with" in text]
    assert together
    assert not any("not with the rest of the row" in text for text in texts.ravel())
    own = reasons.columns[..., None]
    assert (reasons.partners != own).all()
    for text in together:
        name = text.split(" ")[0]
        assert f"with {name} " not in text
        assert f"and {name} " not in text
