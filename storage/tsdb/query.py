"""Statements to results: finds what they read, runs them, keeps to InfluxDB's shapes. Knows nothing of HTTP."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from storage.tsdb.calls import Rows
from storage.tsdb.checking import check
from storage.tsdb.condition import MAX_TIME, MIN_TIME, Condition, compiled, instant, split_time
from storage.tsdb.naming import calls_in, check_dimensions, column_names, spell_out, time_column
from storage.tsdb.relation import Relation, of_measurement, select_series
from storage.tsdb.schema import KINDS, Database
from storage.tsdb.select import Run, Table
from storage.tsdb.show import show
from storage.tsdb.store import Store
from storage.tsdb.syntax import (
    Call,
    CreateDatabase,
    Duration,
    Lit,
    QueryError,
    Ref,
    Regex,
    Select,
    Source,
    Statement,
    Wildcard,
)
from storage.tsdb.window import Window


@dataclass(slots=True)
class _Virtual:
    """One series of a subquery's answer."""

    id: int
    tags: dict[str, str]


class Engine:
    """Runs statements on one cursor, in the reading thread that owns it."""

    def __init__(self, store: Store, cursor: duckdb.DuckDBPyConnection) -> None:
        """Take the store for its names and a cursor for its rows."""
        self._store = store
        self._cursor = cursor
        self._temporary = 0

    def run(self, statement: Statement, database: str, now: int) -> list[Table]:
        """Return the series that answer a statement; `now` in ns. Raises QueryError, duckdb.Error."""
        if isinstance(statement, CreateDatabase):
            return []
        if not isinstance(statement, Select):
            return show(statement, self._store, statement.database or database, now)
        try:
            return self._select(statement, database, now, None)
        finally:
            for number in range(self._temporary):
                self._cursor.execute(f"DROP TABLE IF EXISTS sub_{number}")
            self._temporary = 0

    def database(self, name: str) -> Database:
        """Return a database. Raises QueryError as InfluxDB does."""
        if not name:
            raise QueryError("database name required")
        if name not in self._store.databases:
            raise QueryError(f"database not found: {name}")
        return self._store.databases[name]

    def _select(self, statement: Select, database: str, now: int, outer: "_Outer | None") -> list[Table]:
        """Evaluate a SELECT; inside another one, `outer` passes down its range, interval and tags."""
        check_dimensions(statement)
        condition = split_time(statement.where, now, statement.zone)
        window = _window(statement, now)
        inherited = False
        if outer is not None:
            condition.low, condition.high = max(condition.low, outer.low), min(condition.high, outer.high)
            if not window.length and outer.window.length and any(isinstance(f.expr, Call) for f in statement.fields):
                window, inherited = outer.window, True
            if statement.fill == "null" and any(calls_in(one.expr) for one in statement.fields):
                statement = replace(statement, fill="none")
        check(statement, replace(window, length=0) if inherited else window)
        if window.length and condition.high == MAX_TIME:
            condition.high = now
        relations: list[Relation] = []
        inner = _Outer(condition.low, condition.high, window, statement)
        for source in statement.sources:
            relations += self._relations(source, database, now, inner)
        tables: dict[tuple[str, tuple[tuple[str, str], ...]], Table] = {}
        for relation in sorted(_joined(relations), key=lambda one: one.name, reverse=statement.descending):
            for table in self._one(statement, relations, relation, condition, window, outer):
                tables[table.name, tuple(table.tags.items())] = table
        return list(tables.values())

    def _one(
        self,
        statement: Select,
        relations: list[Relation],
        relation: Relation,
        condition: Condition,
        window: Window,
        outer: "_Outer | None",
    ) -> Iterable[Table]:
        dimensions = _dimensions(statement, relations)
        if outer is not None:
            dimensions = sorted({*dimensions, *_dimensions(outer.statement, relations)})
        fields = spell_out(statement, relations, dimensions)
        names = column_names(fields, time_column(statement))
        selection = select_series(relation, condition.rest, dimensions)
        limits = statement.limits
        if limits.slimit or limits.soffset:
            selection.keep(limits.soffset, limits.slimit)
        rows = Rows(self._cursor, relation, selection, window)
        run = Run(statement, fields, rows, condition, cursor=self._cursor)
        for number, values in run.groups():
            yield Table(relation.name, selection.groups[number].tags, names, values)

    def _relations(self, source: Source, database: str, now: int, outer: "_Outer") -> list[Relation]:
        """Return what a source stands for: a measurement, several, a subquery's answer; nothing when there is none."""
        if source.subquery is not None:
            return self._subquery(source.subquery, database, now, outer)
        place = self.database(source.database or database)
        if source.policy and source.policy != "autogen":
            other = self._store.databases.get(f"{place.name}/{source.policy}")
            if other is None:
                raise QueryError(f"retention policy not found: {source.policy}")
            place = other
        if source.regex is not None:
            wanted = compiled(source.regex.pattern)
            names = sorted(name for name in list(place.measurements) if wanted.search(name))
        else:
            names = [source.name]
        found = [place.measurements.get(name) for name in names]
        return [of_measurement(one, self._store.widths) for one in found if one is not None]

    def _subquery(self, statement: Select, database: str, now: int, outer: "_Outer") -> list[Relation]:
        """Evaluate a subquery and lay its answer down as a table for the outer statement."""
        if statement.descending != outer.statement.descending:
            raise QueryError("subqueries must be ordered in the same direction as the query itself")
        by_name: dict[str, list[Table]] = {}
        for table in self._select(statement, database, now, outer):
            by_name.setdefault(table.name, []).append(table)
        return [self._lay_down(name, tables) for name, tables in by_name.items()]

    def _lay_down(self, name: str, tables: list[Table]) -> Relation:
        columns = tables[0].columns[1:]
        kinds = [_kind_of_values(row[n + 1] for table in tables for row in table.values) for n in range(len(columns))]
        number, self._temporary = self._temporary, self._temporary + 1
        definition = ", ".join(f"f{n} {KINDS[kind]}" for n, kind in enumerate(kinds))
        self._cursor.execute(f"CREATE TEMP TABLE sub_{number} (s INTEGER, t BIGINT, {definition})")
        with self._cursor.appender(f"sub_{number}") as appender:
            for id_, table in enumerate(tables):
                appender.append_rows([[id_, *row] for row in table.values])
        series = [
            _Virtual(id_, {key: tag for key, tag in table.tags.items() if tag}) for id_, table in enumerate(tables)
        ]
        positions = {column: (n, kinds[n]) for n, column in enumerate(columns)}
        return Relation(name, positions, series, ((f"sub_{number}", len(kinds), MIN_TIME - 2, MAX_TIME + 1),))


@dataclass(frozen=True, slots=True)
class _Outer:
    """What a statement passes down to its subqueries."""

    low: int
    high: int
    window: Window
    statement: Select


def _joined(relations: list[Relation]) -> list[Relation]:
    """Return each measurement once."""
    return list({id(one.measurement) if one.measurement else id(one): one for one in relations}.values())


def _kind_of_values(values: Iterable[Any]) -> str:
    """Return the narrowest type that holds all values."""
    types = {type(value) for value in values if value is not None}
    if types == {bool}:
        return "boolean"
    if types == {int}:
        return "integer"
    return "string" if str in types else "float"


def _window(statement: Select, now: int) -> Window:
    """Return the intervals of GROUP BY time(…). Raises QueryError."""
    found = Window(zone=statement.zone)
    for expr in statement.group:
        if not isinstance(expr, Call):
            continue
        if found.length:
            raise QueryError("multiple time dimensions not allowed")
        if not 1 <= len(expr.args) <= 2:
            raise QueryError("time dimension expected 1 or 2 arguments")
        length = expr.args[0]
        if not isinstance(length, Duration) or length.ns <= 0:
            raise QueryError("time dimension must have duration argument")
        offset = 0
        if len(expr.args) == 2:
            given = expr.args[1]
            if not isinstance(given, Duration | Call) and not (isinstance(given, Lit) and isinstance(given.value, str)):
                raise QueryError("time dimension offset must be duration or now()")
            offset = instant(given, now, statement.zone) % length.ns
        found = Window(length.ns, offset, statement.zone)
    return found


def _dimensions(statement: Select, relations: list[Relation]) -> list[str]:
    """Return the tags to group by, sorted, each once."""
    keys = {key for relation in relations for key in relation.tag_keys()}
    names: set[str] = set()
    for expr in statement.group:
        if isinstance(expr, Ref):
            names.add(expr.name)
        elif isinstance(expr, Wildcard):
            names |= keys
        elif isinstance(expr, Regex):
            names |= {key for key in keys if compiled(expr.pattern).search(key)}
    return sorted(names)
