"""Arithmetic in SELECT, with InfluxQL's rules: nothing with something is nothing, a division by zero is zero. Pure."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from storage.tsdb.syntax import Binary, Expr, Lit

_INT64 = 1 << 64


def evaluate(expr: Expr, known: Mapping[Expr, Any]) -> Any:
    """Return the value of `expr` where `known` has those of its fields and calls."""
    if expr in known:
        return known[expr]
    if isinstance(expr, Lit):
        return expr.value
    if isinstance(expr, Binary):
        left, right = evaluate(expr.left, known), evaluate(expr.right, known)
        numbers = isinstance(left, float | int) and isinstance(right, float | int)
        if numbers and not isinstance(left, bool) and not isinstance(right, bool):
            return _OPERATIONS[expr.op](left, right) if expr.op in _OPERATIONS else None
        if isinstance(left, bool) and isinstance(right, bool) and expr.op in "&|^":
            return bool(_OPERATIONS[expr.op](left, right))
    return None


def result_kind(op: str, left: str, right: str) -> str:
    """Return the type of a calculation."""
    return "integer" if (left, right) == ("integer", "integer") and op != "/" else "float"


def _wrap(value: Any) -> Any:
    """Keep integers within 64 bits, as Go does."""
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        return (value + (1 << 63)) % _INT64 - (1 << 63)
    return value


def _divide(left: Any, right: Any) -> Any:
    return float(left) / float(right) if right else 0.0


def _modulo(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int):
        return int(math.copysign(abs(left) % abs(right), left)) if right else 0
    return math.fmod(left, right) if right else math.nan


def _bits(operation: Callable[[int, int], int]) -> Callable[[Any, Any], Any]:
    return lambda left, right: operation(left, right) if isinstance(left, int) and isinstance(right, int) else None


_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda left, right: _wrap(left + right),
    "-": lambda left, right: _wrap(left - right),
    "*": lambda left, right: _wrap(left * right),
    "/": _divide,
    "%": _modulo,
    "&": _bits(lambda left, right: left & right),
    "|": _bits(lambda left, right: left | right),
    "^": _bits(lambda left, right: left ^ right),
}
