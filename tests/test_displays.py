"""Displays: their numbers against independent computations, and what is drawn."""

import subprocess
import sys
from math import comb, pi, sqrt

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from cases import CHEAP, make_numbers, make_table
from sklearn.exceptions import NotFittedError
from sklearn.metrics import precision_score, recall_score

from aeanomaly import AutoencoderOutlierDetector, AutoencoderTransformer, displays
from aeanomaly.displays import (
    CodeMapDisplay,
    DriftDisplay,
    ExpectedDisplay,
    FirstReasonsDisplay,
    HistoryDisplay,
    LatentSizeDisplay,
    PrecisionAtKDisplay,
    ReasonMapDisplay,
    RowReasonsDisplay,
    ScoreDisplay,
    ThresholdDisplay,
)
from aeanomaly.displays.drawing import new_axes
from aeanomaly.drift import column_shifts
from aeanomaly.latent_size import LatentSizeSearch, choose_latent_dim

mpl.use("Agg")


@pytest.fixture
def plt():
    import matplotlib.pyplot as plt

    yield plt
    plt.close("all")


@pytest.fixture
def odd_table(table):
    """The mixed table, with rows that every detector flags."""
    odd = table.copy()
    odd.loc[:4, "amount"] = 1e6
    odd.loc[5:9, "country"] = "XX"
    return odd


# Scores.


def test_shares_of_scores_are_counted(detector, odd_table):
    display = ScoreDisplay.from_estimator(detector, odd_table, training=make_table())
    scores = detector.score_samples(odd_table)
    assert list(display.scores) == ["training rows", "calibration rows", "new rows"]
    flagged = (detector.predict(odd_table) == -1).mean()
    assert display.shares_flagged["new rows"] == pytest.approx(flagged)
    for i in (0, 30, 59):
        low, high = display.edges[i : i + 2]
        inside = ((scores >= low) & (scores < high)).mean()
        assert display.shares["new rows"][i] == pytest.approx(inside)
    assert sum(display.shares["calibration rows"]) == pytest.approx(1.0)


def test_weights_of_scores_count():
    display = ScoreDisplay.from_scores(
        {"a": [-3.0, -1.0]}, offset=-2.0, weights={"a": [3.0, 1.0]}
    )
    assert display.shares_flagged == {"a": 0.75}


def test_no_scores_are_an_error():
    with pytest.raises(ValueError, match="no scores to show. Pass some rows"):
        ScoreDisplay.from_scores({"new rows": []}, offset=0.0)


# Thresholds.


def test_alerts_precision_recall_and_cost_are_those_of_the_threshold(rng):
    scores = np.round(rng.normal(size=400), 2)
    is_anomaly = rng.random(400) < 0.2 - 0.15 * (scores > -1)
    days = rng.integers(0, 8, 400)
    display = ThresholdDisplay.from_scores(
        scores, -2.0, is_anomaly, times=days, missed=5.0, false_alarm=2.0
    )
    assert (np.diff(display.offsets) > 0).all()
    for i in (0, len(display.offsets) // 2, -1):
        flagged = scores < display.offsets[i]
        assert display.alerts[0, i] == pytest.approx(flagged.sum() / 8)
        assert display.precision[0, i] == pytest.approx(
            precision_score(is_anomaly, flagged)
        )
        assert display.recall[0, i] == pytest.approx(recall_score(is_anomaly, flagged))
        n_missed, n_false = (is_anomaly & ~flagged).sum(), (flagged & ~is_anomaly).sum()
        assert display.cost[i] == pytest.approx((5 * n_missed + 2 * n_false) / 8)
    assert display.unit == "a day"


def test_bands_are_those_of_the_binomial_distribution():
    scores = np.arange(20.0)
    display = ThresholdDisplay.from_scores(scores, 1.0, confidence=0.9)
    at = int(np.flatnonzero(display.alerts[0] == 3)[0])
    _, low, high = display.alerts[:, at] / 20

    def at_most(k, p):
        return sum(comb(20, j) * p**j * (1 - p) ** (20 - j) for j in range(k + 1))

    # Three of twenty or more, and three or fewer, in a twentieth of the tables each.
    assert 1 - at_most(2, low) == pytest.approx(0.05)
    assert at_most(3, high) == pytest.approx(0.05)


def test_rows_without_a_label_are_alerts_and_nothing_else():
    scores, labels = np.array([-5.0, -4.0, -3.0, 0.0, 1.0, 2.0]), [1, None, 0, 0, 0, 0]
    display = ThresholdDisplay.from_scores(scores, -3.5, labels)
    assert display.alerts[0].tolist() == [1.0, 2.0]
    assert display.precision[0].tolist() == [1.0, 1.0]
    assert display.unit == "in all"


# Reasons.


def test_the_waterfall_ends_at_the_score(detector, odd_table):
    display = RowReasonsDisplay.from_estimator(detector, odd_table, row=2, top=3)
    score = detector.score_samples(odd_table)[2]
    assert display.contributions.sum() == pytest.approx(score)
    assert display.starts[-1] + display.contributions[-1] == pytest.approx(score)
    explained = detector.explain(odd_table.iloc[2:3], top=3)
    assert display.columns[:3] == explained["column"].tolist()
    np.testing.assert_allclose(
        display.contributions[:3], score * explained["share"], rtol=1e-6
    )
    assert display.columns[3].endswith("others")
    said = detector.score_frame(odd_table.iloc[2:3], reasons=1)["reason_1"]
    assert display.texts[0] == said.iloc[0]


def test_a_row_that_is_not_there_is_an_error(detector, table):
    with pytest.raises(ValueError, match="row must be from 0 to 199. Got 200"):
        RowReasonsDisplay.from_estimator(detector, table, row=200)


def test_the_map_of_reasons_has_the_shares_of_flagged_rows(detector, odd_table):
    display = ReasonMapDisplay.from_estimator(detector, odd_table)
    flagged = np.flatnonzero(detector.predict(odd_table) == -1)
    assert sorted(display.rows) == flagged.tolist()
    explained = detector.explain(odd_table.iloc[display.rows], top=99)
    for name, shares in zip(display.columns, display.shares.T, strict=True):
        own = explained[explained["column"] == name]["share"]
        np.testing.assert_allclose(shares, own, rtol=1e-6, atol=1e-9)
    means = display.shares.mean(axis=0)
    assert (np.diff(means) <= 1e-12).all()


def test_first_reasons_are_counted(detector, odd_table):
    display = FirstReasonsDisplay.from_estimator(detector, odd_table)
    flagged = odd_table[detector.predict(odd_table) == -1]
    counts = detector.explain(flagged, top=1)["column"].value_counts()
    found = dict(zip(display.columns, display.counts.tolist(), strict=True))
    assert found == counts.to_dict()


def test_without_a_flagged_row_there_are_no_reasons(detector, table):
    calm = table[detector.predict(table) == 1].head(5)
    with pytest.raises(ValueError, match="No row is flagged"):
        ReasonMapDisplay.from_estimator(detector, calm)


# Expected against observed.


@pytest.mark.parametrize("column", ["amount", "n_visits"])
def test_expected_numbers_are_those_of_the_reasons(detector, table, column):
    display = ExpectedDisplay.from_estimator(detector, table, column)
    explained = detector.explain(table, top=99)
    own = explained[explained["column"] == column]
    np.testing.assert_allclose(display.observed, table[column])
    for name in ("expected", "low", "high"):
        np.testing.assert_allclose(getattr(display, name), own[name].astype(float))
    assert (display.is_outlier == (detector.predict(table) == -1)).all()


def test_expected_times_are_times(detector, table):
    display = ExpectedDisplay.from_estimator(detector, table, "opened")
    assert (display.observed == table["opened"].to_numpy()).all()
    assert display.low.dtype.kind == display.expected.dtype.kind == "M"
    assert (display.low <= display.high).all()


def test_levels_are_crossed(detector, odd_table):
    display = ExpectedDisplay.from_estimator(detector, odd_table, "country")
    counts, flagged = display.crossed()
    observed = odd_table["country"].fillna("missing")
    assert counts.sum().to_dict() == observed.value_counts().to_dict()
    outliers = observed[detector.predict(odd_table) == -1].value_counts()
    assert flagged.sum()[outliers.index].to_dict() == outliers.to_dict()


def test_many_levels_are_others():
    levels = np.array([f"l{i % 30:02}" for i in range(90)], dtype=object)
    display = ExpectedDisplay(
        column="c", observed=levels, expected=levels, low=None, high=None,
        is_outlier=np.zeros(90, dtype=bool),
    )  # fmt: skip
    counts, _ = display.crossed()
    assert counts.shape == (13, 13)
    assert counts.loc["others", "others"] == 54


def test_an_unknown_column_is_an_error(detector, table):
    with pytest.raises(ValueError, match="column must be one of those of fit.*'price'"):
        ExpectedDisplay.from_estimator(detector, table, "price")


# Codes.


def test_the_map_shows_the_principal_directions(rng):
    from sklearn.decomposition import PCA

    codes = rng.normal(size=(60, 4)) * [3.0, 1.0, 0.2, 0.1]
    display = CodeMapDisplay.from_codes(codes)
    pca = PCA(2).fit(codes)
    np.testing.assert_allclose(
        np.abs(display.positions), np.abs(pca.transform(codes)), atol=1e-9
    )
    np.testing.assert_allclose(display.explained, pca.explained_variance_ratio_)


def test_flagged_and_labelled_rows_are_kept_where_not_all_are_shown(
    detector, odd_table
):
    labels = np.arange(len(odd_table)) == 150
    display = CodeMapDisplay.from_estimator(detector, odd_table, labels, max_rows=60)
    flagged = np.flatnonzero(detector.predict(odd_table) == -1)
    assert len(display.rows) == 60
    assert set(flagged) | {150} <= set(display.rows)
    assert display.rows[display.is_anomaly].tolist() == [150]
    np.testing.assert_array_equal(display.rows[display.is_outlier], flagged)


def test_codes_of_one_direction_and_of_a_transformer_can_be_shown(transformer, table):
    display = CodeMapDisplay.from_estimator(transformer, table)
    assert not display.is_outlier.any()
    shown = display.plot().ax_.get_legend().get_texts()
    assert [text.get_text() for text in shown] == [f"rows ({len(table):,})"]
    one = CodeMapDisplay.from_codes(np.arange(5.0)[:, None])
    assert one.positions.shape == (5, 2)
    tsne = CodeMapDisplay.from_codes(np.eye(12), method="tsne")
    assert tsne.explained is None
    with pytest.raises(ValueError, match=r"method must be one of \['pca', 'tsne'\]"):
        CodeMapDisplay.from_codes(np.eye(3), method="umap")


# The size of the code.


def test_the_least_size_within_one_standard_error_is_chosen():
    losses = np.array([[5.0, 5.2], [2.0, 2.4], [1.9, 2.3], [1.8, 2.3]])
    search = LatentSizeSearch((1, 2, 4, 8), {"loss": losses}, "loss")
    # Best: a mean of 2.05 with a standard error of 0.25.
    assert search.best_latent_dim == 8
    assert search.limit == pytest.approx(2.05 + 0.5 / sqrt(2) / sqrt(2))
    assert search.latent_dim == 2
    auroc = np.array([[0.6, 0.6], [0.79, 0.85], [0.8, 0.9]])
    search = LatentSizeSearch((1, 2, 3), {"auroc": auroc}, "auroc")
    assert search.limit == pytest.approx(0.8)
    assert search.latent_dim == 2


@pytest.mark.slow
@pytest.mark.parametrize("cls", [AutoencoderOutlierDetector, AutoencoderTransformer])
def test_sizes_are_searched(cls):
    X = make_numbers(120)
    labels = np.arange(120) % 12 == 0
    X[labels] += 4.0
    estimator = cls(**CHEAP | {"architecture": "undercomplete", "max_iter": 150})
    search = choose_latent_dim(estimator, X, labels, latent_dims=[3, 1], n_folds=2)
    assert search.latent_dims == (1, 3)
    assert search.criterion == "auroc"
    assert {m.shape for m in search.measures.values()} == {(2, 2)}
    loss = search.means("loss")
    assert loss[1] < loss[0]
    assert search.means("neighbours")[1] < search.means("neighbours")[0]
    assert LatentSizeDisplay(search=search).plot().axes_[-1].get_xlabel()


def test_a_criterion_that_is_not_measured_is_an_error():
    with pytest.raises(ValueError, match="as there are no labels. Got 'auroc'"):
        choose_latent_dim(None, make_numbers(), criterion="auroc")
    with pytest.raises(ValueError, match="latent_dims must hold whole numbers"):
        choose_latent_dim(None, make_numbers(), latent_dims=[0, 2])


# History.


def test_the_history_is_that_of_the_estimator(detector):
    display = HistoryDisplay.from_estimator(detector)
    assert display.losses["training rows"].tolist() == detector.history_["loss"]
    assert display.epochs.tolist() == list(range(1, detector.n_iter_ + 1))


def test_each_network_has_a_curve_and_their_mean_another():
    history = {"loss": [3.0, 2.0], "val_loss": [4.0, 3.0]}
    history |= {"network_1_loss": [2.0, 1.0], "network_2_loss": [4.0, 3.0]}
    history |= {"val_network_1_loss": [3.0, 3.0], "val_network_2_loss": [5.0, 3.0]}
    display = HistoryDisplay.from_history(history)
    assert list(display.losses) == ["training rows", "held-out rows"]
    assert display.networks["training rows"].tolist() == [[2.0, 1.0], [4.0, 3.0]]
    assert display.networks["held-out rows"].tolist() == [[3.0, 3.0], [5.0, 3.0]]
    # Two means and four thin lines, of which the legend names the means.
    drawn = display.plot().ax_
    assert len(drawn.lines) == 6
    assert [text.get_text() for text in drawn.get_legend().get_texts()] == [
        "training rows, mean of networks",
        "held-out rows, mean of networks",
    ]


# Drift.


def shifts_of(detector, table):
    found = column_shifts(detector.scorer_, detector._check_table(table))
    return {one.column: one for one in found}


def test_training_rows_have_not_shifted(detector, table):
    found = shifts_of(detector, table)
    assert not any(one.has_shifted for one in found.values())
    # Equal tables: only the rounding of what is kept is left.
    assert max(one.shift for one in found.values()) < 0.02


def test_shifts_are_shares_of_rows(detector, table):
    changed = table.assign(amount=table["amount"] + 1e3)
    changed.loc[:49, "country"] = "XX"
    changed.loc[:99, "age"] = np.nan
    changed["opened"] = table["opened"].dt.normalize() + pd.Timedelta("3h")
    found = shifts_of(detector, changed)
    before = table["country"].fillna("none").value_counts(normalize=True)
    now = changed["country"].fillna("none").value_counts(normalize=True)
    expected = 0.5 * before.sub(now, fill_value=0.0).abs().sum()
    assert found["country"].shift == pytest.approx(expected)
    assert found["amount"].shift == pytest.approx(1.0, abs=0.01)
    missing = changed["age"].isna().mean() - table["age"].isna().mean()
    assert found["age"].shift == pytest.approx(missing, abs=0.02)
    assert found["age"].missing_now == pytest.approx(changed["age"].isna().mean())
    assert found["opened"].by == "hours"
    hours = table["opened"].dt.hour.value_counts(normalize=True)
    assert found["opened"].shift == pytest.approx(1 - hours[3])
    assert all(found[name].has_shifted for name in ("amount", "country", "age"))
    assert not found["size"].has_shifted


def test_a_shift_of_numbers_is_that_of_kolmogorov_and_smirnov(number_detector, rng):
    from scipy.stats import ks_2samp

    X = make_numbers()
    new = X[:, [0, 1, 2, 3, 4]] + [0.0, 0.3, 0.0, 0.0, 1.0]
    found = shifts_of(number_detector, new)
    for column in range(5):
        ks = ks_2samp(X[:, column], new[:, column]).statistic
        assert found[column].shift == pytest.approx(ks, abs=0.03)


def test_chance_is_seldom_exceeded(detector, rng):
    counts = []
    for seed in range(40):
        found = shifts_of(detector, make_table(200, seed=seed + 1))
        counts.append([one.has_shifted for one in found.values()])
    # By chance one column of twenty; limits are a little too wide.
    assert 0.0 < np.mean(counts) <= 0.07


def test_the_limit_of_levels_is_what_simulation_shows(rng):
    from aeanomaly.drift.shifts import _level_chance

    shares = np.array([0.5, 0.3, 0.15, 0.05])
    two = rng.multinomial(1_000, shares, (2, 4_000)) / 1_000
    distances = 0.5 * np.abs(two[0] - two[1]).sum(axis=1)
    limit = _level_chance(shares, 1_000, 1_000)
    assert 0.95 < (distances <= limit).mean() <= 1.0
    mean = 0.5 * np.sqrt(2 / pi) * np.sqrt(shares * (1 - shares) * 2e-3).sum()
    assert distances.mean() == pytest.approx(mean, rel=0.05)


# Ranking.


def test_precision_and_value_found_are_counted(detector, odd_table):
    labels = np.arange(len(odd_table)) < 5
    worth = np.where(labels, 10.0, 1.0)
    display = PrecisionAtKDisplay.from_estimator(
        detector, odd_table, labels, values=worth
    )
    order = np.argsort(detector.score_samples(odd_table), kind="stable")
    for k in (1, 7, 200):
        assert display.precision[k - 1] == labels[order[:k]].mean()
        assert display.found[k - 1] == labels[order[:k]].sum() / 5
    assert display.prevalence == 5 / 200
    assert display.k_flagged == (detector.predict(odd_table) == -1).sum()
    with pytest.raises(ValueError, match="No row is labelled as an anomaly"):
        PrecisionAtKDisplay.from_scores([-1.0, 0.0], [0, 0])


# What is drawn.


@pytest.fixture
def every_display(detector, odd_table):
    labels = np.arange(len(odd_table)) < 5
    measures = {"loss": np.array([[2.0, 2.2], [1.0, 1.1]])}
    search = LatentSizeSearch((1, 2), measures, "loss")
    return [
        ScoreDisplay.from_estimator(detector, odd_table),
        ThresholdDisplay.from_estimator(detector, odd_table),
        ThresholdDisplay.from_estimator(detector, odd_table, labels, times="opened"),
        RowReasonsDisplay.from_estimator(detector, odd_table),
        ReasonMapDisplay.from_estimator(detector, odd_table),
        FirstReasonsDisplay.from_estimator(detector, odd_table),
        ExpectedDisplay.from_estimator(detector, odd_table, "age"),
        ExpectedDisplay.from_estimator(detector, odd_table, "opened"),
        ExpectedDisplay.from_estimator(detector, odd_table, "country"),
        CodeMapDisplay.from_estimator(detector, odd_table, labels),
        LatentSizeDisplay(search=search),
        HistoryDisplay.from_estimator(detector),
        DriftDisplay.from_estimator(detector, odd_table),
        PrecisionAtKDisplay.from_estimator(detector, odd_table, labels),
    ]


@pytest.mark.slow
def test_every_display_draws_on_given_axes_within_the_picture(every_display, plt):
    drawn = {type(display).__name__ for display in every_display}
    assert drawn | {"ErrorMapDisplay"} == set(displays.__all__)
    for display in every_display:
        figure, ax = plt.subplots(figsize=(8.0, 6.0), layout="constrained")
        assert display.plot(ax) is display
        assert display.ax_ is ax
        assert display.figure_ is figure
        panels = getattr(display, "axes_", [ax])
        assert panels[-1].get_xlabel()
        figure.canvas.draw()
        # Nothing is cut off at an edge.
        box = figure.get_tightbbox()
        assert box.x0 >= -0.02, display
        assert box.x1 <= 8.02, display
        assert box.y0 >= -0.02, display
        assert box.y1 <= 6.02, display
        plt.close(figure)


def test_error_maps_are_drawn_in_the_place_of_given_axes(plt, rng):
    images = rng.random((3, 4, 4))
    display = displays.ErrorMapDisplay(
        images=images, reconstructions=images, errors=images
    )
    figure, ax = plt.subplots(layout="constrained")
    assert display.plot(ax).ax_ is ax
    assert display.figure_ is figure
    # The given axes, nine images and a colour bar.
    assert len(figure.axes) == 1 + 9 + 1
    assert display.plot().ax_ in display.figure_.axes


def test_names_of_columns_are_no_formulas(plt):
    name = "$price_{1$ <script> \u202e" + "x" * 100
    display = FirstReasonsDisplay(columns=[name], counts=np.array([3]))
    display.plot().figure_.canvas.draw()
    (text,) = [t.get_text() for t in display.ax_.get_yticklabels()]
    assert text.startswith(r"\$price_{1\$ <script> \u202e")
    assert len(text) < 50


@pytest.mark.slow
def test_displays_compute_without_matplotlib():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from aeanomaly.displays import ScoreDisplay\n"
        "display = ScoreDisplay.from_scores({'rows': [-2.0, -1.0]}, offset=-1.5)\n"
        "try: display.plot()\n"
        "except ImportError as error: print(error)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout == (
        "Displays are drawn by matplotlib, which is not installed. Install it with: "
        'pip install "aeanomaly[plot]".\n'
    )


def test_displays_need_a_fitted_estimator(table):
    for name in displays.__all__:
        display = getattr(displays, name)
        if display is LatentSizeDisplay:
            continue
        given = {"ExpectedDisplay": ["amount"], "PrecisionAtKDisplay": [[0, 1]]}
        more = given.get(name, [])
        rows = [] if display is HistoryDisplay else [table]
        with pytest.raises(NotFittedError):
            display.from_estimator(AutoencoderOutlierDetector(), *rows, *more)


def test_new_axes_are_800_pixels_wide(plt):
    figure = new_axes().figure
    assert figure.get_figwidth() * figure.get_dpi() == 800
