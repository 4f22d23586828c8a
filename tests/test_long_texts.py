"""Texts of megabytes: refused where they would be kept, cut where they are shown."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from cases import CHEAP
from test_archive import entries_of, signed, zipped

from aeanomaly import AutoencoderOutlierDetector
from aeanomaly.cli import main
from aeanomaly.exceptions import ArchiveError, ColumnError
from aeanomaly.fitting import encoding as fitting
from aeanomaly.fitting.encoding import fit_encoding
from aeanomaly.printable import quoted
from aeanomaly.scoring.archive import read_model
from aeanomaly.scoring.encoding.columns import ColumnOptions
from aeanomaly.scoring.encoding.names import check_names

LONG = "x" * 10_000_000
N_ROWS = 60


def table(**columns):
    rng = np.random.default_rng(0)
    found = {"w": rng.normal(size=N_ROWS), "v": rng.choice(["a", "b", "c"], N_ROWS)}
    return pd.DataFrame(found | columns)


def encoded(frame):
    return fit_encoding(frame, np.ones(len(frame)), ColumnOptions())


def refused(call, *arguments):
    """The text of the error that a call raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        with pytest.raises(ColumnError) as error:
            call(*arguments)
    return str(error.value)


@pytest.mark.parametrize("name", [LONG, (LONG, "a")], ids=["text", "tuple"])
def test_a_name_of_megabytes_is_refused_in_fit(name):
    frame = table()
    frame.columns = pd.Index([name, "v"], tupleize_cols=False)
    text = refused(AutoencoderOutlierDetector(**CHEAP).fit, frame)
    assert f"{10_000_000 + isinstance(name, tuple):,} characters" in text
    assert text.endswith("allowed are 10,000. Rename the column.")
    assert len(text) < 1_000


def test_a_level_of_megabytes_is_refused_in_fit():
    frame = table()
    frame.loc[3, "v"] = LONG
    text = refused(AutoencoderOutlierDetector(**CHEAP).fit, frame)
    assert text == (
        f"Column 'v' holds a text of 10,000,000 characters, '{'x' * 39}…'; a level of "
        "a category may have 100,000. Shorten it, drop the column, or pass "
        "column_kinds={'v': 'ignored'}."
    )


def test_documents_that_are_left_out_may_have_any_length():
    from aeanomaly.fitting.distinct_rows import informative_rows
    from aeanomaly.fitting.encoding import kinds_of

    frame = table(v=[f"{'x' * 200_000}{i}" for i in range(N_ROWS)])
    found = informative_rows(frame, None, kinds_of(frame))
    assert [kind.kind for kind in found.kinds] == ["number", "ignored"]
    fit_encoding(frame, np.ones(N_ROWS), ColumnOptions(), found.kinds)


def test_levels_that_are_too_long_together_are_refused(monkeypatch):
    frame = table(u=np.repeat(["\u20ac" * 90_000, "b" * 90_000], N_ROWS // 2))
    encoded(frame)
    monkeypatch.setattr(fitting, "_MOST_TEXT", 200_000)
    text = refused(encoded, frame)
    assert text.startswith("The levels of all columns take 630,")
    assert "those of column 'u' 630,008; a model file holds 200,000." in text
    assert text.endswith("drop it, or pass column_kinds={'u': 'ignored'}.")


def test_a_new_text_of_megabytes_is_cut_where_it_is_shown(number_detector):
    numbers = pd.DataFrame(np.zeros((2, 5)), columns=range(5), dtype=object)
    numbers[0] = LONG
    text = refused(number_detector.score_samples, numbers)
    assert (
        "held numbers when the model was fitted and holds strings such as 'xx" in text
    )
    assert len(text) < 1_000
    assert len(refused(check_names, [LONG], ["b"])) < 1_000
    assert len(refused(check_names, ["b"], ["b", LONG])) < 1_000
    assert len(refused(check_names, [LONG], [LONG, LONG])) < 1_000


def test_a_column_of_long_texts_is_described_shortly():
    column = encoded(table()).columns[1]
    assert len(column.describe()) < 100
    frame = table(v=np.repeat(["x" * 90_000, "b"], N_ROWS // 2))
    column = encoded(frame).columns[1]
    assert len(column.describe()) < 1_000
    assert len(column.facts().values) < 1_000


@pytest.mark.parametrize("value", [(LONG, LONG), [LONG], {"a": LONG}, LONG])
def test_what_is_quoted_is_short(value):
    assert len(quoted(value)) < 2_500


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.update(estimator=LONG),
        lambda m: m["model"].update({"class": LONG}),
        lambda m: m["model"]["fields"].update(output_activation=LONG),
        lambda m: m["arrays"].update({LONG: {}}),
    ],
)
def test_a_forged_file_does_not_fill_the_screen(
    number_detector, tmp_path, change, capsys
):
    path = tmp_path / "model.aea"
    number_detector.save(path)
    entries = entries_of(path.read_bytes())
    manifest = json.loads(entries["manifest.json"])
    change(manifest)
    path.write_bytes(zipped(signed(entries, manifest)))
    with pytest.raises(ArchiveError) as error:
        read_model(path)
    assert len(str(error.value)) < 1_500
    assert main(["inspect", str(path)]) == 1
    assert len(capsys.readouterr().err) < 1_500
