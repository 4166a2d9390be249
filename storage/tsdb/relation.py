"""What a SELECT reads, measurement or finished subquery, as SQL: a row per series and time. Aggregates nothing."""

# ruff: noqa: S608 - names in this SQL are numbers that we gave out; values are bound

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from storage.tsdb.condition import MAX_TIME, MIN_TIME, Columns, Sql, known_by_tags, row_sql
from storage.tsdb.schema import KINDS, WEEK, Measurement
from storage.tsdb.syntax import Binary, Expr, Lit, Ref


class Tagged(Protocol):
    """One series of a relation."""

    @property
    def id(self) -> int:
        """Its number, in column `s`."""

    @property
    def tags(self) -> dict[str, str]:
        """Its tags."""


@dataclass(frozen=True, slots=True)
class Relation:
    """Named columns and tagged series whose rows some SQL yields as (s, t, f0, f1 …)."""

    name: str
    columns: Columns
    series: list[Any]
    """Tagged."""
    tables: tuple[tuple[str, int, int, int], ...]
    """(table, columns it has, first ns, last ns)."""
    measurement: Measurement | None = None
    """Set when the newest values are known by heart."""

    def kind(self, name: str) -> str:
        """Return a column's type, empty when there is no such column."""
        return self.columns.get(name, (0, ""))[1]

    def tag_keys(self) -> list[str]:
        """Return all tag names, sorted."""
        if self.measurement is not None:
            return sorted(self.measurement.tag_keys.copy())
        return sorted({key for series in self.series for key in series.tags})

    def candidates(self, where: Expr | None) -> list[Any]:
        """Return series among which are all that a condition can choose: by a tag that it asks for, else all."""
        if self.measurement is None or not isinstance(where, Binary):
            return self.series
        if where.op == "and":
            return min(self.candidates(where.left), self.candidates(where.right), key=len)
        name, value = where.left, where.right
        plain = where.op == "=" and isinstance(name, Ref) and isinstance(value, Lit) and isinstance(value.value, str)
        if not plain or not value.value or name.kind == "field" or name.name in self.columns:  # type: ignore[union-attr]
            return self.series
        return list(self.measurement.by_tag.get((name.name, value.value), []))  # type: ignore[union-attr,arg-type]

    def rows_sql(self, low: int, high: int, positions: Iterable[int]) -> str:
        """Return SQL for rows whose time is in low..high, with the columns at `positions`."""
        wanted = sorted(set(positions))
        kinds = {position: KINDS[kind] for position, kind in self.columns.values()}
        parts = []
        for table, width, first, last in self.tables:
            if last < low or first > high:
                continue
            columns = [f"f{n}" if n < width else f"NULL::{kinds[n]} AS f{n}" for n in wanted]
            bounds = [f"t >= {low}"] * (low > first) + [f"t <= {high}"] * (high < last)
            where = f" WHERE {' AND '.join(bounds)}" if bounds else ""
            parts.append(f"SELECT {', '.join(['s', 't', *columns])} FROM {table}{where}")
        if not parts:
            columns = [f"NULL::{kinds[n]} AS f{n}" for n in wanted]
            return f"SELECT {', '.join(['0 AS s', '0::BIGINT AS t', *columns])} WHERE FALSE"
        return " UNION ALL ".join(parts)


def of_measurement(measurement: Measurement, widths: Mapping[str, int]) -> Relation:
    """Return a measurement as a relation."""
    tables = []
    for week in sorted(measurement.weeks.copy()):
        table = measurement.table(week)
        tables.append((table, widths.get(table, 0), week * WEEK, (week + 1) * WEEK - 1))
    return Relation(measurement.name, dict(measurement.columns), list(measurement.series), tuple(tables), measurement)


@dataclass(slots=True)
class Group:
    """One tag set of the answer and the series in it."""

    tags: dict[str, str]
    series: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class Selection:
    """The series that a statement reads, grouped, and the condition on their rows."""

    groups: list[Group]
    filters: list[tuple[Expr | None, list[int]]]
    """Row condition -> the series it applies to. None: every row."""
    total: int
    """Series in the relation, chosen or not."""

    def keep(self, first: int, count: int) -> None:
        """Leave only `count` groups from the `first` on (0: all of them), and the series in those."""
        kept = sorted(self.groups, key=_place)[first : first + count if count else None]
        self.groups = [group for group in self.groups if group in kept]
        left = {series.id for group in self.groups for series in group.series}
        self.filters = [(expr, [one for one in ids if one in left]) for expr, ids in self.filters]
        self.filters = [(expr, ids) for expr, ids in self.filters if ids]

    def sql(self, base: str, relation: Relation, sql: Sql) -> str:
        """Return SQL for `base` narrowed to the selection, with the group's number as `g`."""
        conditions = []
        everything = len(self.filters) == 1 and len(self.filters[0][1]) == self.total
        for expr, ids in self.filters:
            parts = [] if everything else [_in(ids, sql)]
            if expr is not None:
                parts.append(row_sql(expr, relation.columns, sql))
            if parts:
                conditions.append("(" + " AND ".join(parts) + ")")
        where = f" WHERE {' OR '.join(conditions)}" if conditions else ""
        if len(self.groups) == 1:
            return f"SELECT 0 AS g, * FROM ({base}){where}"
        pairs = [(series.id, number) for number, group in enumerate(self.groups) for series in group.series]
        # the groups' parameters come after the filter's: keep the text in that order
        gs, g = sql.value([one for one, _ in pairs]), sql.value([number for _, number in pairs])
        groups = f"(SELECT unnest({gs}::INTEGER[]) AS gs, unnest({g}::INTEGER[]) AS g)"
        return f"SELECT y.g, x.* FROM (SELECT * FROM ({base}){where}) x JOIN {groups} y ON x.s = y.gs"


def _place(group: Group) -> str:
    """Return what InfluxDB orders tag sets by when it counts them: names of the tags there are, then values."""
    present = {key: value for key, value in group.tags.items() if value}
    return "|".join([*present, *present.values()])


def _in(ids: list[int], sql: Sql) -> str:
    if len(ids) <= 16:
        return f"s IN ({', '.join(map(str, ids))})"
    return f"s IN (SELECT unnest({sql.value(ids)}::INTEGER[]))"


def select_series(relation: Relation, where: Expr | None, dimensions: list[str]) -> Selection:
    """Choose series by their tags and group them by the values of `dimensions`, in InfluxDB's order."""
    groups: dict[tuple[str, ...], Group] = {}
    filters: dict[Expr | None, list[int]] = {}
    for series in relation.candidates(where):
        left = known_by_tags(where, series.tags, relation.columns) if where is not None else True
        if left is False:
            continue
        filters.setdefault(None if left is True else left, []).append(series.id)
        key = tuple(series.tags.get(name, "") for name in dimensions)
        group = groups.get(key)
        if group is None:
            group = groups[key] = Group(dict(zip(dimensions, key, strict=True)))
        group.series.append(series)
    ordered = [groups[key] for key in sorted(groups)]
    return Selection(ordered, list(filters.items()), len(relation.series))


__all__ = ["MAX_TIME", "MIN_TIME", "Group", "Relation", "Selection", "of_measurement", "select_series"]
