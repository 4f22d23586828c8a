"""Wide tables: what a part keeps grows with the columns, and says the same."""

import json
from dataclasses import replace

import numpy as np
import pytest
from small_rows import evaluation, innermost_by_hand, numbers, part_rows

from aeanomaly.scoring.archive.serialization import from_plain, to_plain
from aeanomaly.scoring.encoding import table
from aeanomaly.scoring.parts import Covariance, Neighbourhood
from aeanomaly.scoring.parts.innermost import innermost_power
from aeanomaly.scoring.parts.low_rank import LowRankMatrix, block_of, diagonal_of

N_ROWS, N_COLUMNS = 20, 60


@pytest.fixture
def Z(rng):
    return rng.standard_normal((N_ROWS, N_COLUMNS)) + rng.standard_normal((N_ROWS, 1))


def as_array(matrix):
    return np.diag(matrix.diagonal) + matrix.left @ matrix.right


@pytest.mark.parametrize("power", [-1, -0.5])
def test_a_power_of_a_wide_tables_covariance_is_that_of_the_whole_matrix(Z, power):
    weights = np.linspace(1, 2, N_ROWS)
    center, matrix = innermost_power(
        Z, weights, support=0.5, shrinkage=0.3, power=power
    )
    expected_center, covariance = innermost_by_hand(Z, weights, 0.5, 0.3)
    variances, directions = np.linalg.eigh(covariance)
    expected = (directions * variances**power) @ directions.T
    np.testing.assert_allclose(center, expected_center)
    np.testing.assert_allclose(as_array(matrix), expected, atol=1e-12)
    assert matrix.left.shape[1] <= N_ROWS // 2


def test_a_matrix_of_low_rank_multiplies_as_its_array(rng, Z):
    parts = rng.random(9), rng.random((9, 2)), rng.random((2, 9))
    matrix = LowRankMatrix(*parts)
    array = as_array(matrix)
    rows = rng.random((4, 9))
    np.testing.assert_allclose(rows @ matrix, rows @ array)
    np.testing.assert_allclose(diagonal_of(matrix), np.diag(array))
    block = np.array([2, 5]), np.array([5, 1, 0])
    np.testing.assert_allclose(block_of(matrix, *block), array[np.ix_(*block)])
    scaled = matrix.scaled_rows(np.arange(9.0))
    np.testing.assert_allclose(as_array(scaled), array * np.arange(9.0)[:, None])
    without = as_array(matrix.without(np.array([3]), 0.5))
    assert without[3, 3] == 0.5
    assert np.count_nonzero(without[3]) == np.count_nonzero(without[:, 3]) == 1


def test_a_covariance_of_low_rank_scores_and_explains_as_the_whole(Z):
    encoding = numbers(N_COLUMNS)
    wide = Covariance.fit(part_rows(Z, encoding))
    assert isinstance(wide.precision, LowRankMatrix)
    whole = replace(wide, precision=as_array(wide.precision.astype(np.float64)))
    rows = evaluation(Z[:5] + 1)
    for method in ("statistic", "cells", "expected"):
        found, expected = (
            getattr(part, method)(rows, encoding) for part in (wide, whole)
        )
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    where = np.arange(5), 7, np.full(5, 7)
    found, expected = (p.pulls(rows, encoding, *where) for p in (wide, whole))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("part", [Covariance, Neighbourhood])
def test_what_a_part_keeps_grows_with_the_columns(rng, part):
    def n_numbers(n_columns):
        Z = rng.standard_normal((N_ROWS, n_columns))
        arrays = {}
        classes = {cls.__name__: cls for cls in (part, LowRankMatrix)}
        fitted = part.fit(
            part_rows(Z, numbers(n_columns), evaluate=lambda Z: evaluation(Z, 0.9 * Z))
        )
        plain = json.loads(json.dumps(to_plain(fitted, arrays, classes, "part")))
        read = from_plain(plain, arrays, classes)
        read.check(numbers(n_columns))
        return sum(array.size for array in arrays.values())

    assert n_numbers(400) < 2.1 * n_numbers(200)


def test_arrays_that_do_not_make_a_matrix_are_refused(Z):
    wide = Covariance.fit(part_rows(Z, numbers(N_COLUMNS)))
    bad = replace(wide, precision=replace(wide.precision, right=wide.precision.left))
    with pytest.raises(ValueError, match="do not make a matrix"):
        bad.check(numbers(N_COLUMNS))
    left = wide.precision.left * np.nan
    bad = replace(wide, precision=replace(wide.precision, left=left))
    with pytest.raises(ValueError, match=r"precision\.left that are not finite"):
        bad.check(numbers(N_COLUMNS))


def test_columns_are_summed_alike_however_many_there_are(rng, monkeypatch):
    encoding = numbers(3)
    columns, values = np.array([0, 2, 2, 0, 1]), rng.random((4, 5))
    expected = encoding._sum_to_columns(values, columns)
    monkeypatch.setattr(table, "_MOST_PRODUCTS", 0)
    np.testing.assert_allclose(encoding._sum_to_columns(values, columns), expected)
