"""Whether a SELECT makes sense, in InfluxDB's words where it does not. Looks at no data."""

from storage.tsdb.calls import FUNCTIONS, SELECTORS, TRANSFORMS
from storage.tsdb.naming import calls_in, refs_in
from storage.tsdb.syntax import Binary, Call, Duration, Expr, Lit, QueryError, Ref, Regex, Select, Wildcard
from storage.tsdb.window import Window

_ONE = frozenset({"count", "sum", "mean", "min", "max", "first", "last", "spread", "stddev", "median", "mode"})
_UNIT = {"derivative", "non_negative_derivative", "elapsed", "integral"}
NOT_HERE = frozenset({"sample", "holt_winters", "holt_winters_with_fit"})


def check(statement: Select, window: Window) -> None:
    """Raise QueryError for what InfluxDB would refuse, and by name for what only we do."""
    calls: list[Call] = []
    plain = False
    for field in statement.fields:
        if isinstance(field.expr, Ref) and field.expr.name == "time":
            continue
        if isinstance(field.expr, Wildcard | Regex):
            plain = True
            continue
        calls += calls_in(field.expr)
        plain = plain or bool(refs_in(field.expr))
        if not calls_in(field.expr) and not refs_in(field.expr):
            raise QueryError("field must contain at least one variable")
        _no_wildcard(field.expr)
    for call in calls:
        _check_call(call, window, limit=statement.limits.limit)
    tops = [call for call in calls if call.name in ("top", "bottom")]
    if tops and len(calls) > 1:
        raise QueryError(f"selector function {tops[0].name}() cannot be combined with other functions")
    if plain and calls:
        if any(call.name not in SELECTORS for call in calls):
            raise QueryError("mixing aggregate and non-aggregate queries is not supported")
        if len(calls) > 1:
            raise QueryError("mixing multiple selector functions with tags or fields is not supported")
    distinct = [call for call in calls if call.name == "distinct"]
    if distinct and (len(calls) > 1 or plain):
        raise QueryError("aggregate function distinct() cannot be combined with other functions or fields")
    if window.length and not calls:
        raise QueryError("GROUP BY requires at least one aggregate function")
    if not calls and statement.fill in ("none", "linear") and plain:
        raise QueryError(f"fill({statement.fill}) must be used with a function")


def _no_wildcard(expr: Expr) -> None:
    if isinstance(expr, Binary):
        for side in (expr.left, expr.right):
            if isinstance(side, Wildcard):
                raise QueryError("unable to use wildcard in a binary expression")
            if isinstance(side, Regex):
                raise QueryError("unable to use regex in a binary expression")
            _no_wildcard(side)


def _check_call(call: Call, window: Window, *, limit: int) -> None:  # noqa: C901 - a list of rules, one after the other
    name, got = call.name, len(call.args)
    if name in NOT_HERE:
        raise QueryError(f"{name}() is not supported by the embedded store")
    if name not in FUNCTIONS:
        raise QueryError(f"undefined function {name}()")
    if name in _ONE and got != 1:
        raise QueryError(f"invalid number of arguments for {name}, expected 1, got {got}")
    if name in ("percentile", "moving_average") and got != 2:
        raise QueryError(f"invalid number of arguments for {name}, expected 2, got {got}")
    if name in _UNIT:
        if not 1 <= got <= 2:
            raise QueryError(
                f"invalid number of arguments for {name}, expected at least 1 but no more than 2, got {got}"
            )
        if got == 2 and (not isinstance(call.args[1], Duration) or call.args[1].ns <= 0):
            raise QueryError(
                "duration argument must be positive"
                if isinstance(call.args[1], Duration)
                else (f"second argument to {name} must be a duration")
            )
    if name in ("difference", "non_negative_difference", "cumulative_sum") and got != 1:
        raise QueryError(f"invalid number of arguments for {name}, expected 1, got {got}")
    if name == "distinct" and (got != 1 or not isinstance(call.args[0], Ref)):
        raise QueryError("expected field argument in distinct()")
    if name == "moving_average":
        number = call.args[1]
        if not isinstance(number, Lit) or not isinstance(number.value, int):
            raise QueryError("second argument for moving_average must be an integer")
        if number.value <= 1:
            raise QueryError(f"moving_average window must be greater than 1, got {number.value}")
    if name in ("top", "bottom"):
        _check_top(call, limit)
        return
    inner = call.args[0]
    if name in TRANSFORMS and isinstance(inner, Call):
        if not window.length:
            raise QueryError(f"{name} aggregate requires a GROUP BY interval")
        _check_call(inner, window, limit=0)
        return
    if name in TRANSFORMS and window.length:
        raise QueryError(f"aggregate function required inside the call to {name}")
    if name == "count" and isinstance(inner, Call) and inner.name == "distinct":
        return
    if not isinstance(inner, Ref | Wildcard | Regex):
        raise QueryError(f"expected field argument in {name}()")


def _check_top(call: Call, limit: int) -> None:
    if len(call.args) < 2:
        raise QueryError(f"invalid number of arguments for {call.name}, expected at least 2, got {len(call.args)}")
    last = call.args[-1]
    if not isinstance(last, Lit) or not isinstance(last.value, int):
        raise QueryError(f"expected integer as last argument in {call.name}(), found {_shown(last)}")
    if last.value <= 0:
        raise QueryError(f"limit ({last.value}) in {call.name} function must be at least 1")
    if limit and last.value > limit:
        raise QueryError(
            f"limit ({last.value}) in {call.name} function can not be larger than the LIMIT ({limit}) "
            "in the select statement"
        )
    for arg in call.args[:-1]:
        if not isinstance(arg, Ref):
            raise QueryError(f"expected first argument to be a field in {call.name}(), found {_shown(arg)}")


def _shown(expr: Expr) -> str:
    if isinstance(expr, Ref):
        return expr.name
    return str(expr.value) if isinstance(expr, Lit) else type(expr).__name__.lower()
