"""Tests of reasons: shares, expected values and probabilities of a few rows."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from small_rows import category, constant_model, multiplying_model, numbers

from aeanomaly.scoring.encoding.columns import NumericColumn
from aeanomaly.scoring.encoding.table import TableEncoding
from aeanomaly.scoring.frames import explain_frame
from aeanomaly.scoring.parts import Covariance, Reduction, Residual
from aeanomaly.scoring.reason_texts import reason_texts
from aeanomaly.scoring.reasons import iter_reasons
from aeanomaly.scoring.scorer import Scorer

SIZES = TableEncoding((category("size", "L", "M", "S"),), named=True)
ONE_SIZE = pd.DataFrame({"size": ["S"]})


@dataclass(frozen=True)
class Expecting(Reduction):
    """A score of one for each column that expects what it was told."""

    Z: np.ndarray

    def statistic(self, evaluation, encoding):
        return self.cells(evaluation, encoding).sum(axis=1)

    def cells(self, evaluation, encoding):
        return np.ones((len(evaluation.Z), len(encoding.columns)))

    def expected(self, evaluation, encoding):
        return self.Z


def reasons_of(scorer, table, top=3):
    ((_, _, reasons),) = iter_reasons(scorer, table, top)
    return reasons


def test_the_expected_level_is_the_most_probable_one_mean_over_the_members():
    # The greatest of the first, of the last and of both are other levels than that.
    members = np.log([[0.6, 0.4, 1e-9], [1e-9, 0.4, 0.6]])
    scorer = Scorer(constant_model(SIZES, *members), Residual(np.ones(1)))
    reasons = reasons_of(scorer, ONE_SIZE)
    assert reasons.expected.item() == "M"
    assert_allclose(reasons.probability, 0.4)


def test_the_probability_is_the_mean_over_the_members_not_that_of_the_worst():
    members = np.log([[0.7, 0.3, 1e-9], [0.1, 0.3, 0.6]])
    scorer = Scorer(constant_model(SIZES, *members), Residual(np.ones(1)))
    reasons = reasons_of(scorer, ONE_SIZE)
    assert reasons.expected.item() == "L"
    assert_allclose(reasons.probability, 0.4)


@pytest.mark.parametrize(
    ("expected", "probability"),
    [
        ([0.3, 0.6, 0.1], 0.6),
        ([1.4, -0.4, 0.0], 1.0),
        ([0.9, 0.3, -0.2], 0.75),
        ([0.2, 0.4, -0.1], 0.4),
        ([-0.1, -0.2, -0.7], 0.0),
    ],
)
def test_the_probability_of_a_level_lies_between_zero_and_one(expected, probability):
    model = constant_model(SIZES, [0.0, 0.0, 0.0])
    reasons = reasons_of(Scorer(model, Expecting(np.array([expected]))), ONE_SIZE)
    assert_allclose(reasons.probability, [[probability]])


def test_only_categories_have_a_probability():
    encoding = TableEncoding(
        (NumericColumn("amount", 10.0, 2.0), category("size", "L", "S")), named=True
    )
    scorer = Scorer(
        constant_model(encoding, [0.0, 0.0, 0.0]),
        Expecting(np.array([[0.5, 0.2, 0.8]])),
    )
    table = pd.DataFrame({"amount": [3.0], "size": ["L"]})
    reasons = reasons_of(scorer, table)
    assert_array_equal(reasons.columns, [[0, 1]])
    assert reasons.observed.tolist() == [[3.0, "L"]]
    assert reasons.expected.tolist() == [[11.0, "S"]]
    assert_array_equal(reasons.probability, [[np.nan, 0.8]])
    texts = reason_texts(scorer, reasons)
    assert texts.tolist() == [
        ["amount 3, expected about 11", "size L, expected S (0.80)"]
    ]


def test_shares_are_those_of_the_cells_greatest_first():
    # The network halves: squared errors are a quarter of the squared values.
    scorer = Scorer(multiplying_model(numbers(3), 0.5), Residual(np.ones(3)))
    rows = np.array([[1.0, 3.0, 2.0], [0.0, 0.0, 4.0]])
    (block,) = iter_reasons(scorer, rows, top=2)
    _, scores, reasons = block
    assert_allclose(scores, -np.array([14.0, 16.0]) / 4 / 3)
    assert_array_equal(reasons.columns, [[1, 2], [2, 0]])
    assert_allclose(reasons.shares, [[9 / 14, 4 / 14], [1.0, 0.0]])
    assert_array_equal(reasons.observed, [[3.0, 2.0], [4.0, 0.0]])
    assert_array_equal(reasons.expected, [[1.5, 1.0], [2.0, 0.0]])


def test_a_row_whose_score_is_nothing_has_no_shares():
    scorer = Scorer(multiplying_model(numbers(2), 1.0), Residual(np.ones(2)))
    reasons = reasons_of(scorer, np.array([[1.0, 2.0]]))
    assert_array_equal(reasons.shares, [[0.0, 0.0]])


def test_the_level_that_a_row_has_says_nothing_about_the_one_that_is_expected():
    # A row has exactly one of three levels, so that two of them always tell the third;
    # the greater the amount, the rather it is the first.
    covariance = np.full((4, 4), -1 / 9) + np.eye(4) / 3
    covariance[0] = covariance[:, 0] = [1.0, 0.3, 0.0, -0.3]
    covariance += 1e-9 * np.eye(4)
    encoding = TableEncoding(
        (NumericColumn("amount", 0.0, 1.0), category("size", "L", "M", "S")), named=True
    )
    center = np.array([0.0, 1 / 3, 1 / 3, 1 / 3])
    part = Covariance(center, np.linalg.inv(covariance))
    scorer = Scorer(multiplying_model(encoding, 1.0), part)
    table = pd.DataFrame({"amount": [1.0, 1.0], "size": ["S", "M"]})
    reasons = reasons_of(scorer, table)
    of_size = reasons.columns == 1
    assert reasons.expected[of_size].tolist() == ["L", "L"]
    assert_allclose(reasons.probability[of_size], 1 / 3 + 0.3, rtol=1e-5)


def test_columns_with_two_level_names_are_explained():
    names = pd.MultiIndex.from_product([["sensor"], ["a", "b"]])
    table = pd.DataFrame([[1.0, 3.0], [0.0, 4.0]], columns=names)
    columns = tuple(NumericColumn(name, 0.0, 1.0) for name in names)
    encoding = TableEncoding(columns, named=True, knee=None)
    scorer = Scorer(multiplying_model(encoding, 0.5), Residual(np.ones(2)))
    explained = explain_frame(scorer, table, table.index, top=1)
    assert explained["column"].tolist() == [("sensor", "b")] * 2


def test_a_text_in_a_column_that_held_nothing_is_a_reason():
    from cases import CHEAP, make_table

    from aeanomaly import AutoencoderOutlierDetector

    table = make_table().assign(nothing=None)
    detector = AutoencoderOutlierDetector(**CHEAP).fit(table)
    rows = table.iloc[:2].assign(nothing=["something", None])
    explained = detector.explain(rows, top=9)
    own = explained[explained["column"] == "nothing"]
    assert own["observed"].iloc[0] == "something"
    assert own["share"].iloc[0] > own["share"].iloc[1]


def test_without_columns_beside_them_reasons_are_the_same(number_detector, numbers):
    def fields(beside):
        (block,) = iter_reasons(number_detector.scorer_, numbers[:50], 2, beside=beside)
        return vars(block[2])

    whole, less = fields(True), fields(False)
    assert (whole["partners"] >= 0).any()
    assert (less["partners"] < 0).all()
    for name in ("columns", "shares", "observed", "expected", "low", "high", "number"):
        assert_array_equal(less[name], whole[name])
