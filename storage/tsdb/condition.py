"""WHERE taken apart: the time range, what can be told from tags alone, and SQL for the rest. Runs nothing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

from storage.tsdb.syntax import Binary, Call, Duration, Expr, Lit, QueryError, Ref, Regex

MIN_TIME = -9223372036854775806
MAX_TIME = 9223372036854775806
Columns: TypeAlias = Mapping[str, tuple[int, str]]
"""Field name -> (position, kind)."""

_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?")


@dataclass(slots=True)
class Condition:
    """A WHERE clause: times in ns, both ends included, and the rest of it."""

    low: int = MIN_TIME
    high: int = MAX_TIME
    rest: Expr | None = None


@dataclass(slots=True)
class Sql:
    """SQL under way: values go in as parameters, never as text."""

    params: list[object] = field(default_factory=list)

    def value(self, value: object) -> str:
        """Bind a value; return its place."""
        self.params.append(value)
        return "?"


def split_time(where: Expr | None, now: int, zone: str) -> Condition:
    """Take the conditions on time out of a WHERE clause. Raises QueryError."""
    condition = Condition()
    if where is not None:
        condition.rest = _without_time(where, condition, now, zone)
    return condition


def _without_time(expr: Expr, condition: Condition, now: int, zone: str) -> Expr | None:
    """Narrow the range by each comparison with time; return what else there is."""
    if isinstance(expr, Binary) and expr.op == "and":
        left = _without_time(expr.left, condition, now, zone)
        right = _without_time(expr.right, condition, now, zone)
        return Binary("and", left, right) if left and right else left or right
    if isinstance(expr, Binary) and expr.op == "or":
        if _mentions_time(expr):
            raise QueryError("cannot use OR with a condition on time in the embedded store")
        return expr
    if not isinstance(expr, Binary):
        return expr
    if _is_time(expr.left):
        op, bound = expr.op, expr.right
    elif _is_time(expr.right):
        op, bound = _MIRRORED.get(expr.op, expr.op), expr.left
    else:
        return expr
    at = instant(bound, now, zone)
    if op in ("=", ">", ">="):
        condition.low = max(condition.low, at + (op == ">"))
    if op in ("=", "<", "<="):
        condition.high = min(condition.high, at - (op == "<"))
    if op not in ("=", ">", ">=", "<", "<="):
        raise QueryError(f"invalid time comparison operator: {op}")
    return None


def _is_time(expr: Expr) -> bool:
    return isinstance(expr, Ref) and expr.name.lower() == "time"


def _mentions_time(expr: Expr) -> bool:
    if isinstance(expr, Binary):
        return _mentions_time(expr.left) or _mentions_time(expr.right)
    return _is_time(expr)


def instant(expr: Expr, now: int, zone: str) -> int:
    """Return a time expression in ns. Raises QueryError."""
    if isinstance(expr, Call) and expr.name == "now" and not expr.args:
        return now
    if isinstance(expr, Duration):
        return expr.ns
    if isinstance(expr, Lit) and isinstance(expr.value, str):
        return parse_time(expr.value, zone)
    if isinstance(expr, Lit) and not isinstance(expr.value, bool):
        return int(expr.value)
    if isinstance(expr, Binary) and expr.op in "+-":
        left, right = instant(expr.left, now, zone), instant(expr.right, now, zone)
        return left + right if expr.op == "+" else left - right
    raise QueryError(f"invalid operation: time and {type(expr).__name__} are not compatible")


def parse_time(text: str, zone: str) -> int:
    """Return ns of `2026-01-02`, `2026-01-02 03:04:05.6` (in `zone`) or RFC 3339. Raises QueryError."""
    found = _DATE.fullmatch(text)
    if found is None:
        raise QueryError("invalid operation: time and *influxql.StringLiteral are not compatible")
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    try:
        moment = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))
    except ValueError:
        raise QueryError(f"unable to parse time {text!r}") from None
    if offset and offset != "Z":
        moment = datetime.fromisoformat(moment.isoformat() + offset)
    else:
        moment = moment.replace(tzinfo=UTC if offset or not zone else ZoneInfo(zone))
    return int(moment.timestamp()) * 1_000_000_000 + int((fraction or "").ljust(9, "0"))


def known_by_tags(  # noqa: PLR0911 - one return per case
    expr: Expr, tags: Mapping[str, str], columns: Columns
) -> Expr | bool:
    """Return the condition for one series: decided where tags decide it, else what is left to ask of its rows."""
    if not isinstance(expr, Binary):
        return expr.value if isinstance(expr, Lit) and isinstance(expr.value, bool) else expr
    if expr.op in ("and", "or"):
        left, right = known_by_tags(expr.left, tags, columns), known_by_tags(expr.right, tags, columns)
        decisive = expr.op == "or"
        if left is decisive or right is decisive:
            return decisive
        if isinstance(left, bool):
            return right
        return left if isinstance(right, bool) else Binary(expr.op, left, right)
    left_tag, right_tag = _tag(expr.left, tags, columns), _tag(expr.right, tags, columns)
    if left_tag is None and right_tag is None:
        return expr
    one, other = (left_tag, expr.right) if left_tag is not None else (right_tag, expr.left)
    if left_tag is not None and right_tag is not None:
        other = Lit(right_tag)
    assert one is not None
    if isinstance(other, Regex) and expr.op in ("=~", "!~"):
        return bool(compiled(other.pattern).search(one)) is (expr.op == "=~")
    if isinstance(other, Lit) and isinstance(other.value, str) and expr.op in ("=", "!="):
        return (one == other.value) is (expr.op == "=")
    return False


def _tag(expr: Expr, tags: Mapping[str, str], columns: Columns) -> str | None:
    """Return the series' value of a tag, empty where it has none; None when `expr` is no tag."""
    if not isinstance(expr, Ref) or expr.kind == "field" or (expr.name in columns and expr.kind != "tag"):
        return None
    return tags.get(expr.name, "")


@lru_cache(maxsize=512)
def compiled(pattern: str) -> re.Pattern[str]:
    """Return a compiled expression. Raises QueryError."""
    try:
        return re.compile(pattern)
    except re.error as err:
        raise QueryError(f"error parsing query: error parsing regexp: {err}") from None


def row_sql(expr: Expr, columns: Columns, sql: Sql) -> str:  # noqa: PLR0911 - one return per case
    """Return SQL for a condition on fields; comparing unlike things is false, as in InfluxDB."""
    if isinstance(expr, Binary) and expr.op in ("and", "or"):
        return f"({row_sql(expr.left, columns, sql)} {expr.op.upper()} {row_sql(expr.right, columns, sql)})"
    if isinstance(expr, Ref):
        position, kind = columns.get(expr.name, (0, ""))
        return f"f{position}" if kind == "boolean" else "FALSE"
    if not isinstance(expr, Binary):
        return "FALSE"
    if isinstance(expr.right, Regex):
        if _kind(expr.left, columns) != "string" or not isinstance(expr.left, Ref):
            return "FALSE"
        match = f"regexp_matches(f{columns[expr.left.name][0]}, {sql.value(expr.right.pattern)})"
        return match if expr.op == "=~" else f"(NOT {match})"
    kinds = {_kind(expr.left, columns), _kind(expr.right, columns)}
    alike = kinds <= {"float", "integer"} or (len(kinds) == 1 and kinds <= {"string", "boolean"})
    if not alike or (not kinds <= {"float", "integer"} and expr.op not in ("=", "!=")):
        return "FALSE"
    left, right = _value_sql(expr.left, columns, sql), _value_sql(expr.right, columns, sql)
    return f"({left} {expr.op} {right})"


def _kind(expr: Expr, columns: Columns) -> str:
    """Return the type of an operand in a condition, empty for what has none."""
    if isinstance(expr, Ref):
        return columns.get(expr.name, (0, ""))[1]
    if isinstance(expr, Lit):
        return {bool: "boolean", int: "integer", float: "float", str: "string"}[type(expr.value)]
    if isinstance(expr, Binary) and expr.op in "+-*/%&|^":
        kinds = {_kind(expr.left, columns), _kind(expr.right, columns)}
        if kinds <= {"integer", "float"}:
            return "integer" if kinds == {"integer"} and expr.op != "/" else "float"
    return ""


def _value_sql(expr: Expr, columns: Columns, sql: Sql) -> str:
    if isinstance(expr, Ref):
        return f"f{columns[expr.name][0]}"
    if isinstance(expr, Lit):
        return sql.value(expr.value) if isinstance(expr.value, str) else repr(expr.value)
    assert isinstance(expr, Binary)
    left, right = _value_sql(expr.left, columns, sql), _value_sql(expr.right, columns, sql)
    if expr.op == "/":
        return f"coalesce({left}::DOUBLE / nullif({right}::DOUBLE, 0), CASE WHEN {right} = 0 THEN 0 END)"
    return f"xor({left}, {right})" if expr.op == "^" else f"({left} {expr.op} {right})"
