"""Conditions on rows, as in ``amount > 0 and country in ['DE', 'FR']``.

The grammar is that of comparisons in Python and no more: nothing is called, no
attribute is looked up, and what is not in the grammar is refused.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from ..exceptions import TableError
from .column_choice import known_column

_COMPARISONS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_QUOTED_NAME = re.compile(r"`([^`]+)`")
_ALLOWED = (
    "Allowed are names of columns (in `backticks` if they hold blanks), numbers, "
    "'texts', lists, + - * /, comparisons, in, not in, and, or, not, and brackets."
)


def rows_where(condition: str, frame: Any) -> np.ndarray:
    """Return the rows for which a condition holds.

    Parameters
    ----------
    condition : str
    frame : DataFrame of shape (n_rows, n_columns)

    Returns
    -------
    ndarray of shape (n_rows,), bool
        False where what is compared is missing.

    Raises
    ------
    TableError
        If it is not a condition, or compares what cannot be compared.
    ColumnError
        If it names a column that the table does not have.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"Net, EUR": [5.0, -1.0], "country": ["DE", "DE"]})
    >>> rows_where("`Net, EUR` > 0 and country in ['DE']", frame).tolist()
    [True, False]
    """
    quoted: dict[str, str] = {}

    def placeholder(match: re.Match[str]) -> str:
        name = f"quoted_{len(quoted)}_"
        quoted[name] = match[1]
        return name

    try:
        tree = ast.parse(_QUOTED_NAME.sub(placeholder, condition).strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _refused(condition, "is not a condition") from None
    evaluate = _Evaluation(condition, frame, quoted)
    found = evaluate(tree.body)
    if not _is_mask(found) or np.shape(found) != (len(frame),):
        raise _refused(condition, "does not say which rows")
    return np.asarray(found)


def _is_mask(value: Any) -> bool:
    return str(getattr(value, "dtype", "")) == "bool"


def _refused(condition: str, why: str) -> TableError:
    return TableError(f"--where {condition!r} {why}. {_ALLOWED}")


class _Evaluation:
    """Evaluates the nodes of a condition."""

    def __init__(self, condition: str, frame: Any, quoted: dict[str, str]) -> None:
        self._condition = condition
        self._frame = frame
        self._quoted = quoted

    def __call__(self, node: ast.AST) -> Any:
        evaluate = getattr(self, f"_{type(node).__name__.lower()}", None)
        if evaluate is None:
            shown = ast.unparse(node)
            raise _refused(self._condition, f"holds {shown!r}, which is not allowed")
        return evaluate(node)

    def _name(self, node: ast.Name) -> Any:
        name = self._quoted.get(node.id, node.id)
        known_column(name, [str(n) for n in self._frame.columns], "--where")
        return self._frame[name]

    def _constant(self, node: ast.Constant) -> Any:
        if not isinstance(node.value, str | int | float):
            raise _refused(self._condition, f"holds {node.value!r}")
        return node.value

    def _list(self, node: ast.List | ast.Tuple) -> list[Any]:
        return [self(item) for item in node.elts]

    _tuple = _list

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        value = self(node.operand)
        if isinstance(node.op, ast.Not):
            return ~self._mask(value, node.operand)
        if isinstance(node.op, ast.USub) and not isinstance(value, str | list):
            return -value
        raise _refused(self._condition, f"holds {ast.unparse(node)!r}")

    def _binop(self, node: ast.BinOp) -> Any:
        act = _ARITHMETIC.get(type(node.op))
        left, right = self(node.left), self(node.right)
        if act is None or isinstance(left, str | list) or isinstance(right, str | list):
            raise _refused(self._condition, f"holds {ast.unparse(node)!r}")
        try:
            return act(left, right)
        except (TypeError, ArithmeticError) as error:
            raise _refused(self._condition, f"cannot be computed ({error})") from None

    def _boolop(self, node: ast.BoolOp) -> Any:
        masks = [self._mask(self(value), value) for value in node.values]
        join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
        return join.reduce(masks)

    def _compare(self, node: ast.Compare) -> Any:
        operands = [self(operand) for operand in (node.left, *node.comparators)]
        pairs = zip(operands, operands[1:], node.ops, strict=False)
        masks = [self._compared(left, right, op) for left, right, op in pairs]
        return np.logical_and.reduce(masks)

    def _compared(self, left: Any, right: Any, op: ast.cmpop) -> Any:
        if isinstance(op, ast.In | ast.NotIn):
            if not hasattr(left, "isin") or not isinstance(right, list):
                raise _refused(self._condition, "looks for what is not a column")
            found = left.isin(right)
            return np.asarray(~found if isinstance(op, ast.NotIn) else found, bool)
        compare = _COMPARISONS.get(type(op))
        if compare is None or isinstance(left, list) or isinstance(right, list):
            raise _refused(self._condition, "compares in a way that is not allowed")
        _check_comparable(self._condition, left, right)
        try:
            found = compare(left, right)
        except (TypeError, ValueError) as error:
            raise _refused(self._condition, f"cannot be compared ({error})") from None
        if not hasattr(found, "to_numpy"):
            raise _refused(self._condition, "compares what is not a column")
        return found.to_numpy(dtype=bool, na_value=False)

    def _mask(self, value: Any, node: ast.AST) -> np.ndarray:
        if not _is_mask(value):
            shown = ast.unparse(node)
            raise _refused(self._condition, f"holds {shown!r}, which is not yes or no")
        return np.asarray(value)


def _check_comparable(condition: str, left: Any, right: Any) -> None:
    """Raise unless texts stand beside texts or times, numbers beside numbers."""
    from pandas.api.types import is_datetime64_any_dtype, is_numeric_dtype

    for values, other in ((left, right), (right, left)):
        if not hasattr(values, "dtype") or hasattr(other, "dtype"):
            continue
        numeric = is_numeric_dtype(values)
        if numeric == isinstance(other, str) or (
            is_datetime64_any_dtype(values) and not isinstance(other, str)
        ):
            holds = "numbers" if numeric else "times or texts"
            raise _refused(
                condition,
                f"compares column {values.name!r}, of {holds}, with {other!r}",
            )
