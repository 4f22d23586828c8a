"""Tests of what users write outside the package: a class of one file each."""

import copy
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cases import CHEAP, make_table
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.utils._param_validation import InvalidParameterError

import aeanomaly
from aeanomaly import AutoencoderOutlierDetector, NumericColumn, ScorePart
from aeanomaly.cli import main
from aeanomaly.exceptions import ArchiveFormatError, ColumnError
from aeanomaly.registry import Registry
from aeanomaly.scoring.encoding.columns import COLUMN_KINDS
from aeanomaly.scoring.parts import PARTS
from aeanomaly.thresholds import THRESHOLDS

sys.path.insert(0, str(Path(__file__).parent / "own"))
from own_column import MinuteColumn
from own_part import MedianDistance
from own_threshold import MedianThreshold


@pytest.fixture
def registered(monkeypatch):
    """A function that registers a class until the test ends."""

    def register(registry, cls):
        monkeypatch.setattr(registry, "_classes", copy.copy(registry._classes))
        return registry.register(cls)

    return register


def fit(table=None, **parameters):
    table = make_table() if table is None else table
    return AutoencoderOutlierDetector(**CHEAP, **parameters).fit(table)


def reloaded(detector, tmp_path, classes):
    path = tmp_path / "own.aea"
    detector.save(path)
    return aeanomaly.load(path, classes=classes)


# A part of the score.


@pytest.fixture(scope="module")
def with_own_part():
    return fit(score_type=["residual", "marginal", MedianDistance])


def test_an_own_part_is_fitted_scored_and_explained(with_own_part):
    table = make_table(50, seed=1)
    parts = with_own_part.scorer_.reduction.parts
    assert [type(scaled.part).__name__ for scaled in parts] == [
        "Residual",
        "Marginal",
        "MedianDistance",
    ]
    table.loc[7, "n_visits"] = 900
    scores = with_own_part.score_samples(table)
    assert scores.argmin() == 7
    reasons = with_own_part.explain(table.iloc[[7]], top=1)
    assert reasons["column"].tolist() == ["n_visits"]


def test_an_own_part_decides_the_score(with_own_part):
    alone = fit(score_type=[MedianDistance])
    table = make_table(50, seed=1)
    for _, evaluation in alone.model_.iter_evaluations(table):
        (scaled,) = alone.scorer_.reduction.parts
        distance = np.abs(evaluation.Z - scaled.part.median).sum(axis=1)
        assert_allclose(alone.score_samples(table), -scaled.scale(distance))


def test_an_own_part_is_saved_and_loaded(with_own_part, tmp_path):
    loaded = reloaded(with_own_part, tmp_path, [MedianDistance])
    table = make_table(50, seed=1)
    assert_array_equal(loaded.score_samples(table), with_own_part.score_samples(table))
    pd.testing.assert_frame_equal(loaded.explain(table), with_own_part.explain(table))
    assert loaded.get_params()["score_type"] == [
        "residual",
        "marginal",
        MedianDistance,
    ]
    assert_array_equal(
        loaded.fit(make_table()).score_samples(table),
        with_own_part.score_samples(table),
    )


def test_a_model_with_an_own_part_asks_for_its_class(with_own_part, tmp_path, capsys):
    with pytest.raises(
        ArchiveFormatError,
        match=r"own\.aea holds an object of 'MedianDistance', a class that aeanomaly "
        r"does not define\. If you trust it, import the class and load the model with "
        r"aeanomaly\.load\(path, classes=\[\.\.\.\]\)",
    ):
        reloaded(with_own_part, tmp_path, [])
    assert main(["inspect", str(tmp_path / "own.aea")]) == 1
    assert "holds an object of 'MedianDistance'" in capsys.readouterr().err


def test_a_registered_part_has_a_name(registered, tmp_path):
    registered(PARTS, MedianDistance)
    detector = fit(score_type=["median_distance", "marginal"])
    loaded = reloaded(detector, tmp_path, [])
    table = make_table(20, seed=1)
    assert_array_equal(loaded.score_samples(table), detector.score_samples(table))


def test_parts_without_a_conditional_mean_expect_the_reconstruction():
    parts = ["residual", "marginal", MedianDistance]
    longer = CHEAP | {"max_iter": 20, "batch_size": 256}
    detector = AutoencoderOutlierDetector(**longer, score_type=parts).fit(make_table())
    assert detector.scorer_.reduction.expecting is None
    table = make_table(20, seed=1)
    reasons = detector.explain(table, top=8)
    ages = reasons[reasons["column"] == "age"]["expected"].to_numpy(dtype=float)
    evaluations = detector.model_.iter_evaluations(table)
    output = np.vstack([e.output.mean(axis=0) for _, e in evaluations])
    reconstructed = detector.model_.encoding.decode(output)["age"]
    # As far off as reconstructions of training rows are.
    assert_allclose(ages, reconstructed, atol=5.0)
    assert np.corrcoef(ages, reconstructed)[0, 1] > 0.7


def test_the_first_part_that_expects_is_asked():
    detector = fit(score_type=["marginal", "covariance"])
    assert detector.scorer_.reduction.expecting == 1
    assert fit().scorer_.reduction.expecting == 3


@pytest.mark.parametrize(
    ("parts", "came"), [(["residual", "forest"], "'forest'"), ([NumericColumn], "Num")]
)
def test_an_unknown_part_is_an_error(parts, came):
    with pytest.raises(
        ValueError,
        match=f"must hold names among 'residual', 'marginal', .*Got .*{came}",
    ):
        fit(score_type=parts)


def test_no_parts_are_an_error():
    with pytest.raises(ValueError, match=r"must hold at least one of .* Got none"):
        fit(score_type=[])
    with pytest.raises(ValueError, match="n_references=0 leaves out every part"):
        fit(score_type=["neighbourhood"], n_references=0)


def test_a_part_that_no_file_could_give_back_is_not_saved(tmp_path):
    @dataclass(frozen=True)
    class Held(ScorePart):
        table: object
        name = "held"

        @classmethod
        def fit(cls, rows):
            return cls({1, 2})

        def statistic(self, evaluation, encoding):
            return np.zeros(len(evaluation.Z))

        def cells(self, evaluation, encoding):
            return np.zeros((len(evaluation.Z), len(encoding.columns)))

    detector = fit(score_type=["residual", Held])
    with pytest.raises(TypeError, match=r"reduction.*table cannot be saved"):
        detector.save(tmp_path / "held.aea")
    assert not list(tmp_path.iterdir())


def test_a_part_with_the_name_of_a_known_class_is_not_saved(tmp_path):
    class Marginal(MedianDistance):
        name = "other"

    detector = fit(score_type=["residual", Marginal])
    with pytest.raises(TypeError, match="cannot be saved"):
        detector.save(tmp_path / "model.aea")
    assert not list(tmp_path.iterdir())


def test_what_load_would_refuse_is_not_left_in_place_of_an_old_file(
    with_own_part, tmp_path
):
    path = tmp_path / "model.aea"
    with_own_part.save(path)
    before = path.read_bytes()
    broken = copy.deepcopy(with_own_part)
    broken.scorer_.reduction.parts[0].part.weights[0] = np.nan
    with pytest.raises(ArchiveFormatError, match="weights that are negative or not"):
        broken.save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["model.aea"]


# A threshold.


def test_an_own_threshold_has_a_name(registered, tmp_path):
    registered(THRESHOLDS, MedianThreshold)
    detector = fit(threshold="median")
    assert detector.offset_ == fit(threshold=MedianThreshold()).offset_
    assert detector.offset_ != fit(threshold="quantile").offset_
    assert reloaded(detector, tmp_path, []).threshold == "median"


def test_an_own_threshold_is_saved_and_loaded(tmp_path):
    detector = fit(threshold=MedianThreshold(n_deviations=2.0))
    loaded = reloaded(detector, tmp_path, [MedianThreshold])
    assert loaded.offset_ == detector.offset_
    assert loaded.threshold.n_deviations == 2.0
    table = make_table(100, seed=2)
    scores = detector.score_samples(table)
    expected = MedianThreshold(n_deviations=2.0).offset(scores, np.ones(100))
    assert loaded.fit_threshold(table).offset_ == expected
    assert len(loaded.explain(table.head(2), top=1)) == 2


def test_a_name_of_no_threshold_is_an_error_that_lists_the_names(registered):
    registered(THRESHOLDS, MedianThreshold)
    with pytest.raises(
        InvalidParameterError, match=r"a str among \{'quantile', .*, 'median'\}"
    ):
        fit(threshold="mean")


# A kind of column.


@pytest.fixture(scope="module")
def clock_table():
    rng = np.random.default_rng(0)
    minutes = np.clip(rng.normal(780, 90, 300), 500, 1_100).astype(int)
    clock = [f"{m // 60:02d}:{m % 60:02d}" for m in minutes]
    table = pd.DataFrame({"clock": clock, "v": rng.normal(size=300)})
    return table.assign(code=rng.choice([10, 20, 30], 300))


@pytest.fixture(scope="module")
def with_own_column(clock_table):
    kinds = {"clock": MinuteColumn, "code": "category"}
    return fit(clock_table, column_kinds=kinds)


def test_an_own_kind_of_column_is_fitted_scored_and_explained(
    with_own_column, clock_table
):
    assert type(with_own_column.model_.encoding.columns[0]) is MinuteColumn
    rows = clock_table.head(20).copy()
    rows.loc[3, "clock"] = "03:10"
    assert with_own_column.score_samples(rows).argmin() == 3
    (reason,) = with_own_column.score_frame(rows.iloc[[3]], reasons=1)["reason_1"]
    assert reason.startswith("clock 03:10, expected 1")


def test_an_own_kind_of_column_is_saved_and_loaded(
    with_own_column, clock_table, tmp_path, capsys
):
    loaded = reloaded(with_own_column, tmp_path, [MinuteColumn])
    pd.testing.assert_frame_equal(
        loaded.score_frame(clock_table, reasons=2),
        with_own_column.score_frame(clock_table, reasons=2),
    )
    assert loaded.column_kinds == {"clock": MinuteColumn, "code": "category"}
    with pytest.raises(ArchiveFormatError, match="an object of 'MinuteColumn'"):
        reloaded(with_own_column, tmp_path, [])


def test_a_registered_kind_of_column_has_a_name(
    registered, clock_table, tmp_path, capsys
):
    registered(COLUMN_KINDS, MinuteColumn)
    detector = fit(clock_table, column_kinds={"clock": "minutes", "code": "category"})
    detector.save(tmp_path / "model.aea")
    assert main(["inspect", str(tmp_path / "model.aea")]) == 0
    assert "minutes   sine and cosine" in capsys.readouterr().out


def test_a_number_may_be_read_as_a_category(with_own_column, clock_table):
    assert with_own_column.model_.encoding.columns[2].levels == (10, 20, 30)
    row = clock_table.head(1).assign(code=15)
    usual = row.assign(code=20)
    assert with_own_column.score_samples(row) < with_own_column.score_samples(usual)


def test_wrong_kinds_of_columns_are_errors(clock_table):
    with pytest.raises(ColumnError, match="names column 'x', which is not in the tab"):
        fit(clock_table, column_kinds={"x": "category"})
    with pytest.raises(
        ColumnError, match=r"'v' a name among 'number', .*subclass of Column. Got 'id'"
    ):
        fit(clock_table, column_kinds={"v": "id"})


# The registry.


def test_a_registry_keeps_the_names_of_the_package():
    class Mine(MedianThreshold):
        name = "quantile"

    with pytest.raises(ValueError, match="'quantile' is the name of aeanomaly's own"):
        THRESHOLDS.register(Mine)
    assert THRESHOLDS["quantile"] is not Mine


def test_a_class_without_a_name_of_its_own_cannot_be_registered():
    class Mine(MedianThreshold):
        pass

    with pytest.raises(ValueError, match=r"Mine has no name of its own. Write name ="):
        THRESHOLDS.register(Mine)


def test_a_class_may_be_registered_again_as_a_notebook_does():
    registry = Registry("rule", [])
    for _ in range(2):

        @registry.register
        class Rule:
            name = "rule"

    assert registry["rule"] is Rule


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(
        KeyError, match="is not the name of a threshold. Allowed: 'quant"
    ):
        THRESHOLDS["forest"]
