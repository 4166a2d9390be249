"""InfluxQL text to trees, by the grammar beside this file. Knows no data."""

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedInput, VisitError

from storage.tsdb.syntax import (
    Binary,
    Call,
    CreateDatabase,
    Duration,
    Expr,
    Field,
    Limits,
    Lit,
    QueryError,
    Ref,
    Regex,
    Select,
    Show,
    Source,
    Statement,
    Wildcard,
)

UNITS = {"ns": 1, "u": 1000, "us": 1000, "µ": 1000, "µs": 1000, "ms": 1_000_000, "s": 1_000_000_000} | {
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
    "w": 604_800_000_000_000,
}
"""Duration unit -> ns."""
_REFUSED = re.compile(
    r"\s*((?:ALTER|CREATE|DELETE|DROP|EXPLAIN|GRANT|KILL|REVOKE|SET|SHOW)(?:\s+[A-Za-z]+){0,2}|SELECT\b.*\bINTO\b)",
    re.IGNORECASE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def parse(text: str, params: Mapping[str, Any] | None = None) -> list[Statement]:
    """Return the statements of a query; `params` are values for `$name`. Raises QueryError."""
    return list(_parse(text)) if not params else [*_Builder(params).transform(_tree(text))]


@lru_cache(maxsize=256)
def _parse(text: str) -> tuple[Statement, ...]:
    return tuple(_Builder({}).transform(_tree(text)))


def _tree(text: str) -> Any:
    """Parse with the grammar, saying what stands where it should not."""
    try:
        return _grammar().parse(text)
    except UnexpectedInput as err:
        if isinstance(err, VisitError):
            raise
        refused = _REFUSED.match(text)
        at = err.pos_in_stream if err.pos_in_stream is not None and err.pos_in_stream >= 0 else len(text)
        word = re.match(r"\S+", text[at:].lstrip())
        found = word[0] if word else "EOF"
        line, column = text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1
        words = f"error parsing query: found {found}, expected another word at line {line}, char {column}"
        if (refused and not refused[1].upper().startswith("SELECT")) or (refused and " INTO" in refused[1].upper()):
            kind = "SELECT INTO" if refused[1].upper().startswith("SELECT") else " ".join(refused[1].upper().split())
            words += f" ({kind} is not supported by the embedded store)"
        raise QueryError(words) from None


@lru_cache(maxsize=1)
def _grammar() -> Lark:
    text = files("storage.tsdb").joinpath("influxql.lark").read_text(encoding="utf-8")
    return Lark(text, parser="lalr", start="query", maybe_placeholders=False)


def _unquote(text: str) -> str:
    return _ESCAPE.sub(lambda found: {"n": "\n"}.get(found[1], found[1]), text[1:-1])


class _Builder(Transformer[Token, Any]):
    """Turns the parser's tree into ours, bottom up. A method per rule of the grammar."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        super().__init__()
        self._params = params

    def query(self, found: list[Any]) -> list[Any]:
        return found

    def ident(self, found: list[Token]) -> str:
        return _unquote(found[0]) if found[0].type == "QUOTED" else str(found[0])

    def ref(self, found: list[str]) -> Expr:
        return Ref(found[0], found[1].lower() if len(found) > 1 else "")

    def callee(self, found: list[Token]) -> str:
        return str(found[0]).lower()

    def call(self, found: list[Any]) -> Expr:
        return Call(found[0], tuple(found[1:]))

    def distinct(self, found: list[str]) -> Expr:
        return Call("distinct", (Ref(found[0]),))

    def wildcard(self, found: list[Any]) -> Expr:
        return Wildcard(found[1] if len(found) > 1 else "")

    def regex(self, found: list[Token]) -> Expr:
        return Regex(found[0][1:-1].replace("\\/", "/"))

    def string(self, found: list[Token]) -> Expr:
        return Lit(_unquote(found[0]))

    def duration(self, found: list[Token]) -> Expr:
        parts = re.findall(r"(\d+)(\D+)", found[0])
        return Duration(sum(int(count) * UNITS[unit] for count, unit in parts))

    def decimal(self, found: list[Token]) -> Expr:
        return Lit(float(found[0]))

    def integer(self, found: list[Token]) -> Expr:
        return Lit(int(found[0]))

    def true(self, _: list[Any]) -> Expr:
        return Lit(True)

    def false(self, _: list[Any]) -> Expr:
        return Lit(False)

    def parameter(self, found: list[Token]) -> Expr:
        name = found[0][1:]
        if name not in self._params:
            raise QueryError(f"error parsing query: missing parameter: {name}")
        value = self._params[name]
        if isinstance(value, dict) and len(value) == 1:
            [(kind, text)] = value.items()
            if kind == "regex":
                return Regex(str(text))
            if kind == "identifier":
                return Ref(str(text))
            if kind == "duration":
                return self.duration([Token("DURATION", str(text))])
            return Lit(text)
        if isinstance(value, float | int | bool | str):
            return Lit(value)
        raise QueryError(f"error parsing query: unable to bind parameter {name!r} of type {type(value).__name__}")

    def paren(self, found: list[Expr]) -> Expr:
        return found[0]

    def signed(self, found: list[Any]) -> Expr:
        sign, expr = found
        if sign == "+":
            return expr  # type: ignore[no-any-return]
        if isinstance(expr, Lit) and not isinstance(expr.value, bool | str):
            return Lit(-expr.value)
        if isinstance(expr, Duration):
            return Duration(-expr.ns)
        return Binary("*", Lit(-1), expr)

    def binary(self, found: list[Any]) -> Expr:
        left, op, right = found
        return Binary("!=" if op == "<>" else str(op), left, right)

    def either(self, found: list[Expr]) -> Expr:
        return Binary("or", found[0], found[1])

    def both(self, found: list[Expr]) -> Expr:
        return Binary("and", found[0], found[1])

    def field(self, found: list[Any]) -> Field:
        return Field(found[0], found[1] if len(found) > 1 else "")

    def fields(self, found: list[Field]) -> tuple[str, Any]:
        return "fields", tuple(found)

    def plain_measurement(self, found: list[str]) -> Source:
        return Source(name=found[0])

    def regex_measurement(self, found: list[Token]) -> Source:
        return Source(regex=Regex(found[0][1:-1].replace("\\/", "/")))

    def policy_measurement(self, found: list[str]) -> Source:
        return Source(policy=found[0], name=found[1])

    def full_measurement(self, found: list[str]) -> Source:
        return Source(database=found[0], policy=found[1] if len(found) == 3 else "", name=found[-1])

    def policy_regex_measurement(self, found: list[Any]) -> Source:
        return Source(policy=found[0], regex=Regex(found[1][1:-1].replace("\\/", "/")))

    def full_regex_measurement(self, found: list[Any]) -> Source:
        regex = Regex(found[-1][1:-1].replace("\\/", "/"))
        return Source(database=found[0], policy=found[1] if len(found) == 3 else "", regex=regex)

    def subquery(self, found: list[Select]) -> Source:
        return Source(subquery=found[0])

    def sources(self, found: list[Source]) -> tuple[str, Any]:
        return "sources", tuple(found)

    def where(self, found: list[Expr]) -> tuple[str, Any]:
        return "where", found[0]

    def group(self, found: list[Expr]) -> tuple[str, Any]:
        return "group", tuple(found)

    def fill(self, found: list[Any]) -> tuple[str, Any]:
        return "fill", found[-1]

    def fill_word(self, found: list[str]) -> str:
        word = found[0].lower()
        if word not in ("null", "none", "previous", "linear"):
            raise QueryError(f"error parsing query: expected number argument in fill(), found {found[0]}")
        return word

    def fill_number(self, found: list[Token]) -> float | int:
        text = "".join(found)
        return int(text) if found[-1].type == "INT" else float(text)

    def direction(self, found: list[Token]) -> str:
        return str(found[0]).lower()

    def order(self, found: list[str]) -> tuple[str, Any]:
        if found[0].lower() != "time":
            raise QueryError("error parsing query: only ORDER BY time supported at this time")
        return "descending", len(found) > 1 and found[1] == "desc"

    def limit(self, found: list[Token]) -> tuple[str, int]:
        return "limit", int(found[0])

    def offset(self, found: list[Token]) -> tuple[str, int]:
        return "offset", int(found[0])

    def slimit(self, found: list[Token]) -> tuple[str, int]:
        return "slimit", int(found[0])

    def soffset(self, found: list[Token]) -> tuple[str, int]:
        return "soffset", int(found[0])

    def limits(self, found: list[tuple[str, int]]) -> tuple[str, Any]:
        return "limits", Limits(**dict(found))

    def zone(self, found: list[Token]) -> tuple[str, Any]:
        return "zone", _unquote(found[0])

    def select(self, found: list[tuple[str, Any]]) -> Select:
        return Select(**dict(found))

    def on(self, found: list[str]) -> tuple[str, Any]:
        return "database", found[0]

    def from_(self, found: list[tuple[str, Any]]) -> tuple[str, Any]:
        return found[0]

    def with_named(self, found: list[Any]) -> tuple[str, Any]:
        return "key", Binary(str(found[0]), Ref("key"), Lit(found[1]))

    def with_regex(self, found: list[Any]) -> tuple[str, Any]:
        return "key", Binary(str(found[0]), Ref("key"), self.regex([found[1]]))

    key_is = with_named
    key_matches = with_regex

    def key_in(self, found: list[str]) -> tuple[str, Any]:
        tests: list[Expr] = [Binary("=", Ref("key"), Lit(name)) for name in found]
        joined = tests[0]
        for test in tests[1:]:
            joined = Binary("or", joined, test)
        return "key", joined

    def create_database(self, found: list[str]) -> Statement:
        return CreateDatabase(found[0])

    def __default__(self, data: Any, children: list[Any], meta: Any) -> Any:
        """Build the SHOW statements, whose rules are named after what they show."""
        verb, _, kind = str(data).partition("_")
        if verb not in ("show", "count"):
            return super().__default__(data, children, meta)  # type: ignore[no-untyped-call]
        parts: dict[str, Any] = dict(part for part in children if isinstance(part, tuple))
        exact = any(isinstance(child, Token) and child.type == "EXACT" for child in children)
        counted = ("exact" if exact else "estimated") if verb == "count" else ""
        return Show(kind=kind, counted=counted, **parts)  # type: ignore[arg-type]
