"""Every kind of column that NumPy, pandas and Arrow know: right, or a clear error."""

import datetime
import decimal
import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from aeanomaly import AutoencoderOutlierDetector
from aeanomaly.exceptions import ColumnError, ColumnWarning

N_ROWS = 80
DAYS = pd.date_range("2025-03-01 06:30", periods=N_ROWS, freq="17h")


def whole(rng):
    return rng.integers(0, 40, N_ROWS)


def arrow(values, kind):
    return pd.arrays.ArrowExtensionArray(pa.array(values, type=kind))


NUMPY = [
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", ">f8", ">f4", ">i4", ">u2"),
]
NULLABLE = [
    *("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64"),
    *("Float32", "Float64", "boolean"),
]
ARROW_NUMBERS = ["int8", "uint16", "int64", "float", "double", "bool_"]

# A name for each kind, and a function from a generator to a column of it.
RIGHT = {
    **{kind: lambda rng, kind=kind: whole(rng).astype(kind) for kind in NUMPY},
    **{
        kind: lambda rng, kind=kind: pd.array(
            [None, *(whole(rng) % 2 if kind == "boolean" else whole(rng))[1:]],
            dtype=kind,
        )
        for kind in NULLABLE
    },
    **{
        f"arrow {kind}": lambda rng, kind=kind: arrow(
            (whole(rng) % 2 if kind == "bool_" else whole(rng)).tolist()
            if kind != "bool_"
            else (whole(rng) % 2 == 1).tolist(),
            getattr(pa, {"float": "float32", "double": "float64"}.get(kind, kind))(),
        )
        for kind in ARROW_NUMBERS
    },
    "datetime64[s]": lambda rng: DAYS.to_numpy().astype("datetime64[s]"),
    "datetime64[ns], NaT": lambda rng: np.append(
        DAYS.to_numpy()[1:], np.datetime64("NaT")
    ),
    "datetime, zone": lambda rng: DAYS.tz_localize("Europe/Paris"),
    "dates as objects": lambda rng: np.array([d.date() for d in DAYS], dtype=object),
    "timedelta64": lambda rng: DAYS - DAYS[0],
    "timedeltas as objects": lambda rng: np.array(
        [datetime.timedelta(minutes=int(m)) for m in whole(rng)], dtype=object
    ),
    "period": lambda rng: DAYS.to_period("D"),
    "sparse": lambda rng: pd.arrays.SparseArray(whole(rng).astype(float)),
    "decimals": lambda rng: np.array(
        [decimal.Decimal(int(v)) / 4 for v in whole(rng)], dtype=object
    ),
    "strings": lambda rng: rng.choice(["a", "b", "c"], N_ROWS),
    "bytes": lambda rng: rng.choice([b"a", b"b", b"c"], N_ROWS),
    "string": lambda rng: pd.array(rng.choice(["a", "b", None], N_ROWS), "string"),
    "category": lambda rng: pd.Categorical(rng.choice(["a", "b", "c"], N_ROWS)),
    "category of numbers": lambda rng: pd.Categorical(rng.integers(0, 3, N_ROWS)),
    "interval": lambda rng: pd.cut(rng.random(N_ROWS), [-0.1, 0.3, 0.6, 1.0]),
    "booleans and None": lambda rng: rng.choice(
        np.array([True, False, None], dtype=object), N_ROWS
    ),
    "mixed objects": lambda rng: rng.choice(
        np.array(["a", 1, 2.5, True], dtype=object), N_ROWS
    ),
    "masked": lambda rng: pd.Series(
        np.ma.masked_array(whole(rng).astype(float), whole(rng) > 36)
    ),
    "arrow string": lambda rng: arrow(["a", "b", "c", None] * 20, pa.string()),
    "arrow large string": lambda rng: arrow(["a", "b"] * 40, pa.large_string()),
    "arrow dictionary": lambda rng: pd.arrays.ArrowExtensionArray(
        pa.array(["a", "b"] * 40).dictionary_encode()
    ),
    "arrow date": lambda rng: arrow([d.date() for d in DAYS], pa.date32()),
    "arrow timestamp": lambda rng: arrow(list(DAYS), pa.timestamp("us")),
    "arrow duration": lambda rng: arrow(list(DAYS - DAYS[0]), pa.duration("s")),
    "arrow decimal": lambda rng: arrow(
        [decimal.Decimal(int(v)) for v in whole(rng)], pa.decimal128(9, 2)
    ),
}
REFUSED = {
    "complex": lambda rng: whole(rng) * 1j,
    "lists": lambda rng: pd.Series([[1, 2]] * N_ROWS),
    "dicts": lambda rng: pd.Series([{"a": 1}] * N_ROWS),
    "functions": lambda rng: pd.Series([len, max] * 40),
    "arrow list": lambda rng: arrow([[1, 2]] * N_ROWS, pa.list_(pa.int64())),
    "arrow struct": lambda rng: arrow(
        [{"a": 1}] * N_ROWS, pa.struct([("a", pa.int64())])
    ),
}


def table_of(make, seed):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"w": rng.normal(size=N_ROWS)})
    table["v"] = make(rng)
    return table


@pytest.fixture(scope="module")
def fit():
    def fit(table):
        detector = AutoencoderOutlierDetector(
            architecture="linear",
            latent_dim=1,
            max_iter=2,
            n_estimators=1,
            contamination=0.05,
            random_state=0,
        )
        with warnings.catch_warnings():
            # What the package says of a column; anything else is an error.
            warnings.simplefilter("ignore", ColumnWarning)
            return detector.fit(table)

    return fit


@pytest.mark.parametrize("kind", RIGHT)
def test_a_column_of_any_kind_is_read(fit, kind):
    table = table_of(RIGHT[kind], 0)
    detector = fit(table)
    scored = detector.score_frame(table, reasons=2)
    assert np.isfinite(scored["score"]).all()
    assert scored["is_outlier"].mean() <= 0.05
    # Other rows of the same kind are no stranger than these.
    other = detector.score_frame(table_of(RIGHT[kind], 1), reasons=1)
    assert other["is_outlier"].mean() < 0.25
    # A row alone, and a batch in which the column is missing, are tables, too.
    alone = detector.score_samples(table.iloc[3:4])
    np.testing.assert_allclose(alone, scored["score"].iloc[3:4], rtol=1e-3)
    missing = table.iloc[:4].assign(v=[None] * 4)
    assert np.isfinite(detector.score_samples(missing)).all()


@pytest.mark.parametrize("kind", REFUSED)
def test_a_column_of_no_kind_is_an_error_that_names_it(fit, kind):
    with pytest.raises((ColumnError, TypeError, ValueError), match="'v'"):
        fit(table_of(REFUSED[kind], 0))


@pytest.mark.parametrize("kind", REFUSED)
def test_such_a_column_is_an_error_when_rows_are_scored(fit, kind):
    detector = fit(table_of(RIGHT["float64"], 0))
    with pytest.raises((ColumnError, TypeError, ValueError), match="'v'"):
        detector.score_samples(table_of(REFUSED[kind], 1))


@pytest.mark.parametrize(
    "names",
    [[pd.Timestamp("2024-01-01"), "b"], [("a", pd.Timestamp("2024-01-01")), "b"]],
    ids=["Timestamp", "in a tuple"],
)
def test_a_name_that_no_file_can_hold_is_refused_in_fit(fit, names):
    table = pd.DataFrame(np.eye(8, 2))
    table.columns = pd.Index(names, tupleize_cols=False)
    with pytest.raises(ColumnError, match=r"Got .*Timestamp.* instead: rename them"):
        fit(table)
