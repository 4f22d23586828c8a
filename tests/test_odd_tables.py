"""Every kind of column that NumPy, pandas and Arrow know: right, or a clear error."""

import datetime
import decimal
import warnings
from functools import cache

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


class NoText:
    """Fails wherever it is shown."""

    def __repr__(self):
        raise RuntimeError("no text")


def arrow(values, kind):
    return pd.arrays.ArrowExtensionArray(pa.array(values, type=kind))


NUMPY = [
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "longdouble", ">f8", ">f4", ">i4", ">u2"),
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
    "uint64, beyond int64": lambda rng: (
        (whole(rng).astype("u8") << 50) + np.uint64(2**63)
    ),
    "objects": lambda rng: whole(rng).astype(float).astype(object),
    "numbers of both signs up to the greatest": lambda rng: (
        rng.uniform(-1, 1, N_ROWS) * 1.7e308
    ),
    "StringDType": lambda rng: np.array(
        rng.choice(["a", "b", "c"], N_ROWS), dtype=np.dtypes.StringDType()
    ),
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
    "interval": lambda rng: pd.arrays.IntervalArray.from_breaks([0.0, 1.0, 2.0, 3.0])[
        rng.integers(0, 3, N_ROWS)
    ],
    "category of intervals": lambda rng: pd.cut(
        rng.random(N_ROWS), [-0.1, 0.3, 0.6, 1.0]
    ),
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
    "arrow string_view": lambda rng: arrow(["a", "b"] * 40, pa.string_view()),
    "arrow binary": lambda rng: arrow([b"a", b"b"] * 40, pa.binary()),
    "arrow binary of a size": lambda rng: arrow([b"ab", b"cd"] * 40, pa.binary(2)),
    "arrow null": lambda rng: arrow([None] * N_ROWS, pa.null()),
    "arrow dictionary of numbers": lambda rng: pd.arrays.ArrowExtensionArray(
        pa.array(whole(rng)).dictionary_encode()
    ),
    "arrow runs": lambda rng: pd.arrays.ArrowExtensionArray(
        pa.chunked_array([pa.RunEndEncodedArray.from_arrays([40, N_ROWS], [1, 2])])
    ),
    "arrow date64": lambda rng: arrow([d.date() for d in DAYS], pa.date64()),
    "arrow time": lambda rng: arrow([d.time() for d in DAYS], pa.time32("s")),
    "arrow date": lambda rng: arrow([d.date() for d in DAYS], pa.date32()),
    "arrow timestamp": lambda rng: arrow(list(DAYS), pa.timestamp("us")),
    "arrow duration": lambda rng: arrow(list(DAYS - DAYS[0]), pa.duration("s")),
    "arrow decimal": lambda rng: arrow(
        [decimal.Decimal(int(v)) for v in whole(rng)], pa.decimal128(9, 2)
    ),
}
REFUSED = {
    **{
        kind: lambda rng, kind=kind: whole(rng).astype(kind)
        for kind in ("complex64", "complex128", "clongdouble")
    },
    "void": lambda rng: np.array([b"a", b"b"] * 40, dtype="V1"),
    "records": lambda rng: np.array(
        [(1, 2.0)] * N_ROWS, dtype=[("a", "i4"), ("b", "f8")]
    ),
    "objects without a text": lambda rng: pd.Series([NoText() for _ in range(N_ROWS)]),
    "arrow list_view": lambda rng: arrow([[1, 2]] * N_ROWS, pa.list_view(pa.int8())),
    "arrow map": lambda rng: arrow(
        [[("a", 1)]] * N_ROWS, pa.map_(pa.string(), pa.int64())
    ),
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


def test_every_public_type_is_among_these_columns():
    rng = np.random.default_rng(0)
    tried = [
        getattr(make(rng), "dtype", None) for make in {**RIGHT, **REFUSED}.values()
    ]
    # Of what pandas 3 calls strings there are several, of one type.
    tried = [dtype for dtype in tried if dtype is not None]
    public = {name for name in dir(pd) if name.endswith("Dtype")}
    assert public <= {type(dtype).__name__ for dtype in tried}
    numpy = [dtype for dtype in tried if isinstance(dtype, np.dtype)]
    codes = [code for code in np.typecodes["All"] if code not in "SUVMm"]
    assert all(np.dtype(code) in numpy for code in codes)
    assert set("SUVMm") <= {dtype.kind for dtype in numpy}


@pytest.fixture(scope="module")
def fitted_to(fit):
    """Return a detector of a kind of column; it is fitted once."""
    return cache(lambda kind: fit(table_of(RIGHT[kind], 0)))


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
def test_such_a_column_is_an_error_when_rows_are_scored(fitted_to, kind):
    detector = fitted_to("float64")
    with pytest.raises((ColumnError, TypeError, ValueError), match="'v'"):
        detector.score_samples(table_of(REFUSED[kind], 1))


@pytest.mark.parametrize(
    "names",
    [
        [pd.Timestamp("2024-01-01"), "b"],
        [("a", pd.Timestamp("2024-01-01")), "b"],
        [1j, 2],
        [decimal.Decimal(1), 2],
        [1.0, float("nan")],
        [b"a", b"b"],
        [pd.NA, "b"],
    ],
    ids=str,
)
def test_a_name_that_no_file_can_hold_is_refused_in_fit(fit, names):
    table = pd.DataFrame(np.eye(8, 2))
    table.columns = pd.Index(names, tupleize_cols=False)
    with pytest.raises(ColumnError, match=r"Got .* instead: rename them"):
        fit(table)


@pytest.mark.parametrize("kind", REFUSED)
def test_such_a_column_is_an_error_where_there_were_levels(fitted_to, kind):
    detector = fitted_to("strings")
    with pytest.raises((ColumnError, TypeError, ValueError), match="'v'"):
        detector.score_frame(table_of(REFUSED[kind], 1), reasons=2)


@pytest.mark.parametrize("fitted", ["strings", "float64", "datetime64[s]"])
@pytest.mark.parametrize("kind", RIGHT)
def test_a_column_of_another_kind_is_read_or_told(fitted_to, fitted, kind):
    text, scored = "", None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ColumnWarning)
        try:
            scored = fitted_to(fitted).score_frame(table_of(RIGHT[kind], 1), reasons=2)
        except ColumnError as error:
            text = str(error)
    if scored is None:
        assert "'v'" in text
    else:
        assert np.isfinite(scored["score"]).all()
        assert scored["reason_1"].str.len().max() < 300


@pytest.mark.parametrize(
    "value",
    [10**400, -(10**400), datetime.date(2024, 2, 3), 1.7e308, 4539148803436467],
    ids=str,
)
def test_a_new_level_of_another_type_is_shown(fitted_to, value):
    detector = fitted_to("strings")
    table = table_of(RIGHT["strings"], 1).astype({"v": object})
    table.loc[0, "v"] = value
    shown = {
        10**400: "1000000000000000000…",
        -(10**400): "-1000000000000000000…",
        1.7e308: "1.7e+308",
        4539148803436467: "4,539,148,803,436,467",
    }.get(value, "2024-02-03")
    reasons = detector.score_frame(table, reasons=2).filter(like="reason").iloc[0]
    assert any(f"v {shown}" in reason for reason in reasons)


NO_NUMBERS = {
    "complex": 1j,
    "functions": len,
    "timedeltas": datetime.timedelta(1),
    "whole numbers of hundreds of digits": 10**400,
    "lists": [1],
}


@pytest.mark.parametrize("value", NO_NUMBERS.values(), ids=NO_NUMBERS.keys())
def test_a_cell_of_an_array_that_is_no_number_names_its_column(
    number_detector, value, fit
):
    X = np.random.default_rng(0).normal(size=(N_ROWS, 5)).astype(object)
    for row in range(3):
        X[row, 2] = value
    with pytest.raises(ColumnError, match="Column 2 holds|Column 2 held"):
        number_detector.score_samples(X)
    # In training, durations among numbers are levels, and left out with a warning.
    if not isinstance(value, datetime.timedelta):
        with pytest.raises(ValueError, match="olumn 2"):
            fit(X)
