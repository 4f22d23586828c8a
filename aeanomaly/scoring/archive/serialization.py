"""Fitted objects as plain JSON and named arrays, and back.

=========================  =====================================================
object                     JSON
=========================  =====================================================
None, bool, int, str       itself
float                      itself; ``NaN`` and ``Infinity`` as Python writes them
tuple                      array
list                       ``{"list": [...]}``
dict with str keys         ``{"dict": {...}}``
ndarray                    ``{"array": name}``
object of a known class    ``{"class": name, "fields": {...}}``
a class itself             ``{"type": name}``
=========================  =====================================================

Class names are looked up in a closed table; nothing else that a file says is ever
imported or called.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

ARRAY_DTYPES = frozenset(
    ["|b1", "|i1", "|u1", *(f"<{kind}{n}" for kind in "iu" for n in (2, 4, 8))]
    + ["<f4", "<f8"]
)


def to_plain(
    value: Any,
    arrays: dict[str, np.ndarray],
    classes: Mapping[str, type],
    path: str,
) -> Any:
    """Return a value as plain JSON, and put its arrays into a dict.

    Parameters
    ----------
    value : object
    arrays : dict of str to ndarray
        Gets the arrays, each under its path from `value`.
    classes : mapping of str to type
        The dataclasses that may occur. Objects with ``get_params`` are written by
        name whatever their class, unless the table has another class of that name.
    path : str
        What arrays and errors call the value.

    Returns
    -------
    None, bool, int, float, str, list or dict

    Raises
    ------
    TypeError
        If a value is of a type that a file cannot hold.

    Examples
    --------
    >>> import numpy as np
    >>> arrays = {}
    >>> to_plain((1, [0.5, np.ones(3)]), arrays, {}, "example")
    [1, {'list': [0.5, {'array': 'example.1.1'}]}]
    >>> from_plain([1, {'list': [0.5, {'array': 'example.1.1'}]}], arrays, {})
    (1, [0.5, array([1., 1., 1.])])
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, type):
        return {"type": value.__name__}
    if isinstance(value, np.ndarray) and _little_endian(value).str in ARRAY_DTYPES:
        arrays[path] = value
        return {"array": path}

    def walk(item: Any, key: object) -> Any:
        return to_plain(item, arrays, classes, f"{path}.{key}")

    if isinstance(value, tuple):
        return [walk(item, i) for i, item in enumerate(value)]
    if isinstance(value, list):
        return {"list": [walk(item, i) for i, item in enumerate(value)]}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {"dict": {key: walk(item, key) for key, item in value.items()}}
    content = _fields_of(value, classes, path)
    return {
        "class": type(value).__name__,
        "fields": {key: walk(item, key) for key, item in content.items()},
    }


def _little_endian(array: np.ndarray) -> np.dtype[Any]:
    return array.dtype.newbyteorder("<")


def _fields_of(value: Any, classes: Mapping[str, type], path: str) -> dict[str, Any]:
    """Return the fields of a dataclass or the parameters of an estimator."""
    cls = type(value)
    known = classes.get(cls.__name__)
    if known is cls and is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if known in (None, cls) and hasattr(value, "get_params"):
        return dict(value.get_params(deep=False))
    came = f"an array of {value.dtype}" if isinstance(value, np.ndarray) else repr(cls)
    raise TypeError(
        f"{path} cannot be saved. Allowed are numbers, strings, booleans, None, arrays "
        f"of numbers, tuples, lists and dicts of them, architectures and thresholds. "
        f"Got {came} instead: convert it, or use pickle."
    )


def class_names(plain: Any) -> Iterator[str]:
    """Yield the class names that occur in plain JSON."""
    if isinstance(plain, list):
        for item in plain:
            yield from class_names(item)
    elif isinstance(plain, dict):
        for key in ("class", "type"):
            if key in plain:
                yield str(plain[key])
        # The items of "dict" and "fields" are named by the user, not by the format.
        for key in ("list", "dict", "fields"):
            inner = plain.get(key, [])
            yield from class_names(
                list(inner.values()) if isinstance(inner, dict) else inner
            )


def from_plain(
    plain: Any,
    arrays: Mapping[str, np.ndarray],
    classes: Mapping[str, Callable[..., Any]],
    unknown: Callable[[str, dict[str, Any]], Any] | None = None,
) -> Any:
    """Return the value that `to_plain` wrote.

    Parameters
    ----------
    plain : None, bool, int, float, str, list or dict
    arrays : mapping of str to ndarray
    classes : mapping of str to type
        The only classes that are built, or functions that build in their place.
    unknown : callable, default=None
        Gets name and fields of an object of another class and returns what stands
        for it. By default such an object is an error.

    Raises
    ------
    ValueError, TypeError or KeyError
        If `plain` is not what `to_plain` writes, a class is not in the table, or a
        dataclass has missing, unknown or mistyped fields.
    """

    def walk(items: dict[str, Any]) -> dict[str, Any]:
        return {
            key: from_plain(item, arrays, classes, unknown)
            for key, item in items.items()
        }

    if plain is None or isinstance(plain, bool | int | float | str):
        return plain
    if isinstance(plain, list):
        return tuple(from_plain(item, arrays, classes, unknown) for item in plain)
    match plain:
        case {"array": str(name)}:
            return arrays[name]
        case {"list": list(items)}:
            return list(from_plain(items, arrays, classes, unknown))
        case {"dict": dict(items)}:
            return walk(items)
        case {"class": str(name), "fields": dict(items)} if name in classes:
            return _build(classes[name], walk(items))
        case {"class": str(name), "fields": dict(items)} if unknown:
            return unknown(name, walk(items))
        case {"type": str(name)} if isinstance(classes.get(name), type):
            return classes[name]
        case {"class": name} | {"type": name}:
            raise ValueError(f"the class {name!r} is unknown")
    raise ValueError(f"{str(plain)[:60]!r} does not stand for a value")


def _build(cls: Callable[..., Any], content: dict[str, Any]) -> Any:
    """Build an object; a dataclass only from fields of the annotated types."""
    if not (isinstance(cls, type) and is_dataclass(cls)):
        return cls(**content)
    known = {field.name: field for field in fields(cls)}
    for name in content:
        if name not in known:
            raise ValueError(f"{cls.__name__} has no field {name!r}")
    for name in known:
        # No default stands in: it may change, and what a file says may not.
        if name not in content:
            raise ValueError(f"{cls.__name__} lacks its field {name!r}")
    for name, value in content.items():
        if not is_of_type(value, _hints(cls)[name]):
            raise TypeError(
                f"field {name!r} of {cls.__name__} must be {known[name].type}. Got "
                f"{type(value).__name__} instead"
            )
    return cls(**content)


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


def is_of_type(value: Any, hint: Any) -> bool:
    """Return whether a value is of an annotated type, its items included.

    Examples
    --------
    >>> is_of_type((1.0, 2), tuple[float, ...])
    True
    >>> is_of_type({"loss": [0.5, "low"]}, dict[str, list[float]])
    False
    """
    origin, args = get_origin(hint), get_args(hint)
    if hint is Any:
        return True
    if origin in (Union, UnionType):
        return any(is_of_type(value, arg) for arg in args)
    if origin is Literal:
        return isinstance(value, str) and value in args
    if hint in (None, NoneType):
        return value is None
    if hint is float:
        return isinstance(value, float) or (
            _is_int(value) and abs(value) <= sys.float_info.max
        )
    if hint is int:
        return _is_int(value)
    if not isinstance(value, origin or hint):
        return False
    return _are_of_type(value, args)


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_of_type(value: Any, args: tuple[Any, ...]) -> bool:
    """Return whether the items of a container are of their annotated types."""
    if isinstance(value, dict) and args:
        keys, values = args
        return all(
            is_of_type(key, keys) and is_of_type(item, values)
            for key, item in value.items()
        )
    if isinstance(value, tuple) and args and args[-1] is not Ellipsis:
        return len(value) == len(args) and all(map(is_of_type, value, args))
    if isinstance(value, tuple | list) and args:
        return all(is_of_type(item, args[0]) for item in value)
    return True
