"""InfluxQL as a tree: what a statement says, before anything is known about the data. Evaluates nothing."""

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Ref:
    """A field, a tag or `time`. `kind` is what stands after `::`."""

    name: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Lit:
    """A number, string or truth value."""

    value: float | int | bool | str


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time."""

    ns: int


@dataclass(frozen=True, slots=True)
class Regex:
    """A regular expression, without its slashes."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Wildcard:
    """`*`, `*::field` or `*::tag`."""

    kind: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments; the name in lower case."""

    name: str
    args: tuple["Expr", ...]


@dataclass(frozen=True, slots=True)
class Binary:
    """Two expressions and what joins them: and or = != < <= > >= =~ !~ + - * / % & | ^."""

    op: str
    left: "Expr"
    right: "Expr"


Expr: TypeAlias = Ref | Lit | Duration | Regex | Wildcard | Call | Binary


@dataclass(frozen=True, slots=True)
class Field:
    """One column that is asked for."""

    expr: Expr
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """One measurement, several by a regular expression, or a statement whose answer is read."""

    name: str = ""
    regex: Regex | None = None
    database: str = ""
    policy: str = ""
    subquery: "Select | None" = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How many rows and series, and how many to leave out before. Zero: no limit."""

    limit: int = 0
    offset: int = 0
    slimit: int = 0
    soffset: int = 0


@dataclass(frozen=True, slots=True)
class Select:
    """One SELECT, at the top or inside another."""

    fields: tuple[Field, ...]
    sources: tuple[Source, ...]
    where: Expr | None = None
    group: tuple[Expr, ...] = ()
    fill: str | float | int = "null"
    """null, none, previous, linear or a number."""
    descending: bool = False
    limits: Limits = Limits()
    zone: str = ""


ShowKind: TypeAlias = Literal[
    "databases",
    "policies",
    "measurements",
    "tag_keys",
    "tag_values",
    "field_keys",
    "series",
]


@dataclass(frozen=True, slots=True)
class Show:
    """SHOW … and its CARDINALITY forms."""

    kind: ShowKind
    database: str = ""
    sources: tuple[Source, ...] = ()
    key: Expr | None = None
    """WITH KEY or WITH MEASUREMENT, as a condition on the name `key`."""
    where: Expr | None = None
    limits: Limits = Limits()
    counted: Literal["", "estimated", "exact"] = ""


@dataclass(frozen=True, slots=True)
class CreateDatabase:
    """CREATE DATABASE, as Telegraf and the shell send it."""

    name: str


Statement: TypeAlias = Select | Show | CreateDatabase


class QueryError(Exception):
    """A statement that cannot be answered, in InfluxDB's words where it has some."""
