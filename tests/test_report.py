"""Reports: what the dict says, and that the page is safe and complete."""

import json
import subprocess
import sys
import warnings
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from cases import CHEAP, make_numbers, make_table
from scipy.stats import spearmanr
from sklearn.ensemble import IsolationForest

from aeanomaly import AutoencoderOutlierDetector
from aeanomaly.report import Gathered, render_page, report_content
from aeanomaly.report.charts import round_ticks
from aeanomaly.report.gather import KeptRows
from aeanomaly.report.groups import Reason, group_rows
from aeanomaly.report.times import over_time

HOSTILE = "<script>alert(1)</script>\u202e\"'&amp;</style><img src=x onerror=alert(2)>"


@pytest.fixture
def odd_table():
    odd = make_table()
    odd.loc[:9, "amount"] = 1e6
    odd.loc[10:19, "country"] = "XX"
    odd.loc[20:22, "n_visits"] = 400
    return odd


@pytest.fixture(scope="module")
def content(detector):
    odd = make_table()
    odd.loc[:9, "amount"] = 1e6
    odd.loc[10:19, "country"] = "XX"
    return detector.report(odd, np.arange(200) < 15, top=30)


# What the dict says.


def test_the_report_is_plain_data(content):
    assert json.loads(json.dumps(content)) == content
    assert json.dumps(content, allow_nan=False)


def test_counts_are_those_of_the_detector(detector, odd_table):
    y = np.arange(200) < 15
    content = detector.report(odd_table, y)
    flagged = detector.predict(odd_table) == -1
    assert (content["rows"], content["flagged"]) == (200, flagged.sum())
    assert content["threshold"] == detector.offset_
    assert content["promise"] == detector.threshold_.summary_
    labels = content["labels"]
    assert labels["flagged_anomalies"] == (flagged & y).sum()
    assert labels["precision"] == pytest.approx(
        (flagged & y).sum() / flagged.sum(), abs=1e-4
    )
    assert labels["recall"] == pytest.approx((flagged & y).sum() / 15, abs=1e-4)


def test_listed_rows_are_the_most_abnormal(detector, odd_table):
    content = detector.report(odd_table, top=7)
    scored = detector.score_frame(odd_table, reasons=3, p_values=True, severity=True)
    lowest = scored.nsmallest(7, "score")
    assert [row["row"] for row in content["top"]] == lowest.index.tolist()
    for row, (_, expected) in zip(content["top"], lowest.iterrows(), strict=True):
        assert row["score"] == pytest.approx(expected["score"], abs=1e-4)
        assert row["p_value"] == pytest.approx(expected["p_value"])
        assert row["severity"] == expected["severity"]
        assert row["reasons"] == [expected[f"reason_{i}"] for i in (1, 2, 3)]
        assert row["flagged"] == expected["is_outlier"]
        assert sum(cell["share"] for cell in row["columns"]) == pytest.approx(
            1, abs=0.01
        )
        changed = {
            cell["column"] for cell in row["columns"] if cell["changed"] is not None
        }
        assert changed == {one["column"] for one in row["counterfactual"]["changes"]}
    assert content["top"][0]["counterfactual"]["score"] >= content["threshold"] - 1e-4


def test_the_index_names_rows(detector, odd_table):
    named = odd_table.set_axis([f"r{i}" for i in range(200)])
    content = detector.report(named, top=3)
    assert all(row["name"] == f"r{row['row']}" for row in content["top"])


def test_gathering_in_batches_changes_nothing(detector, odd_table):
    table = detector._check_table(odd_table)
    scores = detector.score_samples(odd_table)
    found = []
    for size in (200, 17):
        gathered = Gathered(detector.scorer_)
        for start in range(0, 200, size):
            rows = slice(start, start + size)
            gathered.add(table.iloc[rows], scores[rows])
        content = report_content(detector, gathered, top=10)
        content["created"] = ""
        found.append(content)
    assert found[0]["top"] == found[1]["top"]
    assert found[0]["groups"] == found[1]["groups"]
    assert found[0]["over_time"] == found[1]["over_time"]
    assert found[0]["drift"] == found[1]["drift"]


def test_kept_rows_are_those_of_the_least_keys(rng):
    kept, keys = KeptRows(), rng.normal(size=100)
    for start in range(0, 100, 30):
        part = keys[start : start + 30]
        at = np.arange(start, start + len(part))
        kept.add(at, part, at[:, None] * 1.0, 12)
    order = np.argsort(keys)[:12]
    assert kept.positions.tolist() == order.tolist()
    assert kept.features[:, 0].tolist() == order.tolist()


def test_the_forest_is_that_of_scikit_learn(number_detector):
    X = make_numbers()
    X[:5] += 8.0
    beside = number_detector.report(X)["forest"]
    scores = number_detector.score_samples(X)
    forest = IsolationForest(random_state=0).fit(X.astype(np.float32))
    expected = spearmanr(scores, forest.score_samples(X.astype(np.float32))).statistic
    assert beside["rank_agreement"] == pytest.approx(expected, abs=0.002)
    assert beside["rows"] == 200
    assert len(beside["only_here"]) <= 3
    assert beside["curves"] is None


def test_curves_are_summed_up_as_scikit_learn_does(content, detector, odd_table):
    from sklearn.metrics import average_precision_score, roc_auc_score

    odd = odd_table.copy()
    odd.loc[20:22, "n_visits"] = make_table().loc[20:22, "n_visits"]
    y, scores = np.arange(200) < 15, detector.score_samples(odd)
    own = content["forest"]["curves"]["detector"]
    assert own["auroc"] == pytest.approx(roc_auc_score(y, -scores), abs=1e-4)
    expected = average_precision_score(y, -scores)
    assert own["average_precision"] == pytest.approx(expected, abs=1e-4)


def test_periods_count_rows_and_alerts():
    start = np.datetime64("2026-03-01", "s").astype(float)
    seconds = start + np.arange(400) * 3_600.0
    scores = np.where(np.arange(400) % 48 == 3, -9.0, -1.0)
    seconds[5] = np.nan
    found = over_time(seconds, scores, -5.0, "when")
    assert found["period"] == "day"
    assert found["starts"][:2] == ["2026-03-01", "2026-03-02"]
    assert found["rows"][:3] == [23, 24, 24]
    assert found["flagged"][:4] == [1, 0, 1, 0]
    assert found["left_out"] == 0
    assert found["median"][0] == -1.0
    assert over_time(np.full(5, start), np.zeros(5), 0.0, "when") is None


def test_one_time_far_off_does_not_hide_the_others():
    seconds = np.append(np.arange(2_000) * 600.0, 1e11)
    found = over_time(seconds, np.zeros(2_001), -1.0, "when")
    assert found["left_out"] == 1
    assert len(found["starts"]) > 10


# Groups.


def test_rows_that_share_reasons_are_a_group():
    amount, night = Reason(0, "too high", False), Reason(1, "3", True)
    rare = Reason(2, "XX", True)
    both = [{amount: 0.6, night: 0.4}] * 8 + [{night: 0.5, amount: 0.5}] * 4
    groups = group_rows([*both, *[{amount: 1.0}] * 6, {rare: 0.9}])
    assert [len(group.rows) for group in groups] == [12, 6, 1]
    assert groups[0].reasons == (amount, night)
    assert groups[1].reasons == (amount,)
    assert groups[2].rows.tolist() == [18]
    every = np.sort(np.concatenate([group.rows for group in groups]))
    assert every.tolist() == list(range(19))


def test_a_division_leaves_the_least_spread(rng):
    from aeanomaly.report.groups import _division, _spread

    weights = rng.random((40, 6)) * (rng.random((40, 6)) < 0.5)
    gain, reason = _division(weights, np.arange(40), 3)

    def left(i):
        has = weights[:, i] > 0
        return _spread(weights[has]) + _spread(weights[~has])

    assert left(reason) == pytest.approx(min(left(i) for i in range(6)))
    assert gain == pytest.approx(_spread(weights) - left(reason))


def test_rows_without_a_common_reason_are_said_to_have_none():
    rows = [{Reason(i, "too high", False): 1.0} for i in range(60)]
    (group,) = group_rows(rows)
    assert len(group.rows) == 60
    assert group.share == pytest.approx(1 / 60)


def test_groups_say_what_rows_share(content):
    said = {tuple(group["reasons"]): group for group in content["groups"]}
    assert ("amount is too high",) in {key[:1] for key in said}
    assert said["amount is too high",]["rows"] >= 8
    assert sum(group["rows"] for group in content["groups"]) == content["flagged"]
    numbers = {row["group"] for row in content["top"] if row["flagged"]}
    assert numbers <= {group["number"] for group in content["groups"]}


# The page.


class Reader(HTMLParser):
    """Collects tags, their attributes and the text of the page."""

    def __init__(self):
        super().__init__()
        self.tags, self.text, self.ids = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)


def read(page):
    reader = Reader()
    reader.feed(page)
    return reader


def test_the_page_asks_for_nothing(content):
    reader = read(render_page(content))
    for tag, attributes in reader.tags:
        for name in ("src", "href", "action", "data"):
            value = attributes.get(name, "")
            assert value == "data:," or value.startswith("#") or not value
        assert not [name for name in attributes if name.startswith("on")]
        assert "style" not in attributes
        assert tag not in {"iframe", "object", "embed", "base", "img"}
    policy = next(a for t, a in reader.tags if t == "meta" and "http-equiv" in a)
    assert policy["content"].startswith("default-src 'none'; style-src 'sha256-")


def test_ids_are_there_once_and_links_lead_to_them(content):
    reader = read(render_page(content))
    ids = [a["id"] for _, a in reader.tags if "id" in a]
    assert len(ids) == len(set(ids))
    for _, attributes in reader.tags:
        for name in ("aria-controls", "aria-labelledby", "for", "data-detail"):
            assert attributes.get(name, ids[0]) in ids
        if attributes.get("href", "").startswith("#"):
            assert attributes["href"][1:] in ids


def test_hostile_names_and_values_stay_text():
    table = make_table()
    table[HOSTILE] = np.where(np.arange(200) % 2, HOSTILE, "y" * 10_000)
    table.index = [HOSTILE + str(i) for i in range(200)]
    detector = AutoencoderOutlierDetector(**CHEAP).fit(table)
    table.loc[table.index[:5], "amount"] = 1e6
    table.loc[table.index[3:8], HOSTILE] = "</title><script>alert(3)</script>"
    content = detector.report(table, title=HOSTILE, source=HOSTILE)
    page = render_page(content)
    tags = [tag for tag, _ in read(page).tags]
    assert (
        tags.count("script")
        == tags.count("style")
        == tags.count("title") - sum(1 for _ in content["over_time"]["starts"])
    )
    assert "img" not in tags
    assert "alert(1)" in page
    assert "\u202e" not in page
    assert len(page) < 1_000_000


def test_a_page_of_few_rows_and_of_an_array(number_detector, detector):
    X = make_numbers()
    assert "No row is flagged" in render_page(number_detector.report(X[20:21]))
    with pytest.raises(ValueError, match="has no rows: there is nothing to report"):
        report_content(detector, Gathered(detector.scorer_))
    with pytest.raises(ValueError, match="y has 3 labels for 200 rows"):
        number_detector.report(X, [0, 1, 0])
    odd = make_table().head(10)
    odd["amount"] = 1e6
    content = detector.report(odd)
    assert content["suspicion"].startswith("More than half of the rows are flagged")
    assert content["suspicion"] in render_page(content)


def test_without_jinja_the_dict_is_there_and_the_page_is_an_error():
    code = (
        "import sys; sys.modules['jinja2'] = None\n"
        "from aeanomaly.report import check_jinja\n"
        "try: check_jinja()\n"
        "except ImportError as error: print(error)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout == (
        "A report as HTML needs jinja2, which is not installed. Install it with: "
        'pip install "aeanomaly[report]".\n'
    )


def test_ticks_are_round_and_within():
    assert round_ticks(0.0, 1.0, 5) == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert round_ticks(3.0, 3.0) == [3.0]


# The command line.


@pytest.fixture
def files(tmp_path, detector, odd_table):
    detector.save(tmp_path / "model.aea")
    table = odd_table.assign(bad=np.arange(200) < 15, key=[f"k{i}" for i in range(200)])
    table.to_csv(tmp_path / "table.csv", index=False)
    return tmp_path / "model.aea", tmp_path / "table.csv", tmp_path / "report.html"


def test_the_command_writes_what_the_method_says(run, files, detector, odd_table):
    model, table, page = files
    options = ["--output", page, "--id", "key", "--label", "bad", "--json"]
    code, stdout, _ = run("report", model, table, *options)
    assert code == 0
    said = json.loads(stdout)
    own = detector.report(odd_table, np.arange(200) < 15)
    for key in ("rows", "flagged", "labels", "over_time", "threshold"):
        assert said[key] == own[key], key
    assert [row["name"] for row in said["top"]] == [
        f"k{row['row']}" for row in own["top"]
    ]
    assert said["model"]["model_file"] == str(model)
    assert "k1" in page.read_text(encoding="utf-8")


def test_the_command_says_what_it_did(run, files):
    model, table, page = files
    code, stdout, _ = run("report", model, table, "--output", page, "--title", "Night")
    assert code == 0
    assert "Reported on 200 rows of" in stdout
    assert f"Written to {page}." in stdout
    assert "<h1>Night</h1>" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "Pass --output FILE.html, or --json for standard output."),
        (["--output", "nowhere/page.html"], "the folder nowhere does not exist"),
        (["--json", "--label", "worse"], "--label worse: the table has no such column"),
        (["--json", "--label", "country"], "unclear which of them is normal"),
    ],
)
def test_errors_say_what_to_do(run, files, options, message):
    model, table, _ = files
    code, _, stderr = run("report", model, table, *options)
    assert code == 1
    assert message in stderr


@pytest.mark.slow
def test_detect_writes_a_report_as_well(run, files, cheap_detector, tmp_path):
    _, table, page = files
    output = tmp_path / "scored.csv"
    options = ["--label", "bad", "--id", "key", "--output", output, "--report", page]
    code, stdout, _ = run("detect", table, *options)
    assert code == 0
    assert f"Written to {output} and {page}." in stdout
    assert "By labels: 15 anomalies among 200" in page.read_text(encoding="utf-8")
    code, _, stderr = run("detect", table, "--output", page, "--report", page)
    assert code == 1


def test_the_report_keeps_a_frame_as_it_was(detector, odd_table):
    before = odd_table.copy()
    detector.report(odd_table)
    pd.testing.assert_frame_equal(odd_table, before)


@pytest.mark.parametrize("name", ["protocol_1_detector", "protocol_2_reconstruction"])
def test_models_of_older_protocols_have_a_report(name):
    from test_protocols import DATA, FIRST_ROWS, read_expected, rows_of

    import aeanomaly

    rows = FIRST_ROWS
    if name != "protocol_1_detector":
        rows = rows_of(read_expected(name))
    detector = aeanomaly.load(DATA / f"{name}.aea")
    with warnings.catch_warnings():
        # A cell of the rows is one that nobody can read.
        warnings.simplefilter("ignore")
        content = detector.report(rows)
    assert content["rows"] == len(rows)
    assert "Most abnormal rows" in render_page(content)
