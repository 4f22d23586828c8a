"""Fitted objects as plain JSON and arrays, and back."""

import json
import math
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aeanomaly.scoring.archive.classes import model_classes
from aeanomaly.scoring.archive.serialization import (
    class_names,
    from_plain,
    is_of_type,
    to_plain,
)
from aeanomaly.scoring.encoding.columns import CategoricalColumn, NumericColumn
from aeanomaly.scoring.networks.dense import DenseLayer

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(), st.floats(allow_nan=False)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(), inner, max_size=3),
    ),
    max_leaves=8,
)


def round_trip(value, classes=None):
    classes = model_classes() if classes is None else classes
    arrays = {}
    plain = json.loads(json.dumps(to_plain(value, arrays, classes, "value")))
    return from_plain(plain, arrays, classes)


def build(name, content, arrays=None):
    plain = {"class": name, "fields": content}
    return from_plain(plain, arrays or {}, model_classes())


def typed(value):
    """Return a value with the types of all its items, to compare 1, 1.0 and True."""
    if isinstance(value, list | tuple):
        return type(value), [typed(item) for item in value]
    if isinstance(value, dict):
        return {key: typed(item) for key, item in value.items()}
    return type(value), value


@settings(max_examples=40)
@given(VALUES)
def test_plain_values_come_back_equal_and_of_the_same_types(value):
    assert typed(round_trip(value)) == typed(value)


def test_floats_that_are_no_numbers_come_back():
    assert math.isnan(round_trip(math.nan))
    assert round_trip((math.inf, -math.inf, -0.0)) == (math.inf, -math.inf, 0.0)
    assert math.copysign(1, round_trip(-0.0)) == -1


def test_levels_of_mixed_types_keep_them():
    column = CategoricalColumn("kind", (1, "1", 1.0, True), (False,), True, 2.0)
    assert typed(round_trip(column).levels) == typed(column.levels)


def test_numpy_scalars_become_python_ones():
    values = round_trip((np.float64(0.5), np.int64(3), np.bool_(True), np.str_("a")))
    assert typed(values) == typed((0.5, 3, True, "a"))


def test_dataclasses_come_back_equal():
    column = NumericColumn(("a", 1), 0.5, 2.0, 0.1, 3.0)
    assert round_trip(column) == column


def test_arrays_keep_their_bits_and_are_named_by_their_place():
    layer = DenseLayer(np.ones((1, 2, 3), np.float32), np.zeros((1, 3), np.float32))
    arrays = {}
    to_plain((layer,), arrays, model_classes(), "layers")
    assert list(arrays) == ["layers.0.kernel", "layers.0.bias"]
    assert arrays["layers.0.kernel"] is layer.kernel


@pytest.mark.parametrize("cls", model_classes().values())
def test_every_class_of_the_table_can_be_checked(cls):
    from aeanomaly.scoring.archive.serialization import _hints

    assert is_dataclass(cls)
    assert {field.name for field in fields(cls)} <= _hints(cls).keys()


@pytest.mark.parametrize(
    ("value", "came"),
    [
        (object(), "<class 'object'>"),
        ({1: 2}, "<class 'dict'>"),
        (np.array(["a"], dtype=object), "an array of object"),
        (np.array(["a"]), "an array of <U1"),
        (np.ones(2, complex), "an array of complex128"),
        (np.datetime64("2025-01-01"), "<class 'datetime.date'>"),
    ],
)
def test_what_a_file_cannot_hold_is_an_error_when_saving(value, came):
    with pytest.raises(
        TypeError, match=r"params\.x cannot be saved\. Allowed are num"
    ) as e:
        to_plain({"x": value}, {}, {}, "params")
    assert f"Got {came} instead" in str(e.value)


def test_a_dataclass_outside_of_the_table_cannot_be_saved():
    @dataclass(frozen=True)
    class Stranger:
        x: int

    with pytest.raises(TypeError, match=r"Stranger'> instead"):
        to_plain(Stranger(1), {}, model_classes(), "scorer")


def test_a_class_with_the_name_of_a_known_one_cannot_be_saved():
    class NumericColumn:
        def get_params(self, deep):
            return {}

    with pytest.raises(TypeError, match="cannot be saved"):
        to_plain(NumericColumn(), {}, model_classes(), "scorer")


GOOD = {
    "name": "a",
    "center": 0.0,
    "scale": 1.0,
    "missing_rate": 0.0,
    "novelty": 0.0,
    "indicator_scale": 1.0,
    "low": None,
    "high": None,
    "reading": None,
    "missing_values": [],
    "sentinels": [],
}


@pytest.mark.parametrize(
    ("content", "error", "text"),
    [
        ({"name": "a", "center": 0.0}, ValueError, "lacks its field 'scale'"),
        (GOOD | {"run": 1}, ValueError, "NumericColumn has no field 'run'"),
        (
            GOOD | {"scale": "1"},
            TypeError,
            "'scale' of NumericColumn must be float. Got str instead",
        ),
        (GOOD | {"scale": True}, TypeError, "Got bool instead"),
        (GOOD | {"scale": 10**400}, TypeError, "Got int instead"),
    ],
)
def test_fields_of_a_dataclass_are_checked(content, error, text):
    with pytest.raises(error, match=text):
        build("NumericColumn", content)


def test_no_default_stands_in_for_a_missing_field():
    """A default may change with the code, and what a file says may not."""
    assert build("NumericColumn", GOOD) == NumericColumn("a", 0.0, 1.0)
    for name in GOOD:
        content = {key: value for key, value in GOOD.items() if key != name}
        with pytest.raises(ValueError, match=f"lacks its field '{name}'"):
            build("NumericColumn", content)


@pytest.mark.parametrize(
    ("plain", "error", "text"),
    [
        ({"class": "os.system", "fields": {}}, ValueError, "class 'os.system' is unkn"),
        ({"class": ["Network"], "fields": {}}, ValueError, "is unknown"),
        ({"call": "print"}, ValueError, "does not stand for a value"),
        ({"array": "elsewhere"}, KeyError, "elsewhere"),
        ({"list": 3}, ValueError, "does not stand for a value"),
    ],
)
def test_what_to_plain_never_writes_is_an_error(plain, error, text):
    with pytest.raises(error, match=text):
        from_plain(plain, {}, model_classes())


def test_class_names_are_found_at_any_depth():
    plain = [{"list": [{"dict": {"x": {"class": "A", "fields": {"class": 1}}}}]}]
    assert list(class_names(plain)) == ["A"]


def test_an_unknown_class_can_be_stood_in_for():
    plain = {"class": "Wavelet", "fields": {"order": 2}}
    assert from_plain(plain, {}, {}, lambda *given: given) == ("Wavelet", {"order": 2})


@pytest.mark.parametrize(
    ("value", "hint", "fits"),
    [
        (1, Any, True),
        (1, float, True),
        (1.0, int, False),
        (True, int, False),
        (None, None, True),
        (None, int | None, True),
        ("a", Literal["a", "b"], True),
        ("c", Literal["a", "b"], False),
        ([], Literal["a"], False),
        ((1, "a"), tuple[int, str], True),
        ((1,), tuple[int, str], False),
        ((1, 2.5), tuple[int, ...], False),
        ([1.0], list[float], True),
        ({"a": 1}, dict[str, str], False),
        (np.ones(2), np.ndarray, True),
        ([1.0], np.ndarray, False),
    ],
)
def test_is_of_type(value, hint, fits):
    assert is_of_type(value, hint) is fits
