"""Tests that an ONNX graph reads numbers and times in texts as the model does."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from aeanomaly import NumericColumn
from aeanomaly.exceptions import ExportError
from aeanomaly.onnx.graph import Graph
from aeanomaly.onnx.layout import Layout, Placed, RawColumns
from aeanomaly.onnx.protobuf import write_graph
from aeanomaly.onnx.readings import read_number
from aeanomaly.onnx.time_readings import read_clock, read_time
from aeanomaly.scoring.encoding.columns import ClockColumn, DatetimeColumn
from aeanomaly.scoring.encoding.reading import (
    ClockReading,
    NumberReading,
    ScaledNumberReading,
    TimeReading,
    Values,
)
from aeanomaly.scoring.encoding.reading.times import ORDERS
from aeanomaly.scoring.encoding.table import TableEncoding

onnxruntime = pytest.importorskip(
    "onnxruntime", reason="graphs are run by onnxruntime: pip install .[onnx]"
)

TEXTS = [
    *("1", "-1", "+1", "1.5", ".5", "1.", "1e5", "1.5e3", "1e-05", "2.5E+2", "-1e-3"),
    *("1,234", "1,234.50", "12,34,567", "1,23", "1234,567.5", "0,123", "1,234,567,890"),
    *("1.234,5", "1.234.567", "12,5", "1 234", "1 234,5", "1\u00a0234", "1'234.5"),
    *("$5", "$ 5", "5$", "5 $", "-$5", "$-5", "($5)", "( 5 )", "(-5)", "5-", "(5-)"),
    *("$1,234.50", "€5", "5 EUR", "EUR 5", "5%", "5 %", "-5%", "5 kg", "kg 5", "5kr"),
    *("--5", "-5-", "(5", "5)", "+-5", "5 5", "", " ", " 7 ", "\t7", "n/a", "?", "−3"),
    *("007", "1_000", "0x10", "inf", "nan", "1,2,3,4,5,6,7,8,9,0,1,2", "1e400"),
]
READINGS = [
    NumberReading(),
    NumberReading(thousands=","),
    NumberReading(decimal=",", thousands="."),
    NumberReading(decimal=",", thousands=" "),
    NumberReading(thousands="'"),
    NumberReading(thousands=",", unit="$"),
    NumberReading(unit="EUR"),
    NumberReading(unit="%"),
    NumberReading(unit="kg"),
]


def graph_of(reading, typed=()):
    column = NumericColumn("amount", center=0.0, scale=1.0, reading=reading)
    graph = Graph()
    layout = Layout.of(TableEncoding((column,), named=True), typed)
    return graph, read_number(RawColumns(graph, layout), Placed(0, column))


@pytest.mark.parametrize("reading", READINGS, ids=lambda r: r.describe())
def test_a_graph_reads_the_numbers_that_the_model_reads(reading, tmp_path):
    graph, numbers = graph_of(reading)
    graph.output(numbers, "numbers", "double", ("rows", 1), "")
    path = tmp_path / "numbers.onnx"
    write_graph(graph, path, name="n", version="0", about="", metadata={})
    texts = np.array(TEXTS, dtype=object)[:, None]
    session = onnxruntime.InferenceSession(str(path))
    (read,) = session.run(None, {"amount": texts})
    values = Values(pd.Series(TEXTS))
    expected = values.spread(np.where(values.counts, reading.parse(values), np.nan))
    assert np.isfinite(expected).sum() >= 3
    assert_allclose(read[:, 0], expected, rtol=1e-15)


def test_a_reading_that_a_graph_cannot_do_names_the_column():
    reading = ScaledNumberReading(factors=(("k", 1e3),))
    message = (
        r"Column 'amount' stood as texts in training \(numbers as text, k = 1,000\), "
        r"which an ONNX graph cannot read. Pass typed=\['amount'\], and give the graph "
        r"numbers."
    )
    with pytest.raises(ExportError, match=message):
        graph_of(reading)


CLOCKS = [
    *("14:05", "2:05 pm", "2:05PM", "12:00 am", "12:30 p.m.", "00:00:00", "23:59:59.5"),
    *("7:05:33,25", " 8:15 ", "24:00", "99:00", "14:60", "14", "", "noon", "1:2"),
]
ISO = [
    *("2026-03-02", "2026-03", "2026-03-02T14:05:33", "2026-03-02 14:05", "1969-12-31"),
    *("2026-03-02 14:05:33.123456", "2026-03-02T14:05:33Z", "2024-02-29", "2026-02-29"),
    *("2026-03-02T14:05:33+02:00", "2026-03-02 14:05:33-0530", "2026-03-02T01+02"),
    *(" 2026-03-02 ", "2026-13-01", "2026-00-10", "2026-04-31", "02.03.2026", "", "x"),
    *("1700-01-01", "2100-02-28 23:59:59", "2026-03-02T25:00", "2026-3-2", "n/a"),
]
DATES = [
    *("02.03.2026", "2/3/2026", "2-3-26", "31.12.1999 23:59", "1.1.70", "1.1.69"),
    *("29.02.2024", "29.02.2023", "13.12.2026", "12.13.2026", "2.3.2026 2:05 pm"),
    *("2.3.2026, 14:05:33", "2.3.2026T14:05", "2026-3-2", "2026/03/02 7:15", "x", ""),
    *("20260302", "20260302 14:05", "20261302", "20260230", "2.3.2026 12:00 AM"),
]


def time_graph(column):
    graph, encoding = Graph(), TableEncoding((column,), named=True)
    raw, placed = RawColumns(graph, Layout.of(encoding)), Placed(0, column)
    read = read_clock if isinstance(column, ClockColumn) else read_time
    seconds, missing = read(raw, placed)
    graph.output(seconds, "seconds", "double", ("rows", 1), "")
    graph.output(missing.cast("double"), "missing", "double", ("rows", 1), "")
    return graph


def check_times(column, texts, path):
    write_graph(time_graph(column), path, name="n", version="0", about="", metadata={})
    given = {"opened": np.array(texts, dtype=object)[:, None]}
    seconds, missing = onnxruntime.InferenceSession(str(path)).run(None, given)
    read = np.where(missing > 0, np.nan, seconds)[:, 0]
    values = Values(pd.Series(texts))
    distinct = np.where(values.counts, column.reading.parse(values), np.nan)
    assert np.isfinite(distinct).sum() >= 2
    assert_allclose(read, values.spread(distinct), atol=1e-5)


def test_a_graph_reads_the_times_of_day_that_the_model_reads(tmp_path):
    column = ClockColumn("opened", reading=ClockReading())
    check_times(column, CLOCKS, tmp_path / "clock.onnx")


@pytest.mark.parametrize(
    ("form", "texts"), [("ISO 8601", ISO), *((form, DATES) for form in ORDERS)]
)
def test_a_graph_reads_the_times_that_the_model_reads(form, texts, tmp_path):
    column = DatetimeColumn(
        "opened", 0.0, 1.0, 0.0, 1.0, (), reading=TimeReading(form=form)
    )
    check_times(column, texts, tmp_path / "times.onnx")


def test_dates_with_names_of_months_are_an_error_that_names_the_column():
    reading = TimeReading(form="%d %b %Y")
    column = DatetimeColumn("opened", 0.0, 1.0, 0.0, 1.0, (), reading=reading)
    with pytest.raises(ExportError, match=r"Column 'opened' .*microseconds since 1970"):
        time_graph(column)
