"""Tests that an ONNX graph reads numbers in texts as the model does."""

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
from aeanomaly.scoring.encoding.reading import (
    NumberReading,
    ScaledNumberReading,
    Values,
)
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
