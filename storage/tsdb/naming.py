"""Columns of an answer: wildcards and regular expressions spelled out, names as InfluxDB gives them. Reads no rows."""

from dataclasses import replace

from storage.tsdb.condition import compiled
from storage.tsdb.relation import Relation
from storage.tsdb.syntax import Binary, Call, Expr, Field, QueryError, Ref, Regex, Select, Wildcard

NUMERIC = ("float", "integer")
ANY_TYPE = ("count", "first", "last", "distinct", "elapsed", "mode", "sample")
"""Functions that take fields of every type."""
BOOLEAN_TOO = ("min", "max")


def spell_out(statement: Select, relations: list[Relation], dimensions: list[str]) -> tuple[Field, ...]:
    """Return the statement's fields with every wildcard and regular expression replaced by what it stands for."""
    kinds: dict[str, str] = {}
    for relation in relations:
        for name, (_, kind) in relation.columns.items():
            if name not in kinds or (kind, kinds[name]) == NUMERIC:
                kinds[name] = kind
    tags = {key for relation in relations for key in relation.tag_keys()}
    out: list[Field] = []
    for field in statement.fields:
        expr = field.expr
        if isinstance(expr, Wildcard | Regex):
            out += [Field(Ref(name, kind)) for name, kind in _plain(expr, kinds, tags - set(dimensions))]
        elif isinstance(expr, Call) and (inner := _innermost(expr)) is not None:
            wanted = inner.args[0]
            for name in sorted(kinds):
                if _takes(inner.name, kinds[name]) and _matches(wanted, name):
                    out.append(Field(_with_field(expr, Ref(name)), f"{field.alias or expr.name}_{name}"))
        elif isinstance(expr, Ref) and expr.name == "time":
            continue
        else:
            out.append(field)
            if isinstance(expr, Call) and expr.name in ("top", "bottom"):
                out += [Field(arg) for arg in expr.args[1:-1]]
    return tuple(out)


def _plain(expr: Wildcard | Regex, kinds: dict[str, str], tags: set[str]) -> list[tuple[str, str]]:
    """Return (name, ::kind) of each field and tag that a bare wildcard or regular expression stands for."""
    names = [(name, "") for name in kinds if not isinstance(expr, Wildcard) or expr.kind != "tag"]
    if not isinstance(expr, Wildcard) or expr.kind != "field":
        names += [(name, "tag") for name in tags if name not in kinds]
        names += [(name, "tag") for name in tags if name in kinds]
    return sorted(pair for pair in names if isinstance(expr, Wildcard) or compiled(expr.pattern).search(pair[0]))


def _innermost(call: Call) -> Call | None:
    """Return the call in `call` whose argument is a wildcard or regular expression."""
    if not call.args:
        return None
    if isinstance(call.args[0], Wildcard | Regex):
        return call
    return _innermost(call.args[0]) if isinstance(call.args[0], Call) else None


def _takes(function: str, kind: str) -> bool:
    return kind in NUMERIC or function in ANY_TYPE or (kind == "boolean" and function in BOOLEAN_TOO)


def _matches(wanted: Expr, name: str) -> bool:
    return not isinstance(wanted, Regex) or bool(compiled(wanted.pattern).search(name))


def _with_field(call: Call, ref: Ref) -> Call:
    first = call.args[0]
    inner: Expr = _with_field(first, ref) if isinstance(first, Call) else ref
    return replace(call, args=(inner, *call.args[1:]))


def column_names(fields: tuple[Field, ...], time_name: str) -> list[str]:
    """Return the names of all columns, time first; a name that is taken gets a number."""
    names = [time_name]
    taken = {time_name: 0}
    for field in fields:
        if field.alias:
            taken.setdefault(field.alias, 0)
    for field in fields:
        name = field.alias or base_name(field.expr)
        if not field.alias:
            base, number = name, taken.get(name)
            while number is not None:
                number += 1
                name = f"{base}_{number}"
                taken[base] = number
                if name not in taken:
                    break
            taken[name] = 0
        names.append(name)
    return names


def base_name(expr: Expr) -> str:
    """Return the name of an expression: of its field, its function, or all of them joined."""
    if isinstance(expr, Ref | Call):
        return expr.name
    if isinstance(expr, Binary):
        return "_".join(filter(None, (base_name(expr.left), base_name(expr.right))))
    return ""


def time_column(statement: Select) -> str:
    """Return what the time column is called."""
    for field in statement.fields:
        if isinstance(field.expr, Ref) and field.expr.name == "time" and field.alias:
            return field.alias
    return "time"


def calls_in(expr: Expr) -> list[Call]:
    """Return the outermost calls of an expression."""
    if isinstance(expr, Call):
        return [expr]
    if isinstance(expr, Binary):
        return calls_in(expr.left) + calls_in(expr.right)
    return []


def refs_in(expr: Expr) -> list[Ref]:
    """Return the fields and tags that stand outside of calls."""
    if isinstance(expr, Ref):
        return [expr]
    if isinstance(expr, Binary):
        return refs_in(expr.left) + refs_in(expr.right)
    return []


def check_dimensions(statement: Select) -> None:
    """Refuse dimensions that are neither tags nor time()."""
    for expr in statement.group:
        if isinstance(expr, Call) and expr.name != "time":
            raise QueryError("error parsing query: only time() calls allowed in dimensions")
        if isinstance(expr, Ref) and expr.name.lower() == "time":
            raise QueryError("error parsing query: time() is a function and expects at least one argument")
